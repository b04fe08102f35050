// Runs the kernels of kernels.cu through the vectoriser and on the executor's pool.
#pragma once

#include "base/result.h"
#include "kir/kir.h"
#include "spmd/spmd.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace anywarp::spmd::test {

/// A kernel of kernels.cu as kernel IR.
kir::KernelModule load_kernel(const std::string& name);
/// A kernel `@k` in kernel IR as text.
kir::KernelModule parse_kernel(const std::string& text);

/// The parameter buffer: each value at its own alignment.
class Params {
 public:
  template <class... T>
  explicit Params(T... values) {
    (add(values), ...);
  }
  const void* data() const { return bytes_.data(); }

 private:
  template <class T>
  void add(T value) {
    bytes_.resize((bytes_.size() + alignof(T) - 1) / alignof(T) * alignof(T) + sizeof(T));
    std::memcpy(bytes_.data() + bytes_.size() - sizeof(T), &value, sizeof(T));
  }
  std::vector<char> bytes_;
};

struct Shape {
  uint32_t grid[3] = {1, 1, 1};
  uint32_t block[3] = {1, 1, 1};
  uint32_t dynamic_shared = 0;
};

/// Code for one launch shape.
class Compiled {
 public:
  virtual ~Compiled() = default;
  virtual Result<> run(const Shape& shape, const Params& params) = 0;
  uint32_t width = 0;
  bool suspends = false;
  std::string before;  // the block function as spmd::run makes it
  std::string after;   // and when opt::vector has been over it
};

/// `mask_registers` as in Target; 256 bits without, 512 with.
Result<std::unique_ptr<Compiled>> compile(kir::KernelModule kernel, const Shape& shape, uint32_t width, bool mask_registers,
                                          const std::vector<std::pair<std::string, void*>>& symbols = {});

/// Whether this machine can run code for targets with mask registers.
bool has_mask_registers();

}  // namespace anywarp::spmd::test
