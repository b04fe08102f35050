// Which LLVM type each register gets.
#pragma once

#include <vector>

namespace llvm {
class LLVMContext;
class Type;
}  // namespace llvm

namespace anywarp::ptx {
struct Function;
}

namespace anywarp::lower {

/// By ptx::Function::registers; of vector registers, the type of one component.
std::vector<llvm::Type*> infer_register_types(llvm::LLVMContext& context, const ptx::Function& function);

}  // namespace anywarp::lower
