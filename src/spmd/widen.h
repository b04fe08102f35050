// The vectoriser proper: writes the block function of a kernel, lane by lane made wide.
//
// widen.cpp holds the frame: blocks, masks, phis, and where values live. The instructions are written in
//   widen_values.cpp   arithmetic, casts, compares, aggregates
//   widen_memory.cpp   loads, stores, atomics, local arrays
//   widen_calls.cpp    special registers, barriers, runtime calls, everything that runs lane after lane
//   widen_warp.cpp     shuffles, votes, match, reductions
#pragma once

#include "spmd/linearise.h"
#include "spmd/mask.h"
#include "spmd/shapes.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>

#include <functional>

namespace anywarp::spmd {

class Widener {
 public:
  /// Requires: the form that prepare() makes; layout_shared() has run.
  Widener(llvm::Function& kernel, const Shapes& shapes, Linearisation& plan, const LaunchShape& launch, const Target& target,
          uint32_t width, bool suspends);

  /// Writes the block function `name` next to the kernel (exec/abi.h says what it takes).
  /// Errors: NOT_SUPPORTED with the instruction that cannot be widened.
  Result<llvm::Function*> run(llvm::StringRef name);

 private:
  // A value has up to three forms: a scalar (a uniform value, or the base of an affine one), the condition under which an
  // affine form holds (null: always), and one vector of lanes for each scalar component of its type.
  using Lanes = llvm::SmallVector<llvm::Value*, 1>;
  struct Forms {
    llvm::Value* scalar = nullptr;
    llvm::Value* valid = nullptr;
    Lanes lanes;
  };
  // Values that cross blocks live in slots (allocas) until the end, when LLVM promotes them: the linear order breaks
  // dominance, and SSA is rebuilt that way.
  struct Slots {
    llvm::AllocaInst* scalar = nullptr;
    llvm::AllocaInst* valid = nullptr;
    llvm::SmallVector<llvm::AllocaInst*, 1> lanes;
  };

  // --- widen.cpp
  void begin_function(llvm::StringRef name);
  void begin_slice_loop();
  void begin_coroutine();
  void end_slice();
  void create_blocks();
  void create_slots();
  void write_block(llvm::BasicBlock* block);
  void reset_masks(const llvm::Loop* loop);
  void write_terminator(llvm::BasicBlock* block);
  void write_latch(llvm::BasicBlock* block, const llvm::Loop* loop);
  void write_edge(llvm::BasicBlock* from, llvm::BasicBlock* to, llvm::Value* edge_mask);
  void jump(llvm::BasicBlock* target);
  bool cheap(const llvm::BasicBlock* block) const;
  void unsupported(const llvm::Instruction& instruction, llvm::StringRef why);

  llvm::AllocaInst* slot(llvm::Type* type, const llvm::Twine& name);
  llvm::AllocaInst* temporary(llvm::Type* type, const llvm::Twine& name);

  llvm::Value* scalar(const llvm::Value* value);
  llvm::Value* valid(const llvm::Value* value);
  const Lanes& lanes(const llvm::Value* value);
  llvm::Value* vector(const llvm::Value* value) { return lanes(value)[0]; }
  llvm::Value* splat(llvm::Value* value) { return b_.CreateVectorSplat(width_, value); }
  llvm::Value* offsets_vector(llvm::ArrayRef<int64_t> offsets, llvm::Type* type);
  llvm::Value* affine_lanes(llvm::Value* base, llvm::ArrayRef<int64_t> offsets);

  void define_scalar(const llvm::Value* value, llvm::Value* form);
  void define_affine(const llvm::Value* value, llvm::Value* base, llvm::Value* valid);
  void define_lanes(const llvm::Value* value, Lanes form);
  void define(const llvm::Value* value, llvm::Value* form) { define_lanes(value, Lanes{form}); }

  llvm::Type* host_type(llvm::Type* type);                           // pointers lose their address space
  void component_types(llvm::Type* type, llvm::SmallVectorImpl<llvm::Type*>& types);
  llvm::Type* wide(llvm::Type* type) { return llvm::FixedVectorType::get(host_type(type), width_); }
  llvm::Type* slot_lane_type(llvm::Type* component);                  // booleans cross blocks as masks

  // --- widen_values.cpp
  bool write_instruction(llvm::Instruction& instruction);
  void write_uniform(llvm::Instruction& instruction);
  void write_affine(llvm::Instruction& instruction, const Affine& shape);
  bool write_varying(llvm::Instruction& instruction);
  void write_gep(llvm::GetElementPtrInst& gep);
  void write_bitcast(llvm::CastInst& cast);
  llvm::Value* safe_divisor(const llvm::Value* divisor);

  // --- widen_memory.cpp
  void write_load(llvm::LoadInst& load);
  void write_store(llvm::StoreInst& store);
  void write_atomic(llvm::Instruction& instruction);
  void write_alloca(llvm::AllocaInst& alloca);
  llvm::Value* load_affine(llvm::Value* base, llvm::ArrayRef<int64_t> offsets, llvm::Type* type, llvm::Align align, bool is_volatile);
  llvm::Value* load_gather(llvm::Value* pointers, llvm::Type* type, llvm::Align align);
  llvm::Value* load_strided(llvm::Value* base, int64_t stride, llvm::Type* type, llvm::Align align);
  bool store_affine(llvm::Value* base, llvm::ArrayRef<int64_t> offsets, llvm::Value* data, llvm::Align align, bool is_volatile);
  void store_scatter(llvm::Value* pointers, llvm::Value* data, llvm::Align align, bool is_volatile);
  bool native_gather(llvm::Type* type) const;
  bool native_masked(llvm::Type* type) const;

  // --- widen_calls.cpp
  bool write_call(llvm::CallInst& call);
  llvm::Value* special_register(const llvm::CallInst& call);
  bool write_thread_register(llvm::CallInst& call);
  void write_barrier(llvm::CallInst& call);
  void write_runtime_call(llvm::CallInst& call, llvm::StringRef name);
  void write_lane_calls(llvm::CallInst& call);
  void suspend(uint32_t kind, llvm::Value* barrier, llvm::Value* count, llvm::Value* value);
  void suspend_yield();
  llvm::Value* block_field(size_t offset, llvm::Type* type);
  llvm::Value* launch_field(size_t offset, llvm::Type* type);
  llvm::Value* linear_thread_index();
  llvm::Value* slice_threads();

  /// Runs `body` for each active lane in order. Vectors that the body reads lie in memory: `in_memory` puts one there,
  /// `element` reads a lane of it.
  void for_each_lane(const std::function<void(llvm::Value* lane)>& body);
  llvm::Value* in_memory(llvm::Value* vector);
  llvm::Value* element(llvm::Value* memory, llvm::Type* type, llvm::Value* lane);
  /// Per-lane reader of an operand: uniform ones stay scalar.
  std::function<llvm::Value*(llvm::Value* lane)> lane_reader(const llvm::Value* operand);
  llvm::Value* extract_lane(llvm::Value* vector, llvm::Value* lane);

  // --- widen_warp.cpp
  bool write_warp_call(llvm::CallInst& call);
  void write_shuffle(llvm::CallInst& call);
  void write_vote(llvm::CallInst& call);
  void write_match(llvm::CallInst& call);
  void write_redux(llvm::CallInst& call);
  llvm::Value* permute(llvm::Value* data, llvm::Value* indices);
  llvm::Value* active_bits();

  llvm::Function& kernel_;
  const Shapes& shapes_;
  Linearisation& plan_;
  const LaunchShape launch_;
  const Target target_;
  const uint32_t width_;
  const bool suspends_;

  llvm::LLVMContext& context_;
  llvm::IRBuilder<> b_;
  Masks masks_;
  llvm::Function* out_ = nullptr;
  llvm::Instruction* entry_end_ = nullptr;            // allocas go before it
  llvm::Value* block_ = nullptr;                      // AwBlock*
  llvm::Value* launch_pointer_ = nullptr;             // const AwLaunch*
  llvm::Value* params_ = nullptr;
  llvm::Value* shared_ = nullptr;
  llvm::Value* slice_pointer_ = nullptr;              // AwSlice*, if it suspends
  llvm::Value* slice_ = nullptr;                      // i32: index of the slice
  llvm::Value* first_thread_ = nullptr;               // i32: linear index of lane 0
  llvm::PHINode* slice_phi_ = nullptr;
  llvm::BasicBlock* slice_loop_ = nullptr;
  llvm::BasicBlock* coroutine_cleanup_ = nullptr;
  llvm::BasicBlock* coroutine_end_ = nullptr;
  llvm::Value* entry_mask_ = nullptr;                 // null: the block's size is a multiple of the width

  llvm::DenseMap<const llvm::BasicBlock*, llvm::BasicBlock*> body_, guard_;
  llvm::DenseMap<const llvm::BasicBlock*, llvm::AllocaInst*> mask_slots_;
  llvm::DenseMap<const llvm::Value*, Slots> slots_;
  llvm::SmallVector<llvm::AllocaInst*> promotable_;
  // Valid within the block that is being written.
  llvm::DenseMap<const llvm::Value*, Forms> local_;
  llvm::Value* mask_ = nullptr;
  Error error_;
  bool failed_ = false;
};

}  // namespace anywarp::spmd
