// libdevice.10.bc against clang's header: every function that the header declares is defined, with its type, and calls nothing
// but what math.list documents.
#include <gtest/gtest.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace anywarp::devicelib {
namespace {

std::unique_ptr<llvm::Module> read_library(llvm::LLVMContext& context) {
  auto buffer = llvm::MemoryBuffer::getFile(LIBDEVICE_FILE);
  if (!buffer) return nullptr;
  auto parsed = llvm::parseBitcodeFile((*buffer)->getMemBufferRef(), context);
  if (!parsed) {
    ADD_FAILURE() << toString(parsed.takeError());
    return nullptr;
  }
  return std::move(*parsed);
}

/// "float*" -> "ptr", "unsigned long long" -> "i64", ...: C's type as LLVM names it.
std::string llvm_name(std::string type) {
  if (type.find('*') != std::string::npos) return "ptr";
  type = std::regex_replace(type, std::regex("unsigned|signed"), "");
  type = std::regex_replace(type, std::regex("^\\s+|\\s+$"), "");
  if (type == "long long") return "i64";
  if (type == "short") return "i16";
  if (type == "int" || type.empty()) return "i32";
  return type;
}

std::string text_of(const llvm::Type& type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

TEST(Libdevice, DefinesWhatClangDeclares) {
  llvm::LLVMContext context;
  const std::unique_ptr<llvm::Module> library = read_library(context);
  ASSERT_TRUE(library);
  EXPECT_FALSE(llvm::verifyModule(*library, &llvm::errs()));
  EXPECT_TRUE(library->getTargetTriple().isNVPTX());

  std::ifstream file(DECLARATIONS);
  std::stringstream whole;
  whole << file.rdbuf();
  // The SIMD functions are for releases of CUDA before 9.2 only.
  std::string text = std::regex_replace(whole.str(), std::regex("#if CUDA_VERSION[^#]*#endif"), "");
  text = std::regex_replace(text, std::regex("\\s+"), " ");
  const std::regex declaration("__DEVICE__ ([a-z ]+?) (__nv_\\w+)\\(([^)]*)\\);");
  unsigned count = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), declaration), end; at != end; ++at, ++count) {
    const std::string name = (*at)[2];
    std::string wanted = llvm_name((*at)[1]) + " (", parameter, separator;
    std::stringstream parameters((*at)[3]);
    while (std::getline(parameters, parameter, ',')) {
      wanted += separator + llvm_name(std::regex_replace(parameter, std::regex("__\\w+\\s*$"), ""));
      separator = ", ";
    }
    wanted += ")";
    const llvm::Function* function = library->getFunction(name);
    ASSERT_TRUE(function && !function->isDeclaration()) << name << " is not defined";
    EXPECT_EQ(text_of(*function->getFunctionType()), wanted) << name;
    EXPECT_TRUE(function->hasFnAttribute(llvm::Attribute::AlwaysInline)) << name;
  }
  EXPECT_GT(count, 340u);
}

TEST(Libdevice, CallsWhatTheListDocuments) {
  llvm::LLVMContext context;
  const std::unique_ptr<llvm::Module> library = read_library(context);
  ASSERT_TRUE(library);
  std::ifstream list(MATH_LIST);
  std::set<std::string> listed, called;
  for (std::string line; std::getline(list, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::string name = line.substr(0, line.find(' '));
    EXPECT_TRUE(listed.insert(name).second) << name << " stands twice";
    const llvm::Function* function = library->getFunction(name);
    ASSERT_TRUE(function) << name << " is not called";
    const std::string type = line.substr(name.size() + 1, line.find(')') - name.size());
    EXPECT_EQ(std::regex_replace(text_of(*function->getFunctionType()), std::regex(" \\("), "("), type) << name;
  }
  for (const llvm::Function& function : *library) {
    if (!function.isDeclaration() || function.isIntrinsic()) continue;
    EXPECT_TRUE(listed.contains(function.getName().str())) << function.getName().str();
    EXPECT_TRUE(function.doesNotAccessMemory() && function.doesNotThrow()) << function.getName().str();
    EXPECT_FALSE(function.isConvergent()) << function.getName().str();
  }
}

}  // namespace
}  // namespace anywarp::devicelib
