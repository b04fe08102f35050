// An architecture string says two things in nvcc: what the source may use (compute_NN, the virtual architecture), and
// which machine code is made (sm_NN). We make no machine code, so every form ends as PTX of the virtual architecture, which
// our driver compiles for the machine at hand:
//
//   -arch=sm_90                                       -> PTX of compute_90
//   -gencode arch=compute_80,code=sm_80 (twice...)    -> PTX of compute_80, ...
//   -arch=native                                      -> PTX of the device that Anywarp claims to be
#include "toolchain/arch.h"

#include "base/environment.h"

#include <algorithm>
#include <cstdlib>

namespace anywarp::toolchain {

namespace {

Error unsupported_arch(std::string_view value) {
  return {CUDA_ERROR_INVALID_VALUE, "Unsupported gpu architecture '" + std::string(value) + "'", {}};
}

bool known(std::string_view arch) {
  const auto& all = accepted_architectures();
  return std::find(all.begin(), all.end(), arch) != all.end();
}

/// "90" of "sm_90" or "compute_90"; fails on anything else.
Result<std::string> suffix_of(std::string_view value) {
  for (std::string_view prefix : {"sm_", "compute_", "lto_"})
    if (value.starts_with(prefix) && known(value.substr(prefix.size()))) return std::string(value.substr(prefix.size()));
  return unsupported_arch(value);
}

/// The architecture of the device that programs see here.
std::string native_arch() {
  auto set = env::compute_capability();
  std::string text = std::to_string(set.major) + std::to_string(set.minor);
  return known(text) ? text : std::string("90");
}

void split(std::string_view list, std::vector<std::string>& out) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    if (comma != 0) out.emplace_back(list.substr(0, comma));
    list = comma == list.npos ? std::string_view() : list.substr(comma + 1);
  }
}

}  // namespace

const std::vector<std::string>& architectures() {
  static const std::vector<std::string> all = {"75",   "80",   "86",  "87",   "88",   "89",  "90",   "90a",  "100", "100a", "100f", "103",
                                               "103a", "103f", "110", "110a", "110f", "120", "120a", "120f", "121", "121a", "121f"};
  return all;
}

const std::vector<std::string>& accepted_architectures() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> list = {"50", "52", "53", "60", "61", "62", "70", "72"};
    list.insert(list.end(), architectures().begin(), architectures().end());
    return list;
  }();
  return all;
}

int arch_number(std::string_view arch) { return std::atoi(std::string(arch).c_str()); }

std::string clang_name(std::string_view arch) {
  std::string name(arch);
  if (name.ends_with('f')) name.back() = 'a';
  return name;
}

bool needs_newest_ptx(std::string_view arch) {
  const int number = arch_number(arch);
  return number == 88 || number == 103 || number == 110 || number == 121;
}

std::vector<std::string> clang_arch_flags(std::string_view arch) {
  std::vector<std::string> flags{"--cuda-gpu-arch=sm_" + clang_name(arch)};
  if (needs_newest_ptx(arch)) {
    for (const char* flag : {"--no-cuda-version-check", "-Xclang", "-target-feature", "-Xclang", "+ptx90"}) flags.emplace_back(flag);
  }
  return flags;
}

void TargetList::add(std::string_view arch, std::string_view code) {
  auto at = std::find_if(targets_.begin(), targets_.end(), [&](const Target& t) { return t.arch == arch; });
  if (at == targets_.end()) at = targets_.insert(at, {std::string(arch), {}});
  if (std::find(at->codes.begin(), at->codes.end(), code) == at->codes.end()) at->codes.emplace_back(code);
}

Result<> TargetList::set_arch(std::string_view value) {
  if (value == "native") {
    arch_ = "sm_" + native_arch();
  } else if (value == "all" || value == "all-major") {
    for (const std::string& arch : architectures()) {
      if (!std::isdigit(static_cast<unsigned char>(arch.back()))) continue;
      if (value == "all-major" && arch_number(arch) % 10 != 0 && arch != default_architecture) continue;
      add(arch, "sm_" + arch);
    }
    add("120", "compute_120");
  } else {
    AW_TRY(suffix_of(value));
    arch_ = value;
  }
  return {};
}

Result<> TargetList::add_code(std::string_view value) {
  std::vector<std::string> list;
  split(value, list);
  for (std::string& code : list) {
    AW_TRY(suffix_of(code));
    codes_.push_back(std::move(code));
  }
  return {};
}

Result<> TargetList::add_gencode(std::string_view specification) {
  std::string text(specification);
  std::erase_if(text, [](char c) { return c == '"' || c == '\'' || c == ' '; });
  size_t comma = text.find(",code=");
  if (!text.starts_with("arch=") || (comma == text.npos && text.find(',') != text.npos))
    return Error{CUDA_ERROR_INVALID_VALUE, "Option '--generate-code' takes arch=compute_NN,code=sm_NN, not '" + text + "'", {}};
  AW_ASSIGN(std::string arch, suffix_of(std::string_view(text).substr(5, comma == text.npos ? text.npos : comma - 5)));
  std::vector<std::string> codes;
  if (comma != text.npos) {
    std::string list = text.substr(comma + 6);
    std::erase_if(list, [](char c) { return c == '[' || c == ']'; });
    split(list, codes);
  }
  if (codes.empty()) codes.push_back("compute_" + arch);
  for (const std::string& code : codes) {
    AW_TRY(suffix_of(code));
    add(arch, code);
  }
  return {};
}

Result<std::vector<Target>> TargetList::finish() const {
  TargetList all = *this;
  if (!arch_.empty() || (targets_.empty() && codes_.empty())) {
    std::string given = arch_.empty() ? "sm_" + std::string(default_architecture) : arch_;
    AW_ASSIGN(std::string arch, suffix_of(given));
    if (!codes_.empty()) {
      for (const std::string& code : codes_) all.add(arch, code);
    } else {
      if (given.starts_with("sm_")) all.add(arch, given);
      all.add(arch, "compute_" + arch);
    }
  } else if (!codes_.empty()) {
    return Error{CUDA_ERROR_INVALID_VALUE, "Must specify the architecture (-arch) together with the code (-code)", {}};
  }
  return std::move(all.targets_);
}

}  // namespace anywarp::toolchain
