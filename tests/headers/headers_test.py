"""The headers of the toolkit: each compiles alone, in every language that it promises, and host code computes right with them."""
import concurrent.futures
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "toolchain"))
from harness import BIN, TOOLKIT, Case  # noqa: E402

INCLUDE = TOOLKIT / "include"

# Headers with device code of their own; the others are their parts or other names of them.
DEVICE = """cuda_runtime.h cuda_fp16.h cuda_bf16.h cooperative_groups.h cooperative_groups/reduce.h cooperative_groups/scan.h
    cooperative_groups/memcpy_async.h cuda/atomic cuda/barrier cuda/pipeline cuda/latch cuda/semaphore cuda/functional cuda_pipeline.h
    cuda_awbarrier.h curand_kernel.h cuComplex.h device_atomic_functions.h nv/target math_constants.h cublasLt.h cuda_fp8.h mma.h""".split()

C = """cuda.h cuda_runtime.h cuda_runtime_api.h cuda_profiler_api.h cudaProfiler.h cudaTypedefs.h driver_types.h vector_types.h
    library_types.h texture_types.h surface_types.h cuComplex.h curand.h cublas_v2.h cublasLt.h cuda_fp16.h cuda_bf16.h
    nvtx3/nvToolsExt.h nvtx3/nvToolsExtCuda.h nvtx3/nvToolsExtCudaRt.h math_constants.h""".split()

# Not headers of their own: they are pasted into others.
FRAGMENTS = {"cuda_driver_functions.h", "crt/nvrtc_runtime.h", "crt/nvrtc_math.h", "crt/narrow_float_types.inc", "crt/narrow_float_functions.inc"}

# Headers that include one of another library, which need not be there.
FOREIGN = {"cuda_gl_interop.h": "/usr/include/GL/gl.h"}


def every_header():
    names = {str(path.relative_to(INCLUDE)) for path in INCLUDE.rglob("*") if path.is_file() and path.name != "CMakeLists.txt"}
    absent = {name for name, other in FOREIGN.items() if not pathlib.Path(other).exists()}
    return sorted(name for name in names - FRAGMENTS - absent if "/details/" not in name)


class Headers(Case):
    def compile_each(self, names, compile_one):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for result in [pool.submit(compile_one, name) for name in names]:
                result.result()

    def test_alone_in_cuda(self):
        def compile_one(name):
            source = self.write(name.replace("/", "_") + ".cu", f"#include <{name}>\n__global__ void kernel() {{}}\n")
            self.nvcc("-c", "-arch=sm_90", "-std=c++17", "-Werror", "all-warnings", "-o", source.with_suffix(".o"), source)
        self.compile_each(DEVICE, compile_one)

    def test_all_together_in_both_orders(self):
        for arch, names in (("sm_75", every_header()), ("sm_120", every_header()[::-1])):
            source = self.write(f"all_{arch}.cu", "".join(f"#include <{name}>\n" for name in names) + "__global__ void kernel() {}\n")
            self.nvcc("-c", f"-arch={arch}", "-std=c++17", "-o", "all.o", source)

    def test_in_cpp_with_gcc(self):
        def compile_one(name):
            source = self.write(name.replace("/", "_") + ".cpp", f"#include <{name}>\n")
            self.run_command("g++", "-std=c++17", "-Wall", "-Werror", "-fsyntax-only", f"-I{INCLUDE}", source)
        self.compile_each(every_header(), compile_one)

    def test_in_c(self):
        def compile_one(name):
            source = self.write(name.replace("/", "_") + ".c", f"#include <{name}>\n")
            self.run_command("gcc", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", f"-I{INCLUDE}", source)
        self.compile_each(C, compile_one)

    def run_on_host(self, text):
        source = self.write("program.cpp", text)
        self.run_command("g++", "-std=c++17", "-O1", f"-I{INCLUDE}", source, "-o", "program")
        return self.run_command("./program").stdout

    def test_half_rounds_as_the_compiler_does(self):
        # _Float16 is gcc's own implementation of the same format.
        out = self.run_on_host(r"""
            #include <cuda_bf16.h>
            #include <cuda_fp16.h>
            #include <cmath>
            #include <cstdio>
            #include <cstring>
            int main() {
              long wrong = 0;
              for (unsigned long i = 0; i < 0x100000000ul; i += 4099) {
                unsigned bits = i;
                float f;
                memcpy(&f, &bits, 4);
                if (f != f) continue;
                _Float16 reference = f;
                unsigned short expected;
                memcpy(&expected, &reference, 2);
                wrong += __half_as_ushort(__float2half(f)) != expected;
                wrong += __half_as_ushort(__double2half(f)) != expected;
                wrong += __half2float(__float2half_rd(f)) > f || __half2float(__float2half_ru(f)) < f;
                wrong += std::fabs(__half2float(__float2half_rz(f))) > std::fabs(f);
                wrong += __bfloat16_as_ushort(__float2bfloat16(f)) != __bfloat16_as_ushort(__double2bfloat16(f));
              }
              for (unsigned i = 0; i < 0x10000; ++i) {
                unsigned short bits = i;
                _Float16 reference;
                memcpy(&reference, &bits, 2);
                float f = __half2float(__ushort_as_half(bits));
                wrong += f == f ? f != (float)reference || __half_as_ushort(__float2half(f)) != bits : reference == reference;
              }
              printf("%ld %g %d\n", wrong, (float)(half(1.5f) * half(2.0f) + half(1)), (int)half(-3.7f));
            }""")
        self.assertEqual(out, "0 4 -3\n")

    def test_curand_known_numbers(self):
        # Drawn with cuRAND 13.0's device API.
        out = self.run_on_host(r"""
            #include <curand_kernel.h>
            #include <cstdio>
            template <class State>
            void draw(unsigned long long seed, unsigned long long sequence, unsigned long long offset) {
              State state;
              curand_init(seed, sequence, offset, &state);
              for (int i = 0; i < 3; ++i) printf("%08x ", curand(&state));
              printf("%.7g %.10g ", curand_uniform(&state), curand_uniform_double(&state));
              printf("%.4f ", curand_normal(&state));
              printf("%.9f\n", curand_normal_double(&state));
            }
            template <class State>
            void draws() {
              draw<State>(0, 0, 0);
              draw<State>(1234, 77, 6);
              draw<State>(0x123456789abcdef, 0x123456789, 123456789012);
            }
            int main() {
              draws<curandStateXORWOW>();
              draws<curandStateMRG32k3a>();
              draws<curandStatePhilox4_32_10_t>();
            }""")
        self.assertEqual(out.splitlines(), KNOWN)

    def test_host_mathematics(self):
        source = self.write("mathematics.cu", r"""
            #include <cstdio>
            #include <cmath>
            bool near(double a, double b) { return std::fabs(a - b) <= 4e-15 * std::fabs(b); }
            int main() {
              bool right = max(3, 4) == 4 && min(3u, 4u) == 3 && max(-1, 1u) == 0xffffffffu && max(1.0f, NAN) == 1.0f && min(2l, 1l) == 1;
              right &= rsqrt(16.0) == 0.25 && sinpi(1.0) == 0 && cospi(0.5) == 0 && cospi(1.0) == -1 && near(sinpi(0.25), std::sqrt(0.5));
              right &= near(normcdf(1.0), 0.84134474606854294859) && near(normcdfinv(0.975), 1.9599639845400542355);
              right &= near(erfinv(0.5), 0.47693627620446987338) && near(erfinv(1e-10), 8.8622692545275801e-11);
              right &= near(erfcinv(1e-20), 6.6015806223551426) && near(erfcx(2.0), 0.25539567631050574) && near(erfcx(30.0), 0.018795888861416753);
              right &= near(cyl_bessel_i0(2.0), 2.2795853023360672674) && near(cyl_bessel_i1(2.0), 1.5906368546373290634);
              right &= near(norm3d(2, 3, 6), 7) && near(rnorm4d(1, 1, 1, 1), 0.5) && rcbrtf(8.0f) == 0.5f;
              puts(right ? "right" : "wrong");
            }""")
        self.nvcc("-o", "mathematics", source, "-cudart", "none")
        self.assertEqual(self.run_command("./mathematics").stdout, "right\n")


KNOWN = """
bd7f03b6 703e556d 845af0c5 0.4625084 0.07136758382 1.5110 -0.456207219
5f87c5b3 d46780b3 1885f496 0.358715 0.8775199579 0.0187 -0.890229985
905b8a7a 8adcbe9b f5197898 0.03289103 0.5492236176 0.5505 -1.186661256
2083cd07 518b05c4 4f26d091 0.2216299 0.8258468631 0.1351 1.084617947
0e73fb2a f83225df c68664eb 0.2341393 0.169205611 -0.9374 1.650559333
f9f7f455 535f89d6 519c19c9 0.7340068 0.08527459316 -1.0920 0.145951203
6627e8d5 e169c58d bc57ac4c 0.9722412 0.6054818539 -1.3378 2.173518858
2f37d10d fb38f548 7cd12696 0.1804678 0.1234303976 -0.3201 0.265500773
647eabe4 dcd11161 f4707d14 0.7327286 0.5371808321 -0.4019 -0.658065477
""".split("\n")[1:-1]

if __name__ == "__main__":
    unittest.main()
