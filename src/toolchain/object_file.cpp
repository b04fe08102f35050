// clang puts device code into sections of the host object:
//
//   .nv_fatbin        containers of fatbinary.h, one after the other, complete
//   __nv_relfatbin    the same with relocatable code
//   __nv_module_id    one C string a module, which ends __cudaRegisterLinkedBinary<id>; each begins at a multiple of 32
//
// Only as much of ELF and of ar's format is read as finding these takes; every offset is checked against the file's size,
// for the files come from anywhere.
#include "toolchain/object_file.h"

#include "toolchain/process.h"

#include <elf.h>
#include <cstring>

namespace anywarp::toolchain {

namespace {

Error damaged(const std::string& name, const char* what) { return {CUDA_ERROR_INVALID_IMAGE, "'" + name + "' is damaged: " + what, {}}; }

/// The `count` bytes at `offset`, or nothing when the file ends before.
std::string_view slice(std::string_view bytes, uint64_t offset, uint64_t count) {
  if (offset > bytes.size() || count > bytes.size() - offset) return {};
  return bytes.substr(offset, count);
}

template <class T>
bool read(std::string_view bytes, uint64_t offset, T& out) {
  std::string_view part = slice(bytes, offset, sizeof out);
  if (part.empty()) return false;
  memcpy(&out, part.data(), sizeof out);
  return true;
}

Result<> read_elf(std::string_view bytes, const std::string& name, std::vector<DeviceObject>& found) {
  Elf64_Ehdr header;
  if (!read(bytes, 0, header)) return damaged(name, "its ELF header is cut off");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shoff == 0) return {};
  auto section = [&](unsigned index, Elf64_Shdr& out) { return read(bytes, header.e_shoff + uint64_t{index} * sizeof out, out); };
  Elf64_Shdr names;
  if (!section(header.e_shstrndx, names)) return damaged(name, "its section table goes beyond the end");
  std::string_view all_names = slice(bytes, names.sh_offset, names.sh_size);
  DeviceObject object;
  object.name = name;
  for (unsigned i = 0; i < header.e_shnum; i++) {
    Elf64_Shdr at;
    if (!section(i, at)) return damaged(name, "its section table goes beyond the end");
    if (at.sh_name >= all_names.size() || at.sh_type == SHT_NOBITS) continue;
    std::string_view section_name = all_names.substr(at.sh_name);
    section_name = section_name.substr(0, section_name.find('\0'));
    bool complete = section_name == ".nv_fatbin", relocatable = section_name == "__nv_relfatbin", ids = section_name == "__nv_module_id";
    if (!complete && !relocatable && !ids) continue;
    std::string_view contents = slice(bytes, at.sh_offset, at.sh_size);
    if (contents.size() != at.sh_size) return damaged(name, "a section goes beyond the end");
    if (complete) object.fatbins += contents;
    if (relocatable) object.relocatable += contents;
    while (ids && !contents.empty()) {
      size_t end = contents.find('\0');
      std::string_view id = contents.substr(0, end);
      if (!id.empty()) object.module_ids.emplace_back(id);
      contents = end == contents.npos ? std::string_view() : contents.substr(std::min(end + 1, contents.size()));
    }
  }
  if (!object.fatbins.empty() || !object.relocatable.empty()) found.push_back(std::move(object));
  return {};
}

/// "123   " of an ar header.
bool decimal(std::string_view field, uint64_t& value) {
  value = 0;
  bool any = false;
  for (char c : field) {
    if (c == ' ') break;
    if (c < '0' || c > '9') return false;
    value = value * 10 + unsigned(c - '0');
    any = true;
  }
  return any;
}

Result<> read_archive(std::string_view bytes, const std::string& name, std::vector<DeviceObject>& found) {
  constexpr size_t header_size = 60;
  std::string_view long_names;
  for (uint64_t at = 8; at + header_size <= bytes.size();) {
    std::string_view header = bytes.substr(at, header_size);
    uint64_t size;
    if (!decimal(header.substr(48, 10), size) || header.substr(58) != "`\n") return damaged(name, "a member's header makes no sense");
    std::string_view contents = slice(bytes, at + header_size, size);
    if (contents.size() != size) return damaged(name, "a member goes beyond the end");
    std::string_view title = header.substr(0, 16);
    title = title.substr(0, title.find_last_not_of(' ') + 1);
    if (title == "//") {
      long_names = contents;
    } else if (contents.starts_with(ELFMAG)) {
      if (uint64_t offset; title.starts_with('/') && decimal(title.substr(1), offset) && offset < long_names.size())
        title = long_names.substr(offset, long_names.find('\n', offset) - offset);
      if (title.ends_with('/')) title.remove_suffix(1);
      AW_TRY(read_elf(contents, name + "(" + std::string(title) + ")", found));
    }
    at += header_size + size + size % 2;
  }
  return {};
}

}  // namespace

Result<std::vector<DeviceObject>> device_objects(std::string_view bytes, const std::string& name) {
  std::vector<DeviceObject> found;
  if (bytes.starts_with(ELFMAG)) {
    AW_TRY(read_elf(bytes, name, found));
  } else if (bytes.starts_with("!<arch>\n")) {
    AW_TRY(read_archive(bytes, name, found));
  }
  return found;
}

Result<std::vector<DeviceObject>> device_objects_of(const std::string& path) {
  AW_ASSIGN(std::string bytes, read_file(path));
  return device_objects(bytes, path);
}

}  // namespace anywarp::toolchain
