// The container, little-endian; every figure was read off what NVIDIA's tools write:
//
//   container  0 u32 0xBA55ED50   4 u16 version 1   6 u16 header size 16   8 u64 size of what follows
//   entry      0 u16 kind   2 u16 version 0x0101   4 u32 header size   8 u64 padded payload size   16 u32 compressed size
//              24/26 u16 minor, major PTX version   28 u32 sm   32/36 u32 name offset, length   40 u64 flags
//              56 u64 uncompressed size, then the name, then the payload
//
// PTX is stored as it is, with a zero after it, padded to 8 bytes.
#include "toolchain/fatbinary.h"

#include "ptx/fatbin.h"
#include "toolchain/arch.h"
#include "toolchain/process.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace anywarp::toolchain {

namespace {

constexpr uint32_t container_magic = 0xBA55ED50;
constexpr uint64_t flag_64_bit = 0x1, flag_linux = 0x10, flag_compressed = 0x2000 | 0x8000, flag_arch_specific = 0x100000,
                   flag_family = 0x200000;
constexpr size_t container_header = 16, entry_header = 64;

template <class T>
void put(std::string& out, size_t at, T value) {
  memcpy(out.data() + at, &value, sizeof value);
}

template <class T>
T get(std::string_view in, size_t at) {
  T value;
  memcpy(&value, in.data() + at, sizeof value);
  return value;
}

/// "8.7" of ".version 8.7"; 0 when there is none.
void ptx_version(std::string_view ptx, uint16_t& major, uint16_t& minor) {
  size_t at = ptx.find(".version");
  if (at == ptx.npos) return;
  unsigned a = 0, b = 0;
  std::string line(ptx.substr(at + 8, 32));
  if (sscanf(line.c_str(), " %u.%u", &a, &b) == 2) {
    major = static_cast<uint16_t>(a);
    minor = static_cast<uint16_t>(b);
  }
}

std::string entry(const Image& image) {
  std::string name = image.name;
  size_t name_space = (name.size() + 8) / 8 * 8;
  size_t header = entry_header + name_space;
  size_t payload = (image.bytes.size() + 1 + 7) / 8 * 8;
  std::string out(header + payload, '\0');
  uint64_t flags = flag_64_bit | flag_linux;
  if (image.arch.ends_with('a')) flags |= flag_arch_specific;
  if (image.arch.ends_with('f')) flags |= flag_family;
  uint16_t major = 0, minor = 0;
  if (image.kind == ImageKind::Ptx) ptx_version(image.bytes, major, minor);
  put<uint16_t>(out, 0, static_cast<uint16_t>(image.kind));
  put<uint16_t>(out, 2, 0x0101);
  put<uint32_t>(out, 4, static_cast<uint32_t>(header));
  put<uint64_t>(out, 8, payload);
  put<uint16_t>(out, 24, minor);
  put<uint16_t>(out, 26, major);
  put<uint32_t>(out, 28, static_cast<uint32_t>(arch_number(image.arch)));
  if (!name.empty()) {
    put<uint32_t>(out, 32, entry_header);
    put<uint32_t>(out, 36, static_cast<uint32_t>(name.size()));
  }
  put<uint64_t>(out, 40, flags);
  // The exact size of bitcode, whose reader does not take padding; for PTX nvcc writes 0 here when nothing is compressed.
  put<uint64_t>(out, 56, image.kind == ImageKind::Ptx ? 0 : image.bytes.size());
  memcpy(out.data() + entry_header, name.data(), name.size());
  memcpy(out.data() + header, image.bytes.data(), image.bytes.size());
  return out;
}

Error damaged(size_t offset, const char* what) {
  return {CUDA_ERROR_INVALID_IMAGE, "the fat binary is damaged at byte " + std::to_string(offset) + ": " + what, {}};
}

}  // namespace

std::string write_fatbin(std::span<const Image> images) {
  std::string out(container_header, '\0');
  for (const Image& image : images) out += entry(image);
  put<uint32_t>(out, 0, container_magic);
  put<uint16_t>(out, 4, 1);
  put<uint16_t>(out, 6, container_header);
  put<uint64_t>(out, 8, out.size() - container_header);
  return out;
}

Result<std::vector<Image>> read_fatbins(std::string_view bytes) {
  std::vector<Image> images;
  size_t at = 0;
  while (at + container_header <= bytes.size()) {
    if (get<uint32_t>(bytes, at) == 0) {  // alignment between the containers of several objects
      at += 4;
      continue;
    }
    if (get<uint32_t>(bytes, at) != container_magic) return damaged(at, "no container begins here");
    uint64_t size = get<uint64_t>(bytes, at + 8);
    if (size > bytes.size() - at - container_header) return damaged(at + 8, "the container's size goes beyond the end");
    size_t end = at + container_header + size;
    for (at += container_header; at + entry_header <= end;) {
      uint32_t header = get<uint32_t>(bytes, at + 4);
      uint64_t payload = get<uint64_t>(bytes, at + 8);
      if (header < entry_header || header > end - at || payload > end - at - header)
        return damaged(at, "an entry goes beyond its container");
      uint64_t flags = get<uint64_t>(bytes, at + 40);
      uint16_t kind = get<uint16_t>(bytes, at);
      bool ours = kind == static_cast<uint16_t>(ImageKind::Ptx) || kind == static_cast<uint16_t>(ImageKind::Bitcode);
      if (ours) {
        Image image;
        image.kind = static_cast<ImageKind>(kind);
        image.arch = std::to_string(get<uint32_t>(bytes, at + 28)) + (flags & flag_arch_specific ? "a" : flags & flag_family ? "f" : "");
        uint32_t name_at = get<uint32_t>(bytes, at + 32), name_size = get<uint32_t>(bytes, at + 36);
        if (name_at && name_at <= header && name_size <= header - name_at) image.name = bytes.substr(at + name_at, name_size);
        uint64_t exact = get<uint64_t>(bytes, at + 56);
        if (flags & flag_compressed) {  // by NVIDIA's tools; ours never do
          AW_ASSIGN(image.bytes, ptx::unpack(bytes.substr(at + header, payload), flags, get<uint32_t>(bytes, at + 16), exact));
        } else {
          image.bytes = bytes.substr(at + header, exact && exact <= payload ? exact : payload);
        }
        if (image.kind == ImageKind::Ptx) image.bytes.resize(strnlen(image.bytes.data(), image.bytes.size()));
        images.push_back(std::move(image));
      }
      at += header + payload;
    }
    at = end;
  }
  return images;
}

namespace {

/// One --image3=kind=ptx,sm=90,file=F, or --image=profile=compute_90,file=F.
Result<> add_image(std::string_view specification, std::vector<Image>& images) {
  std::string kind, file, arch;
  while (!specification.empty()) {
    size_t comma = specification.find(',');
    std::string_view field = specification.substr(0, comma);
    specification = comma == specification.npos ? std::string_view() : specification.substr(comma + 1);
    size_t equals = field.find('=');
    if (equals == field.npos) return Error{CUDA_ERROR_INVALID_VALUE, "an image takes name=value, not '" + std::string(field) + "'", {}};
    std::string_view name = field.substr(0, equals), value = field.substr(equals + 1);
    if (name == "kind")
      kind = value;
    else if (name == "file")
      file = value;
    else if (name == "sm" || name == "profile") {
      value = value.starts_with("compute_") ? value.substr(8) : value.starts_with("sm_") ? value.substr(3) : value;
      arch = value;
    }
  }
  AW_ASSIGN(std::string bytes, read_file(file));
  if (bytes.size() >= 4 && get<uint32_t>(bytes, 0) == container_magic) {
    // The `cubin` of our ptxas is itself a container with PTX. clang gives the PTX a second time as an image of its own.
    AW_ASSIGN(std::vector<Image> inner, read_fatbins(bytes));
    for (Image& image : inner) images.push_back(std::move(image));
    return {};
  }
  Image image;
  image.arch = arch;
  image.kind = bytes.starts_with("BC\xC0\xDE") ? ImageKind::Bitcode : ImageKind::Ptx;
  image.name = file.substr(file.rfind('/') + 1);
  image.bytes = std::move(bytes);
  // One PTX text for an architecture is enough, however many kinds of image it was asked for as.
  for (const Image& other : images)
    if (other.kind == image.kind && other.arch == image.arch && other.bytes == image.bytes) return {};
  images.push_back(std::move(image));
  return {};
}

Result<> create(const std::vector<std::string>& arguments) {
  std::string output;
  std::vector<std::string> specifications;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string& a = arguments[i];
    auto value = [&](const char* name) -> std::string {
      std::string prefix = std::string(name) + "=";
      if (a.starts_with(prefix)) return a.substr(prefix.size());
      return i + 1 < arguments.size() ? arguments[++i] : std::string();
    };
    if (a == "--create" || a.starts_with("--create="))
      output = value("--create");
    else if (a.starts_with("--image3"))
      specifications.push_back(value("--image3"));
    else if (a.starts_with("--image"))
      specifications.push_back(value("--image"));
    else if (a == "-64" || a == "--64" || a == "-g" || a == "-link" || a.starts_with("--cicc-cmdline=") || a.starts_with("--cmdline=") ||
             a.starts_with("--compress") || a == "--no-asm" || a.starts_with("--host="))
      continue;
    else
      return Error{CUDA_ERROR_INVALID_VALUE,
                   "Unknown option '" + a + "'; there are --create, --image, --image3, -64, -g, -link, --cmdline and --compress",
                   {}};
  }
  if (output.empty()) return Error{CUDA_ERROR_INVALID_VALUE, "No output was named; use --create FILE", {}};
  std::vector<Image> images;
  for (const std::string& specification : specifications) AW_TRY(add_image(specification, images));
  return write_file(output, write_fatbin(images));
}

}  // namespace

int fatbinary_main(const std::vector<std::string>& arguments) {
  for (const std::string& a : arguments) {
    if (a == "--help" || a == "-h") {
      printf(
          "usage: fatbinary [-64] --create FILE --image3=kind=ptx,sm=NN,file=PTX...\n\nPuts PTX into the container that libcuda loads.\n");
      return 0;
    }
  }
  Result<> made = create(arguments);
  if (made) return 0;
  fprintf(stderr, "fatbinary fatal   : %s\n", made.error().text().c_str());
  return 1;
}

}  // namespace anywarp::toolchain
