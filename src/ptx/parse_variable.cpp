// Declarations: variables with their initialisers, registers, parameters.
//
//     .visible .global .align 8 .u64 table[2][2] = {{1, handler}, {generic(text)+4, 0xff00(text)}};
//
// becomes 32 bytes, size by size, and a relocation for every address.
#include "ptx/instruction_table.h"
#include "ptx/parser.h"

#include <bit>
#include <cstring>

namespace anywarp::ptx {
namespace {

uint32_t natural_align(Type type, uint8_t vector) { return std::bit_ceil(std::max(1u, info(type).bytes() * vector)); }

uint64_t rounded_up(uint64_t value, uint64_t align) { return (value + align - 1) / align * align; }

/// 0xff << 8n, and the like: whole bytes side by side.
bool is_byte_mask(uint64_t mask) {
  if (mask == 0) return false;
  const unsigned low = static_cast<unsigned>(std::countr_zero(mask));
  const unsigned ones = static_cast<unsigned>(std::countr_one(mask >> low));
  return low % 8 == 0 && ones % 8 == 0 && low + ones + static_cast<unsigned>(std::countl_zero(mask)) == 64;
}

uint64_t float_to_bits(double value, unsigned size) {
  if (size == 8) return std::bit_cast<uint64_t>(value);
  return std::bit_cast<uint32_t>(static_cast<float>(value));
}

}  // namespace

std::optional<Space> Parser::space_word() const {
  if (token_.kind != TokenKind::Word) return std::nullopt;
  switch (token_.text[0]) {
    case 'g':
      if (token_.text == "global") return Space::Global;
      break;
    case 'c':
      if (token_.text == "const") return Space::Const;
      break;
    case 'l':
      if (token_.text == "local") return Space::Local;
      break;
    case 's':
      if (token_.text == "shared") return Space::Shared;
      break;
    case 'p':
      if (token_.text == "param") return Space::Param;
      break;
    case 't':
      if (token_.text == "tex") return Space::Tex;
      break;
    default: break;
  }
  return std::nullopt;
}

Declarator Parser::declarator(bool is_parameter) {
  Declarator d;
  auto alignment = [&] {
    const Location location = token_.location;
    const uint64_t align = integer("an alignment", uint64_t{1} << 31);
    if (!failed() && !std::has_single_bit(align)) fail(location, "the alignment " + std::to_string(align) + " is not a power of two");
    return static_cast<uint32_t>(align);
  };
  while (token_.kind == TokenKind::Word) {
    const Token word = token_;
    advance();
    if (word.text == "align") {
      (d.is_pointer ? d.pointer_align : d.align) = alignment();
    } else if (word.text == "attribute") {
      for (std::string_view attribute : attribute_list()) {
        if (attribute == "managed")
          d.managed = true;
        else
          d.attributes.push_back(attribute);
      }
    } else if (word.text == "v2" || word.text == "v4" || word.text == "v8") {
      d.vector = static_cast<uint8_t>(word.text[1] - '0');
    } else if (word.text == "ptr" && is_parameter) {
      d.is_pointer = true;
      if (auto space = space_word()) {
        d.pointer_space = *space;
        advance();
      }
    } else if (Type type = type_of(find_mod(word.text)); type != Type::None && d.type == Type::None) {
      d.type = type;
    } else {
      fail(word.location, "expected a type or a name before " + describe(word));
    }
  }
  if (d.type == Type::None) fail_expected("a type");
  return d;
}

void Parser::array(Variable& variable) {
  const unsigned element = info(variable.type).bytes() * variable.vector;
  uint64_t count = 1;
  while (token_.is('[')) {
    advance();
    variable.is_array = true;
    const Location location = token_.location;
    if (variable.dimensions.size() == kMaxDimensions)
      return fail(location, "the array has more than " + std::to_string(kMaxDimensions) + " dimensions");
    uint64_t dimension = 0;
    if (token_.is(']')) {
      if (!variable.dimensions.empty()) return fail(location, "only the first dimension of an array may be left out");
      variable.unsized = true;
    } else {
      const int64_t given = constant_integer("the size of an array");
      if (failed()) return;
      if (given < 0) return fail(location, "the size of the array is " + std::to_string(given) + "; it must not be negative");
      dimension = static_cast<uint64_t>(given);
      if (dimension != 0 && count > kMaxVariableBytes / dimension) return fail(location, "the array has more than 2^48 bytes");
      count *= dimension;
    }
    variable.dimensions.push_back(dimension);
    if (!expect(']')) return;
  }
  if (count > kMaxVariableBytes / std::max(1u, element)) return fail(variable.location, "the variable has more than 2^48 bytes");
  variable.size = variable.unsized ? 0 : count * element;
}

void Parser::store(Variable& variable, uint64_t offset, unsigned size, uint64_t bits) {
  if (size < 8) bits &= (uint64_t{1} << 8 * size) - 1;
  // A zero needs no byte: bytes end at the last one that is none.
  const uint64_t limit = 4096 + 64 * static_cast<uint64_t>(storage_.text.size());
  if (bits == 0 && offset >= variable.bytes.size()) return;
  if (offset + size > limit)
    return fail(token_.location, "the initialiser of '" + std::string(variable.name) + "' leaves out too many elements");
  if (variable.bytes.size() < offset + size) variable.bytes.resize(offset + size);
  memcpy(variable.bytes.data() + offset, &bits, size);
}

void Parser::initialiser_element(Variable& variable, uint64_t element, std::vector<PendingRelocation>& relocations) {
  const unsigned size = info(variable.type).bytes();
  const uint64_t offset = element * size;
  const Location location = token_.location;
  uint64_t mask = ~uint64_t{0};
  bool masked = false;
  if (at_constant()) {
    Constant value = constant();
    if (token_.is('(') && !value.is_float()) {
      if (!is_byte_mask(value.bits)) return fail(location, "the mask of an address must be whole bytes, such as 0xff00");
      mask = value.bits;
      masked = true;
      advance();
    } else {
      const bool number = variable.type == Type::F32 || variable.type == Type::F64;
      if (number && value.type == Type::S64)
        value.bits = float_to_bits(static_cast<double>(static_cast<int64_t>(value.bits)), size);
      else if (number && value.type == Type::U64)
        value.bits = float_to_bits(static_cast<double>(value.bits), size);
      else if (value.type == Type::F64 && size == 4)
        value.bits = float_to_bits(std::bit_cast<double>(value.bits), size);
      else if (value.type == Type::F32 && size == 8)
        value.bits = float_to_bits(std::bit_cast<float>(static_cast<uint32_t>(value.bits)), size);
      else if (value.is_float() && size < 4)
        return fail(location, "a floating-point constant cannot initialise ." + std::string(info(variable.type).word));
      return store(variable, offset, std::min(size, 8u), value.bits);
    }
  }
  Relocation relocation;
  relocation.offset = offset;
  relocation.size = static_cast<uint8_t>(size);
  relocation.mask = mask;
  const bool generic = token_.kind == TokenKind::Identifier && token_.text == "generic";
  Location symbol_location = token_.location;
  std::string_view name = identifier("a constant or the name of a variable or function");
  if (generic && accept('(')) {
    relocation.generic = true;
    symbol_location = token_.location;
    name = identifier("the name of a variable");
    expect(')');
  }
  if (token_.is('+') || token_.is('-')) relocation.addend = constant_integer("an offset");
  if (masked) expect(')');
  if (failed()) return;
  if (!masked && (size != module_->address_size / 8 && size != 8 && size != 4))
    return fail(location, "an address does not fit into ." + std::string(info(variable.type).word));
  relocations.push_back({name, symbol_location, kNone, kNone, variable.relocations.size()});
  variable.relocations.push_back(relocation);
}

// `strides[level]` is the number of elements below one element of dimension `level`; strides.back() is 1.
void Parser::initialiser_list(Variable& variable, std::vector<uint64_t>& strides, size_t level, uint64_t& element,
                              std::vector<PendingRelocation>& relocations) {
  const Location open = token_.location;
  if (!expect('{')) return;
  const uint64_t stride = strides[level], start = element;
  const uint64_t total = level == 0 && variable.unsized ? kMaxVariableBytes
                         : level == 0                   ? variable.size / info(variable.type).bytes()
                                                        : strides[level - 1];
  while (!token_.is('}') && !failed()) {
    if (element - start >= total)
      return fail(token_.location,
                  "the initialiser has more elements than the " + std::to_string(total) + " of '" + std::string(variable.name) + "'");
    if (token_.is('{')) {
      if (level + 1 >= strides.size())
        return fail(token_.location, "the initialiser has more levels of braces than the array has dimensions");
      element = start + rounded_up(element - start, stride);
      const uint64_t inner = element;
      initialiser_list(variable, strides, level + 1, element, relocations);
      element = inner + stride;
    } else {
      initialiser_element(variable, element, relocations);
      ++element;
    }
    if (!accept(',')) break;
  }
  if (!token_.is('}') && !failed()) return fail(open, "the '{' of the initialiser has no '}'");
  expect('}');
}

void Parser::sampler_properties(Variable& variable) {
  expect('{');
  while (!token_.is('}') && !failed()) {
    std::string_view key = identifier("a property");
    if (!expect('=')) return;
    std::string_view value = token_.text;
    if (token_.kind != TokenKind::Identifier && token_.kind != TokenKind::Integer) return fail_expected("a value");
    advance();
    variable.properties.emplace_back(key, value);
    if (!accept(',')) break;
  }
  expect('}');
}

void Parser::initialiser(Variable& variable, std::vector<PendingRelocation>& relocations) {
  variable.initialised = true;
  const TypeInfo& type = info(variable.type);
  if (type.kind == TypeKind::Opaque) return sampler_properties(variable);
  if (type.bits() < 8) return fail(variable.location, "a variable of type ." + std::string(type.word) + " cannot be initialised");
  if (!token_.is('{')) {
    if (variable.is_array || variable.vector > 1) return fail_expected("'{'");
    return initialiser_element(variable, 0, relocations);
  }
  std::vector<uint64_t> strides(1, 1);
  if (variable.vector > 1) strides.insert(strides.begin(), variable.vector);
  for (size_t i = variable.dimensions.size(); i-- > 1;)
    strides.insert(strides.begin(), std::max<uint64_t>(1, variable.dimensions[i]) * strides.front());
  if (variable.vector > 1 && !variable.is_array) strides.erase(strides.begin());
  uint64_t elements = 0;
  initialiser_list(variable, strides, 0, elements, relocations);
  if (!variable.unsized || failed()) return;
  elements = rounded_up(elements, strides.front());
  variable.size = elements * type.bytes();
  variable.dimensions.front() = elements / strides.front();
  variable.unsized = false;
}

void Parser::declare(Variable&& variable, Function* function, std::vector<PendingRelocation>& relocations) {
  uint32_t index;
  if (function) {
    index = static_cast<uint32_t>(function->variables.size());
    if (!bind(variable.name, {Binding::Kind::Variable, index}, variable.location)) return;
    function->variables.push_back(std::move(variable));
  } else {
    if (storage_.functions.contains(variable.name))
      return fail(variable.location, "'" + std::string(variable.name) + "' is a function already");
    auto [it, is_new] = storage_.variables.try_emplace(variable.name, static_cast<uint32_t>(module_->variables.size()));
    index = it->second;
    if (is_new) {
      module_->order.push_back({TopLevel::Kind::Variable, index});
      module_->variables.push_back(std::move(variable));
    } else {
      Variable& known = module_->variables[index];
      const bool known_is_definition = known.linkage != Linkage::Extern, is_definition = variable.linkage != Linkage::Extern;
      if (known.space != variable.space || (known_is_definition && is_definition && known.linkage != Linkage::Common))
        return fail(variable.location, "'" + std::string(variable.name) + "' is declared twice");
      if (!is_definition) return;
      known = std::move(variable);
    }
  }
  for (PendingRelocation& pending : relocations) {
    pending.function = function ? function_index_ : kNone;
    pending.variable = index;
    relocations_.push_back(pending);
  }
}

void Parser::variables(Space space, Linkage linkage, Function* function) {
  const Declarator d = declarator(false);
  do {
    Variable variable;
    variable.space = space;
    variable.linkage = linkage;
    variable.type = d.type;
    variable.vector = d.vector;
    variable.managed = d.managed;
    variable.attributes = d.attributes;
    variable.location = token_.location;
    variable.name = identifier("the name of a variable");
    variable.align = d.align ? d.align : natural_align(d.type, d.vector);
    if (failed()) return;
    if (d.type == Type::Pred) return fail(variable.location, "a variable cannot have the type .pred");
    if (token_.is('<')) {
      // .param .b32 p<3>
      advance();
      const uint64_t count = integer("a number of variables", kMaxVariablesOfRanges);
      if (!expect('>')) return;
      variables_of_ranges_ += count;
      if (variables_of_ranges_ > kMaxVariablesOfRanges)
        return fail(variable.location,
                    "the module has more than " + std::to_string(kMaxVariablesOfRanges) + " variables in ranges such as p<3>");
      for (uint64_t i = 0; i < count && !failed(); ++i) {
        Variable one = variable;
        one.name = storage_.copy(std::string_view(std::string(variable.name) + std::to_string(i)));
        one.size = uint64_t{info(d.type).bytes()} * d.vector;
        std::vector<PendingRelocation> none;
        declare(std::move(one), function, none);
      }
      continue;
    }
    array(variable);
    std::vector<PendingRelocation> relocations;
    if (token_.is('=')) {
      if (space != Space::Global && space != Space::Const && space != Space::Tex)
        return fail(token_.location, "variables of the space ." + std::string(word(space)) + " cannot be initialised");
      advance();
      initialiser(variable, relocations);
    }
    if (failed()) return;
    declare(std::move(variable), function, relocations);
  } while (accept(','));
  expect(';');
}

void Parser::registers(Function& function) {
  const Declarator d = declarator(false);
  do {
    const Location location = token_.location;
    std::string_view name = identifier("the name of a register");
    if (failed()) return;
    if (!accept('<')) {
      if (bind(name, {Binding::Kind::Register, static_cast<uint32_t>(function.registers.size())}, location))
        function.registers.push_back({name, d.type, d.vector, location});
      continue;
    }
    RegisterRange range;
    range.count = integer("a number of registers", uint64_t{1} << 32);
    if (!expect('>')) return;
    range.type = d.type;
    range.vector = d.vector;
    range.depth = static_cast<uint32_t>(scopes_.size());
    range.location = location;
    std::vector<RegisterRange>& ranges = ranges_[name];
    if (!ranges.empty() && ranges.back().depth == range.depth)
      return fail(location, "the registers '" + std::string(name) + "<...>' are declared twice in one scope");
    if (scopes_.size() > 2) nested_ranges_ = true;
    ranges.push_back(std::move(range));
    scopes_.back().ranges.push_back(name);
  } while (accept(','));
  expect(';');
}

std::vector<Parameter> Parser::parameters(Function* function, bool returns) {
  std::vector<Parameter> list;
  if (!expect('(')) return list;
  while (!token_.is(')') && !failed()) {
    Parameter parameter;
    if (accept_word("reg"))
      parameter.space = Space::Reg;
    else if (!accept_word("param"))
      return fail_expected("'.param' or '.reg'"), list;
    const Declarator d = declarator(true);
    Variable variable;
    variable.space = parameter.space;
    variable.type = d.type;
    variable.vector = d.vector;
    variable.location = token_.location;
    variable.name = identifier("the name of a parameter");
    variable.align = d.align ? d.align : natural_align(d.type, d.vector);
    variable.attributes = d.attributes;
    if (failed()) return list;
    array(variable);
    parameter.name = variable.name;
    parameter.type = d.type;
    parameter.vector = d.vector;
    parameter.is_array = variable.is_array;
    parameter.unsized = variable.unsized;
    parameter.align = variable.align;
    parameter.size = variable.size;
    parameter.is_pointer = d.is_pointer;
    parameter.pointer_space = d.pointer_space;
    parameter.pointer_align = d.pointer_align;
    if (list.size() == kMaxOperands)
      return fail(variable.location, "there are more than " + std::to_string(kMaxOperands) + " parameters"), list;
    if (function && parameter.space == Space::Reg) {
      parameter.index = static_cast<uint32_t>(function->registers.size());
      if (!bind(variable.name, {Binding::Kind::Register, parameter.index}, variable.location)) return list;
      function->registers.push_back({variable.name, d.type, d.vector, variable.location});
    } else if (function) {
      parameter.index = static_cast<uint32_t>(function->variables.size());
      if (variable.name != "_" && !bind(variable.name, {Binding::Kind::Variable, parameter.index}, variable.location)) return list;
      function->variables.push_back(std::move(variable));
    }
    list.push_back(parameter);
    if (!accept(',')) break;
  }
  expect(')');
  return list;
}

void Parser::layout(Function& function) {
  uint64_t at = 0;
  for (Parameter& parameter : function.parameters) {
    at = rounded_up(at, parameter.align);
    parameter.offset = at;
    at += parameter.size;
  }
  function.parameter_bytes = at;
}

}  // namespace anywarp::ptx
