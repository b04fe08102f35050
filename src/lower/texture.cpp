// PTX ISA, "Texture Instructions" and "Surface Instructions": tex, tld4, txq, suld, sust, suq.
//
// A texture's or surface's handle is the address of its descriptor (devicelib/texture.h), and a fetch is a call of the executor.
// A .texref or .surfref variable is 8 bytes of memory that hold a handle. tex.grad is tex.level at the level of detail that its steps ask
// for.
//
//     tex.2d.v4.f32.f32 {a, b, c, d}, [t, {x, y}]   ->   {a, b, c, d} = aw.texture(t, how: 2 dimensions, 0, x, y, 0, 0)
#include "devicelib/texture.h"
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

// tex{.level|.grad}.geom.v4.dtype.ctype d{|p}, [a, c]{, lod | dx, dy};  tld4.comp.2d.v4.dtype.f32 d{|p}, [a, c]
//
// Behind these there may be an offset in texels and a depth to compare with, which CUDA C++ has no functions for.
void lower_tex(Lowering& lower, const Inst& inst) {
  const Geometry* geometry = geometry_of(inst);
  const Scalar result = inst.type(0), coordinate = inst.type(1);
  const bool has_level = inst.has("level"), has_gradient = inst.has("grad");
  const bool is_half = result.bits() == 16 && result.is_float();
  if (!geometry || (result.bits() != 32 && !is_half) || inst.has("f16x2")) return lower.unsupported(inst);
  if (has_sampler(inst, 1)) return lower.unsupported(inst, "has a sampler apart from its texture");
  if (inst.ast.operands.size() != 2u + (has_level ? 1 : has_gradient ? 2 : 0))
    return lower.unsupported(inst, "has an offset in texels or compares depths");
  const std::string_view gathered = inst.opcode == "tld4" ? inst.one_of({"r", "g", "b", "a"}) : "";
  if (!gathered.empty() && geometry->cube) return lower.unsupported(inst);
  auto& b = lower.b;
  llvm::Type *word = b.getInt32Ty(), *real = b.getFloatTy();
  const auto number = [&](unsigned value) -> Value* { return b.getInt32(value); };
  Place place = place_of(lower, inst, 1, *geometry, coordinate.is_float() ? kF32 : kB32);
  Value* handle = handle_of(lower, inst, 1);
  Value* lod = llvm::ConstantFP::get(real, 0);
  if (has_level) {
    lod = coordinate.is_float() ? lower.read(inst, 2, kF32) : b.CreateSIToFP(lower.read(inst, 2, kB32), real);
  } else if (has_gradient) {
    llvm::SmallVector<Value*, 9> steps = {handle, number(geometry->dimensions), number(geometry->cube)};
    for (unsigned i = 2; i < 4; ++i) {
      const unsigned given = lower.elements(inst, i);
      for (unsigned d = 0; d < 3; ++d)
        steps.push_back(d < geometry->dimensions && d < given ? lower.read_element(inst, i, d, kF32) : llvm::ConstantFP::get(real, 0));
    }
    lod = fetch(lower, "__aw_tex_lod", real, steps);
  }
  if (!coordinate.is_float())
    for (Value*& at : place.at) at = b.CreateBitCast(at, real);
  unsigned how = geometry->dimensions | (geometry->cube ? AW_FETCH_CUBE : 0) | (geometry->layered ? AW_FETCH_LAYER : 0) |
                 (coordinate.is_float() ? 0 : AW_FETCH_WHOLE) | (has_level || has_gradient ? AW_FETCH_LEVEL : 0);
  if (!gathered.empty()) how |= AW_FETCH_GATHER | static_cast<unsigned>(std::string_view("rgba").find(gathered)) << AW_FETCH_CHANNEL_SHIFT;
  Value* texels = fetch(lower, "aw.texture", llvm::StructType::get(word, word, word, word),
                        {handle, number(how), place.layer, place.at[0], place.at[1], place.at[2], lod});
  for (unsigned i = 0; i < lower.elements(inst, 0); ++i) {
    Value* value = b.CreateExtractValue(texels, i);
    if (is_half)
      lower.write_element(inst, 0, i, b.CreateFPTrunc(b.CreateBitCast(value, real), b.getHalfTy()), kF16);
    else
      lower.write_element(inst, 0, i, value, kB32);
  }
  lower.write_second(inst, 0, b.getTrue(), kPredicate);
}

// txq.query.b32 d, [a];  txq.level.query.b32 d, [a], lod;  suq.query.b32 d, [a]
void lower_txq(Lowering& lower, const Inst& inst) {
  constexpr std::pair<std::string_view, unsigned> kQueries[] = {
      {"width", 0}, {"height", 1}, {"depth", 2}, {"array_size", 2}, {"normalized_coords", 3}, {"num_mipmap_levels", 5}};
  for (auto [word, number] : kQueries)
    if (inst.has(word)) {
      Value* level = inst.has("level") ? lower.read(inst, 2, kB32) : lower.b.getInt32(0);
      Value* value = fetch(lower, "__aw_txq", lower.b.getInt32Ty(), {handle_of(lower, inst, 1), lower.b.getInt32(number), level});
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
