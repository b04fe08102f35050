// clang's diagnostics in the form of nvcc's log, which programs read: for the name of a header that is missing, for one.
#pragma once

#include <clang/Basic/Diagnostic.h>

#include <string>

namespace anywarp::frontend {

class Messages final : public clang::DiagnosticConsumer {
 public:
  /// `warnings`: whether they are kept.
  explicit Messages(bool warnings) : warnings_(warnings) {}

  void HandleDiagnostic(clang::DiagnosticsEngine::Level level, const clang::Diagnostic& info) override;

  /// A message of ours at a place of the source.
  void error(const clang::SourceManager& sources, clang::SourceLocation place, const std::string& text);
  /// One without a place.
  void error(const std::string& text);

  /// Whether clang could not read the precompiled prelude.
  bool prelude_unreadable() const { return prelude_unreadable_; }

  unsigned errors() const { return errors_ + catastrophes_; }

  /// All of it, with the sentence that counts the errors.
  std::string log(const std::string& source_name) const;

 private:
  void add(const char* kind, const std::string& text, const clang::SourceManager* sources, clang::SourceLocation place);

  bool warnings_;
  bool prelude_unreadable_ = false;
  bool note_belongs_to_kept_ = false;
  unsigned errors_ = 0, catastrophes_ = 0;
  std::string text_;
};

}  // namespace anywarp::frontend
