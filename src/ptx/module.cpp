#include "ptx/module.h"

#include "ptx/instruction_table.h"
#include "ptx/storage.h"

#include <algorithm>

namespace anywarp::ptx {
namespace {

using enum TypeKind;

constexpr TypeInfo kTypes[] = {
#define AW_PTX_TYPE(name, word, kind, bits, lanes) {word, kind, bits, lanes},
#include "ptx/types.def"
#undef AW_PTX_TYPE
};

constexpr SpecialRegisterInfo kSpecialRegisters[] = {
    {"", Type::None, false},
#define AW_PTX_SPECIAL(name, word, type, components) {word, Type::type, components},
#include "ptx/special_registers.def"
#undef AW_PTX_SPECIAL
};

constexpr std::string_view kSpaces[] = {"",      "reg",          "sreg",        "const",  "global",      "local",
                                        "param", "param::entry", "param::func", "shared", "shared::cta", "shared::cluster",
                                        "tex"};

}  // namespace

const TypeInfo& info(Type type) { return kTypes[static_cast<size_t>(type)]; }
const SpecialRegisterInfo& info(SpecialRegister special) { return kSpecialRegisters[static_cast<size_t>(special)]; }
std::string_view word(Space space) { return kSpaces[static_cast<size_t>(space)]; }

bool same_signature(const Function& a, const Function& b) {
  auto agree = [](const std::vector<Parameter>& a, const std::vector<Parameter>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Parameter& x, const Parameter& y) {
      return x.space == y.space && x.size == y.size && x.unsized == y.unsized &&
             (x.is_array || x.type == y.type || info(x.type).kind == info(y.type).kind);
    });
  };
  return a.is_entry == b.is_entry && agree(a.parameters, b.parameters) && agree(a.returns, b.returns);
}

Module::Module() : storage(std::make_unique<Storage>()) {}
Module::~Module() = default;

const Function* Module::find_function(std::string_view name) const {
  auto it = storage->functions.find(name);
  return it == storage->functions.end() ? nullptr : &functions[it->second];
}

const Variable* Module::find_variable(std::string_view name) const {
  auto it = storage->variables.find(name);
  return it == storage->variables.end() ? nullptr : &variables[it->second];
}

}  // namespace anywarp::ptx
