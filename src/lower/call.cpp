// PTX ISA, "call" and the stack: alloca, stacksave, stackrestore.
//
//     { .param .b32 param0;  st.param.b32 [param0], %r1;
//       .param .b32 retval0;
//       call.uni (retval0), f, (param0);
//       ld.param.b32 %r2, [retval0]; }
//
// The .param variables are allocas that the stores and loads go to; the call loads its arguments from them and stores its
// results into them, and SROA leaves %r2 = call i32 @f(i32 %r1). signature.h says what travels how, ptx/function_handle.h what a
// call through a pointer is.
#include "lower/chapters.h"
#include "lower/external_functions.h"
#include "lower/function_state.h"
#include "lower/lowering.h"
#include "lower/program_state.h"
#include "ptx/function_handle.h"
#include "ptx/module.h"

#include <llvm/IR/Intrinsics.h>

namespace anywarp::lower {
namespace {

using llvm::Value;
using ptx::Operand;
using ptx::OperandKind;

llvm::Align align_of(const Passed& passed) { return llvm::Align(llvm::PowerOf2Ceil(std::max(passed.align, 1u))); }

bool is_param_variable(Lowering& lower, const Operand& operand) {
  return operand.kind == OperandKind::FunctionVariable && lower.function.source.variables[operand.index].space == ptx::Space::Param;
}

class Call {
 public:
  Call(Lowering& lower, const Inst& inst, Signature signature)
      : lower_(lower),
        inst_(inst),
        signature_(std::move(signature)),
        results_(inst.ast.operands[0].elements),
        arguments_(inst.ast.operands[2].elements) {}

  /// Loads the arguments. False and an error when they do not fit.
  bool read_arguments() {
    if (arguments_.size() != signature_.arguments.size() || results_.size() != signature_.results.size()) {
      lower_.fail(inst_, CUDA_ERROR_INVALID_PTX,
                  "The call passes " + std::to_string(arguments_.size()) + " parameters and takes " + std::to_string(results_.size()) +
                      " results, but the function has " + std::to_string(signature_.arguments.size()) + " and " +
                      std::to_string(signature_.results.size()) + ".");
      return false;
    }
    for (size_t i = 0; i < arguments_.size(); ++i) {
      const Operand& operand = arguments_[i];
      const Passed& how = signature_.arguments[i];
      Value* value = nullptr;
      if (is_param_variable(lower_, operand) && holds(operand, how)) {
        Value* place = lower_.function.pointer_of(lower_, &inst_, operand.index);
        value = how.by_address ? local(place) : lower_.b.CreateAlignedLoad(scalar_type(lower_.context, how), place, align_of(how));
      } else if (!how.by_address) {
        value = read(operand, how);
      }
      if (!value) {
        lower_.fail(inst_, CUDA_ERROR_INVALID_PTX, "Parameter " + std::to_string(i + 1) + " of the call does not fit the function.");
        return false;
      }
      values_.push_back(value);
    }
    for (size_t i = 0; i < results_.size(); ++i) {
      const Operand& operand = results_[i];
      const bool fits = is_param_variable(lower_, operand) ? holds(operand, signature_.results[i])
                                                           : !signature_.results[i].by_address && (operand.kind == OperandKind::Register ||
                                                                                                   operand.kind == OperandKind::Sink);
      if (!fits) {
        lower_.fail(inst_, CUDA_ERROR_INVALID_PTX, "Result " + std::to_string(i + 1) + " of the call does not fit the function.");
        return false;
      }
    }
    return true;
  }

  llvm::ArrayRef<Value*> values() const { return values_; }

  void emit(llvm::Function* callee) {
    llvm::SmallVector<Value*, 8> all;
    for (size_t i = 0; i < results_.size(); ++i) {
      if (signature_.results[i].by_address) all.push_back(local(lower_.function.pointer_of(lower_, &inst_, results_[i].index)));
    }
    all.append(values_.begin(), values_.end());
    Value* result = lower_.b.CreateCall(callee, all);
    const bool several = result->getType()->isStructTy();
    unsigned next = 0;
    for (size_t i = 0; i < results_.size(); ++i) {
      if (!signature_.results[i].by_address) write_result(i, several ? lower_.b.CreateExtractValue(result, next++) : result);
    }
  }

  void write_result(size_t i, Value* value) {
    const Operand& operand = results_[i];
    if (is_param_variable(lower_, operand)) {
      lower_.b.CreateAlignedStore(value, lower_.function.pointer_of(lower_, &inst_, operand.index), align_of(signature_.results[i]));
    } else if (operand.kind == OperandKind::Register) {
      llvm::AllocaInst* variable =
          lower_.function.variable_of(operand.index, operand.component == ptx::kNoComponent ? 0 : operand.component);
      lower_.b.CreateStore(lower_.coerce(value, variable->getAllocatedType()), variable);
    }
  }

 private:
  bool holds(const Operand& operand, const Passed& how) { return lower_.function.source.variables[operand.index].size >= how.size; }

  /// A parameter of this very function may be passed on as it is; a kernel's lies in its buffer, and must be copied.
  Value* local(Value* place) {
    if (place->getType()->getPointerAddressSpace() == static_cast<unsigned>(Space::Local)) return place;
    return lower_.b.CreateAddrSpaceCast(place, lower_.pointer_type(Space::Local));
  }

  Value* read(const Operand& operand, const Passed& how) {
    llvm::Type* type = scalar_type(lower_.context, how);
    if (operand.kind == OperandKind::Immediate) return llvm::ConstantInt::get(type, operand.value);
    if (operand.kind == OperandKind::Float) return llvm::ConstantInt::get(type, operand.value);
    if (operand.kind != OperandKind::Register) return nullptr;
    llvm::AllocaInst* variable = lower_.function.variable_of(operand.index, operand.component == ptx::kNoComponent ? 0 : operand.component);
    return lower_.coerce(lower_.b.CreateLoad(variable->getAllocatedType(), variable), type);
  }

  Lowering& lower_;
  const Inst& inst_;
  Signature signature_;
  std::span<const Operand> results_, arguments_;
  llvm::SmallVector<Value*, 8> values_;
};

void call_direct(Lowering& lower, const Inst& inst, uint32_t index) {
  const ptx::Module& module = lower.program.source;
  const ptx::Function& declared = module.functions[index];
  const Signature signature = signature_of(declared.returns, declared.parameters);
  Call call(lower, inst, signature);
  if (!call.read_arguments()) return;
  const uint32_t target = lower.program.resolve(index);
  if (module.functions[target].has_body && !module.functions[target].is_entry) {
    if (!(signature_of(module.functions[target].returns, module.functions[target].parameters) == signature))
      return lower.fail(inst, CUDA_ERROR_INVALID_PTX,
                        "The alias '" + std::string(declared.name) + "' has other parameters than its function.");
    llvm::Function* function = lower.program.device_function(target);
    call.emit(function);
    if (function->doesNotReturn()) {
      lower.b.CreateUnreachable();
      lower.function.start_dead(lower);
    }
    return;
  }
  ExternalResult result = call_external(lower, declared, signature, call.values());
  if (!result.known) return lower.unsupported(inst, "calls '" + std::string(declared.name) + "', which nothing defines");
  if (result.value && !signature.results.empty())
    call.write_result(0, lower.coerce(result.value, scalar_type(lower.context, signature.results[0])));
  if (!result.returns) {
    lower.b.CreateUnreachable();
    lower.function.start_dead(lower);
  }
}

/// The functions that the call may reach.
std::vector<uint32_t> targets_of(Lowering& lower, const Inst& inst, const ptx::Table* table, const Signature& signature) {
  const ptx::Module& module = lower.program.source;
  std::vector<uint32_t> targets;
  const bool listed = table->kind == ptx::Table::Kind::CallTargets;
  for (uint32_t index : listed ? table->targets : lower.program.address_taken()) {
    const ptx::Function& function = module.functions[lower.program.resolve(index)];
    if (function.has_body && !function.is_entry && signature_of(function.returns, function.parameters) == signature)
      targets.push_back(index);
  }
  return targets;
}

void call_indirect(Lowering& lower, const Inst& inst) {
  const ptx::Table* table = nullptr;
  if (inst.operand_count() > 3 && inst.ast.operands[3].kind == OperandKind::Table) {
    const Operand& operand = inst.ast.operands[3];
    table = operand.table_in_module ? &lower.program.source.prototypes[operand.index] : &lower.function.source.tables[operand.index];
  }
  if (!table || (table->kind == ptx::Table::Kind::CallTargets ? table->targets.empty() : !table->prototype))
    return lower.unsupported(inst, "calls through a pointer without a prototype");
  const Signature signature = table->prototype ? signature_of(table->prototype->returns, table->prototype->parameters)
                                               : signature_of(lower.program.source.functions[table->targets[0]].returns,
                                                              lower.program.source.functions[table->targets[0]].parameters);
  Call call(lower, inst, signature);
  if (!call.read_arguments()) return;
  const std::vector<uint32_t> targets = targets_of(lower, inst, table, signature);
  Value* pointer = lower.read(inst, 1, kU64);
  llvm::BasicBlock *unknown = lower.new_block(), *after = lower.new_block();
  llvm::SwitchInst* choice = lower.b.CreateSwitch(pointer, unknown, targets.size());
  for (uint32_t target : targets) {
    llvm::BasicBlock* block = lower.new_block();
    choice->addCase(lower.b.getInt64(ptx::function_handle(target)), block);
    lower.start(block);
    call.emit(lower.program.device_function(lower.program.resolve(target)));
    lower.b.CreateBr(after);
  }
  lower.start(unknown);
  lower.trap();
  lower.start(after);
}

}  // namespace

void lower_call(Lowering& lower, const Inst& inst) {
  if (inst.operand_count() < 3) return lower.unsupported(inst);
  const Operand& callee = inst.ast.operands[1];
  if (callee.kind == OperandKind::Function)
    call_direct(lower, inst, callee.index);
  else
    call_indirect(lower, inst);
}

// alloca.type ptr, size{, immAlign}
void lower_alloca(Lowering& lower, const Inst& inst) {
  const uint64_t align = inst.operand_count() > 2 ? lower.immediate(inst, 2).value_or(8) : 8;
  if (!llvm::isPowerOf2_64(align))
    return lower.fail(inst, CUDA_ERROR_INVALID_PTX, "The alignment " + std::to_string(align) + " is not a power of two.");
  llvm::AllocaInst* place = lower.b.CreateAlloca(lower.b.getInt8Ty(), static_cast<unsigned>(Space::Local), lower.read(inst, 1, kU64));
  place->setAlignment(llvm::Align(align));
  lower.write(inst, 0, lower.b.CreatePtrToInt(place, lower.b.getInt64Ty()), kU64);
}

void lower_stacksave(Lowering& lower, const Inst& inst) {
  Value* top = lower.b.CreateIntrinsic(llvm::Intrinsic::stacksave, {lower.pointer_type(Space::Local)}, {});
  lower.write(inst, 0, lower.b.CreatePtrToInt(top, lower.b.getInt64Ty()), kU64);
}

void lower_stackrestore(Lowering& lower, const Inst& inst) {
  Value* top = lower.b.CreateIntToPtr(lower.read(inst, 0, kU64), lower.pointer_type(Space::Local));
  lower.b.CreateIntrinsic(llvm::Intrinsic::stackrestore, {lower.pointer_type(Space::Local)}, {top});
}

}  // namespace anywarp::lower
