// The files that a compilation sees: those in memory in front of the machine's, and the latter in clang's dialect.
#pragma once

#include "frontend/compile.h"

#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/VirtualFileSystem.h>

#include <memory>
#include <string>

namespace anywarp::frontend {

/// Where headers in memory are put. No message shows it.
inline constexpr std::string_view header_folder = "/anywarp-headers-in-memory/";

/// The path of the source, below or beside which #include "x" looks.
std::string source_path(const Source& source, const Request& request);

/// A path as messages show it.
std::string_view shown_path(std::string_view path);

/// `prelude` is the contents of the precompiled header, seen at prelude_path; empty: there is none.
inline constexpr std::string_view prelude_path = "/anywarp-prelude.pch";
llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem> files_of(const Source& source, const std::string& main_text, const Request& request,
                                                         const std::shared_ptr<const std::string>& prelude);

}  // namespace anywarp::frontend
