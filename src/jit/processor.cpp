// Which processor a kernel is compiled for. As a rule it is the machine's own; ANYWARP_TARGET lowers it, so that a machine with AVX-512
// tests what others run, and code for a foreign architecture can be made and looked at.
//
// A level names what an architecture's processors have in common (x86-64-v3 is AVX2 with FMA), and its code is the same wherever it is
// made. LLVM knows which features come with a processor; of these the machine must have every one that it is asked about here.
//
// SVE's registers have a length that the program learns when it runs. Kernels are compiled for vectors of a fixed length, which LLVM
// puts into SVE's registers where these are known to be at least as long (vscale_range), and into NEON's else.
#include "base/environment.h"
#include "jit/jit.h"
#include "jit/targets.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>

#include <algorithm>
#include <map>
#include <mutex>

#if defined(__aarch64__)
#include <sys/auxv.h>
#include <sys/prctl.h>
#endif

namespace anywarp::jit {
namespace {

struct Level {
  const char *name, *triple, *cpu, *features;
  uint32_t scalable_bits;
};
constexpr const char *kX86 = "x86_64-pc-linux-gnu", *kArm = "aarch64-unknown-linux-gnu";
constexpr Level kLevels[] = {
    {"sse4.2", kX86, "x86-64-v2", "", 0},         {"avx2", kX86, "x86-64-v3", "", 0},
    {"avx512", kX86, "x86-64-v4", "", 0},         {"neon", kArm, "generic", "+v8a,+neon", 0},
    {"sve", kArm, "generic", "+v8.2a,+sve", 256}, {"sve512", kArm, "generic", "+v8.2a,+sve", 512},
};

// Their conversion to bfloat16 takes denormals for zeros, which PTX's does not.
constexpr const char* kWrongOnX86[] = {"avx512bf16", "avxneconvert"};

#if defined(__aarch64__)
/// LLVM reads /proc/cpuinfo, which an emulator may leave as the emulating machine's; what the kernel tells the program is always right.
void add_features_of_kernel(llvm::StringMap<bool>& features) {
  struct Bit {
    unsigned long word, bit;
    const char* feature;
  };
  const unsigned long one = getauxval(AT_HWCAP), two = getauxval(AT_HWCAP2);
  for (const Bit& known : {Bit{one, 1, "neon"}, Bit{one, 8, "lse"}, Bit{one, 7, "crc"}, Bit{one, 10, "fullfp16"}, Bit{one, 12, "rdm"},
                           Bit{one, 20, "dotprod"}, Bit{one, 22, "sve"}, Bit{two, 1, "sve2"}})
    if (known.word >> known.bit & 1) features[known.feature] = true;
}

uint32_t scalable_bits_of_host() {
  const int answer = prctl(PR_SVE_GET_VL);
  return answer < 0 ? 0 : static_cast<uint32_t>(answer & PR_SVE_VL_LEN_MASK) * 8;
}
#else
void add_features_of_kernel(llvm::StringMap<bool>&) {}
uint32_t scalable_bits_of_host() { return 0; }
#endif

const llvm::StringMap<bool>& features_of_host() {
  static const auto* found = [] {
    auto* features = new llvm::StringMap<bool>(llvm::sys::getHostCPUFeatures());
    add_features_of_kernel(*features);
    return features;
  }();
  return *found;
}

std::unique_ptr<llvm::MCSubtargetInfo> subtarget(const Processor& processor) {
  std::string error;
  const llvm::Triple triple(processor.triple);
  const llvm::Target* target = find_target(triple, error);
  return std::unique_ptr<llvm::MCSubtargetInfo>(target ? target->createMCSubtargetInfo(triple, processor.cpu, processor.features)
                                                       : nullptr);
}

void add_feature(Processor& processor, const std::string& feature) {
  processor.features += (processor.features.empty() ? "" : ",") + feature;
}

/// What follows from triple, cpu and features.
void complete(Processor& processor) {
  processor.is_x86 = llvm::Triple(processor.triple).isX86();
  const auto info = subtarget(processor);
  const auto has = [&](const char* features) { return info && info->checkFeatures(features); };
  if (processor.is_x86) {
    const bool avx2 = has("+avx2") && has("+fma");
    processor.fma = avx2;
    processor.mask_registers = has("+avx512f") && has("+avx512bw") && has("+avx512dq") && has("+avx512vl");
    processor.vector_bits = processor.mask_registers ? 512 : avx2 ? 256 : 128;
    processor.permute_bits = processor.mask_registers ? 512 : avx2 ? 256 : 0;
    processor.multiplies_bytes = has("+avx512vnni,+avx512vl") || has("+avxvnni");
    processor.multiplies_brain = has("+avx512bf16,+avx512vl");
    for (const char* feature : kWrongOnX86) add_feature(processor, std::string("-") + feature);
    return;
  }
  processor.fma = true;
  if (!has("+sve")) processor.scalable_bits = 0;
  if (processor.scalable_bits < 256) processor.scalable_bits = 0;  // NEON is as good then
  processor.vector_bits = std::clamp(processor.scalable_bits, 128u, 512u);
}

Processor find_host() {
  Processor host;
  host.name = "native";
  host.triple = llvm::sys::getProcessTriple();
  host.cpu = llvm::sys::getHostCPUName().str();
  std::vector<std::string> names;
  for (const auto& feature : features_of_host()) names.push_back((feature.second ? "+" : "-") + feature.first().str());
  std::sort(names.begin(), names.end());  // a map has no order, and the cache's key needs one
  for (const std::string& name : names) add_feature(host, name);
  host.scalable_bits = scalable_bits_of_host();
  complete(host);
  return host;
}

/// A level, or a processor that LLVM knows for one of the architectures, the machine's own first.
Result<Processor> describe(const std::string& name) {
  Processor processor;
  processor.name = name;
  for (const Level& level : kLevels) {
    if (name != level.name) continue;
    processor.triple = level.triple;
    processor.cpu = level.cpu;
    processor.features = level.features;
    processor.scalable_bits = level.scalable_bits;
    complete(processor);
    return processor;
  }
  for (const std::string& triple : {host().triple, std::string(kX86), std::string(kArm)}) {
    processor.triple = triple;
    processor.cpu = "generic";
    const auto info = subtarget(processor);
    if (!info || !info->isCPUStringValid(name)) continue;
    processor.cpu = name;
    complete(processor);
    return processor;
  }
  std::string levels;
  for (const Level& level : kLevels) levels += std::string(level.name) + ", ";
  return Error{CUDA_ERROR_INVALID_VALUE,
               "There is no processor '" + name + "'; kernels are compiled for native, " + levels + "or one that LLVM names, as znver3.",
               {}};
}

}  // namespace

const Processor& host() {
  static const auto* found = new Processor(find_host());
  return *found;
}

Result<const Processor*> find_processor(const std::string& name) {
  if (name == "native") return &host();
  static std::mutex lock;
  static auto* known = new std::map<std::string, Processor>;
  std::lock_guard guard(lock);
  if (const auto found = known->find(name); found != known->end()) return &found->second;
  AW_ASSIGN(Processor made, describe(name));
  return &known->emplace(name, std::move(made)).first->second;
}

Result<> check_executable(const Processor& processor) {
  if (&processor == &host()) return {};
  const auto lacks = [&](const std::string& what) {
    return Error{CUDA_ERROR_NOT_SUPPORTED, "This machine does not execute code for '" + processor.name + "': it has no " + what + ".", {}};
  };
  if (processor.is_x86 != host().is_x86) return lacks(processor.is_x86 ? "x86 processor" : "AArch64 processor");
  const auto info = subtarget(processor);
  for (const auto& feature : features_of_host())
    if (!feature.second && info->checkFeatures("+" + feature.first().str())) return lacks(feature.first().str());
  if (processor.scalable_bits > host().scalable_bits) return lacks("SVE registers of " + std::to_string(processor.scalable_bits) + " bits");
  return {};
}

Result<const Processor*> chosen_processor() {
  static const auto* chosen = new Result<const Processor*>([]() -> Result<const Processor*> {
    AW_ASSIGN(const Processor* processor, find_processor(env::target()));
    AW_TRY(check_executable(*processor));
    return processor;
  }());
  return *chosen;
}

}  // namespace anywarp::jit
