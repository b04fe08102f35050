// What a launch does at the call, in the order of calls: it takes the recordings of event nodes, so that whoever asks for the event
// from then on asks for this launch; it notes which allocations are live; and it is put behind the launch before it. The rest happens
// when the stream gets there (graph_schedule.h).
#include "driver/graph_exec.h"

#include "driver/capture.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/process.h"

#include <algorithm>
#include <unordered_set>

namespace anywarp::driver {
namespace {

class GraphTask final : public Task {
 public:
  GraphTask(std::shared_ptr<const Schedule> schedule, Run run) : schedule_(std::move(schedule)), run_(std::move(run)) {}

  Result<> run() override {
    for (const auto& value : schedule_->values) value->begin_launch();
    Result<> result = run_main(schedule_, run_);
    if (!result) give_up();
    return result;
  }
  void skip(const Error&) override { give_up(); }
  bool calls_program() const override { return schedule_->calls_program; }

 private:
  // Nobody waits for ever for what will not be done, and what would be freed is.
  void give_up() {
    for (const auto& record : run_.records)
      if (record) record->complete();
    for (const uint32_t i : schedule_->memory_steps)
      if (schedule_->steps[i].work->type == CU_GRAPH_NODE_TYPE_MEM_FREE) (void)schedule_->steps[i].work->run(run_, Step::kNone);
  }

  const std::shared_ptr<const Schedule> schedule_;
  Run run_;
};

// Whether an executable graph can take over what the nodes of another graph do; lists what changes.
class Comparison {
 public:
  explicit Comparison(CUgraphExecUpdateResultInfo& info) : info_(info) {}
  struct Change {
    Node *mine, *from;
  };
  const std::vector<Change>& changes() const { return changes_; }

  bool same(const Graph& mine, const Graph& from) {
    if (mine.nodes().size() != from.nodes().size()) return differ(CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, nullptr, nullptr);
    std::unordered_map<const Node*, const Node*> mine_of;
    for (size_t i = 0; i < mine.nodes().size(); ++i) mine_of[from.nodes()[i].get()] = mine.nodes()[i].get();
    for (size_t i = 0; i < mine.nodes().size(); ++i) {
      Node &a = *mine.nodes()[i], &b = *from.nodes()[i];
      if (a.type() != b.type()) return differ(CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED, &b, nullptr);
      if (a.dependencies.size() != b.dependencies.size()) return differ(CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, &b, nullptr);
      for (const Edge& edge : b.dependencies)
        if (std::none_of(a.dependencies.begin(), a.dependencies.end(),
                         [&](const Edge& one) { return one.node == mine_of[edge.node] && one.data == edge.data; }))
          return differ(CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, &b, edge.node);
      if (const CUgraphExecUpdateResult why = same_kind(a.work(), b.work()); why != CU_GRAPH_EXEC_UPDATE_SUCCESS)
        return differ(why, &b, nullptr);
      if (a.graphs.size() != b.graphs.size()) return differ(CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED, &b, nullptr);
      for (size_t k = 0; k < a.graphs.size(); ++k)
        if (!same(*a.graphs[k], *b.graphs[k])) return false;
      changes_.push_back({&a, &b});
    }
    return true;
  }

  // What an update of a node must leave as it is.
  static CUgraphExecUpdateResult same_kind(const Work& mine, const Work& from) {
    const auto unless = [](bool same) { return same ? CU_GRAPH_EXEC_UPDATE_SUCCESS : CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED; };
    switch (mine.type) {
      case CU_GRAPH_NODE_TYPE_KERNEL: {
        const auto &a = work_of<KernelWork>(mine), &b = work_of<KernelWork>(from);
        if (a.context() != b.context()) return CU_GRAPH_EXEC_UPDATE_ERROR_UNSUPPORTED_FUNCTION_CHANGE;
        if (a.launch().cooperative != b.launch().cooperative) return CU_GRAPH_EXEC_UPDATE_ERROR_ATTRIBUTES_CHANGED;
        return CU_GRAPH_EXEC_UPDATE_SUCCESS;
      }
      case CU_GRAPH_NODE_TYPE_MEMCPY: {
        const auto &a = work_of<CopyWork>(mine), &b = work_of<CopyWork>(from);
        return unless(a.context == b.context && a.params().srcMemoryType == b.params().srcMemoryType &&
                      a.params().dstMemoryType == b.params().dstMemoryType);
      }
      case CU_GRAPH_NODE_TYPE_MEMSET: return unless(work_of<FillWork>(mine).context == work_of<FillWork>(from).context);
      case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
        return unless(work_of<AllocationWork>(mine).range->bytes == work_of<AllocationWork>(from).range->bytes);
      case CU_GRAPH_NODE_TYPE_CONDITIONAL: {
        const auto &a = work_of<ConditionalWork>(mine), &b = work_of<ConditionalWork>(from);
        return unless(a.kind == b.kind && a.size == b.size);
      }
      default: return CU_GRAPH_EXEC_UPDATE_SUCCESS;
    }
  }

 private:
  bool differ(CUgraphExecUpdateResult result, Node* node, Node* from) {
    info_.result = result;
    info_.errorNode = node ? node->handle() : nullptr;
    info_.errorFromNode = from ? from->handle() : nullptr;
    return false;
  }

  CUgraphExecUpdateResultInfo& info_;
  std::vector<Change> changes_;
};

}  // namespace

GraphExec::GraphExec(Graph& source, uint64_t flags) : flags_(flags), graph_(source.clone()), executables_(source.executables) {
  map_nodes(source, *graph_);
  ++*executables_;
}

GraphExec::~GraphExec() = default;

void GraphExec::close() {
  process()->handles().remove(std::exchange(handle_, nullptr));
  --*executables_;
}

void GraphExec::map_nodes(const Graph& source, const Graph& copy) {
  for (size_t i = 0; i < source.nodes().size(); ++i) {
    const Node& node = *source.nodes()[i];
    nodes_[node.id()] = copy.nodes()[i].get();
    for (size_t k = 0; k < node.graphs.size(); ++k) map_nodes(*node.graphs[k], *copy.nodes()[i]->graphs[k]);
  }
}

void GraphExec::compile(CUgraph source) {
  std::vector<std::shared_ptr<const Work>> works;
  const auto collect = [&](const auto& self, const Graph& graph) -> void {
    for (const auto& node : graph.nodes()) {
      if (node->type() == CU_GRAPH_NODE_TYPE_KERNEL) works.push_back(node->shared_work());
      for (const auto& inner : node->graphs) self(self, *inner);
    }
  };
  {
    const GraphLock lock;
    if (const Graph* graph = find<Graph>(source)) collect(collect, *graph);
  }
  for (const auto& work : works)
    if (!work->prepare()) return;
}

Result<std::unique_ptr<GraphExec>> GraphExec::make(Graph& source, uint64_t flags, InstantiateFailure& failure) {
  if (source.has_memory_nodes() && *source.executables != 0)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "A graph with allocation or free nodes can have one executable graph at a time.", ""};
  auto made = std::make_unique<GraphExec>(source, flags);
  Result<std::shared_ptr<Schedule>> schedule = make_schedule(*made->graph_, failure);
  if (!schedule) {
    // The caller knows the nodes of the source only.
    for (const auto& [id, node] : made->nodes_)
      if (node == failure.node) failure.node = nullptr, failure.source_id = id;
    --*made->executables_;
    return schedule.take_error();
  }
  made->schedule_ = std::move(*schedule);
  made->handle_ = static_cast<CUgraphExec>(process()->handles().add(kKind, made.get()));
  if (!made->handle_) {
    --*made->executables_;
    return Error{CUDA_ERROR_OUT_OF_MEMORY, "There are four million live handles, and there can be no more.", ""};
  }
  return made;
}

// Which allocations are live is a matter of the order of calls.
Result<> GraphExec::begin_memory(const Schedule& schedule) const {
  const bool frees_itself = (flags_ & CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH) != 0;
  std::unordered_map<GraphRange*, bool> allocated;
  std::vector<const std::shared_ptr<GraphRange>*> used;
  std::unordered_set<const GraphRange*> still_used;  // what the launch before has left is allocated anew
  for (const uint32_t i : schedule.memory_steps) {
    const Work& work = *schedule.steps[i].work;
    const bool allocates = work.type == CU_GRAPH_NODE_TYPE_MEM_ALLOC;
    const auto& range = allocates ? work_of<AllocationWork>(work).range : work_of<FreeWork>(work).range;
    const auto [found, first] = allocated.try_emplace(range.get(), range->allocated);
    bool& state = found->second;
    if (allocates && frees_itself && first && state) {
      state = false;
      still_used.insert(range.get());
    }
    if (state == allocates)
      return invalid_value(allocates ? "The memory of an allocation node is still allocated from the launch before."
                                     : "A free node would free memory that is not allocated.");
    state = allocates;
    if (allocates && still_used.erase(range.get()) == 0) used.push_back(&range);
  }
  for (const auto& [range, state] : allocated) range->allocated = state;
  for (const auto* range : used) (*range)->memory().begin_use(*range);
  return {};
}

Result<> GraphExec::launch(Stream& stream) {
  const Schedule& schedule = *schedule_;
  Run run;
  run.stream = stream.id();
  std::vector<Event*> events;
  for (const uint32_t i : schedule.event_steps) {
    const Work& work = *schedule.steps[i].work;
    const bool records = work.type == CU_GRAPH_NODE_TYPE_EVENT_RECORD;
    AW_ASSIGN(Event * event, event_of(records ? work_of<EventRecordWork>(work).event : work_of<EventWaitWork>(work).event));
    events.push_back(event);
  }
  if (!schedule.memory_steps.empty()) AW_TRY(begin_memory(schedule));
  run.records.resize(events.size());
  run.waits.resize(events.size());
  for (size_t i = 0; i < events.size(); ++i) {
    if (schedule.steps[schedule.event_steps[i]].work->type == CU_GRAPH_NODE_TYPE_EVENT_RECORD)
      run.records[i] = events[i]->begin_recording();
    else
      run.waits[i] = events[i]->place();
  }
  std::vector<Mark> after;
  const auto wait_for = [&](const Mark& mark) {
    if (mark.queue && mark.queue != stream.queue() && !mark.reached()) after.push_back(mark);
  };
  wait_for(last_launch_);
  for (const auto& value : schedule.values) wait_for(value->last_launch);
  AW_ASSIGN(last_launch_, stream.context().put_unchecked(stream, std::make_unique<GraphTask>(schedule_, std::move(run)), Manner::Queued,
                                                         std::move(after)));
  for (const auto& value : schedule.values) value->last_launch = last_launch_;
  return {};
}

Schedule& GraphExec::changeable() {
  if (schedule_.use_count() > 1)
    schedule_ = std::make_shared<Schedule>(*schedule_);
  else
    std::atomic_thread_fence(std::memory_order_acquire);
  return *schedule_;
}

Result<Node*> GraphExec::counterpart(CUgraphNode node, CUgraphNodeType type) const {
  AW_ASSIGN(Node * original, node_of(node, type));
  const auto found = nodes_.find(original->id());
  if (found == nodes_.end()) return invalid_value("The node is not one of the graph that the executable graph was made from.");
  return found->second;
}

Result<> GraphExec::set_work(Node& mine, std::shared_ptr<const Work> work) {
  if (Comparison::same_kind(mine.work(), *work) != CU_GRAPH_EXEC_UPDATE_SUCCESS)
    return invalid_value("The new parameters differ from the old ones in what cannot be changed: the context, or the kind of memory.");
  AW_TRY(work->prepare());
  mine.set_work(work);
  changeable().steps[mine.step].work = std::move(work);
  return {};
}

void GraphExec::set_enabled(Node& mine, bool enabled) {
  mine.enabled = enabled;
  changeable().steps[mine.step].enabled = enabled;
}

Result<> GraphExec::update_child(Node& mine, Graph& from) {
  CUgraphExecUpdateResultInfo info{};
  Comparison comparison(info);
  if (!comparison.same(*mine.graphs.front(), from)) return invalid_value("The new child graph has not the nodes and edges of the old one.");
  for (const auto& change : comparison.changes()) AW_TRY(change.from->work().prepare());
  for (const auto& change : comparison.changes()) {
    change.mine->set_work(change.from->shared_work());
    if (change.mine->step != Step::kNone) changeable().steps[change.mine->step].work = change.from->shared_work();
  }
  return {};
}

Result<> GraphExec::update(Graph& from, CUgraphExecUpdateResultInfo& info) {
  info = {CU_GRAPH_EXEC_UPDATE_SUCCESS, nullptr, nullptr};
  const auto fails = [](std::string why) { return Error{CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, std::move(why), ""}; };
  Comparison comparison(info);
  if (!comparison.same(*graph_, from)) return fails("The graph differs from the executable graph in what cannot be updated.");
  for (const auto& change : comparison.changes())
    if (const Result<> prepared = change.from->work().prepare(); !prepared) {
      info = {CU_GRAPH_EXEC_UPDATE_ERROR, change.from->handle(), nullptr};
      return fails(prepared.error().text());
    }
  Schedule& schedule = changeable();
  schedule.values.clear();
  for (const auto& change : comparison.changes()) {
    change.mine->set_work(change.from->shared_work());
    if (change.mine->step != Step::kNone) schedule.steps[change.mine->step].work = change.from->shared_work();
    if (change.mine->type() == CU_GRAPH_NODE_TYPE_CONDITIONAL)
      schedule.values.push_back(work_of<ConditionalWork>(change.mine->work()).value);
  }
  schedule.user_references.insert(schedule.user_references.end(), from.user_references.begin(), from.user_references.end());
  return {};
}

Result<GraphExec*> graph_exec_of(CUgraphExec handle) {
  GraphExec* exec = find<GraphExec>(handle);
  if (!exec) return invalid_value("The handle is not one of a live executable graph.");
  return exec;
}

namespace api {
namespace {

constexpr uint64_t kKnownFlags = CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH | CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD |
                                 CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH | CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;

// The node of the graph that a failure names by its id.
CUgraphNode handle_in(const Graph& graph, uint64_t id) {
  for (const auto& node : graph.nodes()) {
    if (node->id() == id) return node->handle();
    for (const auto& inner : node->graphs)
      if (const CUgraphNode found = handle_in(*inner, id)) return found;
  }
  return nullptr;
}

Result<> instantiate(CUgraphExec* phGraphExec, CUgraph hGraph, uint64_t flags, CUgraphInstantiateResult& result, CUgraphNode& node) {
  result = CUDA_GRAPH_INSTANTIATE_ERROR;
  node = nullptr;
  AW_TRY(need(phGraphExec, "phGraphExec"));
  if ((flags & ~kKnownFlags) != 0) return invalid_value("The flags " + std::to_string(flags) + " are not flags of an instantiation.");
  if ((flags & CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH) != 0)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "Graphs that kernels launch are not supported.", ""};
  GraphExec::compile(hGraph);
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  InstantiateFailure failure;
  Result<std::unique_ptr<GraphExec>> made = GraphExec::make(*graph, flags, failure);
  if (!made) {
    if (failure.result != CUDA_GRAPH_INSTANTIATE_SUCCESS) result = failure.result;
    node = handle_in(*graph, failure.source_id);
    return made.take_error();
  }
  result = CUDA_GRAPH_INSTANTIATE_SUCCESS;
  *phGraphExec = made->release()->handle();  // by which it is owned
  return {};
}

Result<> instantiate_with_log(CUgraphExec* phGraphExec, CUgraph hGraph, CUgraphNode* phErrorNode, char* logBuffer, size_t bufferSize) {
  CUgraphInstantiateResult result;
  CUgraphNode node;
  const Result<> made = instantiate(phGraphExec, hGraph, 0, result, node);
  if (phErrorNode) *phErrorNode = node;
  if (logBuffer && bufferSize != 0) snprintf(logBuffer, bufferSize, "%s", made ? "" : made.error().text().c_str());
  return made;
}

}  // namespace

Result<> cuGraphInstantiate(CUgraphExec* phGraphExec, CUgraph hGraph, CUgraphNode* phErrorNode, char* logBuffer, size_t bufferSize) {
  return instantiate_with_log(phGraphExec, hGraph, phErrorNode, logBuffer, bufferSize);
}

Result<> cuGraphInstantiate_v2(CUgraphExec* phGraphExec, CUgraph hGraph, CUgraphNode* phErrorNode, char* logBuffer, size_t bufferSize) {
  return instantiate_with_log(phGraphExec, hGraph, phErrorNode, logBuffer, bufferSize);
}

Result<> cuGraphInstantiateWithFlags(CUgraphExec* phGraphExec, CUgraph hGraph, unsigned long long flags) {
  CUgraphInstantiateResult result;
  CUgraphNode node;
  return instantiate(phGraphExec, hGraph, flags, result, node);
}

Result<> cuGraphInstantiateWithParams(CUgraphExec* phGraphExec, CUgraph hGraph, CUDA_GRAPH_INSTANTIATE_PARAMS* instantiateParams) {
  AW_TRY(need(instantiateParams, "instantiateParams"));
  AW_TRY(instantiate(phGraphExec, hGraph, instantiateParams->flags, instantiateParams->result_out, instantiateParams->hErrNode_out));
  if ((instantiateParams->flags & CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD) == 0) return {};
  return api::cuGraphUpload(*phGraphExec, instantiateParams->hUploadStream);
}

Result<> cuGraphExecGetFlags(CUgraphExec hGraphExec, cuuint64_t* flags) {
  AW_TRY(need(flags, "flags"));
  const GraphLock lock;
  AW_ASSIGN(GraphExec * exec, graph_exec_of(hGraphExec));
  *flags = exec->flags();
  return {};
}

// All is where it has to be since the instantiation; the stream is only told that something happened.
Result<> cuGraphUpload(CUgraphExec hGraph, CUstream hStream) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  {
    const GraphLock lock;
    AW_TRY(graph_exec_of(hGraph));
  }
  AW_TRY(stream->context().put(*stream, nullptr, Manner::Queued));
  return {};
}

Result<> cuGraphLaunch(CUgraphExec hGraph, CUstream hStream) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  if (stream->capturing()) return capture_launch(*stream, hGraph);
  AW_TRY(may_put(*stream));
  {
    const GraphLock lock;
    AW_ASSIGN(GraphExec * exec, graph_exec_of(hGraph));
    AW_TRY(exec->launch(*stream));
  }
  return process()->launch_blocking() ? synchronize(*stream) : Result<>();
}

Result<> cuGraphExecDestroy(CUgraphExec hGraphExec) {
  std::unique_ptr<GraphExec> gone;
  const GraphLock lock;
  AW_ASSIGN(GraphExec * exec, graph_exec_of(hGraphExec));
  exec->close();
  gone.reset(exec);
  return {};
}

Result<> cuGraphExecUpdate_v2(CUgraphExec hGraphExec, CUgraph hGraph, CUgraphExecUpdateResultInfo* resultInfo) {
  CUgraphExecUpdateResultInfo unread;
  CUgraphExecUpdateResultInfo& info = resultInfo ? *resultInfo : unread;
  info = {CU_GRAPH_EXEC_UPDATE_ERROR, nullptr, nullptr};
  GraphExec::compile(hGraph);
  const GraphLock lock;
  AW_ASSIGN(GraphExec * exec, graph_exec_of(hGraphExec));
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  return exec->update(*graph, info);
}

Result<> cuGraphExecUpdate(CUgraphExec hGraphExec, CUgraph hGraph, CUgraphNode* hErrorNode_out, CUgraphExecUpdateResult* updateResult_out) {
  CUgraphExecUpdateResultInfo info{};
  const Result<> updated = api::cuGraphExecUpdate_v2(hGraphExec, hGraph, &info);
  if (hErrorNode_out) *hErrorNode_out = info.errorNode;
  if (updateResult_out) *updateResult_out = info.result;
  return updated;
}

Result<> cuGraphNodeSetEnabled(CUgraphExec hGraphExec, CUgraphNode hNode, unsigned int isEnabled) {
  const GraphLock lock;
  AW_ASSIGN(GraphExec * exec, graph_exec_of(hGraphExec));
  AW_ASSIGN(Node * node, node_of(hNode));
  AW_ASSIGN(Node * mine, exec->counterpart(hNode, node->type()));
  if (node->type() != CU_GRAPH_NODE_TYPE_KERNEL && node->type() != CU_GRAPH_NODE_TYPE_MEMCPY && node->type() != CU_GRAPH_NODE_TYPE_MEMSET)
    return invalid_value("Only kernel, memcpy and memset nodes can be disabled.");
  exec->set_enabled(*mine, isEnabled != 0);
  return {};
}

Result<> cuGraphNodeGetEnabled(CUgraphExec hGraphExec, CUgraphNode hNode, unsigned int* isEnabled) {
  AW_TRY(need(isEnabled, "isEnabled"));
  const GraphLock lock;
  AW_ASSIGN(GraphExec * exec, graph_exec_of(hGraphExec));
  AW_ASSIGN(Node * node, node_of(hNode));
  AW_ASSIGN(Node * mine, exec->counterpart(hNode, node->type()));
  if (node->type() != CU_GRAPH_NODE_TYPE_KERNEL && node->type() != CU_GRAPH_NODE_TYPE_MEMCPY && node->type() != CU_GRAPH_NODE_TYPE_MEMSET)
    return invalid_value("Only kernel, memcpy and memset nodes can be disabled.");
  *isEnabled = mine->enabled;
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
