#include "toolchain/fatbinary.h"

#include "toolchain/object_file.h"

#include <gtest/gtest.h>

#include <elf.h>
#include <cstring>

namespace anywarp::toolchain {
namespace {

std::vector<Image> some_images() {
  Image ptx, arch_specific, bitcode;
  ptx.arch = "75";
  ptx.name = "a.cu";
  ptx.bytes = ".version 8.7\n.target sm_75\n";
  arch_specific.arch = "90a";
  arch_specific.bytes = ".version 8.0\n.target sm_90a\n";
  bitcode.kind = ImageKind::Bitcode;
  bitcode.arch = "80";
  bitcode.bytes = std::string("BC\xC0\xDE\0\0\0\1", 8);
  return {ptx, arch_specific, bitcode};
}

TEST(Fatbinary, WhatIsWrittenIsRead) {
  const std::string bytes = write_fatbin(some_images());
  // The container's words, as NVIDIA's tools write them.
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x50\xED\x55\xBA\x01\x00\x10\x00", 8));
  uint64_t size;
  memcpy(&size, bytes.data() + 8, 8);
  EXPECT_EQ(size, bytes.size() - 16);
  // Two containers and the zeros that a linker puts between them.
  Result<std::vector<Image>> images = read_fatbins(bytes + std::string(8, '\0') + bytes);
  ASSERT_TRUE(images) << images.error().text();
  ASSERT_EQ(images->size(), 6u);
  for (size_t i = 0; i < 6; i++) {
    const Image expected = some_images()[i % 3];
    EXPECT_EQ((*images)[i].kind, expected.kind);
    EXPECT_EQ((*images)[i].arch, expected.arch);
    EXPECT_EQ((*images)[i].name, expected.name);
    EXPECT_EQ((*images)[i].bytes, expected.bytes);
  }
}

TEST(Fatbinary, DamageIsNoticedOrHarmless) {
  const std::string bytes = write_fatbin(some_images());
  // Whatever is cut off or altered: an error or images, never an access beyond the end (which ASan would see).
  for (size_t size = 0; size < bytes.size(); size++) (void)read_fatbins(std::string(bytes.data(), size));
  for (size_t at = 0; at < 200; at++) {
    for (unsigned char value : {0x00, 0x7f, 0xff}) {
      std::string altered = bytes;
      altered[at] = static_cast<char>(value);
      (void)read_fatbins(altered);
    }
  }
  EXPECT_FALSE(read_fatbins("something else, long enough"));
  EXPECT_FALSE(read_fatbins(bytes.substr(0, 100)));
}

/// An ELF file with these sections.
std::string elf_with(const std::vector<std::pair<std::string, std::string>>& sections) {
  std::string names(1, '\0'), body;
  std::vector<Elf64_Shdr> table(1);
  auto add = [&](const std::string& name, const std::string& contents) {
    Elf64_Shdr header = {};
    header.sh_name = static_cast<Elf64_Word>(names.size());
    header.sh_type = SHT_PROGBITS;
    header.sh_offset = sizeof(Elf64_Ehdr) + body.size();
    header.sh_size = contents.size();
    names += name + '\0';
    body += contents;
    table.push_back(header);
  };
  for (const auto& [name, contents] : sections) add(name, contents);
  add(".shstrtab", "");
  table.back().sh_offset = sizeof(Elf64_Ehdr) + body.size();
  table.back().sh_size = names.size();
  body += names;
  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_shoff = sizeof header + body.size();
  header.e_shnum = static_cast<Elf64_Half>(table.size());
  header.e_shstrndx = static_cast<Elf64_Half>(table.size() - 1);
  std::string out(reinterpret_cast<const char*>(&header), sizeof header);
  return out + body + std::string(reinterpret_cast<const char*>(table.data()), table.size() * sizeof(Elf64_Shdr));
}

std::string archive_of(const std::string& name, const std::string& contents) {
  char header[61];
  snprintf(header, sizeof header, "%-16s%-12d%-6d%-6d%-8d%-10zu`\n", (name + "/").c_str(), 0, 0, 0, 644, contents.size());
  return "!<arch>\n" + std::string(header) + contents + (contents.size() % 2 ? "\n" : "");
}

TEST(ObjectFile, SectionsAreFound) {
  const std::string ids = std::string("_first\0\0\0\0\0\0\0\0\0\0_second\0", 24);
  const std::string elf =
      elf_with({{".text", "code"}, {".nv_fatbin", "complete"}, {"__nv_relfatbin", "relocatable"}, {"__nv_module_id", ids}});
  auto check = [](const Result<std::vector<DeviceObject>>& objects, const std::string& name) {
    ASSERT_TRUE(objects) << objects.error().text();
    ASSERT_EQ(objects->size(), 1u);
    EXPECT_EQ((*objects)[0].name, name);
    EXPECT_EQ((*objects)[0].fatbins, "complete");
    EXPECT_EQ((*objects)[0].relocatable, "relocatable");
    EXPECT_EQ((*objects)[0].module_ids, (std::vector<std::string>{"_first", "_second"}));
  };
  check(device_objects(elf, "a.o"), "a.o");
  check(device_objects(archive_of("a.o", elf), "x.a"), "x.a(a.o)");
  Result<std::vector<DeviceObject>> none = device_objects(elf_with({{".text", "code"}}), "a.o");
  EXPECT_TRUE(none && none->empty());
  none = device_objects("INPUT(libx.so.1)", "libx.so");
  EXPECT_TRUE(none && none->empty());
}

TEST(ObjectFile, DamageIsNoticedOrHarmless) {
  const std::string elf = elf_with({{".nv_fatbin", "complete"}, {"__nv_module_id", "no end"}});
  for (size_t size = 0; size < elf.size(); size++) (void)device_objects(std::string(elf.data(), size), "a.o");
  for (size_t at = 0; at < elf.size(); at++) {
    std::string altered = elf;
    altered[at] = '\xff';
    (void)device_objects(altered, "a.o");
  }
  const std::string archive = archive_of("a.o", elf);
  for (size_t size = 8; size < archive.size(); size++) (void)device_objects(std::string(archive.data(), size), "x.a");
  EXPECT_FALSE(device_objects(elf.substr(0, 40), "a.o"));
  EXPECT_FALSE(device_objects(archive.substr(0, archive.size() - 20), "x.a"));
}

}  // namespace
}  // namespace anywarp::toolchain
