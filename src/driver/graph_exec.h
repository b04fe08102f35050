// An executable graph: what cuGraphLaunch launches.
#pragma once

#include "driver/graph.h"
#include "driver/graph_schedule.h"
#include "driver/stream.h"

#include <cuda.h>

#include <memory>
#include <unordered_map>
#include <vector>

namespace anywarp::driver {

class GraphExec {
 public:
  using Handle = CUgraphExec;
  static constexpr Kind kKind = Kind::GraphExec;

  GraphExec(Graph& source, uint64_t flags);
  ~GraphExec();
  GraphExec(const GraphExec&) = delete;
  GraphExec& operator=(const GraphExec&) = delete;

  /// Compiles what a graph needs, which may take long, and hence without GraphLock. What cannot be compiled is found out by make() and
  /// update() once more.
  static void compile(CUgraph source);

  /// All calls below hold GraphLock.
  /// Errors: INVALID_VALUE with the reason in `failure`; what a node's work says; NOT_SUPPORTED for a second executable graph with
  /// memory nodes.
  static Result<std::unique_ptr<GraphExec>> make(Graph& source, uint64_t flags, InstantiateFailure& failure);

  CUgraphExec handle() const { return handle_; }
  uint64_t flags() const { return flags_; }
  const Graph& graph() const { return *graph_; }

  /// Puts one task in the stream. Errors: INVALID_VALUE when memory is allocated twice, or freed that is not.
  Result<> launch(Stream& stream);
  /// Errors: GRAPH_EXEC_UPDATE_FAILURE, with the reason in `info`.
  Result<> update(Graph& from, CUgraphExecUpdateResultInfo& info);

  /// The node here that stands for one of the graph that this was made from. Errors: INVALID_VALUE.
  Result<Node*> counterpart(CUgraphNode node, CUgraphNodeType type) const;
  /// Changes what later launches do.
  Result<> set_work(Node& mine, std::shared_ptr<const Work> work);
  void set_enabled(Node& mine, bool enabled);
  Result<> update_child(Node& mine, Graph& from);

  /// Gives up the handle.
  void close();

 private:
  void map_nodes(const Graph& source, const Graph& copy);
  Result<> begin_memory(const Schedule& schedule) const;
  Schedule& changeable();

  CUgraphExec handle_ = nullptr;
  const uint64_t flags_;
  std::unique_ptr<Graph> graph_;
  std::shared_ptr<unsigned> executables_;      // the source's count
  std::unordered_map<uint64_t, Node*> nodes_;  // by the ids of the source's nodes
  std::shared_ptr<Schedule> schedule_;
  Mark last_launch_;
};

/// Errors: INVALID_VALUE.
Result<GraphExec*> graph_exec_of(CUgraphExec handle);

}  // namespace anywarp::driver
