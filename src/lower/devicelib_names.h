// The one place that names the functions of devicelib, and knows what may be assumed of them.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/IR/IRBuilder.h>

#include <string>
#include <string_view>

namespace llvm {
class Function;
class Module;
}  // namespace llvm

namespace anywarp::lower {

/// {"add", "rz", "f32"} -> "__aw_add_rz_f32".
std::string devicelib_name(llvm::ArrayRef<std::string_view> words);

/// The declaration of a pure function of that name, made if it is not there.
llvm::FunctionCallee devicelib_function(llvm::Module& module, const std::string& name, llvm::Type* result,
                                        llvm::ArrayRef<llvm::Value*> arguments);

/// A mark for "flushed to zero if denormal", which exists only while a function is being lowered.
llvm::FunctionCallee flush_marker(llvm::Module& module, llvm::Type* type);
/// |value| < the smallest normal number ? copysign(0, value) : value
llvm::Value* expand_flush(llvm::IRBuilderBase& builder, llvm::Value* value);
/// Drops the marks of values that cannot be denormal and expands the others.
void remove_double_flushes(llvm::Function& function);

}  // namespace anywarp::lower
