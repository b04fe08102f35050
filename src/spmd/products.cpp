// A kernel goes through a slab of A and B in steps as deep as its instruction:
//
//   before   %d = aw.mma.m16n8k16 (A0, B0, %c)                after   %e = aw.mma.m16n8k32 (A0 A1, B0 B1, %c)
//            %e = aw.mma.m16n8k16 (A1, B1, %d)
//
// Each product brings its sums into registers and puts them back; a deeper one does so less often. The sums are added in the same order.
#include "spmd/products.h"

#include "kir/matrix.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>

namespace anywarp::spmd {

using namespace llvm;

namespace {

constexpr unsigned kMostDepths = 8;  // registers of A along k; more would fill the nearest cache with fragments

std::optional<kir::Product> product_of(const Value* value) {
  const auto* call = dyn_cast<CallInst>(value);
  const Function* callee = call ? call->getCalledFunction() : nullptr;
  return callee ? kir::Product::parse(callee->getName()) : std::nullopt;
}

/// The product in the same block whose results, in order and for nothing else, are what `later` adds to.
CallInst* earlier_of(CallInst& later, const kir::Product& product) {
  const unsigned first = product.registers_of_a() + product.registers_of_b(), count = product.registers_of_c();
  CallInst* earlier = nullptr;
  for (unsigned i = 0; i < count; ++i) {
    auto* part = dyn_cast<ExtractValueInst>(later.getArgOperand(first + i));
    if (!part || !part->hasOneUse() || part->getNumIndices() != 1 || part->getIndices()[0] != i) return nullptr;
    auto* call = dyn_cast<CallInst>(part->getAggregateOperand());
    if (!call || (earlier && call != earlier)) return nullptr;
    earlier = call;
  }
  return earlier && earlier->getParent() == later.getParent() && earlier->hasNUses(count) ? earlier : nullptr;
}

void join(CallInst& earlier, const kir::Product& before, CallInst& later, const kir::Product& after) {
  kir::Product both = after;
  both.k += before.k;
  SmallVector<Value*> arguments;
  auto take = [&](CallInst& call, unsigned first, unsigned count) {
    for (unsigned i = 0; i < count; ++i) arguments.push_back(call.getArgOperand(first + i));
  };
  take(earlier, 0, before.registers_of_a());
  take(later, 0, after.registers_of_a());
  for (unsigned column = 0; column < both.column_blocks(); ++column) {
    take(earlier, before.registers_of_a() + column * before.depths(), before.depths());
    take(later, after.registers_of_a() + column * after.depths(), after.depths());
  }
  take(earlier, before.registers_of_a() + before.registers_of_b(), before.registers_of_c());
  SmallVector<Type*> types;
  for (const Value* argument : arguments) types.push_back(argument->getType());
  FunctionCallee callee = later.getModule()->getOrInsertFunction(both.name(), FunctionType::get(later.getType(), types, false));
  cast<Function>(callee.getCallee())->copyAttributesFrom(later.getCalledFunction());
  CallInst* joined = IRBuilder<>(&later).CreateCall(callee, arguments);
  joined->setAttributes(later.getAttributes());
  later.replaceAllUsesWith(joined);
  later.eraseFromParent();
  SmallVector<User*> parts(earlier.users());
  for (User* part : parts) cast<Instruction>(part)->eraseFromParent();
  earlier.eraseFromParent();
}

}  // namespace

unsigned join_products(Function& kernel) {
  unsigned count = 0;
  for (BasicBlock& block : kernel)
    for (Instruction& instruction : make_early_inc_range(block)) {
      const auto after = product_of(&instruction);
      if (!after) continue;
      auto& later = cast<CallInst>(instruction);
      CallInst* earlier = earlier_of(later, *after);
      const auto before = earlier ? product_of(earlier) : std::nullopt;
      if (!before || before->m != after->m || before->n != after->n || before->a != after->a || before->b != after->b ||
          before->depths() + after->depths() > kMostDepths)
        continue;
      join(*earlier, *before, later, *after);
      ++count;
    }
  return count;
}

}  // namespace anywarp::spmd
