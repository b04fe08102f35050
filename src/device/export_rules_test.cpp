// The expected values are published: TPP and PD of chips, and which rule caught which of them.
#include "device/export_rules.h"

#include <gtest/gtest.h>

namespace anywarp::device {
namespace {

Date day(const char* text) {
  const Result<Date> date = parse_date(text);
  EXPECT_TRUE(date) << text;
  return date ? *date : Date();
}

Chip known(const char* name) {
  Result<Chip> chip = find_chip(name);
  if (chip) return *chip;
  ADD_FAILURE() << chip.error().text();
  return {};
}

Chip plan(const std::string& fields) {
  Result<Chip> chip = parse_chip("name = \"plan\"\nvendor = \"us\"\nsource = \"a plan\"\nconfidence = \"low\"\n" + fields, "plan.toml");
  if (chip) return *chip;
  ADD_FAILURE() << chip.error().text();
  return {};
}

/// What the rule of 2023 says of a chip with these figures.
std::string class_of(double tpp, double pd, bool data_center = true) {
  return classify(plan("fp16_tflops = " + std::to_string(tpp / 16) + "\ndie_mm2 = " + std::to_string(tpp / pd) +
                       "\ndata_center = " + (data_center ? "true\n" : "false\n")),
                  day("2023-11-17"))
      .name;
}

TEST(ExportRules, PublishedValues) {
  const struct {
    const char* chip;
    double tpp, pd, pd_unit;
    const char* in_2023;
  } expected[] = {
      {"H100-SXM", 15832, 19.45, 0.01, "3A090.a"}, {"H100-PCIe", 12104, 14.9, 0.1, "3A090.a"},
      {"A100", 4992, 6.04, 0.01, "3A090.a"},       {"H20", 2368, 2.91, 0.01, "none"},
      {"L20", 1912, 3.14, 0.01, "none"},           {"L2", 1544, 5.24, 0.01, "none"},
      {"RTX-4090", 5285, 8.68, 0.01, "3A090.a"},   {"RTX-4090D", 4707, 7.74, 0.01, "none"},
      {"BR100", 16384, 15.3, 0.1, "3A090.a"},      {"Hanguang-800", 6600, 9.31, 0.01, "3A090.a"},
      {"MI300X", 20919, 8.7, 0.1, "3A090.a"},
  };
  for (const auto& row : expected) {
    const ExportClass is = classify(known(row.chip), day("2023-12-01"));
    ASSERT_TRUE(is.figures.tpp && is.figures.pd) << row.chip;
    EXPECT_NEAR(*is.figures.tpp, row.tpp, 0.5) << row.chip;
    EXPECT_NEAR(*is.figures.pd, row.pd, row.pd_unit / 2 + 1e-9) << row.chip;
    EXPECT_EQ(is.name, row.in_2023) << row.chip;
  }
}

TEST(ExportRules, FollowTheDate) {
  const Chip h20 = known("H20"), a800 = known("A800"), a100 = known("A100");
  EXPECT_EQ(classify(a100, day("2022-10-06")).name, "none");
  EXPECT_EQ(classify(a100, day("2022-10-06")).rule, "");
  EXPECT_EQ(classify(a100, day("2022-10-07")).name, "3A090");
  EXPECT_EQ(classify(a800, day("2023-11-16")).name, "none") << "its links were cut for that";
  EXPECT_EQ(classify(a800, day("2023-11-17")).name, "3A090.a");
  EXPECT_EQ(classify(h20, day("2025-03-31")).name, "none");
  const ExportClass caught = classify(h20, day("2025-04-15"));
  EXPECT_EQ(caught.name, "letter");
  EXPECT_EQ(caught.rule, "letter (version 2025, from 2025-04-09: licence letters for H20 and MI308, as the press reports them)");
  EXPECT_EQ(caught.remark, "");
  EXPECT_NE(classify(h20, day("2026-01-15")).remark.find("case by case"), std::string::npos);
  EXPECT_NE(classify(known("H200"), day("2026-01-15")).remark.find("case by case"), std::string::npos);
  EXPECT_EQ(classify(known("B200"), day("2026-01-15")).remark, "");
  EXPECT_EQ(classify(known("L20"), day("2026-01-15")).name, "none");
}

TEST(ExportRules, TheRuleOf2022NeedsLinksAsWell) {
  const std::string fast = "fp16_tflops = 300\nhost_link_gb_s = 64\n";
  EXPECT_EQ(classify(plan(fast + "link_gb_s = 536\n"), day("2022-12-01")).name, "3A090");
  EXPECT_EQ(classify(plan(fast + "link_gb_s = 535\n"), day("2022-12-01")).name, "none");
  const ExportClass open = classify(plan(fast), day("2022-12-01"));
  EXPECT_EQ(open.name, "unknown");
  EXPECT_EQ(open.missing, std::vector<std::string>{"link_gb_s"});
  EXPECT_EQ(classify(plan("fp16_tflops = 299\n"), day("2022-12-01")).name, "none") << "4784 is too little, whatever the links are";
  EXPECT_EQ(classify(plan("fp16_tflops = 300\nlink_gb_s = 600\n"), day("2022-12-01")).name, "3A090") << "other links can only add";
}

TEST(ExportRules, EdgesOf2023) {
  EXPECT_EQ(class_of(4800, 0.5), "3A090.a");
  EXPECT_EQ(class_of(4799, 1.59), "none");
  EXPECT_EQ(class_of(4799, 1.61), "3A090.b");
  EXPECT_EQ(class_of(2400, 1.61), "3A090.b");
  EXPECT_EQ(class_of(2399, 1.61), "none");
  EXPECT_EQ(class_of(2399, 3.19), "none");
  EXPECT_EQ(class_of(2399, 3.21), "3A090.b");
  EXPECT_EQ(class_of(1600, 3.21), "3A090.b");
  EXPECT_EQ(class_of(1600, 5.93), "3A090.a");
  EXPECT_EQ(class_of(1600, 5.91), "3A090.b");
  EXPECT_EQ(class_of(1599, 100), "none");
  EXPECT_EQ(class_of(4799, 7, false), "none") << "note 2";
  EXPECT_EQ(class_of(4800, 7, false), "3A090.a");
}

TEST(ExportRules, WhatIsMissingIsNamedWhereItDecides) {
  const ExportClass by_area = classify(plan("fp16_tflops = 128\ndata_center = true\n"), day("2023-12-01"));
  EXPECT_EQ(by_area.name, "unknown");
  EXPECT_EQ(by_area.missing, std::vector<std::string>{"die_mm2"});
  EXPECT_EQ(classify(plan("fp16_tflops = 314\ndata_center = true\n"), day("2023-12-01")).name, "3A090.a")
      << "from 4800 on the area is of no matter";
  EXPECT_EQ(classify(plan("fp16_tflops = 99\n"), day("2023-12-01")).name, "none") << "nor is it below 1600";
  EXPECT_EQ(classify(plan(""), day("2023-12-01")).name, "unknown");
  EXPECT_EQ(classify(plan("fp16_tflops = 200\ndie_mm2 = 100\n"), day("2023-12-01")).missing, std::vector<std::string>{"data_center"});
}

TEST(ExportRules, TheMaximumOverFormatsCounts) {
  EXPECT_EQ(export_figures(plan("fp16_tflops = 100\nfp8_tflops = 150\n")).type, "fp16");
  EXPECT_EQ(export_figures(plan("fp16_tflops = 100\nfp8_tflops = 150\nfp64_tflops = 30\n")).type, "fp64");
  EXPECT_EQ(*export_figures(plan("tf32_tflops = 100\n")).tpp, 1900);
  EXPECT_FALSE(export_figures(plan("")).tpp);
}

TEST(ExportRules, MemoryAlone) {
  const std::string stack = "hbm_alone = true\nmemory_gb_s = 300\n";
  EXPECT_EQ(classify(plan(stack + "hbm_mm2 = 110\n"), day("2024-12-02")).name, "3A090.c");
  EXPECT_EQ(classify(plan(stack + "hbm_mm2 = 110\n"), day("2024-12-01")).name, "none");
  EXPECT_EQ(classify(plan(stack + "hbm_mm2 = 150\n"), day("2024-12-02")).name, "none") << "2 is not more than 2";
  EXPECT_EQ(classify(plan(stack), day("2024-12-02")).missing, std::vector<std::string>{"hbm_mm2"});
}

TEST(ExportRules, Letters) {
  const auto of = [](const std::string& fields) {
    return classify(plan("fp16_tflops = 10\nhost_link_gb_s = 64\n" + fields), day("2025-05-01")).name;
  };
  EXPECT_EQ(of("memory_gb_s = 1400\n"), "letter");
  EXPECT_EQ(of("memory_gb_s = 1399\nlink_gb_s = 0\n"), "none");
  EXPECT_EQ(of("memory_gb_s = 1399\nlink_gb_s = 237\n"), "letter");
  EXPECT_EQ(of("memory_gb_s = 600\nlink_gb_s = 1036\n"), "letter");
  EXPECT_EQ(of("memory_gb_s = 600\nlink_gb_s = 1035\n"), "none");
  EXPECT_EQ(of("memory_gb_s = 600\n"), "unknown");
}

TEST(ExportRules, TableIsInOrderAndCited) {
  Date before{};
  for (const ExportRule& rule : export_rules()) {
    EXPECT_TRUE(rule.from.ok() && rule.until.ok() && rule.from < rule.until) << rule.id;
    EXPECT_LE(before, rule.from) << rule.id;
    before = rule.from;
    for (const char* text : {rule.id, rule.version, rule.citation, rule.text}) EXPECT_GT(std::string(text).size(), 0u) << rule.id;
  }
}

TEST(Dates, AreOneForm) {
  EXPECT_EQ(text_of(day("2024-02-29")), "2024-02-29");
  for (const char* bad : {"", "2023", "2023-11", "2023-11-1", "2023-11-017", "17.11.2023", "2023-1a-01", "-023-11-17", "yesterday"})
    EXPECT_EQ(parse_date(bad).error().message, "'" + std::string(bad) + "' is no date; it is written YYYY-MM-DD, as in 2023-11-17");
  for (const char* bad : {"2023-02-29", "2023-13-01", "2023-00-10", "2023-04-31"})
    EXPECT_EQ(parse_date(bad).error().message, "there is no day '" + std::string(bad) + "' in the calendar");
  EXPECT_TRUE(today().ok());
}

}  // namespace
}  // namespace anywarp::device
