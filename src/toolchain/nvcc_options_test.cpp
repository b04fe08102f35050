#include "toolchain/nvcc_options.h"

#include <gtest/gtest.h>

namespace anywarp::toolchain {
namespace {

using Words = std::vector<std::string>;

NvccOptions parsed(const Words& words) {
  Result<ParsedCommand> command = parse_nvcc(words);
  EXPECT_TRUE(command) << (command ? "" : command.error().text());
  return command ? command->options : NvccOptions{};
}

std::string error_of(const Words& words) {
  Result<ParsedCommand> command = parse_nvcc(words);
  EXPECT_FALSE(command);
  return command ? "" : command.error().text();
}

TEST(NvccOptions, PhasesAndOutputs) {
  EXPECT_EQ(parsed({"a.cu"}).phase, Phase::Link);
  EXPECT_EQ(parsed({"-c", "a.cu"}).phase, Phase::Object);
  EXPECT_EQ(parsed({"--compile", "a.cu"}).phase, Phase::Object);
  EXPECT_EQ(parsed({"-ptx", "a.cu"}).phase, Phase::Ptx);
  EXPECT_EQ(parsed({"-cubin", "a.cu"}).phase, Phase::Cubin);
  EXPECT_EQ(parsed({"-fatbin", "a.cu"}).phase, Phase::Fatbin);
  EXPECT_EQ(parsed({"-E", "a.cu"}).phase, Phase::Preprocess);
  EXPECT_EQ(parsed({"-M", "a.cu"}).phase, Phase::Dependencies);
  EXPECT_EQ(parsed({"-lib", "a.cu"}).phase, Phase::Library);
  EXPECT_EQ(parsed({"-dlink", "a.o"}).phase, Phase::DeviceLink);
  for (const Words& words : {Words{"a.cu", "-o", "x"}, {"a.cu", "-o=x"}, {"--output-file", "x", "a.cu"}, {"--output-file=x", "a.cu"}})
    EXPECT_EQ(parsed(words).output, "x");
}

TEST(NvccOptions, RelocatableCode) {
  EXPECT_FALSE(parsed({"a.cu"}).relocatable);
  EXPECT_TRUE(parsed({"-dc", "a.cu"}).relocatable);
  EXPECT_EQ(parsed({"-dc", "a.cu"}).phase, Phase::Object);
  EXPECT_TRUE(parsed({"-rdc=true", "a.cu"}).relocatable);
  EXPECT_TRUE(parsed({"-rdc", "true", "a.cu"}).relocatable);
  EXPECT_FALSE(parsed({"--relocatable-device-code=false", "a.cu"}).relocatable);
  EXPECT_EQ(error_of({"-rdc=maybe", "a.cu"}), "'maybe': expected true or false");
}

TEST(NvccOptions, Architectures) {
  auto archs = [](const Words& words) {
    std::string text;
    for (const Target& target : parsed(words).targets) {
      text += target.arch + ":";
      for (const std::string& code : target.codes) text += code + ",";
    }
    return text;
  };
  EXPECT_EQ(archs({"a.cu"}), "75:sm_75,compute_75,");
  EXPECT_EQ(archs({"-arch=sm_90", "a.cu"}), "90:sm_90,compute_90,");
  EXPECT_EQ(archs({"-arch", "sm_90a", "a.cu"}), "90a:sm_90a,compute_90a,");
  EXPECT_EQ(archs({"-arch=compute_80", "-code=sm_80,sm_86", "a.cu"}), "80:sm_80,sm_86,");
  EXPECT_EQ(archs({"-gencode", "arch=compute_80,code=sm_80", "-gencode=arch=compute_90,code=[sm_90,compute_90]", "a.cu"}),
            "80:sm_80,90:sm_90,compute_90,");
  EXPECT_EQ(archs({"--generate-code=arch=compute_90,code=[compute_90,sm_90]", "a.cu"}), "90:compute_90,sm_90,");
  EXPECT_EQ(archs({"-arch=sm_60", "a.cu"}), "60:sm_60,compute_60,");
  EXPECT_EQ(error_of({"-arch=sm_13", "a.cu"}), "Unsupported gpu architecture 'sm_13'");
  EXPECT_EQ(error_of({"-arch=sm_banana", "a.cu"}), "Unsupported gpu architecture 'sm_banana'");
  EXPECT_NE(error_of({"-gencode", "compute_80", "a.cu"}).find("arch=compute_NN,code=sm_NN"), std::string::npos);
  EXPECT_NE(error_of({"-ptx", "-gencode=arch=compute_80,code=sm_80", "-gencode=arch=compute_90,code=sm_90", "a.cu"})
                .find("multiple GPU architectures"),
            std::string::npos);
}

TEST(NvccOptions, JoinedAndSeparateValues) {
  const Words expected{"-Iinclude", "-DN=4", "-isystem", "/sys", "-UX", "-include", "first.h"};
  EXPECT_EQ(parsed({"-Iinclude", "-DN=4", "-isystem", "/sys", "-UX", "-include", "first.h", "a.cu"}).preprocessor_flags, expected);
  EXPECT_EQ(parsed({"-I", "include", "-D", "N=4", "-isystem=/sys", "-U", "X", "--pre-include=first.h", "a.cu"}).preprocessor_flags,
            expected);
  EXPECT_EQ(parsed({"-Ldir", "-L", "dir2", "-lm", "-l", "dl", "a.cu"}).link_flags, (Words{"-Ldir", "-Ldir2", "-lm", "-ldl"}));
  EXPECT_EQ(parsed({"-O3", "a.cu"}).host_optimize, "3");
  EXPECT_EQ(parsed({"-O", "1", "a.cu"}).host_optimize, "1");
  EXPECT_EQ(parsed({"--optimize=2", "a.cu"}).host_optimize, "2");
  EXPECT_EQ(parsed({"-std=c++20", "a.cu"}).std, "c++20");
  EXPECT_EQ(parsed({"--std", "c++17", "a.cu"}).std, "c++17");
  EXPECT_EQ(parsed({"-t4", "-m64", "a.cu"}).inputs.size(), 1u);
}

TEST(NvccOptions, ListsGoToTheHostCompiler) {
  EXPECT_EQ(parsed({"-Xcompiler", "-fPIC,-Wall", "-Xcompiler=-fopenmp", "--compiler-options", "\"-g -O0\"", "a.cu"}).host_flags,
            (Words{"-fPIC", "-Wall", "-fopenmp", "-g -O0"}));
  EXPECT_EQ(parsed({"-Xcompiler", "-DA=\\,,-Wall", "a.cu"}).host_flags, (Words{"-DA=,", "-Wall"}));
  EXPECT_EQ(parsed({"-Xlinker", "-rpath,/x", "a.cu"}).link_flags, (Words{"-Xlinker", "-rpath", "-Xlinker", "/x"}));
  EXPECT_TRUE(parsed({"-Xptxas", "-v,-O3", "-Xptxas=-dlcm=ca", "-Xnvlink", "-v", "a.cu"}).host_flags.empty());
}

TEST(NvccOptions, MathAndDebug) {
  const NvccOptions fast = parsed({"-use_fast_math", "a.cu"});
  EXPECT_TRUE(fast.fast_math);
  const NvccOptions single = parsed({"-ftz=true", "-fmad=false", "-prec-div=false", "-prec-sqrt", "false", "a.cu"});
  EXPECT_TRUE(single.ftz && !single.fmad && !single.prec_div && !single.prec_sqrt && !single.fast_math);
  const NvccOptions debug = parsed({"-g", "-G", "-lineinfo", "a.cu"});
  EXPECT_TRUE(debug.host_debug && debug.device_debug && debug.line_info);
  EXPECT_TRUE(parsed({"--expt-relaxed-constexpr", "--extended-lambda", "a.cu"}).relaxed_constexpr);
  EXPECT_TRUE(parsed({"--expt-extended-lambda", "a.cu"}).extended_lambda);
  EXPECT_TRUE(parsed({"-default-stream", "per-thread", "a.cu"}).per_thread_stream);
  EXPECT_FALSE(parsed({"--default-stream=legacy", "a.cu"}).per_thread_stream);
  EXPECT_NE(error_of({"-default-stream=mine", "a.cu"}).find("'mine'"), std::string::npos);
}

TEST(NvccOptions, InputsByNameAndByForce) {
  const NvccOptions options = parsed({"a.cu", "b.cpp", "c.c", "d.o", "e.a", "f.so", "g.so.1"});
  ASSERT_EQ(options.inputs.size(), 7u);
  EXPECT_EQ(options.inputs[0].language, Language::Cuda);
  EXPECT_EQ(options.inputs[1].language, Language::Cxx);
  EXPECT_EQ(options.inputs[2].language, Language::C);
  EXPECT_EQ(options.inputs[3].language, Language::Object);
  EXPECT_EQ(options.inputs[4].language, Language::Archive);
  EXPECT_EQ(options.inputs[6].language, Language::Object);
  EXPECT_EQ(parsed({"-x", "cu", "a.cpp"}).inputs[0].language, Language::Cuda);
  EXPECT_EQ(parsed({"-x=cu", "-c", "odd.name"}).inputs[0].language, Language::Cuda);
  EXPECT_EQ(parsed({"-xcu", "a.cpp"}).inputs[0].language, Language::Cuda);
  EXPECT_EQ(error_of({"a.txt"}), "Don't know what to do with 'a.txt'");
  EXPECT_NE(error_of({}).find("No input files"), std::string::npos);
  EXPECT_NE(error_of({"-c", "-o", "x.o", "a.cu", "b.cu"}).find("A single input file"), std::string::npos);
}

TEST(NvccOptions, UnknownOptionsAreNamed) {
  EXPECT_EQ(error_of({"--optimise", "a.cu"}), "Unknown option '--optimise'; did you mean '--optimize'?");
  EXPECT_NE(error_of({"-fwhatever", "a.cu"}).find("Unknown option '-fwhatever'"), std::string::npos);
  EXPECT_NE(error_of({"-fopenmp", "a.cu"}).find("-Xcompiler"), std::string::npos);
  EXPECT_EQ(error_of({"a.cu", "-o"}), "Argument expected after option '-o'");
  EXPECT_EQ(parsed({"-fopenmp", "--forward-unknown-to-host-compiler", "a.cu"}).host_flags, Words{"-fopenmp"});
  EXPECT_EQ(parsed({"-Wl,-z,now", "-forward-unknown-to-host-linker", "a.cu"}).link_flags, Words{"-Wl,-z,now"});
}

}  // namespace
}  // namespace anywarp::toolchain
