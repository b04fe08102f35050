// Chip models: what is known of an accelerator that CUDA programs are written for, each figure with its source and confidence.
// A model is a TOML file; chip_fields.def is its schema, models/ has those that come with Anywarp.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace anywarp::device {

/// High: two sources agree. Medium: one source, or computed. Low: press, an estimate, or in dispute.
enum class Confidence : uint8_t { Low, Medium, High };
const char* name_of(Confidence confidence);

using Text = std::string;
using Count = uint64_t;
using Number = double;
using Flag = bool;
/// "2024" or "2024-11".
struct Month {
  std::string text;
};

/// One field of a model. A field that the file does not have is empty.
template <class T>
struct Figure {
  std::optional<T> value;
  std::string source;
  Confidence confidence = Confidence::Low;

  explicit operator bool() const { return value.has_value(); }
  const T& operator*() const { return *value; }
};

struct FieldInfo {
  const char* name;
  const char* type;
  const char* unit;  // "" for none
  double least, most;
  const char* description;
};

struct Chip {
  std::string name, vendor, note;
  std::vector<std::string> aliases;
  std::string file;  // where it was read from, as errors name it
#define AW_CHIP_FIELD(name, type, unit, least, most, description) Figure<type> name;
#include "device/chip_fields.def"
#undef AW_CHIP_FIELD
};

/// Calls visit(FieldInfo, Figure<T>&) for each field, in the order of the schema. `chip` is a Chip, const or not.
template <class SomeChip, class Visit>
void for_each_field(SomeChip& chip, Visit&& visit) {
#define AW_CHIP_FIELD(name, type, unit, least, most, description) visit(FieldInfo{#name, #type, unit, least, most, description}, chip.name);
#include "device/chip_fields.def"
#undef AW_CHIP_FIELD
}

/// A chip's name as names are compared: in lower case, without '-', '_' and ' '.
std::string folded_name(std::string_view name);

/// A model from its text. Errors: INVALID_VALUE, with "file:line:column" as place and the field in the message.
Result<Chip> parse_chip(std::string_view text, const std::string& file);

/// A model from a file. Errors: FILE_NOT_FOUND when it cannot be read, else as parse_chip.
Result<Chip> load_chip(const std::string& path);

/// The models that come with Anywarp, sorted by vendor, launch and name. They are part of the program: no file is read.
Result<std::vector<Chip>> known_chips();

/// A known chip by name or alias (letter case and '-', '_', ' ' do not matter), or a user's file when `name` ends in .toml or has a '/'.
/// Errors: INVALID_VALUE for a name that is not known, with the nearest one; else as load_chip.
Result<Chip> find_chip(const std::string& name);

/// The compute capability that `arch` states: sm_90 and sm_90a are {9, 0}. Empty for other architectures.
std::optional<std::pair<int, int>> compute_capability(const Chip& chip);

}  // namespace anywarp::device
