#include "backend/cpu/kernel.h"

#include "backend/cpu/program.h"
#include "ptx/module.h"

#include <algorithm>
#include <chrono>

namespace anywarp::backend::cpu {
namespace {

bool same(const spmd::LaunchShape& a, const spmd::LaunchShape& b) {
  return std::equal(a.block, a.block + 3, b.block) && a.linear_ids_fit_i32 == b.linear_ids_fit_i32 && a.cooperative == b.cooperative;
}

spmd::LaunchShape shape_of(const Launch& launch) {
  const auto fits = [](uint64_t grid, uint64_t block) { return grid * block < (uint64_t(1) << 31); };
  spmd::LaunchShape shape;
  shape.block[0] = launch.block.x;
  shape.block[1] = launch.block.y;
  shape.block[2] = launch.block.z;
  shape.linear_ids_fit_i32 =
      fits(launch.grid.x, launch.block.x) && fits(launch.grid.y, launch.block.y) && fits(launch.grid.z, launch.block.z);
  shape.cooperative = launch.cooperative;
  return shape;
}

exec::Code executable_of(const compile::Code& code) {
  exec::Code executable;
  if (code.engine == compile::Engine::Vector)
    executable.form = code.suspends ? exec::Form::Slices : exec::Form::Block;
  else
    executable.form = code.suspends ? exec::Form::FiberThreads : exec::Form::Threads;
  executable.entry = code.entry;
  executable.width = code.width;
  executable.walks = code.walks;
  executable.most_blocks = code.most_blocks;
  executable.frame_bytes = code.frame_bytes;
  executable.frame_align = code.frame_align;
  // The scalar engine says by the frame's size what a thread needs beyond the usual.
  if (executable.form == exec::Form::FiberThreads) executable.stack_bytes = code.frame_bytes;
  return executable;
}

// Calls `visit` for every operand, those inside of others too.
template <class Visit>
void for_each_operand(std::span<const ptx::Operand> operands, const Visit& visit) {
  for (const ptx::Operand& operand : operands) {
    visit(operand);
    for_each_operand(operand.elements, visit);
  }
}

// Shared and local bytes of an entry and all that it may call.
class Footprint {
 public:
  Footprint(const ptx::Module& module, const ptx::Function& entry)
      : module_(module), seen_functions_(module.functions.size()), seen_variables_(module.variables.size()) {
    add(entry);
  }
  uint32_t shared = 0, local = 0;

 private:
  static void place(uint32_t& end, const ptx::Variable& variable) {
    const uint32_t align = std::max(variable.align, 1u);
    end = (end + align - 1) / align * align + uint32_t(variable.size);
  }

  void add(const ptx::Function& function) {
    for (const ptx::Variable& variable : function.variables) {
      if (variable.space == ptx::Space::Shared || variable.space == ptx::Space::SharedCta) place(shared, variable);
      if (variable.space == ptx::Space::Local) place(local, variable);
    }
    for (const ptx::Instruction& instruction : function.instructions)
      for_each_operand(instruction.operands, [&](const ptx::Operand& operand) { use(operand); });
  }

  void use(const ptx::Operand& operand) {
    const auto kind = operand.kind == ptx::OperandKind::Address ? operand.base : operand.kind;
    if (kind == ptx::OperandKind::Function && operand.index < seen_functions_.size() && !seen_functions_[operand.index]) {
      seen_functions_[operand.index] = true;
      add(module_.functions[operand.index]);
    }
    if (kind == ptx::OperandKind::ModuleVariable && operand.index < seen_variables_.size() && !seen_variables_[operand.index]) {
      seen_variables_[operand.index] = true;
      const ptx::Variable& variable = module_.variables[operand.index];
      if (variable.space == ptx::Space::Shared || variable.space == ptx::Space::SharedCta) place(shared, variable);
    }
  }

  const ptx::Module& module_;
  std::vector<bool> seen_functions_, seen_variables_;
};

uint32_t product(const uint32_t extent[3]) { return extent[0] == 0 ? 0 : extent[0] * std::max(extent[1], 1u) * std::max(extent[2], 1u); }

// "sm_90a" -> 90.
uint32_t target_of(const ptx::Module& module) {
  uint32_t number = 0;
  for (const char c : module.target)
    if (c >= '0' && c <= '9') number = number * 10 + uint32_t(c - '0');
  return number;
}

}  // namespace

CpuKernel::CpuKernel(const CpuProgram& program, const ptx::Function& function, int device_capability)
    : program_(program), name_(function.name), parameter_bytes_(uint32_t(function.parameter_bytes)) {
  for (const ptx::Parameter& parameter : function.parameters) parameters_.push_back({uint32_t(parameter.offset), uint32_t(parameter.size)});
  const Footprint footprint(program.ptx(), function);
  const uint32_t required = product(function.reqntid), most = product(function.maxntid);
  attributes_.max_threads_per_block = std::min(1024u, required ? required : most ? most : 1024u);
  attributes_.static_shared = footprint.shared;
  attributes_.local_bytes = footprint.local;
  for (const ptx::Variable& variable : program.ptx().variables)
    if (variable.space == ptx::Space::Const) attributes_.const_bytes += uint32_t(variable.size);
  attributes_.registers = function.maxnreg ? function.maxnreg : 32;
  attributes_.ptx_version = target_of(program.ptx());
  attributes_.binary_version = uint32_t(device_capability);
}

Variant* CpuKernel::find(const spmd::LaunchShape& shape) {
  std::lock_guard lock(mutex_);
  for (const auto& variant : variants_)
    if (same(variant->shape, shape)) return variant.get();
  return nullptr;
}

Result<Variant*> CpuKernel::variant(const Launch& launch, uint64_t* compiling) {
  const spmd::LaunchShape shape = shape_of(launch);
  if (Variant* last = last_.load(std::memory_order_acquire); last && same(last->shape, shape)) return last;
  Variant* found = find(shape);
  if (!found) {
    std::lock_guard one_at_a_time(compiling_);
    found = find(shape);
    if (!found) {
      const auto begin = std::chrono::steady_clock::now();
      AW_ASSIGN(auto code, compile::compile(program_.ptx(), name_, shape, program_.symbols(), program_.options()));
      auto made = std::make_unique<Variant>();
      made->shape = shape;
      made->executable = executable_of(*code);
      made->code = std::move(code);
      found = made.get();
      if (compiling) *compiling = static_cast<uint64_t>((std::chrono::steady_clock::now() - begin) / std::chrono::nanoseconds(1));
      std::lock_guard lock(mutex_);
      variants_.push_back(std::move(made));
    }
  }
  last_.store(found, std::memory_order_release);
  return found;
}

}  // namespace anywarp::backend::cpu
