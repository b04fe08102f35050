// Memory shape decides the speed of a vectorised kernel: `a[ctaid*256 + tid]` must become one vector load, not a gather.
//
// Two facts about a value are found here, for one launch shape and width:
//   uniform   LLVM's own uniformity analysis, with sources of divergence of ours (its NVPTX hooks call ctaid, every load
//             and the barrier divergent): thread indices, lane ids, atomics, per-thread memory.
//   affine    value[lane] = base + offsets[lane], with a scalar base and constant offsets. The offsets are a list, not a
//             stride, so that a 16x16 block in slices of 32 lanes (tid.x = 0..15,0..15, tid.y = 0 x16, 1 x16) has a shape, too.
//
//   %t = tid.x                     base = 32*slice      offsets = 0,1,2,...
//   %i = add %b, %t                base = %b + 32*slice offsets = 0,1,2,...
//   %p = gep float, %a, sext %i    base = ...           offsets = 0,4,8,...    -> a contiguous load
//
// Addition and multiplication by a constant are exact in wrapping arithmetic. An extension is not: sext(base + o) is
// sext(base) + o only when no lane wraps. Ranges prove that for most indices (specialise.cpp); where they do not, the
// shape is 'conditional' and the widener tests the base at run time.
//
// `i ^ j` of neighbours i and a j that is one for all, as in the butterflies of sorts and transforms, is 'crossed': neighbours in another
// order, which j's low bits tell when the program runs. What follows from such a value keeps the order.
//
// A base that is a multiple of 2^k with offsets below 2^k makes shifts, masks and compares exact: `tid.x / 32` and
// `tid.x < 64` are uniform. That feeds back into uniformity, hence the second round.
#include "spmd/shapes.h"

#include "spmd/intrinsics.h"

#include <llvm/ADT/GenericUniformityImpl.h>
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/Analysis/CycleAnalysis.h>
#include <llvm/Analysis/LazyValueInfo.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/Analysis/TargetTransformInfoImpl.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/GetElementPtrTypeIterator.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/PatternMatch.h>
#include <llvm/Support/MathExtras.h>

namespace anywarp::spmd {

using namespace llvm;

bool Affine::contiguous(int64_t stride) const {
  for (size_t lane = 0; lane < offsets.size(); ++lane)
    if (offsets[lane] != offsets[0] + int64_t(lane) * stride) return false;
  return true;
}

bool Affine::disjoint() const {
  return base_align > 0 &&
         all_of(offsets, [&](int64_t offset) { return offset >= 0 && (base_align >= 63 || offset < (int64_t(1) << base_align)); });
}

bool Affine::all_zero() const {
  return all_of(offsets, [](int64_t offset) { return offset == 0; });
}

unsigned run_length(ArrayRef<int64_t> offsets, int64_t stride) {
  unsigned length = unsigned(offsets.size());
  for (unsigned lane = 1; lane < offsets.size(); ++lane)
    if (offsets[lane] != offsets[lane - 1] + stride) length = std::min(length, 1u << countr_zero(lane));
  return length;
}

int64_t stride_of(ArrayRef<int64_t> offsets, int64_t bytes) {
  constexpr int64_t kMostStride = 4, kPage = 4096;
  const int64_t step = offsets.size() > 1 ? offsets[1] - offsets[0] : 0, stride = step / bytes;
  const bool small = step % bytes == 0 && std::abs(stride) <= kMostStride && std::abs(step) * int64_t(offsets.size()) <= kPage;
  return small && run_length(offsets, step) == offsets.size() ? stride : 0;
}

namespace {

/// LLVM's uniformity analysis asks a target for its sources of divergence. This is that target.
class SliceTarget final : public TargetTransformInfoImplBase {
 public:
  SliceTarget(const DataLayout& layout, const Shapes& shapes, const LaunchShape& launch, uint32_t width)
      : TargetTransformInfoImplBase(layout), shapes_(shapes), launch_(launch), width_(width) {}

  bool hasBranchDivergence(const Function*) const override { return true; }

  InstructionUniformity getInstructionUniformity(const Value* value) const override {
    if (shapes_.uniform_by_alignment(value)) return InstructionUniformity::AlwaysUniform;
    if (const auto* call = dyn_cast<CallBase>(value)) return call_uniformity(*call);
    if (isa<AtomicRMWInst, AtomicCmpXchgInst, AllocaInst>(value)) return InstructionUniformity::NeverUniform;
    return InstructionUniformity::Default;
  }

 private:
  InstructionUniformity call_uniformity(const CallBase& call) const {
    switch (call.getIntrinsicID()) {
      case Intrinsic::nvvm_read_ptx_sreg_tid_x: return per_thread(launch_.block[0] > 1);
      case Intrinsic::nvvm_read_ptx_sreg_tid_y: return per_thread(launch_.block[1] > 1 && launch_.block[0] % width_ != 0);
      case Intrinsic::nvvm_read_ptx_sreg_tid_z:
        return per_thread(launch_.block[2] > 1 && (uint64_t(launch_.block[0]) * launch_.block[1]) % width_ != 0);
      default: break;
    }
    const bool whole_warps = uint64_t(launch_.block[0]) * launch_.block[1] * launch_.block[2] % width_ == 0;
    if (!whole_warps && is_shuffle(call)) return InstructionUniformity::NeverUniform;
    switch (lane_behaviour(call)) {
      case LaneBehaviour::Divergent: return InstructionUniformity::NeverUniform;
      case LaneBehaviour::Uniform: return InstructionUniformity::AlwaysUniform;
      case LaneBehaviour::UniformIfMaskIs:
        return shapes_.uniform(member_mask(call)) ? InstructionUniformity::AlwaysUniform : InstructionUniformity::NeverUniform;
      case LaneBehaviour::ByOperands: return InstructionUniformity::Default;
    }
    return InstructionUniformity::NeverUniform;
  }

  static InstructionUniformity per_thread(bool divergent) {
    return divergent ? InstructionUniformity::NeverUniform : InstructionUniformity::AlwaysUniform;
  }

  const Shapes& shapes_;
  const LaunchShape& launch_;
  uint32_t width_;
};

int64_t sign_extend(int64_t value, unsigned bits) { return bits >= 64 ? value : SignExtend64(uint64_t(value), bits); }

unsigned bits_of(const Type* type, const DataLayout& layout) {
  return unsigned(layout.getTypeSizeInBits(const_cast<Type*>(type)->getScalarType()).getFixedValue());
}

bool has_shape(const Type* type) {
  return (type->isIntegerTy() && type->getIntegerBitWidth() <= 64 && type->getIntegerBitWidth() > 1) || type->isPointerTy();
}

}  // namespace

std::optional<uint64_t> local_array_bytes(const AllocaInst& alloca) {
  const std::optional<TypeSize> size = alloca.getAllocationSize(alloca.getDataLayout());
  if (!size || size->isScalable()) return std::nullopt;
  return alignTo(std::max<uint64_t>(size->getFixedValue(), 1), alloca.getAlign());
}

class Shapes::Uniformity {
 public:
  Uniformity(Function& kernel, FunctionAnalysisManager& analyses, const Shapes& shapes, const LaunchShape& launch, uint32_t width)
      : target_(std::make_unique<SliceTarget>(kernel.getDataLayout(), shapes, launch, width)),
        info_(analyses.getResult<DominatorTreeAnalysis>(kernel), analyses.getResult<CycleAnalysis>(kernel), &target_) {
    info_.compute();
  }
  UniformityInfo& info() { return info_; }

 private:
  TargetTransformInfo target_;
  UniformityInfo info_;
};

Shapes::Shapes(Function& kernel, FunctionAnalysisManager& analyses, const LaunchShape& launch, uint32_t width)
    : kernel_(kernel), analyses_(analyses), launch_(launch), width_(width) {
  // Round two sees what the shapes of round one proved uniform; a third would find next to nothing.
  for (int round = 0; round < 2; ++round) {
    auto next = std::make_unique<Uniformity>(kernel, analyses, *this, launch_, width_);
    uniformity_ = std::move(next);
    affine_.clear();
    varying_.clear();
    propagate();
  }
}

Shapes::~Shapes() = default;

void Shapes::refine(std::function<bool(const BasicBlock*)> blends) {
  blends_ = std::move(blends);
  affine_.clear();
  varying_.clear();
  exact_.clear();
  propagate();
}

bool Shapes::uniform(const Value* value) const {
  if (!isa<Instruction>(value)) return true;
  return uniformity_ && uniformity_->info().isUniform(value);
}

bool Shapes::uniform_use(const Use& use) const {
  if (!isa<Instruction>(use.get())) return true;
  return !uniformity_->info().isDivergentUse(use);
}

bool Shapes::uniform_branch(const BasicBlock& block) const { return !uniformity_->info().hasDivergentTerminator(block); }

const Affine* Shapes::shape(const Value* value) const {
  auto found = affine_.find(value);
  return found == affine_.end() ? nullptr : &found->second;
}

const Affine* Shapes::affine(const Value* value) const {
  const Affine* known = shape(value);
  return known && !known->crossing ? known : nullptr;
}

std::optional<Affine> Shapes::operand(const Value* value) const {
  if (const Affine* known = shape(value)) return *known;
  if (varying_.contains(value) || !uniform(value)) return std::nullopt;
  Affine result;
  result.offsets.assign(width_, 0);
  if (const auto* constant = dyn_cast<ConstantInt>(value))
    result.base_align = constant->isZero() ? 63 : constant->getValue().countr_zero();
  else if (has_shape(value->getType()))
    result.base_align = computeKnownBits(value, kernel_.getDataLayout()).countMinTrailingZeros();
  return result;
}

std::optional<Affine> Shapes::thread_index(unsigned axis) const {
  const uint64_t nx = launch_.block[0], ny = launch_.block[1], nz = launch_.block[2];
  Affine result;
  for (uint32_t lane = 0; lane < width_; ++lane) result.offsets.push_back(lane);
  if (axis == 0) {
    if (nx % width_ == 0 || (ny == 1 && nz == 1)) {
      result.base_align = Log2_32(width_);
      return result;
    }
    if (width_ % nx == 0) {
      for (int64_t& offset : result.offsets) offset %= int64_t(nx);
      result.base_align = 63;
      return result;
    }
    return std::nullopt;
  }
  // tid.y of a slice that spans whole rows, and whole rows only of one plane.
  if (axis == 1 && width_ % nx == 0 && (nx * ny) % width_ == 0) {
    for (int64_t& offset : result.offsets) offset /= int64_t(nx);
    result.base_align = Log2_64(width_ / nx);
    return result;
  }
  return std::nullopt;
}

void Shapes::propagate() {
  // Optimistic over loops: a header phi starts with the shape of its entry value and falls to varying when the latch
  // disagrees. Shapes only fall, so this ends.
  ReversePostOrderTraversal<Function*> order(&kernel_);
  for (bool changed = true; changed;) {
    changed = false;
    for (BasicBlock* block : order)
      for (Instruction& instruction : *block) changed |= transfer(instruction);
  }
  for (Instruction& instruction : instructions(kernel_)) {
    if (auto* compare = dyn_cast<ICmpInst>(&instruction); compare && !uniform(compare) && aligned_compare(*compare))
      aligned_.insert(compare);
    if (const Affine* shape = this->shape(&instruction); shape && shape->all_zero() && !shape->conditional) aligned_.insert(&instruction);
  }
}

bool Shapes::transfer(Instruction& instruction) {
  if (!has_shape(instruction.getType()) || varying_.contains(&instruction) || uniform(&instruction)) return false;
  std::optional<Affine> now = evaluate(instruction);
  if (now && now->crossing && !now->contiguous(now->offsets[1] - now->offsets[0])) now.reset();
  if (now && now->all_zero()) now->crossing = nullptr;
  auto found = affine_.find(&instruction);
  if (!now) {
    if (isa<PHINode>(instruction) && found == affine_.end()) {
      // Not known yet, as opposed to known not to be affine: no incoming value has been seen.
      auto& phi = cast<PHINode>(instruction);
      bool any_seen = any_of(phi.incoming_values(),
                             [&](const Use& use) { return varying_.contains(use.get()) || shape(use.get()) || uniform(use.get()); });
      if (!any_seen) return false;
    }
    varying_.insert(&instruction);
    affine_.erase(&instruction);
    return true;
  }
  if (found != affine_.end() && found->second.offsets == now->offsets && found->second.base_align <= now->base_align &&
      found->second.conditional == now->conditional && found->second.crossing == now->crossing)
    return false;
  if (found != affine_.end()) now->base_align = std::min(now->base_align, found->second.base_align);
  affine_[&instruction] = std::move(*now);
  return true;
}

std::optional<Affine> Shapes::extension(CastInst& cast) {
  std::optional<Affine> shape = operand(cast.getOperand(0));
  if (!shape) return std::nullopt;
  const unsigned bits = bits_of(cast.getSrcTy(), kernel_.getDataLayout());
  if (shape->disjoint() && shape->base_align < bits) {
    // Nothing carries from the offsets into the base.
    exact_.insert(&cast);
    return shape;
  }
  auto [low, high] = std::minmax_element(shape->offsets.begin(), shape->offsets.end());
  const int64_t spread = std::max<int64_t>(*high, 0) - std::min<int64_t>(*low, 0);
  if (bits >= 64 || spread < 0 || uint64_t(spread) >= (uint64_t(1) << (bits - 1))) return std::nullopt;
  // Where a lane's value keeps clear of the ends of the signed numbers, nothing wraps. A zext of a value that is known to
  // be non-negative is a sext.
  LazyValueInfo& ranges = analyses_.getResult<LazyValueAnalysis>(kernel_);
  ConstantRange range = ranges.getConstantRange(cast.getOperand(0), &cast, /*UndefAllowed=*/false);
  // A lane that is inactive may hold anything, so each active lane must prove it alone: the base, its value less its
  // offset, has not wrapped.
  const bool non_negative = isa<ZExtInst>(cast) && (cast.hasNonNeg() || range.isAllNonNegative());
  if (non_negative) range = range.intersectWith(ConstantRange(APInt::getZero(bits), APInt::getSignedMinValue(bits)));
  const APInt above(bits, uint64_t(std::max<int64_t>(*high, 0))), below(bits, uint64_t(-std::min<int64_t>(*low, 0)));
  const bool exact = (above.isZero() || range.getSignedMin().sge(APInt::getSignedMinValue(bits) + above)) &&
                     (below.isZero() || range.getSignedMax().sle(APInt::getSignedMaxValue(bits) - below));
  if (isa<ZExtInst>(cast) && !(non_negative && exact)) {
    shape->conditional = true;
    shape->base_align = std::min(shape->base_align, bits);
    exact_.erase(&cast);
    return shape;
  }
  if (exact)
    exact_.insert(&cast);
  else {
    exact_.erase(&cast);
    shape->conditional = true;
  }
  return shape;
}

/// and, or, xor. Where the bases are multiples of 2^k and the offsets below 2^k, the bits above k are the operation on the bases, those
/// below it on the offsets. Of a constant the bits below k go with the offsets; the base, which is computed with the whole
/// constant, has their part as well (or, xor), and the offsets give it back.
std::optional<Affine> Shapes::bitwise(const Instruction& instruction) const {
  std::optional<Affine> left = operand(instruction.getOperand(0)), right = operand(instruction.getOperand(1));
  if (!left || !right) return std::nullopt;
  if (std::optional<Affine> crossed = crossing(instruction, *left, *right)) return crossed;
  if (left->crossing || right->crossing) return std::nullopt;
  const auto* constant = dyn_cast<ConstantInt>(instruction.getOperand(1));
  const unsigned k = std::min({62u, left->base_align, constant ? 62u : right->base_align});
  const int64_t limit = int64_t(1) << k;
  auto below_limit = [&](const Affine& shape) {
    return all_of(shape.offsets, [&](int64_t offset) { return offset >= 0 && offset < limit; });
  };
  if (k == 0 || !below_limit(*left) || !below_limit(*right)) return std::nullopt;
  auto apply = [&](int64_t a, int64_t b) -> int64_t {
    switch (instruction.getOpcode()) {
      case Instruction::And: return a & b;
      case Instruction::Or: return a | b;
      default: return a ^ b;
    }
  };
  const int64_t low = constant ? constant->getSExtValue() & (limit - 1) : 0, in_base = apply(0, low);
  for (uint32_t lane = 0; lane < width_; ++lane)
    left->offsets[lane] = apply(left->offsets[lane], constant ? low : right->offsets[lane]) - in_base;
  left->base_align = in_base == 0 ? k : std::min<unsigned>(k, countr_zero(uint64_t(in_base)));
  left->conditional |= right->conditional;
  return left;
}

/// Neighbours that begin at a multiple of the width, xor what is the same for all lanes.
std::optional<Affine> Shapes::crossing(const Instruction& instruction, const Affine& left, const Affine& right) const {
  if (instruction.getOpcode() != Instruction::Xor || left.crossing || right.crossing) return std::nullopt;
  const bool left_is_fixed = left.all_zero();
  const Affine &neighbours = left_is_fixed ? right : left, &fixed = left_is_fixed ? left : right;
  const Value* crossing = instruction.getOperand(left_is_fixed ? 0 : 1);
  if (!fixed.all_zero() || isa<Constant>(crossing) || fixed.base_align >= Log2_32(width_)) return std::nullopt;
  if (width_ == 1 || neighbours.offsets[0] != 0 || !neighbours.contiguous(1) || neighbours.base_align < Log2_32(width_))
    return std::nullopt;
  Affine result = neighbours;
  result.crossing = crossing;
  result.base_align = Log2_32(width_);
  result.conditional |= fixed.conditional;
  return result;
}

/// `a` goes together with a value of the shape of `b`: they must not be crossed differently. Returns whether they can.
static bool join_crossings(Affine& a, const Affine& b) {
  if (a.crossing == b.crossing || b.all_zero()) return true;
  if (!a.all_zero()) return false;
  a.crossing = b.crossing;
  return true;
}

std::optional<Affine> Shapes::evaluate(Instruction& instruction) {
  const DataLayout& layout = kernel_.getDataLayout();
  const unsigned bits = bits_of(instruction.getType(), layout);

  auto combine = [&](const Value* left, const Value* right, int sign) -> std::optional<Affine> {
    std::optional<Affine> a = operand(left), b = operand(right);
    if (!a || !b || !join_crossings(*a, *b)) return std::nullopt;
    for (uint32_t lane = 0; lane < width_; ++lane)
      a->offsets[lane] = sign_extend(int64_t(uint64_t(a->offsets[lane]) + uint64_t(sign) * uint64_t(b->offsets[lane])), bits);
    a->base_align = std::min(a->base_align, b->base_align);
    a->conditional |= b->conditional;
    return a;
  };
  auto scale = [&](std::optional<Affine> shape, int64_t factor) -> std::optional<Affine> {
    if (!shape) return std::nullopt;
    for (int64_t& offset : shape->offsets) offset = sign_extend(int64_t(uint64_t(offset) * uint64_t(factor)), bits);
    shape->base_align = factor == 0 ? 63 : std::min<unsigned>(63, shape->base_align + countr_zero(uint64_t(factor)));
    return shape;
  };

  switch (instruction.getOpcode()) {
    case Instruction::Add: return combine(instruction.getOperand(0), instruction.getOperand(1), 1);
    case Instruction::Sub: return combine(instruction.getOperand(0), instruction.getOperand(1), -1);
    case Instruction::Or:
      if (cast<PossiblyDisjointInst>(instruction).isDisjoint()) return combine(instruction.getOperand(0), instruction.getOperand(1), 1);
      return bitwise(instruction);
    case Instruction::And:
    case Instruction::Xor: return bitwise(instruction);
    case Instruction::Mul:
      if (const auto* factor = dyn_cast<ConstantInt>(instruction.getOperand(1)))
        return scale(operand(instruction.getOperand(0)), factor->getSExtValue());
      return std::nullopt;
    case Instruction::Shl:
      if (const auto* amount = dyn_cast<ConstantInt>(instruction.getOperand(1)); amount && amount->getZExtValue() < bits)
        return scale(operand(instruction.getOperand(0)), int64_t(uint64_t(1) << amount->getZExtValue()));
      return std::nullopt;
    case Instruction::LShr:
    case Instruction::AShr: {
      const auto* amount = dyn_cast<ConstantInt>(instruction.getOperand(1));
      std::optional<Affine> shape = operand(instruction.getOperand(0));
      if (!amount || !shape || amount->getZExtValue() >= bits || !shape->disjoint()) return std::nullopt;
      const unsigned shift = unsigned(amount->getZExtValue());
      for (int64_t& offset : shape->offsets) offset >>= shift;
      shape->base_align = shape->base_align >= 63 ? 63 : shape->base_align > shift ? shape->base_align - shift : 0;
      return shape;
    }
    case Instruction::Trunc: {
      std::optional<Affine> shape = operand(instruction.getOperand(0));
      if (!shape) return std::nullopt;
      for (int64_t& offset : shape->offsets) offset = sign_extend(offset, bits);
      return shape;
    }
    case Instruction::SExt:
    case Instruction::ZExt: return extension(cast<CastInst>(instruction));
    case Instruction::IntToPtr:
    case Instruction::PtrToInt:
      if (bits_of(instruction.getOperand(0)->getType(), layout) != bits) return std::nullopt;
      return operand(instruction.getOperand(0));
    case Instruction::AddrSpaceCast:
    case Instruction::Freeze: return operand(instruction.getOperand(0));
    case Instruction::GetElementPtr: {
      std::optional<Affine> shape = operand(instruction.getOperand(0));
      if (!shape) return std::nullopt;
      auto& gep = cast<GetElementPtrInst>(instruction);
      for (auto step = gep_type_begin(gep), end = gep_type_end(gep); step != end; ++step) {
        std::optional<Affine> index = operand(step.getOperand());
        if (!index) return std::nullopt;
        if (step.isStruct() || index->all_zero()) {
          shape->base_align = 0;
          continue;
        }
        if (bits_of(step.getOperand()->getType(), layout) != bits)
          return std::nullopt;  // an implicit extension; prepare() makes them explicit
        index = scale(index, int64_t(step.getSequentialElementStride(layout).getFixedValue()));
        if (!join_crossings(*shape, *index)) return std::nullopt;
        for (uint32_t lane = 0; lane < width_; ++lane) shape->offsets[lane] += index->offsets[lane];
        shape->base_align = 0;
        shape->conditional |= index->conditional;
      }
      return shape;
    }
    case Instruction::Select: {
      auto& select = cast<SelectInst>(instruction);
      std::optional<Affine> a = operand(select.getTrueValue()), b = operand(select.getFalseValue());
      if (!uniform(select.getCondition()) || !a || !b || a->offsets != b->offsets || a->crossing != b->crossing) return std::nullopt;
      a->base_align = std::min(a->base_align, b->base_align);
      a->conditional |= b->conditional;
      return a;
    }
    case Instruction::PHI: {
      // Where a phi blends lanes that came by different ways there is no one base.
      auto& phi = cast<PHINode>(instruction);
      const auto& dominators = analyses_.getResult<DominatorTreeAnalysis>(kernel_);
      const bool header = any_of(phi.blocks(), [&](BasicBlock* from) { return dominators.dominates(phi.getParent(), from); });
      if (!header && (!blends_ || blends_(phi.getParent()))) return std::nullopt;
      std::optional<Affine> result;
      for (const Use& use : phi.incoming_values()) {
        const Value* incoming = use.get();
        if (!this->shape(incoming) && !varying_.contains(incoming) && !uniform(incoming)) continue;  // not seen yet
        std::optional<Affine> shape = operand(incoming);
        // Of a round before, the crossing was another one.
        if (!shape || (header && shape->crossing)) return std::nullopt;
        if (result && (result->offsets != shape->offsets || result->crossing != shape->crossing)) return std::nullopt;
        if (result) {
          result->base_align = std::min(result->base_align, shape->base_align);
          result->conditional |= shape->conditional;
        } else {
          result = shape;
        }
      }
      return result;
    }
    case Instruction::Call:
      switch (cast<CallBase>(instruction).getIntrinsicID()) {
        case Intrinsic::nvvm_read_ptx_sreg_tid_x: return thread_index(0);
        case Intrinsic::nvvm_read_ptx_sreg_tid_y: return thread_index(1);
        case Intrinsic::nvvm_read_ptx_sreg_laneid: {
          Affine lanes;
          for (uint32_t lane = 0; lane < width_; ++lane) lanes.offsets.push_back(lane);
          lanes.base_align = Log2_32(width_);
          return lanes;
        }
        default: return std::nullopt;
      }
    case Instruction::Alloca: {
      // An array per lane, one after the other.
      const std::optional<uint64_t> step = local_array_bytes(cast<AllocaInst>(instruction));
      if (!step) return std::nullopt;
      Affine arrays;
      for (uint32_t lane = 0; lane < width_; ++lane) arrays.offsets.push_back(int64_t(lane * *step));
      return arrays;
    }
    default: return std::nullopt;
  }
}

bool Shapes::rises(const Value* value, const ICmpInst& compare) const {
  const Affine* shape = affine(value);
  if (!shape || shape->conditional || !value->getType()->isIntegerTy()) return false;
  const auto [low, high] = std::minmax_element(shape->offsets.begin(), shape->offsets.end());
  // Were it to wrap between two lanes, the lanes' values would be almost as far apart as numbers of this type can be.
  const unsigned bits = value->getType()->getIntegerBitWidth();
  auto* context = const_cast<ICmpInst*>(&compare);
  ConstantRange range = analyses_.getResult<LazyValueAnalysis>(kernel_).getConstantRange(const_cast<Value*>(value), context, false);
  // LVI does not look at the range of a call in another block.
  range = range.intersectWith(computeConstantRange(value, compare.isSigned()));
  const APInt span = compare.isSigned() ? range.getSignedMax() - range.getSignedMin() : range.getUnsignedMax() - range.getUnsignedMin();
  return (APInt::getMaxValue(bits) - span).uge(APInt(bits, uint64_t(*high - *low), false, /*implicitTrunc=*/true));
}

bool Shapes::aligned_compare(const ICmpInst& compare) const {
  std::optional<Affine> left = operand(compare.getOperand(0)), right = operand(compare.getOperand(1));
  if (!left || !right || left->conditional || right->conditional || left->crossing != right->crossing) return false;
  if (left->offsets == right->offsets && compare.isEquality()) return true;
  // base + [0, 2^k) against a multiple of 2^k: all lanes compare like the base. Signed compares are safe where the offset
  // cannot carry into the sign, which base_align below the sign bit ensures.
  auto lanes_below = [](const Affine& shape) {
    return shape.base_align > 0 && shape.base_align < 31 &&
           all_of(shape.offsets, [&](int64_t offset) { return offset >= 0 && offset < (int64_t(1) << shape.base_align); });
  };
  switch (compare.getPredicate()) {
    case CmpInst::ICMP_ULT:
    case CmpInst::ICMP_UGE:
    case CmpInst::ICMP_SLT:
    case CmpInst::ICMP_SGE: return right->all_zero() && lanes_below(*left) && right->base_align >= left->base_align;
    case CmpInst::ICMP_ULE:
    case CmpInst::ICMP_UGT:
    case CmpInst::ICMP_SLE:
    case CmpInst::ICMP_SGT: return left->all_zero() && lanes_below(*right) && left->base_align >= right->base_align;
    default: return false;
  }
}

}  // namespace anywarp::spmd
