// PTX ISA, "Asynchronous Warpgroup Level Matrix Instructions": wgmma. Four warps multiply 64 rows of A, 16 for each, by all of B. Rows of a
// warp lie among its lanes as those of mma.m16n8 do, so the instruction is loads from shared memory as ldmatrix makes them, and products
// of m16n16, one beside the other. It is executed where it is issued: what it reads has been written by then, and the program waits before
// it writes there again. wgmma.fence, commit_group and wait_group have nothing to order then.
//
// A matrix in shared memory is told by a descriptor: start, two distances and a swizzle mode. It consists of chunks of 16 bytes. Eight of
// them that are rows of 8 elements (or columns, where rows or columns of the matrix are not along k) are a core matrix, and one after the
// other; with P chunks in a row of the swizzle pattern (1, 2, 4, 8 for none, 32, 64, 128 bytes) chunk c of row r is at
//
//     along k:      start + r/8 * stride + r%8 * 16*P + c * (P > 1 ? 16 : leading)           r of M or N, c of k
//     otherwise:    start + c/P * (P > 1 ? leading : stride) + c%P * 16                      c of M or N, r of k
//                         + r/8 * (P > 1 ? stride : leading) + r%8 * 16*P
//
// and then the chunk's number within 128 bytes is crossed with that of the 128 bytes within the pattern, as far as P goes. Addresses in a
// descriptor have 18 bits; the others are those of the block's shared memory.
#include "lower/chapters.h"
#include "lower/matrix.h"
#include "lower/special_registers.h"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsNVPTX.h>

namespace anywarp::lower {
namespace {

using llvm::Value;

constexpr unsigned kRows = 16;  // of A and D, in a warp
constexpr uint64_t kAddressMask = 0x3ffff;

/// A matrix in shared memory.
class SharedMatrix {
 public:
  SharedMatrix(Lowering& lower, Value* descriptor, bool along_k) : b_(lower.b), lower_(lower), along_k_(along_k) {
    auto field = [&](unsigned first, unsigned bits) {
      return b_.CreateAnd(b_.CreateLShr(descriptor, first), b_.getInt64((uint64_t{1} << bits) - 1));
    };
    // The block's shared memory is less than 256 KB.
    auto* pointer = lower.pointer_type(Space::Shared);
    llvm::FunctionCallee shared_base = lower.module.getOrInsertFunction("aw.shared_base", llvm::FunctionType::get(pointer, false));
    auto* function = llvm::cast<llvm::Function>(shared_base.getCallee());
    function->setDoesNotAccessMemory();
    function->setDoesNotThrow();
    function->setWillReturn();
    Value* base = b_.CreatePtrToInt(b_.CreateCall(shared_base), b_.getInt64Ty());
    Value* from_base = b_.CreateAnd(b_.CreateSub(b_.CreateShl(field(0, 14), 4), base), b_.getInt64(kAddressMask));
    start_ = b_.CreateAdd(base, from_base);
    leading_ = b_.CreateShl(field(16, 14), 4);
    stride_ = b_.CreateShl(field(32, 14), 4);
    offset_ = field(49, 3);
    Value* mode = field(62, 2);
    plain_ = b_.CreateICmpEQ(mode, b_.getInt64(0));
    shift_ = b_.CreateSelect(plain_, b_.getInt64(0), b_.CreateSub(b_.getInt64(4), mode));  // P = 1 << shift
    last_ = b_.CreateSub(b_.CreateShl(b_.getInt64(1), shift_), b_.getInt64(1));
  }

  /// The chunk with eight elements of row or column 8 * block + i, or of k. `chunk` is of the other dimension.
  Value* chunk(Value* block, Value* i, Value* chunk) {
    Value* offset = b_.CreateShl(i, b_.CreateAdd(shift_, b_.getInt64(4)));
    if (along_k_) {
      offset = b_.CreateAdd(offset, b_.CreateMul(block, stride_));
      offset = b_.CreateAdd(offset, b_.CreateMul(chunk, b_.CreateSelect(plain_, leading_, b_.getInt64(16))));
    } else {
      offset = b_.CreateAdd(offset, b_.CreateMul(block, b_.CreateSelect(plain_, leading_, stride_)));
      offset = b_.CreateAdd(offset, b_.CreateShl(b_.CreateAnd(chunk, last_), 4));
      offset = b_.CreateAdd(offset, b_.CreateMul(b_.CreateLShr(chunk, shift_), b_.CreateSelect(plain_, stride_, leading_)));
    }
    Value* address = b_.CreateAdd(start_, offset);
    Value* row = b_.CreateSub(b_.CreateLShr(address, 7), offset_);
    address = b_.CreateXor(address, b_.CreateShl(b_.CreateAnd(row, last_), 4));
    return b_.CreateIntToPtr(address, b_.getPtrTy());
  }

  /// Fragments of `blocks` blocks of 8 rows of A or columns of B, from block `first`, with two chunks of k. The order of registers is
  /// that of A (block within depth) or of B.
  Values load(Value* first, unsigned blocks, bool of_a) {
    llvm::CallInst* lane = lower_.nvvm(llvm::Intrinsic::nvvm_read_ptx_sreg_laneid);
    Value* which = b_.CreateZExt(lane, b_.getInt64Ty());
    Value *i = b_.CreateAnd(which, b_.getInt64(7)), *matrix = b_.CreateLShr(which, 3);
    Value *low = b_.CreateAnd(matrix, b_.getInt64(1)), *high = b_.CreateAnd(b_.CreateLShr(matrix, 1), b_.getInt64(1));
    Value *block = b_.CreateAdd(first, of_a ? low : high), *depth = of_a ? high : low;
    Value* address = along_k_ ? chunk(block, i, depth) : chunk(depth, i, block);
    return load_rows(lower_, 2 * blocks, !along_k_, address);
  }

 private:
  llvm::IRBuilder<>& b_;
  Lowering& lower_;
  const bool along_k_;
  Value *start_, *leading_, *stride_, *offset_, *plain_, *shift_, *last_;
};

/// The signs of all elements of a register.
uint32_t sign_bits(kir::Element element) {
  switch (kir::bits_of(element)) {
    case 32: return 0x80000000u;
    case 16: return 0x80008000u;
    default: return 0x80808080u;
  }
}

}  // namespace

// wgmma.mma_async.sync.aligned.shape.dtype.atype.btype d, a, b-desc, scale-d{, scale-a, scale-b{, trans-a}{, trans-b}}
void lower_wgmma(Lowering& lower, const Inst& inst) {
  auto& b = lower.b;
  if (inst.has("fence") || inst.has("commit_group") || inst.has("wait_group")) return;
  const auto shape = matrix_shape(inst);
  const auto types = matrix_types(inst);
  if (!inst.has("mma_async") || inst.has("sp") || !shape || shape->m != 64 || types.size() != 3) return lower.unsupported(inst);
  const auto of_d = accumulator_of(types[0]);
  const auto of_a = element_of(types[1]), of_b = element_of(types[2]);
  if (!of_d || !of_a || !of_b || kir::bits_of(*of_a) != kir::bits_of(*of_b) || shape->k * kir::bits_of(*of_a) != 256 || shape->n % 8 != 0)
    return lower.unsupported(inst);
  const bool a_in_registers = lower.elements(inst, 1) == 4;
  auto number = [&](unsigned i) -> std::optional<int64_t> {
    if (i >= inst.operand_count()) return std::nullopt;
    const auto value = lower.immediate(inst, i);
    return value ? std::optional(static_cast<int32_t>(*value)) : std::nullopt;
  };
  const bool negates_a = number(4).value_or(1) == -1, negates_b = number(5).value_or(1) == -1;
  const bool transposes_a = !a_in_registers && number(6).value_or(0) == 1, transposes_b = number(a_in_registers ? 6 : 7).value_or(0) == 1;

  Values a;
  if (a_in_registers) {
    for (unsigned r = 0; r < 4; ++r) a.push_back(lower.read_element(inst, 1, r, kB32));
  } else {
    SharedMatrix matrix(lower, lower.read(inst, 1, kB64), !transposes_a);
    Value* warp = b.CreateAnd(b.CreateZExt(read_special_register(lower, "warpid"), b.getInt64Ty()), b.getInt64(3));
    a = matrix.load(b.CreateShl(warp, 1), 2, true);
  }
  if (negates_a != negates_b)
    for (Value*& word : a) word = b.CreateXor(word, b.getInt32(sign_bits(*of_a)));

  Values sums = read_accumulators(lower, inst, 0, *of_d);
  if (sums.size() != size_t(shape->n) * kRows / 32) return lower.unsupported(inst);
  Value* adds = lower.read_predicate(inst, 3);
  for (Value*& sum : sums) sum = b.CreateSelect(adds, sum, llvm::Constant::getNullValue(sum->getType()));

  SharedMatrix matrix(lower, lower.read(inst, 2, kB64), !transposes_b);
  Values results;
  for (unsigned block = 0; block < shape->n / 8; block += 2) {
    const unsigned blocks = std::min(2u, shape->n / 8 - block);
    const Values of_columns = matrix.load(b.getInt64(block), blocks, false);
    const kir::Product product{kRows, 8 * blocks, shape->k, *of_a, *of_b};
    const auto of_c = llvm::ArrayRef(sums).slice(size_t(4) * block, size_t(4) * blocks);
    results.append(multiply(lower, product, a, of_columns, of_c, inst.has("satfinite")));
  }
  write_accumulators(lower, inst, 0, *of_d, results);
}

}  // namespace anywarp::lower
