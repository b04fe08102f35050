// The parser's state. Recursive descent with one token of look-ahead; where the input nests (scopes, expressions,
// initialisers), either without recursion or with a limit. The first error ends the text: every loop then sees its end.
//
//   parse.cpp             module level: directives, functions
//   parse_variable.cpp    declarations of variables and registers, initialisers, parameters
//   parse_body.cpp        statements, scopes, names
//   parse_operand.cpp     operands
//   constant_expression.cpp
#pragma once

#include "base/result.h"
#include "ptx/lexer.h"
#include "ptx/module.h"
#include "ptx/storage.h"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace anywarp::ptx {

inline constexpr uint64_t kMaxVariableBytes = uint64_t{1} << 48;
inline constexpr size_t kMaxDimensions = 32;
inline constexpr uint64_t kMaxVariablesOfRanges = 1 << 16;  // in a module: .param .b32 p<3>
inline constexpr size_t kMaxScopes = 1024;
inline constexpr unsigned kMaxExpressionDepth = 200;
inline constexpr size_t kMaxOperands = 4096;
inline constexpr size_t kMaxWords = 32;  // verify keeps a bit for each

/// A constant: S64, U64, F32 or F64.
struct Constant {
  Type type = Type::S64;
  uint64_t bits = 0;
  bool is_float() const { return type == Type::F32 || type == Type::F64; }
};

/// `add.sat.s32`, resolved; one for each spelling in a module.
struct Words {
  Opcode opcode = Opcode::None;
  Space space = Space::None, second_space = Space::None;
  uint8_t vector = 1;
  std::span<const Mod> mods;
  std::span<const Type> types;
};

struct Binding {
  enum class Kind : uint8_t { Register, Special, Variable, Table };
  Kind kind = Kind::Register;
  uint32_t index = 0;  // Special: SpecialRegister and component
  uint32_t depth = 0;  // of the scope
};

/// `.reg .b32 %r<10>`: a register comes into being when it is first named.
struct RegisterRange {
  uint64_t count = 0;
  Type type = Type::None;
  uint8_t vector = 1;
  uint32_t depth = 0;
  Location location;
  std::unordered_map<uint64_t, uint32_t> registers;
};

/// A label that an operand (in the arena) or a table's entry names. It belongs to this scope or to one around it, which is
/// known when the scope ends.
struct PendingLabel {
  std::string_view name;
  Location location;
  Operand* operand = nullptr;
  uint32_t table = kNone, entry = 0;
};

struct PendingTable {
  std::string_view name;
  Location location;
  Operand* operand = nullptr;
};

/// A symbol in an initialiser; it may be declared further on.
struct PendingRelocation {
  std::string_view symbol;
  Location location;
  uint32_t function = kNone;  // of a function-scope variable
  uint32_t variable = kNone;
  size_t relocation = 0;
};

/// What stands before a name in a declaration: `.align 4 .v2 .u32`.
struct Declarator {
  Type type = Type::None;
  uint8_t vector = 1;
  uint32_t align = 0;
  bool managed = false;
  std::vector<std::string_view> attributes;
  bool is_pointer = false;
  Space pointer_space = Space::None;
  uint32_t pointer_align = 0;
};

class Parser {
 public:
  Parser(std::string_view text, std::string_view file_name);
  Result<std::shared_ptr<const Module>> run();

 private:
  // Tokens.
  void advance();
  bool failed() const { return error_.has_value(); }
  void fail(Location location, std::string message, CUresult code = CUDA_ERROR_INVALID_PTX);
  void fail_expected(std::string_view what);
  bool accept(char c);
  bool expect(char c);
  bool accept_word(std::string_view word);
  std::string_view identifier(std::string_view what);
  uint64_t integer(std::string_view what, uint64_t limit);
  std::string_view string(std::string_view what);
  /// The text from a token up to, not including, the present one, without white space at its end.
  std::string_view text_since(const Token& first) const;

  // Module level.
  void header();
  void top_level();
  void source_file();
  void section();
  void alias();
  void function(Linkage linkage, bool is_entry);
  void function_directives(Function& function);
  void dimensions(uint32_t (&values)[3]);
  std::vector<std::string_view> attribute_list();
  void module_prototype();
  void resolve_relocations();

  // Declarations.
  std::optional<Space> space_word() const;
  Declarator declarator(bool is_parameter);
  void variables(Space space, Linkage linkage, Function* function);
  void declare(Variable&& variable, Function* function, std::vector<PendingRelocation>& relocations);
  void array(Variable& variable);
  void initialiser(Variable& variable, std::vector<PendingRelocation>& relocations);
  void initialiser_list(Variable& variable, std::vector<uint64_t>& strides, size_t level, uint64_t& element,
                        std::vector<PendingRelocation>& relocations);
  void initialiser_element(Variable& variable, uint64_t element, std::vector<PendingRelocation>& relocations);
  void store(Variable& variable, uint64_t offset, unsigned size, uint64_t bits);
  void sampler_properties(Variable& variable);
  void registers(Function& function);
  std::vector<Parameter> parameters(Function* function, bool returns);
  void layout(Function& function);

  // Bodies.
  void body(Function& function);
  void statement();
  void body_directive();
  void source_line();
  void label_or_instruction();
  void label(std::string_view name, Location location);
  void table(std::string_view name, Location location);
  Table prototype();
  void instruction(std::string_view opcode, Location location, Guard guard);
  const Words* words(std::string_view opcode, Location location);
  void open_scope();
  void close_scope();
  bool bind(std::string_view name, Binding binding, Location location);
  const Binding* find(std::string_view name);
  const Binding* find_in_range(std::string_view name);
  std::optional<uint32_t> register_operand(std::string_view what);

  // Operands.
  void operands(const Words& words, std::vector<Operand>& out);
  void call_operands(std::vector<Operand>& out);
  Operand operand(const Words& words);
  Operand simple_operand();
  Operand named_operand();
  Operand address();
  Operand vector();
  Operand list();
  void offset(Operand& operand);
  Operand label_operand();
  Operand table_operand();
  std::span<const Operand> store_elements(const std::vector<Operand>& elements, size_t first);

  // Constant expressions.
  bool at_constant() const;
  Constant constant();
  Constant constant_ternary();
  Constant constant_binary(int least);
  Constant constant_unary();
  Constant constant_apply(const Token& op, Constant a, Constant b);
  int64_t constant_integer(std::string_view what);

  std::string file_name_;
  std::shared_ptr<Module> module_;
  Module::Storage& storage_;
  Lexer lexer_;
  Token token_;
  const char* token_end_ = nullptr;
  const char* previous_end_ = nullptr;
  std::optional<Error> error_;
  unsigned expression_depth_ = 0;
  uint64_t variables_of_ranges_ = 0;

  std::unordered_map<std::string_view, Words> words_;
  std::vector<PendingRelocation> relocations_;

  // The function at hand.
  Function* function_ = nullptr;
  uint32_t function_index_ = kNone;
  uint32_t source_line_ = kNone;
  bool nested_ranges_ = false;
  std::unordered_map<std::string_view, Binding> names_;
  std::unordered_map<std::string_view, std::vector<RegisterRange>> ranges_;
  struct Scope {
    std::vector<std::pair<std::string_view, std::optional<Binding>>> shadowed;
    std::vector<std::string_view> ranges;
    std::unordered_map<std::string_view, uint32_t> labels;
    size_t first_pending = 0;
  };
  std::vector<Scope> scopes_;
  std::vector<PendingLabel> pending_labels_;
  std::vector<PendingTable> pending_tables_;
  std::vector<Operand> scratch_;
};

}  // namespace anywarp::ptx
