#include "exec/warp_operation.h"

#include <algorithm>
#include <bit>

namespace anywarp::exec {
namespace {

template <class F>
void for_each_lane(uint32_t lanes, F&& f) {
  for (; lanes != 0; lanes &= lanes - 1) f(std::countr_zero(lanes));
}

// The source lane of PTX's shfl.sync; `in_range` is its predicate.
int shuffle_source(int lane, const WarpOperation& operation, bool& in_range) {
  const int b = int(operation.b & 31), clamp = int(operation.c & 31), segment = int(operation.c >> 8 & 31);
  const int max_lane = (lane & segment) | (clamp & ~segment), min_lane = lane & segment;
  int source = lane;
  switch (operation.mode) {
    case 0:
      source = lane - b;
      in_range = source >= max_lane;
      break;
    case 1:
      source = lane + b;
      in_range = source <= max_lane;
      break;
    case 2:
      source = lane ^ b;
      in_range = source <= max_lane;
      break;
    default:
      source = min_lane | (b & ~segment);
      in_range = source <= max_lane;
      break;
  }
  return in_range ? source & 31 : lane;
}

uint32_t combine(uint32_t op, uint32_t a, uint32_t b) {
  switch (op) {
    case 0: return a + b;
    case 1: return uint32_t(std::min(int32_t(a), int32_t(b)));
    case 2: return uint32_t(std::max(int32_t(a), int32_t(b)));
    case 3: return std::min(a, b);
    case 4: return std::max(a, b);
    case 5: return a & b;
    case 6: return a | b;
    default: return a ^ b;
  }
}

}  // namespace

void perform(uint32_t lanes, const WarpOperation* const operations[32], WarpResult* const results[32]) {
  const int first = std::countr_zero(lanes);
  switch (operations[first]->kind) {
    case WarpKind::Sync: break;
    case WarpKind::Shuffle:
      for_each_lane(lanes, [&](int lane) {
        bool in_range = false;
        const int source = shuffle_source(lane, *operations[lane], in_range);
        const bool present = lanes >> source & 1;
        results[lane]->value = uint32_t(operations[present ? source : lane]->value);
        results[lane]->flag = in_range;
      });
      break;
    case WarpKind::Ballot: {
      uint32_t votes = 0;
      for_each_lane(lanes, [&](int lane) { votes |= uint32_t(operations[lane]->value != 0) << lane; });
      for_each_lane(lanes, [&](int lane) { results[lane]->value = votes; });
      break;
    }
    case WarpKind::MatchAny:
      for_each_lane(lanes, [&](int lane) {
        uint32_t equal = 0;
        for_each_lane(lanes, [&](int other) { equal |= uint32_t(operations[other]->value == operations[lane]->value) << other; });
        results[lane]->value = equal;
      });
      break;
    case WarpKind::MatchAll: {
      bool all = true;
      for_each_lane(lanes, [&](int lane) { all &= operations[lane]->value == operations[first]->value; });
      for_each_lane(lanes, [&](int lane) {
        results[lane]->value = all ? lanes : 0;
        results[lane]->flag = all;
      });
      break;
    }
    case WarpKind::Reduce: {
      uint32_t total = uint32_t(operations[first]->value);
      for_each_lane(lanes & (lanes - 1),
                    [&](int lane) { total = combine(operations[first]->mode, total, uint32_t(operations[lane]->value)); });
      for_each_lane(lanes, [&](int lane) { results[lane]->value = total; });
      break;
    }
  }
}

const char* name_of(WarpKind kind) {
  switch (kind) {
    case WarpKind::Sync: return "bar.warp.sync";
    case WarpKind::Shuffle: return "shfl.sync";
    case WarpKind::Ballot: return "vote.sync";
    case WarpKind::MatchAny: return "match.any.sync";
    case WarpKind::MatchAll: return "match.all.sync";
    case WarpKind::Reduce: return "redux.sync";
  }
  return "";
}

}  // namespace anywarp::exec
