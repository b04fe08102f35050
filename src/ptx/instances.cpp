#include "ptx/instances.h"

#include <algorithm>

namespace anywarp::ptx {
namespace {

/// A type that registers can have, for a type that an instruction names.
std::string register_type(Type type, bool at_least) {
  const TypeInfo& t = info(type);
  if (type == Type::None) return "b32";
  if (t.kind == TypeKind::Predicate) return "pred";
  if (at_least && t.bits() < 16) return t.kind == TypeKind::Unsigned ? "u16" : t.kind == TypeKind::Signed ? "s16" : "b16";
  const bool plain =
      t.lanes == 1 && (t.kind == TypeKind::Unsigned || t.kind == TypeKind::Signed || t.kind == TypeKind::Float) && t.bits() >= 8;
  return plain ? std::string(t.word) : "b" + std::to_string(std::max(8u, t.bits()));
}

Type wide_of(Type type, bool wide) {
  switch (type) {
    case Type::U16: return wide ? Type::U32 : Type::U8;
    case Type::S16: return wide ? Type::S32 : Type::S8;
    case Type::U32: return wide ? Type::U64 : Type::U16;
    case Type::S32: return wide ? Type::S64 : Type::S16;
    default: return Type::None;
  }
}

struct Writer {
  Opcode opcode;
  std::vector<Mod> mods;
  unsigned next = 0;

  bool has(std::string_view text) const {
    return std::any_of(mods.begin(), mods.end(), [&](Mod mod) { return word(mod) == text; });
  }
  Type type(unsigned i) const {
    Type last = Type::None;
    for (Mod mod : mods) {
      if (type_of(mod) == Type::None) continue;
      last = type_of(mod);
      if (i-- == 0) break;
    }
    return last;
  }
  std::string reg(const std::string& type) { return "%" + type + "_" + std::to_string(next++ % 300); }
  std::string list(const std::string& type, unsigned count) {
    std::string text = "{";
    for (unsigned i = 0; i < count; ++i) text += (i ? ", " : "") + reg(type);
    return text + "}";
  }

  unsigned length() const {
    unsigned per_repeat = 1, of_shape = 0;
    for (Mod mod : mods) {
      const std::string text(word(mod));
      if (text == "m16n16" || text == "16x128b") per_repeat = 2;
      if (text == "16x256b") per_repeat = 4;
      if (text == "v2" || text == "v4" || text == "v8") return static_cast<unsigned>(text[1] - '0');
      if (text[0] == 'x' && text.size() > 1 && isdigit(static_cast<unsigned char>(text[1])))
        return per_repeat * static_cast<unsigned>(std::stoul(text.substr(1)));
      if (text.starts_with("m64n")) of_shape = static_cast<unsigned>(std::stoul(text.substr(4)));
    }
    if (of_shape) return type(0) == Type::F16 ? of_shape / 4 : of_shape / 2;
    return 1;
  }

  unsigned coordinates() const {
    for (unsigned n = 1; n <= 5; ++n)
      if (has(std::to_string(n) + "d")) return n;
    if (has("cube") || has("a2d")) return 4;
    if (has("a1d")) return 2;
    return has("acube") || has("2dms") || has("a2dms") ? 4 : 0;
  }

  std::string address(unsigned position) {
    const std::string name(word(opcode));
    auto parted = [&](const std::string& object, const std::string& type, unsigned count) {
      return "[" + object + ", " + (count == 1 && name != "tex" ? "{" + reg(type) + "}" : list(type, count)) + "]";
    };
    if (name == "txq" || name == "suq")
      return name == "suq" ? "[surface]"
             : has("filter_mode") || has("force_unnormalized_coords") || has("addr_mode_0") || has("addr_mode_1") || has("addr_mode_2")
                 ? "[" + reg("u64") + "]"
                 : "[texture]";
    if (name == "tex" || name == "tld4") {
      unsigned count = coordinates();
      if (has("1d")) count = 1;
      if (has("3d") || has("2dms") || has("a2dms")) count = 4;
      // The first coordinate of an array is its index.
      if (has("a2d") || has("acube") || has("a2dms")) {
        const std::string type = this->type(1) == Type::S32 && name == "tex" ? "s32" : "f32";
        std::string text = "[texture, {" + reg("u32");
        for (int i = 0; i < 3; ++i) text += ", " + reg(has("a2dms") && i == 0 ? "s32" : type);
        return text + "}]";
      }
      return parted("texture", type(1) == Type::S32 && name == "tex" ? "s32" : "f32", has("a1d") && name == "tex" ? 2 : count);
    }
    if (name == "suld" || name == "sust" || name == "sured") return parted("surface", "b32", has("3d") || has("a2d") ? 4 : coordinates());
    const bool tensor = has("tensor");
    const bool map_first = has("prefetch") || (has("tensor") && (has("bulk_group")));
    if (tensor && position == (map_first ? 0u : 1u))
      return parted(reg("b64"), "b32", coordinates() + (has("tile::gather4") || has("tile::scatter4") ? 3 : 0));
    if (name == "tcgen05" && !has("alloc") && !has("commit")) return "[" + reg("b32") + "]";
    return "[" + reg("b64") + "]";
  }

  std::string constant(const OperandForm& form, unsigned position) const {
    if (form.length) return std::to_string(form.length);
    if (opcode == Opcode::Cp && !has("wait_group")) return "16";
    if (opcode == Opcode::Setmaxnreg) return "32";
    if (opcode == Opcode::Alloca) return "8";
    if (opcode == Opcode::Wgmma) return has("sp") && position == 4 ? "0" : "1";
    return "0";
  }

  /// Of a vector whose length the form leaves open.
  unsigned open_length() const {
    if (has("im2col")) return coordinates() - 2;
    if (has("im2col::w") || has("im2col::w::128")) return 2;
    if (opcode == Opcode::Tcgen05) return has("cta_group::2") ? 8 : 4;
    if (opcode == Opcode::Tex || opcode == Opcode::Tld4) {
      if (has("1d") || has("a1d")) return 1;
      return has("2d") || has("a2d") || has("2dms") || has("a2dms") ? 2 : 4;
    }
    return 2;
  }

  std::string operand(const OperandForm& form, uint16_t kind, unsigned position) {
    Type want = Type::None;
    switch (form.source) {
      case TypeSource::Unchecked: break;
      case TypeSource::Word0: want = type(0); break;
      case TypeSource::Word1: want = type(1); break;
      case TypeSource::Word2: want = type(2); break;
      case TypeSource::Word3: want = type(3); break;
      case TypeSource::Fixed: want = form.type; break;
      case TypeSource::Wide: want = wide_of(type(0), true); break;
      case TypeSource::Narrow: want = wide_of(type(0), false); break;
    }
    const std::string name = register_type(want, form.at_least);
    const unsigned count = form.length == kLengthOfWords ? length() : form.length ? form.length : open_length();
    switch (kind) {
      case kD:
      case kA: return reg(name);
      case kP: return reg("pred");
      case kQ: return (form.kinds & kV ? list(name, count) : reg(form.source == TypeSource::Unchecked ? "b32" : name)) + "|" + reg("pred");
      case kM: return address(position);
      case kV: return list(name, count);
      case kI: return constant(form, position);
      case kS: return "_";
      case kL: return "label";
      case kN: return "variable";
      case kF: return "function";
      default: return reg(name);
    }
  }

  /// mov of a vector: halves.
  std::string halves() { return list("b" + std::to_string(info(type(0)).bits() / 2), 2); }
};

}  // namespace

std::vector<Instance> instances_of(Opcode opcode, const Form& form) {
  std::vector<Instance> instances;
  const std::span<const Slot> slots = slots_of(form);
  const std::span<const OperandForm> operands = operands_of(form);
  // choice: slot -> word, or the number of its words for none of them; kinds: operand -> one of its kinds.
  auto write = [&](const std::vector<size_t>& choice, std::vector<uint16_t> kinds) {
    Writer writer{.opcode = opcode, .mods = {}};
    std::string text(word(opcode));
    for (size_t i = 0; i < slots.size(); ++i) {
      if (choice[i] == slots[i].words) continue;
      writer.mods.push_back(words_of(slots[i])[choice[i]]);
      (text += '.') += word(writer.mods.back());
    }
    // Where the words ask for a vector, a single register is none, and the other way round.
    for (size_t i = 0; i < operands.size(); ++i) {
      if (operands[i].length == kLengthOfWords && operands[i].kinds & (kD | kA) && writer.length() > 1) kinds[i] = kV;
    }
    if (opcode == Opcode::Call) {
      instances.push_back({text + (operands.size() > 3 ? " %b64_0, prototype;" : " function;"), form.line});
      return;
    }
    const bool packs = opcode == Opcode::Mov && writer.length() == 1 && operands[0].kinds & kV;
    for (unsigned i = 0; i < operands.size(); ++i) {
      text += i ? ", " : " ";
      if (opcode == Opcode::Brx && i == 1)
        text += "targets";
      else if (packs)
        text += kinds[i] == kV ? writer.halves() : writer.reg("b" + std::to_string(info(writer.type(0)).bits()));
      else
        text += writer.operand(operands[i], kinds[i], i);
    }
    const bool hint = writer.has("L2::cache_hint"),
               elsewhere = writer.has("const") || writer.has("local") || writer.has("param") || writer.has("param::entry") ||
                           writer.has("param::func") || writer.has("shared") || writer.has("shared::cta") || writer.has("shared::cluster");
    const bool of_memory = opcode == Opcode::Ld || opcode == Opcode::St || opcode == Opcode::Atom || opcode == Opcode::Red;
    if (!hint || !elsewhere || !of_memory) instances.push_back({text + ";", form.line});
  };
  std::vector<size_t> choice;
  for (const Slot& slot : slots) choice.push_back(slot.optional ? slot.words : 0);
  std::vector<uint16_t> kinds;
  for (const OperandForm& operand : operands) kinds.push_back(static_cast<uint16_t>(operand.kinds & -operand.kinds));
  write(choice, kinds);
  for (size_t i = 0; i < slots.size(); ++i) {
    for (size_t word = 0; word < slots[i].words; ++word) {
      if (word == choice[i]) continue;
      std::vector<size_t> other = choice;
      other[i] = word;
      write(other, kinds);
    }
  }
  for (size_t i = 0; i < operands.size(); ++i) {
    for (uint16_t kind = 1; kind <= kS; kind = static_cast<uint16_t>(kind << 1)) {
      if (!(operands[i].kinds & kind) || kind == kinds[i]) continue;
      std::vector<uint16_t> other = kinds;
      other[i] = kind;
      write(choice, other);
    }
  }
  return instances;
}

std::string module_of(const std::vector<Instance>& instances, const std::string& target, unsigned& first_line) {
  std::string text = ".version 9.0\n.target " + target +
                     "\n.address_size 64\n"
                     ".global .texref texture;\n.global .surfref surface;\n"
                     ".global .b64 variable;\n.func function() { ret; }\n.entry instances() {\n";
  for (const char* type :
       {"pred", "b8", "b16", "b32", "b64", "b128", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "f16", "f32", "f64"})
    text += std::string(".reg .") + type + " %" + type + "_<300>;\n";
  text += "label:\ntargets: .branchtargets label;\nprototype: .callprototype _ ();\n";
  first_line = static_cast<unsigned>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const Instance& instance : instances) text += instance.text + "\n";
  return text + "ret;\n}\n";
}

}  // namespace anywarp::ptx
