// The vector engine takes one function, so everything is inlined into the kernel. Two things cannot be: functions that
// call themselves, and trees of calls so broad that their expansion would not end (f calls g twice, g calls h twice, ...).
// Sizes are summed up from the leaves; what would become larger than the bound stays a function.
#include "opt/inline_all.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SCCIterator.h>
#include <llvm/Analysis/CallGraph.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>

namespace anywarp::opt {

using namespace llvm;

namespace {
constexpr uint64_t kMostInstructions = 300'000;
}

void mark_inlinable(Module& module) {
  CallGraph graph(module);
  DenseMap<const Function*, uint64_t> sizes;  // with all callees inlined; absent: stays a function
  for (auto component = scc_begin(&graph); !component.isAtEnd(); ++component) {
    for (CallGraphNode* node : *component) {
      Function* function = node->getFunction();
      if (!function || function->isDeclaration()) continue;
      uint64_t size = function->getInstructionCount();
      for (auto& [call, callee] : *node)
        if (auto known = sizes.find(callee->getFunction()); known != sizes.end()) size += known->second;
      const bool inlinable = !component.hasCycle() && size <= kMostInstructions && function->hasLocalLinkage();
      function->removeFnAttr(Attribute::OptimizeNone);
      function->removeFnAttr(inlinable ? Attribute::NoInline : Attribute::AlwaysInline);
      if (!inlinable) continue;
      function->addFnAttr(Attribute::AlwaysInline);
      sizes[function] = size;
    }
  }
}

}  // namespace anywarp::opt
