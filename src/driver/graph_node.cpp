// Nodes: making them, and asking for and changing what they do, in a graph and in an executable graph.
//
// For each type there are four calls with structs of its own, and the four generic ones with a union of them all:
//
//   cuGraphAdd<Type>Node          cuGraph<Type>NodeGetParams        cuGraph<Type>NodeSetParams       cuGraphExec<Type>NodeSetParams
//   cuGraphAddNode                                                  cuGraphNodeSetParams             cuGraphExecNodeSetParams
//
// All of them make a Work of the params, and put it in a node.
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/graph_exec.h"
#include "driver/graph_work.h"
#include "driver/process.h"

#include <algorithm>
#include <cstring>

namespace anywarp::driver::api {
namespace {

using SharedWork = std::shared_ptr<const Work>;

// What the lists of dependencies of all the calls come to.
struct Behind {
  const CUgraphNode* nodes;
  const CUgraphEdgeData* data;
  size_t count;
};

// Requires GraphLock.
Result<Node*> add_locked(CUgraphNode* out, Graph& graph, const Behind& behind, SharedWork work) {
  AW_ASSIGN(const std::vector<Edge> edges, dependencies_of(graph, behind.nodes, behind.data, behind.count));
  Node& made = graph.add(std::move(work), edges);
  *out = made.handle();
  if (*out) return &made;
  graph.remove(made);
  return Error{CUDA_ERROR_OUT_OF_MEMORY, "There are four million live handles, and there can be no more.", ""};
}

Result<> add(CUgraphNode* out, CUgraph hGraph, const Behind& behind, SharedWork work) {
  AW_TRY(need(out, "phGraphNode"));
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  AW_TRY(add_locked(out, *graph, behind, std::move(work)));
  return {};
}

// ---- Params -> work

Result<SharedWork> kernel_work(const CUDA_KERNEL_NODE_PARAMS& params, std::vector<CUlaunchAttribute> attributes = {}) {
  AW_ASSIGN(std::shared_ptr<const KernelWork> work, KernelWork::make(params, std::move(attributes)));
  return SharedWork(std::move(work));
}

template <class Params>
CUDA_KERNEL_NODE_PARAMS newest(const Params& params) {
  CUDA_KERNEL_NODE_PARAMS newer{};
  memcpy(&newer, &params, sizeof params);
  return newer;
}

Result<SharedWork> copy_work(const CUDA_MEMCPY3D& params, CUcontext ctx) {
  AW_ASSIGN(Context * context, context_of(ctx));
  AW_ASSIGN(const CheckedCopy copy, check(params));
  return SharedWork(std::make_shared<const CopyWork>(copy, context->handle()));
}

Result<SharedWork> fill_work(const CUDA_MEMSET_NODE_PARAMS& params, CUcontext ctx) {
  AW_ASSIGN(Context * context, context_of(ctx));
  const Fill fill{params.dst, params.pitch, params.value, params.elementSize, params.width, params.height};
  if (fill.width == 0 || fill.height == 0) return invalid_value("A node that sets nothing was asked for: an extent is 0.");
  AW_TRY(check(fill));
  return SharedWork(std::make_shared<const FillWork>(fill, context->handle()));
}

Result<SharedWork> host_work(const CUDA_HOST_NODE_PARAMS& params) {
  if (!params.fn) return invalid_value("The argument 'fn' is null.");
  return SharedWork(std::make_shared<const HostWork>(params));
}

Result<SharedWork> batch_work(CUcontext ctx, const CUstreamBatchMemOpParams* list, unsigned count, unsigned flags) {
  if (flags != 0) return invalid_value("A batch of operations on memory takes no flags, yet " + std::to_string(flags) + " was given.");
  AW_ASSIGN(Context * context, context_of(ctx));
  AW_ASSIGN(MemoryBatch batch, MemoryBatch::make(list, count));
  return SharedWork(std::make_shared<const BatchWork>(std::move(batch), context->handle()));
}

template <class EventWork>
Result<SharedWork> event_work(CUevent event) {
  AW_TRY(event_of(event));
  return SharedWork(std::make_shared<const EventWork>(event));
}

// Requires GraphLock. The range of an allocation that no other node of the graph frees.
Result<SharedWork> free_work(const Graph& graph, CUdeviceptr address) {
  const auto found = process()->allocations().find(address);
  if (!found || found->kind != MemoryKind::Graph || found->base != address)
    return invalid_value("The pointer is not that of an allocation node.");
  AW_ASSIGN(Device * device, device_of(found->device));
  std::shared_ptr<GraphRange> range = device->graph_memory().find(address);
  if (!range) return invalid_value("The pointer is not that of an allocation node.");
  // The addresses may be those of several allocations, one after the other; memory of another graph is freed once.
  int allocations = 0, frees = 0;
  for (const auto& node : graph.nodes()) {
    allocations += node->type() == CU_GRAPH_NODE_TYPE_MEM_ALLOC && work_of<AllocationWork>(node->work()).range == range;
    frees += node->type() == CU_GRAPH_NODE_TYPE_MEM_FREE && work_of<FreeWork>(node->work()).range == range;
  }
  if (frees >= std::max(allocations, 1)) return invalid_value("Another node of the graph frees the pointer.");
  return SharedWork(std::make_shared<const FreeWork>(std::move(range)));
}

Result<> add_allocation(CUgraphNode* out, CUgraph hGraph, const Behind& behind, CUDA_MEM_ALLOC_NODE_PARAMS& params) {
  AW_TRY(need(out, "phGraphNode"));
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  AW_ASSIGN(const std::vector<Edge> edges, dependencies_of(*graph, behind.nodes, behind.data, behind.count));
  AW_ASSIGN(const std::shared_ptr<const AllocationWork> work, AllocationWork::make(params, reusable_range(*graph, edges, params.bytesize)));
  AW_TRY(add_locked(out, *graph, behind, work));
  params.dptr = work->range->base;
  return {};
}

Result<> add_free(CUgraphNode* out, CUgraph hGraph, const Behind& behind, CUdeviceptr address) {
  AW_TRY(need(out, "phGraphNode"));
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  AW_ASSIGN(SharedWork work, free_work(*graph, address));
  AW_TRY(add_locked(out, *graph, behind, std::move(work)));
  return {};
}

Result<> add_child(CUgraphNode* out, CUgraph hGraph, const Behind& behind, CUgraph hChild, CUgraphChildGraphNodeOwnership ownership) {
  AW_TRY(need(out, "phGraphNode"));
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  AW_ASSIGN(Graph * child, graph_of(hChild));
  const bool moved = ownership == CU_GRAPH_CHILD_GRAPH_OWNERSHIP_MOVE;
  if (!moved && ownership != CU_GRAPH_CHILD_GRAPH_OWNERSHIP_CLONE) return invalid_value("There is no such ownership of a child graph.");
  if (!moved && child->has_memory_nodes())
    return Error{CUDA_ERROR_NOT_SUPPORTED, "A graph with allocation or free nodes cannot be copied to become a child graph.", ""};
  for (const Graph* above = graph; moved && above; above = above->owner() ? &above->owner()->graph() : nullptr)
    if (above == child) return invalid_value("A graph cannot become a part of itself.");
  if (moved && (child->owner() || child->is_captured_into() || *child->executables != 0))
    return invalid_value("The child graph is a part of another graph, is captured into, or has an executable graph.");
  // Copied before the node exists: a graph may be put into itself.
  std::unique_ptr<Graph> copy = moved ? nullptr : child->clone();
  AW_ASSIGN(Node * made, add_locked(out, *graph, behind, std::make_shared<NoWork>(CU_GRAPH_NODE_TYPE_GRAPH)));
  made->graphs.push_back(moved ? std::unique_ptr<Graph>(child) : std::move(copy));
  made->graphs.back()->set_owner(made);
  return {};
}

Result<> add_conditional(CUgraphNode* out, CUgraph hGraph, const Behind& behind, CUDA_CONDITIONAL_NODE_PARAMS& params) {
  AW_TRY(need(out, "phGraphNode"));
  const unsigned most = params.type == CU_GRAPH_COND_TYPE_IF ? 2 : params.type == CU_GRAPH_COND_TYPE_WHILE ? 1 : 0x10000;
  if (int(params.type) < 0 || params.type > CU_GRAPH_COND_TYPE_SWITCH)
    return invalid_value("There is no type " + std::to_string(int(params.type)) + " of conditional nodes.");
  if (params.size == 0 || params.size > most)
    return invalid_value("The conditional node has " + std::to_string(params.size) + " bodies; it can have 1 to " + std::to_string(most) +
                         ".");
  AW_TRY(context_of(params.ctx));
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  const auto value = std::find_if(graph->conditional_values.begin(), graph->conditional_values.end(),
                                  [&](const auto& one) { return one->handle() == params.handle; });
  if (value == graph->conditional_values.end()) return invalid_value("The conditional handle was not created for this graph.");
  if ((*value)->has_node) return invalid_value("The conditional handle belongs to another node.");
  AW_ASSIGN(Node * made, add_locked(out, *graph, behind, std::make_shared<const ConditionalWork>(*value, params.type, params.size)));
  (*value)->has_node = true;
  for (unsigned i = 0; i < params.size; ++i) {
    made->graphs.push_back(std::make_unique<Graph>(made));
    made->body_handles.push_back(made->graphs.back()->handle());
  }
  params.phGraph_out = made->body_handles.data();
  return {};
}

// The work of the generic params; for types whose work can be changed.
Result<SharedWork> work_from(const CUgraphNodeParams& params, const Node& node) {
  if (params.type != node.type())
    return invalid_value(std::string("The params are those of a ") + name_of(params.type) + " node, the node is a " + name_of(node.type()) +
                         " node.");
  switch (params.type) {
    case CU_GRAPH_NODE_TYPE_KERNEL: return kernel_work(newest(params.kernel), work_of<KernelWork>(node.work()).attributes());
    case CU_GRAPH_NODE_TYPE_MEMCPY: return copy_work(params.memcpy.copyParams, params.memcpy.copyCtx);
    case CU_GRAPH_NODE_TYPE_MEMSET: {
      CUDA_MEMSET_NODE_PARAMS older{};
      memcpy(&older, &params.memset, sizeof older);
      return fill_work(older, params.memset.ctx);
    }
    case CU_GRAPH_NODE_TYPE_HOST: return host_work({params.host.fn, params.host.userData});
    case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
      return batch_work(params.memOp.ctx, params.memOp.paramArray, params.memOp.count, params.memOp.flags);
    case CU_GRAPH_NODE_TYPE_EVENT_RECORD: return event_work<EventRecordWork>(params.eventRecord.event);
    case CU_GRAPH_NODE_TYPE_WAIT_EVENT: return event_work<EventWaitWork>(params.eventWait.event);
    default:
      return Error{CUDA_ERROR_NOT_SUPPORTED, std::string("The params of a ") + name_of(params.type) + " node cannot be changed.", ""};
  }
}

// ---- Nodes and executable graphs

Result<> set(CUgraphNode hNode, CUgraphNodeType type, SharedWork work) {
  SharedWork old;
  const GraphLock lock;
  AW_ASSIGN(Node * node, node_of(hNode, type));
  old = node->shared_work();
  node->set_work(std::move(work));
  return {};
}

Result<> set_in_exec(CUgraphExec hExec, CUgraphNode hNode, CUgraphNodeType type, SharedWork work) {
  AW_TRY(work->prepare());
  const GraphLock lock;
  AW_ASSIGN(GraphExec * exec, graph_exec_of(hExec));
  AW_ASSIGN(Node * mine, exec->counterpart(hNode, type));
  return exec->set_work(*mine, std::move(work));
}

Result<std::vector<CUlaunchAttribute>> attributes_of(CUgraphNode hNode) {
  const GraphLock lock;
  AW_ASSIGN(Node * node, node_of(hNode, CU_GRAPH_NODE_TYPE_KERNEL));
  return work_of<KernelWork>(node->work()).attributes();
}

Result<> set_kernel(CUgraphNode hNode, const CUDA_KERNEL_NODE_PARAMS& params) {
  AW_ASSIGN(std::vector<CUlaunchAttribute> attributes, attributes_of(hNode));
  AW_ASSIGN(SharedWork work, kernel_work(params, std::move(attributes)));
  return set(hNode, CU_GRAPH_NODE_TYPE_KERNEL, std::move(work));
}

Result<> set_kernel_in_exec(CUgraphExec hExec, CUgraphNode hNode, const CUDA_KERNEL_NODE_PARAMS& params) {
  AW_ASSIGN(std::vector<CUlaunchAttribute> attributes, attributes_of(hNode));
  AW_ASSIGN(SharedWork work, kernel_work(params, std::move(attributes)));
  return set_in_exec(hExec, hNode, CU_GRAPH_NODE_TYPE_KERNEL, std::move(work));
}

// Reads the work of a node of that type.
template <class T, class Read>
Result<> read(CUgraphNode hNode, CUgraphNodeType type, const void* place, const Read& read) {
  AW_TRY(need(place, "nodeParams"));
  const GraphLock lock;
  AW_ASSIGN(Node * node, node_of(hNode, type));
  read(work_of<T>(node->work()));
  return {};
}

bool is_node_attribute(CUlaunchAttributeID id) {
  switch (id) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE: return true;
    default: return false;
  }
}

}  // namespace

// ---- Kernels

Result<> cuGraphAddKernelNode_v2(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies,
                                 const CUDA_KERNEL_NODE_PARAMS* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  AW_ASSIGN(SharedWork work, kernel_work(*nodeParams));
  return add(phGraphNode, hGraph, {dependencies, nullptr, numDependencies}, std::move(work));
}

Result<> cuGraphAddKernelNode(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies,
                              const CUDA_KERNEL_NODE_PARAMS_v1* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  const CUDA_KERNEL_NODE_PARAMS newer = newest(*nodeParams);
  return api::cuGraphAddKernelNode_v2(phGraphNode, hGraph, dependencies, numDependencies, &newer);
}

Result<> cuGraphKernelNodeGetParams_v2(CUgraphNode hNode, CUDA_KERNEL_NODE_PARAMS* nodeParams) {
  return read<KernelWork>(hNode, CU_GRAPH_NODE_TYPE_KERNEL, nodeParams, [&](const KernelWork& work) { *nodeParams = work.params(); });
}

Result<> cuGraphKernelNodeGetParams(CUgraphNode hNode, CUDA_KERNEL_NODE_PARAMS_v1* nodeParams) {
  return read<KernelWork>(hNode, CU_GRAPH_NODE_TYPE_KERNEL, nodeParams, [&](const KernelWork& work) {
    const CUDA_KERNEL_NODE_PARAMS newer = work.params();
    memcpy(nodeParams, &newer, sizeof *nodeParams);
  });
}

Result<> cuGraphKernelNodeSetParams_v2(CUgraphNode hNode, const CUDA_KERNEL_NODE_PARAMS* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  return set_kernel(hNode, *nodeParams);
}

Result<> cuGraphKernelNodeSetParams(CUgraphNode hNode, const CUDA_KERNEL_NODE_PARAMS_v1* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  return set_kernel(hNode, newest(*nodeParams));
}

Result<> cuGraphExecKernelNodeSetParams_v2(CUgraphExec hGraphExec, CUgraphNode hNode, const CUDA_KERNEL_NODE_PARAMS* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  return set_kernel_in_exec(hGraphExec, hNode, *nodeParams);
}

Result<> cuGraphExecKernelNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode, const CUDA_KERNEL_NODE_PARAMS_v1* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  return set_kernel_in_exec(hGraphExec, hNode, newest(*nodeParams));
}

Result<> cuGraphKernelNodeCopyAttributes(CUgraphNode dst, CUgraphNode src) {
  AW_ASSIGN(std::vector<CUlaunchAttribute> attributes, attributes_of(src));
  const GraphLock lock;
  AW_ASSIGN(Node * to, node_of(dst, CU_GRAPH_NODE_TYPE_KERNEL));
  AW_ASSIGN(std::shared_ptr<const KernelWork> work, work_of<KernelWork>(to->work()).with_attributes(std::move(attributes)));
  to->set_work(std::move(work));
  return {};
}

Result<> cuGraphKernelNodeGetAttribute(CUgraphNode hNode, CUkernelNodeAttrID attr, CUkernelNodeAttrValue* value_out) {
  AW_TRY(need(value_out, "value_out"));
  if (!is_node_attribute(attr)) return invalid_value("A kernel node has no attribute " + std::to_string(int(attr)) + ".");
  AW_ASSIGN(const std::vector<CUlaunchAttribute> attributes, attributes_of(hNode));
  memset(value_out, 0, sizeof *value_out);
  for (const CUlaunchAttribute& attribute : attributes)
    if (attribute.id == attr) *value_out = attribute.value;
  return {};
}

Result<> cuGraphKernelNodeSetAttribute(CUgraphNode hNode, CUkernelNodeAttrID attr, const CUkernelNodeAttrValue* value) {
  AW_TRY(need(value, "value"));
  if (!is_node_attribute(attr)) return invalid_value("A kernel node has no attribute " + std::to_string(int(attr)) + ".");
  AW_ASSIGN(std::vector<CUlaunchAttribute> attributes, attributes_of(hNode));
  std::erase_if(attributes, [&](const CUlaunchAttribute& one) { return one.id == attr; });
  CUlaunchAttribute added{};
  added.id = attr;
  added.value = *value;
  attributes.push_back(added);
  const GraphLock lock;
  AW_ASSIGN(Node * node, node_of(hNode, CU_GRAPH_NODE_TYPE_KERNEL));
  AW_ASSIGN(std::shared_ptr<const KernelWork> work, work_of<KernelWork>(node->work()).with_attributes(std::move(attributes)));
  node->set_work(std::move(work));
  return {};
}

// ---- Copies and memsets

Result<> cuGraphAddMemcpyNode(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies,
                              const CUDA_MEMCPY3D* copyParams, CUcontext ctx) {
  AW_TRY(need(copyParams, "copyParams"));
  AW_ASSIGN(SharedWork work, copy_work(*copyParams, ctx));
  return add(phGraphNode, hGraph, {dependencies, nullptr, numDependencies}, std::move(work));
}

Result<> cuGraphMemcpyNodeGetParams(CUgraphNode hNode, CUDA_MEMCPY3D* nodeParams) {
  return read<CopyWork>(hNode, CU_GRAPH_NODE_TYPE_MEMCPY, nodeParams, [&](const CopyWork& work) { *nodeParams = work.params(); });
}

Result<> cuGraphMemcpyNodeSetParams(CUgraphNode hNode, const CUDA_MEMCPY3D* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  CUcontext ctx = nullptr;
  AW_TRY(read<CopyWork>(hNode, CU_GRAPH_NODE_TYPE_MEMCPY, nodeParams, [&](const CopyWork& work) { ctx = work.context; }));
  AW_ASSIGN(SharedWork work, copy_work(*nodeParams, ctx));
  return set(hNode, CU_GRAPH_NODE_TYPE_MEMCPY, std::move(work));
}

Result<> cuGraphExecMemcpyNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode, const CUDA_MEMCPY3D* copyParams, CUcontext ctx) {
  AW_TRY(need(copyParams, "copyParams"));
  AW_ASSIGN(SharedWork work, copy_work(*copyParams, ctx));
  return set_in_exec(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_MEMCPY, std::move(work));
}

Result<> cuGraphAddMemsetNode(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies,
                              const CUDA_MEMSET_NODE_PARAMS* memsetParams, CUcontext ctx) {
  AW_TRY(need(memsetParams, "memsetParams"));
  AW_ASSIGN(SharedWork work, fill_work(*memsetParams, ctx));
  return add(phGraphNode, hGraph, {dependencies, nullptr, numDependencies}, std::move(work));
}

Result<> cuGraphMemsetNodeGetParams(CUgraphNode hNode, CUDA_MEMSET_NODE_PARAMS* nodeParams) {
  return read<FillWork>(hNode, CU_GRAPH_NODE_TYPE_MEMSET, nodeParams, [&](const FillWork& work) { *nodeParams = work.params(); });
}

Result<> cuGraphMemsetNodeSetParams(CUgraphNode hNode, const CUDA_MEMSET_NODE_PARAMS* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  CUcontext ctx = nullptr;
  AW_TRY(read<FillWork>(hNode, CU_GRAPH_NODE_TYPE_MEMSET, nodeParams, [&](const FillWork& work) { ctx = work.context; }));
  AW_ASSIGN(SharedWork work, fill_work(*nodeParams, ctx));
  return set(hNode, CU_GRAPH_NODE_TYPE_MEMSET, std::move(work));
}

Result<> cuGraphExecMemsetNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode, const CUDA_MEMSET_NODE_PARAMS* memsetParams,
                                        CUcontext ctx) {
  AW_TRY(need(memsetParams, "memsetParams"));
  AW_ASSIGN(SharedWork work, fill_work(*memsetParams, ctx));
  return set_in_exec(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_MEMSET, std::move(work));
}

// ---- Host functions, events, empty nodes

Result<> cuGraphAddHostNode(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies,
                            const CUDA_HOST_NODE_PARAMS* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  AW_ASSIGN(SharedWork work, host_work(*nodeParams));
  return add(phGraphNode, hGraph, {dependencies, nullptr, numDependencies}, std::move(work));
}

Result<> cuGraphHostNodeGetParams(CUgraphNode hNode, CUDA_HOST_NODE_PARAMS* nodeParams) {
  return read<HostWork>(hNode, CU_GRAPH_NODE_TYPE_HOST, nodeParams, [&](const HostWork& work) { *nodeParams = work.params; });
}

Result<> cuGraphHostNodeSetParams(CUgraphNode hNode, const CUDA_HOST_NODE_PARAMS* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  AW_ASSIGN(SharedWork work, host_work(*nodeParams));
  return set(hNode, CU_GRAPH_NODE_TYPE_HOST, std::move(work));
}

Result<> cuGraphExecHostNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode, const CUDA_HOST_NODE_PARAMS* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  AW_ASSIGN(SharedWork work, host_work(*nodeParams));
  return set_in_exec(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_HOST, std::move(work));
}

Result<> cuGraphAddEmptyNode(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies) {
  return add(phGraphNode, hGraph, {dependencies, nullptr, numDependencies}, std::make_shared<const NoWork>(CU_GRAPH_NODE_TYPE_EMPTY));
}

Result<> cuGraphAddEventRecordNode(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies,
                                   CUevent event) {
  AW_ASSIGN(SharedWork work, event_work<EventRecordWork>(event));
  return add(phGraphNode, hGraph, {dependencies, nullptr, numDependencies}, std::move(work));
}

Result<> cuGraphEventRecordNodeGetEvent(CUgraphNode hNode, CUevent* event_out) {
  return read<EventRecordWork>(hNode, CU_GRAPH_NODE_TYPE_EVENT_RECORD, event_out,
                               [&](const EventRecordWork& work) { *event_out = work.event; });
}

Result<> cuGraphEventRecordNodeSetEvent(CUgraphNode hNode, CUevent event) {
  AW_ASSIGN(SharedWork work, event_work<EventRecordWork>(event));
  return set(hNode, CU_GRAPH_NODE_TYPE_EVENT_RECORD, std::move(work));
}

Result<> cuGraphExecEventRecordNodeSetEvent(CUgraphExec hGraphExec, CUgraphNode hNode, CUevent event) {
  AW_ASSIGN(SharedWork work, event_work<EventRecordWork>(event));
  return set_in_exec(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_EVENT_RECORD, std::move(work));
}

Result<> cuGraphAddEventWaitNode(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies,
                                 CUevent event) {
  AW_ASSIGN(SharedWork work, event_work<EventWaitWork>(event));
  return add(phGraphNode, hGraph, {dependencies, nullptr, numDependencies}, std::move(work));
}

Result<> cuGraphEventWaitNodeGetEvent(CUgraphNode hNode, CUevent* event_out) {
  return read<EventWaitWork>(hNode, CU_GRAPH_NODE_TYPE_WAIT_EVENT, event_out, [&](const EventWaitWork& work) { *event_out = work.event; });
}

Result<> cuGraphEventWaitNodeSetEvent(CUgraphNode hNode, CUevent event) {
  AW_ASSIGN(SharedWork work, event_work<EventWaitWork>(event));
  return set(hNode, CU_GRAPH_NODE_TYPE_WAIT_EVENT, std::move(work));
}

Result<> cuGraphExecEventWaitNodeSetEvent(CUgraphExec hGraphExec, CUgraphNode hNode, CUevent event) {
  AW_ASSIGN(SharedWork work, event_work<EventWaitWork>(event));
  return set_in_exec(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_WAIT_EVENT, std::move(work));
}

// ---- Operations on words of memory

Result<> cuGraphAddBatchMemOpNode(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies,
                                  const CUDA_BATCH_MEM_OP_NODE_PARAMS* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  AW_ASSIGN(SharedWork work, batch_work(nodeParams->ctx, nodeParams->paramArray, nodeParams->count, nodeParams->flags));
  return add(phGraphNode, hGraph, {dependencies, nullptr, numDependencies}, std::move(work));
}

Result<> cuGraphBatchMemOpNodeGetParams(CUgraphNode hNode, CUDA_BATCH_MEM_OP_NODE_PARAMS* nodeParams_out) {
  return read<BatchWork>(hNode, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, nodeParams_out,
                         [&](const BatchWork& work) { *nodeParams_out = work.params(); });
}

Result<> cuGraphBatchMemOpNodeSetParams(CUgraphNode hNode, const CUDA_BATCH_MEM_OP_NODE_PARAMS* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  AW_ASSIGN(SharedWork work, batch_work(nodeParams->ctx, nodeParams->paramArray, nodeParams->count, nodeParams->flags));
  return set(hNode, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, std::move(work));
}

Result<> cuGraphExecBatchMemOpNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode, const CUDA_BATCH_MEM_OP_NODE_PARAMS* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  AW_ASSIGN(SharedWork work, batch_work(nodeParams->ctx, nodeParams->paramArray, nodeParams->count, nodeParams->flags));
  return set_in_exec(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, std::move(work));
}

// ---- Memory

Result<> cuGraphAddMemAllocNode(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies,
                                CUDA_MEM_ALLOC_NODE_PARAMS* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  return add_allocation(phGraphNode, hGraph, {dependencies, nullptr, numDependencies}, *nodeParams);
}

Result<> cuGraphMemAllocNodeGetParams(CUgraphNode hNode, CUDA_MEM_ALLOC_NODE_PARAMS* params_out) {
  return read<AllocationWork>(hNode, CU_GRAPH_NODE_TYPE_MEM_ALLOC, params_out,
                              [&](const AllocationWork& work) { *params_out = work.params(); });
}

Result<> cuGraphAddMemFreeNode(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies,
                               CUdeviceptr dptr) {
  return add_free(phGraphNode, hGraph, {dependencies, nullptr, numDependencies}, dptr);
}

Result<> cuGraphMemFreeNodeGetParams(CUgraphNode hNode, CUdeviceptr* dptr_out) {
  return read<FreeWork>(hNode, CU_GRAPH_NODE_TYPE_MEM_FREE, dptr_out, [&](const FreeWork& work) { *dptr_out = work.range->base; });
}

// ---- Child graphs

Result<> cuGraphAddChildGraphNode(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies,
                                  CUgraph childGraph) {
  return add_child(phGraphNode, hGraph, {dependencies, nullptr, numDependencies}, childGraph, CU_GRAPH_CHILD_GRAPH_OWNERSHIP_CLONE);
}

Result<> cuGraphChildGraphNodeGetGraph(CUgraphNode hNode, CUgraph* phGraph) {
  AW_TRY(need(phGraph, "phGraph"));
  const GraphLock lock;
  AW_ASSIGN(Node * node, node_of(hNode, CU_GRAPH_NODE_TYPE_GRAPH));
  *phGraph = node->graphs.front()->handle();
  return {};
}

Result<> cuGraphExecChildGraphNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode, CUgraph childGraph) {
  const GraphLock lock;
  AW_ASSIGN(GraphExec * exec, graph_exec_of(hGraphExec));
  AW_ASSIGN(Node * mine, exec->counterpart(hNode, CU_GRAPH_NODE_TYPE_GRAPH));
  AW_ASSIGN(Graph * from, graph_of(childGraph));
  return exec->update_child(*mine, *from);
}

// ---- All types

Result<> cuGraphAddNode_v2(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, const CUgraphEdgeData* dependencyData,
                           size_t numDependencies, CUgraphNodeParams* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  CUgraphNodeParams& params = *nodeParams;
  const Behind behind{dependencies, dependencyData, numDependencies};
  switch (params.type) {
    case CU_GRAPH_NODE_TYPE_GRAPH: return add_child(phGraphNode, hGraph, behind, params.graph.graph, params.graph.ownership);
    case CU_GRAPH_NODE_TYPE_CONDITIONAL: return add_conditional(phGraphNode, hGraph, behind, params.conditional);
    case CU_GRAPH_NODE_TYPE_MEM_FREE: return add_free(phGraphNode, hGraph, behind, params.free.dptr);
    case CU_GRAPH_NODE_TYPE_EMPTY: return add(phGraphNode, hGraph, behind, std::make_shared<const NoWork>(CU_GRAPH_NODE_TYPE_EMPTY));
    case CU_GRAPH_NODE_TYPE_MEM_ALLOC: {
      CUDA_MEM_ALLOC_NODE_PARAMS older{};
      memcpy(&older, &params.alloc, sizeof older);
      AW_TRY(add_allocation(phGraphNode, hGraph, behind, older));
      params.alloc.dptr = older.dptr;
      return {};
    }
    case CU_GRAPH_NODE_TYPE_KERNEL: {
      AW_ASSIGN(SharedWork work, kernel_work(newest(params.kernel)));
      return add(phGraphNode, hGraph, behind, std::move(work));
    }
    case CU_GRAPH_NODE_TYPE_MEMCPY: {
      AW_ASSIGN(SharedWork work, copy_work(params.memcpy.copyParams, params.memcpy.copyCtx));
      return add(phGraphNode, hGraph, behind, std::move(work));
    }
    case CU_GRAPH_NODE_TYPE_MEMSET: {
      CUDA_MEMSET_NODE_PARAMS older{};
      memcpy(&older, &params.memset, sizeof older);
      AW_ASSIGN(SharedWork work, fill_work(older, params.memset.ctx));
      return add(phGraphNode, hGraph, behind, std::move(work));
    }
    case CU_GRAPH_NODE_TYPE_HOST: {
      AW_ASSIGN(SharedWork work, host_work({params.host.fn, params.host.userData}));
      return add(phGraphNode, hGraph, behind, std::move(work));
    }
    case CU_GRAPH_NODE_TYPE_EVENT_RECORD: {
      AW_ASSIGN(SharedWork work, event_work<EventRecordWork>(params.eventRecord.event));
      return add(phGraphNode, hGraph, behind, std::move(work));
    }
    case CU_GRAPH_NODE_TYPE_WAIT_EVENT: {
      AW_ASSIGN(SharedWork work, event_work<EventWaitWork>(params.eventWait.event));
      return add(phGraphNode, hGraph, behind, std::move(work));
    }
    case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP: {
      AW_ASSIGN(SharedWork work, batch_work(params.memOp.ctx, params.memOp.paramArray, params.memOp.count, params.memOp.flags));
      return add(phGraphNode, hGraph, behind, std::move(work));
    }
    case CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL:
    case CU_GRAPH_NODE_TYPE_EXT_SEMAS_WAIT:
      return Error{CUDA_ERROR_NOT_SUPPORTED, std::string("A ") + name_of(params.type) + " node is not supported.", ""};
    default: return invalid_value("There is no type " + std::to_string(int(params.type)) + " of nodes.");
  }
}

Result<> cuGraphAddNode(CUgraphNode* phGraphNode, CUgraph hGraph, const CUgraphNode* dependencies, size_t numDependencies,
                        CUgraphNodeParams* nodeParams) {
  return api::cuGraphAddNode_v2(phGraphNode, hGraph, dependencies, nullptr, numDependencies, nodeParams);
}

Result<> cuGraphNodeSetParams(CUgraphNode hNode, CUgraphNodeParams* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  SharedWork old;
  const GraphLock lock;
  AW_ASSIGN(Node * node, node_of(hNode));
  AW_ASSIGN(SharedWork work, work_from(*nodeParams, *node));
  old = node->shared_work();
  node->set_work(std::move(work));
  return {};
}

Result<> cuGraphExecNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode, CUgraphNodeParams* nodeParams) {
  AW_TRY(need(nodeParams, "nodeParams"));
  if (nodeParams->type == CU_GRAPH_NODE_TYPE_GRAPH)
    return api::cuGraphExecChildGraphNodeSetParams(hGraphExec, hNode, nodeParams->graph.graph);
  const GraphLock lock;
  AW_ASSIGN(GraphExec * exec, graph_exec_of(hGraphExec));
  AW_ASSIGN(Node * original, node_of(hNode));
  AW_ASSIGN(Node * mine, exec->counterpart(hNode, original->type()));
  AW_ASSIGN(SharedWork work, work_from(*nodeParams, *original));
  return exec->set_work(*mine, std::move(work));
}

}  // namespace anywarp::driver::api
