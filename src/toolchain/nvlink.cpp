// With -dc, device functions and variables may be defined in another file. Each object then carries LLVM bitcode instead of
// PTX, and its host code registers its kernels only when __cudaRegisterLinkedBinary<module> is called, which no object defines.
// Before the host linker runs, nvlink links the bitcode of all objects into one module an architecture, optimises it as a
// whole, has clang write it as PTX, and writes a C++ source with the missing functions:
//
//   a.o: bitcode {kernel a, declares f}     \      dlink.fatbin: PTX {kernel a with f inside, kernel b}
//   b.o: bitcode {defines f, kernel b}      /      dlink.reg.cpp: __cudaRegisterLinkedBinary_a and _b: when both were called,
//                                                  register dlink.fatbin, then let a and b register their kernels with it
//
// An object that an archive holds takes part when it has device code, and the source's references to __fatbinwrap<module>
// make the host linker take it in too, so that the number of calls is known.
#include "toolchain/nvlink.h"

#include "toolchain/arch.h"
#include "toolchain/fatbinary.h"
#include "toolchain/object_file.h"
#include "toolchain/process.h"
#include "toolchain/toolkit.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Transforms/IPO/Internalize.h>

#include <cstdio>
#include <filesystem>
#include <memory>

namespace anywarp::toolchain {

namespace {

namespace fs = std::filesystem;

struct Command {
  std::vector<std::string> inputs, libraries, library_folders, archs;
  std::string output, registration;
};

Error fatal(std::string message) { return {CUDA_ERROR_INVALID_VALUE, std::move(message), {}}; }

Result<Command> parse_command(const std::vector<std::string>& arguments) {
  Command command;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string& a = arguments[i];
    if (a.starts_with("--arch=sm_"))
      command.archs.push_back(a.substr(10));
    else if (a.starts_with("--register-link-binaries="))
      command.registration = a.substr(a.find('=') + 1);
    else if (a == "-o" && i + 1 < arguments.size())
      command.output = arguments[++i];
    else if (a.starts_with("-L"))
      command.library_folders.push_back(a.substr(2));
    else if (a.starts_with("-l"))
      command.libraries.push_back(a.substr(2));
    else if (a.starts_with("-"))
      return fatal("Unknown option '" + a + "'; nvlink is called by nvcc, as in `nvcc a.o b.o -o program`");
    else
      command.inputs.push_back(a);
  }
  if (command.output.empty() || command.registration.empty() || command.archs.empty())
    return fatal("--arch=sm_NN, --register-link-binaries=FILE and -o FILE must be given; nvlink is called by nvcc");
  return command;
}

/// The objects with relocatable code among the inputs and the -l archives.
Result<std::vector<DeviceObject>> collect(const Command& command) {
  std::vector<DeviceObject> objects;
  auto add = [&](const std::string& path) -> Result<> {
    AW_ASSIGN(std::vector<DeviceObject> found, device_objects_of(path));
    for (DeviceObject& object : found)
      if (!object.relocatable.empty()) objects.push_back(std::move(object));
    return {};
  };
  for (const std::string& path : command.inputs) AW_TRY(add(path));
  for (const std::string& library : command.libraries) {
    for (const std::string& folder : command.library_folders) {
      std::string path = folder + "/lib" + library + ".a";
      std::error_code ignored;
      if (!fs::is_regular_file(path, ignored)) continue;
      AW_TRY(add(path));
      break;
    }
  }
  return objects;
}

/// The bitcode in `fatbins` for `arch`: that very one, else the newest that is older.
Result<Image> choose(const DeviceObject& object, const std::string& arch) {
  AW_ASSIGN(std::vector<Image> images, read_fatbins(object.relocatable));
  const Image* best = nullptr;
  for (const Image& image : images) {
    if (image.kind != ImageKind::Bitcode || arch_number(image.arch) > arch_number(arch)) continue;
    if (image.arch == arch) return image;
    if (!best || arch_number(image.arch) > arch_number(best->arch)) best = &image;
  }
  if (!best)
    return fatal("'" + object.name + "' holds no relocatable device code for sm_" + arch + " or older, only such as other compilers made");
  return *best;
}

/// clang gives a static device variable that the host names a unique external name, x__static__id, yet code that was
/// generated before that decision still names x, which then has no definition in its module.
void bind_renamed_statics(llvm::Module& module) {
  for (llvm::GlobalVariable& variable : llvm::make_early_inc_range(module.globals())) {
    if (!variable.isDeclaration()) continue;
    std::string prefix = (variable.getName() + "__static__").str();
    for (llvm::GlobalVariable& other : module.globals()) {
      if (other.isDeclaration() || !other.getName().starts_with(prefix) || other.getType() != variable.getType()) continue;
      variable.replaceAllUsesWith(&other);
      variable.eraseFromParent();
      break;
    }
  }
}

/// Kernels and what the host can name stay visible; functions become private, so that unused ones go.
void hide_functions(llvm::Module& module) {
  llvm::internalizeModule(module, [](const llvm::GlobalValue& value) {
    const auto* function = llvm::dyn_cast<llvm::Function>(&value);
    return !function || function->getCallingConv() == llvm::CallingConv::PTX_Kernel;
  });
}

/// What LLVM says while linking becomes an error of ours.
struct Messages : llvm::DiagnosticHandler {
  std::string text;
  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (info.getSeverity() != llvm::DS_Error) return true;
    llvm::raw_string_ostream stream(text);
    if (!text.empty()) stream << "; ";
    llvm::DiagnosticPrinterRawOStream printer(stream);
    info.print(printer);
    return true;
  }
};

/// What nothing defines, among what device code refers to: CUDA's own functions aside, which libcuda supplies.
std::string undefined_names(const llvm::Module& module) {
  std::string names;
  auto add = [&](const llvm::GlobalValue& value) {
    llvm::StringRef name = value.getName();
    if (!value.isDeclaration() || value.use_empty() || name.starts_with("llvm.") || name.starts_with("__nv_") || name.starts_with("__aw_"))
      return;
    for (const char* known : {"vprintf", "malloc", "free", "__assertfail", "__assert_fail", "memcpy", "memset", "memmove"})
      if (name == known) return;
    if (name.starts_with("cuda") || name.starts_with("__cuda")) return;
    names += (names.empty() ? "" : ", ") + name.str();
  };
  for (const llvm::Function& function : module) add(function);
  for (const llvm::GlobalVariable& variable : module.globals()) {
    // `extern __shared__ float tile[];` is sized by the launch.
    if (variable.getAddressSpace() != 3) add(variable);
  }
  return names;
}

/// What the tables of abstract classes name in the place of functions that are not there; a kernel that calls them ends.
void define_pure_virtual(llvm::Module& module) {
  for (const char* name : {"__cxa_pure_virtual", "__cxa_deleted_virtual"}) {
    llvm::Function* function = module.getFunction(name);
    if (!function || !function->isDeclaration()) continue;
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(module.getContext(), "", function));
    builder.CreateCall(llvm::Intrinsic::getOrInsertDeclaration(&module, llvm::Intrinsic::trap));
    builder.CreateUnreachable();
  }
}

/// Links the bitcode of all objects for one architecture and returns it as PTX.
Result<std::string> link_for(const std::vector<DeviceObject>& objects, const std::string& arch, const Toolkit& kit,
                             const std::string& scratch) {
  llvm::LLVMContext context;
  auto handler = std::make_unique<Messages>();
  Messages* messages = handler.get();
  context.setDiagnosticHandler(std::move(handler));
  auto linked = std::make_unique<llvm::Module>("device code", context);
  llvm::Linker linker(*linked);
  for (const DeviceObject& object : objects) {
    AW_ASSIGN(Image image, choose(object, arch));
    auto module = llvm::parseBitcodeFile(llvm::MemoryBufferRef(image.bytes, object.name), context);
    if (!module) return fatal("the device code of '" + object.name + "' cannot be read: " + llvm::toString(module.takeError()));
    if (linked->getTargetTriple().str().empty()) {
      linked->setTargetTriple((*module)->getTargetTriple());
      linked->setDataLayout((*module)->getDataLayout());
    }
    bind_renamed_statics(**module);
    if (linker.linkInModule(std::move(*module))) return fatal(messages->text + " (while linking '" + object.name + "')");
  }
  define_pure_virtual(*linked);
  if (std::string names = undefined_names(*linked); !names.empty()) return fatal("Undefined reference to '" + names + "' in device code");
  hide_functions(*linked);
  std::string bitcode = scratch + "/linked.sm_" + arch + ".bc", ptx = scratch + "/linked.sm_" + arch + ".ptx";
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  llvm::WriteBitcodeToFile(*linked, stream);
  AW_TRY(write_file(bitcode, bytes));
  // Without the toolkit's version clang would write PTX of a version that is too old for every architecture here.
  std::vector<std::string> command{kit.clang,
                                   "--driver-mode=g++",
                                   "-x",
                                   "ir",
                                   "--target=nvptx64-nvidia-cuda",
                                   "-march=sm_" + clang_name(arch),
                                   "--cuda-path=" + kit.root,
                                   "-Xclang",
                                   "-target-feature",
                                   "-Xclang",
                                   needs_newest_ptx(arch) ? "+ptx90" : "+ptx87"};
  for (const char* word : {"-O3", "-fno-unroll-loops", "-w", "-S"}) command.emplace_back(word);
  command.insert(command.end(), {bitcode, "-o", ptx});
  AW_ASSIGN(int status, run_program(command, "nvlink"));
  if (status != 0) return fatal("clang could not compile the linked device code");
  return read_file(ptx);
}

/// The source that defines what the host objects are waiting for.
std::string registration(const std::vector<DeviceObject>& objects, const std::string& container) {
  std::vector<std::string> ids;
  for (const DeviceObject& object : objects) ids.insert(ids.end(), object.module_ids.begin(), object.module_ids.end());
  if (ids.empty()) return "// There is no relocatable device code.\n";
  std::string text = "#include <stdint.h>\n\nextern \"C\" {\n";
  text += "alignas(8) __attribute__((section(\".nv_fatbin\"))) static const unsigned char image[] = {";
  for (size_t i = 0; i < container.size(); i++) {
    if (i % 32 == 0) text += '\n';
    text += std::to_string(static_cast<unsigned char>(container[i])) + ",";
  }
  text +=
      "};\n"
      "struct Wrapper { int magic, version; const void* data; void* objects; };\n"
      "__attribute__((section(\".nvFatBinSegment\"), used)) static Wrapper wrapper = {0x466243b1, 1, image, nullptr};\n"
      "void** __cudaRegisterFatBinary(void*);\n"
      "void __cudaRegisterFatBinaryEnd(void**);\n"
      "void __cudaUnregisterFatBinary(void**);\n"
      "int atexit(void (*)());\n"
      "static void** handle;\n"
      "static void unregister() { __cudaUnregisterFatBinary(handle); }\n";
  text += "static void (*callbacks[" + std::to_string(ids.size()) + "])(void**);\n";
  text +=
      "static unsigned arrived;\n"
      "static void arrive(void (*callback)(void**), const void* keep) {\n"
      "  __asm__ volatile(\"\" : : \"r\"(keep));\n"
      "  callbacks[arrived++] = callback;\n"
      "  if (arrived != " +
      std::to_string(ids.size()) +
      ") return;\n"
      "  handle = __cudaRegisterFatBinary(&wrapper);\n"
      "  for (auto each : callbacks) each(handle);\n"
      "  __cudaRegisterFatBinaryEnd(handle);\n"
      "  atexit(unregister);\n"
      "}\n";
  for (const std::string& id : ids) {
    text += "extern const Wrapper __fatbinwrap" + id + ";\n";
    text += "void __cudaRegisterLinkedBinary" + id +
            "(void (*callback)(void**), void*, void*, void (*)(void*)) { arrive(callback, &__fatbinwrap" + id + "); }\n";
  }
  return text + "}\n";
}

Result<> link(const std::vector<std::string>& arguments) {
  AW_ASSIGN(Command command, parse_command(arguments));
  AW_ASSIGN(Toolkit kit, find_toolkit_and_compiler());
  AW_ASSIGN(std::vector<DeviceObject> objects, collect(command));
  std::vector<Image> images;
  if (!objects.empty()) {
    AW_ASSIGN(TemporaryFolder scratch, TemporaryFolder::make("anywarp-nvlink"));
    for (const std::string& arch : command.archs) {
      Image image;
      image.arch = arch;
      image.name = "linked.ptx";
      AW_ASSIGN(image.bytes, link_for(objects, arch, kit, scratch.path()));
      images.push_back(std::move(image));
    }
  }
  std::string container = write_fatbin(images);
  AW_TRY(write_file(command.output, container));
  return write_file(command.registration, registration(objects, container));
}

}  // namespace

int nvlink_main(const std::vector<std::string>& arguments) {
  catch_interrupts();
  Result<> linked = link(arguments);
  die_if_interrupted();
  if (linked) return 0;
  fprintf(stderr, "nvlink fatal   : %s\n", linked.error().text().c_str());
  return 1;
}

}  // namespace anywarp::toolchain
