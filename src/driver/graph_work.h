// What the nodes of graphs do. A work is made when its node is, with everything resolved, and never changes; nodes, clones and
// schedules share it. What the program passed by pointer is copied: kernel parameters, attributes, lists.
#pragma once

#include "base/result.h"
#include "driver/copy.h"
#include "driver/event.h"
#include "driver/graph.h"
#include "driver/graph_memory.h"
#include "driver/launch.h"
#include "driver/memset.h"
#include "driver/stream_memory.h"

#include <cuda.h>

#include <memory>
#include <vector>

namespace anywarp::driver {

/// What a work may need to know of the launch that it runs in.
struct Run {
  uint64_t stream = 0;                                     // number of the stream, for observers
  std::vector<std::shared_ptr<Event::Recording>> records;  // of event record nodes, by Step::event
  std::vector<Event::Place> waits;                         // of event wait nodes, by Step::event
};

class Work {
 public:
  explicit Work(CUgraphNodeType type) : type(type) {}
  virtual ~Work() = default;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  /// What can be done before the first launch: kernels are compiled.
  virtual Result<> prepare() const { return {}; }
  /// `event` is Step::event. Several works of a launch may run at once.
  virtual Result<> run(const Run& run, uint32_t event) const = 0;

  const CUgraphNodeType type;
};

class KernelWork final : public Work {
 public:
  /// `attributes` are those that were set, each once.
  KernelWork(const Function& function, CUkernel kernel, const backend::Launch& launch, std::vector<CUlaunchAttribute> attributes);
  /// Errors: those of a launch.
  static Result<std::shared_ptr<const KernelWork>> make(const CUDA_KERNEL_NODE_PARAMS& params, std::vector<CUlaunchAttribute> attributes);

  Result<> prepare() const override;
  Result<> run(const Run& run, uint32_t) const override { return call_.run(run.stream); }

  /// The pointers in it stay valid as long as the work does.
  CUDA_KERNEL_NODE_PARAMS params() const;
  const backend::Launch& launch() const { return call_.launch(); }
  const std::vector<CUlaunchAttribute>& attributes() const { return attributes_; }
  Result<std::shared_ptr<const KernelWork>> with_attributes(std::vector<CUlaunchAttribute> attributes) const;
  CUcontext context() const { return context_; }

 private:
  const CUfunction function_;
  const CUkernel kernel_;
  const CUcontext context_;
  const KernelCall call_;
  const std::vector<CUlaunchAttribute> attributes_;
  std::vector<void*> pointers_;  // to each parameter
};

class CopyWork final : public Work {
 public:
  CopyWork(const CheckedCopy& copy, CUcontext context) : Work(CU_GRAPH_NODE_TYPE_MEMCPY), context(context), copy_(copy) {}
  Result<> run(const Run&, uint32_t) const override;
  const CUDA_MEMCPY3D& params() const { return copy_.described; }
  const CUcontext context;

 private:
  const CheckedCopy copy_;
};

class FillWork final : public Work {
 public:
  FillWork(const Fill& fill, CUcontext context) : Work(CU_GRAPH_NODE_TYPE_MEMSET), context(context), fill_(fill) {}
  Result<> run(const Run&, uint32_t) const override;
  CUDA_MEMSET_NODE_PARAMS params() const;
  const CUcontext context;

 private:
  const Fill fill_;
};

class HostWork final : public Work {
 public:
  explicit HostWork(const CUDA_HOST_NODE_PARAMS& params) : Work(CU_GRAPH_NODE_TYPE_HOST), params(params) {}
  Result<> run(const Run&, uint32_t) const override {
    params.fn(params.userData);
    return {};
  }
  const CUDA_HOST_NODE_PARAMS params;
};

class BatchWork final : public Work {
 public:
  BatchWork(MemoryBatch batch, CUcontext context) : Work(CU_GRAPH_NODE_TYPE_BATCH_MEM_OP), context(context), batch_(std::move(batch)) {}
  Result<> run(const Run&, uint32_t) const override {
    batch_.run();
    return {};
  }
  /// The list in it stays valid as long as the work does.
  CUDA_BATCH_MEM_OP_NODE_PARAMS params() const;
  const CUcontext context;

 private:
  const MemoryBatch batch_;
};

/// An empty node, and the node of a child graph, whose works stand for it in the schedule.
class NoWork final : public Work {
 public:
  explicit NoWork(CUgraphNodeType type) : Work(type) {}
  Result<> run(const Run&, uint32_t) const override { return {}; }
};

class EventRecordWork final : public Work {
 public:
  explicit EventRecordWork(CUevent event) : Work(CU_GRAPH_NODE_TYPE_EVENT_RECORD), event(event) {}
  Result<> run(const Run& run, uint32_t event) const override;
  const CUevent event;
};

class EventWaitWork final : public Work {
 public:
  explicit EventWaitWork(CUevent event) : Work(CU_GRAPH_NODE_TYPE_WAIT_EVENT), event(event) {}
  Result<> run(const Run& run, uint32_t event) const override;
  const CUevent event;
};

class AllocationWork final : public Work {
 public:
  AllocationWork(std::shared_ptr<GraphRange> range, const CUDA_MEM_ALLOC_NODE_PARAMS& params);
  /// Takes the addresses that are given, or reserves some. Errors: INVALID_VALUE, NOT_SUPPORTED, OUT_OF_MEMORY.
  static Result<std::shared_ptr<const AllocationWork>> make(const CUDA_MEM_ALLOC_NODE_PARAMS& params, std::shared_ptr<GraphRange> range);
  Result<> run(const Run&, uint32_t) const override { return {}; }  // the launch has done it
  CUDA_MEM_ALLOC_NODE_PARAMS params() const;
  const std::shared_ptr<GraphRange> range;

 private:
  CUDA_MEM_ALLOC_NODE_PARAMS params_;
  const std::vector<CUmemAccessDesc> access_;
};

class FreeWork final : public Work {
 public:
  explicit FreeWork(std::shared_ptr<GraphRange> range) : Work(CU_GRAPH_NODE_TYPE_MEM_FREE), range(std::move(range)) {}
  Result<> run(const Run&, uint32_t) const override;
  const std::shared_ptr<GraphRange> range;
};

/// A range that an allocation behind `dependencies` may take, since all that is allocated there in the graph is freed before; null
/// when there is none of that size.
std::shared_ptr<GraphRange> reusable_range(const Graph& graph, const std::vector<Edge>& dependencies, size_t bytes);

/// What a conditional handle stands for: a word that kernels write. The handle is the word's address.
class ConditionalValue {
 public:
  ConditionalValue(uint32_t first, bool assigned_at_launch);
  ~ConditionalValue();
  ConditionalValue(const ConditionalValue&) = delete;
  ConditionalValue& operator=(const ConditionalValue&) = delete;

  CUgraphConditionalHandle handle() const { return reinterpret_cast<CUgraphConditionalHandle>(word_); }
  uint32_t value() const { return __atomic_load_n(word_, __ATOMIC_ACQUIRE); }
  void begin_launch() const {
    if (assigned_at_launch_) __atomic_store_n(word_, first_, __ATOMIC_RELEASE);
  }

  // Guarded by GraphLock.
  bool has_node = false;  // a handle is for one node
  Mark last_launch;       // launches that share the word run one after the other

 private:
  uint32_t* const word_;
  const uint32_t first_;
  const bool assigned_at_launch_;
};

class ConditionalWork final : public Work {
 public:
  ConditionalWork(std::shared_ptr<ConditionalValue> value, CUgraphConditionalNodeType kind, unsigned size)
      : Work(CU_GRAPH_NODE_TYPE_CONDITIONAL), value(std::move(value)), kind(kind), size(size) {}
  Result<> run(const Run&, uint32_t) const override { return {}; }  // the schedule does it, for the bodies are its own
  const std::shared_ptr<ConditionalValue> value;
  const CUgraphConditionalNodeType kind;
  const unsigned size;
};

template <class T>
const T& work_of(const Work& work) {
  return static_cast<const T&>(work);
}

}  // namespace anywarp::driver
