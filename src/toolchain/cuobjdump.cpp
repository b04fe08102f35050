#include "toolchain/cuobjdump.h"

#include "toolchain/fatbinary.h"
#include "toolchain/object_file.h"
#include "toolchain/process.h"

#include <cstdio>

namespace anywarp::toolchain {

namespace {

const char help_text[] =
    "usage: cuobjdump [options] FILE...\n\n"
    "Shows the device code inside objects, archives, programs and fat binaries. There is PTX; machine code is never made here.\n\n"
    "  --dump-ptx, -ptx             print the PTX (the default)\n"
    "  --list-ptx, -lptx            list the PTX by file name and architecture\n"
    "  --extract-ptx, -xptx WHICH   write each PTX whose listed name contains WHICH, or `all`, to a file of that name\n";

enum class Do { Dump, List, Extract };

int fail(const std::string& message) {
  fprintf(stderr, "cuobjdump fatal   : %s\n", message.c_str());
  return 1;
}

Result<std::vector<Image>> images_of(const std::string& path) {
  AW_ASSIGN(std::string bytes, read_file(path));
  AW_ASSIGN(std::vector<DeviceObject> objects, device_objects(bytes, path));
  if (objects.empty()) return read_fatbins(bytes);
  std::vector<Image> all;
  for (const DeviceObject& object : objects) {
    AW_ASSIGN(std::vector<Image> images, read_fatbins(object.fatbins));
    for (Image& image : images) all.push_back(std::move(image));
    AW_ASSIGN(images, read_fatbins(object.relocatable));
    for (Image& image : images) all.push_back(std::move(image));
  }
  return all;
}

Result<> show(const std::string& path, Do what, const std::string& which) {
  AW_ASSIGN(std::vector<Image> images, images_of(path));
  int number = 0;
  std::string stem = path.substr(path.rfind('/') + 1);
  for (const Image& image : images) {
    bool ptx = image.kind == ImageKind::Ptx;
    std::string listed = stem + "." + std::to_string(++number) + ".sm_" + image.arch + (ptx ? ".ptx" : ".bc");
    if (what == Do::List) {
      printf("%s file %4d: %s\n", ptx ? "PTX" : "Bitcode", number, listed.c_str());
    } else if (what == Do::Extract) {
      if (which == "all" || listed.find(which) != listed.npos) AW_TRY(write_file(listed, image.bytes));
    } else {
      printf("\nFatbin %s code:\n================\narch = sm_%s\nidentifier = %s\n\n", ptx ? "ptx" : "bitcode", image.arch.c_str(),
             image.name.c_str());
      if (ptx)
        printf("%s\n", image.bytes.c_str());
      else
        printf("(%zu bytes of LLVM bitcode, to be linked)\n", image.bytes.size());
    }
  }
  if (images.empty()) fprintf(stderr, "cuobjdump info    : File '%s' does not contain device code\n", path.c_str());
  return {};
}

}  // namespace

int cuobjdump_main(const std::vector<std::string>& arguments) {
  Do what = Do::Dump;
  std::string which;
  std::vector<std::string> files;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string& a = arguments[i];
    std::string name = a.starts_with("--") ? a.substr(2) : a.starts_with("-") ? a.substr(1) : std::string();
    if (name.empty()) {
      files.push_back(a);
    } else if (name == "help" || name == "h") {
      fputs(help_text, stdout);
      return 0;
    } else if (name == "dump-ptx" || name == "ptx" || name == "all" || name == "a") {
      what = Do::Dump;
    } else if (name == "list-ptx" || name == "lptx") {
      what = Do::List;
    } else if (name == "extract-ptx" || name == "xptx") {
      if (i + 1 == arguments.size()) return fail("Argument expected after option '" + a + "'");
      what = Do::Extract;
      which = arguments[++i];
    } else if (name == "dump-sass" || name == "sass" || name == "dump-elf" || name == "elf" || name == "list-elf" || name == "lelf" ||
               name == "extract-elf" || name == "xelf" || name == "dump-resource-usage" || name == "res-usage") {
      return fail("Option '" + a + "' asks for machine code, which is never made here; --dump-ptx shows what there is");
    } else {
      return fail("Unknown option '" + a + "'; see cuobjdump --help");
    }
  }
  if (files.empty()) return fail("No input file specified; see cuobjdump --help");
  for (const std::string& file : files)
    if (Result<> shown = show(file, what, which); !shown) return fail(shown.error().text());
  return 0;
}

}  // namespace anywarp::toolchain
