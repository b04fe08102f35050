// The export rules of the United States for advanced computing chips, as predicates on a chip's figures. What they say is a reading of
// the rules for engineers who compare designs, and no legal advice.
#pragma once

#include "device/chip.h"

#include <chrono>
#include <span>

namespace anywarp::device {

using Date = std::chrono::year_month_day;

/// "2023-11-17". Errors: INVALID_VALUE for another form, and for a day that no calendar has.
Result<Date> parse_date(std::string_view text);
std::string text_of(Date date);
Date today();

/// What a predicate gives when the model may lack a figure.
enum class Truth : uint8_t { No, Yes, Unknown };

/// The figures that rules are about. Performance is dense: no rate with sparsity enters.
struct ExportFigures {
  std::optional<double> tpp;           // total processing performance: TOPS x bit length, the maximum over formats
  std::string type;                    // of the format that gives it: "fp8", "int8", ...
  std::optional<double> pd;            // performance density: tpp / area of the logic dies
  double io_gb_s_at_least = 0;         // all links, both directions; those of them that are known
  bool io_complete = false;            // all of them are known
  std::optional<double> dram_gb_s;
  std::optional<bool> data_center;
  std::optional<double> hbm_density;   // GB/s/mm2 of a stack of HBM that is sold alone
  bool hbm_alone = false;
};
ExportFigures export_figures(const Chip& chip);

/// The chip's peak rates as rules see them: operations by second times the bit length of the operation.
constexpr const char* sparsity = "dense";

struct ExportRule {
  const char* id;        // "3A090.a"
  const char* version;   // of the rule's text: "2023"
  const char* citation;  // "88 FR 73458"
  Date from, until;      // in force on from <= day < until
  Confidence confidence;
  const char* text;      // the predicate in words
  bool is_review;        // not a control: how licences for what is controlled are decided
  Truth (*applies)(const ExportFigures&);

  /// "3A090.a (version 2023, from 2023-11-17: 88 FR 73458)"
  std::string name() const;
};

/// All rules, by the date from which they are in force; the strictest first among those of one day.
std::span<const ExportRule> export_rules();

struct ExportClass {
  ExportFigures figures;
  /// The id of the control that applies, "none", or "unknown" when a figure that decides it is missing.
  std::string name;
  /// The name of the rule that applies; for "none" and "unknown", of those that do not or may; empty when none is in force.
  std::string rule;
  /// What else holds for a chip that is controlled: how licences are reviewed, which exception to look at. May be empty.
  std::string remark;
  std::vector<std::string> missing;  // fields of the model without which a rule in force cannot be decided
  std::vector<std::pair<const ExportRule*, Truth>> verdicts;  // of every rule in force
};

/// The class of a chip under the rules in force on a day.
ExportClass classify(const Chip& chip, Date date);

/// To be shown beside every class.
extern const char* const export_notice;

}  // namespace anywarp::device
