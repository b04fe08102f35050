// What a launch of a graph runs: its works in one array, in an order that respects all edges.
#pragma once

#include "driver/graph.h"
#include "driver/graph_work.h"

#include <cuda.h>

#include <atomic>
#include <memory>
#include <vector>

namespace anywarp::driver {

/// Why a graph cannot be instantiated, or updated: the node that is to blame.
struct InstantiateFailure {
  CUgraphInstantiateResult result = CUDA_GRAPH_INSTANTIATE_SUCCESS;
  Node* node = nullptr;     // of the copy, while the schedule is made
  uint64_t source_id = 0;   // of the source's node
};

struct Step {
  static constexpr uint32_t kNone = ~uint32_t{0};
  std::shared_ptr<const Work> work;
  uint32_t event = kNone;       // event record and wait: where Run has what is theirs
  uint32_t first_body = kNone;  // conditional: its bodies are Schedule::bodies[first_body] and the next
  bool enabled = true;
};

/// What the launches of a graph took, in nanoseconds; 0 while it is not known.
struct LaunchHistory {
  std::atomic<uint64_t> one_by_one{0}, at_once{0};
};

/// Steps [begin, end) of the schedule.
struct StepRange {
  uint32_t begin = 0, end = 0;
};

/// All that a launch does, in one array. Never changed while a launch holds it.
struct Schedule {
  std::vector<Step> steps;
  StepRange main;
  std::vector<StepRange> bodies;
  std::vector<uint32_t> memory_steps;  // allocations and frees
  std::vector<uint32_t> event_steps;
  std::vector<std::shared_ptr<ConditionalValue>> values;
  std::vector<std::shared_ptr<UserReference>> user_references;
  bool calls_program = false;

  // How the steps of main depend on each other, for a launch that runs several at once.
  std::vector<uint32_t> waits_for;       // by step: how many steps it comes behind
  std::vector<uint32_t> first_follower;  // by step: where in `followers` those that come behind it begin; one more at the end
  std::vector<uint32_t> followers;
  bool has_branches = false;             // false: each step of main comes behind the one before
  std::shared_ptr<LaunchHistory> history = std::make_shared<LaunchHistory>();

  /// Runs the steps one after the other.
  Result<> run(StepRange range, const Run& run) const;
  Result<> run(const Step& step, const Run& run) const;
};

/// From a graph to its schedule; the nodes learn their steps. Errors: those of GraphExec::make.
Result<std::shared_ptr<Schedule>> make_schedule(Graph& graph, InstantiateFailure& failure);

/// Runs the main steps, in whatever way has turned out to be fastest.
Result<> run_main(const std::shared_ptr<const Schedule>& schedule, const Run& run);

}  // namespace anywarp::driver
