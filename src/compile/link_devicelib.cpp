// A kernel calls a few of several hundred functions, and is compiled in a few milliseconds, so nothing but the needed functions
// may be read: the bitcode's index is parsed lazily, and the linker materialises what has an open declaration.
//
// PTX that was made without libdevice.10.bc calls libdevice's functions (`__nv_sinf`) themselves. Those that libdevice would pass
// on as they are become what they would have become; the others were inline there and are not to be had.
#include "compile/link_devicelib.h"

#include "compile/math.h"
#include "devicelib/bitcode.h"

#include <llvm/ADT/SmallString.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/VFABIDemangler.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/MemoryBufferRef.h>

namespace anywarp::compile {
namespace {

using namespace llvm;

bool is_open(const Function& function, StringRef prefix) {
  return function.isDeclaration() && !function.use_empty() && function.getName().starts_with(prefix);
}

bool has_open(const Module& module, StringRef prefix) {
  return any_of(module, [&](const Function& function) { return is_open(function, prefix); });
}

Error wrong_types(const Function& function, const kir::KernelModule& kernel) {
  return Error{CUDA_ERROR_NOT_SUPPORTED,
               "The program calls the device library's function '" + function.getName().str() + "' with other types than it has.",
               kernel.kernel->getName().str()};
}

bool has_type(const Function& function, std::string_view type) {
  const auto is = [](const Type* found, char letter) {
    return letter == 'f' ? found->isFloatTy() : letter == 'd' ? found->isDoubleTy() : found->isIntegerTy(32);
  };
  if (function.arg_size() + 1 != type.size() || !is(function.getReturnType(), type[0])) return false;
  for (const Argument& argument : function.args())
    if (!is(argument.getType(), type[argument.getArgNo() + 1])) return false;
  return true;
}

/// `__nv_sinf` -> `__aw_sinf`, where the library or the math functions have it with that type.
void take_names_of_libdevice(Module& module, const Module& library) {
  for (Function& function : make_early_inc_range(module)) {
    if (!is_open(function, "__nv_")) continue;
    const std::string name = "__aw_" + function.getName().substr(5).str();
    const Function* inlined = library.getFunction(name);
    const MathFunction* math = find_math_function(name);
    if (!(inlined && inlined->getFunctionType() == function.getFunctionType()) && !(math && has_type(function, math->type))) continue;
    if (Function* other = module.getFunction(name); other && other->getFunctionType() == function.getFunctionType())
      function.replaceAllUsesWith(other);
    else if (!other)
      function.setName(name);
  }
}

/// Links what is called of the library.
Result<> link(kir::KernelModule& kernel) {
  Module& module = *kernel.module;
  const std::string_view bitcode = devicelib::bitcode();
  auto parsed = getLazyBitcodeModule(MemoryBufferRef(StringRef(bitcode.data(), bitcode.size()), "devicelib"), *kernel.context,
                                     /*ShouldLazyLoadMetadata=*/true);
  if (!parsed) return Error{CUDA_ERROR_UNKNOWN, "The device library cannot be read: " + toString(parsed.takeError()) + ".", {}};
  std::unique_ptr<Module> library = std::move(*parsed);
  take_names_of_libdevice(module, *library);
  for (const Function& function : module) {
    if (!is_open(function, "__aw_")) continue;
    const Function* definition = library->getFunction(function.getName());
    if (definition && definition->getFunctionType() != function.getFunctionType()) return wrong_types(function, kernel);
  }
  library->setModuleInlineAsm("");
  library->setTargetTriple(module.getTargetTriple());
  library->setDataLayout(module.getDataLayout());

  const bool has_flags = module.getModuleFlagsMetadata();
  StringSet<> before;
  for (const Function& function : module)
    if (!function.isDeclaration()) before.insert(function.getName());
  if (Linker::linkModules(module, std::move(library), Linker::Flags::LinkOnlyNeeded))
    return Error{CUDA_ERROR_UNKNOWN, "The device library does not link to the kernel.", kernel.kernel->getName().str()};
  for (Function& function : module) {
    if (function.isDeclaration() || before.contains(function.getName())) continue;
    // The processor that it was compiled for, and whatever else clang notes down, would keep it from being inlined.
    AttrBuilder attributes(function.getContext());
    attributes.addAttribute(Attribute::AlwaysInline);
    attributes.addAttribute(Attribute::NoUnwind);
    if (function.doesNotAccessMemory()) {
      attributes.addAttribute(Attribute::WillReturn);
      attributes.addMemoryAttr(MemoryEffects::none());
    }
    function.setAttributes(AttributeList::get(function.getContext(), AttributeList::FunctionIndex, attributes));
    function.setLinkage(GlobalValue::InternalLinkage);
    function.setVisibility(GlobalValue::DefaultVisibility);
    function.setDSOLocal(true);
  }
  // The library's module flags say how it was compiled, which is no property of the kernel.
  if (NamedMDNode* flags = module.getModuleFlagsMetadata(); flags && !has_flags) module.eraseNamedMetadata(flags);
  if (NamedMDNode* idents = module.getNamedMetadata("llvm.ident")) module.eraseNamedMetadata(idents);
  return {};
}

/// "_ZGV_LLVM_N8vv___aw_powf(__aw_powf.v8)": 8 lanes, two vectors, unmasked.
void name_variants(Function& function, const MathFunction& math, const jit::Processor& processor) {
  std::string list;
  for (const uint32_t lanes : variant_lanes(math, processor)) {
    list += list.empty() ? "" : ",";
    list += "_ZGV_LLVM_N" + std::to_string(lanes) + std::string(math.type.size() - 1, 'v') + "_" + std::string(math.name) + "(" +
            variant_symbol(math.name, lanes) + ")";
  }
  if (list.empty()) return;
  for (User* user : function.users())
    if (auto* call = dyn_cast<CallInst>(user); call && call->getCalledFunction() == &function)
      call->addFnAttr(Attribute::get(function.getContext(), VFABI::MappingsAttrName, list));
}

}  // namespace

Result<> link_devicelib(kir::KernelModule& kernel, const jit::Processor& processor) {
  Module& module = *kernel.module;
  if (has_open(module, "__aw_") || has_open(module, "__nv_")) AW_TRY(link(kernel));
  for (Function& function : module) {
    if (!is_open(function, "__aw_") && !is_open(function, "__nv_")) continue;
    const MathFunction* math = find_math_function({function.getName().data(), function.getName().size()});
    if (!math)
      return Error{CUDA_ERROR_NOT_SUPPORTED, "The device library has no function '" + function.getName().str() + "'.",
                   kernel.kernel->getName().str()};
    if (!has_type(function, math->type)) return wrong_types(function, kernel);
    function.setDoesNotAccessMemory();
    function.setDoesNotThrow();
    function.setWillReturn();
    name_variants(function, *math, processor);
  }
  return {};
}

}  // namespace anywarp::compile
