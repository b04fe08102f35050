// Masks: which lanes of a slice are active.
#pragma once

#include <llvm/IR/IRBuilder.h>

namespace anywarp::spmd {

/// Builds mask values. A null mask means that all lanes are active, so that code under it carries no masking at all.
///
/// With mask registers (AVX-512) a mask is <width x i1>. Without, a mask that lives across blocks as i1 is slow: it is widened and
/// narrowed at each use. There a mask is <width x i32> of 0 and -1, the form that vector compares and blends use.
class Masks {
 public:
  Masks(llvm::IRBuilder<>& builder, uint32_t width, bool registers) : b_(builder), width_(width), registers_(registers) {}

  llvm::Type* type() const;
  llvm::Value* none() const;
  llvm::Value* all() const;

  /// <width x i1> <-> mask.
  llvm::Value* from_bools(llvm::Value* bools);
  llvm::Value* to_bools(llvm::Value* mask);      // null: all true
  /// The lanes of `mask` where `bools` is (not) true. Poison in inactive lanes does no harm.
  llvm::Value* where(llvm::Value* mask, llvm::Value* bools);
  llvm::Value* where_not(llvm::Value* mask, llvm::Value* bools);
  /// `mask` if the scalar condition holds, else none.
  llvm::Value* when(llvm::Value* mask, llvm::Value* condition);
  llvm::Value* either(llvm::Value* a, llvm::Value* b);
  /// i1: some lane, all lanes.
  llvm::Value* any(llvm::Value* mask);
  llvm::Value* full(llvm::Value* mask);
  /// i<width>: bit k is lane k.
  llvm::Value* bits(llvm::Value* mask);
  /// Lane by lane: mask ? a : b.
  llvm::Value* blend(llvm::Value* mask, llvm::Value* a, llvm::Value* b);

 private:
  llvm::IRBuilder<>& b_;
  uint32_t width_;
  bool registers_;
};

}  // namespace anywarp::spmd
