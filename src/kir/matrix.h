// The operations on matrices that the lanes of a warp hold together, as kernel IR has them: calls of functions without a body, whose
// names say all about them. Lanes are g = lane / 4 and t = lane % 4 in what follows.
//
//     aw.mma.m16n8k16.f16.f16 (A..., B..., C...) -> D...       D = A * B + C, in binary32, s32 or binary64 as the elements ask
//     aw.ldmatrix.x4[.trans] (ptr) -> i32...                   8 x 8 matrices of 16 bits, whose rows' addresses the lanes bring
//     aw.stmatrix.x4[.trans] (ptr, i32...)
//     aw.wmma.load.a.m16n16k16.b16.along (ptr, i32) -> i32...  a fragment whose vectors lie a stride of elements apart
//     aw.wmma.store.c.m16n16k16.b32.across (ptr, i32, i32...)
//
// All 32 lanes take part, as PTX demands. Who holds what is stated by PTX for mma, and left open for wmma, which has the same order here:
// matrices are cut into blocks of 8 rows of A and C or 8 columns of B, 4 registers' worth of elements wide (C: 8 elements).
//
//     A block: row g, columns from t*E (E elements in a register)       register  depth * (m/8) + row block
//     B block: column g, rows from t*E                                  register  column block * depths + depth
//     C block: row g, columns 2*t and 2*t + 1                           register (column block * (m/8) + row block) * 2, and the next
#pragma once

#include <llvm/ADT/StringRef.h>

#include <cstdint>
#include <optional>
#include <string>

namespace llvm {
class Function;
}

namespace anywarp::kir {

enum class Element : uint8_t { F16, Bf16, Tf32, E4m3, E5m2, F64, S8, U8 };

unsigned bits_of(Element element);
bool is_integer(Element element);

/// aw.mma.
struct Product {
  unsigned m = 0, n = 0, k = 0;
  Element a = Element::F16, b = Element::F16;

  unsigned in_register() const { return a == Element::F64 ? 1 : 32 / bits_of(a); }
  unsigned row_blocks() const { return m / 8; }
  unsigned column_blocks() const { return n / 8; }
  unsigned depths() const { return k / (4 * in_register()); }
  unsigned registers_of_a() const { return row_blocks() * depths(); }
  unsigned registers_of_b() const { return column_blocks() * depths(); }
  unsigned registers_of_c() const { return row_blocks() * column_blocks() * 2; }
  /// Whether the shape is a whole number of blocks.
  bool is_valid() const;
  std::string name() const;
  static std::optional<Product> parse(llvm::StringRef name);
};

/// aw.ldmatrix, aw.stmatrix.
struct RowMatrices {
  bool store = false, transposed = false;
  unsigned count = 1;
  std::string name() const;
  static std::optional<RowMatrices> parse(llvm::StringRef name);
};

/// aw.wmma.load, aw.wmma.store. A vector is a row of A or C or a column of B.
struct Tile {
  bool store = false;
  char operand = 'a';
  unsigned m = 0, n = 0, k = 0, bits = 0;
  bool along = true;  // the elements of a vector are neighbours in memory

  unsigned in_register() const { return bits == 64 ? 1 : 32 / bits; }
  unsigned vector_blocks() const { return (operand == 'b' ? n : m) / 8; }
  unsigned width() const { return operand == 'c' ? 8 : 4 * in_register(); }  // elements of a vector in a block
  unsigned blocks_along() const { return (operand == 'c' ? n : k) / width(); }
  unsigned parts() const { return width() / 4 / in_register(); }             // registers of a lane for a block
  unsigned registers() const { return vector_blocks() * blocks_along() * parts(); }
  unsigned register_of(unsigned vector_block, unsigned block_along, unsigned part) const;
  bool is_valid() const;
  std::string name() const;
  static std::optional<Tile> parse(llvm::StringRef name);
};

/// Whether a call of the function is one of the operations above.
bool is_matrix_operation(llvm::StringRef name);

/// Replaces them by what each lane does: shuffles, loads, stores and sums.
void expand_matrix_operations(llvm::Function& function);

}  // namespace anywarp::kir
