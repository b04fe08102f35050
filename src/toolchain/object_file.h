// Device code inside ELF objects, programs and archives.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace anywarp::toolchain {

/// One object, or one member of an archive, that holds device code.
struct DeviceObject {
  std::string name;                     // "a.o", "libx.a(a.o)"
  std::string fatbins;                  // fat binaries that are complete
  std::string relocatable;              // fat binaries that must be linked first (-dc)
  std::vector<std::string> module_ids;  // the names under which the relocatable ones register
};

/// Those in `bytes`, the contents of the file called `name`; none when it is no ELF file and no archive.
/// Errors: INVALID_IMAGE for a file that is cut off or damaged.
Result<std::vector<DeviceObject>> device_objects(std::string_view bytes, const std::string& name);

/// Reads the file first. Errors: FILE_NOT_FOUND as well.
Result<std::vector<DeviceObject>> device_objects_of(const std::string& path);

}  // namespace anywarp::toolchain
