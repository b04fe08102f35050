#include "device/chip.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

namespace anywarp::device {
namespace {

namespace fs = std::filesystem;

const std::string head = "name = \"plan\"\nvendor = \"us\"\n";

Chip parsed(const std::string& text) {
  Result<Chip> chip = parse_chip(text, "my.toml");
  if (chip) return *chip;
  ADD_FAILURE() << chip.error().text();
  return {};
}

std::string error_of(const std::string& text) {
  const Result<Chip> chip = parse_chip(text, "my.toml");
  return chip ? "no error" : chip.error().text();
}

TEST(Chip, EveryFigureHasValueSourceAndConfidence) {
  const Chip chip = parsed(head +
                           "aliases = [\"p1\", \"P 2\"]\n"
                           "sm_count = { value = 78, source = \"a paper\", confidence = \"high\" }\n"
                           "[memory_gb_s]\nvalue = 4000.5\nsource = \"a rumour\"\nconfidence = \"low\"\n"
                           "[launch]\nvalue = \"2023-11\"\nsource = \"x\"\nconfidence = \"medium\"\n"
                           "[data_center]\nvalue = false\nsource = \"x\"\nconfidence = \"medium\"\n");
  EXPECT_EQ(chip.name, "plan");
  EXPECT_EQ(chip.vendor, "us");
  EXPECT_EQ(chip.aliases, (std::vector<std::string>{"p1", "P 2"}));
  EXPECT_EQ(*chip.sm_count, 78u);
  EXPECT_EQ(chip.sm_count.source, "a paper");
  EXPECT_EQ(chip.sm_count.confidence, Confidence::High);
  EXPECT_EQ(*chip.memory_gb_s, 4000.5);
  EXPECT_EQ(chip.memory_gb_s.confidence, Confidence::Low);
  EXPECT_EQ(chip.launch.value->text, "2023-11");
  EXPECT_EQ(*chip.data_center, false);
  EXPECT_FALSE(chip.fp64_tflops) << "what the file does not have stays empty";
}

TEST(Chip, APlanHasOneSourceForAll) {
  const Chip chip = parsed(head +
                           "source = \"our plan\"\nconfidence = \"low\"\nfp16_tflops = 148\n"
                           "die_mm2 = { value = 700, confidence = \"high\" }\n");
  EXPECT_EQ(*chip.fp16_tflops, 148);
  EXPECT_EQ(chip.fp16_tflops.source, "our plan");
  EXPECT_EQ(chip.fp16_tflops.confidence, Confidence::Low);
  EXPECT_EQ(chip.die_mm2.source, "our plan");
  EXPECT_EQ(chip.die_mm2.confidence, Confidence::High);
}

TEST(Chip, ErrorsNameFileLineAndField) {
  const auto with = [](const std::string& line) { return error_of(head + line + "\n"); };
  const std::string rest = ", source = \"s\", confidence = \"low\" }";
  EXPECT_EQ(error_of("vendor = \"us\"\n"), "my.toml:1: a chip needs the key 'name', which is missing");
  EXPECT_EQ(error_of("name = \"x\"\n"), "my.toml:1: a chip needs the key 'vendor', which is missing");
  EXPECT_EQ(error_of("name = 7\n"), "my.toml:1:8: name must be a string, not a whole number");
  EXPECT_EQ(with("sm_cuont = 3"), "my.toml:3:1: the schema of chips has no field 'sm_cuont'; did you mean 'sm_count'?");
  EXPECT_EQ(with("bananas = 3"), "my.toml:3:1: the schema of chips has no field 'bananas'");
  EXPECT_EQ(with("sm_count = { value = 1.5" + rest), "my.toml:3:22: sm_count must be a whole number, not a number with a fraction");
  EXPECT_EQ(with("sm_count = { value = 0" + rest), "my.toml:3:22: sm_count is 0, but must be from 1 to 100000");
  EXPECT_EQ(with("sm_count = { value = -3" + rest), "my.toml:3:22: sm_count is -3, but must be from 1 to 100000");
  EXPECT_EQ(with("tdp_w = { value = \"much\"" + rest), "my.toml:3:19: tdp_w must be a number, not a string");
  EXPECT_EQ(with("tdp_w = { value = nan" + rest), "my.toml:3:19: tdp_w is nan, but must be from 0 to 1000000 W");
  EXPECT_EQ(with("tdp_w = { value = -1" + rest), "my.toml:3:19: tdp_w is -1, but must be from 0 to 1000000 W");
  EXPECT_EQ(with("data_center = { value = 1" + rest), "my.toml:3:25: data_center must be true or false, not a whole number");
  EXPECT_EQ(with("launch = { value = \"2023-13\"" + rest), "my.toml:3:20: launch is '2023-13', but must be YYYY or YYYY-MM");
  EXPECT_EQ(with("node = { value = 7" + rest), "my.toml:3:18: node must be a string, not a whole number");
  EXPECT_EQ(with("node = { value = \" \"" + rest), "my.toml:3:18: node is empty");
  EXPECT_EQ(with("tdp_w = { source = \"s\", confidence = \"low\" }"),
            "my.toml:3:9: tdp_w has no value; a figure that is not known is left out of the file as a whole");
  EXPECT_EQ(with("tdp_w = { value = 1, confidence = \"low\" }"), "my.toml:3:9: tdp_w has no source, and the file has none for all fields");
  EXPECT_EQ(with("tdp_w = { value = 1, source = \"s\" }"), "my.toml:3:9: tdp_w has no confidence, and the file has none for all fields");
  EXPECT_EQ(with("tdp_w = { value = 1, source = \"s\", confidence = \"sure\" }"),
            "my.toml:3:49: tdp_w.confidence is 'sure', but must be high, medium or low");
  EXPECT_EQ(with("tdp_w = { value = 1, suorce = \"s\" }"),
            "my.toml:3:22: tdp_w has value, source and confidence, but no 'suorce'; did you mean 'source'?");
  EXPECT_EQ(with("aliases = \"x\""), "my.toml:3:11: aliases must be an array of strings, not a string");
  EXPECT_EQ(with("aliases = [1]"), "my.toml:3:12: each of aliases must be a string, not a whole number");
}

TEST(Chip, WhatIsNoTomlSaysWhere) {
  EXPECT_TRUE(error_of(head + "sm_count = = 3\n").starts_with("my.toml:3:")) << error_of(head + "sm_count = = 3\n");
  EXPECT_TRUE(error_of(head + "note = \"never ends\n").starts_with("my.toml:3:")) << error_of(head + "note = \"never ends\n");
  EXPECT_TRUE(error_of(head + "vendor = \"twice\"\n").starts_with("my.toml:3:")) << error_of(head + "vendor = \"twice\"\n");
  EXPECT_NE(error_of("\x7f\x45LF\x01\x02"), "no error");
  EXPECT_NE(error_of(""), "no error");
}

TEST(Chip, FilesThatCannotBeRead) {
  const fs::path folder = fs::temp_directory_path() / ("anywarp-chip-" + std::to_string(getpid()));
  fs::create_directories(folder);
  const auto error = [](const fs::path& path) {
    const Result<Chip> chip = load_chip(path.string());
    return chip ? "no error" : chip.error().text();
  };
  EXPECT_EQ(error(folder / "none.toml"), (folder / "none.toml").string() + ": the chip's file cannot be read: No such file or directory");
  EXPECT_EQ(error(folder), folder.string() + ": the chip's file cannot be read: it is a directory");
  std::ofstream(folder / "long.toml") << std::string(size_t(2) << 20, '#');
  EXPECT_NE(error(folder / "long.toml").find("longer than 1 MiB"), std::string::npos);
  std::ofstream(folder / "mine.toml") << head << "source = \"s\"\nconfidence = \"low\"\nsm_count = 4\n";
  const Result<Chip> mine = find_chip((folder / "mine.toml").string());
  ASSERT_TRUE(mine) << mine.error().text();
  EXPECT_EQ(*mine->sm_count, 4u);
  EXPECT_EQ(mine->file, (folder / "mine.toml").string());
  fs::remove_all(folder);
}

TEST(Chip, ModelsOfTheIssueAreKnown) {
  for (const char* name :
       {"A100",        "A800",  "H100-SXM", "H100-PCIe", "H800",         "H200",         "H20",        "B200",      "B300",
        "L20",         "L2",    "RTX 4090", "rtx4090d",  "MI300X",       "mi308x",       "MLU370-X4",  "MLU370-X8", "MLU590",
        "Enflame T20", "BR100", "Kunlun 2", "R200",      "Hanguang 800", "Ascend-910B1", "ascend_910c"}) {
    const Result<Chip> chip = find_chip(name);
    EXPECT_TRUE(chip) << (chip ? "" : chip.error().text());
  }
  const Result<Chip> h20 = find_chip("h20");
  ASSERT_TRUE(h20);
  EXPECT_EQ(h20->name, "H20-SXM5-96GB");
  EXPECT_EQ(*h20->sm_count, 78u);
  EXPECT_EQ(*find_chip("MI300X")->warp_size, 64u);
  EXPECT_FALSE(find_chip("Kunlun2-R200")->die_mm2) << "what was not found stays empty";
}

TEST(Chip, EveryModelInTheTreeIsEmbeddedAndNamedOnce) {
  const Result<std::vector<Chip>> chips = known_chips();
  ASSERT_TRUE(chips) << chips.error().text();
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(AW_CHIP_MODELS)) files += entry.path().extension() == ".toml";
  EXPECT_EQ(chips->size(), files);
  std::set<std::string> names;
  for (const Chip& chip : *chips) EXPECT_TRUE(names.insert(folded_name(chip.name)).second) << chip.name;
}

TEST(Chip, UnknownNamesGetASuggestion) {
  EXPECT_EQ(find_chip("H10O").error().message, "no chip is called 'H10O'; did you mean 'H100'?");
  EXPECT_NE(find_chip("bananas").error().message.find("`anywarp chips` lists"), std::string::npos);
  EXPECT_FALSE(find_chip(""));
}

TEST(Chip, ComputeCapability) {
  const auto of = [](const std::string& arch) {
    return compute_capability(parsed(head + "source = \"s\"\nconfidence = \"low\"\narch = \"" + arch + "\"\n"));
  };
  EXPECT_EQ(of("sm_90"), std::pair(9, 0));
  EXPECT_EQ(of("sm_90a"), std::pair(9, 0));
  EXPECT_EQ(of("sm_103"), std::pair(10, 3));
  EXPECT_EQ(of("gfx942"), std::nullopt);
  EXPECT_EQ(of("sm_"), std::nullopt);
}

}  // namespace
}  // namespace anywarp::device
