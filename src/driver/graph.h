// Graphs: work that is described once and launched many times.
//
//   cuGraphAdd...Node -----+                                    CUgraph: nodes and edges, changed at will
//   stream capture --------+--> Graph --instantiate--> GraphExec: its own copy of the graph, and its Schedule
//                                                        |
//                                            cuGraphLaunch: one task in the stream's queue that runs the Schedule
//
// Graph and Node   the structure. A node is an immutable Work and edges; what "set params" changes is which Work a node has, so that
//                  clones and executable graphs share works instead of copying parameters (graph.cpp, graph_api.cpp).
// Work             what one node does, resolved when the node is made: the function, its shape and its own copy of the parameters; a
//                  copy with its addresses; and so on (graph_work.h). cuGraph...GetParams reads it back.
// Capture          a sequence of streams whose calls become nodes instead of tasks (capture.h).
// GraphExec        a copy of the graph's structure and the Schedule that was made from it (graph_exec.h).
// Schedule         all works in topological order, in one array (graph_schedule.h); child graphs are laid out in their parent's place,
//                  the bodies of conditional nodes behind. It is immutable while it is in flight: an update of an executable graph
//                  that is running changes a copy. Launching a graph of a thousand kernels puts one entry in one queue.
// GraphMemory      where the addresses of allocation nodes come from (graph_memory.h).
//
// CUDA leaves the locking of a graph to the program. The driver still must not crash on a race, so every call on graphs, and every
// captured call, holds the one lock of GraphLock; launches hold it while they put the task in the queue, and never while it runs.
#pragma once

#include "base/result.h"
#include "driver/handles.h"

#include <cuda.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace anywarp::driver {

class Capture;
class ConditionalValue;
class Graph;
class Node;
class UserObject;
class Work;

/// The lock of all graphs, executable graphs and captures. What a call gives up it destroys after it has let go of the lock, for
/// destructors of the program's may be among that (UserReference), and they take locks of their own.
class GraphLock {
 public:
  GraphLock();
  GraphLock(const GraphLock&) = delete;
  GraphLock& operator=(const GraphLock&) = delete;

 private:
  std::lock_guard<std::mutex> lock_;
};

/// An edge as one of its ends sees it.
struct Edge {
  Node* node;
  CUgraphEdgeData data{};
};

bool operator==(const CUgraphEdgeData& a, const CUgraphEdgeData& b);

class Node {
 public:
  using Handle = CUgraphNode;
  static constexpr Kind kKind = Kind::GraphNode;

  Node(Graph& graph, std::shared_ptr<const Work> work);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Made when it is first asked for: the nodes of executable graphs never are. Null when there are too many handles.
  CUgraphNode handle();
  void close();
  Graph& graph() const { return graph_; }
  uint64_t id() const { return id_; }
  const Work& work() const { return *work_; }
  const std::shared_ptr<const Work>& shared_work() const { return work_; }
  void set_work(std::shared_ptr<const Work> work) { work_ = std::move(work); }
  CUgraphNodeType type() const;

  std::vector<Edge> dependencies, dependents;
  std::vector<std::unique_ptr<Graph>> graphs;  // a child graph, or the bodies of a conditional node
  std::vector<CUgraph> body_handles;           // what cuGraphAddNode gave a pointer to
  uint64_t cloned_from = 0;                    // id of the node that this is a copy of
  uint32_t step = 0;                           // in the schedule, if the graph is that of a GraphExec
  bool enabled = true;                         // the same

 private:
  Graph& graph_;
  const uint64_t id_;
  CUgraphNode handle_ = nullptr;
  std::shared_ptr<const Work> work_;
};

/// A reference count that a graph holds of an object of the program's, given back when the last holder goes.
struct UserReference {
  UserReference(std::shared_ptr<UserObject> object, unsigned count) : object(std::move(object)), count(count) {}
  UserReference(const UserReference&) = delete;
  UserReference& operator=(const UserReference&) = delete;
  ~UserReference();

  const std::shared_ptr<UserObject> object;
  const unsigned count;
};

class Graph {
 public:
  using Handle = CUgraph;
  static constexpr Kind kKind = Kind::Graph;

  explicit Graph(Node* owner = nullptr);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  CUgraph handle();
  /// Gives up all handles, so that nobody finds the graph any more.
  void close();
  uint64_t id() const { return id_; }
  /// The node that this graph is a part of; null for a graph of the program's own.
  Node* owner() const { return owner_; }
  void set_owner(Node* owner) { owner_ = owner; }
  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }

  /// A new node behind `dependencies`, all of which are of this graph. An allocation or free node counts from here on.
  Node& add(std::shared_ptr<const Work> work, const std::vector<Edge>& dependencies);
  /// Takes the node and its edges out.
  std::unique_ptr<Node> remove(Node& node);
  static void connect(Node& from, Node& to, const CUgraphEdgeData& data);
  /// False when there is no such edge.
  static bool disconnect(Node& from, Node& to, const CUgraphEdgeData& data);

  /// All nodes, each behind those that it depends on, otherwise in the order of their creation; fewer when there is a cycle.
  std::vector<Node*> in_order() const;

  /// Nodes, edges, works and references; the values of conditional handles are shared. Nodes tell what they were cloned from.
  std::unique_ptr<Graph> clone(Node* owner = nullptr) const;
  /// Whether it, or a graph within, has allocation or free nodes.
  bool has_memory_nodes() const;
  /// Whether a stream is captured into it, or into a graph within.
  bool is_captured_into() const;

  std::vector<std::shared_ptr<UserReference>> user_references;
  std::vector<std::shared_ptr<ConditionalValue>> conditional_values;  // of the handles that were created for this graph
  uint64_t cloned_from = 0;
  const std::shared_ptr<unsigned> executables = std::make_shared<unsigned>(0);  // live ones that were made of it
  Capture* capture = nullptr;                                         // that adds nodes to it

 private:
  const uint64_t id_;
  CUgraph handle_ = nullptr;
  Node* owner_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

/// Makes the graph the program's own, until cuGraphDestroy. Errors: OUT_OF_MEMORY when it gets no handle.
Result<CUgraph> give_to_program(std::unique_ptr<Graph> graph);

/// Errors: INVALID_VALUE, as CUDA says for graphs and nodes that do not exist.
Result<Graph*> graph_of(CUgraph handle);
Result<Node*> node_of(CUgraphNode handle);
/// The node, if its work is of that type. Errors: INVALID_VALUE.
Result<Node*> node_of(CUgraphNode handle, CUgraphNodeType type);
/// The edges to nodes of the graph that a call names. Errors: INVALID_VALUE for a node of another graph, a node that is named twice,
/// or an edge that its nodes cannot have.
Result<std::vector<Edge>> dependencies_of(const Graph& graph, const CUgraphNode* nodes, const CUgraphEdgeData* data, size_t count);
Result<> check_edge(const Node& from, const CUgraphEdgeData& data);

const char* name_of(CUgraphNodeType type);

}  // namespace anywarp::driver
