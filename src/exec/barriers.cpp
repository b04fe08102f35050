// bar.sync id          waits until every thread of the block has arrived or has exited;
// bar.sync id, count   waits until `count` threads have arrived, in whole warps: the threads that a partial last warp
//                      lacks count as arrived with its last thread.
#include "exec/barriers.h"

#include <bit>

namespace anywarp::exec {

void Barriers::reset(uint32_t threads) {
  threads_ = threads;
  padded_ = (threads + kWarpSize - 1) / kWarpSize * kWarpSize;
  exited_ = 0;
  for (; used_ != 0; used_ &= used_ - 1) barriers_[std::countr_zero(used_)] = Barrier{};
}

bool Barriers::complete(uint32_t id) {
  Barrier& barrier = barriers_[id];
  const bool whole_block = barrier.expected == 0;
  if (whole_block ? barrier.arrived + exited_ < threads_ : barrier.arrived < barrier.expected) return false;
  outcomes_[id] = {barrier.sum, barrier.all};
  barrier = Barrier{};
  used_ &= ~(1u << id);
  return true;
}

bool Barriers::arrive(const Arrival& arrival) {
  const uint32_t id = arrival.barrier & 15;
  Barrier& barrier = barriers_[id];
  // A count that names the whole block means the whole block.
  const uint32_t count = arrival.count >= threads_ ? 0 : arrival.count;
  const uint32_t threads = count == 0 ? arrival.covers : arrival.lanes + (arrival.last ? padded_ - threads_ : 0);
  used_ |= 1u << id;
  barrier.expected = count;
  barrier.arrived += threads;
  barrier.sum += arrival.value;
  barrier.all &= arrival.value == arrival.lanes;
  return complete(id);
}

uint32_t Barriers::exit(uint32_t threads) {
  exited_ += threads;
  uint32_t completed = 0;
  for (uint32_t rest = used_; rest != 0; rest &= rest - 1) {
    const uint32_t id = uint32_t(std::countr_zero(rest));
    if (barriers_[id].expected == 0 && complete(id)) completed |= 1u << id;
  }
  return completed;
}

uint32_t Barriers::result(uint32_t barrier, uint32_t kind) const {
  const Outcome& outcome = outcomes_[barrier & 15];
  switch (kind) {
    case AW_WAIT_BARRIER_POPC: return outcome.sum;
    case AW_WAIT_BARRIER_AND: return outcome.all;
    case AW_WAIT_BARRIER_OR: return outcome.sum != 0;
    default: return 0;
  }
}

uint32_t Barriers::expected(uint32_t barrier) const {
  const Barrier& state = barriers_[barrier & 15];
  return state.expected == 0 ? threads_ - exited_ : state.expected;
}

}  // namespace anywarp::exec
