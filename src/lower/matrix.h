// What the instructions on matrices share: they become calls of the operations that kir/matrix.h describes.
#pragma once

#include "kir/matrix.h"
#include "lower/lowering.h"

namespace anywarp::lower {

using Values = llvm::SmallVector<llvm::Value*, 16>;

struct MatrixShape {
  unsigned m = 0, n = 0, k = 0;
};
/// The word m...n...k...
std::optional<MatrixShape> matrix_shape(const Inst& inst);
/// The words that name types of elements or of accumulators, in order.
llvm::SmallVector<std::string_view, 4> matrix_types(const Inst& inst);
/// Of A or B.
std::optional<kir::Element> element_of(std::string_view word);
/// An accumulator's type as it stands in a word.
std::optional<Scalar> accumulator_of(std::string_view word);

/// The accumulators of operand `i`: binary16 come as pairs in a word and leave as binary32.
Values read_accumulators(Lowering& lower, const Inst& inst, unsigned i, Scalar type);
void write_accumulators(Lowering& lower, const Inst& inst, unsigned i, Scalar type, const Values& values);

/// A * B + C. With `saturate`, sums of integers stop at the least and the greatest number.
Values multiply(Lowering& lower, const kir::Product& product, llvm::ArrayRef<llvm::Value*> a, llvm::ArrayRef<llvm::Value*> b,
                llvm::ArrayRef<llvm::Value*> c, bool saturate);
/// ldmatrix of `count` matrices, whose rows' generic addresses the lanes have.
Values load_rows(Lowering& lower, unsigned count, bool transposed, llvm::Value* address);

}  // namespace anywarp::lower
