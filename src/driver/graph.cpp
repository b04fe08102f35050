#include "driver/graph.h"

#include "driver/graph_work.h"
#include "driver/process.h"
#include "driver/user_object.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace anywarp::driver {
namespace {

std::mutex graphs_mutex;
std::atomic<uint64_t> next_id{1};

}  // namespace

GraphLock::GraphLock() : lock_(graphs_mutex) {}

bool operator==(const CUgraphEdgeData& a, const CUgraphEdgeData& b) {
  return a.from_port == b.from_port && a.to_port == b.to_port && a.type == b.type;
}

Node::Node(Graph& graph, std::shared_ptr<const Work> work) : graph_(graph), id_(next_id++), work_(std::move(work)) {}

Node::~Node() { close(); }

CUgraphNode Node::handle() {
  if (!handle_) handle_ = static_cast<CUgraphNode>(process()->handles().add(kKind, this));
  return handle_;
}

void Node::close() {
  process()->handles().remove(std::exchange(handle_, nullptr));
  for (const auto& graph : graphs) graph->close();
}

CUgraphNodeType Node::type() const { return work_->type; }

Graph::Graph(Node* owner) : id_(next_id++), owner_(owner) {}

Graph::~Graph() { close(); }

CUgraph Graph::handle() {
  if (!handle_) handle_ = static_cast<CUgraph>(process()->handles().add(kKind, this));
  return handle_;
}

void Graph::close() {
  process()->handles().remove(std::exchange(handle_, nullptr));
  for (const auto& node : nodes_) node->close();
}

Node& Graph::add(std::shared_ptr<const Work> work, const std::vector<Edge>& dependencies) {
  nodes_.push_back(std::make_unique<Node>(*this, std::move(work)));
  Node& made = *nodes_.back();
  for (const Edge& edge : dependencies) connect(*edge.node, made, edge.data);
  return made;
}

std::unique_ptr<Node> Graph::remove(Node& node) {
  const auto found = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& one) { return one.get() == &node; });
  if (found == nodes_.end()) return nullptr;
  std::unique_ptr<Node> gone = std::move(*found);
  nodes_.erase(found);
  const auto forget = [&](std::vector<Edge>& edges) { std::erase_if(edges, [&](const Edge& edge) { return edge.node == &node; }); };
  for (const Edge& edge : gone->dependencies) forget(edge.node->dependents);
  for (const Edge& edge : gone->dependents) forget(edge.node->dependencies);
  gone->close();
  return gone;
}

void Graph::connect(Node& from, Node& to, const CUgraphEdgeData& data) {
  from.dependents.push_back({&to, data});
  to.dependencies.push_back({&from, data});
}

bool Graph::disconnect(Node& from, Node& to, const CUgraphEdgeData& data) {
  const auto take = [&](std::vector<Edge>& edges, const Node& end) {
    const auto found = std::find_if(edges.begin(), edges.end(), [&](const Edge& edge) { return edge.node == &end && edge.data == data; });
    if (found == edges.end()) return false;
    edges.erase(found);
    return true;
  };
  return take(from.dependents, to) && take(to.dependencies, from);
}

std::vector<Node*> Graph::in_order() const {
  std::unordered_map<const Node*, size_t> missing;
  std::vector<Node*> order;
  order.reserve(nodes_.size());
  // Most graphs list their nodes in order already.
  std::unordered_map<const Node*, size_t> place;
  bool sorted = true;
  for (const auto& node : nodes_) {
    for (const Edge& edge : node->dependencies) sorted &= place.contains(edge.node);
    place.emplace(node.get(), place.size());
    order.push_back(node.get());
  }
  if (sorted) return order;
  order.clear();
  for (const auto& node : nodes_) {
    missing[node.get()] = node->dependencies.size();
    if (node->dependencies.empty()) order.push_back(node.get());
  }
  for (size_t i = 0; i < order.size(); ++i)
    for (const Edge& edge : order[i]->dependents)
      if (--missing[edge.node] == 0) order.push_back(edge.node);
  return order;
}

std::unique_ptr<Graph> Graph::clone(Node* owner) const {
  auto copy = std::make_unique<Graph>(owner);
  copy->cloned_from = id_;
  copy->user_references = user_references;
  copy->conditional_values = conditional_values;
  std::unordered_map<const Node*, Node*> copies;
  copies.reserve(nodes_.size());
  copy->nodes_.reserve(nodes_.size());
  for (const auto& node : nodes_) {
    Node& made = copy->add(node->shared_work(), {});
    made.cloned_from = node->id();
    for (const auto& graph : node->graphs) made.graphs.push_back(graph->clone(&made));
    copies[node.get()] = &made;
  }
  for (const auto& node : nodes_) {
    const auto translated = [&](const std::vector<Edge>& edges) {
      std::vector<Edge> list;
      list.reserve(edges.size());
      for (const Edge& edge : edges) list.push_back({copies.at(edge.node), edge.data});
      return list;
    };
    Node& made = *copies.at(node.get());
    made.dependencies = translated(node->dependencies);
    made.dependents = translated(node->dependents);
  }
  return copy;
}

bool Graph::has_memory_nodes() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](const auto& node) {
    if (node->type() == CU_GRAPH_NODE_TYPE_MEM_ALLOC || node->type() == CU_GRAPH_NODE_TYPE_MEM_FREE) return true;
    return std::any_of(node->graphs.begin(), node->graphs.end(), [](const auto& graph) { return graph->has_memory_nodes(); });
  });
}

bool Graph::is_captured_into() const {
  if (capture) return true;
  return std::any_of(nodes_.begin(), nodes_.end(), [](const auto& node) {
    return std::any_of(node->graphs.begin(), node->graphs.end(), [](const auto& graph) { return graph->is_captured_into(); });
  });
}

Result<CUgraph> give_to_program(std::unique_ptr<Graph> graph) {
  if (!graph->handle()) return Error{CUDA_ERROR_OUT_OF_MEMORY, "There are four million live handles, and there can be no more.", ""};
  return graph.release()->handle();
}

Result<Graph*> graph_of(CUgraph handle) {
  Graph* graph = find<Graph>(handle);
  if (!graph) return invalid_value("The handle is not one of a live graph.");
  return graph;
}

Result<Node*> node_of(CUgraphNode handle) {
  Node* node = find<Node>(handle);
  if (!node) return invalid_value("The handle is not one of a live node of a graph.");
  return node;
}

Result<Node*> node_of(CUgraphNode handle, CUgraphNodeType type) {
  AW_ASSIGN(Node * node, node_of(handle));
  if (node->type() != type)
    return invalid_value(std::string("The node is a ") + name_of(node->type()) + " node, where a " + name_of(type) + " node is expected.");
  return node;
}

Result<> check_edge(const Node& from, const CUgraphEdgeData& data) {
  for (const unsigned char byte : data.reserved)
    if (byte != 0) return invalid_value("The reserved bytes of an edge must be 0.");
  if (data.type != CU_GRAPH_DEPENDENCY_TYPE_DEFAULT && data.type != CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC)
    return invalid_value("There is no type " + std::to_string(data.type) + " of edges.");
  if (data.to_port != 0) return invalid_value("An edge ends at port 0; " + std::to_string(data.to_port) + " was given.");
  const bool ports = from.type() == CU_GRAPH_NODE_TYPE_KERNEL;
  if (data.from_port > (ports ? CU_GRAPH_KERNEL_NODE_PORT_LAUNCH_ORDER : 0))
    return invalid_value(std::string("A ") + name_of(from.type()) + " node has no port " + std::to_string(data.from_port) + ".");
  if (data.type == CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC && data.from_port == CU_GRAPH_KERNEL_NODE_PORT_DEFAULT)
    return invalid_value("A programmatic edge begins at a port other than 0 of a kernel node.");
  return {};
}

Result<std::vector<Edge>> dependencies_of(const Graph& graph, const CUgraphNode* nodes, const CUgraphEdgeData* data, size_t count) {
  std::vector<Edge> edges;
  if (count == 0) return edges;
  AW_TRY(need(nodes, "dependencies"));
  edges.reserve(std::min<size_t>(count, graph.nodes().size()));
  for (size_t i = 0; i < count; ++i) {
    AW_ASSIGN(Node * node, node_of(nodes[i]));
    if (&node->graph() != &graph) return invalid_value("Dependency " + std::to_string(i) + " is a node of another graph.");
    Edge edge{node, data ? data[i] : CUgraphEdgeData{}};
    AW_TRY(check_edge(*node, edge.data));
    if (std::any_of(edges.begin(), edges.end(), [&](const Edge& one) { return one.node == node && one.data == edge.data; }))
      return invalid_value("Dependency " + std::to_string(i) + " is named twice.");
    edges.push_back(edge);
  }
  return edges;
}

const char* name_of(CUgraphNodeType type) {
  static constexpr const char* kNames[] = {"kernel",
                                           "memcpy",
                                           "memset",
                                           "host",
                                           "child graph",
                                           "empty",
                                           "event wait",
                                           "event record",
                                           "semaphore signal",
                                           "semaphore wait",
                                           "memory allocation",
                                           "memory free",
                                           "batch memory operation",
                                           "conditional"};
  return unsigned(type) < std::size(kNames) ? kNames[type] : "unknown";
}

}  // namespace anywarp::driver
