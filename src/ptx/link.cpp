// Linking is printing: the definitions that stay, of all modules, are printed into one text under the names that they get, and
// parse resolves them. That is no slower than parsing, and keeps Module immutable.
//
//     a.ptx  .extern .func f(); .global .u32 n; .entry k() { call f; }        .version 9.0 ...
//     b.ptx  .global .u32 n = 7; .visible .func f() { ... n ... }         ->  .global .u32 n; .global .u32 n_1 = 7;
//                                                                             .func f(); .entry k(); .entry k() {...} .func f() {...}
#include "ptx/link.h"

#include "ptx/printer.h"
#include "ptx/ptx.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace anywarp::ptx {
namespace {

/// How much of a definition a symbol is; the strongest one stays.
enum class Strength { Reference, Common, Weak, Strong };

/// A place in the modules: which one, and which of its functions or variables.
struct Place {
  size_t module = 0;
  uint32_t index = 0;
};

struct Symbol {
  bool is_function = false;
  Strength strength = Strength::Reference;
  Place place;  // of the strongest definition
};

class Linker {
 public:
  Linker(std::span<const std::shared_ptr<const Module>> modules, std::string_view file_name, const LinkOptions& options)
      : modules_(modules), file_name_(file_name), options_(options) {}

  Result<std::shared_ptr<const Module>> run() {
    AW_TRY(header());
    for (size_t m = 0; m < modules_.size(); ++m) AW_TRY(collect(m));
    AW_TRY(check_references());
    name_locals();
    return parse(text(), file_name_);
  }

 private:
  Error error(CUresult code, std::string message) const { return {code, std::move(message), file_name_}; }

  static bool is_local(const Function& function) { return function.linkage == Linkage::None && function.has_body && !function.is_entry; }
  static bool is_local(const Variable& variable) { return variable.linkage == Linkage::None; }

  const Function& function(Place place) const { return modules_[place.module]->functions[place.index]; }
  const Variable& variable(Place place) const { return modules_[place.module]->variables[place.index]; }

  Result<> header();
  Result<> collect(size_t m);
  Result<> enter(std::string_view name, const Symbol& symbol);
  Result<> check_references();
  void name_locals();
  std::string text();

  std::span<const std::shared_ptr<const Module>> modules_;
  std::string file_name_;
  const LinkOptions& options_;
  std::string header_;
  std::unordered_map<std::string_view, Symbol> symbols_;  // those with linkage
  std::vector<std::unordered_map<uint32_t, std::string>> local_functions_, local_variables_;
};

/// "sm_90a" -> 90
unsigned number_of(std::string_view target) {
  unsigned number = 0;
  for (char c : target)
    if (c >= '0' && c <= '9') number = number * 10 + static_cast<unsigned>(c - '0');
  return number;
}

Result<> Linker::header() {
  if (modules_.empty()) return error(CUDA_ERROR_INVALID_VALUE, "There is no module to link.");
  const Module* newest = modules_[0].get();
  const Module* strongest = newest;
  std::vector<std::string_view> options;
  for (const auto& module : modules_) {
    if (module->address_size != newest->address_size)
      return error(CUDA_ERROR_INVALID_PTX, "'" + module->file_name + "' has addresses of " + std::to_string(module->address_size) +
                                               " bits, '" + newest->file_name + "' of " + std::to_string(newest->address_size) + ".");
    if (std::pair(module->version_major, module->version_minor) > std::pair(newest->version_major, newest->version_minor))
      newest = module.get();
    if (number_of(module->target) > number_of(strongest->target)) strongest = module.get();
    for (std::string_view option : module->target_options)
      if (std::find(options.begin(), options.end(), option) == options.end()) options.push_back(option);
  }
  header_ = ".version " + std::to_string(newest->version_major) + "." + std::to_string(newest->version_minor) + "\n.target ";
  header_ += strongest->target;
  for (std::string_view option : options) (header_ += ", ") += option;
  header_ += "\n.address_size " + std::to_string(newest->address_size) + "\n";
  return {};
}

Result<> Linker::enter(std::string_view name, const Symbol& symbol) {
  auto [it, is_new] = symbols_.try_emplace(name, symbol);
  if (is_new) return {};
  Symbol& known = it->second;
  const std::string both = "'" + modules_[known.place.module]->file_name + "' and '" + modules_[symbol.place.module]->file_name + "'";
  const std::string quoted = "'" + std::string(name) + "'";
  if (known.is_function != symbol.is_function)
    return error(CUDA_ERROR_INVALID_PTX, quoted + " is a function in one and a variable in the other of " + both + ".");
  if (symbol.is_function) {
    if (!same_signature(function(known.place), function(symbol.place)))
      return error(CUDA_ERROR_INVALID_PTX, "The function " + quoted + " has different parameters in " + both + ".");
  } else {
    const Variable &a = variable(known.place), &b = variable(symbol.place);
    const bool sizes_differ =
        a.size != b.size && !a.unsized && !b.unsized && known.strength != Strength::Common && symbol.strength != Strength::Common;
    if (a.space != b.space || sizes_differ)
      return error(CUDA_ERROR_INVALID_PTX, "The variable " + quoted + " has different spaces or sizes in " + both + ".");
  }
  if (known.strength == Strength::Strong && symbol.strength == Strength::Strong)
    return error(CUDA_ERROR_INVALID_PTX, quoted + " is defined in both " + both + ".");
  bool better = symbol.strength > known.strength;
  if (symbol.strength == known.strength && !symbol.is_function) {
    // The largest .common; of dynamic shared memory the one that asks for the largest alignment.
    const Variable &a = variable(known.place), &b = variable(symbol.place);
    if (symbol.strength == Strength::Common || symbol.strength == Strength::Reference)
      better = std::pair(b.size, b.align) > std::pair(a.size, a.align);
  }
  if (better) known = symbol;
  return {};
}

Result<> Linker::collect(size_t m) {
  const Module& module = *modules_[m];
  std::vector<bool> aliased(module.functions.size());
  for (const Alias& alias : module.aliases) aliased[alias.alias] = true;
  for (uint32_t i = 0; i < module.functions.size(); ++i) {
    const Function& function = module.functions[i];
    if (is_local(function)) continue;
    Symbol symbol{.is_function = true, .strength = Strength::Reference, .place = {m, i}};
    if (function.has_body || aliased[i]) symbol.strength = function.linkage == Linkage::Weak ? Strength::Weak : Strength::Strong;
    AW_TRY(enter(function.name, symbol));
  }
  for (uint32_t i = 0; i < module.variables.size(); ++i) {
    const Variable& variable = module.variables[i];
    if (is_local(variable)) continue;
    Symbol symbol{.is_function = false, .strength = Strength::Strong, .place = {m, i}};
    switch (variable.linkage) {
      case Linkage::Extern: symbol.strength = Strength::Reference; break;
      case Linkage::Weak: symbol.strength = Strength::Weak; break;
      case Linkage::Common: symbol.strength = Strength::Common; break;
      default: break;
    }
    AW_TRY(enter(variable.name, symbol));
  }
  return {};
}

Result<> Linker::check_references() {
  // The first in the order of the modules, so that the same input gives the same message.
  const Symbol* first = nullptr;
  for (const auto& [name, symbol] : symbols_) {
    if (symbol.strength != Strength::Reference) continue;
    const bool is_dynamic = !symbol.is_function && variable(symbol.place).space == Space::Shared && variable(symbol.place).unsized;
    if (is_dynamic || (symbol.is_function && options_.is_provided && options_.is_provided(name))) continue;
    const auto order = [](const Symbol& s) { return std::tuple(s.place.module, s.is_function, s.place.index); };
    if (!first || order(symbol) < order(*first)) first = &symbol;
  }
  if (!first) return {};
  const std::string_view name = first->is_function ? function(first->place).name : variable(first->place).name;
  return error(CUDA_ERROR_NOT_FOUND, std::string(first->is_function ? "The function '" : "The variable '") + std::string(name) +
                                         "', which '" + modules_[first->place.module]->file_name +
                                         "' declares, is not defined in any module.");
}

/// A local keeps its name unless a symbol with linkage or the local of an earlier module has it.
void Linker::name_locals() {
  std::unordered_set<std::string> used;
  for (const auto& [name, symbol] : symbols_) used.emplace(name);
  // The names of all locals are taken, so that a number behind one does not make the name of another.
  std::unordered_set<std::string_view> spelled;
  for (const auto& module : modules_) {
    for (const Function& function : module->functions) spelled.insert(function.name);
    for (const Variable& variable : module->variables) spelled.insert(variable.name);
  }
  auto name_of = [&](std::string_view name) {
    std::string candidate(name);
    if (used.insert(candidate).second) return candidate;
    unsigned i = 0;
    do candidate = std::string(name) + "_" + std::to_string(++i);
    while (spelled.contains(candidate) || !used.insert(candidate).second);
    return candidate;
  };
  local_functions_.resize(modules_.size());
  local_variables_.resize(modules_.size());
  for (size_t m = 0; m < modules_.size(); ++m) {
    for (uint32_t i = 0; i < modules_[m]->functions.size(); ++i)
      if (is_local(modules_[m]->functions[i])) local_functions_[m].emplace(i, name_of(modules_[m]->functions[i].name));
    for (uint32_t i = 0; i < modules_[m]->variables.size(); ++i)
      if (is_local(modules_[m]->variables[i])) local_variables_[m].emplace(i, name_of(modules_[m]->variables[i].name));
  }
}

std::string Linker::text() {
  // What a body names must stand in front of it: all variables, then all declarations, then the definitions.
  std::string files, variables, declarations, definitions;
  uint32_t file_base = 0;
  for (size_t m = 0; m < modules_.size(); ++m) {
    const Module& module = *modules_[m];
    Printer printer(module);
    printer.number_files_from(file_base);
    for (const auto& [index, name] : local_functions_[m]) printer.rename_function(index, name);
    for (const auto& [index, name] : local_variables_[m]) printer.rename_variable(index, name);
    auto stays = [&](std::string_view name, uint32_t index) {
      auto it = symbols_.find(name);
      return it != symbols_.end() && it->second.place.module == m && it->second.place.index == index;
    };
    for (const TopLevel& item : module.order) {
      switch (item.kind) {
        case TopLevel::Kind::File:
        case TopLevel::Kind::Prototype:
        case TopLevel::Kind::Pragma:
          printer.top_level(item);
          files += printer.take();
          break;
        default: break;
      }
    }
    for (uint32_t i = 0; i < module.variables.size(); ++i) {
      if (is_local(module.variables[i]) || stays(module.variables[i].name, i)) printer.top_level({TopLevel::Kind::Variable, i});
    }
    variables += printer.take();
    for (uint32_t i = 0; i < module.functions.size(); ++i) {
      const Function& function = module.functions[i];
      if (!is_local(function) && !stays(function.name, i)) continue;
      printer.declaration(i);
      declarations += printer.take();
      if (!function.has_body) continue;
      printer.definition(i);
      definitions += printer.take();
    }
    for (uint32_t i = 0; i < module.aliases.size(); ++i) {
      const uint32_t alias = module.aliases[i].alias;
      if (!stays(module.functions[alias].name, alias)) continue;
      printer.top_level({TopLevel::Kind::Alias, i});
      definitions += printer.take();
    }
    uint32_t last = 0;
    for (const SourceFile& file : module.files) last = std::max(last, file.index);
    file_base += last;
  }
  return header_ + files + variables + declarations + definitions;
}

}  // namespace

Result<std::shared_ptr<const Module>> link(std::span<const std::shared_ptr<const Module>> modules, std::string_view file_name,
                                           const LinkOptions& options) {
  return Linker(modules, file_name, options).run();
}

}  // namespace anywarp::ptx
