// PTX ISA, "Control Flow Instructions" but for call: bra, brx.idx, ret, exit. A guard on bra is the condition of the branch; on the others
// it has become a branch around them already.
#include "lower/chapters.h"
#include "lower/function_state.h"
#include "lower/lowering.h"
#include "ptx/module.h"

#include <llvm/IR/CallingConv.h>

namespace anywarp::lower {

using llvm::Value;

void lower_bra(Lowering& lower, const Inst& inst) {
  if (inst.operand_count() != 1 || inst.ast.operands[0].kind != ptx::OperandKind::Label) return lower.unsupported(inst);
  llvm::BasicBlock* target = lower.function.labels[inst.ast.operands[0].index];
  if (!inst.ast.guard) {
    lower.b.CreateBr(target);
    lower.function.start_dead(lower);
    return;
  }
  llvm::BasicBlock* next = lower.new_block();
  lower.b.CreateCondBr(lower.read_guard(inst), target, next);
  lower.start(next);
}

// An index beyond the table is undefined in PTX. Here it takes the last target, so that no compiler may conclude anything from it.
void lower_brx(Lowering& lower, const Inst& inst) {
  if (inst.operand_count() != 2 || inst.ast.operands[1].kind != ptx::OperandKind::Table || inst.ast.operands[1].table_in_module)
    return lower.unsupported(inst);
  const ptx::Table& table = lower.function.source.tables[inst.ast.operands[1].index];
  if (table.kind != ptx::Table::Kind::BranchTargets || table.targets.empty()) return lower.unsupported(inst);
  const size_t last = table.targets.size() - 1;
  llvm::SwitchInst* branch = lower.b.CreateSwitch(lower.read(inst, 0, kU32), lower.function.labels[table.targets[last]], last);
  for (size_t i = 0; i < last; ++i) branch->addCase(lower.b.getInt32(i), lower.function.labels[table.targets[i]]);
  lower.function.start_dead(lower);
}

void lower_ret(Lowering& lower, const Inst&) {
  lower.function.emit_return(lower);
  lower.function.start_dead(lower);
}

void lower_exit(Lowering& lower, const Inst& inst) {
  if (lower.function.target.getCallingConv() == llvm::CallingConv::PTX_Kernel)
    lower.b.CreateRetVoid();
  else if (lower.function.is_dead(lower))
    lower.b.CreateUnreachable();  // clang writes it behind trap and calls that do not return
  else
    return lower.unsupported(inst, "ends the thread within a device function");
  lower.function.start_dead(lower);
}

}  // namespace anywarp::lower
