// Texture and surface references, which CUDA 12 took out of the runtime and left in the driver: a .texref or .surfref variable of a
// module, which a program binds to memory or an array before it launches. The variable is 8 bytes that hold what an object's handle
// is, the address of a descriptor (devicelib/texture.h), so kernels see no difference.
//
// What is bound must not change under kernels that run: a change waits for the context's work, as CUDA's own take effect at a launch.
#include "driver/texture_reference.h"

#include "driver/array.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/module.h"
#include "driver/process.h"
#include "driver/texture.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>

namespace anywarp::driver {

TextureReference::TextureReference(Context& context, uint64_t* variable, bool is_surface)
    : Object(kKind, context), is_surface(is_surface), variable_(variable) {
  for (CUaddress_mode& mode : texture.addressMode) mode = CU_TR_ADDRESS_MODE_WRAP;
  texture.filterMode = texture.mipmapFilterMode = CU_TR_FILTER_MODE_POINT;
  texture.maxMipmapLevelClamp = 1000;
}

TextureReference::~TextureReference() {
  if (descriptor_) process()->backend().release(descriptor_);
}

Result<> TextureReference::bind() {
  if (!is_bound) return {};
  AW_ASSIGN(const Sampling is, is_surface ? surface_of(resource) : sampling_of(resource, texture, nullptr));
  AW_TRY(context().synchronize());
  AW_ASSIGN(AwTexture * made, to_device(is));
  if (descriptor_) process()->backend().release(descriptor_);
  descriptor_ = made;
  if (variable_) *variable_ = reinterpret_cast<uint64_t>(made);
  return {};
}

namespace api {
namespace {

Result<TextureReference*> reference_of(const void* handle, bool is_surface) {
  auto* reference = process()->handles().find<TextureReference>(handle);
  if (!reference || reference->is_surface != is_surface) return invalid_handle(is_surface ? "surface reference" : "texture reference");
  AW_TRY(reference->context().usable());
  return reference;
}
Result<TextureReference*> texture_of(CUtexref handle) { return reference_of(handle, false); }

/// Changes a reference; one that cannot be bound so stays as it was.
template <class Change>
Result<> change(TextureReference& reference, const Change& what) {
  const auto resource = reference.resource;
  const auto texture = reference.texture;
  const bool was_bound = reference.is_bound;
  what();
  Result<> bound = reference.bind();
  if (!bound) {
    reference.resource = resource;
    reference.texture = texture;
    reference.is_bound = was_bound;
  }
  return bound;
}

Result<> get_reference(void** to, CUmodule hmod, const char* name, bool is_surface) {
  AW_TRY(need(to, "the reference"));
  AW_TRY(need(name, "name"));
  AW_ASSIGN(Module * module, module_of(hmod));
  const backend::Variable* variable = module->program()->program().variable(name);
  if (!variable || variable->size != sizeof(uint64_t))
    return Error{CUDA_ERROR_NOT_FOUND,
                 std::string("The module has no ") + (is_surface ? "surface" : "texture") + " reference '" + name + "'.", ""};
  AW_ASSIGN(TextureReference * reference, module->reference(name, static_cast<uint64_t*>(variable->address), is_surface));
  *to = reference->handle();
  return {};
}

}  // namespace

Result<> cuModuleGetTexRef(CUtexref* pTexRef, CUmodule hmod, const char* name) {
  return get_reference(reinterpret_cast<void**>(pTexRef), hmod, name, false);
}

Result<> cuModuleGetSurfRef(CUsurfref* pSurfRef, CUmodule hmod, const char* name) {
  return get_reference(reinterpret_cast<void**>(pSurfRef), hmod, name, true);
}

Result<> cuTexRefCreate(CUtexref* pTexRef) {
  AW_TRY(need(pTexRef, "pTexRef"));
  AW_ASSIGN(Context * context, current_context());
  AW_ASSIGN(TextureReference * made, context->own(std::make_unique<TextureReference>(*context, nullptr, false)));
  *pTexRef = static_cast<CUtexref>(made->handle());
  return {};
}

Result<> cuTexRefDestroy(CUtexref hTexRef) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  if (reference->is_of_module()) return invalid_value("The texture reference is a variable of a module, and ends with that.");
  reference->context().destroy(*reference);
  return {};
}

// --- What it reads.

Result<> cuTexRefSetArray(CUtexref hTexRef, CUarray hArray, unsigned int Flags) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  if (Flags != CU_TRSA_OVERRIDE_FORMAT) return invalid_value("The flags must be CU_TRSA_OVERRIDE_FORMAT.");
  return change(*reference, [&] {
    reference->resource = {};
    reference->resource.resType = CU_RESOURCE_TYPE_ARRAY;
    reference->resource.res.array.hArray = hArray;
    reference->is_bound = true;
  });
}

Result<> cuTexRefSetMipmappedArray(CUtexref hTexRef, CUmipmappedArray hMipmappedArray, unsigned int Flags) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  if (Flags != CU_TRSA_OVERRIDE_FORMAT) return invalid_value("The flags must be CU_TRSA_OVERRIDE_FORMAT.");
  return change(*reference, [&] {
    reference->resource = {};
    reference->resource.resType = CU_RESOURCE_TYPE_MIPMAPPED_ARRAY;
    reference->resource.res.mipmap.hMipmappedArray = hMipmappedArray;
    reference->is_bound = true;
  });
}

Result<> cuTexRefSetAddress_v2(size_t* ByteOffset, CUtexref hTexRef, CUdeviceptr dptr, size_t bytes) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  if (ByteOffset) *ByteOffset = 0;  // every address is aligned well enough
  return change(*reference, [&] {
    reference->resource = {};
    reference->resource.resType = CU_RESOURCE_TYPE_LINEAR;
    reference->resource.res.linear = {dptr, reference->format, reference->channels, bytes};
    reference->is_bound = true;
  });
}

Result<> cuTexRefSetAddress2D_v3(CUtexref hTexRef, const CUDA_ARRAY_DESCRIPTOR* desc, CUdeviceptr dptr, size_t Pitch) {
  AW_TRY(need(desc, "desc"));
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  return change(*reference, [&] {
    reference->resource = {};
    reference->resource.resType = CU_RESOURCE_TYPE_PITCH2D;
    reference->resource.res.pitch2D = {dptr, desc->Format, desc->NumChannels, desc->Width, desc->Height, Pitch};
    reference->is_bound = true;
  });
}

Result<> cuTexRefSetFormat(CUtexref hTexRef, CUarray_format fmt, int NumPackedComponents) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  const auto channels = static_cast<unsigned>(NumPackedComponents);
  AW_ASSIGN([[maybe_unused]] const ElementFormat checked, element_format(fmt, channels));
  reference->format = fmt;
  reference->channels = channels;
  if (!reference->is_bound || reference->resource.resType != CU_RESOURCE_TYPE_LINEAR) return {};
  return change(*reference, [&] {
    reference->resource.res.linear.format = fmt;
    reference->resource.res.linear.numChannels = channels;
  });
}

Result<> cuSurfRefSetArray(CUsurfref hSurfRef, CUarray hArray, unsigned int Flags) {
  AW_ASSIGN(TextureReference * reference, reference_of(hSurfRef, true));
  if (Flags != 0) return invalid_value("The flags must be 0.");
  return change(*reference, [&] {
    reference->resource = {};
    reference->resource.resType = CU_RESOURCE_TYPE_ARRAY;
    reference->resource.res.array.hArray = hArray;
    reference->is_bound = true;
  });
}

// --- How.

Result<> cuTexRefSetAddressMode(CUtexref hTexRef, int dim, CUaddress_mode am) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  if (dim < 0 || dim > 2) return invalid_value("There is no dimension " + std::to_string(dim) + ".");
  return change(*reference, [&] { reference->texture.addressMode[dim] = am; });
}

Result<> cuTexRefSetFilterMode(CUtexref hTexRef, CUfilter_mode fm) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  return change(*reference, [&] { reference->texture.filterMode = fm; });
}

Result<> cuTexRefSetMipmapFilterMode(CUtexref hTexRef, CUfilter_mode fm) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  return change(*reference, [&] { reference->texture.mipmapFilterMode = fm; });
}

Result<> cuTexRefSetMipmapLevelBias(CUtexref hTexRef, float bias) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  return change(*reference, [&] { reference->texture.mipmapLevelBias = bias; });
}

Result<> cuTexRefSetMipmapLevelClamp(CUtexref hTexRef, float minMipmapLevelClamp, float maxMipmapLevelClamp) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  return change(*reference, [&] {
    reference->texture.minMipmapLevelClamp = minMipmapLevelClamp;
    reference->texture.maxMipmapLevelClamp = maxMipmapLevelClamp;
  });
}

Result<> cuTexRefSetMaxAnisotropy(CUtexref hTexRef, unsigned int maxAniso) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  return change(*reference, [&] { reference->texture.maxAnisotropy = maxAniso; });
}

Result<> cuTexRefSetBorderColor(CUtexref hTexRef, float* pBorderColor) {
  AW_TRY(need(pBorderColor, "pBorderColor"));
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  return change(*reference, [&] { std::copy_n(pBorderColor, 4, reference->texture.borderColor); });
}

Result<> cuTexRefSetFlags(CUtexref hTexRef, unsigned int Flags) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  return change(*reference, [&] { reference->texture.flags = Flags; });
}

// --- What was set.

namespace {

Result<> is_bound_to(const TextureReference& reference, CUresourcetype type) {
  if (reference.is_bound && reference.resource.resType == type) return {};
  return invalid_value("The reference is bound to nothing of that kind.");
}

}  // namespace

Result<> cuTexRefGetAddress_v2(CUdeviceptr* pdptr, CUtexref hTexRef) {
  AW_TRY(need(pdptr, "pdptr"));
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  if (is_bound_to(*reference, CU_RESOURCE_TYPE_PITCH2D)) {
    *pdptr = reference->resource.res.pitch2D.devPtr;
    return {};
  }
  AW_TRY(is_bound_to(*reference, CU_RESOURCE_TYPE_LINEAR));
  *pdptr = reference->resource.res.linear.devPtr;
  return {};
}

Result<> cuTexRefGetArray(CUarray* phArray, CUtexref hTexRef) {
  AW_TRY(need(phArray, "phArray"));
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  AW_TRY(is_bound_to(*reference, CU_RESOURCE_TYPE_ARRAY));
  *phArray = reference->resource.res.array.hArray;
  return {};
}

Result<> cuSurfRefGetArray(CUarray* phArray, CUsurfref hSurfRef) {
  AW_TRY(need(phArray, "phArray"));
  AW_ASSIGN(TextureReference * reference, reference_of(hSurfRef, true));
  AW_TRY(is_bound_to(*reference, CU_RESOURCE_TYPE_ARRAY));
  *phArray = reference->resource.res.array.hArray;
  return {};
}

Result<> cuTexRefGetMipmappedArray(CUmipmappedArray* phMipmappedArray, CUtexref hTexRef) {
  AW_TRY(need(phMipmappedArray, "phMipmappedArray"));
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  AW_TRY(is_bound_to(*reference, CU_RESOURCE_TYPE_MIPMAPPED_ARRAY));
  *phMipmappedArray = reference->resource.res.mipmap.hMipmappedArray;
  return {};
}

Result<> cuTexRefGetAddressMode(CUaddress_mode* pam, CUtexref hTexRef, int dim) {
  AW_TRY(need(pam, "pam"));
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  if (dim < 0 || dim > 2) return invalid_value("There is no dimension " + std::to_string(dim) + ".");
  *pam = reference->texture.addressMode[dim];
  return {};
}

Result<> cuTexRefGetFilterMode(CUfilter_mode* pfm, CUtexref hTexRef) {
  AW_TRY(need(pfm, "pfm"));
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  *pfm = reference->texture.filterMode;
  return {};
}

Result<> cuTexRefGetFormat(CUarray_format* pFormat, int* pNumChannels, CUtexref hTexRef) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  if (pFormat) *pFormat = reference->format;
  if (pNumChannels) *pNumChannels = static_cast<int>(reference->channels);
  return {};
}

Result<> cuTexRefGetMipmapFilterMode(CUfilter_mode* pfm, CUtexref hTexRef) {
  AW_TRY(need(pfm, "pfm"));
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  *pfm = reference->texture.mipmapFilterMode;
  return {};
}

Result<> cuTexRefGetMipmapLevelBias(float* pbias, CUtexref hTexRef) {
  AW_TRY(need(pbias, "pbias"));
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  *pbias = reference->texture.mipmapLevelBias;
  return {};
}

Result<> cuTexRefGetMipmapLevelClamp(float* pminMipmapLevelClamp, float* pmaxMipmapLevelClamp, CUtexref hTexRef) {
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  if (pminMipmapLevelClamp) *pminMipmapLevelClamp = reference->texture.minMipmapLevelClamp;
  if (pmaxMipmapLevelClamp) *pmaxMipmapLevelClamp = reference->texture.maxMipmapLevelClamp;
  return {};
}

Result<> cuTexRefGetMaxAnisotropy(int* pmaxAniso, CUtexref hTexRef) {
  AW_TRY(need(pmaxAniso, "pmaxAniso"));
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  *pmaxAniso = static_cast<int>(reference->texture.maxAnisotropy);
  return {};
}

Result<> cuTexRefGetBorderColor(float* pBorderColor, CUtexref hTexRef) {
  AW_TRY(need(pBorderColor, "pBorderColor"));
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  std::copy(std::begin(reference->texture.borderColor), std::end(reference->texture.borderColor), pBorderColor);
  return {};
}

Result<> cuTexRefGetFlags(unsigned int* pFlags, CUtexref hTexRef) {
  AW_TRY(need(pFlags, "pFlags"));
  AW_ASSIGN(TextureReference * reference, texture_of(hTexRef));
  *pFlags = reference->texture.flags;
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
