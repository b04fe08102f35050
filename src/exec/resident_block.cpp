#include "exec/resident_block.h"

namespace anywarp::exec {

Result<> ResidentBlock::start(Worker& worker, GridRun& run, uint64_t index) {
  worker_ = &worker;
  run_ = &run;
  if (!slot_) slot_ = take_shared_slot();
  if (!slot_) return Error{CUDA_ERROR_OUT_OF_MEMORY, "There is no room below 4 GiB for the shared memory of one more block in flight.", ""};
  block.launch = &run.launch();
  block.shared = slot_.place(run.launch().shared_bytes);
  block.executor = this;
  place_block(block, run.launch(), index);
  return prepare();
}

}  // namespace anywarp::exec
