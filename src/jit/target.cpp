#include "jit/jit.h"

#include <llvm/IR/Function.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>
#include <llvm/TargetParser/Triple.h>

#include <mutex>

namespace anywarp::jit {
namespace {

Host find_host() {
  Host host;
  host.cpu = llvm::sys::getHostCPUName().str();
  llvm::StringMap<bool> found = llvm::sys::getHostCPUFeatures();
  // Their conversion to bfloat16 takes denormals for zeros, which PTX's does not.
  for (const char* feature : {"avx512bf16", "avxneconvert"})
    if (found.contains(feature)) found[feature] = false;
  std::vector<std::string> names;
  for (const auto& feature : found) names.push_back((feature.second ? "+" : "-") + feature.first().str());
  std::sort(names.begin(), names.end());  // a map has no order, and the cache's key needs one
  for (const std::string& name : names) host.features += (host.features.empty() ? "" : ",") + name;
  const auto has = [&](const char* name) { return found.lookup(name); };
  host.mask_registers = has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl");
  host.vector_bits = host.mask_registers ? 512 : has("avx2") ? 256 : 128;
  return host;
}

/// LLVM 22's x86 code for a scalar minimumnum or maximumnum gives NaN when one operand is NaN and the other is known not to be
/// (it sorts the two by vfpclass the wrong way round). With the other operand in a NaN's place there is nothing to sort.
void keep_numbers(llvm::Function& function) {
  for (llvm::Instruction& instruction : llvm::instructions(function)) {
    auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
    if (!call || call->getType()->isVectorTy()) continue;
    if (call->getIntrinsicID() != llvm::Intrinsic::minimumnum && call->getIntrinsicID() != llvm::Intrinsic::maximumnum) continue;
    llvm::IRBuilder<> builder(call);
    for (unsigned i = 0; i < 2; ++i) {
      llvm::Value *value = call->getArgOperand(i), *other = call->getArgOperand(1 - i);
      if (!llvm::isa<llvm::Constant>(value))
        call->setArgOperand(i, builder.CreateSelect(builder.CreateFCmpUNO(value, value), other, value));
    }
  }
}

const llvm::Target* find_target(const llvm::Triple& triple, std::string& error) {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
  return llvm::TargetRegistry::lookupTarget(triple, error);
}

}  // namespace

const Host& host() {
  static const auto* found = new Host(find_host());
  return *found;
}

Result<std::unique_ptr<llvm::TargetMachine>> target(llvm::Module& module) {
  const llvm::Triple triple(llvm::sys::getProcessTriple());
  std::string error;
  const llvm::Target* description = find_target(triple, error);
  if (!description) return Error{CUDA_ERROR_NOT_SUPPORTED, "LLVM has no code generator for this machine: " + error + ".", {}};

  // Code and data lie where mmap puts them, farther than 2 GiB from the program: PIC makes LLVM go through tables for
  // everything external, and JITLink builds those next to the code.
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  options.UseInitArray = true;
  std::unique_ptr<llvm::TargetMachine> machine(description->createTargetMachine(
      triple, host().cpu, host().features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default,
      /*JIT=*/true));
  if (!machine) return Error{CUDA_ERROR_NOT_SUPPORTED, "LLVM makes no code for the processor '" + host().cpu + "'.", {}};

  module.setTargetTriple(triple);
  module.setDataLayout(machine->createDataLayout());
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    function.addFnAttr("target-cpu", host().cpu);
    function.addFnAttr("target-features", host().features);
    // LLVM prefers 256 bits on many processors with AVX-512, which would split each vector that we made for 512.
    function.addFnAttr("prefer-vector-width", std::to_string(host().vector_bits));
    function.addFnAttr("min-legal-vector-width", std::to_string(host().vector_bits));
    // A fault leaves the block by a jump, never by unwinding.
    function.setDoesNotThrow();
    function.removeFnAttr(llvm::Attribute::UWTable);
    keep_numbers(function);
  }
  return machine;
}

}  // namespace anywarp::jit
