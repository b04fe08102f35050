// ptx::Module: what PTX text says, parsed, resolved and immutable. No LLVM here.
//
// Every name is an index by the time that a consumer sees it: registers and variables of nested scopes are entries of
// their function, labels are positions, callees are functions of the module. Spans and string_views point into memory that
// the module owns, so they live as long as it does.
//
//     @%p1 ld.global.v2.f32 {%f1, %f2}, [%rd1+16];
//
//     opcode Ld, mods {global, v2, f32}, space Global, vector 2, types {F32}, guard {%p1},
//     operands { Vector{Register %f1, Register %f2}, Address{base Register %rd1, value 16} }
#pragma once

#include "ptx/words.h"  // generated from api/ptx: enum class Opcode, enum class Mod

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace anywarp::ptx {

enum class Type : uint8_t {
#define AW_PTX_TYPE(name, word, kind, bits, lanes) name,
#include "ptx/types.def"
#undef AW_PTX_TYPE
};
enum class TypeKind : uint8_t { Predicate, Bits, Unsigned, Signed, Float, Brain, Other, Opaque };
struct TypeInfo {
  std::string_view word;  // "f16x2"
  TypeKind kind;
  uint16_t lane_bits;
  uint16_t lanes;
  constexpr unsigned bits() const { return unsigned{lane_bits} * lanes; }
  constexpr unsigned bytes() const { return (bits() + 7) / 8; }
};
const TypeInfo& info(Type type);

enum class Space : uint8_t {
  None,
  Reg,
  SpecialReg,
  Const,
  Global,
  Local,
  Param,
  ParamEntry,
  ParamFunc,
  Shared,
  SharedCta,
  SharedCluster,
  Tex
};
std::string_view word(Space space);  // "shared::cta"

enum class SpecialRegister : uint8_t {
  None,
#define AW_PTX_SPECIAL(name, word, type, components) name,
#include "ptx/special_registers.def"
#undef AW_PTX_SPECIAL
};
struct SpecialRegisterInfo {
  std::string_view name;  // "tid", without %
  Type type;
  bool has_components;
};
const SpecialRegisterInfo& info(SpecialRegister special);

std::string_view word(Opcode opcode);  // "ld"
std::string_view word(Mod mod);        // "L1::no_allocate", without the dot

inline constexpr uint32_t kNone = 0xffffffff;

/// Counted from 1.
struct Location {
  uint32_t line = 0;
  uint32_t column = 0;
};

enum class OperandKind : uint8_t {
  Register,          // index: Function::registers; component; negated
  Special,           // special; component
  Immediate,         // value; type S64 or U64
  Float,             // value: bits of `type`, F32 (0f...) or F64 (0d..., decimal)
  ModuleVariable,    // index: Module::variables; value: byte offset. Its address
  FunctionVariable,  // index: Function::variables; value: byte offset. Its address (a .param variable of a call: itself)
  Function,          // index: Module::functions. Its address, or the callee
  Label,             // index: Function::labels
  Table,             // index: Function::tables or, when table_in_module, Module::prototypes
  Address,           // [base + value]: base (and index, component) is Register, ModuleVariable, FunctionVariable, Function or,
                     // for an absolute address, Immediate
  Vector,            // {a, b, ...}: elements
  Pair,              // d|p: elements, two
  List,              // (a, b): elements; what a call returns and takes, may be empty
  Texture,           // [t, {x, y}], [t, s, {x}], [map, {x, y}]: elements
  Sink,              // _
};

inline constexpr uint8_t kNoComponent = 0xff;

struct Operand {
  OperandKind kind = OperandKind::Sink;
  OperandKind base = OperandKind::Immediate;  // of an Address
  bool negated = false;                       // !p
  bool table_in_module = false;               // of a Table
  uint8_t component = kNoComponent;           // 0..3 of .x .y .z .w and .r .g .b .a
  Type type = Type::None;
  SpecialRegister special = SpecialRegister::None;
  Mod part = Mod::None;                       // video instructions: b0, b10, h1, ...; of an Address: unified. b3210 stands for all
                         // selections of four bytes: value has a digit of 4 bits for each, 0x3210
  uint32_t index = kNone;
  uint64_t value = 0;  // offsets are signed: static_cast<int64_t>
  std::span<const Operand> elements = {};

  int64_t offset() const { return static_cast<int64_t>(value); }
};

struct Guard {
  uint32_t reg = kNone;  // Function::registers
  bool negated = false;
  explicit operator bool() const { return reg != kNone; }
};

/// A call's operands are always: List of results, callee (Function, Register or FunctionVariable), List of arguments and,
/// when the call is indirect, Table (its prototype or targets).
/// brx.idx: index, Table. The operands of all others stand as in the text; `[a, b]` is one Texture operand.
struct Instruction {
  Opcode opcode = Opcode::None;
  Space space = Space::None;  // the first state space among mods
  Space second_space = Space::None;  // the second: cp.async.shared.global
  uint8_t vector = 1;  // 2, 4, 8 for .v2, .v4, .v8
  Guard guard;
  Location location;
  uint32_t source_line = kNone;  // Function::source_lines: the .loc that holds here
  std::span<const Mod> mods;  // every word behind the opcode in its order, spaces, vectors and types too
  std::span<const Type> types;  // those of them that are types, in order
  std::span<const Operand> operands;

  bool has(Mod mod) const {
    for (Mod m : mods)
      if (m == mod) return true;
    return false;
  }
  /// The i-th type; the last one beyond that; None when there is none.
  Type type(unsigned i = 0) const { return types.empty() ? Type::None : types[i < types.size() ? i : types.size() - 1]; }
};

struct Register {
  std::string_view name;  // as written; not unique where scopes nest
  Type type = Type::None;
  uint8_t vector = 1;
  Location location;
};

enum class Linkage : uint8_t { None, Extern, Visible, Weak, Common };

/// A place in an initialiser where an address goes: the low `size` bytes of ((address of symbol + addend) & mask) >> shift of the mask.
struct Relocation {
  uint64_t offset = 0;  // bytes from the variable's start
  uint8_t size = 8;  // bytes
  bool is_function = false;
  bool generic = false;  // generic(symbol): the generic address, else the address within the space
  uint32_t index = kNone;  // Module::functions or Module::variables
  int64_t addend = 0;
  uint64_t mask = ~uint64_t{0};  // mask(): 0xff << 8n takes byte n; a contiguous byte mask
};

struct Variable {
  std::string_view name;
  Space space = Space::None;  // Const, Global, Local, Shared, Param, Tex; Reg for a parameter in a register
  Type type = Type::None;
  uint8_t vector = 1;
  bool is_array = false;
  bool unsized = false;  // name[]: .extern .shared, or sized by its initialiser
  bool managed = false;  // .attribute(.managed)
  Linkage linkage = Linkage::None;
  uint32_t align = 1;  // bytes; the type's own where none is written
  uint64_t size = 0;  // bytes; 0 when unsized without an initialiser
  std::vector<uint64_t> dimensions;
  bool initialised = false;
  std::vector<uint8_t> bytes;  // the initialiser without its zeros at the end
  std::vector<Relocation> relocations;
  std::vector<std::string_view> attributes;  // others: "unified(1, 2)"
  std::vector<std::pair<std::string_view, std::string_view>> properties;  // .samplerref { filter_mode = linear }
  Location location;
  /// Memory of the host's that the variable is at, if whoever loads the module says so before it is used: a managed variable then.
  mutable void* place = nullptr;
};

struct Parameter {
  Space space = Space::Param;  // Param, or Reg for `.func (.reg .u32 %r)`
  uint32_t index = kNone;  // Function::variables for Param, Function::registers for Reg
  uint64_t offset = 0;  // bytes from the start of the parameter buffer (entries), by PTX layout
  std::string_view name;
  Type type = Type::None;
  uint8_t vector = 1;
  bool is_array = false;
  bool unsized = false;
  uint32_t align = 1;
  uint64_t size = 0;  // bytes
  bool is_pointer = false;  // .ptr
  Space pointer_space = Space::None;  // None: generic
  uint32_t pointer_align = 0;  // 0: not given
};

struct Label {
  std::string_view name;
  uint32_t instruction = 0;  // index of the first instruction behind it; may be instructions.size()
  Location location;
};

struct Prototype;

/// .branchtargets: labels; .calltargets: functions; .callprototype: a prototype.
struct Table {
  enum class Kind : uint8_t { BranchTargets, CallTargets, CallPrototype };
  Kind kind = Kind::BranchTargets;
  std::string_view name;
  std::vector<uint32_t> targets;  // Function::labels or Module::functions
  std::shared_ptr<const Prototype> prototype;  // of a CallPrototype
  Location location;
};

struct Prototype {
  std::vector<Parameter> returns, parameters;  // no indices
  bool noreturn = false;
  std::vector<std::string_view> directives;  // ".abi_preserve 8"
};

/// .loc file line column [, function_name label [+ offset], inlined_at file line column]
struct SourceLine {
  uint32_t file = 0, line = 0, column = 0;
  std::string_view rest;  // from the comma on
};

struct Statement {
  enum class Kind : uint8_t { Instruction, Label, SourceLine, Pragma, Table };
  Kind kind = Kind::Instruction;
  uint32_t index = 0;  // of the vector of that name in Function
};

struct Function {
  std::string_view name;
  bool is_entry = false;
  bool has_body = false;
  Linkage linkage = Linkage::None;
  std::vector<Parameter> returns, parameters;
  uint64_t parameter_bytes = 0;  // of an entry: its parameter buffer

  // Directives; 0: not given.
  uint32_t maxntid[3] = {0, 0, 0};
  uint32_t reqntid[3] = {0, 0, 0};
  uint32_t reqnctapercluster[3] = {0, 0, 0};
  uint32_t minnctapersm = 0, maxnctapersm = 0, maxnreg = 0, maxclusterrank = 0;
  bool explicitcluster = false, blocksareclusters = false;
  bool noreturn = false;
  std::vector<std::string_view> directives;  // all others, ".abi_preserve 8"
  std::vector<std::string_view> attributes;
  std::vector<std::string_view> header_pragmas;

  std::vector<Register> registers;  // those that something names
  std::vector<Variable> variables;  // .param parameters first, then .local, .shared, .param, ... of the body
  std::vector<Statement> statements;  // the body in order
  std::vector<Instruction> instructions;
  std::vector<Label> labels;
  std::vector<Table> tables;
  std::vector<SourceLine> source_lines;
  std::vector<std::string_view> pragmas;
  Location location;

  std::string_view register_name(uint32_t index) const { return registers[index].name; }
};

/// Do two declarations agree: as many parameters and results, of the same sizes and kinds?
bool same_signature(const Function& a, const Function& b);

struct Alias {
  uint32_t alias = kNone, aliasee = kNone;  // Module::functions
};

struct SourceFile {
  uint32_t index = 0;
  std::string_view name;
  uint64_t timestamp = 0, size = 0;  // 0: not given
};

/// The order of the module's top level, for the printer.
struct TopLevel {
  enum class Kind : uint8_t { Variable, Declaration, Definition, Alias, File, Section, Dwarf, Pragma, Prototype };
  Kind kind = Kind::Variable;
  uint32_t index = 0;
};

class Module {
 public:
  Module();
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  std::string file_name;
  uint32_t version_major = 0, version_minor = 0;
  std::string_view target;  // "sm_90a"
  std::vector<std::string_view> target_options;  // "texmode_independent", "debug"
  uint32_t address_size = 32;

  std::vector<Variable> variables;  // of module scope
  std::vector<Function> functions;  // one for each name; a declaration and its definition are one
  std::vector<Alias> aliases;
  std::vector<Table> prototypes;  // .callprototype of module scope
  std::vector<SourceFile> files;
  std::vector<std::string_view> sections;  // `.section name { ... }`, the text
  std::vector<std::string_view> dwarf;  // @@DWARF lines, the text
  std::vector<std::string_view> pragmas;
  std::vector<TopLevel> order;

  /// nullptr when there is none.
  const Function* find_function(std::string_view name) const;
  const Variable* find_variable(std::string_view name) const;

  struct Storage;  // the text and the arena that spans point into
  std::unique_ptr<Storage> storage;
};

}  // namespace anywarp::ptx
