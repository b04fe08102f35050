// Images of any kind: containers that are cut off, packed wrongly or lie about their sizes, objects that hold them, and text. Each
// gives texts or an error with a sentence, whatever the device; and reading never goes beyond the bytes that there are.
#include "ptx/fatbin.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace {

using namespace anywarp;

void check(const Result<std::vector<ptx::Text>>& read) {
  const auto known = [](CUresult code) {
    return code == CUDA_ERROR_INVALID_IMAGE || code == CUDA_ERROR_NO_BINARY_FOR_GPU || code == CUDA_ERROR_INVALID_VALUE;
  };
  if (read ? !read->empty() : known(read.error().code) && !read.error().message.empty()) return;
  fprintf(stderr, "neither texts nor an error with a sentence\n");
  abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The first byte chooses the device. A wrapper holds addresses, which bytes from outside cannot.
  if (size < 5) return 0;
  const unsigned capability = 50 + data[0] % 80;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (!bytes.starts_with("\xB1\x43\x62\x46")) check(ptx::read_image(bytes.data(), bytes.size(), capability));
  check(ptx::read_object(bytes, capability));
  return 0;
}
