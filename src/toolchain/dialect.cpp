// Two forms of text are common in programs that were only ever built with nvcc:
//
//   kernel << <grid, block >> > (x);                         editors' formatters do not know the launch, and part its brackets
//   asm("mov.u64 %0, %globaltimer;" : "=l"(t));              one % before a register's name, where clang wants two
//
// Both are changed in the text, before clang reads it:
//
//   kernel <<< grid, block  >>> (x);                         as many characters as before: columns stay as they are, too
//   asm("mov.u64 %0, %%globaltimer;" : "=l"(t));
//
// `<< <` has no other meaning but in the name of an operator's specialisation (`operator<< <int>(...)`), which is left alone;
// its end is looked for in the same statement, and without an end nothing is changed. In an asm statement with operands, % and a
// name of two letters or more is a register's name; % with one letter and a digit is an operand with a modifier, for both
// compilers. Text in comments and literals does not count, and text that macros make is as their definitions read.
#include "toolchain/dialect.h"

#include "toolchain/process.h"

#include <cctype>
#include <filesystem>
#include <set>
#include <vector>

namespace anywarp::toolchain {

namespace fs = std::filesystem;

namespace {

enum class Kind { Name, Number, String, Character, Mark };

struct Token {
  Kind kind;
  size_t begin, end;
};

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// Marks are single characters: what `<<` means depends on what follows. Damaged text ends a token early, never reads past the end.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    while (skip_blank(), at_ < text_.size()) {
      size_t begin = at_;
      Kind kind = next();
      tokens.push_back({kind, begin, at_});
    }
    return tokens;
  }

 private:
  char here(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void skip_to(std::string_view end) {
    size_t found = text_.find(end, at_);
    at_ = found == text_.npos ? text_.size() : found + end.size();
  }

  void skip_blank() {
    for (;;) {
      if (std::isspace(static_cast<unsigned char>(here())) && at_ < text_.size())
        at_++;
      else if (here() == '/' && here(1) == '/')
        skip_to("\n");
      else if (here() == '/' && here(1) == '*')
        at_ += 2, skip_to("*/");
      else
        return;
    }
  }

  void quoted(char quote) {
    for (at_++; at_ < text_.size() && here() != quote && here() != '\n'; at_++)
      if (here() == '\\') at_++;
    at_ = std::min(at_ + 1, text_.size());
  }

  Kind next() {
    if (is_letter(here())) {
      size_t begin = at_;
      while (is_name(here())) at_++;
      std::string_view word = text_.substr(begin, at_ - begin);
      bool prefix = word == "L" || word == "u" || word == "U" || word == "u8";
      if (here() == '"' && (word == "R" || (word.size() <= 3 && word.back() == 'R'))) {
        size_t open = text_.find('(', at_);
        if (open == text_.npos) return at_ = text_.size(), Kind::String;
        std::string end = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
        skip_to(end);
        return Kind::String;
      }
      if (!prefix || (here() != '"' && here() != '\'')) return Kind::Name;
    }
    if (here() == '"') return quoted('"'), Kind::String;
    if (here() == '\'') return quoted('\''), Kind::Character;
    if (std::isdigit(static_cast<unsigned char>(here()))) {
      while (is_name(here()) || here() == '.' || (here() == '\'' && is_name(here(1)))) at_++;
      return Kind::Number;
    }
    at_++;
    return Kind::Mark;
  }

  std::string_view text_;
  size_t at_ = 0;
};

class Rewriter {
 public:
  explicit Rewriter(std::string_view text) : text_(text), tokens_(Lexer(text).run()) {}

  std::optional<std::string> run() {
    for (size_t i = 0; i < tokens_.size(); i++) {
      if (parted(i, '<')) launch(i);
      if (tokens_[i].kind == Kind::Name && (word(i) == "asm" || word(i) == "__asm__" || word(i) == "__asm")) assembly(i);
    }
    if (moves_.empty() && percents_.empty()) return std::nullopt;
    std::string out(text_);
    for (auto [begin, end, mark] : moves_) {
      // The blanks, line ends among them, go outside the bracket.
      std::string blanks;
      for (size_t at = begin; at < end; at++)
        if (text_[at] != mark) blanks += text_[at];
      out.replace(begin, end - begin, mark == '<' ? std::string(3, mark) + blanks : blanks + std::string(3, mark));
    }
    for (auto at = percents_.rbegin(); at != percents_.rend(); ++at) out.insert(*at, 1, '%');
    return out;
  }

 private:
  struct Move {
    size_t begin, end;
    char mark;
  };

  std::string_view word(size_t i) const { return text_.substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin); }
  bool is(size_t i, char mark) const { return i < tokens_.size() && tokens_[i].kind == Kind::Mark && text_[tokens_[i].begin] == mark; }
  bool touches(size_t i) const { return tokens_[i].end == tokens_[i + 1].begin; }

  /// Three brackets with blanks between the second and the third; a comment there is not looked into.
  bool parted(size_t i, char mark) const {
    return is(i, mark) && is(i + 1, mark) && is(i + 2, mark) && touches(i) && !touches(i + 1) &&
           text_.substr(tokens_[i + 1].end, tokens_[i + 2].begin - tokens_[i + 1].end).find('/') == text_.npos;
  }

  void launch(size_t i) {
    bool callee = i > 0 && ((tokens_[i - 1].kind == Kind::Name && word(i - 1) != "operator") || is(i - 1, '>') || is(i - 1, ')'));
    if (!callee || is(i + 3, '<')) return;
    int depth = 0;
    for (size_t at = i + 3; at < tokens_.size(); at++) {
      if (is(at, '(') || is(at, '[') || is(at, '{')) depth++;
      if ((is(at, ')') || is(at, ']') || is(at, '}')) && --depth < 0) return;
      if (is(at, ';')) return;
      if (depth != 0) continue;
      bool whole = is(at, '>') && is(at + 1, '>') && is(at + 2, '>') && touches(at) && touches(at + 1);
      if ((!whole && !parted(at, '>')) || !is(at + 3, '(')) continue;
      moves_.push_back({tokens_[i].begin, tokens_[i + 2].end, '<'});
      if (!whole) moves_.push_back({tokens_[at].begin, tokens_[at + 2].end, '>'});
      return;
    }
  }

  void assembly(size_t i) {
    size_t at = i + 1;
    while (at < tokens_.size() && tokens_[at].kind == Kind::Name) at++;  // volatile, goto, inline
    if (!is(at, '(')) return;
    std::vector<size_t> found;
    for (at++; at < tokens_.size() && (tokens_[at].kind == Kind::String || tokens_[at].kind == Kind::Name); at++)
      if (tokens_[at].kind == Kind::String) names_of_registers(tokens_[at], found);
    // Without operands a % means itself.
    if (is(at, ':')) percents_.insert(percents_.end(), found.begin(), found.end());
  }

  void names_of_registers(const Token& token, std::vector<size_t>& found) const {
    for (size_t at = token.begin; at + 2 < token.end; at++) {
      if (text_[at] != '%') continue;
      if (text_[at + 1] == '%')
        at++;
      else if (is_letter(text_[at + 1]) && is_letter(text_[at + 2]))
        found.push_back(at);
    }
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::vector<Move> moves_;
  std::vector<size_t> percents_;
};

std::string in_json(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::optional<std::string> in_clangs_dialect(std::string_view text) { return Rewriter(text).run(); }

std::vector<std::string> included_names(std::string_view text) {
  std::vector<std::string> names;
  for (size_t at = 0; (at = text.find("include", at)) != text.npos; at += 7) {
    size_t before = at;
    while (before > 0 && (text[before - 1] == ' ' || text[before - 1] == '\t')) before--;
    if (before == 0 || text[before - 1] != '#') continue;
    size_t begin = text.find_first_not_of(" \t", at + 7);
    if (begin == text.npos || (text[begin] != '"' && text[begin] != '<')) continue;
    size_t end = text.find_first_of(text[begin] == '"' ? "\"\n" : ">\n", begin + 1);
    if (end != text.npos && text[end] != '\n') names.emplace_back(text.substr(begin + 1, end - begin - 1));
  }
  return names;
}

Result<std::string> write_overlay(const NvccOptions& options, const std::string& scratch) {
  std::vector<fs::path> folders, waiting;
  for (size_t i = 0; i < options.preprocessor_flags.size(); i++) {
    const std::string& flag = options.preprocessor_flags[i];
    if (flag == "-I" && i + 1 < options.preprocessor_flags.size())
      folders.emplace_back(options.preprocessor_flags[++i]);
    else if (flag.starts_with("-I"))
      folders.emplace_back(flag.substr(2));
  }
  std::error_code error;
  auto wait = [&, seen = std::set<fs::path>()](const fs::path& path) mutable {
    fs::path absolute = fs::absolute(path, error).lexically_normal();
    if (!fs::is_regular_file(absolute, error)) return false;
    if (seen.insert(absolute).second) waiting.push_back(absolute);
    return true;
  };
  for (const Input& input : options.inputs)
    if (input.language == Language::Cuda) wait(input.path);
  std::string entries;
  int count = 0;
  while (!waiting.empty()) {
    fs::path path = waiting.back();
    waiting.pop_back();
    Result<std::string> text = read_file(path.string());
    if (!text) continue;  // clang says what is wrong with it
    for (const std::string& name : included_names(*text)) {
      bool found = wait(path.parent_path() / name);
      for (size_t i = 0; !found && i < folders.size(); i++) found = wait(folders[i] / name);
    }
    std::optional<std::string> changed = in_clangs_dialect(*text);
    if (!changed) continue;
    std::string copy = fs::absolute(scratch, error).string() + "/dialect" + std::to_string(count++) + path.extension().string();
    AW_TRY(write_file(copy, *changed));
    entries += (entries.empty() ? "" : ",\n") + std::string("  {\"type\": \"file\", \"name\": ") + in_json(path.string()) +
               ", \"external-contents\": " + in_json(copy) + "}";
  }
  if (entries.empty()) return std::string();
  std::string overlay = scratch + "/dialect.overlay";
  AW_TRY(write_file(overlay, "{\"version\": 0, \"use-external-names\": false, \"roots\": [\n" + entries + "\n]}\n"));
  return overlay;
}

}  // namespace anywarp::toolchain
