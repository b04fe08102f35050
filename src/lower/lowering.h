// The state of one kernel's lowering, and what the chapters use: operands in and out with their coercions, devicelib
// calls, addresses, blocks. One chapter of the PTX ISA manual is one file; each has handlers of this form:
//
//     void lower_popc(Lowering& lower, const Inst& inst) { ... lower.write(inst, 0, value, kU32); }
//
// chapters.h lists them, dispatch.cpp maps opcodes to them.
#pragma once

#include "base/result.h"
#include "lower/inst.h"
#include "lower/scalar.h"

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/ADT/Twine.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <optional>
#include <string>
#include <string_view>

namespace anywarp::lower {

struct FunctionState;
struct ProgramState;

/// Address spaces of kernel IR (kir.h).
enum class Space : unsigned { Generic = 0, Global = 1, Shared = 3, Const = 4, Local = 5, Param = 100 };

class Lowering {
 public:
  Lowering(ProgramState& program, FunctionState& function);

  llvm::IRBuilder<> b;
  llvm::LLVMContext& context;
  llvm::Module& module;
  ProgramState& program;
  FunctionState& function;

  // --- Operands (operands.cpp). `i` counts from 0, the destination first.

  /// The operand as a value of llvm_type(as): bitcast where the register holds another type of that width, truncated
  /// or zero-extended where it has another width.
  llvm::Value* read(const Inst& inst, unsigned i, Scalar as);
  llvm::Value* read_predicate(const Inst& inst, unsigned i) { return read(inst, i, kPredicate); }
  /// Whether the instruction is to be executed; it must have a guard.
  llvm::Value* read_guard(const Inst& inst);
  /// Writes to the register; a narrower value is extended, by its sign when `as` is signed.
  void write(const Inst& inst, unsigned i, llvm::Value* value, Scalar as);
  /// The `p` of a destination `d|p`, or of `p|q`; does nothing when the operand has no second part.
  void write_second(const Inst& inst, unsigned i, llvm::Value* value, Scalar as);
  bool has_second(const Inst& inst, unsigned i) const;
  /// The elements of a vector operand `{a, b, ...}`; 1 for anything else.
  unsigned elements(const Inst& inst, unsigned i) const;
  llvm::Value* read_element(const Inst& inst, unsigned i, unsigned element, Scalar as);
  void write_element(const Inst& inst, unsigned i, unsigned element, llvm::Value* value, Scalar as);
  /// Element `element` of part `part` of a texture operand `[a, {x, y}]`; of an address `[a]` its base.
  llvm::Value* read_part(const Inst& inst, unsigned i, unsigned part, unsigned element, Scalar as);
  /// The type of the register that an element of the operand goes to, else null (a sink, an immediate).
  llvm::Type* register_type(const Inst& inst, unsigned i, unsigned element = 0) const;
  /// The part that a video operand selects (`.b0`, `.h10`), without the dot, else "".
  std::string_view part(const Inst& inst, unsigned i) const;
  bool is_negated(const Inst& inst, unsigned i) const;
  /// Whether the operand is a predicate register.
  bool is_predicate(const Inst& inst, unsigned i) const;
  /// The constant, when the operand is one.
  std::optional<uint64_t> immediate(const Inst& inst, unsigned i) const;

  // --- Addresses (addresses.cpp).

  /// The address operand `[...]` plus `offset` bytes as a pointer of the space.
  llvm::Value* address(const Inst& inst, unsigned i, Space space, int64_t offset = 0);
  /// The space that the instruction's words name; Generic when none does.
  static Space space_of(const Inst& inst);
  llvm::PointerType* pointer_type(Space space);
  /// Whether the pointer was made from the kernel's parameter buffer, which nobody writes.
  bool is_kernel_parameter(const llvm::Value* pointer) const;

  // --- Values.

  llvm::Type* type(Scalar scalar) { return llvm_type(context, scalar); }
  /// Same bits, other type: bitcast, or truncated / extended to the width.
  llvm::Value* coerce(llvm::Value* value, llvm::Type* to, bool is_signed = false);
  llvm::Value* constant(Scalar scalar, uint64_t bits);
  llvm::Value* fp(Scalar scalar, double value);
  /// llvm.<id> overloaded on the type of the first argument.
  llvm::Value* intrinsic(llvm::Intrinsic::ID id, llvm::ArrayRef<llvm::Value*> arguments);
  /// An intrinsic without overloads.
  llvm::CallInst* nvvm(llvm::Intrinsic::ID id, llvm::ArrayRef<llvm::Value*> arguments = {});

  /// `.ftz`: denormals become zeros of their sign. Only binary32 values are touched.
  llvm::Value* flush(const Inst& inst, llvm::Value* value);
  /// `.sat`: to [0, 1], NaN to +0.
  llvm::Value* saturate(llvm::Value* value);

  /// A pure function of devicelib. The name is `__aw_` and the words joined by '_'.
  llvm::Value* devicelib(llvm::ArrayRef<std::string_view> words, llvm::Type* result, llvm::ArrayRef<llvm::Value*> arguments);
  /// The same, and the words are the instruction's own without those in `without`.
  llvm::Value* devicelib(const Inst& inst, llvm::Type* result, llvm::ArrayRef<llvm::Value*> arguments,
                         llvm::ArrayRef<std::string_view> without = {});
  /// A call of the device runtime (exec/abi.h).
  llvm::CallInst* runtime(llvm::StringRef name, llvm::Type* result, llvm::ArrayRef<llvm::Value*> arguments);

  // --- Control.

  llvm::BasicBlock* new_block(const llvm::Twine& name = "");
  /// Continues after a terminator in a block of its own.
  void start(llvm::BasicBlock* block) { b.SetInsertPoint(block); }
  /// Emits `then` under a condition and continues behind it.
  void guarded(llvm::Value* condition, llvm::function_ref<void()> then);
  /// Ends the launch with an error, and goes on in dead code.
  void trap();

  // --- Errors: the first one is kept.

  void unsupported(const Inst& inst, std::string_view why = {});
  void fail(const Inst& inst, CUresult code, std::string message);
  const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace anywarp::lower
