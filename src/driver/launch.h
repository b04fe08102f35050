// A kernel with its shape and parameters, checked and ready to run: what a launch puts in a stream, and what a node of a graph keeps.
#pragma once

#include "backend/backend.h"
#include "base/result.h"
#include "driver/function.h"
#include "driver/module.h"

#include <cuda.h>

#include <memory>
#include <vector>

namespace anywarp::driver {

class Event;

/// Immutable. Has its own copy of the parameters, and keeps the kernel.
class KernelCall {
 public:
  KernelCall(std::shared_ptr<LoadedProgram> program, const backend::Launch& launch);
  ~KernelCall();
  KernelCall(const KernelCall&) = delete;
  KernelCall& operator=(const KernelCall&) = delete;

  const backend::Launch& launch() const { return launch_; }
  const std::shared_ptr<LoadedProgram>& program() const { return program_; }
  /// Runs it to its end. `stream` is the number that observers are told.
  Result<> run(uint64_t stream) const;

 private:
  std::byte* allocate(size_t bytes);

  const std::shared_ptr<LoadedProgram> program_;
  backend::Launch launch_;
  std::byte* const params_;
  alignas(16) std::byte small_[256];
};

/// The parameter buffer of a launch, put together on the stack where it fits.
class Parameters {
 public:
  /// Errors: INVALID_VALUE.
  Result<> gather(const Function& function, void** kernelParams, void** extra);
  std::span<const std::byte> bytes() const { return {data_, bytes_}; }

 private:
  Result<> from_buffer(const Function& function, void** extra, size_t bytes);

  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
  alignas(16) std::byte small_[512];
  std::vector<std::byte> large_;
};

/// Whether the device and the kernel allow the grid, the block, the cluster and the shared memory.
/// Errors: INVALID_VALUE, INVALID_CLUSTER_SIZE.
Result<> check_shape(const Function& function, const backend::Launch& launch);

/// Takes an attribute over into the launch; events that the launch completes are added to the list.
/// Errors: INVALID_VALUE, INVALID_HANDLE, NOT_SUPPORTED.
Result<> apply(const CUlaunchAttribute& attribute, backend::Launch& launch, std::vector<Event*>& completion_events);

/// The cluster that the function's attributes ask for.
backend::Dim3 required_cluster(const Function& function);

}  // namespace anywarp::driver
