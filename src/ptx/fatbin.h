// PTX out of the images that programs hand to a driver: PTX text, fat binary containers, and nvcc's wrappers around them.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace anywarp::ptx {

struct Text {
  std::string text;
  std::string name;  // of the source, as the fat binary tells it; may be empty
};

/// The PTX of an image: one text, or the texts that have to be linked with each other when nvcc was run with -rdc=true.
/// `bytes` bounds the image; ~0 when the caller does not know, and the image says itself where it ends, as PTX does by a zero.
/// `capability` is 10 * major + minor of the device: where a container offers several versions, the newest is taken that the
/// device could run, else the oldest.
/// Errors: NO_BINARY_FOR_GPU when there is machine code but no PTX; INVALID_IMAGE for what is neither; INVALID_VALUE for null.
Result<std::vector<Text>> read_image(const void* image, size_t bytes, unsigned capability);

/// The text of an entry of a fat binary: what the entry's flags say about its packing is undone (LZ4, zstd, or nothing).
/// The sizes are those of the entry's header. Errors: INVALID_IMAGE.
Result<std::string> unpack(std::string_view payload, uint64_t flags, uint64_t packed_bytes, uint64_t text_bytes);

/// The PTX of every container in a host object file or an archive of them, libcudadevrt.a for one.
/// An archive may hold none. Errors: those of read_image; INVALID_IMAGE when there is no container in an object.
Result<std::vector<Text>> read_object(std::string_view file, unsigned capability);

}  // namespace anywarp::ptx
