#include "kir/matrix.h"

#include <llvm/ADT/SmallVector.h>

#include <utility>

namespace anywarp::kir {
namespace {

using llvm::StringRef;

constexpr std::pair<Element, StringRef> kNames[] = {{Element::F16, "f16"},   {Element::Bf16, "bf16"}, {Element::Tf32, "tf32"},
                                                    {Element::E4m3, "e4m3"}, {Element::E5m2, "e5m2"}, {Element::F64, "f64"},
                                                    {Element::S8, "s8"},     {Element::U8, "u8"}};

StringRef name_of(Element element) {
  for (const auto& [known, name] : kNames)
    if (known == element) return name;
  return "";
}

std::optional<Element> element_of(StringRef name) {
  for (const auto& [element, known] : kNames)
    if (known == name) return element;
  return std::nullopt;
}

std::string shape_name(unsigned m, unsigned n, unsigned k) {
  return "m" + std::to_string(m) + "n" + std::to_string(n) + "k" + std::to_string(k);
}

bool parse_shape(StringRef word, unsigned& m, unsigned& n, unsigned& k) {
  return word.consume_front("m") && !word.consumeInteger(10, m) && word.consume_front("n") && !word.consumeInteger(10, n) &&
         word.consume_front("k") && !word.consumeInteger(10, k) && word.empty();
}

llvm::SmallVector<StringRef, 8> words_of(StringRef name) {
  llvm::SmallVector<StringRef, 8> words;
  name.split(words, '.');
  return words;
}

}  // namespace

unsigned bits_of(Element element) {
  switch (element) {
    case Element::F16:
    case Element::Bf16: return 16;
    case Element::Tf32: return 32;
    case Element::F64: return 64;
    case Element::E4m3:
    case Element::E5m2:
    case Element::S8:
    case Element::U8: return 8;
  }
  return 0;
}

bool is_integer(Element element) { return element == Element::S8 || element == Element::U8; }

bool Product::is_valid() const {
  return bits_of(a) == bits_of(b) && is_integer(a) == is_integer(b) && m >= 8 && m % 8 == 0 && m <= 32 && n >= 8 && n % 8 == 0 && n <= 32 &&
         k >= 4 * in_register() && k % (4 * in_register()) == 0;
}

std::string Product::name() const { return "aw.mma." + shape_name(m, n, k) + "." + name_of(a).str() + "." + name_of(b).str(); }

std::optional<Product> Product::parse(StringRef name) {
  if (!name.consume_front("aw.mma.")) return std::nullopt;
  const auto words = words_of(name);
  Product product;
  if (words.size() != 3 || !parse_shape(words[0], product.m, product.n, product.k)) return std::nullopt;
  const auto a = element_of(words[1]), b = element_of(words[2]);
  if (!a || !b) return std::nullopt;
  product.a = *a;
  product.b = *b;
  return product;
}

std::string RowMatrices::name() const {
  return std::string(store ? "aw.stmatrix" : "aw.ldmatrix") + ".x" + std::to_string(count) + (transposed ? ".trans" : "");
}

std::optional<RowMatrices> RowMatrices::parse(StringRef name) {
  RowMatrices matrices;
  matrices.store = name.starts_with("aw.stmatrix.x");
  if (!matrices.store && !name.starts_with("aw.ldmatrix.x")) return std::nullopt;
  name = name.drop_front(StringRef("aw.ldmatrix.x").size());
  if (name.consumeInteger(10, matrices.count)) return std::nullopt;
  matrices.transposed = name == ".trans";
  return matrices;
}

unsigned Tile::register_of(unsigned vector_block, unsigned block_along, unsigned part) const {
  if (operand == 'b') return vector_block * blocks_along() + block_along;
  return (block_along * vector_blocks() + vector_block) * parts() + part;
}

bool Tile::is_valid() const {
  const unsigned vectors = operand == 'b' ? n : m, length = operand == 'c' ? n : k;
  return vectors >= 8 && vectors % 8 == 0 && length >= width() && length % width() == 0 && width() / 4 >= in_register();
}

std::string Tile::name() const {
  return std::string("aw.wmma.") + (store ? "store." : "load.") + operand + "." + shape_name(m, n, k) + ".b" + std::to_string(bits) +
         (along ? ".along" : ".across");
}

std::optional<Tile> Tile::parse(StringRef name) {
  if (!name.consume_front("aw.wmma.")) return std::nullopt;
  const auto words = words_of(name);
  Tile tile;
  if (words.size() != 5 || words[1].size() != 1 || !parse_shape(words[2], tile.m, tile.n, tile.k) ||
      words[3].drop_front(1).getAsInteger(10, tile.bits))
    return std::nullopt;
  tile.store = words[0] == "store";
  tile.operand = words[1][0];
  tile.along = words[4] == "along";
  return tile;
}

bool is_matrix_operation(StringRef name) {
  return name.starts_with("aw.mma.") || name.starts_with("aw.ldmatrix.") || name.starts_with("aw.stmatrix.") ||
         name.starts_with("aw.wmma.");
}

}  // namespace anywarp::kir
