// What each lane does for an operation on matrices (kir/matrix.h). Each lane computes the elements of D that it holds: it gathers the row
// of A and the columns of B that they need from the lanes that hold them, and sums up, one product after the other. This is the oracle
// of the vector engine's form (spmd/widen_matrix.cpp).
#include "kir/matrix.h"

#include <llvm/IR/Function.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsNVPTX.h>

namespace anywarp::kir {
namespace {

using namespace llvm;
using Values = SmallVector<Value*, 16>;

class Expansion {
 public:
  explicit Expansion(CallInst& call) : call_(call), b_(&call) {}

  void run() {
    const StringRef name = call_.getCalledFunction()->getName();
    lane_ = b_.CreateIntrinsic(Intrinsic::nvvm_read_ptx_sreg_laneid, ArrayRef<Type*>(), ArrayRef<Value*>());
    group_ = b_.CreateLShr(lane_, 2);
    thread_ = b_.CreateAnd(lane_, 3);
    Values results;
    if (const auto product = Product::parse(name))
      multiply(*product, results);
    else if (const auto matrices = RowMatrices::parse(name))
      move_rows(*matrices, results);
    else if (const auto tile = Tile::parse(name))
      move_tile(*tile, results);
    if (!call_.getType()->isVoidTy()) call_.replaceAllUsesWith(whole(results));
    call_.eraseFromParent();
  }

 private:
  Value* whole(ArrayRef<Value*> results) {
    if (!call_.getType()->isStructTy()) return results[0];
    Value* all = PoisonValue::get(call_.getType());
    for (unsigned i = 0; i < results.size(); ++i) all = b_.CreateInsertValue(all, results[i], i);
    return all;
  }

  Value* from_lane(Value* value, Value* lane) {
    Type* type = value->getType();
    if (type->isPointerTy()) return b_.CreateIntToPtr(from_lane(b_.CreatePtrToInt(value, b_.getInt64Ty()), lane), type);
    if (type->getPrimitiveSizeInBits() == 64) {
      Value* bits = b_.CreateBitCast(value, b_.getInt64Ty());
      Value* low = b_.CreateZExt(from_lane(b_.CreateTrunc(bits, b_.getInt32Ty()), lane), b_.getInt64Ty());
      Value* high = b_.CreateZExt(from_lane(b_.CreateTrunc(b_.CreateLShr(bits, 32), b_.getInt32Ty()), lane), b_.getInt64Ty());
      return b_.CreateBitCast(b_.CreateOr(low, b_.CreateShl(high, 32)), type);
    }
    return b_.CreateIntrinsic(Intrinsic::nvvm_shfl_sync_idx_i32, {}, {b_.getInt32(~0u), value, lane, b_.getInt32(31)});
  }

  /// Element `e` of a register of A or B, as it is computed with.
  Value* element(Value* reg, unsigned e, Element kind) {
    if (kind == Element::F64) return reg;
    if (kind == Element::Tf32) return b_.CreateBitCast(b_.CreateAnd(reg, b_.getInt32(0xffffe000)), b_.getFloatTy());
    const unsigned width = bits_of(kind);
    Value* bits = b_.CreateTrunc(b_.CreateLShr(reg, e * width), b_.getIntNTy(width));
    Value* wide = b_.CreateZExt(bits, b_.getInt32Ty());
    auto half = [&](Value* word) {
      return b_.CreateFPExt(b_.CreateBitCast(b_.CreateTrunc(word, b_.getInt16Ty()), b_.getHalfTy()), b_.getFloatTy());
    };
    switch (kind) {
      case Element::F16: return half(wide);
      case Element::Bf16: return b_.CreateBitCast(b_.CreateShl(wide, 16), b_.getFloatTy());
      case Element::E5m2: return half(b_.CreateShl(wide, 8));
      case Element::E4m3: {
        // The exponent has a bit less than binary16's, and a bias less by 8. Of all ones there is NaN alone.
        Value* magnitude = b_.CreateAnd(wide, 0x7f);
        Value* number = b_.CreateOr(b_.CreateShl(b_.CreateAnd(wide, 0x80), 8), b_.CreateShl(magnitude, 7));
        Value* result = b_.CreateFMul(half(number), ConstantFP::get(b_.getFloatTy(), 256));
        return b_.CreateSelect(b_.CreateICmpEQ(magnitude, b_.getInt32(0x7f)), ConstantFP::getNaN(b_.getFloatTy()), result);
      }
      case Element::S8: return b_.CreateSExt(bits, b_.getInt32Ty());
      default: return wide;
    }
  }

  void multiply(const Product& product, Values& results) {
    const unsigned rows = product.row_blocks(), columns = product.column_blocks(), depths = product.depths();
    const unsigned first_b = product.registers_of_a(), first_c = first_b + product.registers_of_b();
    Value* row_lane = b_.CreateAnd(lane_, 28);
    auto gather = [&](unsigned first, unsigned step, Value* from) {
      Values all;
      for (unsigned depth = 0; depth < depths; ++depth)
        for (unsigned t = 0; t < 4; ++t)
          all.push_back(from_lane(call_.getArgOperand(first + depth * step), b_.CreateAdd(from, b_.getInt32(t))));
      return all;
    };
    SmallVector<Values, 4> row;
    for (unsigned block = 0; block < rows; ++block) row.push_back(gather(block, rows, row_lane));
    for (unsigned block = 0; block < columns; ++block) {
      Values column[2];
      for (unsigned j : {0, 1}) column[j] = gather(first_b + block * depths, 1, b_.CreateAdd(b_.CreateShl(thread_, 3), b_.getInt32(4 * j)));
      for (unsigned above = 0; above < rows; ++above)
        for (unsigned j : {0, 1}) {
          Value* sum = call_.getArgOperand(first_c + unsigned(results.size()));
          for (size_t r = 0; r < row[above].size(); ++r)
            for (unsigned e = 0; e < product.in_register(); ++e) {
              Value *x = element(row[above][r], e, product.a), *y = element(column[j][r], e, product.b);
              sum = is_integer(product.a) ? b_.CreateAdd(sum, b_.CreateMul(x, y))
                                          : b_.CreateIntrinsic(Intrinsic::fma, {sum->getType()}, {x, y, sum});
            }
          results.push_back(sum);
        }
    }
  }

  void move_rows(const RowMatrices& matrices, Values& results) {
    Value* own = call_.getArgOperand(0);
    auto at = [&](unsigned j, Value* row, Value* byte) {
      return b_.CreateGEP(b_.getInt8Ty(), from_lane(own, b_.CreateAdd(row, b_.getInt32(8 * j))), b_.CreateZExt(byte, b_.getInt64Ty()));
    };
    for (unsigned j = 0; j < matrices.count; ++j) {
      Value* value = matrices.store ? call_.getArgOperand(1 + j) : b_.getInt32(0);
      if (!matrices.transposed) {
        Value* pointer = at(j, group_, b_.CreateShl(thread_, 2));
        if (matrices.store)
          b_.CreateAlignedStore(value, pointer, Align(4));
        else
          value = b_.CreateAlignedLoad(b_.getInt32Ty(), pointer, Align(4));
      } else {
        for (unsigned e : {0, 1}) {
          Value* pointer = at(j, b_.CreateAdd(b_.CreateShl(thread_, 1), b_.getInt32(e)), b_.CreateShl(group_, 1));
          if (matrices.store)
            b_.CreateAlignedStore(b_.CreateTrunc(b_.CreateLShr(value, 16 * e), b_.getInt16Ty()), pointer, Align(2));
          else
            value = b_.CreateOr(
                value, b_.CreateShl(b_.CreateZExt(b_.CreateAlignedLoad(b_.getInt16Ty(), pointer, Align(2)), b_.getInt32Ty()), 16 * e));
        }
      }
      results.push_back(value);
    }
  }

  void move_tile(const Tile& tile, Values& results) {
    Value *base = call_.getArgOperand(0), *stride = b_.CreateZExt(call_.getArgOperand(1), b_.getInt64Ty());
    const unsigned held = tile.width() / 4;
    Type* register_type = b_.getIntNTy(tile.bits == 64 ? 64 : 32);
    Type* element_type = b_.getIntNTy(tile.bits);
    results.assign(tile.registers(), ConstantInt::get(register_type, 0));
    Value *group = b_.CreateZExt(group_, b_.getInt64Ty()),
          *first = b_.CreateZExt(b_.CreateMul(thread_, b_.getInt32(held)), b_.getInt64Ty());
    for (unsigned block = 0; block < tile.vector_blocks(); ++block)
      for (unsigned along = 0; along < tile.blocks_along(); ++along)
        for (unsigned i = 0; i < held; ++i) {
          Value* vector = b_.CreateAdd(group, b_.getInt64(8 * block));
          Value* place = b_.CreateAdd(first, b_.getInt64(along * tile.width() + i));
          Value* index = tile.along ? b_.CreateAdd(b_.CreateMul(vector, stride), place) : b_.CreateAdd(b_.CreateMul(place, stride), vector);
          Value* pointer = b_.CreateGEP(element_type, base, index);
          const unsigned which = tile.register_of(block, along, i / tile.in_register()), shift = i % tile.in_register() * tile.bits;
          if (tile.store) {
            Value* value = call_.getArgOperand(2 + which);
            b_.CreateAlignedStore(b_.CreateTrunc(b_.CreateLShr(value, shift), element_type), pointer, Align(tile.bits / 8));
          } else {
            Value* value = b_.CreateAlignedLoad(element_type, pointer, Align(tile.bits / 8));
            results[which] = b_.CreateOr(results[which], b_.CreateShl(b_.CreateZExt(value, register_type), shift));
          }
        }
  }

  CallInst& call_;
  IRBuilder<> b_;
  Value *lane_ = nullptr, *group_ = nullptr, *thread_ = nullptr;
};

}  // namespace

void expand_matrix_operations(Function& function) {
  SmallVector<CallInst*> calls;
  for (Instruction& instruction : instructions(function))
    if (auto* call = dyn_cast<CallInst>(&instruction))
      if (const Function* callee = call->getCalledFunction(); callee && is_matrix_operation(callee->getName())) calls.push_back(call);
  for (CallInst* call : calls) Expansion(*call).run();
}

}  // namespace anywarp::kir
