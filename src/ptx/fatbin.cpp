// What a program holds is one of these, little-endian:
//
//   wrapper, 24 bytes   0 u32 0x466243B1   4 u32 version   8 pointer   16 pointer
//     version 1         8 -> a container
//     version 2         16 -> a list of containers that ends with null; each holds a part that has to be linked
//   container           0 u32 0xBA55ED50   4 u16 version 1   6 u16 header size   8 u64 bytes behind the header; then entries:
//     entry             0 u16 kind (1 PTX, 2 machine code)   4 u32 header size   8 u64 payload size   16 u32 compressed size
//                       28 u32 sm   32/36 u32 name offset, length   40 u64 flags   56 u64 uncompressed size
//   PTX text, up to a zero
//   ELF: machine code of a GPU, which nobody but NVIDIA can run
//
// Everything within a container is checked against its size; that size itself is the program's word.
#include "ptx/fatbin.h"

#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace anywarp::ptx {
namespace {

constexpr uint32_t kWrapperMagic = 0x466243B1, kContainerMagic = 0xBA55ED50, kElfMagic = 0x464C457F;
constexpr uint16_t kPtx = 1, kMachineCode = 2;
constexpr uint64_t kLz4 = 0x2000, kZstd = 0x8000, kArchSpecific = 0x100000, kFamilySpecific = 0x200000;
constexpr size_t kContainerHeader = 16, kEntryHeader = 64;
constexpr uint64_t kMostText = uint64_t(1) << 30;
constexpr size_t kMostContainers = 4096;

template <class T>
T get(const char* at) {
  T value;
  memcpy(&value, at, sizeof value);
  return value;
}

Error damaged(const std::string& what) { return {CUDA_ERROR_INVALID_IMAGE, "The fat binary is damaged: " + what, ""}; }

std::string arch_text(unsigned sm, uint64_t flags) {
  return "sm_" + std::to_string(sm) + ((flags & kArchSpecific) != 0 ? "a" : (flags & kFamilySpecific) != 0 ? "f" : "");
}

struct Entry {
  uint16_t kind;
  unsigned sm;
  uint64_t flags;
  std::string_view payload, name;
  uint64_t compressed, uncompressed;
};

// What may follow an address: everything, if the caller does not know.
size_t left(const char* begin, const char* at, size_t bytes) {
  const auto used = size_t(at - begin);
  return bytes == ~size_t{0} ? bytes : bytes - used;
}

Result<std::vector<Entry>> entries_of(const char* container, size_t bytes) {
  if (bytes < kContainerHeader) return damaged("it has " + std::to_string(bytes) + " bytes.");
  const auto header = get<uint16_t>(container + 6);
  const auto size = get<uint64_t>(container + 8);
  // A longer header, of which nobody has heard, would shift everything towards memory that may not be there.
  if (header != kContainerHeader)
    return damaged("its header says that it has " + std::to_string(header) + " bytes, not " + std::to_string(kContainerHeader) + ".");
  if (size > (uint64_t(1) << 40) || (bytes != ~size_t{0} && size > bytes - std::min<size_t>(bytes, header)))
    return damaged("it says that it has " + std::to_string(size) + " bytes, which is more than there are.");
  std::vector<Entry> entries;
  const std::string_view body(container + header, size);
  for (size_t at = 0; at < body.size();) {
    const std::string_view rest = body.substr(at);
    const std::string place = "the entry at offset " + std::to_string(header + at);
    if (rest.size() < kEntryHeader) return damaged(place + " is cut off.");
    const auto entry_header = get<uint32_t>(rest.data() + 4);
    const auto payload = get<uint64_t>(rest.data() + 8);
    if (entry_header < kEntryHeader || entry_header > rest.size() || payload > rest.size() - entry_header)
      return damaged(place + " says that it has " + std::to_string(payload) + " bytes, which is more than there are.");
    Entry entry;
    entry.kind = get<uint16_t>(rest.data());
    entry.sm = get<uint32_t>(rest.data() + 28);
    entry.flags = get<uint64_t>(rest.data() + 40);
    entry.compressed = get<uint32_t>(rest.data() + 16);
    entry.uncompressed = get<uint64_t>(rest.data() + 56);
    entry.payload = rest.substr(entry_header, payload);
    const auto name_at = get<uint32_t>(rest.data() + 32), name_length = get<uint32_t>(rest.data() + 36);
    if (name_length != 0 && name_at <= entry_header && name_length <= entry_header - name_at) {
      entry.name = rest.substr(name_at, name_length);
      entry.name = entry.name.substr(0, entry.name.find('\0'));
    }
    entries.push_back(entry);
    at += entry_header + payload;
  }
  return entries;
}

// How well an entry suits the device; higher is better.
unsigned rank(const Entry& entry, unsigned capability) {
  const bool specific = (entry.flags & (kArchSpecific | kFamilySpecific)) != 0;
  if (entry.sm > capability) return 1000 - std::min(entry.sm, 999u);
  // PTX for one architecture alone is PTX that others need not understand, so what is general comes first.
  return (specific ? 2000u : 4000u) + std::min(entry.sm, 999u);
}

Result<Text> best_text(const char* container, size_t bytes, unsigned capability) {
  AW_ASSIGN(std::vector<Entry> entries, entries_of(container, bytes));
  const Entry* best = nullptr;
  std::string machine_code;
  for (const Entry& entry : entries) {
    if (entry.kind == kMachineCode) machine_code += (machine_code.empty() ? "" : ", ") + arch_text(entry.sm, entry.flags);
    if (entry.kind != kPtx) continue;
    if (!best || rank(entry, capability) > rank(*best, capability)) best = &entry;
  }
  if (!best && !machine_code.empty())
    return Error{
        CUDA_ERROR_NO_BINARY_FOR_GPU,
        "The program holds machine code for NVIDIA's GPUs (" + machine_code +
            ") and no PTX, which is what Anywarp compiles. Build it with PTX in it: nvcc -gencode arch=compute_80,code=compute_80, or "
            "-arch=sm_80, which embeds PTX as well; CMake: CUDA_ARCHITECTURES \"80\" or \"80-virtual\", not \"80-real\".",
        ""};
  if (!best) return Error{CUDA_ERROR_NO_BINARY_FOR_GPU, "The fat binary holds no PTX, which is what Anywarp compiles.", ""};
  AW_ASSIGN(std::string text, unpack(best->payload, best->flags, best->compressed, best->uncompressed));
  return Text{std::move(text), std::string(best->name)};
}

Result<std::vector<Text>> read_wrapper(const char* wrapper, unsigned capability) {
  const auto version = get<uint32_t>(wrapper + 4);
  const auto* data = get<const char*>(wrapper + 8);
  const auto* const* parts = get<const char* const*>(wrapper + 16);
  std::vector<const char*> containers;
  if (version == 2 && parts) {
    for (; *parts && containers.size() < kMostContainers; ++parts) containers.push_back(*parts);
  } else if (data) {
    containers.push_back(data);
  }
  if (containers.empty()) return damaged("its wrapper of version " + std::to_string(version) + " holds nothing.");
  std::vector<Text> texts;
  for (const char* container : containers) {
    if (get<uint32_t>(container) != kContainerMagic) return damaged("its wrapper does not point to a container.");
    AW_ASSIGN(Text text, best_text(container, ~size_t{0}, capability));
    texts.push_back(std::move(text));
  }
  return texts;
}

bool is_text(char c) { return (c >= ' ' && c <= '~') || (c >= '\t' && c <= '\r') || (c & 0x80) != 0; }

}  // namespace

Result<std::string> unpack(std::string_view payload, uint64_t flags, uint64_t packed_bytes, uint64_t text_bytes) {
  if ((flags & (kLz4 | kZstd)) == 0) return std::string(payload.substr(0, payload.find('\0')));
  if (text_bytes == 0 || text_bytes > kMostText) return damaged("it says that its PTX has " + std::to_string(text_bytes) + " bytes.");
  const std::string_view packed = payload.substr(0, packed_bytes != 0 ? packed_bytes : payload.size());
  // No more than either method can make of so many bytes, lest a few bytes ask for a gigabyte.
  const uint64_t most = (flags & kZstd) != 0 ? 40000 : 256;
  if (text_bytes / most > packed.size())
    return damaged("it says that its PTX has " + std::to_string(text_bytes) + " bytes, packed into " + std::to_string(packed.size()) + ".");
  std::string text(text_bytes, '\0');
  if ((flags & kZstd) != 0) {
    const size_t made = ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size());
    if (ZSTD_isError(made)) return damaged(std::string("its PTX does not unpack (zstd: ") + ZSTD_getErrorName(made) + ").");
    text.resize(made);
  } else {
    const int made = LZ4_decompress_safe(packed.data(), text.data(), int(packed.size()), int(text.size()));
    if (made < 0) return damaged("its PTX does not unpack (LZ4).");
    text.resize(size_t(made));
  }
  text.resize(std::min(text.size(), text.find('\0')));
  return text;
}

Result<std::vector<Text>> read_image(const void* image, size_t bytes, unsigned capability) {
  if (!image) return Error{CUDA_ERROR_INVALID_VALUE, "The image is null.", ""};
  const char* begin = static_cast<const char*>(image);
  // Text may be shorter than a magic word, so the word is read as far as the text goes.
  uint32_t magic = 0;
  for (size_t i = 0; i < 4 && i < bytes; ++i) {
    magic |= uint32_t(uint8_t(begin[i])) << (8 * i);
    if (begin[i] == 0) break;
  }
  if (magic == kWrapperMagic) {
    if (bytes < 24) return damaged("its wrapper is cut off.");
    return read_wrapper(begin, capability);
  }
  if (magic == kContainerMagic) {
    AW_ASSIGN(Text text, best_text(begin, left(begin, begin, bytes), capability));
    return std::vector<Text>{std::move(text)};
  }
  if (magic == kElfMagic)
    return Error{CUDA_ERROR_NO_BINARY_FOR_GPU,
                 "The image is machine code for an NVIDIA GPU (a cubin), which Anywarp cannot run. Hand over PTX: nvcc -ptx, or NVRTC with "
                 "--gpu-architecture=compute_80 and nvrtcGetPTX.",
                 ""};
  const size_t length = bytes == ~size_t{0} ? strlen(begin) : strnlen(begin, bytes);
  const std::string_view text(begin, length);
  if (text.empty() || !std::all_of(text.begin(), text.begin() + std::ptrdiff_t(std::min<size_t>(length, 256)), is_text))
    return Error{CUDA_ERROR_INVALID_IMAGE, "The image is neither PTX text nor a fat binary.", ""};
  return std::vector<Text>{Text{std::string(text), ""}};
}

// Sections are told by their content: members of archives begin at even offsets.
Result<std::vector<Text>> read_object(std::string_view file, unsigned capability) {
  std::vector<Text> texts;
  for (size_t at = 0; at + kContainerHeader <= file.size(); at += 2) {
    if (get<uint32_t>(file.data() + at) != kContainerMagic || get<uint16_t>(file.data() + at + 4) != 1) continue;
    AW_ASSIGN(Text text, best_text(file.data() + at, file.size() - at, capability));
    texts.push_back(std::move(text));
    at += kContainerHeader;
  }
  if (texts.empty() && !file.starts_with("!<arch>\n")) return Error{CUDA_ERROR_INVALID_IMAGE, "The object holds no code for a device.", ""};
  return texts;
}

}  // namespace anywarp::ptx
