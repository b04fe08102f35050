"""The command `anywarp` itself: run, info, help, and everything that can go wrong before a program starts."""
import pathlib
import signal
import subprocess
import time
import unittest

from harness import ANYWARP, SAXPY, Case


class Run(Case):
    def test_a_source(self):
        self.write("saxpy.cu", SAXPY)
        self.assertEqual(self.anywarp("run", "saxpy.cu", "a", "--b").stdout, "saxpy is right [a] [--b]\n")
        self.anywarp("run", "saxpy.cu", "7", status=7)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir() if path.name != "cache"), ["saxpy.cu"])

    def test_options_and_several_sources(self):
        self.write("a.cu", "int b(); int main() { return b() - VALUE; }\n")
        self.write("b.cu", "int b() { return 4; }\n")
        self.anywarp("run", "-DVALUE=4", "-O1", "a.cu", "b.cu", "--")
        self.anywarp("run", "-DVALUE=1", "a.cu", "b.cu", "--", "x", status=3)

    def test_a_program(self):
        self.assertEqual(self.anywarp("run", "echo", "-n", "hello").stdout, "hello")
        self.assertRegex(self.anywarp("run", "sh", "-c", "echo $LD_LIBRARY_PATH").stdout, "lib64")
        self.anywarp("run", "sh", "-c", "exit 5", status=5)

    def test_as_another_chip(self):
        self.write("who.cu", """#include <cstdio>
__global__ void arch(int* out) {
#ifdef __CUDA_ARCH__
  *out = __CUDA_ARCH__;
#endif
}
int main() {
  cudaDeviceProp prop;
  int *where, kernel = 0;
  if (cudaGetDeviceProperties(&prop, 0) || cudaMalloc(&where, 4)) return 1;
  arch<<<1, 1>>>(where);
  if (cudaMemcpy(&kernel, where, 4, cudaMemcpyDeviceToHost)) return 1;
  printf("%s: %d, %d.%d, %zu, %d\\n", prop.name, prop.multiProcessorCount, prop.major, prop.minor, prop.totalGlobalMem >> 30, kernel);
}
""")
        self.assertEqual(self.anywarp("run", "--as", "A100", "who.cu").stdout, "NVIDIA A100-SXM4-80GB: 108, 8.0, 80, 800\n")
        self.assertEqual(self.anywarp("run", "--as=h20", "who.cu").stdout, "NVIDIA H20-SXM5-96GB: 78, 9.0, 96, 900\n")
        self.write("my.toml", 'name = "plan"\nvendor = "our"\nsource = "s"\nconfidence = "low"\narch = "sm_89"\nsm_count = 7\nboost_mhz = 1000\nmemory_gb = 3\n')
        self.assertEqual(self.anywarp("run", "--as", "my.toml", "who.cu").stdout, "our plan: 7, 8.9, 3, 890\n")
        # A persistent kernel takes as many blocks as the chip holds at once.
        self.write("all.cu", """#include <cooperative_groups.h>
#include <cstdio>
__global__ void all(int* sum) { atomicAdd(sum, 1); cooperative_groups::this_grid().sync(); if (atomicAdd(sum, 0) != int(gridDim.x * blockDim.x)) *sum = -1; }
int main() {
  int blocks = 0, count = 0, seen = 0, *sum;
  cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, 0);
  cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, all, 256, 0);
  cudaMalloc(&sum, 4), cudaMemset(sum, 0, 4);
  void* arguments[] = {&sum};
  if (cudaError_t error = cudaLaunchCooperativeKernel((void*)all, count * blocks, 256, arguments, 0, 0)) return error;
  cudaMemcpy(&seen, sum, 4, cudaMemcpyDeviceToHost);
  printf("%d\\n", seen == count * blocks * 256 ? count : -1);
}
""")
        self.assertEqual(self.anywarp("run", "--as", "A100", "all.cu").stdout, "108\n")

    def test_as_what_is_no_chip(self):
        self.assertIn("did you mean 'H20'?", self.anywarp("run", "--as", "H2O", "true", status=2).stderr)
        self.assertIn("--as needs a chip", self.anywarp("run", "--as", status=2).stderr)
        self.assertIn("the model of MLU590 lacks sm_count, boost_mhz", self.anywarp("run", "--as", "MLU590", "true", status=2).stderr)
        self.assertIn("none.toml: the chip's file cannot be read", self.anywarp("run", "--as", "none.toml", "true", status=2).stderr)

    def test_a_source_that_does_not_compile(self):
        self.write("bad.cu", "int main() { return x; }\n")
        done = self.anywarp("run", "bad.cu", status=1)
        self.assertIn("bad.cu:1:21: error: use of undeclared identifier 'x'", done.stderr)

    def test_what_is_not_there(self):
        self.assertIn("'none.cu' cannot be read: No such file", self.anywarp("run", "none.cu", status=1).stderr)
        self.assertIn("'none' cannot be started: No such file", self.anywarp("run", "none", status=127).stderr)
        self.write("data.txt", "")
        self.assertIn("'data.txt' is no program", self.anywarp("run", "data.txt", status=126).stderr)
        self.assertIn("nothing to run", self.anywarp("run", status=2).stderr)
        self.assertIn("no CUDA source", self.anywarp("run", "-O2", status=2).stderr)
        self.write("a.cu", "int main() {}\n")
        self.assertIn("no temporary folder '/nonexistent", self.anywarp("run", "a.cu", status=1, environment={"TMPDIR": "/nonexistent"}).stderr)
        self.assertIn("Unknown option '--bananas'", self.anywarp("run", "--bananas", "a.cu", status=1).stderr)

    def test_a_crash_is_the_programs_own(self):
        self.write("crash.cu", "#include <csignal>\nint main() { raise(SIGABRT); }\n")
        self.anywarp("run", "crash.cu", status=-signal.SIGABRT)

    def test_interrupted_while_compiling(self):
        # A source that takes long to compile; the temporary folder must be gone when the command has ended.
        self.write("slow.cu", "template <int N> struct S { static constexpr int v = S<N - 1>::v + S<N - 2>::v; };\n"
                   "#include <regex>\n#include <algorithm>\n#include <map>\nint main() { std::regex r(\"a*\"); return std::regex_match(\"aa\", r) ? 0 : 1; }\n")
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen([str(ANYWARP), "run", "slow.cu"], cwd=self.folder, env=self.environment, stderr=subprocess.DEVNULL)
            deadline = time.monotonic() + 60
            while not any(self.temporary.iterdir()) and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.1)
            process.send_signal(number)
            self.assertEqual(process.wait(60), -number)
            self.assertEqual([p.name for p in self.temporary.iterdir() if p.name.startswith("anywarp")], [])

    def test_the_temporary_program_is_gone_while_it_runs(self):
        self.write("look.cu", '#include <cstdlib>\nint main() { return system("test -z \\"$(ls -A $TMPDIR)\\"") ? 1 : 0; }\n')
        self.anywarp("run", "look.cu")


class Commands(Case):
    def test_help(self):
        for words in (["--help"], ["-h"], []):
            text = self.anywarp(*words).stdout
            for command in ("run", "nvcc", "info", "chips"):
                self.assertIn(f"  {command} ", text)
        for command in ("run", "nvcc", "info", "chips"):
            self.assertIn("usage:", self.anywarp(command, "--help").stdout)

    def test_mistyped(self):
        self.assertIn("did you mean 'run'?", self.anywarp("rnu", "x.cu", status=2).stderr)
        self.assertIn("did you mean 'info'?", self.anywarp("inof", status=2).stderr)
        self.assertIn("unknown command 'bananas'", self.anywarp("bananas", status=2).stderr)
        self.assertIn("unknown option '--bananas'", self.anywarp("--bananas", status=2).stderr)
        self.assertIn("takes no argument", self.anywarp("info", "x", status=2).stderr)

    def test_version(self):
        self.assertRegex(self.anywarp("--version").stdout, r"^anywarp \d+\.\d+\.\d+\n$")

    def test_info(self):
        text = self.anywarp("info").stdout
        for word in ("CUDA driver", "compute capability", "memory", "warp", "vectors", "Cache of compiled kernels", str(self.folder / "cache")):
            self.assertIn(word, text)
        self.assertIn("compute capability         8.6", self.anywarp("info", environment={"ANYWARP_COMPUTE_CAPABILITY": "8.6"}).stdout)

    def test_nvcc(self):
        self.assertIn("release 13.0", self.anywarp("nvcc", "--version").stdout)


class SourceTree(unittest.TestCase):
    def test_every_python_file_compiles(self):
        root = pathlib.Path(__file__).resolve().parents[2]
        for path in [*root.glob("gen/*.py"), *root.glob("tools/**/*.py"), *root.glob("bench/*.py"), *root.glob("tests/**/*.py")]:
            compile(path.read_text(), str(path), "exec")


if __name__ == "__main__":
    unittest.main()
