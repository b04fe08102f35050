// The warp's collective operations as PTX defines them, on values that the lanes have brought.
#pragma once

#include <cstdint>
#include <string_view>

namespace anywarp::exec {

enum class WarpKind : uint8_t { Sync, Shuffle, Ballot, MatchAny, MatchAll, Reduce };

/// What one lane brings. Lanes work together when kind, mode and mask agree.
struct WarpOperation {
  WarpKind kind = WarpKind::Sync;
  uint32_t mode = 0;      // Shuffle: 0 up, 1 down, 2 bfly, 3 idx. Reduce: abi.h's op
  uint32_t mask = 0;
  uint64_t value = 0;
  uint32_t b = 0, c = 0;  // Shuffle
};

struct WarpResult {
  uint32_t value = 0;
  uint32_t flag = 0;      // Shuffle: the source lane is in range. MatchAll: all are equal
};

/// Computes the results of the lanes in `lanes`; operations and results are indexed by lane.
/// A shuffle from a lane that is not in `lanes` gives the reader's own value; PTX leaves it undefined.
void perform(uint32_t lanes, const WarpOperation* const operations[32], WarpResult* const results[32]);

/// The PTX name, for messages.
const char* name_of(WarpKind kind);

}  // namespace anywarp::exec
