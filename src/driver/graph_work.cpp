#include "driver/graph_work.h"

#include "driver/context.h"
#include "driver/library.h"
#include "driver/process.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

namespace anywarp::driver {
namespace {

// Words that stay mapped, for a kernel may write to a handle whose graph is gone.
struct Words {
  std::mutex mutex;
  std::vector<uint32_t*> unused;

  uint32_t* take() {
    std::lock_guard lock(mutex);
    if (unused.empty()) {
      constexpr size_t kChunk = 64, kApart = 16;  // a cache line for each
      auto* chunk = new uint32_t[kChunk * kApart]();
      for (size_t i = 0; i < kChunk; ++i) unused.push_back(chunk + (kChunk - 1 - i) * kApart);
    }
    uint32_t* word = unused.back();
    unused.pop_back();
    return word;
  }
  void give_back(uint32_t* word) {
    std::lock_guard lock(mutex);
    unused.insert(unused.begin(), word);
  }
};

Words& words() {
  static auto* all = new Words;
  return *all;
}

}  // namespace

KernelWork::KernelWork(const Function& function, CUkernel kernel, const backend::Launch& launch, std::vector<CUlaunchAttribute> attributes)
    : Work(CU_GRAPH_NODE_TYPE_KERNEL),
      function_(static_cast<CUfunction>(function.handle())),
      kernel_(kernel),
      context_(function.context().handle()),
      call_(function.module().program(), launch),
      attributes_(std::move(attributes)) {
  for (const backend::Kernel::Parameter& parameter : launch.kernel->parameters())
    pointers_.push_back(const_cast<std::byte*>(call_.launch().params.data()) + parameter.offset);
}

Result<std::shared_ptr<const KernelWork>> KernelWork::make(const CUDA_KERNEL_NODE_PARAMS& params,
                                                           std::vector<CUlaunchAttribute> attributes) {
  CUkernel kernel = params.kern;
  // A kernel of a library may come in the place of a function.
  if (process()->handles().find<LibraryKernel>(params.func)) kernel = reinterpret_cast<CUkernel>(params.func);
  Function* function = find<Function>(params.func);
  if (function) {
    AW_TRY(function->context().usable());
    // Both are given when params were asked for, and set again; the function is what counts.
    LibraryKernel* of = process()->handles().find<LibraryKernel>(kernel);
    if (!of || of->name() != function->kernel().name()) kernel = nullptr;
  } else {
    LibraryKernel* of = process()->handles().find<LibraryKernel>(kernel);
    if (!of) return invalid_handle("function");
    AW_ASSIGN(Context * context, context_of(params.ctx));
    AW_ASSIGN(function, of->function_in(*context));
  }
  backend::Launch launch{};
  launch.kernel = &function->kernel();
  launch.grid = {params.gridDimX, params.gridDimY, params.gridDimZ};
  launch.block = {params.blockDimX, params.blockDimY, params.blockDimZ};
  launch.dynamic_shared = params.sharedMemBytes;
  launch.cluster = required_cluster(*function);
  std::vector<Event*> completion_events;
  for (const CUlaunchAttribute& attribute : attributes) AW_TRY(apply(attribute, launch, completion_events));
  AW_TRY(check_shape(*function, launch));
  Parameters parameters;
  AW_TRY(parameters.gather(*function, params.kernelParams, params.extra));
  launch.params = parameters.bytes();
  return std::make_shared<const KernelWork>(*function, kernel, launch, std::move(attributes));
}

Result<> KernelWork::prepare() const { return process()->backend().prepare(call_.launch()); }

CUDA_KERNEL_NODE_PARAMS KernelWork::params() const {
  const backend::Launch& launch = call_.launch();
  CUDA_KERNEL_NODE_PARAMS params{};
  params.func = function_;
  params.gridDimX = launch.grid.x;
  params.gridDimY = launch.grid.y;
  params.gridDimZ = launch.grid.z;
  params.blockDimX = launch.block.x;
  params.blockDimY = launch.block.y;
  params.blockDimZ = launch.block.z;
  params.sharedMemBytes = launch.dynamic_shared;
  params.kernelParams = pointers_.empty() ? nullptr : const_cast<void**>(pointers_.data());
  params.kern = kernel_;
  params.ctx = context_;
  return params;
}

Result<std::shared_ptr<const KernelWork>> KernelWork::with_attributes(std::vector<CUlaunchAttribute> attributes) const {
  return make(params(), std::move(attributes));
}

Result<> CopyWork::run(const Run&, uint32_t) const {
  AW_TRY(check_still_there(copy_));
  driver::run(copy_.box);
  return {};
}

Result<> FillWork::run(const Run&, uint32_t) const {
  if (const Result<> there = check(fill_); !there)
    return Error{CUDA_ERROR_ILLEGAL_ADDRESS, "The memory that a node of a graph sets was freed since the node was made.", ""};
  driver::run(fill_);
  return {};
}

CUDA_MEMSET_NODE_PARAMS FillWork::params() const {
  CUDA_MEMSET_NODE_PARAMS params{};
  params.dst = fill_.to;
  params.pitch = fill_.pitch;
  params.value = fill_.value;
  params.elementSize = fill_.element;
  params.width = fill_.width;
  params.height = fill_.height;
  return params;
}

CUDA_BATCH_MEM_OP_NODE_PARAMS BatchWork::params() const {
  CUDA_BATCH_MEM_OP_NODE_PARAMS params{};
  params.ctx = context;
  params.count = unsigned(batch_.described().size());
  params.paramArray = const_cast<CUstreamBatchMemOpParams*>(batch_.described().data());
  return params;
}

Result<> EventRecordWork::run(const Run& run, uint32_t event) const {
  if (run.records[event]) run.records[event]->complete();
  return {};
}

// Nobody runs other tasks meanwhile; a graph that waits keeps its thread.
Result<> EventWaitWork::run(const Run& run, uint32_t event) const {
  run.waits[event].wait();
  return {};
}

AllocationWork::AllocationWork(std::shared_ptr<GraphRange> range, const CUDA_MEM_ALLOC_NODE_PARAMS& params)
    : Work(CU_GRAPH_NODE_TYPE_MEM_ALLOC),
      range(std::move(range)),
      params_(params),
      access_(params.accessDescs, params.accessDescs + params.accessDescCount) {
  params_.accessDescs = access_.empty() ? nullptr : access_.data();
  params_.dptr = this->range->base;
}

Result<std::shared_ptr<const AllocationWork>> AllocationWork::make(const CUDA_MEM_ALLOC_NODE_PARAMS& params,
                                                                   std::shared_ptr<GraphRange> range) {
  if (params.bytesize == 0) return invalid_value("An allocation of 0 bytes was asked for.");
  if (params.poolProps.allocType != CU_MEM_ALLOCATION_TYPE_PINNED)
    return invalid_value("The memory of a node must be of the type 'pinned'.");
  if (params.poolProps.location.type != CU_MEM_LOCATION_TYPE_DEVICE)
    return invalid_value("The memory of an allocation node must be on a device.");
  if (params.poolProps.handleTypes != CU_MEM_HANDLE_TYPE_NONE)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "The memory of an allocation node cannot be shared between processes.", ""};
  if (params.accessDescCount != 0) AW_TRY(need(params.accessDescs, "accessDescs"));
  for (size_t i = 0; i < params.accessDescCount; ++i) {
    if (params.accessDescs[i].location.type != CU_MEM_LOCATION_TYPE_DEVICE) return invalid_value("Access is given to devices only.");
    AW_TRY(device_of(params.accessDescs[i].location.id));
    if (params.accessDescs[i].flags == CU_MEM_ACCESS_FLAGS_PROT_READ)
      return Error{CUDA_ERROR_NOT_SUPPORTED, "Memory of an allocation node cannot be read-only.", ""};
  }
  AW_ASSIGN(Device * device, device_of(params.poolProps.location.id));
  AW_ASSIGN(Context * context, current_context());
  if (!range || &range->memory() != &device->graph_memory()) {
    AW_ASSIGN(range, device->graph_memory().reserve(params.bytesize, *context));
  }
  return std::make_shared<const AllocationWork>(std::move(range), params);
}

std::shared_ptr<GraphRange> reusable_range(const Graph& graph, const std::vector<Edge>& dependencies, size_t bytes) {
  if (dependencies.empty()) return nullptr;
  std::unordered_set<const Node*> before;
  std::vector<const Node*> open;
  const auto visit = [&](const std::vector<Edge>& edges) {
    for (const Edge& edge : edges)
      if (before.insert(edge.node).second) open.push_back(edge.node);
  };
  // Only graphs that free something are looked through.
  std::unordered_map<GraphRange*, int> live;
  bool frees = false;
  for (const auto& node : graph.nodes()) {
    if (node->type() == CU_GRAPH_NODE_TYPE_MEM_ALLOC) ++live[work_of<AllocationWork>(node->work()).range.get()];
    if (node->type() == CU_GRAPH_NODE_TYPE_MEM_FREE) frees = true;
  }
  if (!frees) return nullptr;
  for (visit(dependencies); !open.empty();) {
    const Node* node = open.back();
    open.pop_back();
    visit(node->dependencies);
  }
  for (const Node* node : before)
    if (node->type() == CU_GRAPH_NODE_TYPE_MEM_FREE) --live[work_of<FreeWork>(node->work()).range.get()];
  for (const auto& node : graph.nodes()) {
    if (node->type() != CU_GRAPH_NODE_TYPE_MEM_FREE) continue;
    const auto& range = work_of<FreeWork>(node->work()).range;
    if (live[range.get()] == 0 && range->bytes == bytes) return range;
  }
  return nullptr;
}

CUDA_MEM_ALLOC_NODE_PARAMS AllocationWork::params() const { return params_; }

Result<> FreeWork::run(const Run&, uint32_t) const {
  range->memory().end_use(range);
  return {};
}

ConditionalValue::ConditionalValue(uint32_t first, bool assigned_at_launch)
    : word_(words().take()), first_(first), assigned_at_launch_(assigned_at_launch) {
  __atomic_store_n(word_, first, __ATOMIC_RELEASE);
}

ConditionalValue::~ConditionalValue() { words().give_back(word_); }

}  // namespace anywarp::driver
