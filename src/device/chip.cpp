// A model's file has a few keys of its own (name, aliases, vendor, note) and then the fields of chip_fields.def, each as
//
//     sm_count = { value = 78, source = "where it is from", confidence = "medium" }
//
// A plan for a chip has one source for everything; it may set `source` and `confidence` once, at the top, and write `sm_count = 78`.
// What is written is checked here, in whole, before anything sees the model: a figure that is misspelt, of the wrong type or far from
// anything possible would otherwise become a wrong prediction. Errors name file, line, column and field.
#include "device/chip.h"

#include "base/spelling.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <tuple>

namespace anywarp::device {

// models/*.toml as text; written by embed_models.cmake.
struct EmbeddedModel {
  const char* file;
  const char* text;
};
const EmbeddedModel embedded_models[] = {
#include "device/embedded_models.inc"
};

namespace {

constexpr size_t most_bytes = size_t(1) << 20;

std::string number_text(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.12g", value);
  return text;
}

std::string type_text(toml::node_type type) {
  switch (type) {
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number with a fraction";
    case toml::node_type::boolean: return "true or false";
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    default: return "a date or a time";
  }
}

bool is_month(std::string_view text) {
  const auto digits = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (text.size() != 4 && text.size() != 7) return false;
  if (!digits(text.substr(0, 4))) return false;
  if (text.size() == 4) return true;
  const std::string_view month = text.substr(5);
  return text[4] == '-' && digits(month) && month >= "01" && month <= "12";
}

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  Result<Chip> read(const toml::table& root) {
    Chip chip;
    chip.file = file_;
    AW_TRY(known_keys(root));
    AW_ASSIGN(chip.name, text_of(root, "name", true));
    AW_ASSIGN(chip.vendor, text_of(root, "vendor", true));
    AW_ASSIGN(chip.note, text_of(root, "note", false));
    AW_ASSIGN(source_, text_of(root, "source", false));
    if (const toml::node* confidence = root.get("confidence")) {
      AW_ASSIGN(confidence_, confidence_of("confidence", *confidence));
    }
    AW_TRY(aliases_of(root, chip));
    Result<> state;
    for_each_field(chip, [&](const FieldInfo& info, auto& figure) {
      if (!state) return;
      if (const toml::node* node = root.get(info.name)) state = read_figure(info, *node, figure);
    });
    if (!state) return state.take_error();
    return chip;
  }

 private:
  Error wrong(const toml::source_region& where, const std::string& message) const {
    std::string place = file_;
    if (where.begin.line != 0) place += ":" + std::to_string(where.begin.line) + ":" + std::to_string(where.begin.column);
    return {CUDA_ERROR_INVALID_VALUE, message, place};
  }

  Error wrong(const toml::node& node, const std::string& message) const { return wrong(node.source(), message); }

  Result<> known_keys(const toml::table& root) const {
    std::vector<std::string> names{"name", "aliases", "vendor", "note", "source", "confidence"};
    Chip none;
    for_each_field(none, [&](const FieldInfo& info, const auto&) { names.emplace_back(info.name); });
    return known_keys(root, names, "the schema of chips has no field");
  }

  Result<> known_keys(const toml::table& table, const std::vector<std::string>& names, const std::string& complaint) const {
    for (const auto& [key, node] : table) {
      if (std::find(names.begin(), names.end(), key.str()) != names.end()) continue;
      const std::string close = nearest(key.str(), names);
      return wrong(key.source(),
                   complaint + " '" + std::string(key.str()) + "'" + (close.empty() ? "" : "; did you mean '" + close + "'?"));
    }
    return {};
  }

  Result<std::string> text_of(const toml::table& root, const char* key, bool required) const {
    const toml::node* node = root.get(key);
    if (!node) {
      if (required)
        return Error{CUDA_ERROR_INVALID_VALUE, std::string("a chip needs the key '") + key + "', which is missing", file_ + ":1"};
      return std::string();
    }
    return text_of(key, *node);
  }

  Result<std::string> text_of(const std::string& field, const toml::node& node) const {
    const auto* text = node.as_string();
    if (!text) return wrong(node, field + " must be a string, not " + type_text(node.type()));
    if (text->get().find_first_not_of(" \t\n") == std::string::npos) return wrong(node, field + " is empty");
    return text->get();
  }

  Result<Confidence> confidence_of(const std::string& field, const toml::node& node) const {
    AW_ASSIGN(const std::string word, text_of(field, node));
    for (const Confidence confidence : {Confidence::Low, Confidence::Medium, Confidence::High})
      if (word == name_of(confidence)) return confidence;
    return wrong(node, field + " is '" + word + "', but must be high, medium or low");
  }

  Result<> aliases_of(const toml::table& root, Chip& chip) const {
    const toml::node* node = root.get("aliases");
    if (!node) return {};
    const toml::array* array = node->as_array();
    if (!array) return wrong(*node, "aliases must be an array of strings, not " + type_text(node->type()));
    for (const toml::node& element : *array) {
      AW_ASSIGN(std::string alias, text_of("each of aliases", element));
      chip.aliases.push_back(std::move(alias));
    }
    return {};
  }

  template <class T>
  Result<> read_figure(const FieldInfo& info, const toml::node& node, Figure<T>& figure) const {
    const std::string field = info.name;
    const toml::node* value = &node;
    const toml::node *source = nullptr, *confidence = nullptr;
    if (const toml::table* table = node.as_table()) {
      AW_TRY(known_keys(*table, {"value", "source", "confidence"}, field + " has value, source and confidence, but no"));
      value = table->get("value");
      source = table->get("source");
      confidence = table->get("confidence");
      if (!value) return wrong(node, field + " has no value; a figure that is not known is left out of the file as a whole");
    }
    Result<T> read = read_value(info, *value, T());
    if (!read) return read.take_error();
    figure.value = std::move(*read);

    figure.source = source_;
    if (source) {
      AW_ASSIGN(figure.source, text_of(field + ".source", *source));
    }
    if (figure.source.empty()) return wrong(node, field + " has no source, and the file has none for all fields");
    if (confidence) {
      AW_ASSIGN(figure.confidence, confidence_of(field + ".confidence", *confidence));
    } else if (confidence_) {
      figure.confidence = *confidence_;
    } else {
      return wrong(node, field + " has no confidence, and the file has none for all fields");
    }
    return {};
  }

  Result<double> bounded(const FieldInfo& info, const toml::node& node, double value) const {
    if (value >= info.least && value <= info.most) return value;
    return wrong(node, std::string(info.name) + " is " + number_text(value) + ", but must be from " + number_text(info.least) + " to " +
                           number_text(info.most) + (*info.unit ? std::string(" ") + info.unit : std::string()));
  }

  Result<Text> read_value(const FieldInfo& info, const toml::node& node, Text) const { return text_of(info.name, node); }

  Result<Count> read_value(const FieldInfo& info, const toml::node& node, Count) const {
    const auto* number = node.as_integer();
    if (!number) return wrong(node, std::string(info.name) + " must be a whole number, not " + type_text(node.type()));
    AW_TRY(bounded(info, node, double(number->get())));
    return Count(number->get());
  }

  Result<Number> read_value(const FieldInfo& info, const toml::node& node, Number) const {
    if (const auto* whole = node.as_integer()) return bounded(info, node, double(whole->get()));
    const auto* number = node.as_floating_point();
    if (!number) return wrong(node, std::string(info.name) + " must be a number, not " + type_text(node.type()));
    return bounded(info, node, number->get());
  }

  Result<Flag> read_value(const FieldInfo& info, const toml::node& node, Flag) const {
    const auto* flag = node.as_boolean();
    if (!flag) return wrong(node, std::string(info.name) + " must be true or false, not " + type_text(node.type()));
    return flag->get();
  }

  Result<Month> read_value(const FieldInfo& info, const toml::node& node, const Month&) const {
    AW_ASSIGN(std::string text, text_of(info.name, node));
    if (!is_month(text)) return wrong(node, std::string(info.name) + " is '" + text + "', but must be YYYY or YYYY-MM");
    return Month{std::move(text)};
  }

  const std::string& file_;
  std::string source_;                     // for fields that have none of their own
  std::optional<Confidence> confidence_;
};

}  // namespace

const char* name_of(Confidence confidence) {
  switch (confidence) {
    case Confidence::Low: return "low";
    case Confidence::Medium: return "medium";
    case Confidence::High: return "high";
  }
  return "low";
}

std::string folded_name(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (c != '-' && c != '_' && c != ' ') out += char(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

Result<Chip> parse_chip(std::string_view text, const std::string& file) {
  const toml::parse_result parsed = toml::parse(text, file);
  if (!parsed) {
    const toml::source_position at = parsed.error().source().begin;
    return Error{CUDA_ERROR_INVALID_VALUE, "this is no TOML: " + std::string(parsed.error().description()),
                 file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column)};
  }
  return Reader(file).read(parsed.table());
}

Result<Chip> load_chip(const std::string& path) {
  const auto unreadable = [&](const std::string& why) {
    return Error{CUDA_ERROR_FILE_NOT_FOUND, "the chip's file cannot be read: " + why, path};
  };
  const std::unique_ptr<FILE, int (*)(FILE*)> file(fopen(path.c_str(), "re"), fclose);
  if (!file) return unreadable(strerror(errno));
  struct stat status{};
  if (fstat(fileno(file.get()), &status) == 0 && S_ISDIR(status.st_mode)) return unreadable("it is a directory");
  std::string text(most_bytes + 1, '\0');
  text.resize(fread(text.data(), 1, text.size(), file.get()));
  if (ferror(file.get())) return unreadable(strerror(errno));
  if (text.size() > most_bytes) return unreadable("it is longer than 1 MiB, which no chip's file is");
  return parse_chip(text, path);
}

Result<std::vector<Chip>> known_chips() {
  std::vector<Chip> chips;
  for (const EmbeddedModel& model : embedded_models) {
    AW_ASSIGN(Chip chip, parse_chip(model.text, model.file));
    chips.push_back(std::move(chip));
  }
  const auto key = [](const Chip& chip) {
    return std::tuple(chip.vendor, chip.launch ? chip.launch.value->text : std::string(), chip.name);
  };
  std::sort(chips.begin(), chips.end(), [&](const Chip& a, const Chip& b) { return key(a) < key(b); });
  return chips;
}

Result<Chip> find_chip(const std::string& name) {
  if (name.ends_with(".toml") || name.find('/') != std::string::npos) return load_chip(name);
  AW_ASSIGN(std::vector<Chip> chips, known_chips());
  std::vector<std::string> names;
  for (Chip& chip : chips) {
    names.push_back(chip.name);
    names.insert(names.end(), chip.aliases.begin(), chip.aliases.end());
    const auto same = [&](const std::string& other) { return folded_name(other) == folded_name(name); };
    if (same(chip.name) || std::any_of(chip.aliases.begin(), chip.aliases.end(), same)) return std::move(chip);
  }
  const std::string close = nearest(name, names);
  return Error{CUDA_ERROR_INVALID_VALUE,
               "no chip is called '" + name + "'; " +
                   (close.empty() ? "`anywarp chips` lists those that are known, and a file of your own is given by a name "
                                    "that ends in .toml"
                                  : "did you mean '" + close + "'?"),
               ""};
}

std::optional<std::pair<int, int>> compute_capability(const Chip& chip) {
  if (!chip.arch || !chip.arch.value->starts_with("sm_")) return std::nullopt;
  int number = 0, length = 0;
  if (sscanf(chip.arch.value->c_str() + 3, "%3d%n", &number, &length) != 1 || length < 2) return std::nullopt;
  return std::pair(number / 10, number % 10);
}

}  // namespace anywarp::device
