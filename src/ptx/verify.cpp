// Is every instruction one that the instruction table has, with operands that fit?
//
// The words of an instruction are matched against the slots of each form of its opcode (word_match.h). What comes of it
// depends on the spelling alone and is kept, for a module has few spellings and many instructions. Then one form must fit the operands:
// their number, their kinds, and the types of registers by the rules of the PTX ISA ("Operand types", "Operand size exceeding
// instruction-type size"). When none fits, the form that came farthest says what is wrong.
//
// Beyond the table: calls agree with what they call, variables stand in the space that the instruction names, and what a
// module declares has types that can be declared.
#include "ptx/instruction_table.h"
#include "ptx/lexer.h"
#include "ptx/module.h"
#include "ptx/ptx.h"
#include "ptx/word_match.h"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>

namespace anywarp::ptx {
namespace {

struct Problem {
  int rank = -1;  // how far the form came
  std::string message;
};

bool is_integer(TypeKind kind) { return kind == TypeKind::Unsigned || kind == TypeKind::Signed; }

/// May a register of type `reg` stand where the instruction has `want`?
bool fits(Type reg, Type want, bool at_least) {
  const TypeInfo &r = info(reg), &w = info(want);
  if (r.kind == TypeKind::Predicate || w.kind == TypeKind::Predicate) return r.kind == w.kind;
  const unsigned wanted = std::max(8u, w.bits());
  if (r.bits() == wanted) {
    if (r.kind == TypeKind::Bits || w.kind == TypeKind::Bits) return true;
    if (is_integer(r.kind)) return is_integer(w.kind);
    return r.kind == w.kind && r.lanes == w.lanes;
  }
  if (!at_least || r.bits() < wanted) return false;
  if (w.kind == TypeKind::Bits) return true;
  return r.kind == TypeKind::Bits || (is_integer(r.kind) && is_integer(w.kind));
}

/// How many registers an operand has whose length the words say; 0: they do not say it.
unsigned length_of_words(const Instruction& inst) {
  if (inst.vector > 1) return inst.vector;
  const unsigned per_repeat = inst.has(Mod::m16n16) || inst.has(Mod::_16x128b) ? 2 : inst.has(Mod::_16x256b) ? 4 : 1;
  for (Mod mod : inst.mods) {
    const std::string_view text = word(mod);
    if (text.size() > 1 && text[0] == 'x' && text[1] >= '1' && text[1] <= '9') {
      unsigned repeats = 0;
      for (char c : text.substr(1)) repeats = repeats * 10 + static_cast<unsigned>(c - '0');
      return repeats * per_repeat;
    }
    if (text.starts_with("m64n")) {
      unsigned n = 0;
      for (size_t i = 4; i < text.size() && text[i] != 'k'; ++i) n = n * 10 + static_cast<unsigned>(text[i] - '0');
      return inst.type() == Type::F16 ? n / 4 : n / 2;
    }
  }
  return 1;
}

std::string_view kind_name(uint16_t mask) {
  struct Row {
    uint16_t mask;
    std::string_view name;
  };
  constexpr Row kRows[] = {
      {kQ, "a pair a|b"},  {kV, "a vector {...}"},      {kM, "an address in []"}, {kL, "a label"}, {kD, "a register"}, {kA, "a value"},
      {kP, "a predicate"}, {kI, "an integer constant"}, {kN, "a variable"},       {kS, "'_'"},     {kF, "a function"},
  };
  for (const Row& row : kRows)
    if (mask & row.mask) return row.name;
  return "an operand";
}

class Verifier {
 public:
  explicit Verifier(const Module& module) : module_(module) {}

  Result<> run() {
    for (const Variable& variable : module_.variables) this->variable(variable, true);
    for (const Function& function : module_.functions) this->function(function);
    if (error_) return std::move(*error_);
    return {};
  }

 private:
  void fail(Location location, std::string message) {
    if (!error_)
      error_ = Error{CUDA_ERROR_INVALID_PTX, as_sentence(std::move(message)),
                     module_.file_name + ":" + std::to_string(location.line) + ":" + std::to_string(location.column)};
  }

  void variable(const Variable& variable, bool at_module_level);
  void parameters(const Function& function);
  void function(const Function& function);
  void instruction(const Instruction& inst);
  void call(const Instruction& inst);
  void call_side(const Instruction& inst, std::span<const Operand> given, const std::vector<Parameter>& wanted, std::string_view what);
  void move(const Instruction& inst);
  void spaces(const Instruction& inst);

  const std::vector<const Form*>& forms_for(const Instruction& inst);
  Problem match_operands(const Instruction& inst, const Form& form);
  Problem match_operand(const Instruction& inst, const OperandForm& form, const Operand& operand, size_t position);
  Problem match_vector(const OperandForm& form, std::optional<Type> want, const Operand& operand, size_t position, unsigned length);
  std::optional<Problem> match_value(const OperandForm& form, std::optional<Type> want, const Operand& operand, size_t position,
                                     bool written);

  Type register_type(const Operand& operand) const { return function_->registers[operand.index].type; }
  bool is_whole_vector(const Operand& operand) const {
    return operand.kind == OperandKind::Register && operand.component == kNoComponent && function_->registers[operand.index].vector > 1;
  }

  const Module& module_;
  const Function* function_ = nullptr;
  std::optional<Error> error_;
  bool takes_minus_ = false;  // the instruction at hand: vmad
  std::map<std::pair<Opcode, const Mod*>, std::vector<const Form*>> forms_;
};

std::string spelling(const Instruction& inst) {
  std::string text(word(inst.opcode));
  for (Mod mod : inst.mods) (text += '.') += word(mod);
  return text;
}

const std::vector<const Form*>& Verifier::forms_for(const Instruction& inst) {
  auto [it, is_new] = forms_.try_emplace({inst.opcode, inst.mods.data()});
  if (!is_new) return it->second;
  size_t farthest = 0;
  it->second = match_words(inst.opcode, inst.mods, farthest);
  if (!it->second.empty()) return it->second;
  if (farthest < inst.mods.size())
    fail(inst.location, "'." + std::string(word(inst.mods[farthest])) + "' cannot stand here in '" + spelling(inst) + "'");
  else
    fail(inst.location, "'" + spelling(inst) + "' is not complete");
  return it->second;
}

// Operands.

std::string ordinal(size_t position) { return "operand " + std::to_string(position + 1); }

std::optional<Problem> Verifier::match_value(const OperandForm& form, std::optional<Type> want, const Operand& operand, size_t position,
                                             bool written) {
  auto problem = [&](int rank, std::string message) { return Problem{rank, ordinal(position) + " " + std::move(message)}; };
  const TypeKind kind = want ? info(*want).kind : TypeKind::Bits;
  switch (operand.kind) {
    case OperandKind::Register: {
      if (is_whole_vector(operand)) return problem(2, "is a whole vector register; one component is needed");
      const Type type = register_type(operand);
      if (operand.part != Mod::None) {
        if (info(type).bits() != 32) return problem(3, "selects a part of a register that has not 32 bits");
        return std::nullopt;
      }
      if (operand.negated && !(type == Type::Pred ? (form.kinds & kP) : takes_minus_)) return problem(3, "cannot be negated");
      if (operand.negated && written) return problem(3, "is written and cannot be negated");
      if (want && !fits(type, *want, form.at_least))
        return problem(
            3, "is a register of type ." + std::string(info(type).word) + "; the instruction needs ." + std::string(info(*want).word));
      return std::nullopt;
    }
    case OperandKind::Sink:
      if (!written) return problem(2, "is '_', which can only be written");
      return std::nullopt;
    case OperandKind::Special: {
      if (written) return problem(2, "is a special register, which cannot be written");
      const SpecialRegisterInfo& special = info(operand.special);
      if (special.has_components != (operand.component != kNoComponent))
        return problem(2, "is a special register of four components; one is needed");
      if (!want) return std::nullopt;
      // 32-bit ones may be read in part, as they could in PTX 1; %gridid had 32 bits once.
      const unsigned bits = info(*want).bits();
      const bool whole = special.type == Type::U64 ? bits == 64 || (bits == 32 && operand.special == SpecialRegister::Gridid) : bits <= 32;
      if ((special.type == Type::Pred) != (kind == TypeKind::Predicate) ||
          !(kind == TypeKind::Predicate || kind == TypeKind::Bits || is_integer(kind)) || !whole)
        return problem(3, "is a special register of type ." + std::string(info(special.type).word) + "; the instruction needs ." +
                              std::string(info(*want).word));
      return std::nullopt;
    }
    case OperandKind::Immediate:
    case OperandKind::Float: {
      if (written) return problem(2, "is a constant, which cannot be written");
      if (!want) return std::nullopt;
      const bool is_float = operand.kind == OperandKind::Float;
      bool suits = !is_float;
      switch (kind) {
        case TypeKind::Float: suits = is_float; break;
        case TypeKind::Bits: suits = !is_float || info(operand.type).bits() == info(*want).bits(); break;
        default: break;
      }
      if (!suits)
        return problem(3, "is " + std::string(is_float ? "a floating-point" : "an integer") + " constant; the instruction needs ." +
                              std::string(info(*want).word));
      return std::nullopt;
    }
    default: return problem(2, "must be " + std::string(kind_name(form.kinds)));
  }
}

Problem Verifier::match_vector(const OperandForm& form, std::optional<Type> want, const Operand& operand, size_t position,
                               unsigned length) {
  if (length != 0 && operand.elements.size() != length)
    return {2, ordinal(position) + " is a vector of " + std::to_string(operand.elements.size()) + "; the instruction needs " +
                   std::to_string(length)};
  for (const Operand& element : operand.elements) {
    // No instruction has a vector in front that it reads.
    const bool written = position == 0;
    if (auto problem = match_value(form, want, element, position, written)) return *problem;
  }
  return {};
}

Problem Verifier::match_operand(const Instruction& inst, const OperandForm& form, const Operand& operand, size_t position) {
  if (form.kinds & kX) return {};
  std::optional<Type> want;
  switch (form.source) {
    case TypeSource::Unchecked: break;
    case TypeSource::Word0: want = inst.type(0); break;
    case TypeSource::Word1: want = inst.type(1); break;
    case TypeSource::Word2: want = inst.type(2); break;
    case TypeSource::Word3: want = inst.type(3); break;
    case TypeSource::Fixed: want = form.type; break;
    case TypeSource::Wide:
    case TypeSource::Narrow: {
      const bool wide = form.source == TypeSource::Wide;
      switch (inst.type(0)) {
        case Type::U16: want = wide ? Type::U32 : Type::U8; break;
        case Type::S16: want = wide ? Type::S32 : Type::S8; break;
        case Type::U32: want = wide ? Type::U64 : Type::U16; break;
        case Type::S32: want = wide ? Type::S64 : Type::S16; break;
        default: break;
      }
      break;
    }
  }
  if (want == Type::None) want.reset();
  const unsigned length = form.length == kLengthOfWords ? length_of_words(inst) : form.length;
  auto wrong_kind = [&] { return Problem{1, ordinal(position) + " must be " + std::string(kind_name(form.kinds))}; };
  switch (operand.kind) {
    case OperandKind::Address:
    case OperandKind::Texture:
      if (!(form.kinds & kM)) return wrong_kind();
      if (operand.kind == OperandKind::Address && operand.base == OperandKind::Register) {
        const TypeInfo& type = info(register_type(operand));
        if ((type.kind != TypeKind::Bits && !is_integer(type.kind)) || (type.bits() != 32 && type.bits() != 64))
          return {3,
                  ordinal(position) + " has an address in a register of type ." + std::string(type.word) + "; it must be of 32 or 64 bits"};
      }
      return {};
    case OperandKind::Vector: {
      if (!(form.kinds & (kV | kQ))) return wrong_kind();
      return match_vector(form, want, operand, position, length);
    }
    case OperandKind::Pair: {
      if (!(form.kinds & kQ)) return wrong_kind();
      const Operand &first = operand.elements[0], &second = operand.elements[1];
      if (second.kind != OperandKind::Sink &&
          (second.kind != OperandKind::Register || register_type(second) != Type::Pred || second.negated))
        return {3, ordinal(position) + " must be a pair with a predicate register behind '|'"};
      if (first.kind == OperandKind::Vector) return match_vector(form, want, first, position, length);
      if (auto problem = match_value(form, want, first, position, true)) return *problem;
      return {};
    }
    case OperandKind::Label: return form.kinds & kL ? Problem{} : wrong_kind();
    case OperandKind::ModuleVariable:
    case OperandKind::FunctionVariable: return form.kinds & kN ? Problem{} : wrong_kind();
    case OperandKind::Function: return form.kinds & kF ? Problem{} : wrong_kind();
    case OperandKind::Table:
    case OperandKind::List: return wrong_kind();
    case OperandKind::Immediate:
      if (!(form.kinds & kI)) break;
      if (form.length != 0 && operand.value != form.length)
        return {3, ordinal(position) + " is " + std::to_string(operand.offset()) + "; it must be " + std::to_string(form.length)};
      return {};
    case OperandKind::Sink:
      if (form.kinds & kS) return {};
      break;
    default: break;
  }
  if (inst.opcode == Opcode::Mov && inst.vector == 4 && operand.kind == OperandKind::Special && position == 1 &&
      info(operand.special).has_components && operand.component == kNoComponent)
    return {};
  if (is_whole_vector(operand) && (form.kinds & kV)) {
    const Register& reg = function_->registers[operand.index];
    if (length != 0 && reg.vector != length)
      return {2, ordinal(position) + " is a vector of " + std::to_string(reg.vector) + "; the instruction needs " + std::to_string(length)};
    if (want && !fits(reg.type, *want, form.at_least))
      return {3, ordinal(position) + " is a register of type ." + std::string(info(reg.type).word) + "; the instruction needs ." +
                     std::string(info(*want).word)};
    return {};
  }
  if (form.kinds & kP && !(form.kinds & (kD | kA))) {
    const bool written = position == 0;
    if (operand.kind == OperandKind::Register && register_type(operand) != Type::Pred)
      return {3, ordinal(position) + " is a register of type ." + std::string(info(register_type(operand)).word) +
                     "; the instruction needs .pred"};
    if (auto problem = match_value(form, Type::Pred, operand, position, written)) return *problem;
    return {};
  }
  if (!(form.kinds & (kD | kA | kP))) return wrong_kind();
  if ((form.kinds & kV) && form.length == kLengthOfWords && length > 1)
    return {2, ordinal(position) + " must be a vector of " + std::to_string(length)};
  if (form.kinds & kP && operand.kind == OperandKind::Register && register_type(operand) == Type::Pred) return {};
  const bool written = (form.kinds & kD) != 0;
  if (auto problem = match_value(form, want, operand, position, written)) return *problem;
  return {};
}

Problem Verifier::match_operands(const Instruction& inst, const Form& form) {
  const std::span<const OperandForm> wanted = operands_of(form);
  if (wanted.size() != inst.operands.size())
    return {0, "'" + spelling(inst) + "' takes " + std::to_string(wanted.size()) + " operands; " + std::to_string(inst.operands.size()) +
                   " are given"};
  for (size_t i = 0; i < wanted.size(); ++i) {
    Problem problem = match_operand(inst, wanted[i], inst.operands[i], i);
    if (problem.rank < 0) continue;
    problem.rank = problem.rank * 64 + static_cast<int>(std::min<size_t>(i, 63));
    problem.message += " in '" + spelling(inst) + "'";
    return problem;
  }
  return {};
}

/// mov packs {a, b} into one register, and takes it apart.
void Verifier::move(const Instruction& inst) {
  const unsigned bits = info(inst.type()).bits();
  for (const Operand& operand : inst.operands) {
    const size_t position = static_cast<size_t>(&operand - inst.operands.data());
    if (operand.kind == OperandKind::Float && info(inst.type()).kind == TypeKind::Bits && info(operand.type).bits() != bits)
      return fail(inst.location, ordinal(position) + " is a constant of type ." + std::string(info(operand.type).word) +
                                     "; the instruction needs ." + std::string(info(inst.type()).word) + " in '" + spelling(inst) + "'");
    if (operand.kind != OperandKind::Vector) {
      if (operand.kind == OperandKind::Register && !fits(register_type(operand), inst.type(), false))
        return fail(inst.location, ordinal(position) + " is a register of type ." + std::string(info(register_type(operand)).word) +
                                       "; the instruction needs ." + std::string(info(inst.type()).word) + " in '" + spelling(inst) + "'");
      continue;
    }
    const size_t count = operand.elements.size();
    for (const Operand& element : operand.elements) {
      if (element.kind == OperandKind::Register && info(register_type(element)).bits() * count != bits)
        return fail(inst.location, "the elements of operand " + std::to_string(position + 1) + " must have " + std::to_string(bits) +
                                       " bits together in '" + spelling(inst) + "'");
    }
    if (count < 2 || count > 4 || bits % (8 * count) != 0)
      return fail(inst.location,
                  ordinal(position) + " is a vector of " + std::to_string(count) + ", which '" + spelling(inst) + "' cannot take");
  }
}

void Verifier::spaces(const Instruction& inst) {
  if (inst.opcode != Opcode::Ld && inst.opcode != Opcode::St && inst.opcode != Opcode::Atom && inst.opcode != Opcode::Red) return;
  if (inst.space == Space::None) return;
  if (inst.space != Space::Global && inst.has(Mod::L2_cache_hint))
    return fail(inst.location, "'.L2::cache_hint' goes with the space .global alone in '" + spelling(inst) + "'");
  auto family = [](Space space) {
    switch (space) {
      case Space::ParamEntry:
      case Space::ParamFunc: return Space::Param;
      case Space::SharedCta:
      case Space::SharedCluster: return Space::Shared;
      default: return space;
    }
  };
  for (const Operand& operand : inst.operands) {
    if (operand.kind != OperandKind::Address) continue;
    const Variable* variable = nullptr;
    if (operand.base == OperandKind::ModuleVariable) variable = &module_.variables[operand.index];
    if (operand.base == OperandKind::FunctionVariable) variable = &function_->variables[operand.index];
    if (variable && family(variable->space) != family(inst.space))
      fail(inst.location, "'" + spelling(inst) + "' cannot reach '" + std::string(variable->name) + "', which is in the space ." +
                              std::string(word(variable->space)));
    return;
  }
}

// Calls.

void Verifier::call_side(const Instruction& inst, std::span<const Operand> given, const std::vector<Parameter>& wanted,
                         std::string_view what) {
  if (given.size() != wanted.size())
    return fail(inst.location, "the callee has " + std::to_string(wanted.size()) + " " + std::string(what) + "s; the call gives " +
                                   std::to_string(given.size()));
  for (size_t i = 0; i < given.size(); ++i) {
    const Operand& operand = given[i];
    const Parameter& parameter = wanted[i];
    const std::string which = std::string(what) + " " + std::to_string(i + 1);
    switch (operand.kind) {
      case OperandKind::FunctionVariable: {
        const Variable& variable = function_->variables[operand.index];
        if (variable.space != Space::Param)
          return fail(inst.location, which + " is '" + std::string(variable.name) + "', which is not in the space .param");
        if (parameter.space != Space::Param || (!parameter.unsized && variable.size != parameter.size))
          return fail(inst.location,
                      which + " has " + std::to_string(variable.size) + " bytes; the callee's has " + std::to_string(parameter.size));
        break;
      }
      case OperandKind::Register: {
        if (is_whole_vector(operand) || operand.negated || operand.part != Mod::None)
          return fail(inst.location, which + " must be a whole register");
        const Type type = register_type(operand);
        if (parameter.is_array || parameter.vector > 1 ||
            !fits(type, parameter.type, parameter.space == Space::Param && info(parameter.type).bits() < 32))
          return fail(inst.location, which + " is a register of type ." + std::string(info(type).word) + "; the callee's is ." +
                                         std::string(info(parameter.type).word));
        break;
      }
      case OperandKind::Immediate:
      case OperandKind::Float:
      case OperandKind::Special:
        if (what == "result") return fail(inst.location, which + " cannot be written");
        if (parameter.is_array || parameter.vector > 1) return fail(inst.location, which + " must be an array");
        break;
      case OperandKind::Sink:
        if (what != "result") return fail(inst.location, which + " is '_', which can only be written");
        break;
      default: return fail(inst.location, which + " must be a .param variable, a register or a constant");
    }
  }
}

void Verifier::call(const Instruction& inst) {
  if (inst.operands.size() < 3) return fail(inst.location, "a call needs a callee");
  const Operand &results = inst.operands[0], &callee = inst.operands[1], &arguments = inst.operands[2];
  auto against = [&](const std::vector<Parameter>& returns, const std::vector<Parameter>& parameters) {
    call_side(inst, results.elements, returns, "result");
    call_side(inst, arguments.elements, parameters, "argument");
  };
  if (callee.kind == OperandKind::Function) {
    if (inst.operands.size() > 3) return fail(inst.location, "a direct call takes no prototype");
    if (callee.value != 0) return fail(inst.location, "the callee has an offset");
    const Function& function = module_.functions[callee.index];
    if (function.is_entry) return fail(inst.location, "'" + std::string(function.name) + "' is an entry and cannot be called");
    return against(function.returns, function.parameters);
  }
  if (callee.kind != OperandKind::Register && callee.kind != OperandKind::FunctionVariable)
    return fail(inst.location, "the callee must be a function or a register that holds its address");
  if (callee.kind == OperandKind::Register) {
    const TypeInfo& type = info(register_type(callee));
    if (is_whole_vector(callee) || callee.negated || (type.bits() != 32 && type.bits() != 64) || type.kind == TypeKind::Float)
      return fail(inst.location, "the callee must be a register of 32 or 64 bits");
  }
  if (inst.operands.size() < 4) return fail(inst.location, "an indirect call needs a prototype or a list of targets");
  const Operand& which = inst.operands[3];
  const Table& table = which.table_in_module ? module_.prototypes[which.index] : function_->tables[which.index];
  switch (table.kind) {
    case Table::Kind::CallPrototype: return against(table.prototype->returns, table.prototype->parameters);
    case Table::Kind::CallTargets:
      for (uint32_t target : table.targets) against(module_.functions[target].returns, module_.functions[target].parameters);
      return;
    case Table::Kind::BranchTargets:
      return fail(inst.location, "'" + std::string(table.name) + "' lists targets of branches, not of calls");
  }
}

void Verifier::instruction(const Instruction& inst) {
  const std::vector<const Form*>& forms = forms_for(inst);
  if (forms.empty()) return;
  if (inst.opcode == Opcode::Call) return call(inst);
  takes_minus_ = inst.opcode == Opcode::Vmad;
  for (const Operand& operand : inst.operands)
    if (operand.kind == OperandKind::Special && inst.opcode != Opcode::Mov && inst.opcode != Opcode::Cvt)
      return fail(inst.location, "only mov and cvt read special registers such as '%" + std::string(info(operand.special).name) + "'");
  Problem best;
  for (const Form* form : forms) {
    Problem problem = match_operands(inst, *form);
    if (problem.rank < 0) {
      best = {};
      break;
    }
    if (problem.rank > best.rank) best = std::move(problem);
  }
  if (best.rank >= 0) return fail(inst.location, best.message);
  if (inst.opcode == Opcode::Mov && inst.vector == 1) move(inst);
  if (inst.opcode == Opcode::Brx) {
    const Operand& table = inst.operands[1];
    if (table.kind != OperandKind::Table || table.table_in_module || function_->tables[table.index].kind != Table::Kind::BranchTargets)
      return fail(inst.location, "operand 2 of brx.idx must be a list of .branchtargets");
  }
  spaces(inst);
}

// Declarations.

void Verifier::variable(const Variable& variable, bool at_module_level) {
  const TypeInfo& type = info(variable.type);
  const std::string name(variable.name);
  if (type.kind == TypeKind::Opaque) {
    if (variable.space != Space::Global && variable.space != Space::Param && variable.space != Space::Tex)
      fail(variable.location, "'" + name + "' has the type ." + std::string(type.word) + ", which stands in .global and .param only");
    return;
  }
  if (variable.vector > 4) fail(variable.location, "'" + name + "' is a vector of more than four elements");
  if (at_module_level && (variable.space == Space::Param || variable.space == Space::Local))
    fail(variable.location, "'" + name + "' cannot be in the space ." + std::string(word(variable.space)) + " at module scope");
  if (variable.unsized && variable.linkage != Linkage::Extern && variable.space != Space::Param)
    fail(variable.location, "the array '" + name + "' has no size");
}

void Verifier::parameters(const Function& function) {
  if (function.is_entry && !function.returns.empty())
    fail(function.location, "the entry '" + std::string(function.name) + "' cannot return a value");
  constexpr uint64_t kMaxParameterBytes = 32764;
  if (function.is_entry && function.parameter_bytes > kMaxParameterBytes)
    fail(function.location, "the parameters of '" + std::string(function.name) + "' have " + std::to_string(function.parameter_bytes) +
                                " bytes; the limit is " + std::to_string(kMaxParameterBytes));
  if (function.maxntid[0] != 0 && function.reqntid[0] != 0)
    fail(function.location, "'" + std::string(function.name) + "' has both .maxntid and .reqntid");
  for (const Parameter& parameter : function.parameters)
    if (function.is_entry && parameter.space != Space::Param)
      fail(function.location, "the parameter '" + std::string(parameter.name) + "' of an entry must be in the space .param");
}

void Verifier::function(const Function& function) {
  function_ = &function;
  parameters(function);
  for (const Register& reg : function.registers) {
    const TypeInfo& type = info(reg.type);
    bool whole = false;
    switch (type.kind) {
      case TypeKind::Predicate: whole = true; break;
      case TypeKind::Bits:
      case TypeKind::Unsigned:
      case TypeKind::Signed: whole = type.lanes == 1 && type.bits() >= 8; break;
      case TypeKind::Float: whole = reg.type != Type::F32x2; break;
      default: break;
    }
    if (!whole) fail(reg.location, "a register cannot have the type ." + std::string(type.word));
  }
  for (const Variable& variable : function.variables) this->variable(variable, false);
  for (const Instruction& inst : function.instructions) {
    if (error_) return;
    instruction(inst);
  }
}

}  // namespace

Result<> verify(const Module& module) { return Verifier(module).run(); }

}  // namespace anywarp::ptx
