// PTX text <-> ptx::Module.
#pragma once

#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace anywarp::ptx {

class Module;

/// Parses PTX of any ISA version up to 9.0. Instruction words are resolved; that the words of an instruction go together
/// is what verify checks.
/// Errors, with the place "file:line:column": INVALID_PTX; UNSUPPORTED_PTX_VERSION for a version that is too new.
Result<std::shared_ptr<const Module>> parse(std::string_view text, std::string_view file_name);

/// Checks every instruction against the instruction table, and what the rest of the tree relies on.
/// Errors: INVALID_PTX with the place of the first instruction that is malformed.
Result<> verify(const Module& module);

/// Text that parses to the same module. Scopes are flattened: registers and variables of one name become several.
std::string print(const Module& module);

/// One instruction as print writes it, without a line break.
struct Function;
struct Instruction;
std::string print(const Module& module, const Function& function, const Instruction& instruction);

}  // namespace anywarp::ptx
