// How a .cu file is compiled, for a file f.cu and two architectures:
//
//   clang++ -x cuda --cuda-device-only --cuda-gpu-arch=sm_80 -S f.cu -o f.compute_80.ptx         one a target
//   clang++ -x cuda --cuda-device-only --cuda-gpu-arch=sm_90 -S f.cu -o f.compute_90.ptx
//   fatbinary --create f.fatbin --image3=kind=ptx,sm=80,file=... --image3=kind=ptx,sm=90,file=...
//   clang++ -x cuda --cuda-host-only -Xclang -fcuda-include-gpubinary -Xclang f.fatbin -c f.cu -o f.o
//   clang++ f.o -L LIB64 -lcudadevrt -lcudart_static -lrt -lpthread -ldl
//
// Relocatable device code (-dc) puts LLVM bitcode into the container instead of PTX. Host code then calls
// __cudaRegisterLinkedBinary<module>, which `nvlink` defines when it has linked the bitcode of all objects:
//
//   nvlink -o dlink.fatbin --register-link-binaries=dlink.cpp a.o b.o libx.a
//   clang++ -c dlink.cpp -o dlink.o
//
// Warnings are shown by the host compilation alone, since the device compilations read the same text.
#include "toolchain/plan.h"

#include "base/hash.h"
#include "toolchain/arch.h"
#include "toolchain/device_flags.h"
#include "toolchain/object_file.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace anywarp::toolchain {

namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

// The libraries of a toolkit that is built with sanitizers need the sanitizers' runtime in the program that loads them, and see
// more when the program is checked like them.
constexpr std::string_view kSanitize = ANYWARP_SANITIZE;

Words& operator+=(Words& words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class Planner {
 public:
  Planner(const NvccOptions& options, const Toolkit& toolkit, const std::string& scratch) : o_(options), kit_(toolkit), scratch_(scratch) {}

  Result<Plan> run() {
    switch (o_.phase) {
      case Phase::Preprocess:
      case Phase::Dependencies:
      case Phase::UserDependencies:
        for (const Input& input : o_.inputs) AW_TRY(preprocess(input));
        break;
      case Phase::Ptx:
      case Phase::Cubin:
      case Phase::Fatbin:
        for (const Input& input : o_.inputs) AW_TRY(device_only(input));
        break;
      case Phase::Object:
        for (const Input& input : o_.inputs)
          if (is_source(input)) AW_TRY(compile(input, output_for(input, ".o")));
        break;
      case Phase::Library: AW_TRY(library()); break;
      case Phase::DeviceLink: AW_TRY(device_link_only()); break;
      case Phase::Link: AW_TRY(link()); break;
    }
    return std::move(plan_);
  }

 private:
  static bool is_source(const Input& input) { return input.language != Language::Object && input.language != Language::Archive; }

  std::string stem(const Input& input) const { return fs::path(input.path).stem().string(); }

  std::string output_for(const Input& input, const char* ending) const {
    if (!o_.output.empty()) return o_.output;
    std::string name = stem(input) + ending;
    return o_.output_directory.empty() ? name : o_.output_directory + "/" + name;
  }

  std::string intermediate(const Input& input, const std::string& ending) {
    // Two inputs of one name in different folders must not meet.
    std::string name = stem(input) + ending;
    while (std::find(used_.begin(), used_.end(), name) != used_.end()) name = "x" + name;
    used_.push_back(name);
    return scratch_ + "/" + name;
  }

  void step(Words argv) { plan_.steps.push_back({std::move(argv)}); }

  /// What both compilations of a source see.
  Words source_flags(const Input& input) const {
    Words words{"-D__NVCC__"};
    words += version_macros();
    if (input.language != Language::Cuda) {  // of CUDA sources clang knows the architectures
      std::string archs;
      for (const Target& target : o_.targets) archs += (archs.empty() ? "" : ",") + std::to_string(arch_number(target.arch) * 10);
      words.push_back("-D__CUDA_ARCH_LIST__=" + archs);
    }
    if (!o_.std.empty()) words.push_back("-std=" + (input.language == Language::C ? "c11" : o_.std));
    if (o_.per_thread_stream) words.emplace_back("-DCUDA_API_PER_THREAD_DEFAULT_STREAM=1");
    if (input.language == Language::Cuda) {
      if (o_.extended_lambda) words.emplace_back("-D__CUDACC_EXTENDED_LAMBDA__");
      if (o_.relaxed_constexpr) words.emplace_back("-D__CUDACC_RELAXED_CONSTEXPR__");
      if (o_.device_debug) words.emplace_back("-D__CUDACC_DEBUG__");
      if (o_.relocatable) words += {"-fgpu-rdc", "--no-offload-new-driver", "-cuid=" + module_id(input)};
      if (o_.per_thread_stream) words += {"-Xclang", "-fgpu-default-stream=per-thread"};
    }
    words += o_.preprocessor_flags;
    return words;
  }

  /// Says which file a static device variable belongs to, so that two of one name do not meet when device code is linked.
  std::string module_id(const Input& input) const {
    std::error_code ignored;
    Hasher hasher;
    hasher.add(fs::weakly_canonical(input.path, ignored).string());
    for (const std::string& flag : o_.preprocessor_flags) hasher.add(flag);
    return hasher.digest().substr(0, 16);
  }

  Words cuda_clang(const Input& input) const {
    Words words{kit_.clang, "-x", "cuda", "--cuda-path=" + kit_.root, "-Wno-unknown-cuda-version"};
    // clang puts the toolkit behind /usr/local/include, where headers of another toolkit may lie.
    words += {"-isystem", kit_.include()};
    words += source_flags(input);
    // gcc, which reads the text first under nvcc, takes the two for a literal and a macro's name, and only warns.
    words.emplace_back("-Wno-error=reserved-user-defined-literal");
    if (!o_.overlay.empty()) words += {"-ivfsoverlay", o_.overlay};
    return words;
  }

  Words host_flags() const {
    Words words;
    if (!o_.host_optimize.empty()) words.push_back(o_.host_optimize == "fast" ? std::string("-O3") : "-O" + o_.host_optimize);
    if (o_.host_debug || o_.device_debug) words.emplace_back("-g");
    if (o_.profile) words.emplace_back("-pg");
    if (o_.no_exceptions) words.emplace_back("-fno-exceptions");
    if (o_.no_warnings) words.emplace_back("-w");
    if (o_.warnings_are_errors) words.emplace_back("-Werror");
    // Options of g++ that clang does not know come from makefiles that were written for it.
    words += {"-Wno-unknown-warning-option", "-Wno-unknown-pragmas", "-Qunused-arguments"};
    // Programs that were only ever built with g++ compare overflowed products, which clang takes for impossible.
    words.emplace_back("-fwrapv");
    if (!kSanitize.empty()) words += {"-fsanitize=" + std::string(kSanitize), "-fno-omit-frame-pointer"};
    words += o_.host_flags;
    return words;
  }

  DeviceOptions device_options(const Target& target) const {
    DeviceOptions options;
    options.arch = target.arch;
    options.debug = o_.device_debug;
    options.line_info = o_.line_info;
    options.ftz = o_.ftz;
    options.prec_div = o_.prec_div;
    options.prec_sqrt = o_.prec_sqrt;
    options.fmad = o_.fmad;
    options.fast_math = o_.fast_math;
    options.relocatable = o_.relocatable;
    return options;
  }

  /// Compiles device code for one target. Returns the file: PTX, or bitcode when it is relocatable.
  std::string device_compile(const Input& input, const Target& target, std::string output) {
    if (output.empty()) output = intermediate(input, ".compute_" + target.arch + (o_.relocatable ? ".bc" : ".ptx"));
    Words words = cuda_clang(input);
    words += device_flags(device_options(target));
    words += precision_flags(device_options(target));
    words.emplace_back("-w");
    words += o_.relocatable && o_.phase != Phase::Ptx ? Words{"-emit-llvm", "-c"} : Words{"-S"};
    words += {input.path, "-o", output};
    step(words);
    return output;
  }

  void fatbinary(const std::vector<std::pair<const Target*, std::string>>& images, const std::string& output) {
    Words words{kit_.bin() + "/fatbinary", "-64", "--create", output};
    for (auto& [target, file] : images)
      words.push_back("--image3=kind=" + std::string(file.ends_with(".bc") ? "bc" : "ptx") + ",sm=" + target->arch + ",file=" + file);
    step(words);
  }

  /// Device code of one input as a container.
  void make_fatbin(const Input& input, const std::string& output) {
    std::vector<std::pair<const Target*, std::string>> images;
    images.reserve(o_.targets.size());
    for (const Target& target : o_.targets)
      images.emplace_back(&target, input.language == Language::Ptx ? input.path : device_compile(input, target, {}));
    fatbinary(images, output);
  }

  Result<> device_only(const Input& input) {
    if (input.language == Language::Cuda && o_.phase == Phase::Ptx) {
      device_compile(input, o_.targets[0], output_for(input, ".ptx"));
    } else if (input.language == Language::Cuda || (input.language == Language::Ptx && o_.phase != Phase::Ptx)) {
      make_fatbin(input, output_for(input, o_.phase == Phase::Cubin ? ".cubin" : ".fatbin"));
    } else if (is_source(input)) {
      return Error{CUDA_ERROR_INVALID_VALUE,
                   "'" + input.path + "' holds no device code: -ptx, -cubin and -fatbin take .cu files; -x cu says that it is one",
                   {}};
    }
    return {};
  }

  Result<> compile(const Input& input, const std::string& output) {
    if (input.language == Language::Ptx)
      return Error{CUDA_ERROR_INVALID_VALUE,
                   "'" + input.path + "' cannot become an object file: PTX has no host code; -cubin and -fatbin take it",
                   {}};
    Words words;
    if (input.language == Language::Cuda) {
      std::string container = intermediate(input, ".fatbin");
      make_fatbin(input, container);
      words = cuda_clang(input);
      words.emplace_back("--cuda-host-only");
      for (const Target& target : o_.targets) words.push_back(clang_arch_flags(target.arch)[0]);
      words += {"-Xclang", "-fcuda-include-gpubinary", "-Xclang", container};
    } else {
      words = {kit_.clang, "-x", input.language == Language::C ? "c" : "c++"};
      words += source_flags(input);
      words.push_back("-I" + kit_.include());
    }
    words += host_flags();
    Words dependency = o_.dependency_flags;
    auto has = [&](const char* flag) { return std::find(dependency.begin(), dependency.end(), flag) != dependency.end(); };
    if ((has("-MD") || has("-MMD")) && !has("-MF") && o_.phase != Phase::Object) dependency += {"-MF", stem(input) + ".d"};
    words += dependency;
    words += {"-c", input.path, "-o", output};
    step(words);
    return {};
  }

  Result<> preprocess(const Input& input) {
    if (!is_source(input) || input.language == Language::Ptx) return {};
    Words words;
    if (input.language == Language::Cuda) {
      words = cuda_clang(input);
      words.emplace_back("--cuda-host-only");
    } else {
      words = {kit_.clang, "-x", input.language == Language::C ? "c" : "c++"};
      words += source_flags(input);
      words.push_back("-I" + kit_.include());
    }
    words += host_flags();
    words += o_.dependency_flags;
    words.emplace_back(o_.phase == Phase::Preprocess ? "-E" : o_.phase == Phase::Dependencies ? "-M" : "-MM");
    words.push_back(input.path);
    if (!o_.output.empty()) words += {"-o", o_.output};
    step(words);
    return {};
  }

  /// Compiles the sources and lists what is to be linked, in the order of the command line.
  Result<Words> objects() {
    Words files;
    for (const Input& input : o_.inputs) {
      if (!is_source(input)) {
        files.push_back(input.path);
        continue;
      }
      std::string object = intermediate(input, ".o");
      AW_TRY(compile(input, object));
      files.push_back(std::move(object));
    }
    return files;
  }

  Result<> library() {
    AW_ASSIGN(Words files, objects());
    Words words{kit_.ar, "crs"};
    words += o_.archive_flags;
    words.push_back(o_.output.empty() ? "a.a" : o_.output);
    words += files;
    step(words);
    return {};
  }

  /// Links relocatable device code into one object. nvlink looks into every file, and into -l libraries that are archives.
  std::string device_link(const Words& files, const std::string& output) {
    std::string base = scratch_ + "/" + fs::path(output).stem().string() + "_dlink";
    Words words{kit_.bin() + "/nvlink"};
    for (const Target& target : o_.targets) words.push_back("--arch=sm_" + target.arch);
    words += {"--register-link-binaries=" + base + ".reg.cpp", "-o", base + ".fatbin"};
    words += files;
    for (const std::string& flag : o_.link_flags)
      if (flag.starts_with("-L") || flag.starts_with("-l")) words.push_back(flag);
    step(words);
    std::string object = o_.phase == Phase::DeviceLink ? output : base + ".o";
    Words compile{kit_.clang, "-x", "c++", "-O1", "-fPIC", "-I" + kit_.include()};
    compile += {"-c", base + ".reg.cpp", "-o", object};
    step(compile);
    return object;
  }

  /// Objects of earlier nvcc runs may hold relocatable code that the options of this run do not tell of.
  bool holds_relocatable_code() const {
    for (const Input& input : o_.inputs) {
      if (is_source(input)) continue;
      Result<std::vector<DeviceObject>> objects = device_objects_of(input.path);
      if (!objects) continue;  // the linker says what is wrong with it
      for (const DeviceObject& object : *objects)
        if (!object.relocatable.empty()) return true;
    }
    return false;
  }

  Result<> device_link_only() {
    AW_ASSIGN(Words files, objects());
    device_link(files, o_.output.empty() ? "a_dlink.o" : o_.output);
    return {};
  }

  Result<> link() {
    AW_ASSIGN(Words files, objects());
    std::string output = o_.output.empty() ? "a.out" : o_.output;
    if (!o_.output_directory.empty() && o_.output.empty()) output = o_.output_directory + "/a.out";
    if ((o_.relocatable || holds_relocatable_code()) && !o_.no_device_link) files.push_back(device_link(files, output));
    Words words{kit_.clang, "-fuse-ld=lld", "-Qunused-arguments"};
    if (o_.shared) words.emplace_back("-shared");
    if (o_.profile) words.emplace_back("-pg");
    if (!o_.host_optimize.empty()) words.push_back(o_.host_optimize == "fast" ? std::string("-O3") : "-O" + o_.host_optimize);
    if (!kSanitize.empty()) words.push_back("-fsanitize=" + std::string(kSanitize));
    words += o_.host_flags;
    words.emplace_back("-Wl,--start-group");
    words += files;
    words += o_.link_flags;
    words += {"-L" + kit_.lib64() + "/stubs", "-L" + kit_.lib64()};
    switch (o_.runtime) {
      case CudaRuntime::Static: words += {"-lcudadevrt", "-lcudart_static"}; break;
      case CudaRuntime::Shared: words += {"-lcudadevrt", "-lcudart"}; break;
      case CudaRuntime::None: break;
    }
    words += {"-lrt", "-lpthread", "-ldl", "-Wl,--end-group"};
    // So that the program finds libcuda.so.1 and libcudart.so.13 without an environment variable.
    words += {"-Wl,--enable-new-dtags,-rpath," + kit_.lib64(), "-o", output};
    step(words);
    plan_.program = output;
    return {};
  }

  const NvccOptions& o_;
  const Toolkit& kit_;
  const std::string& scratch_;
  Plan plan_;
  Words used_;
};

}  // namespace

Result<Plan> make_plan(const NvccOptions& options, const Toolkit& toolkit, const std::string& scratch) {
  return Planner(options, toolkit, scratch).run();
}

std::string shown(const Step& step) {
  std::string line;
  for (const std::string& word : step.argv) {
    bool plain = &word == &step.argv[0] ||
                 word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+.,:") == word.npos;
    if (!line.empty()) line += ' ';
    if (plain) {
      line += word;
      continue;
    }
    line += '"';
    for (char c : word) {
      if (c == '"' || c == '\\' || c == '$' || c == '`') line += '\\';
      line += c;
    }
    line += '"';
  }
  return line;
}

std::string settings(const Toolkit& toolkit) {
  const char* path = std::getenv("PATH");
  std::string bin = toolkit.bin();
  return "#$ _NVVM_BRANCH_=nvvm\n#$ _SPACE_= \n#$ _CUDART_=cudart\n#$ _HERE_=" + bin + "\n#$ _THERE_=" + bin +
         "\n#$ _TARGET_SIZE_=\n#$ _TARGET_DIR_=\n#$ TOP=" + toolkit.root + "\n#$ NVVMIR_LIBRARY_DIR=" + toolkit.root +
         "/nvvm/libdevice\n#$ PATH=" + bin + ":" + (path ? path : "") + "\n#$ INCLUDES=\"-I" + toolkit.include() +
         "\"\n#$ LIBRARIES=  \"-L" + toolkit.lib64() + "/stubs\" \"-L" + toolkit.lib64() + "\"\n";
}

}  // namespace anywarp::toolchain
