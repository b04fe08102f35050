// Fat binaries: a container with one entry per architecture, which the host object embeds and libcuda reads.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace anywarp::toolchain {

enum class ImageKind : uint16_t {
  Ptx = 1,
  Bitcode = 0x4157,  // LLVM bitcode of relocatable device code, for our own nvlink; drivers skip what they do not know
};

struct Image {
  ImageKind kind = ImageKind::Ptx;
  std::string arch;   // "90", "90a"
  std::string name;   // of the source, for error messages; may be empty
  std::string bytes;
};

/// The container with these images, in order.
std::string write_fatbin(std::span<const Image> images);

/// Calls `use` for each image in `bytes`, which may hold several containers one after the other, as a linked section does.
/// Errors: INVALID_IMAGE with the offset at which the bytes make no sense.
Result<std::vector<Image>> read_fatbins(std::string_view bytes);

/// The program `fatbinary`; the arguments are those that clang and nvcc give it, without its name. Returns the exit status.
int fatbinary_main(const std::vector<std::string>& arguments);

}  // namespace anywarp::toolchain
