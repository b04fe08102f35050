// Each rule is one row of a table: when it is in force, where it stands, what it says, and the same as a predicate. A new rule is a new
// row; a rule that is amended gets an end and a new row, so that `--date` keeps answering for days gone by.
//
// Most models lack some figure. A predicate is therefore Yes, No or Unknown, and Unknown only when the missing figure decides: a chip of
// 5024 TPP is 3A090.a whatever its area.
//
// TPP is 2 x MacTOPS x bit length of the operation. A multiplication and the addition after it are two operations in the rates of data
// sheets, so TPP is a rate of the data sheet times the bit length, which is that of the widest input of the multiplication: 19 for tf32,
// whose inputs are 19 bits wide. The maximum over formats counts, aggregated over all dies of the package. Rates with sparsity do not
// count.
#include "device/export_rules.h"

#include <algorithm>
#include <cstdio>

namespace anywarp::device {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::year;

constexpr Date on(int y, unsigned m, unsigned d) { return {year(y), month(m), day(d)}; }
constexpr Date open_end = on(9999, 12, 31);

Truth truth(bool value) { return value ? Truth::Yes : Truth::No; }

Truth all_of(std::initializer_list<Truth> parts) {
  if (std::find(parts.begin(), parts.end(), Truth::No) != parts.end()) return Truth::No;
  return std::find(parts.begin(), parts.end(), Truth::Unknown) != parts.end() ? Truth::Unknown : Truth::Yes;
}

Truth any_of(std::initializer_list<Truth> parts) {
  if (std::find(parts.begin(), parts.end(), Truth::Yes) != parts.end()) return Truth::Yes;
  return std::find(parts.begin(), parts.end(), Truth::Unknown) != parts.end() ? Truth::Unknown : Truth::No;
}

Truth negation(Truth part) { return part == Truth::Unknown ? part : truth(part == Truth::No); }

Truth at_least(const std::optional<double>& value, double limit) { return value ? truth(*value >= limit) : Truth::Unknown; }
Truth below(const std::optional<double>& value, double limit) { return negation(at_least(value, limit)); }
Truth within(const std::optional<double>& value, double least, double limit) {
  return all_of({at_least(value, least), below(value, limit)});
}

/// Links that are known may already be enough.
Truth io_at_least(const ExportFigures& chip, double limit, double more = 0) {
  if (chip.io_gb_s_at_least + more >= limit) return Truth::Yes;
  return chip.io_complete ? Truth::No : Truth::Unknown;
}

/// Note 2 to 3A090: not designed or marketed for data centres, and below 4800 TPP.
Truth exempt_by_note_2(const ExportFigures& chip) {
  const Truth data_center = chip.data_center ? truth(*chip.data_center) : Truth::Unknown;
  return all_of({negation(data_center), below(chip.tpp, 4800)});
}

Truth is_chip(const ExportFigures& chip) { return truth(!chip.hbm_alone); }

Truth rule_of_2022(const ExportFigures& chip) { return all_of({is_chip(chip), io_at_least(chip, 600), at_least(chip.tpp, 4800)}); }

Truth rule_a_of_2023(const ExportFigures& chip) {
  const Truth dense_or_fast = any_of({at_least(chip.tpp, 4800), all_of({at_least(chip.tpp, 1600), at_least(chip.pd, 5.92)})});
  return all_of({is_chip(chip), negation(exempt_by_note_2(chip)), dense_or_fast});
}

Truth rule_b_of_2023(const ExportFigures& chip) {
  const Truth middling = all_of({within(chip.tpp, 2400, 4800), within(chip.pd, 1.6, 5.92)});
  const Truth dense = all_of({at_least(chip.tpp, 1600), within(chip.pd, 3.2, 5.92)});
  // From 4800 TPP on it is 3A090.a.
  return all_of({is_chip(chip), negation(exempt_by_note_2(chip)), below(chip.tpp, 4800), any_of({middling, dense})});
}

Truth rule_c_of_2024(const ExportFigures& chip) {
  if (!chip.hbm_alone) return Truth::No;
  return chip.hbm_density ? truth(*chip.hbm_density > 2) : Truth::Unknown;
}

Truth letters_of_2025(const ExportFigures& chip) {
  const Truth sum = chip.dram_gb_s                          ? io_at_least(chip, 1700, *chip.dram_gb_s)
                    : io_at_least(chip, 1700) == Truth::Yes ? Truth::Yes
                                                            : Truth::Unknown;
  return all_of({is_chip(chip), any_of({at_least(chip.dram_gb_s, 1400), io_at_least(chip, 1100), sum})});
}

Truth review_of_2026(const ExportFigures& chip) { return all_of({below(chip.tpp, 21000), below(chip.dram_gb_s, 6500)}); }

const ExportRule rules[] = {
    {"3A090", "2022", "87 FR 62186", on(2022, 10, 7), on(2023, 11, 17), Confidence::High,
     "aggregate bidirectional I/O >= 600 GB/s and bit length x TOPS >= 4800", false, rule_of_2022},
    {"3A090.a", "2023", "88 FR 73458", on(2023, 11, 17), open_end, Confidence::High,
     "TPP >= 4800, or TPP >= 1600 and PD >= 5.92; not if neither designed nor marketed for data centres and TPP < 4800", false,
     rule_a_of_2023},
    {"3A090.b", "2023", "88 FR 73458", on(2023, 11, 17), open_end, Confidence::High,
     "2400 <= TPP < 4800 and 1.6 <= PD < 5.92, or TPP >= 1600 and 3.2 <= PD < 5.92; not if neither designed nor marketed for data centres",
     false, rule_b_of_2023},
    {"3A090.c", "2024", "89 FR 96790", on(2024, 12, 2), open_end, Confidence::High,
     "HBM with more than 2 GB/s/mm2, unless it shares a package with dominant logic", false, rule_c_of_2024},
    {"letter", "2025", "licence letters for H20 and MI308, as the press reports them", on(2025, 4, 9), open_end, Confidence::Low,
     "DRAM >= 1400 GB/s, or I/O >= 1100 GB/s, or their sum >= 1700 GB/s", false, letters_of_2025},
    {"case by case", "2026", "91 FR 1684", on(2026, 1, 15), open_end, Confidence::High,
     "licences are reviewed case by case where TPP < 21000 and total DRAM bandwidth < 6500 GB/s", true, review_of_2026},
};

/// The fields without which a figure is not known.
std::vector<std::string> missing_fields(const Chip& chip, const ExportFigures& figures) {
  std::vector<std::string> fields;
  if (!figures.tpp) fields.insert(fields.end(), {"fp16_tflops", "fp8_tflops", "int8_tops"});
  if (!chip.die_mm2) fields.emplace_back("die_mm2");
  if (!chip.link_gb_s) fields.emplace_back("link_gb_s");
  if (!chip.host_link_gb_s) fields.emplace_back("host_link_gb_s");
  if (!figures.dram_gb_s) fields.emplace_back("memory_gb_s");
  if (!figures.data_center) fields.emplace_back("data_center");
  if (figures.hbm_alone && !chip.hbm_mm2) fields.emplace_back("hbm_mm2");
  return fields;
}

/// A copy of the chip in which one field is known, for asking whether a rule's verdict hangs on it: no value, then every extreme.
bool decides(const ExportRule& rule, const ExportFigures& figures, const std::string& field) {
  const auto with = [&](double value) {
    ExportFigures known = figures;
    if (field == "die_mm2") known.pd = value;
    if (field == "link_gb_s" || field == "host_link_gb_s") known.io_gb_s_at_least += value, known.io_complete = true;
    if (field == "memory_gb_s") known.dram_gb_s = value;
    if (field == "data_center") known.data_center = value > 0;
    if (field == "hbm_mm2") known.hbm_density = value;
    if (field.ends_with("ops") || field.ends_with("flops")) known.tpp = value;
    return rule.applies(known);
  };
  return with(0) != Truth::Unknown || with(1e9) != Truth::Unknown;
}

}  // namespace

const char* const export_notice =
    "This is no legal advice: export classes are computed from the figures above by a reading of the rules for engineers. Who makes a "
    "chip, "
    "and who sends it where, is not looked at.";

Result<Date> parse_date(std::string_view text) {
  int parts[3] = {0, 0, 0}, part = 0;
  bool well_formed = text.size() == 10 && text[4] == '-' && text[7] == '-';
  for (size_t i = 0; well_formed && i < text.size(); i++) {
    if (i == 4 || i == 7) {
      part++;
    } else if (text[i] < '0' || text[i] > '9') {
      well_formed = false;
    } else {
      parts[part] = parts[part] * 10 + (text[i] - '0');
    }
  }
  if (!well_formed)
    return Error{CUDA_ERROR_INVALID_VALUE, "'" + std::string(text) + "' is no date; it is written YYYY-MM-DD, as in 2023-11-17", ""};
  const Date date = on(parts[0], unsigned(parts[1]), unsigned(parts[2]));
  if (!date.ok()) return Error{CUDA_ERROR_INVALID_VALUE, "there is no day '" + std::string(text) + "' in the calendar", ""};
  return date;
}

std::string text_of(Date date) {
  char text[32];
  snprintf(text, sizeof text, "%04d-%02u-%02u", int(date.year()), unsigned(date.month()), unsigned(date.day()));
  return text;
}

Date today() { return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()); }

std::string ExportRule::name() const {
  return std::string(id) + " (version " + version + ", from " + text_of(from) + ": " + citation + ")";
}

std::span<const ExportRule> export_rules() { return rules; }

ExportFigures export_figures(const Chip& chip) {
  ExportFigures figures;
  const struct {
    const char* type;
    double bits;
    const Figure<Number>& rate;
  } formats[] = {{"fp8", 8, chip.fp8_tflops},    {"int8", 8, chip.int8_tops},    {"fp16", 16, chip.fp16_tflops},
                 {"tf32", 19, chip.tf32_tflops}, {"fp32", 32, chip.fp32_tflops}, {"fp64", 64, chip.fp64_tflops}};
  for (const auto& format : formats) {
    if (!format.rate || (figures.tpp && *format.rate * format.bits <= *figures.tpp)) continue;
    figures.tpp = *format.rate * format.bits;
    figures.type = format.type;
  }
  if (figures.tpp && chip.die_mm2) figures.pd = *figures.tpp / *chip.die_mm2;
  figures.io_gb_s_at_least = chip.link_gb_s.value.value_or(0) + chip.host_link_gb_s.value.value_or(0);
  figures.io_complete = chip.link_gb_s && chip.host_link_gb_s;
  figures.dram_gb_s = chip.memory_gb_s.value;
  if (chip.memory_type && *chip.memory_type == "none") figures.dram_gb_s = 0;
  figures.data_center = chip.data_center.value;
  figures.hbm_alone = chip.hbm_alone.value.value_or(false);
  if (figures.hbm_alone && chip.memory_gb_s && chip.hbm_mm2) figures.hbm_density = *chip.memory_gb_s / *chip.hbm_mm2;
  return figures;
}

ExportClass classify(const Chip& chip, Date date) {
  ExportClass out;
  out.figures = export_figures(chip);
  const std::vector<std::string> missing = missing_fields(chip, out.figures);
  const ExportRule* control = nullptr;
  std::string passed, open;
  Truth case_by_case = Truth::No;
  const auto append = [](std::string& list, const ExportRule& rule) { list += (list.empty() ? "" : ", ") + rule.name(); };
  for (const ExportRule& rule : rules) {
    if (date < rule.from || date >= rule.until) continue;
    const Truth verdict = rule.applies(out.figures);
    out.verdicts.emplace_back(&rule, verdict);
    if (rule.is_review) {
      case_by_case = verdict;
      continue;
    }
    if (verdict == Truth::Yes && !control) control = &rule;
    if (verdict == Truth::No) append(passed, rule);
    if (verdict != Truth::Unknown) continue;
    append(open, rule);
    for (const std::string& field : missing)
      if (decides(rule, out.figures, field) && std::find(out.missing.begin(), out.missing.end(), field) == out.missing.end())
        out.missing.push_back(field);
  }
  if (control) {
    out.name = control->id;
    out.rule = control->name();
    if (case_by_case == Truth::Yes) out.remark = "licences are reviewed case by case";
    if (out.figures.data_center == false && date >= on(2023, 11, 17))
      out.remark += std::string(out.remark.empty() ? "" : "; ") + "not for data centres: see licence exception NAC";
  } else if (!open.empty()) {
    out.name = "unknown";
    out.rule = open;
  } else {
    out.name = "none";
    out.rule = passed;
  }
  return out;
}

}  // namespace anywarp::device
