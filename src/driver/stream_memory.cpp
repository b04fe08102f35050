// Operations on single words in the order of a stream: writing one, and waiting until one has a value. Waiting is done by the
// thread that runs the stream: it looks again and again, less often the longer it takes, for whoever writes the word may be a
// kernel, the host or another process, and none of them tells.
#include "driver/stream_memory.h"

#include "driver/allocations.h"
#include "driver/capture.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/executor.h"
#include "driver/graph_work.h"
#include "driver/process.h"
#include "driver/stream.h"

#include <unistd.h>

#include <sched.h>

#include <memory>
#include <string>
#include <vector>

namespace anywarp::driver {

void Backoff::pause() {
  ++round_;
  if (round_ < 1000) return pause_processor();
  if (round_ < 1100) {
    sched_yield();
    return;
  }
  usleep(round_ < 2000 ? 20 : 200);
}

uint64_t MemoryBatch::load(const Operation& of) {
  if (of.wide) return __atomic_load_n(reinterpret_cast<const uint64_t*>(of.address), __ATOMIC_ACQUIRE);
  return __atomic_load_n(reinterpret_cast<const uint32_t*>(of.address), __ATOMIC_ACQUIRE);
}

void MemoryBatch::store(const Operation& of) {
  if (of.wide)
    __atomic_store_n(reinterpret_cast<uint64_t*>(of.address), of.value, __ATOMIC_RELEASE);
  else
    __atomic_store_n(reinterpret_cast<uint32_t*>(of.address), uint32_t(of.value), __ATOMIC_RELEASE);
}

bool MemoryBatch::holds(const Operation& of) {
  const uint64_t found = load(of), mask = of.wide ? ~uint64_t{0} : 0xffffffffu;
  switch (of.compare) {
    // Cyclic, so that a counter may wrap around.
    case CU_STREAM_WAIT_VALUE_GEQ: return of.wide ? int64_t(found - of.value) >= 0 : int32_t(uint32_t(found) - uint32_t(of.value)) >= 0;
    case CU_STREAM_WAIT_VALUE_EQ: return found == (of.value & mask);
    case CU_STREAM_WAIT_VALUE_AND: return (found & of.value & mask) != 0;
    default: return (~(found | of.value) & mask) != 0;
  }
}

void MemoryBatch::run() const {
  for (const Operation& one : operations_) switch (one.what) {
      case What::Write: store(one); break;
      case What::Barrier: __atomic_thread_fence(__ATOMIC_SEQ_CST); break;
      case What::Wait: {
        Backoff backoff;
        while (!holds(one) && !process()->exiting()) backoff.pause();
      }
    }
}

// Memory that the driver knows: the device's, and what the host has allocated or registered.
Result<> MemoryBatch::check_word(const Operation& of) {
  const size_t bytes = of.wide ? 8 : 4;
  if (of.address % bytes != 0)
    return invalid_value("The address of a word of " + std::to_string(bytes) + " bytes is no multiple of " + std::to_string(bytes) + ".");
  return check_device_range(of.address, bytes, "addr");
}

Result<MemoryBatch::Operation> MemoryBatch::wait_for(CUdeviceptr address, uint64_t value, unsigned flags, bool wide) {
  constexpr unsigned kCompare = 3;
  if ((flags & ~(kCompare | unsigned(CU_STREAM_WAIT_VALUE_FLUSH))) != 0)
    return invalid_value("The flags " + std::to_string(flags) + " are not flags of waiting for a value.");
  const Operation made{What::Wait, wide, address, value, flags & kCompare};
  AW_TRY(check_word(made));
  return made;
}

Result<MemoryBatch::Operation> MemoryBatch::write(CUdeviceptr address, uint64_t value, unsigned flags, bool wide) {
  if (flags > CU_STREAM_WRITE_VALUE_NO_MEMORY_BARRIER)
    return invalid_value("The flags " + std::to_string(flags) + " are not flags of writing a value.");
  const Operation made{What::Write, wide, address, value, 0};
  AW_TRY(check_word(made));
  return made;
}

Result<MemoryBatch::Operation> MemoryBatch::read(const CUstreamBatchMemOpParams& one) {
  switch (one.operation) {
    case CU_STREAM_MEM_OP_WAIT_VALUE_32: return wait_for(one.waitValue.address, one.waitValue.value, one.waitValue.flags, false);
    case CU_STREAM_MEM_OP_WAIT_VALUE_64: return wait_for(one.waitValue.address, one.waitValue.value64, one.waitValue.flags, true);
    case CU_STREAM_MEM_OP_WRITE_VALUE_32: return write(one.writeValue.address, one.writeValue.value, one.writeValue.flags, false);
    case CU_STREAM_MEM_OP_WRITE_VALUE_64: return write(one.writeValue.address, one.writeValue.value64, one.writeValue.flags, true);
    case CU_STREAM_MEM_OP_BARRIER:
      if (one.memoryBarrier.flags > CU_STREAM_MEMORY_BARRIER_TYPE_GPU)
        return invalid_value("There is no memory barrier of the type " + std::to_string(one.memoryBarrier.flags) + ".");
      return Operation{What::Barrier, false, 0, 0, 0};
    case CU_STREAM_MEM_OP_FLUSH_REMOTE_WRITES:
      if (one.flushRemoteWrites.flags != 0) return invalid_value("Flushing remote writes takes no flags.");
      return Operation{What::Barrier, false, 0, 0, 0};
    default: return invalid_value("There is no operation " + std::to_string(int(one.operation)) + " on memory in a stream.");
  }
}

Result<MemoryBatch> MemoryBatch::make(const CUstreamBatchMemOpParams* list, unsigned count) {
  if (count != 0) AW_TRY(need(list, "paramArray"));
  if (count > 256) return invalid_value("A batch of " + std::to_string(count) + " operations is above the limit of 256.");
  MemoryBatch batch;
  batch.described_.assign(list, list + count);
  for (unsigned i = 0; i < count; ++i) {
    AW_ASSIGN(const Operation one, read(list[i]));
    batch.operations_.push_back(one);
  }
  return batch;
}

namespace api {
namespace {

class BatchTask final : public Task {
 public:
  explicit BatchTask(MemoryBatch batch) : batch_(std::move(batch)) {}
  Result<> run() override {
    batch_.run();
    return {};
  }

 private:
  const MemoryBatch batch_;
};

Result<> put(CUstream hStream, const CUstreamBatchMemOpParams* list, unsigned count) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  AW_ASSIGN(MemoryBatch batch, MemoryBatch::make(list, count));
  if (stream->capturing()) return capture(*stream, std::make_shared<BatchWork>(std::move(batch), stream->context().handle()));
  AW_TRY(stream->context().put(*stream, std::make_unique<BatchTask>(std::move(batch)), Manner::Queued));
  return {};
}

CUstreamBatchMemOpParams wait_value(CUstreamBatchMemOpType operation, CUdeviceptr address, uint64_t value, unsigned flags) {
  CUstreamBatchMemOpParams one{};
  one.waitValue.operation = operation;
  one.waitValue.address = address;
  one.waitValue.value64 = value;
  one.waitValue.flags = flags;
  return one;
}

CUstreamBatchMemOpParams write_value(CUstreamBatchMemOpType operation, CUdeviceptr address, uint64_t value, unsigned flags) {
  CUstreamBatchMemOpParams one{};
  one.writeValue.operation = operation;
  one.writeValue.address = address;
  one.writeValue.value64 = value;
  one.writeValue.flags = flags;
  return one;
}

}  // namespace

Result<> cuStreamWaitValue32_v2(CUstream stream, CUdeviceptr addr, cuuint32_t value, unsigned int flags) {
  const CUstreamBatchMemOpParams one = wait_value(CU_STREAM_MEM_OP_WAIT_VALUE_32, addr, value, flags);
  return put(stream, &one, 1);
}

Result<> cuStreamWaitValue64_v2(CUstream stream, CUdeviceptr addr, cuuint64_t value, unsigned int flags) {
  const CUstreamBatchMemOpParams one = wait_value(CU_STREAM_MEM_OP_WAIT_VALUE_64, addr, value, flags);
  return put(stream, &one, 1);
}

Result<> cuStreamWriteValue32_v2(CUstream stream, CUdeviceptr addr, cuuint32_t value, unsigned int flags) {
  const CUstreamBatchMemOpParams one = write_value(CU_STREAM_MEM_OP_WRITE_VALUE_32, addr, value, flags);
  return put(stream, &one, 1);
}

Result<> cuStreamWriteValue64_v2(CUstream stream, CUdeviceptr addr, cuuint64_t value, unsigned int flags) {
  const CUstreamBatchMemOpParams one = write_value(CU_STREAM_MEM_OP_WRITE_VALUE_64, addr, value, flags);
  return put(stream, &one, 1);
}

Result<> cuStreamBatchMemOp_v2(CUstream hStream, unsigned int count, CUstreamBatchMemOpParams* paramArray, unsigned int flags) {
  if (flags != 0) return invalid_value("cuStreamBatchMemOp takes no flags, yet " + std::to_string(flags) + " was given.");
  return put(hStream, paramArray, count);
}

}  // namespace api
}  // namespace anywarp::driver
