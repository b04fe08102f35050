// Three views of the models: all in a table, one with everything that is known of it, two beside each other; each as text or as JSON.
// A figure that a model lacks is '-' in text and null in JSON. In tables, '~' stands behind a figure of low confidence.
#include "toolchain/chips.h"

#include "base/spelling.h"
#include "device/chip.h"
#include "device/export_rules.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

namespace anywarp::toolchain {

namespace {

using device::Chip;
using device::ExportClass;
using device::FieldInfo;
using device::Figure;
using device::Truth;
using Json = nlohmann::ordered_json;

const char help_text[] =
    "usage: anywarp chips [--date YYYY-MM-DD] [--json] [NAME | FILE.toml]...\n"
    "       anywarp chips [--date YYYY-MM-DD] [--json] --compare A B\n\n"
    "Shows the chip models: a table of all, or every figure of those that are named, with its source and confidence.\n\n"
    "  --compare A B       two chips beside each other, and the ratio of their figures\n"
    "  --date YYYY-MM-DD   export classes by the rules in force on that day; otherwise today's\n"
    "  --chip NAME,...     the same as NAME; a file of your own has a name that ends in .toml, or a '/' in it\n"
    "  --json              the same as JSON, for programs\n\n"
    "Rates are dense. A '~' stands behind figures of low confidence, a '-' in place of those that are not known.\n";

struct Request {
  std::vector<std::string> names;
  bool json = false, compare = false, help = false;
  std::optional<device::Date> date;
};

Result<Request> parse_request(const std::vector<std::string>& words) {
  Request request;
  const auto wrong = [](const std::string& message) { return Error{CUDA_ERROR_INVALID_VALUE, message, ""}; };
  bool options = true;
  for (size_t i = 0; i < words.size(); i++) {
    std::string word = words[i], value;
    if (!options || !word.starts_with('-') || word == "-") {
      request.names.push_back(word);
      continue;
    }
    const size_t equals = word.find('=');
    const bool joined = equals != std::string::npos;
    if (joined) {
      value = word.substr(equals + 1);
      word.resize(equals);
    }
    if (word == "--date" || word == "--chip") {
      if (!joined && i + 1 == words.size())
        return wrong(word + " needs a value" + (word == "--date" ? ", as in --date 2023-11-17" : ", as in --chip H20"));
      if (!joined) value = words[++i];
      if (word == "--date") {
        AW_ASSIGN(request.date, device::parse_date(value));
        continue;
      }
      for (size_t begin = 0; begin <= value.size();) {
        const size_t end = std::min(value.find(',', begin), value.size());
        request.names.push_back(value.substr(begin, end - begin));
        begin = end + 1;
      }
      continue;
    }
    if (joined) return wrong("there is no option '" + word + "' that takes a value");
    if (word == "--") {
      options = false;
    } else if (word == "--json") {
      request.json = true;
    } else if (word == "--compare") {
      request.compare = true;
    } else if (word == "--help" || word == "-h") {
      request.help = true;
    } else {
      const std::string close = nearest(word, {"--json", "--compare", "--date", "--chip", "--help"});
      return wrong("unknown option '" + word + "'" + (close.empty() ? "" : "; did you mean '" + close + "'?"));
    }
  }
  if (request.compare && request.names.size() != 2 && !request.help)
    return wrong("--compare needs two chips, yet " + std::to_string(request.names.size()) + (request.names.size() == 1 ? " was" : " were") +
                 " named");
  return request;
}

// --- a figure as text and as JSON -----------------------------------------------------------------------------------
std::string text_of(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.10g", value);
  return text;
}
std::string text_of(const std::string& value) { return value; }
std::string text_of(uint64_t value) { return std::to_string(value); }
std::string text_of(bool value) { return value ? "yes" : "no"; }
std::string text_of(const device::Month& value) { return value.text; }

template <class T>
Json json_of(const T& value) {
  return value;
}
Json json_of(const device::Month& value) { return value.text; }
/// 78.0 is 78 in JSON: what is whole in the file stays whole.
Json json_of(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return int64_t(value);
  return value;
}

std::optional<double> number_of(double value) { return value; }
std::optional<double> number_of(uint64_t value) { return double(value); }
template <class T>
std::optional<double> number_of(const T&) {
  return std::nullopt;
}

std::string rounded(double value, int digits) {
  char text[32];
  snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

template <class T>
std::string cell(const Figure<T>& figure) {
  if (!figure) return "-";
  return text_of(*figure) + (figure.confidence == device::Confidence::Low ? "~" : "");
}

/// The class with the words that a reader needs to see what was asked: type and sparsity.
std::string tpp_text(const ExportClass& export_class) {
  if (!export_class.figures.tpp) return "not known: no rate of any format is";
  return rounded(*export_class.figures.tpp, 0) + "  (" + export_class.figures.type + ", " + device::sparsity + ")";
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// --- JSON -----------------------------------------------------------------------------------------------------------
Json export_json(const ExportClass& export_class, device::Date date) {
  const auto number = [](const std::optional<double>& value, double scale) {
    return value ? json_of(std::round(*value * scale) / scale) : Json();
  };
  Json json;
  json["tpp"] = number(export_class.figures.tpp, 1);
  json["pd"] = number(export_class.figures.pd, 100);
  json["class"] = export_class.name;
  json["rule"] = export_class.rule.empty() ? Json() : Json(export_class.rule);
  json["date"] = device::text_of(date);
  json["type"] = export_class.figures.tpp ? Json(export_class.figures.type) : Json();
  json["sparsity"] = device::sparsity;
  json["remark"] = export_class.remark.empty() ? Json() : Json(export_class.remark);
  json["missing"] = export_class.missing;
  return json;
}

Json chip_json(const Chip& chip, device::Date date, bool sources) {
  Json json;
  json["name"] = chip.name;
  json["vendor"] = chip.vendor;
  json["aliases"] = chip.aliases;
  Json figures = Json::object();
  device::for_each_field(chip, [&](const FieldInfo& info, const auto& figure) {
    json[info.name] = figure ? json_of(*figure) : Json();
    if (!figure) return;
    figures[info.name] = {
        {"value", json_of(*figure)}, {"unit", info.unit}, {"source", figure.source}, {"confidence", name_of(figure.confidence)}};
  });
  json["note"] = chip.note.empty() ? Json() : Json(chip.note);
  if (sources) json["figures"] = figures;
  json["export"] = export_json(classify(chip, date), date);
  return json;
}

/// For each field that both chips have as a number: the second divided by the first.
Json ratios(const Chip& a, const Chip& b) {
  std::vector<std::pair<const char*, std::optional<double>>> first;
  device::for_each_field(
      a, [&](const FieldInfo& info, const auto& figure) { first.emplace_back(info.name, figure ? number_of(*figure) : std::nullopt); });
  Json json = Json::object();
  size_t at = 0;
  device::for_each_field(b, [&](const FieldInfo&, const auto& figure) {
    const auto& [name, denominator] = first[at++];
    const std::optional<double> numerator = figure ? number_of(*figure) : std::nullopt;
    if (numerator && denominator && *denominator != 0) json[name] = std::round(*numerator / *denominator * 1e4) / 1e4;
  });
  return json;
}

// --- text -----------------------------------------------------------------------------------------------------------
using Row = std::vector<std::string>;

/// Columns as wide as they must be; `left` of them begin at their left edge, the others are numbers.
void print_rows(const std::vector<Row>& rows, size_t left) {
  std::vector<size_t> widths;
  for (const Row& row : rows)
    for (size_t i = 0; i < row.size(); i++) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); i++) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      line += (i == 0 ? "" : "  ") + (i < left ? row[i] + padding : padding + row[i]);
    }
    line.resize(line.find_last_not_of(' ') + 1);
    puts(line.c_str());
  }
}

void print_footer(device::Date date) {
  printf("\nRates are dense, TPP too. Export classes by the rules in force on %s.\n%s\n", device::text_of(date).c_str(),
         device::export_notice);
}

void print_table(const std::vector<Chip>& chips, device::Date date) {
  std::vector<Row> rows{{"chip", "vendor", "arch", "type", "class", "SMs", "fp64", "fp32", "fp16", "fp8", "int8", "GB", "GB/s", "link", "W",
                         "mm2", "TPP", "PD"}};
  for (const Chip& chip : chips) {
    const ExportClass export_class = classify(chip, date);
    const auto number = [](const std::optional<double>& value, int digits) { return value ? rounded(*value, digits) : std::string("-"); };
    rows.push_back({chip.name, chip.vendor, cell(chip.arch), export_class.figures.tpp ? export_class.figures.type : "-", export_class.name,
                    cell(chip.sm_count), cell(chip.fp64_tflops), cell(chip.fp32_tflops), cell(chip.fp16_tflops), cell(chip.fp8_tflops),
                    cell(chip.int8_tops), cell(chip.memory_gb), cell(chip.memory_gb_s), cell(chip.link_gb_s), cell(chip.tdp_w),
                    cell(chip.die_mm2), number(export_class.figures.tpp, 0), number(export_class.figures.pd, 2)});
  }
  print_rows(rows, 5);
  printf(
      "\nTFLOPS and TOPS; link: between chips, GB/s in both directions; type: the format that gives the TPP. ~: low confidence, -: not "
      "known.");
  print_footer(date);
}

const char* word_of(Truth truth) { return truth == Truth::Yes ? "yes" : truth == Truth::No ? "no" : "unknown"; }

void print_export(const ExportClass& export_class, device::Date date) {
  printf("\nExport, by the rules in force on %s\n", device::text_of(date).c_str());
  std::vector<Row> rows{{"  TPP", tpp_text(export_class)},
                        {"  PD", export_class.figures.pd ? rounded(*export_class.figures.pd, 2) + "  (TPP / die_mm2)" : "not known"},
                        {"  class", export_class.name},
                        {"  rule", export_class.rule.empty() ? "none was in force" : export_class.rule}};
  if (!export_class.remark.empty()) rows.push_back({"  remark", export_class.remark});
  if (!export_class.missing.empty()) rows.push_back({"  missing", joined(export_class.missing)});
  print_rows(rows, 2);
  rows.clear();
  for (const auto& [rule, truth] : export_class.verdicts)
    rows.push_back({"  " + rule->name(), word_of(truth),
                    std::string(rule->text) + (rule->confidence == device::Confidence::Low ? " (confidence low)" : "")});
  if (!rows.empty()) puts("");
  print_rows(rows, 3);
}

void print_chip(const Chip& chip, device::Date date) {
  printf("%s, %s\n", chip.name.c_str(), chip.vendor.c_str());
  if (!chip.aliases.empty()) printf("  also called %s\n", joined(chip.aliases).c_str());
  if (!chip.note.empty()) printf("  note: %s\n", chip.note.c_str());
  puts("");
  std::vector<Row> rows{{"  figure", "value", "unit", "confidence", "source"}};
  Row unknown;
  device::for_each_field(chip, [&](const FieldInfo& info, const auto& figure) {
    if (figure)
      rows.push_back({std::string("  ") + info.name, text_of(*figure), info.unit, name_of(figure.confidence), figure.source});
    else if (std::string_view(info.name).substr(0, 3) != "hbm")
      unknown.emplace_back(info.name);
  });
  print_rows(rows, 5);
  if (!unknown.empty()) printf("\n  not known: %s\n", joined(unknown).c_str());
  print_export(classify(chip, date), date);
}

void print_comparison(const Chip& a, const Chip& b, device::Date date) {
  std::vector<Row> rows{{"", "", a.name, b.name, "ratio"}};
  const Json ratio = ratios(a, b);
  std::vector<std::string> first;
  device::for_each_field(a, [&](const FieldInfo&, const auto& figure) { first.push_back(cell(figure)); });
  size_t at = 0;
  device::for_each_field(b, [&](const FieldInfo& info, const auto& figure) {
    const std::string left = first[at++], right = cell(figure);
    if (left == "-" && right == "-") return;
    rows.push_back({info.name, info.unit, left, right, ratio.contains(info.name) ? rounded(ratio[info.name].get<double>(), 2) : ""});
  });
  const ExportClass classes[] = {classify(a, date), classify(b, date)};
  const auto both = [&](const char* name, auto text) { rows.push_back({name, "", text(classes[0]), text(classes[1]), ""}); };
  both("TPP", [](const ExportClass& one) { return one.figures.tpp ? rounded(*one.figures.tpp, 0) : "-"; });
  both("TPP is of", [](const ExportClass& one) { return one.figures.tpp ? one.figures.type + " " + device::sparsity : "-"; });
  both("PD", [](const ExportClass& one) { return one.figures.pd ? rounded(*one.figures.pd, 2) : "-"; });
  both("class", [](const ExportClass& one) { return one.name; });
  print_rows(rows, 2);
  printf("\nratio: %s divided by %s. ~: low confidence, -: not known.", b.name.c_str(), a.name.c_str());
  print_footer(date);
}

int show(const Request& request, const std::vector<Chip>& chips) {
  const device::Date date = request.date.value_or(device::today());
  if (request.json) {
    Json json;
    json["chips"] = Json::array();
    for (const Chip& chip : chips) json["chips"].push_back(chip_json(chip, date, !request.names.empty()));
    if (request.compare) json["ratio"] = ratios(chips[0], chips[1]);
    json["notice"] = device::export_notice;
    puts(json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  } else if (request.compare) {
    print_comparison(chips[0], chips[1], date);
  } else if (request.names.empty()) {
    print_table(chips, date);
  } else {
    for (size_t i = 0; i < chips.size(); i++) {
      if (i > 0) puts("");
      print_chip(chips[i], date);
    }
    printf("\n%s\n", device::export_notice);
  }
  if (fflush(stdout) == 0) return 0;
  perror("anywarp chips: the output cannot be written");
  return 1;
}

}  // namespace

int chips_main(const std::vector<std::string>& arguments) {
  const auto complain = [](const Error& error) {
    fprintf(stderr, "anywarp chips: %s\n", error.text().c_str());
    return 2;
  };
  Result<Request> request = parse_request(arguments);
  if (!request) return complain(request.error());
  if (request->help) {
    fputs(help_text, stdout);
    return 0;
  }
  std::vector<Chip> chips;
  if (request->names.empty()) {
    Result<std::vector<Chip>> known = device::known_chips();
    if (!known) return complain(known.error());
    chips = std::move(*known);
  }
  for (const std::string& name : request->names) {
    Result<Chip> chip = device::find_chip(name);
    if (!chip) return complain(chip.error());
    chips.push_back(std::move(*chip));
  }
  return show(*request, chips);
}

}  // namespace anywarp::toolchain
