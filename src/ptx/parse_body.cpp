// Function bodies: statements, scopes and names.
//
// Scopes nest, and inline assembly makes many of them with the same names. A name is bound to an index where it is
// declared; what it hid comes back when its scope ends. Labels may be used before they stand, so a branch waits until the scope
// of its label ends.
#include "ptx/instruction_table.h"
#include "ptx/parser.h"

#include <charconv>

namespace anywarp::ptx {
namespace {

const std::unordered_map<std::string_view, uint32_t>& special_registers() {
  static const auto index = [] {
    std::unordered_map<std::string_view, uint32_t> map;
    uint32_t i = 1;
#define AW_PTX_SPECIAL(name, word, type, components) map.emplace("%" word, i++);
#include "ptx/special_registers.def"
#undef AW_PTX_SPECIAL
    return map;
  }();
  return index;
}

}  // namespace

void Parser::open_scope() {
  if (scopes_.size() >= kMaxScopes) return fail(token_.location, "scopes are nested deeper than " + std::to_string(kMaxScopes) + " levels");
  scopes_.emplace_back();
  scopes_.back().first_pending = pending_labels_.size();
}

void Parser::close_scope() {
  Scope& scope = scopes_.back();
  size_t kept = scope.first_pending;
  for (size_t i = scope.first_pending; i < pending_labels_.size(); ++i) {
    const PendingLabel pending = pending_labels_[i];
    auto it = scope.labels.find(pending.name);
    if (it == scope.labels.end())
      pending_labels_[kept++] = pending;
    else if (pending.operand)
      pending.operand->index = it->second;
    else
      function_->tables[pending.table].targets[pending.entry] = it->second;
  }
  pending_labels_.resize(kept);
  for (size_t i = scope.shadowed.size(); i-- > 0;) {
    auto& [name, binding] = scope.shadowed[i];
    if (binding)
      names_[name] = *binding;
    else
      names_.erase(name);
  }
  for (std::string_view name : scope.ranges) {
    std::vector<RegisterRange>& ranges = ranges_[name];
    ranges.pop_back();
  }
  scopes_.pop_back();
}

bool Parser::bind(std::string_view name, Binding binding, Location location) {
  if (name == "_" || name == "WARP_SZ") {
    fail(location, "'" + std::string(name) + "' cannot be declared");
    return false;
  }
  binding.depth = static_cast<uint32_t>(scopes_.size());
  auto [it, is_new] = names_.try_emplace(name, binding);
  if (!is_new && it->second.depth == binding.depth) {
    fail(location, "'" + std::string(name) + "' is declared twice in one scope");
    return false;
  }
  // At function level nothing is hidden, and all names go when the function ends.
  if (scopes_.size() > 2 || !is_new) scopes_.back().shadowed.emplace_back(name, is_new ? std::nullopt : std::optional(it->second));
  if (!is_new) it->second = binding;
  return true;
}

const Binding* Parser::find(std::string_view name) {
  auto it = names_.find(name);
  if (it != names_.end() && !nested_ranges_) return &it->second;
  const Binding* in_range = find_in_range(name);
  if (it == names_.end()) it = names_.find(name);
  if (in_range && (it == names_.end() || in_range->depth > it->second.depth)) return in_range;
  if (it != names_.end()) return &it->second;
  if (name[0] == '%') {
    const auto& special = special_registers();
    if (auto found = special.find(name); found != special.end())
      return &names_.emplace(name, Binding{Binding::Kind::Special, found->second, 0}).first->second;
  }
  return nullptr;
}

const Binding* Parser::find_in_range(std::string_view name) {
  size_t digits = name.size();
  while (digits > 1 && name[digits - 1] >= '0' && name[digits - 1] <= '9') --digits;
  // A prefix may end in digits itself: every split is possible, the longest number without leading zeros first.
  for (; digits < name.size() && name.size() - digits > 0; ++digits) {
    if (name[digits] == '0' && digits + 1 < name.size()) continue;
    auto found = ranges_.find(name.substr(0, digits));
    if (found == ranges_.end() || found->second.empty()) continue;
    uint64_t number = 0;
    if (std::from_chars(name.data() + digits, name.data() + name.size(), number).ec != std::errc{}) continue;
    RegisterRange& range = found->second.back();
    if (number >= range.count) continue;
    auto [it, is_new] = range.registers.try_emplace(number, static_cast<uint32_t>(function_->registers.size()));
    if (is_new) function_->registers.push_back({name, range.type, range.vector, range.location});
    const Binding binding{Binding::Kind::Register, it->second, range.depth};
    if (!nested_ranges_) return &names_.emplace(name, binding).first->second;
    static thread_local Binding result;
    result = binding;
    return &result;
  }
  return nullptr;
}

void Parser::body(Function& function) {
  const Location open = token_.location;
  advance();
  open_scope();
  const size_t outer = scopes_.size();
  while (!failed()) {
    if (token_.kind == TokenKind::End) return fail(open, "the '{' of '" + std::string(function.name) + "' has no '}'");
    if (token_.is('}')) {
      const bool last = scopes_.size() == outer;
      close_scope();
      advance();
      if (last) break;
    } else {
      statement();
    }
  }
  if (failed()) return;
  if (!pending_labels_.empty())
    return fail(pending_labels_.front().location,
                "there is no label '" + std::string(pending_labels_.front().name) + "' in '" + std::string(function.name) + "'");
  for (const PendingTable& pending : pending_tables_) {
    for (uint32_t i = 0; i < function.tables.size() && pending.operand->index == kNone; ++i)
      if (function.tables[i].name == pending.name) pending.operand->index = i;
    for (uint32_t i = 0; i < module_->prototypes.size() && pending.operand->index == kNone; ++i) {
      if (module_->prototypes[i].name != pending.name) continue;
      pending.operand->index = i;
      pending.operand->table_in_module = true;
    }
    if (pending.operand->index == kNone)
      return fail(pending.location, "there is no table or prototype '" + std::string(pending.name) + "'");
  }
  // Registers of the parameters are bound in the outer scope, which holds no labels.
  close_scope();
}

void Parser::statement() {
  if (token_.kind == TokenKind::Identifier) return label_or_instruction();
  if (token_.kind == TokenKind::Word) return body_directive();
  if (token_.is('{')) {
    advance();
    return open_scope();
  }
  if (accept(';')) return;
  if (token_.kind == TokenKind::Dwarf) return advance();
  if (!accept('@')) return fail_expected("a statement");
  Guard guard;
  guard.negated = accept('!');
  const Location location = token_.location;
  std::string_view name = identifier("a predicate register");
  if (failed()) return;
  const Binding* binding = find(name);
  if (!binding || binding->kind != Binding::Kind::Register) return fail(location, "'" + std::string(name) + "' is not a register");
  guard.reg = binding->index;
  if (function_->registers[guard.reg].type != Type::Pred)
    return fail(location, "'" + std::string(name) + "' is not a register of type .pred");
  const Token opcode = token_;
  if (opcode.kind != TokenKind::Identifier) return fail_expected("an instruction");
  instruction(opcode.text, opcode.location, guard);
}

void Parser::body_directive() {
  const Token first = token_;
  if (accept_word("reg")) return registers(*function_);
  if (auto space = space_word()) {
    advance();
    return variables(*space, Linkage::None, function_);
  }
  if (accept_word("loc")) return source_line();
  if (accept_word("pragma")) {
    do {
      function_->statements.push_back({Statement::Kind::Pragma, static_cast<uint32_t>(function_->pragmas.size())});
      function_->pragmas.push_back(string("a string"));
    } while (accept(','));
    expect(';');
    return;
  }
  if (accept_word("file")) return source_file();
  if (accept_word("extern") || accept_word("visible") || accept_word("weak")) {
    const Linkage linkage = first.text == "extern" ? Linkage::Extern : first.text == "visible" ? Linkage::Visible : Linkage::Weak;
    if (auto space = space_word()) {
      advance();
      return variables(*space, linkage, function_);
    }
    return fail_expected("a state space");
  }
  fail(first.location, "there is no directive " + describe(first) + " in functions");
}

void Parser::source_line() {
  SourceLine line;
  line.file = static_cast<uint32_t>(integer("a file number", kNone));
  line.line = static_cast<uint32_t>(integer("a line", kNone));
  line.column = static_cast<uint32_t>(integer("a column", kNone));
  if (token_.is(',')) {
    const Token first = token_;
    while (accept(',')) {
      std::string_view what = identifier("'function_name' or 'inlined_at'");
      if (what == "function_name") {
        identifier("a label");
        if (accept('+')) integer("an offset", ~uint64_t{0});
      } else if (what == "inlined_at") {
        for (int i = 0; i < 3; ++i) integer("a number", kNone);
      } else {
        fail(first.location, "expected 'function_name' or 'inlined_at' after ','");
      }
    }
    line.rest = text_since(first);
  }
  source_line_ = static_cast<uint32_t>(function_->source_lines.size());
  function_->statements.push_back({Statement::Kind::SourceLine, source_line_});
  function_->source_lines.push_back(line);
}

void Parser::label_or_instruction() {
  const Token name = token_;
  // `a:b` cannot follow an opcode, so a colon behind the first word makes it a label.
  const char* behind = lexer_.position();
  while (*behind == ' ' || *behind == '\t') ++behind;
  if (*behind != ':') return instruction(name.text, name.location, {});
  advance();
  advance();
  if (token_.is_word("branchtargets") || token_.is_word("calltargets") || token_.is_word("callprototype"))
    return table(name.text, name.location);
  label(name.text, name.location);
}

void Parser::label(std::string_view name, Location location) {
  const uint32_t index = static_cast<uint32_t>(function_->labels.size());
  if (!scopes_.back().labels.emplace(name, index).second)
    return fail(location, "the label '" + std::string(name) + "' stands twice in one scope");
  function_->statements.push_back({Statement::Kind::Label, index});
  function_->labels.push_back({name, static_cast<uint32_t>(function_->instructions.size()), location});
}

Table Parser::prototype() {
  Table table;
  table.kind = Table::Kind::CallPrototype;
  auto prototype = std::make_shared<Prototype>();
  advance();
  if (token_.is('(')) prototype->returns = parameters(nullptr, true);
  identifier("'_'");
  if (token_.is('(')) prototype->parameters = parameters(nullptr, false);
  while (token_.kind == TokenKind::Word && !failed()) {
    const Token first = token_;
    advance();
    if (first.text == "noreturn") {
      prototype->noreturn = true;
    } else if (first.text == "abi_preserve" || first.text == "abi_preserve_control") {
      integer("a number", kNone);
      prototype->directives.push_back(text_since(first));
    } else {
      fail(first.location, "there is no directive " + describe(first) + " of prototypes");
    }
  }
  expect(';');
  table.prototype = std::move(prototype);
  return table;
}

void Parser::table(std::string_view name, Location location) {
  Table table;
  const uint32_t index = static_cast<uint32_t>(function_->tables.size());
  if (token_.is_word("callprototype")) {
    table = prototype();
  } else {
    table.kind = token_.is_word("branchtargets") ? Table::Kind::BranchTargets : Table::Kind::CallTargets;
    advance();
    do {
      const Token target = token_;
      std::string_view text = identifier("a target");
      if (table.kind == Table::Kind::BranchTargets) {
        pending_labels_.push_back({text, target.location, nullptr, index, static_cast<uint32_t>(table.targets.size())});
        table.targets.push_back(kNone);
      } else if (auto it = storage_.functions.find(text); it != storage_.functions.end()) {
        table.targets.push_back(it->second);
      } else {
        fail(target.location, "there is no function '" + std::string(text) + "'");
      }
    } while (accept(','));
    expect(';');
  }
  if (failed() || !bind(name, {Binding::Kind::Table, index}, location)) return;
  table.name = name;
  table.location = location;
  function_->statements.push_back({Statement::Kind::Table, index});
  function_->tables.push_back(std::move(table));
}

const Words* Parser::words(std::string_view opcode, Location location) {
  std::string_view tail = lexer_.adjacent_words();
  token_end_ = lexer_.position();
  advance();
  std::string_view text(opcode.data(), opcode.size() + tail.size());
  if (token_.kind == TokenKind::Word) {
    // Words with spaces between them.
    std::string joined(text);
    for (; token_.kind == TokenKind::Word; advance()) (joined += '.') += token_.text;
    text = storage_.copy(std::string_view(joined));
  }
  auto [it, is_new] = words_.try_emplace(text);
  Words& words = it->second;
  if (!is_new) return &words;
  words.opcode = find_opcode(opcode);
  if (words.opcode == Opcode::None) return fail(location, "there is no instruction '" + std::string(opcode.substr(0, 60)) + "'"), nullptr;
  std::vector<Mod> mods;
  std::vector<Type> types;
  for (size_t at = opcode.size(); at < text.size();) {
    size_t end = std::min(text.find('.', at + 1), text.size());
    std::string_view one = text.substr(at + 1, end - at - 1);
    const Mod mod = find_mod(one);
    if (mod == Mod::None)
      return fail(location, "the instruction '" + std::string(opcode) + "' has no modifier '." + std::string(one.substr(0, 60)) + "'"),
             nullptr;
    if (mods.size() == kMaxWords) return fail(location, "the instruction has more than " + std::to_string(kMaxWords) + " words"), nullptr;
    mods.push_back(mod);
    if (Type type = type_of(mod); type != Type::None) types.push_back(type);
    Space space = Space::None;
    switch (mod) {
      case Mod::global: space = Space::Global; break;
      case Mod::shared: space = Space::Shared; break;
      case Mod::shared_cta: space = Space::SharedCta; break;
      case Mod::shared_cluster: space = Space::SharedCluster; break;
      case Mod::local: space = Space::Local; break;
      case Mod::const_: space = Space::Const; break;
      case Mod::param: space = Space::Param; break;
      case Mod::param_entry: space = Space::ParamEntry; break;
      case Mod::param_func: space = Space::ParamFunc; break;
      case Mod::v2: words.vector = 2; break;
      case Mod::v4: words.vector = 4; break;
      case Mod::v8: words.vector = 8; break;
      default: break;
    }
    if (space != Space::None) (words.space == Space::None ? words.space : words.second_space) = space;
    at = end;
  }
  words.mods = storage_.copy(std::span<const Mod>(mods));
  words.types = storage_.copy(std::span<const Type>(types));
  return &words;
}

void Parser::instruction(std::string_view opcode, Location location, Guard guard) {
  const Words* words = this->words(opcode, location);
  if (!words) return;
  scratch_.clear();
  const size_t first_label = pending_labels_.size(), first_table = pending_tables_.size();
  if (!token_.is(';')) operands(*words, scratch_);
  if (!failed() && !token_.is(';')) return fail_expected("',' or ';'");
  if (failed()) return;
  advance();
  Instruction instruction;
  instruction.opcode = words->opcode;
  instruction.space = words->space;
  instruction.second_space = words->second_space;
  instruction.vector = words->vector;
  instruction.mods = words->mods;
  instruction.types = words->types;
  instruction.guard = guard;
  instruction.location = location;
  instruction.source_line = source_line_;
  instruction.operands = storage_.copy(std::span<const Operand>(scratch_));
  // What waits for a label or a table waits in the arena.
  size_t label = first_label, table = first_table;
  for (const Operand& operand : instruction.operands) {
    if (operand.index != kNone) continue;
    if (operand.kind == OperandKind::Label && label < pending_labels_.size())
      pending_labels_[label++].operand = const_cast<Operand*>(&operand);
    else if (operand.kind == OperandKind::Table && table < pending_tables_.size())
      pending_tables_[table++].operand = const_cast<Operand*>(&operand);
  }
  function_->statements.push_back({Statement::Kind::Instruction, static_cast<uint32_t>(function_->instructions.size())});
  function_->instructions.push_back(instruction);
}

}  // namespace anywarp::ptx
