// A kernel may do this, and many do:
//
//   cvta.to.shared.u64 %rd1, %rd0;  cvt.u32.u64 %r1, %rd1;  ...  ld.shared.f32 %f0, [%r1];
//
// A shared address is the plain host address here, so it has to survive the truncation to 32 bits. Linux maps low
// addresses on request: MAP_32BIT on x86-64 (1 GiB to 2 GiB); elsewhere, or when that gigabyte is full, we try addresses.
#include "exec/shared_memory.h"

#include "exec/exec.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <vector>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace anywarp::exec {
namespace {

struct Slots {
  std::mutex mutex;
  std::vector<SharedSlot> unused;
  uintptr_t hint = 0x2000'0000;
};

// Never destroyed: worker threads may outlive the program's static objects.
Slots& slots() {
  static Slots* const all = new Slots;
  return *all;
}

char* map_low(size_t bytes, uintptr_t& hint) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#ifdef MAP_32BIT
  void* low = mmap(nullptr, bytes, PROT_NONE, kFlags | MAP_32BIT, -1, 0);
  if (low != MAP_FAILED) return static_cast<char*>(low);
#endif
  for (; hint + bytes < 0xffff'0000; hint += 16 << 20) {
    void* address = reinterpret_cast<void*>(hint);
    void* found = mmap(address, bytes, PROT_NONE, kFlags | MAP_FIXED_NOREPLACE, -1, 0);
    if (found == address) {
      hint += bytes;
      return static_cast<char*>(found);
    }
    if (found != MAP_FAILED) munmap(found, bytes);
  }
  return nullptr;
}

}  // namespace

SharedSlot take_shared_slot() {
  Slots& all = slots();
  std::lock_guard lock(all.mutex);
  if (!all.unused.empty()) {
    const SharedSlot slot = all.unused.back();
    all.unused.pop_back();
    return slot;
  }
  const size_t page = size_t(sysconf(_SC_PAGESIZE));
  const size_t guard = page < 4096 ? 4096 : page;
  const size_t body = (kMaxSharedBytes + page - 1) / page * page;
  char* base = map_low(body + 2 * guard, all.hint);
  if (!base) return {};
  if (mprotect(base + guard, body, PROT_READ | PROT_WRITE) != 0) {
    munmap(base, body + 2 * guard);
    return {};
  }
  return {base + guard, base + guard + body};
}

void give_shared_slot(SharedSlot slot) {
  if (!slot) return;
  Slots& all = slots();
  std::lock_guard lock(all.mutex);
  all.unused.push_back(slot);
}

}  // namespace anywarp::exec
