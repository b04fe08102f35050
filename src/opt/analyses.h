// LLVM's four analysis managers, wired to each other, for one target.
#pragma once

#include <llvm/Analysis/CGSCCPassManager.h>
#include <llvm/Analysis/LoopAnalysisManager.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Target/TargetMachine.h>

namespace anywarp::opt {

struct Analyses {
  explicit Analyses(llvm::TargetMachine* machine) : builder(machine) {
    builder.registerModuleAnalyses(module);
    builder.registerCGSCCAnalyses(graph);
    builder.registerFunctionAnalyses(function);
    builder.registerLoopAnalyses(loop);
    builder.crossRegisterProxies(loop, function, graph, module);
  }

  llvm::PassBuilder builder;
  llvm::LoopAnalysisManager loop;
  llvm::FunctionAnalysisManager function;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager module;
};

}  // namespace anywarp::opt
