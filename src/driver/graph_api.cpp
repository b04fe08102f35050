// Graphs as structures: what they hold, how they are connected, copied and destroyed.
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/graph.h"
#include "driver/graph_work.h"
#include "driver/process.h"

#include <algorithm>

namespace anywarp::driver::api {
namespace {

// Every list that the API tells: without a place for it the call gives its length; what is left of the place becomes null.
template <class Handle, class List, class HandleOf>
Result<> tell(const List& list, const HandleOf& handle_of, Handle* place, size_t* count) {
  AW_TRY(need(count, "the count"));
  if (!place) {
    *count = list.size();
    return {};
  }
  for (size_t i = 0; i < *count; ++i) place[i] = i < list.size() ? handle_of(list[i]) : nullptr;
  *count = std::min(*count, list.size());
  return {};
}

bool is_plain(const std::vector<Edge>& edges) {
  return std::all_of(edges.begin(), edges.end(), [](const Edge& edge) { return edge.data == CUgraphEdgeData{}; });
}

Error lossy() { return {CUDA_ERROR_LOSSY_QUERY, "There are edges with edge data, which this call has no place for.", ""}; }

Result<> tell_edges(const std::vector<Edge>& edges, CUgraphNode* nodes, CUgraphEdgeData* data, size_t* count) {
  AW_TRY(need(count, "the count"));
  if (!nodes && data) return invalid_value("Edge data was asked for without the nodes.");
  if (nodes && !data && !is_plain(edges)) return lossy();
  if (nodes && data)
    for (size_t i = 0; i < *count; ++i) data[i] = i < edges.size() ? edges[i].data : CUgraphEdgeData{};
  return tell(edges, [](const Edge& edge) { return edge.node->handle(); }, nodes, count);
}

struct End {
  Node *from, *to;
  CUgraphEdgeData data;
};

// The edges that a call names, each between nodes of the graph.
Result<std::vector<End>> edges_of(CUgraph hGraph, const CUgraphNode* from, const CUgraphNode* to, const CUgraphEdgeData* data,
                                  size_t count) {
  std::vector<End> ends;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  if (count == 0) return ends;
  AW_TRY(need(from, "from"));
  AW_TRY(need(to, "to"));
  for (size_t i = 0; i < count; ++i) {
    AW_ASSIGN(Node * a, node_of(from[i]));
    AW_ASSIGN(Node * b, node_of(to[i]));
    if (&a->graph() != graph || &b->graph() != graph) return invalid_value("Edge " + std::to_string(i) + " has a node of another graph.");
    if (a == b) return invalid_value("Edge " + std::to_string(i) + " connects a node with itself.");
    const End end{a, b, data ? data[i] : CUgraphEdgeData{}};
    AW_TRY(check_edge(*a, end.data));
    ends.push_back(end);
  }
  return ends;
}

bool is_connected(const Node& from, const Node& to, const CUgraphEdgeData& data) {
  return std::any_of(to.dependencies.begin(), to.dependencies.end(),
                     [&](const Edge& edge) { return edge.node == &from && edge.data == data; });
}

Result<> add_dependencies(CUgraph hGraph, const CUgraphNode* from, const CUgraphNode* to, const CUgraphEdgeData* data, size_t count) {
  const GraphLock lock;
  AW_ASSIGN(const std::vector<End> ends, edges_of(hGraph, from, to, data, count));
  for (size_t i = 0; i < ends.size(); ++i) {
    bool exists = is_connected(*ends[i].from, *ends[i].to, ends[i].data);
    for (size_t k = 0; k < i; ++k) exists |= ends[k].from == ends[i].from && ends[k].to == ends[i].to && ends[k].data == ends[i].data;
    if (exists) return invalid_value("Edge " + std::to_string(i) + " exists already.");
  }
  for (const End& end : ends) Graph::connect(*end.from, *end.to, end.data);
  return {};
}

Error memory_nodes(const char* what) {
  return {CUDA_ERROR_NOT_SUPPORTED, std::string(what) + " of a graph with allocation or free nodes.", ""};
}

Result<> remove_dependencies(CUgraph hGraph, const CUgraphNode* from, const CUgraphNode* to, const CUgraphEdgeData* data, size_t count) {
  const GraphLock lock;
  AW_ASSIGN(const std::vector<End> ends, edges_of(hGraph, from, to, data, count));
  if (ends.empty()) return {};
  if (ends.front().from->graph().has_memory_nodes()) return memory_nodes("Edges cannot be removed");
  for (size_t i = 0; i < ends.size(); ++i)
    if (!is_connected(*ends[i].from, *ends[i].to, ends[i].data)) return invalid_value("Edge " + std::to_string(i) + " does not exist.");
  for (const End& end : ends)
    if (!Graph::disconnect(*end.from, *end.to, end.data)) return invalid_value("An edge is named twice.");
  return {};
}

Result<> get_edges(CUgraph hGraph, CUgraphNode* from, CUgraphNode* to, CUgraphEdgeData* data, size_t* count) {
  AW_TRY(need(count, "numEdges"));
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  if (!from != !to || (!from && data)) return invalid_value("Both ends of the edges are asked for, or none.");
  std::vector<End> ends;
  for (const auto& node : graph->nodes())
    for (const Edge& edge : node->dependents) ends.push_back({node.get(), edge.node, edge.data});
  if (from && !data && std::any_of(ends.begin(), ends.end(), [](const End& end) { return !(end.data == CUgraphEdgeData{}); }))
    return lossy();
  if (from && data)
    for (size_t i = 0; i < *count; ++i) data[i] = i < ends.size() ? ends[i].data : CUgraphEdgeData{};
  size_t other = *count;
  AW_TRY(tell(ends, [](const End& end) { return end.from->handle(); }, from, &other));
  return tell(ends, [](const End& end) { return end.to->handle(); }, to, count);
}

}  // namespace

Result<> cuGraphCreate(CUgraph* phGraph, unsigned int flags) {
  AW_TRY(need(phGraph, "phGraph"));
  if (flags != 0) return invalid_value("cuGraphCreate takes no flags, yet " + std::to_string(flags) + " was given.");
  const GraphLock lock;
  AW_ASSIGN(*phGraph, give_to_program(std::make_unique<Graph>()));
  return {};
}

Result<> cuGraphDestroy(CUgraph hGraph) {
  std::unique_ptr<Graph> gone;
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  if (graph->owner()) return invalid_value("The graph is a part of a node, and goes with it.");
  if (graph->is_captured_into()) return Error{CUDA_ERROR_ILLEGAL_STATE, "A stream is captured into the graph, or a graph within.", ""};
  graph->close();
  gone.reset(graph);
  return {};
}

Result<> cuGraphDestroyNode(CUgraphNode hNode) {
  std::unique_ptr<Node> gone;
  const GraphLock lock;
  AW_ASSIGN(Node * node, node_of(hNode));
  if (node->graph().has_memory_nodes()) return memory_nodes("Nodes cannot be removed");
  if (node->graph().is_captured_into()) return Error{CUDA_ERROR_ILLEGAL_STATE, "A stream is captured into the graph of the node.", ""};
  gone = node->graph().remove(*node);
  return {};
}

Result<> cuGraphClone(CUgraph* phGraphClone, CUgraph originalGraph) {
  AW_TRY(need(phGraphClone, "phGraphClone"));
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(originalGraph));
  if (graph->has_memory_nodes()) return memory_nodes("There can be no copy");
  AW_ASSIGN(*phGraphClone, give_to_program(graph->clone()));
  return {};
}

Result<> cuGraphNodeFindInClone(CUgraphNode* phNode, CUgraphNode hOriginalNode, CUgraph hClonedGraph) {
  AW_TRY(need(phNode, "phNode"));
  const GraphLock lock;
  AW_ASSIGN(Node * original, node_of(hOriginalNode));
  AW_ASSIGN(Graph * clone, graph_of(hClonedGraph));
  for (const auto& node : clone->nodes())
    if (node->cloned_from == original->id()) {
      *phNode = node->handle();
      return {};
    }
  return invalid_value("The graph has no copy of the node.");
}

Result<> cuGraphNodeGetType(CUgraphNode hNode, CUgraphNodeType* type) {
  AW_TRY(need(type, "type"));
  const GraphLock lock;
  AW_ASSIGN(Node * node, node_of(hNode));
  *type = node->type();
  return {};
}

Result<> cuGraphGetNodes(CUgraph hGraph, CUgraphNode* nodes, size_t* numNodes) {
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  return tell(graph->nodes(), [](const auto& node) { return node->handle(); }, nodes, numNodes);
}

Result<> cuGraphGetRootNodes(CUgraph hGraph, CUgraphNode* rootNodes, size_t* numRootNodes) {
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  std::vector<Node*> roots;
  for (const auto& node : graph->nodes())
    if (node->dependencies.empty()) roots.push_back(node.get());
  return tell(roots, [](Node* node) { return node->handle(); }, rootNodes, numRootNodes);
}

Result<> cuGraphGetEdges(CUgraph hGraph, CUgraphNode* from, CUgraphNode* to, size_t* numEdges) {
  return get_edges(hGraph, from, to, nullptr, numEdges);
}

Result<> cuGraphGetEdges_v2(CUgraph hGraph, CUgraphNode* from, CUgraphNode* to, CUgraphEdgeData* edgeData, size_t* numEdges) {
  return get_edges(hGraph, from, to, edgeData, numEdges);
}

Result<> cuGraphNodeGetDependencies_v2(CUgraphNode hNode, CUgraphNode* dependencies, CUgraphEdgeData* edgeData, size_t* numDependencies) {
  const GraphLock lock;
  AW_ASSIGN(Node * node, node_of(hNode));
  return tell_edges(node->dependencies, dependencies, edgeData, numDependencies);
}

Result<> cuGraphNodeGetDependencies(CUgraphNode hNode, CUgraphNode* dependencies, size_t* numDependencies) {
  return api::cuGraphNodeGetDependencies_v2(hNode, dependencies, nullptr, numDependencies);
}

Result<> cuGraphNodeGetDependentNodes_v2(CUgraphNode hNode, CUgraphNode* dependentNodes, CUgraphEdgeData* edgeData,
                                         size_t* numDependentNodes) {
  const GraphLock lock;
  AW_ASSIGN(Node * node, node_of(hNode));
  return tell_edges(node->dependents, dependentNodes, edgeData, numDependentNodes);
}

Result<> cuGraphNodeGetDependentNodes(CUgraphNode hNode, CUgraphNode* dependentNodes, size_t* numDependentNodes) {
  return api::cuGraphNodeGetDependentNodes_v2(hNode, dependentNodes, nullptr, numDependentNodes);
}

Result<> cuGraphAddDependencies(CUgraph hGraph, const CUgraphNode* from, const CUgraphNode* to, size_t numDependencies) {
  return add_dependencies(hGraph, from, to, nullptr, numDependencies);
}

Result<> cuGraphAddDependencies_v2(CUgraph hGraph, const CUgraphNode* from, const CUgraphNode* to, const CUgraphEdgeData* edgeData,
                                   size_t numDependencies) {
  return add_dependencies(hGraph, from, to, edgeData, numDependencies);
}

Result<> cuGraphRemoveDependencies(CUgraph hGraph, const CUgraphNode* from, const CUgraphNode* to, size_t numDependencies) {
  return remove_dependencies(hGraph, from, to, nullptr, numDependencies);
}

Result<> cuGraphRemoveDependencies_v2(CUgraph hGraph, const CUgraphNode* from, const CUgraphNode* to, const CUgraphEdgeData* edgeData,
                                      size_t numDependencies) {
  return remove_dependencies(hGraph, from, to, edgeData, numDependencies);
}

Result<> cuGraphConditionalHandleCreate(CUgraphConditionalHandle* pHandle_out, CUgraph hGraph, CUcontext ctx,
                                        unsigned int defaultLaunchValue, unsigned int flags) {
  AW_TRY(need(pHandle_out, "pHandle_out"));
  if ((flags & ~unsigned(CU_GRAPH_COND_ASSIGN_DEFAULT)) != 0) return invalid_value("The flags " + std::to_string(flags) + " do not exist.");
  AW_TRY(context_of(ctx));
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  const bool assigned = (flags & CU_GRAPH_COND_ASSIGN_DEFAULT) != 0;
  auto value = std::make_shared<ConditionalValue>(assigned ? defaultLaunchValue : 0, assigned);
  *pHandle_out = value->handle();
  graph->conditional_values.push_back(std::move(value));
  return {};
}

}  // namespace anywarp::driver::api
