"""nvcc, ptxas, fatbinary, nvlink and cuobjdump as build systems call them."""
import re
import unittest

from harness import BIN, SANITIZE, SAXPY, TOOLKIT, Case

KERNEL = "__global__ void kernel(float* x) { x[threadIdx.x] = x[threadIdx.x] / 3.0f + SCALE; }\n"


class Nvcc(Case):
    def test_version(self):
        text = self.nvcc("--version").stdout
        self.assertTrue(text.startswith("nvcc: NVIDIA (R) Cuda compiler driver\n"))
        self.assertRegex(text, r"release 13\.0, V13\.0\.88")

    def test_help_shows_every_option_group(self):
        text = self.nvcc("--help").stdout
        for word in ("--gpu-architecture, -arch", "--compile, -c", "--use_fast_math", "--device-c, -dc", "--expt-relaxed-constexpr"):
            self.assertIn(word, text)

    def test_links_and_runs(self):
        self.write("saxpy.cu", SAXPY)
        self.nvcc("-O2", "-o", "saxpy", "saxpy.cu")
        self.assertEqual(self.run_command("./saxpy").stdout, "saxpy is right\n")
        self.nvcc("saxpy.cu", "-cudart", "shared", "-std=c++20", "-Xcompiler", "-Wall,-fPIC", "-lm", "-gencode", "arch=compute_80,code=sm_80",
                  "-gencode", "arch=compute_90,code=[sm_90,compute_90]")
        self.assertEqual(self.run_command("./a.out").stdout, "saxpy is right\n")

    def test_run(self):
        self.write("saxpy.cu", SAXPY)
        done = self.nvcc("-run", "--run-args", "7,b", "saxpy.cu", status=7)
        self.assertEqual(done.stdout, "saxpy is right [7] [b]\n")

    def test_objects_of_several_languages(self):
        self.write("main.cpp", '#include <cuda_runtime.h>\nextern "C" int three(void); void launch(float*);\n'
                   "int main() { float* x; float h[32] = {6}; cudaMalloc(&x, 128); cudaMemcpy(x, h, 128, cudaMemcpyHostToDevice); launch(x);"
                   " cudaMemcpy(h, x, 128, cudaMemcpyDeviceToHost); return h[0] == 3 && three() == 3 ? 0 : 1; }\n")
        self.write("three.c", "int three(void) { return 3; }\n")
        self.write("kernel.cu", KERNEL + "void launch(float* x) { kernel<<<1, 32>>>(x); }\n")
        self.nvcc("-c", "-DSCALE=1", "main.cpp", "three.c", "kernel.cu")
        self.nvcc("main.o", "three.o", "kernel.o", "-o", "program")
        self.run_command("./program")
        self.nvcc("-lib", "-o", "libkernel.a", "kernel.o", "three.o")
        self.nvcc("main.o", "-L.", "-lkernel", "-o", "program2")
        self.run_command("./program2")
        self.nvcc("-shared", "-Xcompiler", "-fPIC", "-DSCALE=1", "kernel.cu", "three.c", "-o", "libshared.so")
        self.nvcc("main.o", "-L.", "-lshared", "-Xlinker", "-rpath=.", "-o", "program3")
        self.run_command("./program3")

    def test_separate_compilation(self):
        self.write("a.cu", """
            #include <cstdio>
            extern __device__ int twice(int);
            extern __constant__ int offset;
            static __device__ int counter;
            __device__ int shared_counter = 5;
            __global__ void first(int* out) { out[threadIdx.x] = twice(threadIdx.x) + offset + shared_counter; atomicAdd(&counter, 1); }
            int other();
            int main() {
              int *memory, host[32], count = 0;
              cudaMalloc(&memory, sizeof host);
              first<<<1, 32>>>(memory);
              cudaMemcpy(host, memory, sizeof host, cudaMemcpyDeviceToHost);
              cudaMemcpyFromSymbol(&count, counter, sizeof count);
              printf("%d %d %d\\n", host[3], count, other());
            }""")
        self.write("b.cu", """
            __constant__ int offset = 7;
            static __device__ int counter = 100;
            extern __device__ int shared_counter;
            __device__ int twice(int a) { return 2 * a; }
            __global__ void second() { counter += shared_counter; }
            int other() { int value = 0; second<<<1, 1>>>(); cudaMemcpyFromSymbol(&value, counter, sizeof value); return value; }
            """)
        expected = "18 32 105\n"
        self.nvcc("-rdc=true", "a.cu", "b.cu", "-o", "once")
        self.assertEqual(self.run_command("./once").stdout, expected)
        self.nvcc("-dc", "a.cu", "b.cu")
        self.nvcc("a.o", "b.o", "-o", "objects")
        self.assertEqual(self.run_command("./objects").stdout, expected)
        self.nvcc("-lib", "b.o", "-o", "libb.a")
        self.nvcc("a.o", "-L.", "-lb", "-o", "archive")
        self.assertEqual(self.run_command("./archive").stdout, expected)
        # As CMake does it.
        self.nvcc("-dlink", "a.o", "b.o", "-o", "dlink.o")
        self.run_command("clang++-22", *SANITIZE, "a.o", "b.o", "dlink.o", f"-L{TOOLKIT}/lib64", "-lcudart", f"-Wl,-rpath,{TOOLKIT}/lib64", "-o", "host")
        self.assertEqual(self.run_command("./host").stdout, expected)
        done = self.nvcc("a.o", "-o", "alone", status=1)
        self.assertIn("nvlink fatal   : Undefined reference to '", done.stderr)
        self.assertIn("_Z5twicei", done.stderr)

    def test_abstract_class_in_relocatable_code(self):
        self.write("abstract.cu", """
            #include <cstdio>
            struct A { __device__ __noinline__ A(int v); __device__ virtual int f() = 0; int x; };
            __device__ __noinline__ A::A(int v) : x(v) {}
            struct B : A { __device__ B(int v) : A(v) {} __device__ int f() override { return x + 1; } };
            __global__ void kernel(int* out) { B b(10 + threadIdx.x); A* a = &b; out[threadIdx.x] = a->f(); }
            int main() {
              int *memory, host[2] = {};
              cudaMalloc(&memory, sizeof host);
              kernel<<<1, 2>>>(memory);
              cudaMemcpy(host, memory, sizeof host, cudaMemcpyDeviceToHost);
              printf("%d %d\\n", host[0], host[1]);
            }
            """)
        for flag in ("-rdc=true", "-rdc=false"):
            self.nvcc(flag, "abstract.cu", "-o", "abstract")
            self.assertEqual(self.run_command("./abstract").stdout, "11 12\n")

    def test_device_only_outputs(self):
        self.write("kernel.cu", KERNEL)
        self.nvcc("-ptx", "-arch=sm_90", "-DSCALE=2", "kernel.cu")
        ptx = (self.folder / "kernel.ptx").read_text()
        self.assertIn(".target sm_90", ptx)
        self.assertIn(".visible .entry _Z6kernelPf", ptx)
        self.nvcc("-cubin", "-arch=sm_90", "-DSCALE=2", "kernel.cu", "-o", "kernel.cubin")
        self.nvcc("-fatbin", "-gencode=arch=compute_80,code=sm_80", "-gencode=arch=compute_90,code=sm_90", "-DSCALE=2", "kernel.cu")
        listed = self.run_command(BIN / "cuobjdump", "-lptx", "kernel.fatbin").stdout
        self.assertEqual(re.findall(r"sm_\d+", listed), ["sm_80", "sm_90"])

    def test_math_options_reach_the_ptx(self):
        self.write("kernel.cu", KERNEL)

        def ptx(*options):
            self.nvcc("-ptx", "-DSCALE=x[0]*x[1]", "kernel.cu", "-o", "k.ptx", *options)
            return (self.folder / "k.ptx").read_text()

        self.assertIn("div.rn.f32", ptx())
        self.assertRegex(ptx("-use_fast_math"), r"div\.(approx|full)\.ftz\.f32|mul\.(rn\.)?ftz\.f32")
        self.assertIn("fma.rn.f32", ptx())
        self.assertNotIn("fma.", ptx("-fmad=false"))
        self.assertIn("div.rn.ftz.f32", ptx("-ftz=true"))
        self.assertIn(".loc", ptx("-lineinfo"))
        self.assertNotIn(".loc", ptx())

    def test_preprocessor_and_dependencies(self):
        self.write("include/value.h", "#define VALUE 42\n")
        self.write("a.cu", '#include "value.h"\nint value = VALUE;\n#ifdef __NVCC__\nint nvcc = __CUDACC_VER_MAJOR__;\n#endif\n')
        text = self.nvcc("-E", "-Iinclude", "a.cu").stdout
        self.assertIn("int value = 42;", text)
        self.assertIn("int nvcc = 13;", text)
        rule = self.nvcc("-M", "-Iinclude", "a.cu").stdout
        self.assertRegex(rule, r"^a\.o ?: ")
        self.assertIn("include/value.h", rule)
        self.assertIn("cuda_runtime.h", rule)
        self.assertNotIn("cuda_runtime.h", self.nvcc("-MM", "-Iinclude", "a.cu").stdout)
        self.nvcc("-MD", "-MF", "a.d", "-MT", "target", "-Iinclude", "-c", "a.cu", "-o", "a.o")
        self.assertRegex((self.folder / "a.d").read_text(), r"^target ?:")
        self.nvcc("-MMD", "-MP", "-Iinclude", "-c", "a.cu", "-o", "b.o")
        self.assertIn("\ninclude/value.h:", (self.folder / "b.d").read_text())

    def test_verbose_and_dryrun(self):
        self.write("a.cu", "int main() {}\n")
        text = self.nvcc("--dryrun", "a.cu", "-o", "program").stderr
        self.assertRegex(text, r'#\$ INCLUDES="-I.*/include"')
        libraries = re.search(r'#\$ LIBRARIES=(.*)', text).group(1).strip()
        self.assertIn(libraries, text.splitlines()[-1])
        self.assertFalse((self.folder / "program").exists())
        self.assertIn("#$ ", self.nvcc("-v", "a.cu").stderr)

    def test_keep(self):
        self.write("a.cu", KERNEL)
        self.nvcc("-c", "-DSCALE=0", "--keep", "--keep-dir", "kept", "a.cu")
        self.assertTrue((self.folder / "kept/a.fatbin").exists())

    def test_diagnostics(self):
        self.write("bad.cu", "__global__ void k() { undeclared = 1; }\n")
        done = self.nvcc("-c", "bad.cu", status=1)
        self.assertIn("bad.cu:1:23: error: use of undeclared identifier 'undeclared'", done.stderr)
        self.assertEqual(done.stderr.count("error: use of"), 1)
        self.assertFalse((self.folder / "bad.o").exists())
        self.assertIn("nvcc fatal   : Could not open input file 'none.cu'", self.nvcc("none.cu", status=1).stderr)
        self.assertIn("Unknown option '--bananas'", self.nvcc("--bananas", "bad.cu", status=1).stderr)
        self.assertIn("Unsupported gpu architecture 'sm_13'", self.nvcc("-arch=sm_13", "bad.cu", status=1).stderr)
        self.assertIn("nvcc fatal", self.nvcc("-c", "bad.cu", status=1, environment={"TMPDIR": "/nonexistent"}).stderr)
        self.write("warn.cu", "int main() { int unused; }\n")
        self.assertIn("warning: unused variable", self.nvcc("-c", "-Xcompiler", "-Wall", "warn.cu").stderr)
        self.assertEqual("", self.nvcc("-c", "-Xcompiler", "-Wall", "-w", "warn.cu").stderr)
        self.nvcc("-c", "-Xcompiler", "-Wall", "-Werror", "all-warnings", "warn.cu", status=1)

    def test_an_output_that_cannot_be_written(self):
        self.write("a.cu", "int main() {}\n")
        done = self.nvcc("a.cu", "-o", "no/such/folder/a", status=1)
        self.assertIn("no/such/folder", done.stderr)
        done = self.nvcc("-fatbin", "a.cu", "-o", "/dev/full", status=1)
        self.assertIn("No space left on device", done.stderr)

    def test_per_thread_default_stream(self):
        self.write("a.cu", "__global__ void k() {}\nint main() { k<<<1, 1>>>(); return cudaDeviceSynchronize(); }\n")
        self.nvcc("-default-stream", "per-thread", "a.cu", "-o", "a")
        self.run_command("./a")

    def test_text_that_clang_alone_would_refuse(self):
        self.write("inc/timer.cuh", "__device__ inline unsigned long long now() { unsigned long long t; "
                   'asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t)); return t; }\n')
        self.write("parted.cu", """
            #include <cstdio>
            #include <cstring>
            #include "timer.cuh"
            #define NAME "x"
            #define TEXT "name: "NAME"\\n"
            __global__ void store(unsigned long long* out) { *out = now(); }
            int main() {
              unsigned long long *memory, time = 0;
              cudaMalloc(&memory, 8);
              store << < 1, dim3(1 >> 0) >> > (memory);
              cudaMemcpy(&time, memory, 8, cudaMemcpyDeviceToHost);
              printf(TEXT "line %d of %s\\n", __LINE__, __FILE__);
              return time > 0 ? 0 : 1;
            }
            """)
        self.nvcc("-Iinc", "parted.cu", "-o", "parted", "-MD", "-MF", "parted.d")
        self.assertEqual(self.run_command("./parted").stdout, "name: x\nline 13 of parted.cu\n")
        self.assertIn("inc/timer.cuh", (self.folder / "parted.d").read_text())
        self.write("wrong.cu", "__global__ void k();\nvoid f() { k << <1, 1 >> > (); g(); }\n")
        self.assertIn("wrong.cu:2:32: error: use of undeclared identifier 'g'", self.nvcc("wrong.cu", status=1).stderr)

    def test_response_file(self):
        self.write("a.cu", "int main() { return VALUE; }\n")
        self.write("options", "-DVALUE=3 'a.cu' -o\nprogram\n")
        self.nvcc("@options")
        self.run_command("./program", status=3)
        self.nvcc("-optf", "options")


class Ptxas(Case):
    def test_what_it_writes_is_a_container_with_the_ptx(self):
        self.write("kernel.cu", KERNEL)
        self.nvcc("-ptx", "-arch=sm_80", "-DSCALE=1", "kernel.cu")
        done = self.run_command(BIN / "ptxas", "-v", "-O3", "--gpu-name", "sm_90", "kernel.ptx", "-o", "kernel.cubin")
        self.assertIn("Compiling entry function '_Z6kernelPf' for 'sm_90'", done.stderr)
        shown = self.run_command(BIN / "cuobjdump", "-ptx", "kernel.cubin").stdout
        self.assertIn((self.folder / "kernel.ptx").read_text().strip(), shown)

    def test_errors(self):
        self.write("bad.ptx", ".version 8.0\n.target sm_80\n.address_size 64\n.entry k()\n{\n  .reg .b32 %r;\n  addd.s32 %r, %r, 1;\n  ret;\n}\n")
        done = self.run_command(BIN / "ptxas", "-arch=sm_80", "bad.ptx", status=255)
        self.assertRegex(done.stderr, r"^ptxas bad\.ptx, line 7; error   : .*addd")
        self.assertIn("ptxas fatal   : Ptx assembly aborted due to errors", done.stderr)
        self.assertFalse((self.folder / "elf.o").exists())
        self.assertIn("cannot be read", self.run_command(BIN / "ptxas", "none.ptx", status=1).stderr)
        self.assertIn("Unknown option '--verbos'; did you mean '--verbose'?", self.run_command(BIN / "ptxas", "--verbos", status=1).stderr)
        self.write("new.ptx", ".version 8.0\n.target sm_90\n.address_size 64\n")
        self.assertIn("higher than", self.run_command(BIN / "ptxas", "-arch=sm_80", "new.ptx", status=255).stderr)


if __name__ == "__main__":
    unittest.main()
