#include "driver/jit_options.h"

#include "driver/process.h"

#include <algorithm>
#include <cstring>

namespace anywarp::driver {

Result<JitOptions> JitOptions::read(unsigned count, CUjit_option* options, void** values) {
  JitOptions read;
  if (count != 0) {
    AW_TRY(need(options, "options"));
    AW_TRY(need(values, "optionValues"));
  }
  for (unsigned i = 0; i < count; ++i) {
    const size_t number = size_t(reinterpret_cast<uintptr_t>(values[i]) & 0xffffffffu);
    switch (options[i]) {
      case CU_JIT_INFO_LOG_BUFFER: read.info_.buffer = static_cast<char*>(values[i]); break;
      case CU_JIT_ERROR_LOG_BUFFER: read.error_.buffer = static_cast<char*>(values[i]); break;
      case CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES:
        read.info_.bytes = number;
        read.info_.size_option = &values[i];
        break;
      case CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES:
        read.error_.bytes = number;
        read.error_.size_option = &values[i];
        break;
      case CU_JIT_WALL_TIME: read.wall_time_ = &values[i]; break;
      default:
        // What else there is steers NVIDIA's code generator, and has nothing to steer here.
        if (int(options[i]) < 0 || options[i] >= CU_JIT_NUM_OPTIONS)
          return invalid_value("There is no JIT option " + std::to_string(int(options[i])) + ".");
    }
  }
  read.write_info("");
  read.write_error("");
  return read;
}

void JitOptions::Log::write(std::string_view text) {
  size_t length = 0;
  if (buffer && bytes != 0) {
    length = std::min(text.size(), bytes - 1);
    memcpy(buffer, text.data(), length);
    buffer[length] = 0;
  }
  if (size_option) *size_option = reinterpret_cast<void*>(length == 0 ? 0 : length + 1);
}

void JitOptions::write_info(std::string_view text) { info_.write(text); }
void JitOptions::write_error(std::string_view text) { error_.write(text); }

void JitOptions::write_wall_time(float milliseconds) {
  if (!wall_time_) return;
  void* value = nullptr;
  memcpy(&value, &milliseconds, sizeof milliseconds);
  *wall_time_ = value;
}

}  // namespace anywarp::driver
