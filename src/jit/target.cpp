#include "jit/jit.h"

#include <llvm/IR/Function.h>
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
  host.multiplies_brain = found.lookup("avx512bf16") && found.lookup("avx512vl");
  // Their conversion to bfloat16 takes denormals for zeros, which PTX's does not.
  for (const char* feature : {"avx512bf16", "avxneconvert"})
    if (found.contains(feature)) found[feature] = false;
  std::vector<std::string> names;
  for (const auto& feature : found) names.push_back((feature.second ? "+" : "-") + feature.first().str());
  std::sort(names.begin(), names.end());  // a map has no order, and the cache's key needs one
  for (const std::string& name : names) host.features += (host.features.empty() ? "" : ",") + name;
  const auto has = [&](const char* name) { return found.lookup(name); };
  host.mask_registers = has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl");
  host.multiplies_bytes = (has("avx512vnni") && has("avx512vl")) || has("avxvnni");
  host.vector_bits = host.mask_registers ? 512 : has("avx2") ? 256 : 128;
  host.permute_bits = host.mask_registers ? 512 : has("avx2") ? 256 : 0;
  return host;
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
    const llvm::StringRef more = function.getFnAttribute("anywarp-features").getValueAsString();
    function.addFnAttr("target-features", more.empty() ? host().features : host().features + "," + more.str());
    // LLVM prefers 256 bits on many processors with AVX-512, which would split each vector that we made for 512.
    function.addFnAttr("prefer-vector-width", std::to_string(host().vector_bits));
    function.addFnAttr("min-legal-vector-width", std::to_string(host().vector_bits));
    // A fault leaves the block by a jump, never by unwinding.
    function.setDoesNotThrow();
    function.removeFnAttr(llvm::Attribute::UWTable);
  }
  return machine;
}

}  // namespace anywarp::jit
