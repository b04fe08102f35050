// A kernel in regions (regions.cpp): each becomes a loop over the slices,
//
//   region:                            what edges from other regions have left for the phis of the block is theirs now
//   slices:  %slice = phi [0, region], [%next, next]
//            ... the blocks of the region; a way out is noted in %way and leads to ...
//   next:    %next = %slice + 1;  br %next < slices, slices, leave
//   leave:   switch %way, to the next region, or return
//
// A value that another region uses lies in an array with an element for each slice, unless it is the same for the block.
#include "spmd/widen.h"

namespace anywarp::spmd {

using namespace llvm;

uint32_t Widener::slices() const {
  const uint64_t threads = uint64_t(launch_.block[0]) * launch_.block[1] * launch_.block[2];
  return uint32_t((threads + width_ - 1) / width_);
}

/// The region that begins with `start`, as far as it is known: others may lead to it before it is written.
Widener::Region& Widener::region(const BasicBlock* start) {
  std::unique_ptr<Region>& found = region_[start];
  if (!found) {
    found = std::make_unique<Region>();
    found->first = BasicBlock::Create(context_, start->getName() + ".region", out_);
  }
  return *found;
}

/// Makes the region of `block` the current one, and begins it if the block is its first.
void Widener::enter_region(BasicBlock* block) {
  Region& now = region(regions_->start_of(block));
  current_region_ = &now;
  if (regions_->is_start(block)) {
    b_.SetInsertPoint(now.first);
    for (PHINode& phi : block->phis()) {
      const Slots& slots = slots_.find(&phi)->second;
      if (slots.incoming) store(load(slots.incoming), slots.scalar);
    }
    now.slice = begin_counting(block->getName() + ".slice");
    now.next = BasicBlock::Create(context_, block->getName() + ".next", out_);
    now.way = slot(b_.getInt32Ty(), "way");
    slice_ = now.slice;
    begin_slice();
    now.first_thread = first_thread_;
    now.entry_mask = entry_mask_;
    reset_masks(nullptr);
    b_.CreateBr(body_.lookup(block));
  }
  slice_ = now.slice;
  first_thread_ = now.first_thread;
  entry_mask_ = now.entry_mask;
}

/// All slices leave the current region on the same way, to the block `to`; null: they return.
void Widener::leave_region(BasicBlock* to) {
  auto& ways = current_region_->ways;
  const auto known = find(ways, to);
  b_.CreateStore(b_.getInt32(uint32_t(known - ways.begin())), current_region_->way);
  if (known == ways.end()) ways.push_back(to);
  b_.CreateBr(current_region_->next);
}

/// When all blocks are written: what comes behind each region.
void Widener::connect_regions() {
  for (auto& [start, now] : region_) {
    b_.SetInsertPoint(now->next);
    end_counting(now->slice, b_.getInt32(slices()), kir::kSliceLoop);
    auto go = [&](const BasicBlock* to) {
      BasicBlock* way = BasicBlock::Create(context_, "way", out_);
      IRBuilder<>::InsertPointGuard guard(b_);
      b_.SetInsertPoint(way);
      if (to) {
        b_.CreateBr(region(to).first);
      } else {
        end_block();
        b_.CreateRetVoid();
      }
      return way;
    };
    if (now->ways.empty()) {
      b_.CreateUnreachable();  // a loop that never ends
      continue;
    }
    SwitchInst* choice = b_.CreateSwitch(b_.CreateLoad(b_.getInt32Ty(), now->way), go(now->ways[0]), unsigned(now->ways.size()));
    for (size_t i = 1; i < now->ways.size(); ++i) choice->addCase(b_.getInt32(uint32_t(i)), go(now->ways[i]));
  }
}

}  // namespace anywarp::spmd
