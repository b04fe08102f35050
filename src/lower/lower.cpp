// From the kernel outwards: its function is lowered, and every device function that a call names is put on a list, until
// the list is empty. Per function: registers are allocas until all instructions are lowered, so that no chapter thinks of
// phis; finish() makes values of them and pointers of addresses.
//
// A guarded instruction, @%p add.s32 %r1, %r1, 1, is computed anyway where it has no effect but its result and is cheap: then
// the guard selects between the new and the old register. Everything else is branched around.
#include "lower/lower.h"

#include "lower/chapters.h"
#include "lower/finish.h"
#include "lower/function_state.h"
#include "lower/lowering.h"
#include "lower/program_state.h"
#include "ptx/module.h"

#include <llvm/ADT/StringSet.h>
#include <llvm/IR/CallingConv.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/TargetParser/Triple.h>

namespace anywarp::lower {

Lowering::Lowering(ProgramState& program, FunctionState& function)
    : b(function.target.getContext()),
      context(function.target.getContext()),
      module(*function.target.getParent()),
      program(program),
      function(function) {}

void Lowering::fail(const Inst& inst, CUresult code, std::string message) {
  if (error_) return;
  const ptx::Location location = inst.ast.location;
  error_ = Error{code, std::move(message),
                 program.source.file_name + ":" + std::to_string(location.line) + ":" + std::to_string(location.column)};
}

void Lowering::unsupported(const Inst& inst, std::string_view why) {
  std::string words(inst.opcode);
  for (std::string_view word : inst.words) (words += '.') += word;
  fail(inst, CUDA_ERROR_NOT_SUPPORTED,
       "The instruction '" + words + "' is not supported" + (why.empty() ? "." : ": it " + std::string(why) + "."));
}

namespace {

/// Whether a guard may become a select: no effect but the result, and cheap.
bool is_speculated(const Inst& inst) {
  static const llvm::StringSet<> opcodes = {
      "add", "sub", "mul",  "mad",   "mul24", "mad24", "sad",  "abs",   "neg",      "min",  "max", "popc", "clz",  "bfind", "brev",
      "bfe", "bfi", "bmsk", "szext", "addc",  "subc",  "madc", "testp", "copysign", "fma",  "set", "setp", "selp", "slct",  "and",
      "or",  "xor", "not",  "cnot",  "lop3",  "shl",   "shr",  "shf",   "mov",      "prmt", "cvt", "cvta", "dp4a", "dp2a",
  };
  return opcodes.contains(llvm::StringRef(inst.opcode));
}

void lower_instruction(Lowering& lower, const ptx::Instruction& instruction) {
  const Inst inst(instruction);
  if (!instruction.guard || instruction.opcode == ptx::Opcode::Bra) return dispatch(lower, inst);
  llvm::Value* guard = lower.read_guard(inst);
  if (is_speculated(inst)) {
    lower.function.guard = guard;
    dispatch(lower, inst);
    lower.function.guard = nullptr;
    return;
  }
  lower.guarded(guard, [&] { dispatch(lower, inst); });
}

Result<> lower_function(ProgramState& program, const ptx::Function& source, llvm::Function& target) {
  FunctionState state(source, target);
  Lowering lower(program, state);
  state.begin(lower);
  for (const ptx::Statement& statement : source.statements) {
    if (statement.kind == ptx::Statement::Kind::Label) {
      llvm::BasicBlock* label = state.labels[statement.index];
      lower.b.CreateBr(label);
      label->moveAfter(lower.b.GetInsertBlock());
      lower.start(label);
    } else if (statement.kind == ptx::Statement::Kind::Instruction) {
      lower_instruction(lower, source.instructions[statement.index]);
    }
    if (lower.error()) return *lower.error();
  }
  state.emit_return(lower);
  finish(target, state.registers);
  return {};
}

llvm::Function* declare_kernel(llvm::Module& module, const ptx::Function& source) {
  llvm::LLVMContext& context = module.getContext();
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {llvm::PointerType::get(context, 0)}, false);
  auto* kernel = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, llvm::StringRef(source.name), module);
  kernel->setCallingConv(llvm::CallingConv::PTX_Kernel);
  kernel->setDoesNotThrow();
  kernel->setConvergent();
  llvm::Argument* params = kernel->getArg(0);
  params->setName("params");
  params->addAttr(llvm::Attribute::NoAlias);
  params->addAttr(llvm::Attribute::ReadOnly);
  params->addAttr(llvm::Attribute::getWithAlignment(context, llvm::Align(16)));
  if (source.parameter_bytes) params->addAttr(llvm::Attribute::getWithDereferenceableBytes(context, source.parameter_bytes));
  return kernel;
}

/// .reqntid gives the shape; .maxntid only says how many threads a block has at most, in whatever shape.
void set_block_limits(ProgramState& program, const ptx::Function& kernel) {
  if (kernel.reqntid[0]) {
    program.block_required = true;
    for (unsigned i = 0; i < 3; ++i) program.block_limit[i] = std::max<uint64_t>(kernel.reqntid[i], 1);
  } else if (kernel.maxntid[0]) {
    uint64_t threads = 1;
    for (uint32_t extent : kernel.maxntid) threads *= std::max<uint64_t>(extent, 1);
    for (uint64_t& limit : program.block_limit) limit = std::min(limit, threads);
  }
}

}  // namespace

Result<kir::KernelModule> run(const ptx::Module& module, std::string_view name) {
  const ptx::Function* source = module.find_function(name);
  if (!source || !source->is_entry || !source->has_body)
    return Error{CUDA_ERROR_NOT_FOUND, "There is no kernel '" + std::string(name) + "'.", module.file_name};

  kir::KernelModule result;
  result.context = std::make_unique<llvm::LLVMContext>();
  result.module = std::make_unique<llvm::Module>(llvm::StringRef(name), *result.context);
  const llvm::Triple triple("nvptx64-nvidia-cuda");
  result.module->setTargetTriple(triple);
  result.module->setDataLayout(triple.computeDataLayout());
  result.kernel = declare_kernel(*result.module, *source);
  result.param_bytes = source->parameter_bytes;

  ProgramState program(module, *result.module);
  set_block_limits(program, *source);
  AW_TRY(lower_function(program, *source, *result.kernel));
  while (!program.pending.empty()) {
    const uint32_t index = program.pending.back();
    program.pending.pop_back();
    AW_TRY(lower_function(program, module.functions[index], *program.device_function(index)));
  }
  // Marks of lowering, and what dead code named.
  for (llvm::Function& function : llvm::make_early_inc_range(*result.module)) {
    if (function.isDeclaration() && function.use_empty()) function.eraseFromParent();
  }
  return result;
}

}  // namespace anywarp::lower
