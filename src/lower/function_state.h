#pragma once
namespace llvm {class Value;}
namespace anywarp::lower {
class Lowering;
struct FunctionState {
  llvm::Value* read_carry(Lowering& lower);
  void write_carry(Lowering& lower, llvm::Value* carry);
};
}
