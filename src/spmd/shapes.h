// What each value of a kernel looks like across the lanes of a slice.
#pragma once

#include "spmd/spmd.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/GenericUniformityInfo.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/UniformityAnalysis.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/PassManager.h>

#include <functional>
#include <memory>
#include <optional>

namespace anywarp::spmd {

/// An affine value: value[lane] = base + offsets[lane], modulo 2^bits of its type. A crossed one: base + offsets[lane ^ x], x below the
/// width and the same for all lanes, known when the program runs; its offsets rise by one step from lane to lane.
struct Affine {
  llvm::SmallVector<int64_t, 32> offsets;
  /// What x is the low bits of; null: 0.
  const llvm::Value* crossing = nullptr;
  /// base is a multiple of 2^base_align.
  unsigned base_align = 0;
  /// It holds only where every extension on the way did not wrap; the widener emits that check.
  bool conditional = false;

  bool contiguous(int64_t stride) const;
  bool all_zero() const;
  /// The bits of the base and of the offsets do not meet: the base is a multiple of a power of two that is above all offsets.
  bool disjoint() const;
};

/// The length of the runs that the lanes fall into, in each of which offsets rise by `stride`; a power of two.
unsigned run_length(llvm::ArrayRef<int64_t> offsets, int64_t stride);
/// How many elements of so many bytes lie from one lane's to the next one's, if it is a small number that all lanes agree on; otherwise 0.
int64_t stride_of(llvm::ArrayRef<int64_t> offsets, int64_t bytes);

/// The distance between the copies of a local array of neighbouring lanes; none when its size is not constant.
std::optional<uint64_t> local_array_bytes(const llvm::AllocaInst& alloca);

/// Uniformity and affine shapes of one kernel, for one launch shape and slice width.
/// Requires: the form that prepare() makes.
class Shapes {
 public:
  Shapes(llvm::Function& kernel, llvm::FunctionAnalysisManager& analyses, const LaunchShape& launch, uint32_t width);
  ~Shapes();

  /// Finds the affine shapes anew, now that it is known which blocks' phis blend lanes that came by different ways.
  void refine(std::function<bool(const llvm::BasicBlock*)> blends);

  uint32_t width() const { return width_; }
  /// The same in all lanes that reach the definition together.
  bool uniform(const llvm::Value* value) const;
  /// A value that is uniform where it is defined may differ between lanes that left a loop in different iterations.
  bool uniform_use(const llvm::Use& use) const;
  bool uniform_branch(const llvm::BasicBlock& block) const;
  /// Null unless the value is divergent and affine, or crossed.
  const Affine* shape(const llvm::Value* value) const;
  /// Null unless the value is divergent and affine.
  const Affine* affine(const llvm::Value* value) const;
  /// A compare that is uniform although an operand is not, because the slices are aligned (`tid.x < 64`).
  bool uniform_by_alignment(const llvm::Value* value) const { return aligned_.contains(value); }
  /// The lanes' values of an operand of `compare` rise with their offsets, if all of them are real: none wraps. The value has a shape.
  bool rises(const llvm::Value* value, const llvm::ICmpInst& compare) const;
  /// The extension's operand is known not to wrap across a slice.
  bool exact_extension(const llvm::Instruction* extension) const { return exact_.contains(extension); }

 private:
  class Uniformity;

  void propagate();
  bool transfer(llvm::Instruction& instruction);
  std::optional<Affine> evaluate(llvm::Instruction& instruction);
  std::optional<Affine> operand(const llvm::Value* value) const;
  std::optional<Affine> bitwise(const llvm::Instruction& instruction) const;
  std::optional<Affine> crossing(const llvm::Instruction& instruction, const Affine& left, const Affine& right) const;
  std::optional<Affine> thread_index(unsigned axis) const;
  std::optional<Affine> extension(llvm::CastInst& cast);
  bool aligned_compare(const llvm::ICmpInst& compare) const;

  llvm::Function& kernel_;
  llvm::FunctionAnalysisManager& analyses_;
  LaunchShape launch_;
  uint32_t width_;
  std::unique_ptr<Uniformity> uniformity_;
  std::function<bool(const llvm::BasicBlock*)> blends_;
  llvm::DenseMap<const llvm::Value*, Affine> affine_;
  llvm::DenseSet<const llvm::Value*> varying_;      // lattice bottom, for the fixpoint over loops
  llvm::DenseSet<const llvm::Value*> aligned_;
  llvm::DenseSet<const llvm::Value*> exact_;
};

}  // namespace anywarp::spmd
