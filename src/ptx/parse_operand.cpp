// Operands, and the fixed form that those of calls and branches get.
#include "ptx/instruction_table.h"
#include "ptx/parser.h"

namespace anywarp::ptx {
namespace {

/// .x .y .z .w and .r .g .b .a
uint8_t component_of(std::string_view word) {
  if (word.size() != 1) return kNoComponent;
  switch (word[0]) {
    case 'x':
    case 'r': return 0;
    case 'y':
    case 'g': return 1;
    case 'z':
    case 'b': return 2;
    case 'w':
    case 'a': return 3;
    default: return kNoComponent;
  }
}

/// .b0 ... .b7, .h0, .h1, and the selections of several: .b10, .b3210, .h10
bool is_part(std::string_view word) {
  return word.size() >= 2 && word.size() <= 5 && (word[0] == 'b' || word[0] == 'h') && word.find_first_not_of("01234567", 1) == word.npos;
}

}  // namespace

std::span<const Operand> Parser::store_elements(const std::vector<Operand>& elements, size_t first) {
  return storage_.copy(std::span<const Operand>(elements).subspan(first));
}

void Parser::operands(const Words& words, std::vector<Operand>& out) {
  if (words.opcode == Opcode::Call) return call_operands(out);
  do {
    if (out.size() == kMaxOperands)
      return fail(token_.location, "the instruction has more than " + std::to_string(kMaxOperands) + " operands");
    if (words.opcode == Opcode::Bra)
      out.push_back(label_operand());
    else if (words.opcode == Opcode::Brx && !out.empty())
      out.push_back(table_operand());
    else
      out.push_back(operand(words));
  } while (accept(','));
}

// call{.uni} {(results),} callee {, (arguments)} {, table};
void Parser::call_operands(std::vector<Operand>& out) {
  Operand results{.kind = OperandKind::List};
  if (token_.is('(')) {
    results = list();
    if (!expect(',')) return;
  }
  out.push_back(results);
  out.push_back(named_operand());
  Operand arguments{.kind = OperandKind::List};
  bool with_table = false;
  if (accept(',')) {
    if (token_.is('(')) {
      arguments = list();
      with_table = accept(',');
    } else {
      with_table = true;
    }
  }
  out.push_back(arguments);
  if (with_table) out.push_back(table_operand());
}

Operand Parser::label_operand() {
  const Location location = token_.location;
  std::string_view name = identifier("a label");
  if (!failed()) pending_labels_.push_back({name, location});
  return {.kind = OperandKind::Label};
}

Operand Parser::table_operand() {
  Operand operand{.kind = OperandKind::Table};
  const Location location = token_.location;
  std::string_view name = identifier("a table or prototype");
  if (failed()) return operand;
  if (const Binding* binding = find(name); binding && binding->kind == Binding::Kind::Table)
    operand.index = binding->index;
  else
    pending_tables_.push_back({name, location});
  return operand;
}

Operand Parser::operand(const Words& words) {
  if (token_.is('[')) return address();
  Operand first = token_.is('{') ? vector() : simple_operand();
  if (!token_.is('|')) return first;
  advance();
  std::vector<Operand> both{first, simple_operand()};
  Operand pair{.kind = OperandKind::Pair};
  pair.elements = store_elements(both, 0);
  return pair;
}

Operand Parser::simple_operand() {
  if (token_.kind == TokenKind::Identifier && token_.text != "WARP_SZ") return named_operand();
  if (token_.is('!') || token_.is('-')) {
    // !p, -%r: a sign before a register; else it begins a constant.
    const char* behind = lexer_.position();
    while (*behind == ' ' || *behind == '\t') ++behind;
    if (*behind == '%' || *behind == '_' || *behind == '$' || ((*behind | 0x20) >= 'a' && (*behind | 0x20) <= 'z' && *behind != 'W')) {
      const Location location = token_.location;
      advance();
      Operand operand = named_operand();
      if (!failed() && operand.kind != OperandKind::Register) fail(location, "only registers can be negated");
      operand.negated = true;
      return operand;
    }
  }
  Operand operand;
  if (!at_constant()) {
    fail_expected("an operand");
    return operand;
  }
  const Constant value = constant();
  operand.kind = value.is_float() ? OperandKind::Float : OperandKind::Immediate;
  operand.type = value.type;
  operand.value = value.bits;
  return operand;
}

void Parser::offset(Operand& operand) {
  if (token_.is('+') || token_.is('-')) operand.value = static_cast<uint64_t>(constant_integer("an offset"));
}

Operand Parser::named_operand() {
  Operand operand;
  const Token token = token_;
  std::string_view name = identifier("an operand");
  if (failed()) return operand;
  if (name == "_") return operand;
  if (const Binding* binding = find(name)) {
    operand.index = binding->index;
    switch (binding->kind) {
      case Binding::Kind::Register: operand.kind = OperandKind::Register; break;
      case Binding::Kind::Variable: operand.kind = OperandKind::FunctionVariable; break;
      case Binding::Kind::Table: operand.kind = OperandKind::Table; return operand;
      case Binding::Kind::Special:
        operand.kind = OperandKind::Special;
        operand.special = static_cast<SpecialRegister>(binding->index);
        operand.index = kNone;
        break;
    }
  } else if (auto variable = storage_.variables.find(name); variable != storage_.variables.end()) {
    operand.kind = OperandKind::ModuleVariable;
    operand.index = variable->second;
  } else if (auto function = storage_.functions.find(name); function != storage_.functions.end()) {
    operand.kind = OperandKind::Function;
    operand.index = function->second;
    return operand;
  } else {
    fail(token.location, "'" + std::string(name.substr(0, 200)) + "' is not declared");
    return operand;
  }
  if (operand.kind == OperandKind::Register || operand.kind == OperandKind::Special) {
    if (token_.kind != TokenKind::Word) return operand;
    const bool components =
        operand.kind == OperandKind::Special ? info(operand.special).has_components : function_->registers[operand.index].vector > 1;
    if (components && component_of(token_.text) != kNoComponent) {
      operand.component = component_of(token_.text);
    } else if (operand.kind == OperandKind::Register && is_part(token_.text)) {
      operand.part = find_mod(token_.text);
      if (token_.text[0] == 'b' && token_.text.size() == 5) {
        operand.part = Mod::b3210;
        for (char digit : token_.text.substr(1)) operand.value = operand.value << 4 | static_cast<uint64_t>(digit - '0');
      }
    }
    if (operand.component == kNoComponent && operand.part == Mod::None) {
      fail(token_.location, "'" + std::string(name.substr(0, 200)) + "' has no part " + describe(token_));
      return operand;
    }
    if (operand.component != kNoComponent && operand.kind == OperandKind::Register &&
        operand.component >= function_->registers[operand.index].vector)
      fail(token_.location, "'" + std::string(name.substr(0, 200)) + "' has only " +
                                std::to_string(function_->registers[operand.index].vector) + " components");
    advance();
    return operand;
  }
  if (token_.is('[')) {
    // table[3]: the address of an element
    advance();
    const Variable& variable =
        operand.kind == OperandKind::ModuleVariable ? module_->variables[operand.index] : function_->variables[operand.index];
    operand.value = static_cast<uint64_t>(constant_integer("an index")) * info(variable.type).bytes() * variable.vector;
    expect(']');
    return operand;
  }
  offset(operand);
  return operand;
}

Operand Parser::address() {
  advance();
  Operand operand{.kind = OperandKind::Address};
  if (at_constant()) {
    operand.value = static_cast<uint64_t>(constant_integer("an address"));
  } else {
    const Location location = token_.location;
    const Operand base = named_operand();
    if (failed()) return operand;
    if (base.kind != OperandKind::Register && base.kind != OperandKind::ModuleVariable && base.kind != OperandKind::FunctionVariable &&
        base.kind != OperandKind::Function)
      return fail(location, "an address begins with a register, a variable or a constant"), operand;
    if (base.part != Mod::None) return fail(location, "an address begins with a whole register"), operand;
    operand.base = base.kind;
    operand.index = base.index;
    operand.component = base.component;
    operand.value = base.value;
    offset(operand);
  }
  if (token_.is(',')) {
    std::vector<Operand> elements;
    Operand first;
    first.kind = operand.base;
    first.index = operand.index;
    first.value = operand.value;
    first.component = operand.component;
    if (operand.base == OperandKind::Immediate) first.type = Type::S64;
    elements.push_back(first);
    while (accept(',')) {
      if (elements.size() == 16) return fail(token_.location, "the operand in [] has more than 16 parts"), operand;
      elements.push_back(token_.is('{') ? vector() : simple_operand());
    }
    operand = Operand{.kind = OperandKind::Texture};
    operand.elements = store_elements(elements, 0);
  }
  expect(']');
  if (accept_word("unified")) operand.part = Mod::unified;
  return operand;
}

Operand Parser::vector() {
  advance();
  Operand operand{.kind = OperandKind::Vector};
  std::vector<Operand> elements;
  if (!token_.is('}')) {
    do {
      if (elements.size() == kMaxOperands)
        return fail(token_.location, "the vector has more than " + std::to_string(kMaxOperands) + " elements"), operand;
      elements.push_back(simple_operand());
    } while (accept(','));
  }
  expect('}');
  operand.elements = store_elements(elements, 0);
  return operand;
}

Operand Parser::list() {
  advance();
  Operand operand{.kind = OperandKind::List};
  std::vector<Operand> elements;
  if (!token_.is(')')) {
    do {
      if (elements.size() == kMaxOperands)
        return fail(token_.location, "the list has more than " + std::to_string(kMaxOperands) + " elements"), operand;
      elements.push_back(simple_operand());
    } while (accept(','));
  }
  expect(')');
  operand.elements = store_elements(elements, 0);
  return operand;
}

}  // namespace anywarp::ptx
