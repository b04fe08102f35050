// The module level of PTX: what stands outside of functions, and the heads of functions.
#include "ptx/instruction_table.h"
#include "ptx/parser.h"
#include "ptx/ptx.h"

#include <charconv>
#include <cstring>

namespace anywarp::ptx {
namespace {

constexpr uint32_t kNewestMajor = 9, kNewestMinor = 0;
constexpr size_t kMaxTextBytes = uint64_t{1} << 32;

bool is_target(std::string_view target) {
  for (std::string_view prefix : {"sm_", "compute_"}) {
    if (!target.starts_with(prefix)) continue;
    std::string_view number = target.substr(prefix.size());
    if (number.size() > 2 && (number.back() == 'a' || number.back() == 'f')) number.remove_suffix(1);
    return number.size() >= 2 && number.size() <= 3 && number.find_first_not_of("0123456789") == number.npos;
  }
  return false;
}

bool is_target_option(std::string_view option) {
  for (std::string_view known : {"texmode_unified", "texmode_independent", "debug", "map_f64_to_f32"})
    if (option == known) return true;
  return false;
}

}  // namespace

Parser::Parser(std::string_view text, std::string_view file_name)
    : file_name_(file_name), module_(std::make_shared<Module>()), storage_(*module_->storage), lexer_("") {
  module_->file_name = file_name;
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  if (text.size() >= kMaxTextBytes) {
    fail({1, 1}, "The text has " + std::to_string(text.size()) + " bytes; the limit is 2^32.");
    text = {};
  }
  storage_.text = text;
  lexer_ = Lexer(storage_.text);
}

void Parser::advance() {
  previous_end_ = token_end_;
  if (failed()) {
    token_ = Token{.location = token_.location};
    return;
  }
  token_ = lexer_.next();
  token_end_ = lexer_.position();
  if (token_.kind == TokenKind::Error) {
    fail(token_.location, lexer_.error());
    token_.kind = TokenKind::End;
  }
}

void Parser::fail(Location location, std::string message, CUresult code) {
  if (failed()) return;
  error_ = Error{code, as_sentence(std::move(message)),
                 file_name_ + ":" + std::to_string(location.line) + ":" + std::to_string(location.column)};
  token_ = Token{.location = token_.location};
}

void Parser::fail_expected(std::string_view what) {
  if (!failed()) fail(token_.location, "expected " + std::string(what) + " before " + describe(token_));
}

bool Parser::accept(char c) {
  if (!token_.is(c)) return false;
  advance();
  return true;
}

bool Parser::expect(char c) {
  if (accept(c)) return true;
  fail_expected(std::string("'") + c + "'");
  return false;
}

bool Parser::accept_word(std::string_view word) {
  if (!token_.is_word(word)) return false;
  advance();
  return true;
}

std::string_view Parser::identifier(std::string_view what) {
  if (token_.kind != TokenKind::Identifier) {
    fail_expected(what);
    return {};
  }
  std::string_view text = token_.text;
  advance();
  return text;
}

uint64_t Parser::integer(std::string_view what, uint64_t limit) {
  if (token_.kind != TokenKind::Integer) {
    fail_expected(what);
    return 0;
  }
  const uint64_t value = token_.value;
  if (value > limit) {
    fail(token_.location, std::string(what) + " is " + std::to_string(value) + "; the limit is " + std::to_string(limit));
    return 0;
  }
  advance();
  return value;
}

std::string_view Parser::string(std::string_view what) {
  if (token_.kind != TokenKind::String) {
    fail_expected(what);
    return {};
  }
  std::string_view text = token_.text;
  advance();
  return text;
}

std::string_view Parser::text_since(const Token& first) const {
  const char* start = first.text.data() - (first.kind == TokenKind::Word || first.kind == TokenKind::String ? 1 : 0);
  if (failed() || !previous_end_ || previous_end_ < start) return {};
  return {start, static_cast<size_t>(previous_end_ - start)};
}

Result<std::shared_ptr<const Module>> Parser::run() {
  advance();
  header();
  while (token_.kind != TokenKind::End) top_level();
  if (!failed()) resolve_relocations();
  if (failed()) return std::move(*error_);
  for (Function& function : module_->functions) layout(function);
  return std::shared_ptr<const Module>(module_);
}

void Parser::header() {
  while (token_.kind == TokenKind::Dwarf) advance();
  if (!accept_word("version")) return fail_expected("'.version'");
  const Token version = token_;
  const char* end = version.text.data() + version.text.size();
  auto [dot, problem] = std::from_chars(version.text.data(), end, module_->version_major);
  if (version.kind != TokenKind::Float || problem != std::errc{} || dot == end || *dot != '.' ||
      std::from_chars(dot + 1, end, module_->version_minor).ptr != end)
    return fail_expected("a version number such as 9.0");
  if (module_->version_major > kNewestMajor || (module_->version_major == kNewestMajor && module_->version_minor > kNewestMinor))
    return fail(version.location, "the PTX version " + std::string(version.text) + " is newer than 9.0, the newest that is supported",
                CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
  advance();
  if (!accept_word("target")) return fail_expected("'.target'");
  do {
    const Token name = token_;
    std::string_view text = identifier("a target such as sm_90");
    if (is_target(text) && module_->target.empty())
      module_->target = text;
    else if (is_target_option(text))
      module_->target_options.push_back(text);
    else if (!is_target(text))
      fail(name.location, "there is no target '" + std::string(text) + "'");
  } while (accept(','));
  if (module_->target.empty() && !failed()) fail(token_.location, "'.target' names no architecture such as sm_90");
  if (accept_word("address_size")) {
    const Location location = token_.location;
    module_->address_size = static_cast<uint32_t>(integer("an address size", 64));
    if (module_->address_size != 32 && module_->address_size != 64)
      fail(location, "the address size is " + std::to_string(module_->address_size) + "; it must be 32 or 64");
  }
}

void Parser::top_level() {
  auto add = [&](TopLevel::Kind kind, size_t index) { module_->order.push_back({kind, static_cast<uint32_t>(index)}); };
  const Token first = token_;
  if (token_.kind == TokenKind::Dwarf) {
    add(TopLevel::Kind::Dwarf, module_->dwarf.size());
    module_->dwarf.push_back(token_.text);
    return advance();
  }
  if (token_.kind == TokenKind::Identifier) return module_prototype();
  if (accept(';')) return;
  Linkage linkage = Linkage::None;
  if (accept_word("extern"))
    linkage = Linkage::Extern;
  else if (accept_word("visible"))
    linkage = Linkage::Visible;
  else if (accept_word("weak"))
    linkage = Linkage::Weak;
  else if (accept_word("common"))
    linkage = Linkage::Common;
  if (accept_word("entry")) return function(linkage, true);
  if (accept_word("func")) return function(linkage, false);
  if (auto space = space_word()) {
    advance();
    return variables(*space, linkage, nullptr);
  }
  if (linkage != Linkage::None) return fail_expected("'.entry', '.func' or a state space");
  if (accept_word("file")) return source_file();
  if (accept_word("section")) return section();
  if (accept_word("alias")) return alias();
  if (accept_word("pragma")) {
    add(TopLevel::Kind::Pragma, module_->pragmas.size());
    module_->pragmas.push_back(string("a string"));
    while (accept(',')) module_->pragmas.push_back(string("a string")), add(TopLevel::Kind::Pragma, module_->pragmas.size() - 1);
    expect(';');
    return;
  }
  if (token_.kind == TokenKind::Word) return fail(first.location, "there is no directive " + describe(token_) + " at module scope");
  fail_expected("a directive");
}

void Parser::source_file() {
  SourceFile file;
  file.index = static_cast<uint32_t>(integer("a file number", kNone - 1));
  file.name = string("a file name");
  if (accept(',')) {
    file.timestamp = integer("a time stamp", ~uint64_t{0});
    if (accept(',')) file.size = integer("a file size", ~uint64_t{0});
  }
  module_->order.push_back({TopLevel::Kind::File, static_cast<uint32_t>(module_->files.size())});
  module_->files.push_back(file);
}

// `.section .debug_info { .b32 1, label ... }` says nothing that execution needs; its text is kept.
void Parser::section() {
  const Token name = token_;
  if (token_.kind != TokenKind::Word && token_.kind != TokenKind::String && token_.kind != TokenKind::Identifier)
    return fail_expected("a section name");
  advance();
  const Location open = token_.location;
  if (!expect('{')) return;
  for (size_t depth = 1; depth > 0;) {
    if (token_.kind == TokenKind::End) return fail(open, "the section's '{' has no '}'");
    depth += token_.is('{');
    depth -= token_.is('}');
    advance();
  }
  module_->order.push_back({TopLevel::Kind::Section, static_cast<uint32_t>(module_->sections.size())});
  module_->sections.push_back(text_since(name));
}

void Parser::alias() {
  Alias alias;
  for (uint32_t* which : {&alias.alias, &alias.aliasee}) {
    const Location location = token_.location;
    std::string_view name = identifier("a function's name");
    auto it = storage_.functions.find(name);
    if (it == storage_.functions.end()) return fail(location, "there is no function '" + std::string(name) + "'");
    *which = it->second;
    if (which == &alias.alias && !expect(',')) return;
  }
  expect(';');
  module_->order.push_back({TopLevel::Kind::Alias, static_cast<uint32_t>(module_->aliases.size())});
  module_->aliases.push_back(alias);
}

void Parser::module_prototype() {
  const Token name = token_;
  advance();
  if (!expect(':')) return;
  if (!token_.is_word("callprototype")) return fail_expected("'.callprototype'");
  for (const Table& table : module_->prototypes)
    if (table.name == name.text) return fail(name.location, "'" + std::string(name.text) + "' is declared twice");
  module_->order.push_back({TopLevel::Kind::Prototype, static_cast<uint32_t>(module_->prototypes.size())});
  Table table = prototype();
  table.name = name.text;
  table.location = name.location;
  module_->prototypes.push_back(std::move(table));
}

std::vector<std::string_view> Parser::attribute_list() {
  std::vector<std::string_view> attributes;
  if (!expect('(')) return attributes;
  do {
    const Token first = token_;
    if (token_.kind != TokenKind::Word) {
      fail_expected("an attribute");
      break;
    }
    advance();
    if (accept('(')) {
      while (token_.kind == TokenKind::Integer || token_.is(',')) advance();
      expect(')');
    }
    attributes.push_back(text_since(first).substr(std::min<size_t>(1, text_since(first).size())));
  } while (accept(','));
  expect(')');
  return attributes;
}

void Parser::dimensions(uint32_t (&values)[3]) {
  values[0] = values[1] = values[2] = 1;
  for (int i = 0; i == 0 || (i < 3 && accept(',')); ++i) {
    const Location location = token_.location;
    values[i] = static_cast<uint32_t>(integer("a number", kNone));
    if (values[i] == 0) return fail(location, "the number must be greater than zero");
  }
}

void Parser::function_directives(Function& function) {
  auto number = [&] { return static_cast<uint32_t>(integer("a number", kNone)); };
  while (token_.kind == TokenKind::Word && !failed()) {
    const Token first = token_;
    const std::string_view word = token_.text;
    advance();
    if (word == "maxntid") {
      dimensions(function.maxntid);
    } else if (word == "reqntid") {
      dimensions(function.reqntid);
    } else if (word == "reqnctapercluster") {
      dimensions(function.reqnctapercluster);
    } else if (word == "minnctapersm") {
      function.minnctapersm = number();
    } else if (word == "maxnctapersm") {
      function.maxnctapersm = number();
    } else if (word == "maxnreg") {
      function.maxnreg = number();
    } else if (word == "maxclusterrank") {
      function.maxclusterrank = number();
    } else if (word == "explicitcluster") {
      function.explicitcluster = true;
    } else if (word == "blocksareclusters") {
      function.blocksareclusters = true;
    } else if (word == "noreturn") {
      function.noreturn = true;
    } else if (word == "attribute") {
      function.attributes = attribute_list();
    } else if (word == "pragma") {
      do function.header_pragmas.push_back(string("a string"));
      while (accept(','));
      expect(';');
    } else if (word == "abi_preserve" || word == "abi_preserve_control") {
      number();
      function.directives.push_back(text_since(first));
    } else {
      fail(first.location, "there is no directive " + describe(first) + " of functions");
    }
  }
}

void Parser::function(Linkage linkage, bool is_entry) {
  Function head;
  head.is_entry = is_entry;
  head.linkage = linkage;
  function_ = &head;
  names_ = {};
  ranges_ = {};
  scopes_.clear();
  pending_labels_.clear();
  pending_tables_.clear();
  nested_ranges_ = false;
  source_line_ = kNone;
  open_scope();
  if (token_.is_word("attribute")) {
    advance();
    head.attributes = attribute_list();
  }
  if (!is_entry && token_.is('(')) head.returns = parameters(&head, true);
  head.location = token_.location;
  head.name = identifier("a function's name");
  if (token_.is('(')) head.parameters = parameters(&head, false);
  auto attributes = std::move(head.attributes);
  function_directives(head);
  if (head.attributes.empty()) head.attributes = std::move(attributes);
  if (failed()) return;
  if (storage_.variables.contains(head.name)) return fail(head.location, "'" + std::string(head.name) + "' is a variable already");

  auto [known, is_new] = storage_.functions.try_emplace(head.name, static_cast<uint32_t>(module_->functions.size()));
  function_index_ = known->second;
  if (is_new) module_->functions.emplace_back();
  Function& slot = module_->functions[function_index_];
  if (!is_new && !same_signature(slot, head))
    return fail(head.location, "'" + std::string(head.name) + "' was declared with other parameters before");
  const bool has_body = token_.is('{');
  module_->order.push_back({has_body ? TopLevel::Kind::Definition : TopLevel::Kind::Declaration, function_index_});
  if (!has_body) {
    if (is_new) slot = std::move(head);
    function_ = nullptr;
    expect(';');
    return;
  }
  if (slot.has_body) return fail(head.location, "the function '" + std::string(head.name) + "' is defined twice");
  head.has_body = true;
  slot = std::move(head);
  function_ = &slot;
  body(slot);
  function_ = nullptr;
}

void Parser::resolve_relocations() {
  for (const PendingRelocation& pending : relocations_) {
    Variable& variable =
        pending.function == kNone ? module_->variables[pending.variable] : module_->functions[pending.function].variables[pending.variable];
    Relocation& relocation = variable.relocations[pending.relocation];
    if (auto it = storage_.variables.find(pending.symbol); it != storage_.variables.end()) {
      relocation.index = it->second;
    } else if (auto fn = storage_.functions.find(pending.symbol); fn != storage_.functions.end()) {
      relocation.index = fn->second;
      relocation.is_function = true;
    } else {
      return fail(pending.location, "there is no variable or function '" + std::string(pending.symbol) + "'");
    }
  }
}

Result<std::shared_ptr<const Module>> parse(std::string_view text, std::string_view file_name) { return Parser(text, file_name).run(); }

}  // namespace anywarp::ptx
