// What NVRTC asks of a program beyond C++: name expressions, and that nothing in it is for the host.
#pragma once

#include "frontend/compile.h"
#include "frontend/messages.h"

#include <clang/AST/ASTConsumer.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace clang {
class CodeGenerator;
}

namespace anywarp::frontend {

/// The source, with what the request asks for around it: the name expressions as declarations after it.
std::string text_with_names(const Source& source, const Request& request);

/// The name under which messages show the text of the name expressions.
inline constexpr const char* names_file = "__nv_name_map";

/// Reads declarations before code is made of them. `result` gets a name for each expression, and the static variables. `generator` is asked
/// when the last declaration was read; it may answer null as long as no code is made.
std::unique_ptr<clang::ASTConsumer> make_name_reader(const Request& request, Messages& messages, Compilation& result,
                                                     std::function<clang::CodeGenerator*()> generator);

}  // namespace anywarp::frontend
