#include "driver/thread.h"

#include "driver/context.h"
#include "driver/process.h"

#include <pthread.h>

#include <atomic>

namespace anywarp::driver {
namespace {

thread_local Thread* tls_thread = nullptr;
thread_local bool tls_null_stream_is_per_thread = false;

void end_thread(void* ended) {
  auto* thread = static_cast<Thread*>(ended);
  if (Process* the_process = process()) the_process->end_of_thread(thread->id);
  tls_thread = nullptr;
  delete thread;
}

pthread_key_t make_key() {
  pthread_key_t key;
  pthread_key_create(&key, &end_thread);
  return key;
}

}  // namespace

Thread& this_thread() {
  if (!tls_thread) {
    static const pthread_key_t key = make_key();
    static std::atomic<uint64_t> ids{0};
    tls_thread = new Thread;
    tls_thread->id = ++ids;
    pthread_setspecific(key, tls_thread);
  }
  return *tls_thread;
}

bool null_stream_is_per_thread() { return tls_null_stream_is_per_thread; }

NullStreamScope::NullStreamScope(bool per_thread) : before_(tls_null_stream_is_per_thread) { tls_null_stream_is_per_thread = per_thread; }

NullStreamScope::~NullStreamScope() { tls_null_stream_is_per_thread = before_; }

}  // namespace anywarp::driver
