// ptx::Module -> text that parses to the same module.
//
// Scopes are gone by the time that a module is printed, so registers, variables, labels and tables whose names were the same
// in two scopes get numbers: `%r1`, `%r1_1`, ... Names that are unique stay; so printing what was printed changes nothing.
#include "ptx/printer.h"
#include "ptx/ptx.h"

#include <cstring>
#include <unordered_map>
#include <unordered_set>

namespace anywarp::ptx {
namespace {

constexpr size_t kRegistersInLine = 12;

bool is_special(std::string_view name) {
  static const std::unordered_set<std::string_view> names = {
#define AW_PTX_SPECIAL(name, word, type, components) "%" word,
#include "ptx/special_registers.def"
#undef AW_PTX_SPECIAL
  };
  return names.contains(name);
}

std::string_view linkage_word(Linkage linkage) {
  switch (linkage) {
    case Linkage::Extern: return ".extern ";
    case Linkage::Visible: return ".visible ";
    case Linkage::Weak: return ".weak ";
    case Linkage::Common: return ".common ";
    case Linkage::None: break;
  }
  return "";
}

std::string dimensions(const std::vector<uint64_t>& dimensions, bool unsized) {
  std::string text;
  for (size_t i = 0; i < dimensions.size(); ++i) text += i == 0 && unsized ? "[]" : "[" + std::to_string(dimensions[i]) + "]";
  return text;
}

std::string hex(uint64_t value, int digits) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text(static_cast<size_t>(digits), '0');
  for (size_t i = text.size(); i-- > 0; value >>= 4) text[i] = kDigits[value & 15];
  return text;
}

/// Names that are taken, and where the search for a free number begins for each.
class UniqueNames {
 public:
  explicit UniqueNames(const std::unordered_set<std::string>* reserved) : reserved_(reserved) {}
  std::string of(std::string_view name) {
    std::string candidate(name);
    if (!is_special(name) && take(candidate)) return candidate;
    unsigned& next = next_[name];
    do candidate = std::string(name) + "_" + std::to_string(++next);
    while (!take(candidate));
    return candidate;
  }

 private:
  bool take(const std::string& name) { return !(reserved_ && reserved_->contains(name)) && used_.insert(name).second; }

  const std::unordered_set<std::string>* reserved_;
  std::unordered_set<std::string> used_;
  std::unordered_map<std::string_view, unsigned> next_;
};

}  // namespace

Printer::Printer(const Module& module) : module_(module) {
  for (const Variable& variable : module.variables) variable_names_.emplace_back(variable.name);
  for (const Function& function : module.functions) function_names_.emplace_back(function.name);
  module_names_.insert(variable_names_.begin(), variable_names_.end());
  module_names_.insert(function_names_.begin(), function_names_.end());
  for (const Table& table : module.prototypes) module_names_.emplace(table.name);
}

void Printer::rename_variable(uint32_t index, std::string name) {
  module_names_.insert(name);
  variable_names_[index] = std::move(name);
}

void Printer::rename_function(uint32_t index, std::string name) {
  module_names_.insert(name);
  function_names_[index] = std::move(name);
}

void Printer::number(uint64_t value) { out_ += std::to_string(value); }

void Printer::offset(int64_t value) {
  if (value == 0) return;
  (out_ += '+') += std::to_string(value);  // ptxas takes no [%r-4]
}

void Printer::enter(const Function& function) {
  function_ = &function;
  names_ = {};
  UniqueNames used(&module_names_), used_labels(nullptr);
  for (const Variable& variable : function.variables) names_.variables.push_back(variable.name == "_" ? "_" : used.of(variable.name));
  for (const Register& reg : function.registers) names_.registers.push_back(used.of(reg.name));
  for (const Table& table : function.tables) names_.tables.push_back(used.of(table.name));
  for (const Label& label : function.labels) names_.labels.push_back(used_labels.of(label.name));
}

void Printer::header() {
  out_ += ".version " + std::to_string(module_.version_major) + "." + std::to_string(module_.version_minor) + "\n.target ";
  out_ += module_.target;
  for (std::string_view option : module_.target_options) (out_ += ", ") += option;
  out_ += "\n.address_size " + std::to_string(module_.address_size) + "\n\n";
}

void Printer::top_level(const TopLevel& item) {
  switch (item.kind) {
    case TopLevel::Kind::Variable: variable(module_.variables[item.index], variable_names_[item.index]); break;
    case TopLevel::Kind::Declaration: declaration(item.index); break;
    case TopLevel::Kind::Definition: definition(item.index); break;
    case TopLevel::Kind::Alias: {
      const Alias& alias = module_.aliases[item.index];
      out_ += ".alias " + function_names_[alias.alias] + ", " + function_names_[alias.aliasee] + ";\n";
      break;
    }
    case TopLevel::Kind::File: {
      const SourceFile& file = module_.files[item.index];
      ((out_ += ".file " + std::to_string(file.index + file_base_) + " \"") += file.name) += '"';
      if (file.timestamp || file.size) out_ += ", " + std::to_string(file.timestamp) + ", " + std::to_string(file.size);
      out_ += '\n';
      break;
    }
    case TopLevel::Kind::Section: ((out_ += ".section ") += module_.sections[item.index]) += '\n'; break;
    case TopLevel::Kind::Dwarf: (out_ += module_.dwarf[item.index]) += '\n'; break;
    case TopLevel::Kind::Pragma: ((out_ += ".pragma \"") += module_.pragmas[item.index]) += "\";\n"; break;
    case TopLevel::Kind::Prototype: table(module_.prototypes[item.index], module_.prototypes[item.index].name); break;
  }
}

// Variables.

void Printer::element(const Variable& variable, uint64_t offset, const Relocation* relocation) {
  if (relocation) {
    const bool masked = relocation->mask != ~uint64_t{0};
    if (masked) out_ += "0x" + hex(relocation->mask, 16) + "(";
    if (relocation->generic) out_ += "generic(";
    out_ += relocation->is_function ? function_names_[relocation->index] : variable_names_[relocation->index];
    if (relocation->generic) out_ += ')';
    this->offset(relocation->addend);
    if (masked) out_ += ')';
    return;
  }
  const TypeInfo& type = info(variable.type);
  uint64_t bits = 0;
  const size_t size = std::min(type.bytes(), 8u);
  if (offset < variable.bytes.size()) memcpy(&bits, variable.bytes.data() + offset, std::min<size_t>(size, variable.bytes.size() - offset));
  if (variable.type == Type::F32)
    out_ += "0f" + hex(bits, 8);
  else if (variable.type == Type::F64)
    out_ += "0d" + hex(bits, 16);
  else
    number(bits);
}

void Printer::initialiser(const Variable& variable) {
  if (!variable.initialised) return;
  out_ += " = ";
  const TypeInfo& type = info(variable.type);
  if (type.kind == TypeKind::Opaque) {
    out_ += "{";
    for (size_t i = 0; i < variable.properties.size(); ++i) {
      if (i) out_ += ", ";
      ((out_ += variable.properties[i].first) += " = ") += variable.properties[i].second;
    }
    out_ += "}";
    return;
  }
  const std::vector<Relocation>& relocations = variable.relocations;
  if (!variable.is_array && variable.vector == 1) return element(variable, 0, relocations.empty() ? nullptr : relocations.data());
  const uint64_t end = std::max<uint64_t>(variable.bytes.size(), relocations.empty() ? 0 : relocations.back().offset + 1);
  // Relocations stand in the order of their offsets.
  size_t next = 0;
  out_ += "{";
  for (uint64_t offset = 0; offset < end; offset += type.bytes()) {
    if (offset) out_ += offset % (16 * uint64_t{type.bytes()}) ? ", " : ",\n  ";
    const bool here = next < relocations.size() && relocations[next].offset == offset;
    element(variable, offset, here ? &relocations[next++] : nullptr);
  }
  out_ += "}";
}

void Printer::variable(const Variable& variable, std::string_view name) {
  out_ += linkage_word(variable.linkage);
  (out_ += '.') += word(variable.space);
  if (variable.managed || !variable.attributes.empty()) {
    out_ += " .attribute(";
    if (variable.managed) out_ += ".managed";
    for (size_t i = 0; i < variable.attributes.size(); ++i) {
      if (i || variable.managed) out_ += ", ";
      (out_ += '.') += variable.attributes[i];
    }
    out_ += ")";
  }
  const TypeInfo& type = info(variable.type);
  if (type.kind != TypeKind::Opaque) out_ += " .align " + std::to_string(variable.align);
  if (variable.vector > 1) out_ += " .v" + std::to_string(variable.vector);
  (((out_ += " .") += type.word) += ' ') += name;
  out_ += dimensions(variable.dimensions, variable.unsized);
  initialiser(variable);
  out_ += ";\n";
}

// Functions.

void Printer::parameter(const Parameter& parameter, std::string_view name) {
  out_ += parameter.space == Space::Reg ? ".reg" : ".param";
  if (parameter.space != Space::Reg) out_ += " .align " + std::to_string(parameter.align);
  if (parameter.vector > 1) out_ += " .v" + std::to_string(parameter.vector);
  (out_ += " .") += info(parameter.type).word;
  if (parameter.is_pointer) {
    out_ += " .ptr";
    if (parameter.pointer_space != Space::None) (out_ += " .") += word(parameter.pointer_space);
    if (parameter.pointer_align) out_ += " .align " + std::to_string(parameter.pointer_align);
  }
  (out_ += ' ') += name;
  if (!parameter.is_array) return;
  if (parameter.unsized)
    out_ += "[]";
  else
    out_ += "[" + std::to_string(parameter.size / std::max(1u, info(parameter.type).bytes() * parameter.vector)) + "]";
}

void Printer::parameters(const std::vector<Parameter>& parameters, bool of_prototype) {
  out_ += '(';
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& one = parameters[i];
    if (i) out_ += ", ";
    parameter(one, of_prototype ? one.name : one.space == Space::Reg ? names_.registers[one.index] : names_.variables[one.index]);
  }
  out_ += ')';
}

void Printer::prototype(const Prototype& prototype) {
  out_ += ".callprototype ";
  if (!prototype.returns.empty()) parameters(prototype.returns, true);
  out_ += "_ ";
  parameters(prototype.parameters, true);
  if (prototype.noreturn) out_ += " .noreturn";
  for (std::string_view directive : prototype.directives) (out_ += ' ') += directive;
}

void Printer::table(const Table& table, std::string_view name) {
  (out_ += name) += ": ";
  if (table.kind == Table::Kind::CallPrototype) {
    prototype(*table.prototype);
  } else {
    const bool branches = table.kind == Table::Kind::BranchTargets;
    out_ += branches ? ".branchtargets " : ".calltargets ";
    for (size_t i = 0; i < table.targets.size(); ++i) {
      if (i) out_ += ", ";
      out_ += branches ? names_.labels[table.targets[i]] : function_names_[table.targets[i]];
    }
  }
  out_ += ";\n";
}

void Printer::head(uint32_t index) {
  const Function& function = module_.functions[index];
  enter(function);
  out_ += linkage_word(function.linkage);
  out_ += function.is_entry ? ".entry " : ".func ";
  if (!function.attributes.empty()) {
    out_ += ".attribute(";
    for (size_t i = 0; i < function.attributes.size(); ++i) ((out_ += i ? ", " : "") += '.') += function.attributes[i];
    out_ += ") ";
  }
  if (!function.returns.empty()) {
    parameters(function.returns, false);
    out_ += ' ';
  }
  out_ += function_names_[index];
  parameters(function.parameters, false);
  auto three = [&](std::string_view directive, const uint32_t (&values)[3]) {
    if (!values[0]) return;
    ((out_ += "\n.") += directive) += ' ';
    out_ += std::to_string(values[0]) + ", " + std::to_string(values[1]) + ", " + std::to_string(values[2]);
  };
  auto one = [&](std::string_view directive, uint32_t value) {
    if (value) (((out_ += "\n.") += directive) += ' ') += std::to_string(value);
  };
  auto flag = [&](std::string_view directive, bool set) {
    if (set) (out_ += "\n.") += directive;
  };
  three("maxntid", function.maxntid);
  three("reqntid", function.reqntid);
  three("reqnctapercluster", function.reqnctapercluster);
  one("minnctapersm", function.minnctapersm);
  one("maxnctapersm", function.maxnctapersm);
  one("maxnreg", function.maxnreg);
  one("maxclusterrank", function.maxclusterrank);
  flag("explicitcluster", function.explicitcluster);
  flag("blocksareclusters", function.blocksareclusters);
  flag("noreturn", function.noreturn);
  for (std::string_view directive : function.directives) (out_ += '\n') += directive;
  for (std::string_view pragma : function.header_pragmas) ((out_ += "\n.pragma \"") += pragma) += "\";";
}

void Printer::declaration(uint32_t index) {
  head(index);
  out_ += ";\n";
}

void Printer::definition(uint32_t index) {
  const Function& function = module_.functions[index];
  head(index);
  out_ += "\n{\n";
  std::vector<bool> register_parameter(function.registers.size()), parameter(function.variables.size());
  for (const std::vector<Parameter>* list : {&function.returns, &function.parameters})
    for (const Parameter& one : *list) (one.space == Space::Reg ? register_parameter : parameter)[one.index] = true;
  const Register* previous = nullptr;
  size_t in_line = 0;
  for (size_t i = 0; i < function.registers.size(); ++i) {
    if (register_parameter[i]) continue;
    const Register& reg = function.registers[i];
    if (previous && previous->type == reg.type && previous->vector == reg.vector && in_line < kRegistersInLine) {
      out_ += ", ";
    } else {
      if (previous) out_ += ";\n";
      out_ += "  .reg ";
      if (reg.vector > 1) out_ += ".v" + std::to_string(reg.vector) + " ";
      ((out_ += '.') += info(reg.type).word) += ' ';
      in_line = 0;
    }
    out_ += names_.registers[i];
    ++in_line;
    previous = &reg;
  }
  if (previous) out_ += ";\n";
  for (size_t i = 0; i < function.variables.size(); ++i) {
    if (parameter[i]) continue;
    out_ += "  ";
    variable(function.variables[i], names_.variables[i]);
  }
  for (const Statement& statement : function.statements) {
    switch (statement.kind) {
      case Statement::Kind::Instruction:
        out_ += "  ";
        instruction(function.instructions[statement.index]);
        out_ += '\n';
        break;
      case Statement::Kind::Label: out_ += names_.labels[statement.index] + ":\n"; break;
      case Statement::Kind::SourceLine: {
        const SourceLine& line = function.source_lines[statement.index];
        out_ += "  .loc " + std::to_string(line.file + file_base_) + " " + std::to_string(line.line) + " " + std::to_string(line.column);
        if (file_base_ == 0) out_ += line.rest;
        out_ += '\n';
        break;
      }
      case Statement::Kind::Pragma: ((out_ += "  .pragma \"") += function.pragmas[statement.index]) += "\";\n"; break;
      case Statement::Kind::Table:
        out_ += "  ";
        table(function.tables[statement.index], names_.tables[statement.index]);
        break;
    }
  }
  out_ += "}\n";
}

// Instructions.

void Printer::base(OperandKind kind, const Operand& operand) {
  switch (kind) {
    case OperandKind::Register: out_ += names_.registers[operand.index]; break;
    case OperandKind::ModuleVariable: out_ += variable_names_[operand.index]; break;
    case OperandKind::FunctionVariable: out_ += names_.variables[operand.index]; break;
    case OperandKind::Function: out_ += function_names_[operand.index]; break;
    default: break;
  }
  if (operand.component != kNoComponent) (out_ += '.') += "xyzw"[operand.component];
}

void Printer::operands(std::span<const Operand> operands) {
  for (size_t i = 0; i < operands.size(); ++i) {
    if (i) out_ += ", ";
    operand(operands[i]);
  }
}

void Printer::operand(const Operand& operand) {
  if (operand.negated) out_ += function_->registers[operand.index].type == Type::Pred ? '!' : '-';
  switch (operand.kind) {
    case OperandKind::Register:
      base(operand.kind, operand);
      if (operand.part == Mod::b3210)
        (out_ += ".b") += hex(operand.value, 4);
      else if (operand.part != Mod::None)
        (out_ += '.') += word(operand.part);
      break;
    case OperandKind::Special:
      (out_ += '%') += info(operand.special).name;
      if (operand.component != kNoComponent) (out_ += '.') += "xyzw"[operand.component];
      break;
    case OperandKind::Immediate:
      if (operand.type == Type::U64)
        out_ += std::to_string(operand.value) + "U";
      else
        out_ += std::to_string(static_cast<int64_t>(operand.value));
      break;
    case OperandKind::Float: out_ += operand.type == Type::F32 ? "0f" + hex(operand.value, 8) : "0d" + hex(operand.value, 16); break;
    case OperandKind::ModuleVariable:
    case OperandKind::FunctionVariable:
    case OperandKind::Function:
      base(operand.kind, operand);
      offset(operand.offset());
      break;
    case OperandKind::Label: out_ += names_.labels[operand.index]; break;
    case OperandKind::Table:
      if (operand.table_in_module)
        out_ += module_.prototypes[operand.index].name;
      else
        out_ += names_.tables[operand.index];
      break;
    case OperandKind::Address:
      out_ += '[';
      base(operand.base, operand);
      if (operand.base == OperandKind::Immediate)
        out_ += std::to_string(operand.offset());
      else
        offset(operand.offset());
      out_ += ']';
      if (operand.part != Mod::None) (out_ += '.') += word(operand.part);
      break;
    case OperandKind::Vector:
      out_ += '{';
      operands(operand.elements);
      out_ += '}';
      break;
    case OperandKind::Pair:
      this->operand(operand.elements[0]);
      out_ += '|';
      this->operand(operand.elements[1]);
      break;
    case OperandKind::List:
      out_ += '(';
      operands(operand.elements);
      out_ += ')';
      break;
    case OperandKind::Texture: {
      out_ += '[';
      this->operand(operand.elements[0]);
      if (operand.elements[0].kind == OperandKind::Register) offset(operand.elements[0].offset());
      for (const Operand& element : operand.elements.subspan(1)) {
        out_ += ", ";
        this->operand(element);
      }
      out_ += ']';
      break;
    }
    case OperandKind::Sink: out_ += '_'; break;
  }
}

void Printer::instruction(const Instruction& instruction) {
  if (instruction.guard) (out_ += instruction.guard.negated ? "@!" : "@") += names_.registers[instruction.guard.reg] + " ";
  out_ += word(instruction.opcode);
  for (Mod mod : instruction.mods) (out_ += '.') += word(mod);
  std::span<const Operand> list = instruction.operands;
  if (instruction.opcode == Opcode::Call && list.size() >= 3) {
    out_ += ' ';
    if (!list[0].elements.empty()) {
      operand(list[0]);
      out_ += ", ";
    }
    operand(list[1]);
    if (!list[2].elements.empty()) {
      out_ += ", ";
      operand(list[2]);
    }
    if (list.size() > 3) {
      out_ += ", ";
      operand(list[3]);
    }
  } else if (!list.empty()) {
    out_ += ' ';
    operands(list);
  }
  out_ += ';';
}

std::string print(const Module& module) {
  Printer printer(module);
  printer.header();
  for (const TopLevel& item : module.order) printer.top_level(item);
  return printer.take();
}

std::string print(const Module& module, const Function& function, const Instruction& instruction) {
  Printer printer(module);
  printer.enter(function);
  printer.instruction(instruction);
  return printer.take();
}

}  // namespace anywarp::ptx
