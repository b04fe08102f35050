// ptx::Module -> text, for print and for link, which gives module-level names anew.
#pragma once

#include "ptx/module.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace anywarp::ptx {

class Printer {
 public:
  explicit Printer(const Module& module);

  /// Names of module scope that print otherwise than the module has them.
  void rename_variable(uint32_t index, std::string name);
  void rename_function(uint32_t index, std::string name);

  /// What is added to the numbers of .file and .loc; places where code was inlined are then left out.
  void number_files_from(uint32_t base) { file_base_ = base; }

  std::string take() { return std::exchange(out_, {}); }

  void header();
  void top_level(const TopLevel& item);
  void variable(const Variable& variable, std::string_view name);
  void declaration(uint32_t index);
  void definition(uint32_t index);

  /// Gives the names of a function's locals; what follows belongs to that function.
  void enter(const Function& function);
  void instruction(const Instruction& instruction);

 private:
  struct Names {
    std::vector<std::string> registers, variables, labels, tables;
  };

  void head(uint32_t index);
  void parameter(const Parameter& parameter, std::string_view name);
  void parameters(const std::vector<Parameter>& parameters, bool of_prototype);
  void prototype(const Prototype& prototype);
  void table(const Table& table, std::string_view name);
  void initialiser(const Variable& variable);
  void element(const Variable& variable, uint64_t offset, const Relocation* relocation);
  void operand(const Operand& operand);
  void operands(std::span<const Operand> operands);
  void base(OperandKind kind, const Operand& operand);
  void offset(int64_t value);
  void number(uint64_t value);

  const Module& module_;
  std::vector<std::string> variable_names_, function_names_;
  std::unordered_set<std::string> module_names_;
  uint32_t file_base_ = 0;
  const Function* function_ = nullptr;
  Names names_;
  std::string out_;
};

}  // namespace anywarp::ptx
