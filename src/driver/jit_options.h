// The options that cuModuleLoadDataEx, cuLibraryLoadData and cuLinkCreate take: logs that the caller wants, mostly.
#pragma once

#include "base/result.h"

#include <cuda.h>

#include <cstddef>
#include <string_view>

namespace anywarp::driver {

/// Borrows the caller's arrays.
class JitOptions {
 public:
  /// Errors: INVALID_VALUE for an option that does not exist.
  static Result<JitOptions> read(unsigned count, CUjit_option* options, void** values);

  /// Puts text into the log, cut to what fits, and its size into the option for the size.
  void write_info(std::string_view text);
  void write_error(std::string_view text);
  void write_wall_time(float milliseconds);

 private:
  struct Log {
    char* buffer = nullptr;
    size_t bytes = 0;
    void** size_option = nullptr;
    void write(std::string_view text);
  };
  Log info_, error_;
  void** wall_time_ = nullptr;
};

}  // namespace anywarp::driver
