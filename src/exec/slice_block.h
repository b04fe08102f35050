// A block of the vector engine whose slices are coroutines.
#pragma once

#include "exec/resident_block.h"

#include <vector>

namespace anywarp::exec {

class SliceBlock final : public ResidentBlock {
 public:
  ~SliceBlock() override;
  Progress advance() override;
  std::string deadlock() const override;
  void arrive(uint32_t barrier, uint32_t count, uint32_t lanes) override;
  void abandon() override {}

 protected:
  Result<> prepare() override;

 private:
  enum class State : uint8_t { Ready, Unsettled, Waiting, Yielded, Done };
  struct PendingArrival {
    uint32_t slice, barrier, count, lanes;
  };

  void* start_slice(uint32_t i);
  bool run_slice(uint32_t i);
  void settle(uint32_t i);
  void settle_arrivals(uint32_t i);
  void release(uint32_t barriers);
  Barriers::Arrival arrival_of(uint32_t i) const;
  uint32_t threads_of(uint32_t i) const;

  uint32_t count_ = 0;       // slices
  uint32_t width_ = 1;
  uint32_t running_ = 0;
  bool lockstep_ = true;     // every live slice is ready and no barrier holds an arrival
  std::vector<AwSlice> slices_;
  std::vector<void*> handles_;
  std::vector<State> states_;
  std::vector<uint32_t> live_;
  std::vector<PendingArrival> arrivals_;
  size_t next_arrival_ = 0;
  char* frames_ = nullptr;
  size_t frames_bytes_ = 0, frames_align_ = 0, frame_step_ = 0;
};

}  // namespace anywarp::exec
