// Each captured stream has a list of nodes that its next node will depend on:
//
//   cuStreamBeginCapture(s)          s: {}            cuLaunchKernel(k1, s)        s: {k1}
//   cuEventRecord(e, s)              e: {k1}          cuStreamWaitEvent(t, e)      t: {k1}, and t is captured too
//   cuLaunchKernel(k2, t)            t: {k2}          cuLaunchKernel(k3, s)        s: {k3}
//   cuEventRecord(f, t)              f: {k2}          cuStreamWaitEvent(s, f)      s: {k3, k2}
//   cuStreamEndCapture(s)            t must have been joined: all that it depends on is behind what s depends on
//
// While a stream is captured it does nothing, so a call that asks how far it is, or that would make work outside of the capture
// depend on it or the other way round, has no meaning. Such a call fails and the capture is invalidated: its calls fail from then
// on, until cuStreamEndCapture ends it without a graph.
#include "driver/capture.h"

#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/event.h"
#include "driver/graph_exec.h"
#include "driver/graph_work.h"
#include "driver/mempool.h"
#include "driver/process.h"
#include "driver/stream.h"
#include "driver/thread.h"

#include <algorithm>
#include <unordered_set>

namespace anywarp::driver {

std::atomic<unsigned> live_captures{0};

namespace {

std::atomic<uint64_t> next_id{1};
thread_local CUstreamCaptureMode tls_mode = CU_STREAM_CAPTURE_MODE_GLOBAL;

// All captures, also the invalidated ones. Guarded by GraphLock.
std::vector<std::shared_ptr<Capture>>& captures() {
  static auto* all = new std::vector<std::shared_ptr<Capture>>;
  return *all;
}

Error invalidated() { return {CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "An earlier call has invalidated the capture.", ""}; }

Error unsupported(const char* why) { return {CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, why, ""}; }

// Requires GraphLock, as all of these do.
void begin(Stream& origin, CUstreamCaptureMode mode, std::unique_ptr<Graph> own, Graph& graph, std::vector<Edge> dependencies) {
  auto made = std::make_shared<Capture>(origin, mode, std::move(own), graph);
  graph.capture = made.get();
  origin.capture_dependencies = std::move(dependencies);
  origin.set_capture(made);
  captures().push_back(std::move(made));
  live_captures.fetch_add(1, std::memory_order_acq_rel);
}

// The graph, if the capture has one of its own.
std::unique_ptr<Graph> finish(Capture& capture) {
  std::unique_ptr<Graph> graph = std::move(capture.own);
  capture.graph.capture = nullptr;
  const auto found = std::find_if(captures().begin(), captures().end(), [&](const auto& one) { return one.get() == &capture; });
  const std::shared_ptr<Capture> kept = *found;
  captures().erase(found);
  for (Stream* stream : kept->streams) {
    stream->capture_dependencies.clear();
    stream->set_capture(nullptr);
  }
  live_captures.fetch_sub(1, std::memory_order_acq_rel);
  return graph;
}

void join(const std::shared_ptr<Capture>& capture, Stream& stream, std::vector<Edge> dependencies) {
  stream.capture_dependencies = std::move(dependencies);
  stream.set_capture(capture);
  capture->streams.push_back(&stream);
}

void add_dependencies(Stream& stream, const std::vector<Edge>& more) {
  for (const Edge& edge : more)
    if (std::none_of(stream.capture_dependencies.begin(), stream.capture_dependencies.end(),
                     [&](const Edge& one) { return one.node == edge.node && one.data == edge.data; }))
      stream.capture_dependencies.push_back(edge);
}

bool is_legacy(const Stream& stream) { return &stream == &stream.context().legacy_stream(); }

// Invalidates captures that have a stream which the legacy stream of the context would wait for.
bool invalidate_blocking(const Context& context) {
  bool any = false;
  for (const auto& capture : captures())
    for (const Stream* stream : capture->streams)
      if (&stream->context() == &context && stream->blocking()) any = capture->invalidated = true;
  return any;
}

Error implicit() { return {CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "The legacy default stream would wait for a stream that is captured.", ""}; }

// Requires a captured stream. The node becomes what the stream depends on.
Result<Node*> add_node(Stream& stream, std::shared_ptr<const Work> work) {
  const std::shared_ptr<Capture> capture = stream.capture();
  if (!capture) return unsupported("The capture of the stream has just ended.");
  if (capture->invalidated) return invalidated();
  Node& node = capture->graph.add(std::move(work), stream.capture_dependencies);
  stream.capture_dependencies = {{&node, {}}};
  return &node;
}

// Whether all that the forked streams depend on is behind the origin.
bool is_joined(const Capture& capture) {
  std::unordered_set<const Node*> behind;
  std::vector<const Node*> open;
  const auto visit = [&](const std::vector<Edge>& edges) {
    for (const Edge& edge : edges)
      if (behind.insert(edge.node).second) open.push_back(edge.node);
  };
  visit(capture.origin.capture_dependencies);
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    visit(node->dependencies);
  }
  const auto joined = [&](const std::vector<Edge>& edges) {
    return std::all_of(edges.begin(), edges.end(), [&](const Edge& edge) { return behind.contains(edge.node); });
  };
  return joined(capture.departed) && std::all_of(capture.streams.begin(), capture.streams.end(),
                                                 [&](const Stream* stream) { return joined(stream->capture_dependencies); });
}

Result<> check_mode(CUstreamCaptureMode mode) {
  if (int(mode) < 0 || mode > CU_STREAM_CAPTURE_MODE_RELAXED)
    return invalid_value("There is no capture mode " + std::to_string(int(mode)) + ".");
  return {};
}

// What both ways to begin ask of the stream.
Result<> may_begin(const Stream& stream, CUstreamCaptureMode mode) {
  AW_TRY(check_mode(mode));
  if (is_legacy(stream)) return unsupported("The legacy default stream cannot be captured.");
  if (stream.capturing()) return Error{CUDA_ERROR_ILLEGAL_STATE, "The stream is captured already.", ""};
  return {};
}

}  // namespace

Capture::Capture(Stream& origin, CUstreamCaptureMode mode, std::unique_ptr<Graph> own, Graph& graph)
    : id(next_id++), mode(mode), thread(this_thread().id), origin(origin), own(std::move(own)), graph(graph), streams{&origin} {}

Result<> may_put_while_capturing(const Stream& stream) {
  const GraphLock lock;
  if (const std::shared_ptr<Capture> capture = stream.capture()) {
    capture->invalidated = true;
    return unsupported("The stream is captured, and the call is not one that becomes a node.");
  }
  if (is_legacy(stream) && invalidate_blocking(stream.context())) return implicit();
  return {};
}

Result<> may_synchronize(const Context& context) {
  if (live_captures.load(std::memory_order_acquire) == 0) return {};
  const GraphLock lock;
  bool any = false;
  for (const auto& capture : captures())
    for (const Stream* stream : capture->streams)
      if (&stream->context() == &context) any = capture->invalidated = true;
  if (any) return unsupported("A stream of the context is captured, so it cannot be waited for.");
  return {};
}

Result<> unsafe_call_while_capturing() {
  if (tls_mode == CU_STREAM_CAPTURE_MODE_RELAXED) return {};
  const GraphLock lock;
  bool any = false;
  for (const auto& capture : captures()) {
    if (capture->mode == CU_STREAM_CAPTURE_MODE_RELAXED) continue;
    const bool own = capture->thread == this_thread().id;
    const bool everybodys = capture->mode == CU_STREAM_CAPTURE_MODE_GLOBAL && tls_mode == CU_STREAM_CAPTURE_MODE_GLOBAL;
    if (own || everybodys) any = capture->invalidated = true;
  }
  if (any) return unsupported("The call is unsafe while a stream is captured in this mode.");
  return {};
}

Result<> check_not_captured(const Event& event) {
  const std::shared_ptr<const CapturedPlace> place = event.captured();
  if (!place) return {};
  const GraphLock lock;
  if (const std::shared_ptr<Capture> capture = place->capture.lock()) capture->invalidated = true;
  return Error{CUDA_ERROR_CAPTURED_EVENT, "The event was last recorded in a stream that was captured.", ""};
}

Result<> capture(Stream& stream, std::shared_ptr<const Work> work) {
  const GraphLock lock;
  AW_TRY(add_node(stream, std::move(work)));
  return {};
}

// A launch that need not wait for its predecessor to end has an edge that says so.
Result<> capture_kernel(Stream& stream, const Function& function, CUkernel kernel, const backend::Launch& launch,
                        std::span<const CUlaunchAttribute> attributes) {
  std::vector<CUlaunchAttribute> kept;
  bool programmatic = false;
  for (const CUlaunchAttribute& attribute : attributes) switch (attribute.id) {
      case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
        programmatic = attribute.value.programmaticStreamSerializationAllowed != 0;
        break;
      case CU_LAUNCH_ATTRIBUTE_IGNORE:
      case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
      case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT: break;
      default: kept.push_back(attribute);
    }
  auto work = std::make_shared<const KernelWork>(function, kernel, launch, std::move(kept));
  const GraphLock lock;
  if (programmatic)
    for (Edge& edge : stream.capture_dependencies)
      if (edge.node->type() == CU_GRAPH_NODE_TYPE_KERNEL)
        edge.data = {CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC, 0, CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC, {}};
  AW_TRY(add_node(stream, std::move(work)));
  return {};
}

Result<> capture_record(Event& event, Stream& stream) {
  const GraphLock lock;
  const std::shared_ptr<Capture> capture = stream.capture();
  if (!capture) return unsupported("The capture of the stream has just ended.");
  if (capture->invalidated) return invalidated();
  event.set_captured(std::make_shared<const CapturedPlace>(CapturedPlace{capture, stream.capture_dependencies}));
  return {};
}

Result<> capture_wait(Stream& stream, const Event& event, bool external) {
  const GraphLock lock;
  const std::shared_ptr<const CapturedPlace> place = event.captured();
  const std::shared_ptr<Capture> mine = stream.capture(), theirs = place ? place->capture.lock() : nullptr;
  if (mine && mine->invalidated) return invalidated();
  if (external && mine) {
    AW_TRY(add_node(stream, std::make_shared<EventWaitWork>(static_cast<CUevent>(event.handle()))));
    return {};
  }
  if (place && !theirs) return Error{CUDA_ERROR_CAPTURED_EVENT, "The event was last recorded in a capture that has ended.", ""};
  if (!place) {
    if (!event.mark().queue) return {};  // it was never recorded
    mine->invalidated = true;
    return Error{CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "The event was recorded outside of the capture.", ""};
  }
  if (theirs->invalidated) return invalidated();
  if (!mine) {
    if (is_legacy(stream)) {
      theirs->invalidated = true;
      return implicit();
    }
    join(theirs, stream, place->dependencies);
    return {};
  }
  if (mine != theirs) {
    mine->invalidated = theirs->invalidated = true;
    return Error{CUDA_ERROR_STREAM_CAPTURE_MERGE, "The event was recorded in another capture than that of the stream.", ""};
  }
  add_dependencies(stream, place->dependencies);
  return {};
}

Result<> capture_allocation(Stream& stream, const MemoryPool& pool, size_t bytes, CUdeviceptr* address) {
  CUDA_MEM_ALLOC_NODE_PARAMS params{};
  params.poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  params.poolProps.location = {CU_MEM_LOCATION_TYPE_DEVICE, pool.device().ordinal()};
  params.bytesize = bytes;
  const GraphLock lock;
  const std::shared_ptr<Capture> capture = stream.capture();
  std::shared_ptr<GraphRange> used = capture ? reusable_range(capture->graph, stream.capture_dependencies, bytes) : nullptr;
  AW_ASSIGN(const std::shared_ptr<const AllocationWork> work, AllocationWork::make(params, std::move(used)));
  AW_TRY(add_node(stream, work));
  *address = work->range->base;
  return {};
}

Result<> capture_free(Stream& stream, CUdeviceptr address) {
  std::shared_ptr<GraphRange> range = stream.context().device().graph_memory().find(address);
  const GraphLock lock;
  if (!range)
    return invalid_value("The pointer is not that of an allocation node; other memory cannot be freed while a stream is captured.");
  AW_TRY(add_node(stream, std::make_shared<FreeWork>(std::move(range))));
  return {};
}

Result<> capture_launch(Stream& stream, CUgraphExec handle) {
  const GraphLock lock;
  AW_ASSIGN(GraphExec * exec, graph_exec_of(handle));
  if (exec->graph().has_memory_nodes())
    return Error{CUDA_ERROR_NOT_SUPPORTED, "A graph with allocation or free nodes cannot become a child graph.", ""};
  AW_ASSIGN(Node * node, add_node(stream, std::make_shared<NoWork>(CU_GRAPH_NODE_TYPE_GRAPH)));
  node->graphs.push_back(exec->graph().clone(node));
  return {};
}

void abandon_capture(Stream& stream) {
  std::unique_ptr<Graph> gone;
  const GraphLock lock;
  const std::shared_ptr<Capture> capture = stream.capture();
  if (!capture) return;
  if (&capture->origin == &stream) {
    gone = finish(*capture);
    return;
  }
  capture->departed.insert(capture->departed.end(), stream.capture_dependencies.begin(), stream.capture_dependencies.end());
  std::erase(capture->streams, &stream);
  stream.set_capture(nullptr);
}

namespace api {
namespace {

Result<> begin_capture(CUstream hStream, CUstreamCaptureMode mode) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  const GraphLock lock;
  AW_TRY(may_begin(*stream, mode));
  auto own = std::make_unique<Graph>();
  Graph& graph = *own;
  begin(*stream, mode, std::move(own), graph, {});
  return {};
}

Result<> tell_capture(CUstream hStream, CUstreamCaptureStatus* status, cuuint64_t* id, CUgraph* graph, const CUgraphNode** dependencies,
                      const CUgraphEdgeData** edges, size_t* count, bool lossless) {
  AW_TRY(need(status, "captureStatus_out"));
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  const GraphLock lock;
  const std::shared_ptr<Capture> capture = stream->capture();
  if (!capture) {
    if (is_legacy(*stream))
      for (const auto& other : captures())
        for (const Stream* member : other->streams)
          if (&member->context() == &stream->context() && member->blocking()) return implicit();
    *status = CU_STREAM_CAPTURE_STATUS_NONE;
    return {};
  }
  *status = capture->invalidated ? CU_STREAM_CAPTURE_STATUS_INVALIDATED : CU_STREAM_CAPTURE_STATUS_ACTIVE;
  if (capture->invalidated) return {};
  if (id) *id = capture->id;
  if (graph) *graph = capture->graph.handle();
  stream->told_nodes.clear();
  stream->told_edges.clear();
  bool plain = true;
  for (const Edge& edge : stream->capture_dependencies) {
    stream->told_nodes.push_back(edge.node->handle());
    stream->told_edges.push_back(edge.data);
    plain &= edge.data == CUgraphEdgeData{};
  }
  if (dependencies && !plain && !lossless && !edges)
    return Error{CUDA_ERROR_LOSSY_QUERY, "The dependencies have edge data, which this call cannot tell.", ""};
  if (dependencies) *dependencies = stream->told_nodes.data();
  if (edges) *edges = stream->told_edges.data();
  if (count) *count = stream->told_nodes.size();
  return {};
}

Result<> update_dependencies(CUstream hStream, CUgraphNode* dependencies, const CUgraphEdgeData* data, size_t count, unsigned flags) {
  if (flags != CU_STREAM_ADD_CAPTURE_DEPENDENCIES && flags != CU_STREAM_SET_CAPTURE_DEPENDENCIES)
    return invalid_value("The flags " + std::to_string(flags) + " are neither to add nor to set dependencies.");
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  const GraphLock lock;
  const std::shared_ptr<Capture> capture = stream->capture();
  if (!capture) return Error{CUDA_ERROR_ILLEGAL_STATE, "The stream is not captured.", ""};
  if (capture->invalidated) return invalidated();
  AW_ASSIGN(std::vector<Edge> edges, dependencies_of(capture->graph, dependencies, data, count));
  if (flags == CU_STREAM_SET_CAPTURE_DEPENDENCIES)
    stream->capture_dependencies = std::move(edges);
  else
    add_dependencies(*stream, edges);
  return {};
}

}  // namespace

Result<> cuStreamBeginCapture(CUstream hStream) { return begin_capture(hStream, CU_STREAM_CAPTURE_MODE_GLOBAL); }

Result<> cuStreamBeginCapture_v2(CUstream hStream, CUstreamCaptureMode mode) { return begin_capture(hStream, mode); }

Result<> cuStreamBeginCaptureToGraph(CUstream hStream, CUgraph hGraph, const CUgraphNode* dependencies,
                                     const CUgraphEdgeData* dependencyData, size_t numDependencies, CUstreamCaptureMode mode) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  const GraphLock lock;
  AW_TRY(may_begin(*stream, mode));
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  if (graph->capture) return Error{CUDA_ERROR_ILLEGAL_STATE, "Another stream is captured into the graph.", ""};
  AW_ASSIGN(std::vector<Edge> edges, dependencies_of(*graph, dependencies, dependencyData, numDependencies));
  begin(*stream, mode, nullptr, *graph, std::move(edges));
  return {};
}

Result<> cuStreamEndCapture(CUstream hStream, CUgraph* phGraph) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  std::unique_ptr<Graph> dropped;
  const GraphLock lock;
  const std::shared_ptr<Capture> capture = stream->capture();
  if (!capture) return Error{CUDA_ERROR_ILLEGAL_STATE, "The stream is not captured.", ""};
  if (&capture->origin != stream) {
    capture->invalidated = true;
    return Error{CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "The capture did not begin in this stream.", ""};
  }
  if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED && capture->thread != this_thread().id)
    return Error{CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "The capture was begun by another thread, and not in the relaxed mode.", ""};
  // Who captures into a graph of his own knows it.
  if (capture->own) AW_TRY(need(phGraph, "phGraph"));
  CUgraph unread = nullptr;
  if (!phGraph) phGraph = &unread;
  *phGraph = nullptr;
  const bool joined = is_joined(*capture);
  std::unique_ptr<Graph> made = finish(*capture);
  if (capture->invalidated || !joined) dropped = std::move(made);
  if (capture->invalidated) return invalidated();
  if (!joined) return Error{CUDA_ERROR_STREAM_CAPTURE_UNJOINED, "The capture has a forked stream that was not joined again.", ""};
  if (made) {
    AW_ASSIGN(*phGraph, give_to_program(std::move(made)));
  } else {
    *phGraph = capture->graph.handle();
  }
  return {};
}

Result<> cuStreamIsCapturing(CUstream hStream, CUstreamCaptureStatus* captureStatus) {
  return tell_capture(hStream, captureStatus, nullptr, nullptr, nullptr, nullptr, nullptr, true);
}

Result<> cuStreamGetCaptureInfo(CUstream hStream, CUstreamCaptureStatus* captureStatus_out, cuuint64_t* id_out) {
  return tell_capture(hStream, captureStatus_out, id_out, nullptr, nullptr, nullptr, nullptr, true);
}

Result<> cuStreamGetCaptureInfo_v2(CUstream hStream, CUstreamCaptureStatus* captureStatus_out, cuuint64_t* id_out, CUgraph* graph_out,
                                   const CUgraphNode** dependencies_out, size_t* numDependencies_out) {
  return tell_capture(hStream, captureStatus_out, id_out, graph_out, dependencies_out, nullptr, numDependencies_out, false);
}

Result<> cuStreamGetCaptureInfo_v3(CUstream hStream, CUstreamCaptureStatus* captureStatus_out, cuuint64_t* id_out, CUgraph* graph_out,
                                   const CUgraphNode** dependencies_out, const CUgraphEdgeData** edgeData_out,
                                   size_t* numDependencies_out) {
  return tell_capture(hStream, captureStatus_out, id_out, graph_out, dependencies_out, edgeData_out, numDependencies_out, false);
}

Result<> cuStreamUpdateCaptureDependencies(CUstream hStream, CUgraphNode* dependencies, size_t numDependencies, unsigned int flags) {
  return update_dependencies(hStream, dependencies, nullptr, numDependencies, flags);
}

Result<> cuStreamUpdateCaptureDependencies_v2(CUstream hStream, CUgraphNode* dependencies, const CUgraphEdgeData* dependencyData,
                                              size_t numDependencies, unsigned int flags) {
  return update_dependencies(hStream, dependencies, dependencyData, numDependencies, flags);
}

Result<> cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode* mode) {
  AW_TRY(need(mode, "mode"));
  AW_TRY(check_mode(*mode));
  std::swap(*mode, tls_mode);
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
