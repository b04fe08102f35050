// The vectoriser proper: writes the block function of a kernel, lane by lane made wide.
//
// widen.cpp holds the frame: blocks, masks, phis, and where values live. The instructions are written in
//   widen_values.cpp   arithmetic, casts, compares, aggregates
//   widen_memory.cpp   loads, stores, atomics, local arrays
//   widen_calls.cpp    special registers, barriers, intrinsics, runtime calls
//   widen_lanes.cpp    what runs lane after lane
//   widen_regions.cpp  loops over the slices between barriers
//   widen_warp.cpp     shuffles, votes, match, reductions
//   widen_matrix.cpp   products of matrices, their loads and stores
#pragma once

#include "kir/matrix.h"
#include "spmd/linearise.h"
#include "spmd/mask.h"
#include "spmd/regions.h"
#include "spmd/shapes.h"
#include "spmd/waiting.h"
#include "spmd/walking.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/MapVector.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace anywarp::spmd {

class Widener {
 public:
  /// Requires: the form that prepare() makes; layout_shared() has run. With `regions` (may be null) the kernel does not suspend.
  Widener(llvm::Function& kernel, const Shapes& shapes, Linearisation& plan, const Waiting& waiting, const Walking& walking,
          const Regions* regions, const LaunchShape& launch, const Target& target, uint32_t width, bool suspends);

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
    llvm::Value* crossing = nullptr;                  // i32, of a crossed value
    Lanes lanes;
  };
  // Values that cross blocks live in slots (allocas) until the end, when LLVM promotes them: the linear order breaks
  // dominance, and SSA is rebuilt that way.
  struct Slot {
    llvm::AllocaInst* memory = nullptr;
    llvm::Type* type = nullptr;
    bool of_slice = false;                            // an array with an element for each slice
    explicit operator bool() const { return memory; }
  };
  struct Slots {
    Slot scalar, valid, crossing;
    llvm::SmallVector<Slot, 1> lanes;
    Slot incoming;                                    // of a phi at a region's start: what other regions write
  };

  // A walking loop: where its rounds begin anew after a stop, and how many are left before the next one.
  struct Walk {
    llvm::BasicBlock* start = nullptr;
    llvm::AllocaInst* left = nullptr;
  };

  // What is known of a mask without looking at it: whether any lane is on, and whether all are.
  struct Facts {
    llvm::Value* any = nullptr;
    llvm::Value* full = nullptr;
  };

  struct Region {
    llvm::BasicBlock* first = nullptr;
    llvm::BasicBlock* next = nullptr;                 // after a slice
    llvm::PHINode* slice = nullptr;
    llvm::Value* first_thread = nullptr;
    llvm::Value* entry_mask = nullptr;
    llvm::AllocaInst* way = nullptr;                  // index in `ways` of the one that is taken
    llvm::SmallVector<llvm::BasicBlock*, 2> ways;     // starts of regions; null: the return
  };

  // --- widen.cpp
  void begin_function(llvm::StringRef name);
  void begin_block_loop();
  void end_block();
  llvm::PHINode* begin_counting(const llvm::Twine& name);
  void end_counting(llvm::PHINode* count, llvm::Value* end, const char* property = nullptr);
  void set_loop_property(llvm::BranchInst* back, llvm::StringRef name);
  void begin_slice();
  void begin_slice_loop();
  void begin_coroutine();
  void end_slice();
  void create_blocks();
  void create_slots();
  void share_slots();
  void write_block(llvm::BasicBlock* block);
  void reset_masks(const llvm::Loop* loop);
  void write_instructions(llvm::BasicBlock* block);
  bool has_two_versions(const llvm::BasicBlock* block) const;
  bool assume(llvm::Value* condition);
  void write_terminator(llvm::BasicBlock* block);
  void keep_rolled(llvm::BranchInst* back);
  void write_latch(llvm::BasicBlock* block, const llvm::Loop* loop);
  void create_walks();
  void walk_on(llvm::BasicBlock* header);
  void write_edge(llvm::BasicBlock* from, llvm::BasicBlock* to, llvm::Value* edge_mask, Facts facts);
  Facts facts_of_mask();
  Facts facts_of(const llvm::BasicBlock* block, const llvm::Value* condition, bool holds);
  void jump(llvm::BasicBlock* target);
  bool cheap(const llvm::BasicBlock* block) const;
  void unsupported(const llvm::Instruction& instruction, llvm::StringRef why);

  llvm::AllocaInst* slot(llvm::Type* type, const llvm::Twine& name);
  Slot crossing_slot(llvm::Type* type, bool of_slice, const llvm::Twine& name);
  llvm::Value* address(const Slot& slot);
  llvm::Value* load(const Slot& slot) { return b_.CreateLoad(slot.type, address(slot)); }
  void store(llvm::Value* value, const Slot& slot) { b_.CreateStore(value, address(slot)); }
  void compute_anew(const llvm::Value* value);
  llvm::AllocaInst* temporary(llvm::Type* type, const llvm::Twine& name);

  llvm::Value* scalar(const llvm::Value* value);
  llvm::Value* valid(const llvm::Value* value);
  const Lanes& lanes(const llvm::Value* value);
  llvm::Value* vector(const llvm::Value* value) { return lanes(value)[0]; }
  llvm::Value* splat(llvm::Value* value) { return b_.CreateVectorSplat(width_, value); }
  llvm::Value* offsets_vector(llvm::ArrayRef<int64_t> offsets, llvm::Type* type);
  llvm::Value* affine_lanes(llvm::Value* base, llvm::ArrayRef<int64_t> offsets, llvm::Value* crossing);

  void define_scalar(const llvm::Value* value, llvm::Value* form);
  void define_affine(const llvm::Value* value, llvm::Value* base, llvm::Value* valid, llvm::Value* crossing = nullptr);
  /// i32 below the width: lane l of the crossed value has the offset of lane l ^ crossing. Null of other values.
  llvm::Value* crossing(const llvm::Value* value);
  llvm::Value* lane_numbers(unsigned lanes, llvm::Type* type);
  void define_lanes(const llvm::Value* value, Lanes form);
  void define(const llvm::Value* value, llvm::Value* form) { define_lanes(value, Lanes{form}); }

  llvm::Type* host_type(llvm::Type* type);                           // pointers lose their address space
  void component_types(llvm::Type* type, llvm::SmallVectorImpl<llvm::Type*>& types);
  llvm::Type* wide(llvm::Type* type) { return llvm::FixedVectorType::get(host_type(type), width_); }
  llvm::Type* slot_lane_type(llvm::Type* component);                  // booleans cross blocks as masks

  // --- widen_regions.cpp
  uint32_t slices() const;
  Region& region(const llvm::BasicBlock* start);
  void enter_region(llvm::BasicBlock* block);
  void leave_region(llvm::BasicBlock* to);
  void connect_regions();

  // --- widen_values.cpp
  bool write_instruction(llvm::Instruction& instruction);
  void write_uniform(llvm::Instruction& instruction);
  void write_affine(llvm::Instruction& instruction, const Affine& shape);
  bool write_varying(llvm::Instruction& instruction);
  void write_gep(llvm::GetElementPtrInst& gep);
  bool write_bitcast(llvm::CastInst& cast);
  llvm::Value* safe_divisor(const llvm::BinaryOperator* division, llvm::Value* dividend, llvm::Value* divisor);

  // --- widen_memory.cpp
  void write_load(llvm::LoadInst& load);
  void write_store(llvm::StoreInst& store);
  void write_atomic(llvm::Instruction& instruction);
  void write_alloca(llvm::AllocaInst& alloca);
  void write_fence(llvm::FenceInst& fence);
  void write_copy(llvm::CallInst& call, unsigned bytes);
  llvm::Value* load_lanes(const llvm::Value* pointer, int64_t offset, llvm::Type* type, llvm::Align align, bool ordered, bool invariant);
  llvm::Value* load_affine(llvm::Value* base, llvm::ArrayRef<int64_t> offsets, llvm::Type* type, llvm::Align align, bool is_volatile,
                           bool invariant, const std::function<llvm::Value*()>& anyhow);
  llvm::Value* load_strided(llvm::Value* base, int64_t stride, llvm::Type* type, llvm::Align align);
  llvm::Value* load_gather(llvm::Value* pointers, llvm::Type* type, llvm::Align align);
  llvm::Value* load_one_by_one(const llvm::Value* pointer, int64_t offset, llvm::Type* type, llvm::Align align, bool is_volatile);
  void store_lanes(const llvm::Value* pointer, int64_t offset, llvm::Value* data, llvm::Align align, bool ordered);
  void store_affine(llvm::Value* base, llvm::ArrayRef<int64_t> offsets, llvm::Value* data, llvm::Align align, bool is_volatile,
                    const std::function<llvm::Value*()>& anyhow);
  llvm::Value* store_strided(llvm::Value* base, int64_t stride, llvm::Value* data, llvm::Align align);
  void store_scatter(llvm::Value* pointers, llvm::Value* data, llvm::Align align);
  void store_one_by_one(const llvm::Value* pointer, int64_t offset, llvm::Value* data, llvm::Align align, bool is_volatile);
  llvm::Value* atomic_of(llvm::Instruction& update, llvm::Value* pointer, llvm::ArrayRef<llvm::Value*> operands);
  llvm::Value* reduce(llvm::Intrinsic::ID reduction, llvm::Value* data, llvm::Value* mask);
  llvm::Value* last_lane(const llvm::Value* value);
  llvm::Value* offset_pointer(llvm::Value* pointer, int64_t offset);
  llvm::Value* concatenate(llvm::ArrayRef<llvm::Value*> parts);
  bool native_masked(llvm::Type* type) const;
  llvm::Value* all_active();
  /// A branch: code of `yes` and of `no`, and the value of the way taken (null if they have none).
  llvm::Value* either_way(llvm::Value* condition, const std::function<llvm::Value*()>& yes, const std::function<llvm::Value*()>& no);

  // --- widen_lines.cpp
  struct Line {
    llvm::Value* base;                                  // ptr
    llvm::Value* places;                                // vector of integers as long as the elements: whose element a lane wants
    llvm::Value* second = nullptr;                      // ptr to the line behind, if places go on there
    /// i1: an active lane's element is in the line; null: one is. Other lines may be nobody's memory.
    llvm::Value *is_used = nullptr, *second_is_used = nullptr;
  };
  struct Lines {
    llvm::SmallVector<Line> lines;
    unsigned lanes;                                     // of one line
    llvm::Align align;
    bool all_readable;                                  // of lines that are used; otherwise only what lanes read
  };
  llvm::Value* permute_line(llvm::Value* data, llvm::Value* places);
  llvm::SmallVector<llvm::Value*> in_lines(llvm::Value* vector, unsigned lanes);
  unsigned lanes_of_line(const llvm::Value* pointer, llvm::Type* type, llvm::Align align) const;
  llvm::Value* permute_lines(llvm::Value* first, llvm::Value* second, llvm::Value* places);
  Lines lines_of(llvm::Value* pointers, llvm::Type* type, unsigned lanes, unsigned count, llvm::Value*& in_line);
  llvm::Value* rise(llvm::Value* places);
  void spread_over_lines(const Lines& lines, llvm::Value* data);
  std::optional<Lines> crossed_lines(const llvm::Value* pointer, int64_t offset, llvm::Type* type, llvm::Align align);
  llvm::SmallVector<llvm::Value*> permuted_masks(const Lines& lines);
  llvm::Value* load_lines(const Lines& lines, llvm::Type* type);
  void store_lines(const Lines& lines, llvm::Value* data);
  llvm::Value* load_line_or(const llvm::Value* pointer, llvm::Value* pointers, llvm::Type* type, llvm::Align align,
                            const std::function<llvm::Value*()>& anyhow);
  void store_line_or(const llvm::Value* pointer, llvm::Value* pointers, llvm::Value* data, llvm::Align align,
                     const std::function<llvm::Value*()>& anyhow);

  // --- widen_calls.cpp
  bool write_call(llvm::CallInst& call);
  bool write_register(llvm::CallInst& call);
  bool write_thread_register(llvm::CallInst& call);
  bool write_space_test(llvm::CallInst& call);
  bool write_vector_intrinsic(llvm::CallInst& call);
  bool write_vector_variant(llvm::CallInst& call);
  bool write_runtime_call(llvm::CallInst& call, llvm::StringRef name);
  void write_texture_fetch(llvm::CallInst& call);
  void write_lane_calls(llvm::CallInst& call, llvm::FunctionCallee callee, llvm::ArrayRef<llvm::Value*> before);
  bool write_barrier(llvm::CallInst& call);
  void suspend(uint32_t kind, llvm::Value* barrier = nullptr, llvm::Value* count = nullptr, llvm::Value* value = nullptr);
  llvm::Value* slice_field(size_t offset);
  llvm::Value* field(llvm::Value* base, size_t offset, llvm::Type* type, const llvm::Twine& name);
  llvm::Value* linear_thread_index();
  llvm::Value* thread_index(unsigned axis);
  llvm::Value* active_count();
  llvm::FunctionCallee runtime_function(llvm::StringRef name, llvm::Type* result, llvm::ArrayRef<llvm::Type*> parameters);

  // --- widen_lanes.cpp
  /// Runs `body` for each active lane in order. Vectors that the body reads lie in memory: `in_memory` puts one there,
  /// `element` reads a lane of it.
  void for_each_lane(const std::function<void(llvm::Value* lane)>& body);
  llvm::Value* in_memory(llvm::Value* vector);
  llvm::Value* element(llvm::Value* memory, llvm::Type* type, llvm::Value* lane);
  /// Per-lane reader of an operand: uniform ones stay scalar.
  std::function<llvm::Value*(llvm::Value* lane)> lane_reader(const llvm::Value* operand);
  /// A value of the type from its scalar components.
  llvm::Value* compose(llvm::Type* type, const std::function<llvm::Value*(unsigned component)>& component);
  void decompose(llvm::Value* value, llvm::SmallVectorImpl<llvm::Value*>& components);
  /// Collects a value of each lane. A null type collects nothing.
  class LaneResult {
   public:
    LaneResult(Widener& widener, llvm::Type* type);
    void set(llvm::Value* lane, llvm::Value* value);
    Lanes get();

   private:
    Widener& widener_;
    llvm::SmallVector<llvm::Type*> types_;
    llvm::SmallVector<llvm::Value*> memory_;
  };

  // --- widen_warp.cpp
  bool write_warp_call(llvm::CallInst& call);
  bool write_shuffle(llvm::CallInst& call, llvm::StringRef mode);
  bool write_vote(llvm::CallInst& call);
  bool write_match(llvm::CallInst& call);
  bool write_redux(llvm::CallInst& call, llvm::StringRef operation);
  void write_elect(llvm::CallInst& call);
  /// For each group of lanes that agree on `key`: `body` gets the group's mask and gives the group's results.
  Lanes for_each_group(llvm::Value* key, llvm::ArrayRef<llvm::Type*> types, const std::function<Lanes(llvm::Value* group)>& body);
  llvm::Value* permute(llvm::Value* data, llvm::Value* indices);
  llvm::Value* active_bits();

  // --- widen_matrix.cpp
  bool write_matrix_operation(llvm::CallInst& call);
  void write_product(llvm::CallInst& call, const kir::Product& product);
  void write_row_matrices(llvm::CallInst& call, const kir::RowMatrices& matrices);
  void write_tile(llvm::CallInst& call, const kir::Tile& tile);
  /// The memory that `write` has filled for the registers, in this call or an earlier one within the block.
  llvm::Value* prepared(const kir::Product& product, bool of_a, llvm::ArrayRef<llvm::Value*> registers, uint64_t words, llvm::Type* word,
                        const std::function<void(llvm::Value* memory)>& write);
  void forget_prepared();
  std::function<llvm::Value*(unsigned lane)> scalars_of_lanes(const llvm::Value* value);
  llvm::Value* load_pieces(unsigned count, const std::function<llvm::Value*(unsigned)>& pointer, llvm::Type* element, unsigned length,
                           llvm::Align align);
  void store_pieces(unsigned count, const std::function<llvm::Value*(unsigned)>& pointer, llvm::Value* data, llvm::Align align);
  struct Prepared {
    std::string kind;
    llvm::SmallVector<llvm::Value*, 8> registers;
    uint64_t bytes;
    llvm::AllocaInst* memory;
  };

  llvm::Function& kernel_;
  const Shapes& shapes_;
  Linearisation& plan_;
  const Waiting& waiting_;
  const Walking& walking_;
  const Regions* regions_;
  const LaunchShape launch_;
  const Target target_;
  const uint32_t width_;
  const bool suspends_;
  const bool two_lines_;                              // accesses have a form for lanes in two neighbouring lines

  llvm::LLVMContext& context_;
  llvm::IRBuilder<> b_;
  Masks masks_;
  llvm::Function* out_ = nullptr;
  llvm::Instruction* entry_end_ = nullptr;            // allocas go before it
  llvm::Value* block_ = nullptr;                      // AwBlock*
  llvm::Value* launch_pointer_ = nullptr;             // const AwLaunch*
  llvm::Value* params_ = nullptr;
  llvm::Value* ctaid_x_ = nullptr;
  llvm::PHINode* block_phi_ = nullptr;
  llvm::Value* shared_ = nullptr;
  llvm::Value* slice_pointer_ = nullptr;              // AwSlice*, if it suspends
  llvm::Value* slice_ = nullptr;                      // i32: index of the slice
  llvm::Value* first_thread_ = nullptr;               // i32: linear index of lane 0
  llvm::PHINode* slice_phi_ = nullptr;
  llvm::BasicBlock* slice_end_ = nullptr;
  llvm::BasicBlock* coroutine_cleanup_ = nullptr;
  llvm::BasicBlock* coroutine_end_ = nullptr;
  llvm::Value* entry_mask_ = nullptr;                 // null: the block's size is a multiple of the width

  llvm::DenseMap<const llvm::BasicBlock*, llvm::BasicBlock*> body_, guard_;
  llvm::DenseMap<const llvm::BasicBlock*, llvm::AllocaInst*> mask_slots_;
  llvm::DenseMap<const llvm::BasicBlock*, std::pair<llvm::AllocaInst*, llvm::AllocaInst*>> facts_;  // any, full of a mask slot
  llvm::DenseMap<const llvm::Value*, Slots> slots_;
  llvm::MapVector<const llvm::BasicBlock*, std::unique_ptr<Region>> region_;  // by their first blocks
  Region* current_region_ = nullptr;
  llvm::DenseMap<const llvm::AllocaInst*, llvm::AllocaInst*> arrays_;  // local arrays of all threads
  llvm::DenseMap<const llvm::BasicBlock*, Walk> walks_;                // by the walking loop's header
  llvm::SmallVector<llvm::AllocaInst*> promotable_;
  // Valid within the block that is being written.
  llvm::DenseMap<const llvm::Value*, Forms> local_;
  llvm::Value* mask_ = nullptr;
  const llvm::BasicBlock* mask_root_ = nullptr;
  llvm::BasicBlock* careful_ = nullptr;            // where the block begins anew, carefully; null when it cannot any more
  llvm::SmallPtrSet<llvm::Value*, 8> assumed_;
  bool is_careful_ = false;                           // this is that version
  llvm::SmallVector<Prepared, 0> prepared_;           // fragments of matrices
  llvm::SmallVector<std::pair<uint64_t, llvm::AllocaInst*>> free_fragments_;  // bytes, memory for others
  uint64_t local_bytes_ = 0;
  llvm::SmallVector<std::pair<llvm::Value*, uint64_t>> local_arrays_;  // base, bytes of all lanes
  Error error_;
  bool failed_ = false;
};

}  // namespace anywarp::spmd
