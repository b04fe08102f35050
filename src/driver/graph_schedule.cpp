// From a graph to its schedule:
//
//   a -> child{c1 -> c2} -> while(v){b1} -> d        steps: a c1 c2 while d | b1      main = [0,5)  bodies = [5,6)
//
// As a rule the steps of a launch run one after the other on one thread of the executor; each kernel is spread over all workers by
// itself. This is what makes a launch cheap: a step is a call through a pointer, there are no queues, locks or counters between two of
// them, and nothing is looked up that was known when the graph was instantiated.
//
// Branches of kernels that have fewer blocks than there are workers, or of host functions that wait, gain when they run at once, and
// others lose by it. So a graph that has branches and whose steps take long enough is launched one way and the other, and then in the
// way that took less time.
#include "driver/graph_schedule.h"

#include "driver/executor.h"
#include "driver/process.h"
#include "driver/queue.h"
#include "observe/observe.h"

#include <algorithm>
#include <condition_variable>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace anywarp::driver {
namespace {

constexpr uint64_t kWorthHelpNs = 20'000;  // for each step: less than that goes into waking a thread
constexpr unsigned kMostHelpers = 7;

bool may_be_in_body(CUgraphNodeType type) {
  return type == CU_GRAPH_NODE_TYPE_KERNEL || type == CU_GRAPH_NODE_TYPE_MEMCPY || type == CU_GRAPH_NODE_TYPE_MEMSET ||
         type == CU_GRAPH_NODE_TYPE_GRAPH || type == CU_GRAPH_NODE_TYPE_EMPTY || type == CU_GRAPH_NODE_TYPE_CONDITIONAL;
}

// Puts the schedule of a graph together; the nodes learn their steps.
class Layout {
 public:
  explicit Layout(InstantiateFailure& failure) : failure_(failure) {}

  Result<std::shared_ptr<Schedule>> make(Graph& graph) {
    AW_ASSIGN(schedule_->main, add(graph, false));
    for (size_t i = 0; i < conditionals_.size(); ++i) {
      Node& node = *conditionals_[i];
      schedule_->steps[node.step].first_body = uint32_t(schedule_->bodies.size());
      const size_t first = schedule_->bodies.size();
      schedule_->bodies.resize(first + node.graphs.size());
      for (size_t body = 0; body < node.graphs.size(); ++body) {
        AW_ASSIGN(schedule_->bodies[first + body], add(*node.graphs[body], true));
      }
    }
    AW_TRY(check_handles());
    add_edges();
    return std::move(schedule_);
  }

 private:
  using Steps = std::vector<uint32_t>;

  Result<StepRange> add(Graph& graph, bool in_body) {
    StepRange range;
    range.begin = uint32_t(schedule_->steps.size());
    AW_TRY(add_inline(graph, in_body, {}));
    range.end = uint32_t(schedule_->steps.size());
    return range;
  }

  Error fail(CUgraphInstantiateResult result, Node* node, CUresult code, std::string why) {
    failure_ = {result, node};
    return {code, std::move(why), node ? std::string(name_of(node->type())) + " node" : ""};
  }

  // `before` are the steps that the whole graph comes behind; the result are those that come last in it.
  Result<Steps> add_inline(Graph& graph, bool in_body, const Steps& before) {
    const std::vector<Node*> order = graph.in_order();
    if (order.size() != graph.nodes().size()) {
      const std::unordered_set<const Node*> done(order.begin(), order.end());
      for (const auto& node : graph.nodes())
        if (!done.contains(node.get()))
          return fail(CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE, node.get(), CUDA_ERROR_INVALID_VALUE, "The graph has a cycle.");
    }
    schedule_->user_references.insert(schedule_->user_references.end(), graph.user_references.begin(), graph.user_references.end());
    declared_.insert(declared_.end(), graph.conditional_values.begin(), graph.conditional_values.end());
    std::unordered_map<const Node*, Steps> last;
    Steps last_of_all;
    const auto unite = [](Steps& all, const Steps& more) {
      all.insert(all.end(), more.begin(), more.end());
      std::sort(all.begin(), all.end());
      all.erase(std::unique(all.begin(), all.end()), all.end());
    };
    for (Node* node : order) {
      const CUgraphNodeType type = node->type();
      Steps behind;
      for (const Edge& edge : node->dependencies) unite(behind, last[edge.node]);
      if (node->dependencies.empty()) behind = before;
      if (in_body && !may_be_in_body(type))
        return fail(CUDA_GRAPH_INSTANTIATE_NODE_OPERATION_NOT_SUPPORTED, node, CUDA_ERROR_NOT_SUPPORTED,
                    std::string("The body of a conditional node cannot hold a ") + name_of(type) + " node.");
      if (type == CU_GRAPH_NODE_TYPE_GRAPH) {
        node->step = Step::kNone;
        AW_ASSIGN(last[node], add_inline(*node->graphs.front(), in_body, behind));
        if (node->dependents.empty()) unite(last_of_all, last[node]);
        continue;
      }
      if (const Result<> prepared = node->work().prepare(); !prepared) {
        failure_ = {CUDA_GRAPH_INSTANTIATE_ERROR, node};
        return prepared.error();
      }
      node->step = uint32_t(schedule_->steps.size());
      Step step;
      step.work = node->shared_work();
      step.enabled = node->enabled;
      switch (type) {
        case CU_GRAPH_NODE_TYPE_HOST: schedule_->calls_program = true; break;
        case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
        case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
          step.event = uint32_t(schedule_->event_steps.size());
          schedule_->event_steps.push_back(node->step);
          break;
        case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
        case CU_GRAPH_NODE_TYPE_MEM_FREE: schedule_->memory_steps.push_back(node->step); break;
        case CU_GRAPH_NODE_TYPE_CONDITIONAL: conditionals_.push_back(node); break;
        default: break;
      }
      for (const uint32_t earlier : behind) edges_.push_back({earlier, node->step});
      last[node] = {node->step};
      if (node->dependents.empty()) unite(last_of_all, last[node]);
      schedule_->steps.push_back(std::move(step));
    }
    return order.empty() ? before : last_of_all;
  }

  // Bodies run one step after the other.
  void add_edges() {
    const uint32_t count = schedule_->main.end;
    std::erase_if(edges_, [&](const auto& edge) { return edge.second >= count; });
    std::sort(edges_.begin(), edges_.end());
    schedule_->waits_for.resize(count);
    schedule_->first_follower.resize(count + 1);
    for (const auto& [from, to] : edges_) {
      ++schedule_->waits_for[to];
      ++schedule_->first_follower[from + 1];
      schedule_->followers.push_back(to);
    }
    for (uint32_t i = 0; i < count; ++i) schedule_->first_follower[i + 1] += schedule_->first_follower[i];
    for (uint32_t i = 1; i < count; ++i) schedule_->has_branches |= !std::binary_search(edges_.begin(), edges_.end(), std::pair(i - 1, i));
  }

  Result<> check_handles() {
    for (const Node* node : conditionals_) schedule_->values.push_back(work_of<ConditionalWork>(node->work()).value);
    for (const auto& value : declared_)
      if (std::find(schedule_->values.begin(), schedule_->values.end(), value) == schedule_->values.end())
        return fail(CUDA_GRAPH_INSTANTIATE_CONDITIONAL_HANDLE_UNUSED, nullptr, CUDA_ERROR_INVALID_VALUE,
                    "A conditional handle of the graph belongs to no conditional node.");
    return {};
  }

  InstantiateFailure& failure_;
  std::vector<std::pair<uint32_t, uint32_t>> edges_;
  std::shared_ptr<Schedule> schedule_ = std::make_shared<Schedule>();
  std::vector<Node*> conditionals_;  // whose bodies come at the end
  std::vector<std::shared_ptr<ConditionalValue>> declared_;
};

// The branches of a launch, run by the thread that owns it and by others that help. Steps that are ready are taken by whoever is free,
// the earlier first; since the owner takes part, the launch ends even if nobody comes to help.
class BranchRun final : public std::enable_shared_from_this<BranchRun> {
 public:
  BranchRun(std::shared_ptr<const Schedule> schedule, const Run& run)
      : schedule_(std::move(schedule)), run_(run), missing_(schedule_->waits_for), left_(schedule_->main.end) {
    for (uint32_t i = 0; i < schedule_->main.end; ++i)
      if (missing_[i] == 0) ready_.insert(i);
  }

  Result<> run(unsigned helpers) {
    for (unsigned i = 0; i < std::min(helpers, kMostHelpers); ++i)
      std::make_shared<Queue>(process()->executor(), std::make_shared<Status>(), 0)
          ->submit(std::make_unique<Helper>(shared_from_this()), {});
    work();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return running_ == 0; });
    return failed_ ? Result<>(error_) : Result<>();
  }

 private:
  class Helper final : public Task {
   public:
    explicit Helper(std::shared_ptr<BranchRun> of) : of_(std::move(of)) {}
    Result<> run() override {
      of_->work();
      return {};
    }
    bool calls_program() const override { return of_->schedule_->calls_program; }

   private:
    const std::shared_ptr<BranchRun> of_;
  };

  // Until all is done or something has failed.
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return !ready_.empty() || left_ == 0 || failed_; });
      if (left_ == 0 || failed_) return;
      const uint32_t step = *ready_.begin();
      ready_.erase(ready_.begin());
      ++running_;
      lock.unlock();
      Result<> result = schedule_->run(schedule_->steps[step], run_);
      lock.lock();
      --running_;
      --left_;
      if (!result && !failed_) {
        failed_ = true;
        error_ = result.error();
      }
      for (uint32_t i = schedule_->first_follower[step]; i < schedule_->first_follower[step + 1]; ++i)
        if (const uint32_t follower = schedule_->followers[i]; --missing_[follower] == 0) ready_.insert(follower);
      changed_.notify_all();
    }
  }

  const std::shared_ptr<const Schedule> schedule_;
  const Run& run_;  // of the owner, who outlives all that looks at it
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<uint32_t> ready_;
  std::vector<uint32_t> missing_;  // by step: what it still waits for
  uint32_t left_, running_ = 0;
  bool failed_ = false;
  Error error_;
};

}  // namespace

Result<> Schedule::run(const Step& step, const Run& run) const {
  if (!step.enabled) return {};
  if (step.first_body == Step::kNone) [[likely]]
    return step.work->run(run, step.event);
  const auto& condition = work_of<ConditionalWork>(*step.work);
  const auto body = [&](unsigned which) { return this->run(bodies[step.first_body + which], run); };
  switch (condition.kind) {
    case CU_GRAPH_COND_TYPE_IF:
      if (condition.value->value() != 0) return body(0);
      return condition.size == 2 ? body(1) : Result<>();
    case CU_GRAPH_COND_TYPE_WHILE:
      while (condition.value->value() != 0) AW_TRY(body(0));
      return {};
    case CU_GRAPH_COND_TYPE_SWITCH:
      if (const uint32_t value = condition.value->value(); value < condition.size) return body(value);
      return {};
  }
  return {};
}

Result<> Schedule::run(StepRange range, const Run& run) const {
  for (uint32_t i = range.begin; i < range.end; ++i)
    if (Result<> result = this->run(steps[i], run); !result) return result;
  return {};
}

Result<std::shared_ptr<Schedule>> make_schedule(Graph& graph, InstantiateFailure& failure) { return Layout(failure).make(graph); }

Result<> run_main(const std::shared_ptr<const Schedule>& schedule, const Run& run) {
  static const unsigned processors = process()->devices().front()->properties().workers;
  if (!schedule->has_branches || processors < 2) return schedule->run(schedule->main, run);
  LaunchHistory& history = *schedule->history;
  const uint64_t one_by_one = history.one_by_one.load(std::memory_order_relaxed), at_once = history.at_once.load(std::memory_order_relaxed);
  const bool worth_it = one_by_one / schedule->main.end >= kWorthHelpNs;
  const bool tries_at_once = worth_it && (at_once == 0 || at_once < one_by_one);
  const uint64_t begin = observe::now_ns();
  const Result<> result =
      tries_at_once ? std::make_shared<BranchRun>(schedule, run)->run(processors - 1) : schedule->run(schedule->main, run);
  (tries_at_once ? history.at_once : history.one_by_one).store(std::max<uint64_t>(observe::now_ns() - begin, 1), std::memory_order_relaxed);
  return result;
}

}  // namespace anywarp::driver
