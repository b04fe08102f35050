// PTX ISA, "Texture Instructions" and "Surface Instructions": tex, tld4, txq, suld, sust, suq.
//
// A texture's or surface's handle is the address of its descriptor (devicelib/texture.h), and a fetch is a call of devicelib for each
// component; the parts that these calls share become one when they are inlined. A .texref or .surfref variable is 8 bytes of memory
// that hold a handle. Arrays have one mipmap level, so levels and gradients choose nothing.
//
//     tex.2d.v4.f32.f32 {a, b, c, d}, [t, {x, y}]   ->   a = __aw_tex_f32(t, 2, 0, 0, x, y, 0), b = __aw_tex_f32(t, 2, 1, ...), ...
#include "lower/chapters.h"
#include "lower/lowering.h"
#include "ptx/module.h"

#include <llvm/IR/Function.h>

namespace anywarp::lower {
namespace {

using llvm::Value;

/// A function that reads memory and does nothing else.
Value* fetch(Lowering& lower, llvm::StringRef name, llvm::Type* result, llvm::ArrayRef<Value*> arguments) {
  llvm::SmallVector<llvm::Type*, 8> types;
  for (Value* argument : arguments) types.push_back(argument->getType());
  llvm::FunctionCallee callee = lower.module.getOrInsertFunction(name, llvm::FunctionType::get(result, types, false));
  if (auto* function = llvm::dyn_cast<llvm::Function>(callee.getCallee())) {
    function->setOnlyReadsMemory();
    function->setDoesNotThrow();
    function->setWillReturn();
    function->setNoSync();
    function->addFnAttr(llvm::Attribute::NoFree);
  }
  return lower.b.CreateCall(callee, arguments);
}

struct Geometry {
  std::string_view word;
  unsigned dimensions;
  bool layered, cube;
};
constexpr Geometry kGeometries[] = {{"1d", 1, false, false}, {"2d", 2, false, false},  {"3d", 3, false, false}, {"a1d", 1, true, false},
                                    {"a2d", 2, true, false}, {"cube", 3, false, true}, {"acube", 3, true, true}};

const Geometry* geometry_of(const Inst& inst) {
  for (const Geometry& geometry : kGeometries)
    if (inst.has(geometry.word)) return &geometry;
  return nullptr;
}

Value* handle_of(Lowering& lower, const Inst& inst, unsigned i) {
  Value* value = lower.read_part(inst, i, 0, 0, kB64);
  const ptx::Operand& operand = inst.ast.operands[i];
  const ptx::Operand& first = operand.elements.empty() ? operand : operand.elements[0];
  const bool is_variable = (operand.elements.empty() ? operand.base : first.kind) == ptx::OperandKind::ModuleVariable;
  return is_variable ? lower.b.CreateLoad(lower.b.getInt64Ty(), lower.b.CreateIntToPtr(value, lower.pointer_type(Space::Global))) : value;
}

/// The layer and x, y, z of a place, zeros where the geometry has none. Integers are read as `as`, floats where it is one.
struct Place {
  Value* layer;
  Value* at[3];
};
Place place_of(Lowering& lower, const Inst& inst, unsigned i, const Geometry& geometry, Scalar as) {
  const unsigned part = inst.ast.operands[i].elements.size() - 1;
  unsigned next = 0;
  Place place;
  place.layer = geometry.layered ? lower.read_part(inst, i, part, next++, kB32) : lower.b.getInt32(0);
  for (unsigned d = 0; d < 3; ++d)
    place.at[d] = d < geometry.dimensions ? lower.read_part(inst, i, part, next++, as) : llvm::Constant::getNullValue(lower.type(as));
  return place;
}

bool has_sampler(const Inst& inst, unsigned i) { return inst.ast.operands[i].elements.size() > 2; }

Scalar bits_of(unsigned bits) { return {Scalar::Bits, static_cast<uint16_t>(bits), 1}; }

/// What suld and sust have in common: where the element is, and whether it is anywhere.
struct SurfaceAccess {
  unsigned count;
  Scalar element;
  Value* address;  // 0 outside of the surface
  bool zero;       // .zero: what is outside reads as 0 and is not written
};
SurfaceAccess surface_access(Lowering& lower, const Inst& inst, unsigned i, const Geometry& geometry) {
  SurfaceAccess access{inst.ast.vector, inst.type(), nullptr, inst.has("zero")};
  const Place place = place_of(lower, inst, i, geometry, kB32);
  const unsigned bytes = access.count * access.element.bytes();
  Value* z = geometry.layered ? place.layer : place.at[2];
  access.address =
      fetch(lower, "__aw_surface_address", lower.b.getInt64Ty(),
            {handle_of(lower, inst, i), lower.b.getInt32(bytes), lower.b.getInt32(inst.has("clamp")), place.at[0], place.at[1], z});
  return access;
}

}  // namespace

// tex{.level|.grad}.geom.v4.dtype.ctype d{|p}, [a, c]{, ...};  tld4.comp.2d.v4.dtype.f32 d{|p}, [a, c]
void lower_tex(Lowering& lower, const Inst& inst) {
  const Geometry* geometry = geometry_of(inst);
  const Scalar result = inst.type(0), coordinate = inst.type(1);
  if (!geometry || result.bits() != 32) return lower.unsupported(inst);
  if (has_sampler(inst, 1)) return lower.unsupported(inst, "has a sampler apart from its texture");
  const Place place = place_of(lower, inst, 1, *geometry, coordinate.is_float() ? kF32 : kB32);
  Value* handle = handle_of(lower, inst, 1);
  llvm::Type* word = lower.b.getInt32Ty();
  const auto number = [&](unsigned value) -> Value* { return lower.b.getInt32(value); };
  const std::string_view gathered = inst.opcode == "tld4" ? inst.one_of({"r", "g", "b", "a"}) : "";
  if (inst.opcode == "tld4" && geometry->cube) return lower.unsupported(inst);
  for (unsigned i = 0; i < lower.elements(inst, 0); ++i) {
    Value* value;
    if (!gathered.empty())
      value = fetch(lower, "__aw_tld4", word,
                    {handle, number(std::string_view("rgba").find(gathered)), number(i), place.layer, place.at[0], place.at[1]});
    else if (geometry->cube)
      value = fetch(lower, "__aw_tex_cube", word, {handle, number(i), place.layer, place.at[0], place.at[1], place.at[2]});
    else
      value = fetch(lower, coordinate.is_float() ? "__aw_tex_f32" : "__aw_tex_s32", word,
                    {handle, number(geometry->dimensions), number(i), place.layer, place.at[0], place.at[1], place.at[2]});
    lower.write_element(inst, 0, i, value, kB32);
  }
  lower.write_second(inst, 0, lower.b.getTrue(), kPredicate);
}

// txq.query.b32 d, [a];  suq.query.b32 d, [a]
void lower_txq(Lowering& lower, const Inst& inst) {
  constexpr std::pair<std::string_view, unsigned> kQueries[] = {
      {"width", 0}, {"height", 1}, {"depth", 2}, {"array_size", 2}, {"normalized_coords", 3}};
  for (auto [word, number] : kQueries)
    if (inst.has(word)) {
      Value* value = fetch(lower, "__aw_txq", lower.b.getInt32Ty(), {handle_of(lower, inst, 1), lower.b.getInt32(number)});
      return lower.write(inst, 0, value, kB32);
    }
  lower.unsupported(inst);
}

// suld.b.geom{.cop}{.vec}.type.clamp d, [a, c]
void lower_suld(Lowering& lower, const Inst& inst) {
  const Geometry* geometry = geometry_of(inst);
  if (!geometry || !inst.has("b")) return lower.unsupported(inst);
  const SurfaceAccess access = surface_access(lower, inst, 1, *geometry);
  Value* exists = lower.b.CreateICmpNE(access.address, lower.b.getInt64(0));
  // The descriptor itself stands in for memory that is not there.
  Value* address = access.zero ? lower.b.CreateSelect(exists, access.address, handle_of(lower, inst, 1)) : access.address;
  const Scalar element = bits_of(access.element.bits());
  for (unsigned i = 0; i < access.count; ++i) {
    Value* at = lower.b.CreateAdd(address, lower.b.getInt64(i * element.bytes()));
    Value* value =
        lower.b.CreateAlignedLoad(lower.type(element), lower.b.CreateIntToPtr(at, lower.pointer_type(Space::Global)), llvm::Align(1));
    if (access.zero) value = lower.b.CreateSelect(exists, value, llvm::Constant::getNullValue(value->getType()));
    lower.write_element(inst, 0, i, value, element);
  }
}

// sust.b.geom{.cop}{.vec}.type.clamp [a, c], b
void lower_sust(Lowering& lower, const Inst& inst) {
  const Geometry* geometry = geometry_of(inst);
  if (!geometry || !inst.has("b")) return lower.unsupported(inst);
  const SurfaceAccess access = surface_access(lower, inst, 0, *geometry);
  const Scalar element = bits_of(access.element.bits());
  const auto store = [&] {
    for (unsigned i = 0; i < access.count; ++i) {
      Value* at = lower.b.CreateAdd(access.address, lower.b.getInt64(i * element.bytes()));
      lower.b.CreateAlignedStore(lower.read_element(inst, 1, i, element), lower.b.CreateIntToPtr(at, lower.pointer_type(Space::Global)),
                                 llvm::Align(1));
    }
  };
  if (!access.zero) return store();
  lower.guarded(lower.b.CreateICmpNE(access.address, lower.b.getInt64(0)), store);
}

}  // namespace anywarp::lower
