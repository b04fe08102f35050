#include "backend/cpu/program.h"

#include "ptx/function_handle.h"
#include "ptx/module.h"

#include <algorithm>
#include <cstring>

namespace anywarp::backend::cpu {
namespace {

bool in_device_memory(const ptx::Variable& variable) { return variable.space == ptx::Space::Global || variable.space == ptx::Space::Const; }

}  // namespace

CpuProgram::CpuProgram(std::shared_ptr<const ptx::Module> module, Memory& memory, const compile::Options& options)
    : module_(std::move(module)), memory_(memory), options_(options) {}

CpuProgram::~CpuProgram() {
  if (block_) memory_.release(block_);
}

Result<std::unique_ptr<Program>> CpuProgram::load(std::shared_ptr<const ptx::Module> module, Memory& memory,
                                                  const compile::Options& options, int device_capability) {
  std::unique_ptr<CpuProgram> program(new CpuProgram(std::move(module), memory, options));
  AW_TRY(program->place_variables());
  AW_TRY(program->initialise_variables());
  for (const ptx::Function& function : program->module_->functions) {
    if (!function.is_entry || !function.has_body) continue;
    auto& kernel = program->owned_.emplace_back(std::make_unique<CpuKernel>(*program, function, device_capability));
    program->kernels_.push_back(kernel.get());
    program->kernels_by_name_.emplace(function.name, kernel.get());
  }
  return std::unique_ptr<Program>(std::move(program));
}

// All variables share one allocation, but for those that have their place already; each starts at its own alignment, at 16 bytes
// at least.
Result<> CpuProgram::place_variables() {
  const auto& all = module_->variables;
  variables_.resize(all.size());
  std::vector<size_t> offsets(all.size());
  size_t end = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const ptx::Variable& variable = all[i];
    if (!in_device_memory(variable)) continue;
    if (variable.linkage == ptx::Linkage::Extern)
      return Error{CUDA_ERROR_NOT_FOUND,
                   "The module declares the variable '" + std::string(variable.name) + "' as extern, and nobody defines it.",
                   module_->file_name + ":" + std::to_string(variable.location.line) + ":" + std::to_string(variable.location.column)};
    const size_t align = std::max<size_t>(variable.align, 16);
    offsets[i] = (end + align - 1) / align * align;
    end = offsets[i] + std::max<size_t>(variable.size, 1);
  }
  if (end == 0) return {};
  AW_ASSIGN(block_, memory_.allocate(end + 64));
  memset(block_, 0, end + 64);
  for (size_t i = 0; i < all.size(); ++i) {
    if (!in_device_memory(all[i])) continue;
    void* address = all[i].place ? all[i].place : static_cast<char*>(block_) + offsets[i];
    variables_[i] = {address, size_t(all[i].size), all[i].managed || all[i].place};
    by_name_.emplace(all[i].name, i);
    symbols_.emplace(std::string(all[i].name), address);
  }
  return {};
}

Result<> CpuProgram::initialise_variables() {
  const auto& all = module_->variables;
  for (size_t i = 0; i < all.size(); ++i) {
    const ptx::Variable& variable = all[i];
    char* address = static_cast<char*>(variables_[i].address);
    if (!address || !variable.initialised) continue;
    if (!variable.bytes.empty()) memcpy(address, variable.bytes.data(), std::min<size_t>(variable.bytes.size(), variable.size));
    for (const ptx::Relocation& relocation : variable.relocations) {
      const std::string place =
          module_->file_name + ":" + std::to_string(variable.location.line) + ":" + std::to_string(variable.location.column);
      uint64_t value = ptx::function_handle(relocation.index);
      if (!relocation.is_function) {
        const Variable& target = variables_[relocation.index];
        if (!target.address)
          return Error{CUDA_ERROR_INVALID_PTX,
                       "The initialiser of '" + std::string(variable.name) + "' names '" + std::string(all[relocation.index].name) +
                           "', which is neither a global nor a const variable.",
                       place};
        value = reinterpret_cast<uint64_t>(target.address);
      }
      value += uint64_t(relocation.addend);
      if (relocation.mask != ~uint64_t{0} && relocation.mask != 0) value = (value & relocation.mask) >> __builtin_ctzll(relocation.mask);
      if (relocation.offset + relocation.size <= variable.size)
        memcpy(address + relocation.offset, &value, std::min<size_t>(relocation.size, 8));
    }
  }
  return {};
}

Kernel* CpuProgram::kernel(std::string_view name) {
  const auto found = kernels_by_name_.find(name);
  return found == kernels_by_name_.end() ? nullptr : found->second;
}

const Variable* CpuProgram::variable(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &variables_[found->second];
}

}  // namespace anywarp::backend::cpu
