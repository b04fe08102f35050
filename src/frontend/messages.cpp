// The form, of a file f.cu:
//
//   f.cu(2): error: identifier "foo" is undefined
//     *p = foo;
//          ^
//
//   1 error detected in the compilation of "f.cu".
//
// A header that is missing ends the compilation ("catastrophic error"). Programs that bring their headers in memory compile, read
// its name in the log, add it, and compile again, so this message has nvcc's very words, as have a few more that programs and people
// look for; all others are clang's.
#include "frontend/messages.h"

#include "frontend/files.h"

#include <clang/AST/Decl.h>
#include <clang/Basic/DiagnosticLex.h>
#include <clang/Basic/DiagnosticSema.h>
#include <clang/Basic/SourceManager.h>
#include <clang/Lex/Lexer.h>

namespace anywarp::frontend {

namespace {

using clang::DiagnosticsEngine;

/// The argument `index` as clang would print it in the message, which knows more kinds of arguments than this.
std::string name_argument(const clang::Diagnostic& info, unsigned index) {
  if (index >= info.getNumArgs()) return {};
  switch (info.getArgKind(index)) {
    case DiagnosticsEngine::ak_std_string: return info.getArgStdStr(index);
    case DiagnosticsEngine::ak_c_string: return info.getArgCStr(index);
    case DiagnosticsEngine::ak_identifierinfo: return info.getArgIdentifier(index)->getName().str();
    case DiagnosticsEngine::ak_declarationname:
      return clang::DeclarationName::getFromOpaqueInteger(static_cast<uintptr_t>(info.getRawArg(index))).getAsString();
    case DiagnosticsEngine::ak_nameddecl: return reinterpret_cast<const clang::NamedDecl*>(info.getRawArg(index))->getNameAsString();
    default: return {};
  }
}

std::string in_nvccs_words(const clang::Diagnostic& info) {
  namespace diag = clang::diag;
  switch (info.getID()) {
    case diag::err_undeclared_var_use:
    case diag::err_undeclared_var_use_suggest:
    case diag::err_unknown_typename:
    case diag::err_unknown_typename_suggest:
      if (std::string name = name_argument(info, 0); !name.empty()) return "identifier \"" + name + "\" is undefined";
      break;
    case diag::err_pp_file_not_found:
    case diag::err_pp_file_not_found_angled_include_not_fatal: return "cannot open source file \"" + name_argument(info, 0) + "\"";
    case diag::err_pp_hash_error: return "#error directive: " + name_argument(info, 0);
    case diag::warn_unused_variable: return "variable \"" + name_argument(info, 0) + "\" was declared but never referenced";
    case diag::pp_hash_warning: return "#warning directive: " + name_argument(info, 0);
    default: break;
  }
  llvm::SmallString<200> text;
  info.FormatDiagnostic(text);
  return std::string(text);
}

/// The line of the source with a mark under the column.
std::string excerpt(const clang::SourceManager& sources, clang::SourceLocation place) {
  auto [file, offset] = sources.getDecomposedLoc(place);
  bool invalid = false;
  llvm::StringRef buffer = sources.getBufferData(file, &invalid);
  if (invalid || offset > buffer.size()) return {};
  size_t begin = buffer.rfind('\n', offset);
  if (begin == offset && offset > 0) begin = buffer.rfind('\n', offset - 1);
  begin = begin == llvm::StringRef::npos || begin > offset ? 0 : begin + (buffer[begin] == '\n' ? 1 : 0);
  size_t end = std::min(buffer.find('\n', begin), buffer.size());
  llvm::StringRef line = buffer.slice(begin, end).rtrim('\r');
  if (line.size() > 4000) return {};
  size_t column = offset - std::min<size_t>(begin, offset);
  std::string mark;
  for (size_t i = 0; i < column; i++) mark += i < line.size() && line[i] == '\t' ? '\t' : ' ';
  return "  " + line.str() + "\n  " + mark + "^\n";
}

}  // namespace

void Messages::add(const char* kind, const std::string& text, const clang::SourceManager* sources, clang::SourceLocation place) {
  clang::PresumedLoc shown;
  if (sources && place.isValid()) {
    place = sources->getFileLoc(place);
    shown = sources->getPresumedLoc(place);
  }
  if (shown.isValid()) text_ += std::string(shown_path(shown.getFilename())) + "(" + std::to_string(shown.getLine()) + "): ";
  text_ += std::string(kind) + ": " + text + "\n";
  if (shown.isValid()) text_ += excerpt(*sources, place);
  text_ += "\n";
}

void Messages::HandleDiagnostic(DiagnosticsEngine::Level level, const clang::Diagnostic& info) {
  const clang::SourceManager* sources = info.hasSourceManager() ? &info.getSourceManager() : nullptr;
  switch (level) {
    case DiagnosticsEngine::Ignored:
    case DiagnosticsEngine::Remark: return;
    case DiagnosticsEngine::Note:
      if (note_belongs_to_kept_) add("note", in_nvccs_words(info), sources, info.getLocation());
      return;
    case DiagnosticsEngine::Warning:
      note_belongs_to_kept_ = warnings_;
      if (warnings_) add("warning", in_nvccs_words(info), sources, info.getLocation());
      return;
    case DiagnosticsEngine::Error:
    case DiagnosticsEngine::Fatal: {
      note_belongs_to_kept_ = true;
      if (clang::DiagnosticIDs::getCategoryNameFromID(clang::DiagnosticIDs::getCategoryNumberForDiag(info.getID())) ==
          "AST Deserialization Issue")
        prelude_unreadable_ = true;
      const bool catastrophe = level == DiagnosticsEngine::Fatal || info.getID() == clang::diag::err_pp_hash_error;
      (catastrophe ? catastrophes_ : errors_)++;
      add(catastrophe ? "catastrophic error" : "error", in_nvccs_words(info), sources, info.getLocation());
      return;
    }
  }
}

void Messages::error(const clang::SourceManager& sources, clang::SourceLocation place, const std::string& text) {
  errors_++;
  add("error", text, &sources, place);
}

void Messages::error(const std::string& text) {
  errors_++;
  add("error", text, nullptr, {});
}

std::string Messages::log(const std::string& source_name) const {
  std::string log = text_;
  auto counted = [&](unsigned count, const char* what) { log += std::to_string(count) + " " + what + (count == 1 ? "" : "s"); };
  if (errors_) counted(errors_, "error");
  if (errors_ && catastrophes_) log += " and ";
  if (catastrophes_) counted(catastrophes_, "catastrophic error");
  if (errors_ || catastrophes_) log += " detected in the compilation of \"" + source_name + "\".\n";
  if (catastrophes_) log += "Compilation terminated.\n";
  return log;
}

}  // namespace anywarp::frontend
