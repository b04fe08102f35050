#include "compile/link_devicelib.h"

#include "compile/math.h"
#include "devicelib/bitcode.h"
#include "spmd/estimates.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/VFABIDemangler.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

#include <chrono>
#include <fstream>

namespace anywarp::compile {
namespace {

Result<> link_devicelib(kir::KernelModule& kernel) { return compile::link_devicelib(kernel, **jit::chosen_processor()); }

kir::KernelModule parse(const std::string& body, const std::string& declarations) {
  kir::KernelModule kernel;
  kernel.context = std::make_unique<llvm::LLVMContext>();
  llvm::SMDiagnostic diagnostic;
  kernel.module = llvm::parseAssemblyString("target triple = \"nvptx64-nvidia-cuda\"\n" + declarations +
                                                "define ptx_kernel void @k(ptr noalias readonly align 16 dereferenceable(8) %params) {\n" +
                                                body + "  ret void\n}\n",
                                            diagnostic, *kernel.context);
  EXPECT_TRUE(kernel.module) << diagnostic.getMessage().str();
  kernel.module->setDataLayout(kernel.module->getTargetTriple().computeDataLayout());
  kernel.kernel = kernel.module->getFunction("k");
  return kernel;
}

TEST(LinkDevicelib, TakesWhatIsCalledAndNoMore) {
  kir::KernelModule kernel =
      parse("  %x = call float @__aw_add_rz_f32(float 1.0, float 2.0)\n", "declare float @__aw_add_rz_f32(float, float)\n");
  const Result<> linked = link_devicelib(kernel);
  ASSERT_TRUE(linked) << linked.error().text();
  llvm::Function* function = kernel.module->getFunction("__aw_add_rz_f32");
  ASSERT_FALSE(function->isDeclaration());
  EXPECT_TRUE(function->hasLocalLinkage());
  EXPECT_TRUE(function->hasFnAttribute(llvm::Attribute::AlwaysInline));
  EXPECT_TRUE(function->doesNotAccessMemory());
  EXPECT_FALSE(function->hasFnAttribute("target-features"));
  EXPECT_FALSE(kernel.module->getModuleFlagsMetadata());
  unsigned definitions = 0;
  for (const llvm::Function& other : *kernel.module) definitions += !other.isDeclaration();
  EXPECT_EQ(definitions, 2u);
  std::string text;
  llvm::raw_string_ostream out(text);
  EXPECT_FALSE(llvm::verifyModule(*kernel.module, &out)) << text;
}

TEST(LinkDevicelib, NamesVectorVariantsOfWhatStaysExternal) {
  kir::KernelModule kernel = parse("  %x = call float @__aw_atanf(float 1.0)\n  %y = call double @__aw_jn(i32 2, double 1.0)\n",
                                   "declare float @__aw_atanf(float)\ndeclare double @__aw_jn(i32, double)\n");
  const Result<> linked = link_devicelib(kernel);
  ASSERT_TRUE(linked) << linked.error().text();
  for (llvm::Instruction& instruction : llvm::instructions(kernel.kernel)) {
    auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    if (!call) continue;
    llvm::SmallVector<llvm::StringRef> names;
    call->getFnAttr(llvm::VFABI::MappingsAttrName).getValueAsString().split(names, ',', -1, /*KeepEmpty=*/false);
    const MathFunction* math = find_math_function(call->getCalledFunction()->getName().str());
    ASSERT_TRUE(math);
    ASSERT_EQ(names.size(), math->variants.size());
    for (size_t i = 0; i < names.size(); ++i) {
      const auto info = llvm::VFABI::tryDemangleForVFABI(names[i], call->getFunctionType());
      ASSERT_TRUE(info) << names[i].str();
      EXPECT_EQ(info->Shape.VF.getFixedValue(), math->variants[i].lanes);
      EXPECT_EQ(info->ScalarName, math->name);
      EXPECT_EQ(info->VectorName, variant_symbol(math->name, math->variants[i].lanes));
      EXPECT_FALSE(info->isMasked());
    }
  }
  EXPECT_GE(find_math_function("__aw_atanf")->variants.size(), 1u);
}

TEST(LinkDevicelib, TakesLibdevicesNames) {
  kir::KernelModule kernel = parse("  %x = call float @__nv_atanf(float 1.0)\n  %y = call float @__aw_atanf(float %x)\n",
                                   "declare float @__aw_atanf(float)\ndeclare float @__nv_atanf(float)\n");
  ASSERT_TRUE(link_devicelib(kernel));
  EXPECT_EQ(kernel.module->getFunction("__aw_atanf")->getNumUses(), 2u);
  kir::KernelModule inlined = parse("  %x = call float @__nv_expf(float 1.0)\n", "declare float @__nv_expf(float)\n");
  ASSERT_TRUE(link_devicelib(inlined));
  ASSERT_TRUE(inlined.module->getFunction("__aw_expf"));
  EXPECT_FALSE(inlined.module->getFunction("__aw_expf")->isDeclaration());
}

TEST(LinkDevicelib, RefusesWhatItDoesNotHave) {
  kir::KernelModule unknown = parse("  %x = call float @__aw_frobnicate(float 1.0)\n", "declare float @__aw_frobnicate(float)\n");
  Result<> linked = link_devicelib(unknown);
  ASSERT_FALSE(linked);
  EXPECT_NE(linked.error().message.find("__aw_frobnicate"), std::string::npos);
  kir::KernelModule wrong = parse("  %x = call double @__aw_add_rz_f32(double 1.0)\n", "declare double @__aw_add_rz_f32(double)\n");
  EXPECT_FALSE(link_devicelib(wrong));
  kir::KernelModule wrong_math = parse("  %x = call double @__aw_atanf(double 1.0)\n", "declare double @__aw_atanf(double)\n");
  EXPECT_FALSE(link_devicelib(wrong_math));
}

/// The contract with lowering, line by line: each function is there, with its type, and without a branch.
TEST(LinkDevicelib, ListAndBitcodeAgree) {
  llvm::LLVMContext context;
  auto library = llvm::parseBitcodeFile(
      llvm::MemoryBufferRef(llvm::StringRef(devicelib::bitcode().data(), devicelib::bitcode().size()), "devicelib"), context);
  ASSERT_TRUE(static_cast<bool>(library));
  std::ifstream list(ANYWARP_SOURCE_DIR "/devicelib/ptx_ops.list");
  std::string line;
  unsigned count = 0;
  while (std::getline(list, line)) {
    if (line.empty() || line[0] == '#') continue;
    const std::string name = line.substr(0, line.find(' ')), type = line.substr(line.find(' ') + 1);
    const llvm::Function* function = (*library)->getFunction(name);
    ASSERT_TRUE(function && !function->isDeclaration()) << name;
    std::string found;
    llvm::raw_string_ostream(found) << *function->getFunctionType();
    found.erase(std::remove(found.begin(), found.end(), ' '), found.end());
    std::string wanted = type;
    wanted.erase(std::remove(wanted.begin(), wanted.end(), ' '), wanted.end());
    EXPECT_EQ(found, wanted) << name;
    EXPECT_EQ(function->size(), 1u) << name << " has branches";
    ++count;
  }
  EXPECT_GT(count, 150u);
}

/// A kernel that calls all there is, the math functions included.
TEST(LinkDevicelib, EveryFunctionLinks) {
  std::string declarations, body;
  for (const char* name : {"ptx_ops.list", "math.list"}) {
    std::ifstream list(std::string(ANYWARP_SOURCE_DIR "/devicelib/") + name);
    for (std::string line; std::getline(list, line);) {
      if (line.empty() || line[0] == '#') continue;
      const size_t space = line.find(' '), open = line.find('('), close = line.find(')');
      const std::string function = line.substr(0, space), result = line.substr(space + 1, open - space - 1);
      std::string arguments = line.substr(open + 1, close - open - 1), values;
      declarations += "declare " + result + " @" + function + "(" + arguments + ")\n";
      for (size_t at = 0; at < arguments.size();) {
        const size_t comma = std::min(arguments.find(", ", at), arguments.size());
        values += (at ? ", " : "") + arguments.substr(at, comma - at) + " zeroinitializer";
        at = comma + 2;
      }
      body += "  call " + result + " @" + function + "(" + values + ")\n";
    }
  }
  kir::KernelModule kernel = parse(body, declarations);
  const Result<> linked = link_devicelib(kernel);
  ASSERT_TRUE(linked) << linked.error().text();
  const Result<> verified = kir::verify(kernel);
  EXPECT_TRUE(verified) << verified.error().text();
  for (const llvm::Function& function : *kernel.module) {
    if (!function.isDeclaration() || function.isIntrinsic() || function.getName() == spmd::kRootEstimate) continue;
    EXPECT_TRUE(find_math_function(function.getName().str())) << function.getName().str();
  }
}

TEST(LinkDevicelib, IsCheap) {
  double best = 1e9;
  for (int i = 0; i < 10; ++i) {
    kir::KernelModule kernel =
        parse("  %x = call float @__aw_sin_approx_f32(float 1.0)\n  %y = call float @__aw_ex2_approx_ftz_f32(float %x)\n",
              "declare float @__aw_sin_approx_f32(float)\ndeclare float @__aw_ex2_approx_ftz_f32(float)\n");
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(link_devicelib(kernel));
    best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  RecordProperty("milliseconds", std::to_string(best));
  EXPECT_LT(best, 20);  // it takes about 0.5 ms; a loaded machine must not fail this
  std::printf("linking two functions takes %.2f ms\n", best);
}

}  // namespace
}  // namespace anywarp::compile
