"""What NVIDIA's tools make of device code: fat binaries of every mode, relocatable code of several sources, programs with
machine code alone."""
import re
import unittest

from nvidia import BIN, NVIDIA, ROOT, NvidiaCase

# A kernel in one source, what it calls and reads in another.
CALLER = """
#include <cstdio>
extern __device__ int table[3];
extern __constant__ int factor;
__device__ int twice(int value);
struct Shape { __device__ virtual int area() const = 0; };
__device__ Shape* make(int side);
__global__ void work(int* out) {
  Shape* shape = make(3);
  out[threadIdx.x] = twice(table[threadIdx.x]) * factor + shape->area();
  delete shape;
}
void hello();
int main() {
  int *out, host[3];
  cudaMalloc(&out, sizeof host);
  work<<<1, 3>>>(out);
  if (cudaMemcpy(host, out, sizeof host, cudaMemcpyDeviceToHost)) return printf("%s\\n", cudaGetErrorString(cudaGetLastError()));
  printf("%d %d %d\\n", host[0], host[1], host[2]);
  hello();
}
"""
CALLEE = """
#include <cstdio>
__device__ int table[3] = {1, 2, 3};
__constant__ int factor = 10;
static __device__ int hidden = 2;
__device__ int twice(int value) { return value * hidden; }
struct Shape { __device__ virtual int area() const = 0; };
struct Square : Shape {
  int side;
  __device__ Square(int value) : side(value) {}
  __device__ int area() const override { return side * side; }
};
__device__ Shape* make(int side) { return new Square(side); }
__global__ void greet() { printf("hello from the second source\\n"); }
void hello() {
  greet<<<1, 1>>>();
  cudaDeviceSynchronize();
}
"""
EXPECTED = "29 49 69\nhello from the second source\n"

LINK = r"""
#include <cuda.h>
#include <cstdio>
#define OK(call) do { CUresult code = call; if (code) { printf("%s: %d: %s\n", #call, code, log); return 1; } } while (0)
int main(int count, char** files) {
  CUdevice device; CUcontext context; CUlinkState link; CUmodule module; CUfunction function; CUdeviceptr out;
  char log[4096] = "";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void* values[] = {log, (void*)sizeof log};
  OK(cuInit(0)); OK(cuDeviceGet(&device, 0)); OK(cuDevicePrimaryCtxRetain(&context, device)); OK(cuCtxSetCurrent(context));
  OK(cuLinkCreate(2, options, values, &link));
  for (int i = 1; i + 1 < count; i += 2) {
    CUjitInputType type = files[i][0] == 'p' ? CU_JIT_INPUT_PTX : files[i][0] == 'f' ? CU_JIT_INPUT_FATBINARY :
                          files[i][0] == 'o' ? CU_JIT_INPUT_OBJECT : CU_JIT_INPUT_LIBRARY;
    OK(cuLinkAddFile(link, type, files[i + 1], 0, nullptr, nullptr));
  }
  void* cubin; size_t bytes;
  OK(cuLinkComplete(link, &cubin, &bytes));
  OK(cuModuleLoadData(&module, cubin));
  OK(cuLinkDestroy(link));
  OK(cuModuleGetFunction(&function, module, "_Z4workPi"));
  OK(cuMemAlloc(&out, 12));
  void* parameters[] = {&out};
  OK(cuLaunchKernel(function, 1, 1, 1, 3, 1, 1, 0, 0, parameters, nullptr));
  int host[3];
  OK(cuMemcpyDtoH(host, out, 12));
  printf("%d %d %d\n", host[0], host[1], host[2]);
}
"""


class Images(NvidiaCase):
    def sources(self):
        return self.write("caller.cu", CALLER), self.write("callee.cu", CALLEE)

    def test_relocatable(self):
        caller, callee = self.sources()
        for options in ((), ("-arch=sm_90",), ("-gencode", "arch=compute_80,code=compute_80"), ("--compress-mode=none",), ("-cudart", "shared")):
            with self.subTest(options):
                self.nvidia("-rdc=true", *options, caller, callee, "-o", "program")
                self.assertEqual(self.run_on_driver("./program", runtime=NVIDIA / "lib64").stdout, EXPECTED)

    def test_relocatable_in_steps(self):
        """Objects, an archive of one of them, and a device link of its own."""
        caller, callee = self.sources()
        self.nvidia("-dc", caller, "-o", "caller.o")
        self.nvidia("-dc", callee, "-o", "callee.o")
        self.run_command("ar", "rcs", "libcallee.a", "callee.o")
        self.nvidia("-dlink", "caller.o", "callee.o", "-o", "link.o")
        self.run_command("g++", "caller.o", "callee.o", "link.o", "-o", "program", f"-L{NVIDIA}/lib64", "-lcudadevrt", "-lcudart_static", "-lpthread", "-ldl", "-lrt")
        self.assertEqual(self.run_on_driver("./program").stdout, EXPECTED)
        self.nvidia("-rdc=true", "caller.o", "-L.", "-lcallee", "-o", "with_archive")
        self.assertEqual(self.run_on_driver("./with_archive").stdout, EXPECTED)

    def test_linking_in_the_driver(self):
        caller, callee = self.sources()
        self.write("link.cpp", LINK)
        self.run_command("g++", "-w", f"-I{NVIDIA}/include", "link.cpp", "-o", "link", f"-L{NVIDIA}/lib64/stubs", "-lcuda")
        for name, source in ("caller", caller), ("callee", callee):
            self.nvidia("-rdc=true", "-ptx", source, "-o", f"{name}.ptx")
            self.nvidia("-rdc=true", "-fatbin", "-gencode", "arch=compute_75,code=compute_75", source, "-o", f"{name}.fatbin")
            self.nvidia("-dc", source, "-o", f"{name}.o")
        self.run_command("ar", "rcs", "libcallee.a", "callee.o")
        for words in (["p", "caller.ptx", "p", "callee.ptx"], ["f", "caller.fatbin", "f", "callee.fatbin"], ["o", "caller.o", "o", "callee.o"],
                      ["p", "caller.ptx", "f", "callee.fatbin"], ["o", "caller.o", "l", "libcallee.a"],
                      ["p", "caller.ptx", "p", "callee.ptx", "l", f"{NVIDIA}/lib64/libcudadevrt.a"]):
            with self.subTest(words):
                self.assertEqual(self.run_on_driver("./link", *words).stdout, "29 49 69\n")
        # What is missing is told in the log.
        self.assertRegex(self.run_on_driver("./link", "p", "caller.ptx", status=1).stdout, "(twice|table|factor|make).* is not defined in any module")

    def test_fat_binaries(self):
        """The PTX that goes into a fat binary comes out of it, whatever packs it."""
        source = self.write("a.cu", "__global__ void kernel(int* p) { *p = 1; }")
        self.nvidia("-ptx", "-arch=compute_75", source, "-o", "a.ptx")
        # NVIDIA's packer leaves out comments and some of the white space.
        words = re.sub(r"//.*", "", (self.folder / "a.ptx").read_text().strip("\0")).split()
        for mode in "default", "size", "speed", "balance", "none":
            with self.subTest(mode):
                self.run_command(NVIDIA / "bin/fatbinary", "--create", "a.fatbin", "-64", f"--compress-mode={mode}", "--image3=kind=ptx,sm=75,file=a.ptx")
                found = self.run_command(BIN / "cuobjdump", "--dump-ptx", "a.fatbin").stdout
                self.assertEqual(re.sub(r"//.*", "", found[found.index(".version"):]).split(), words)

    def test_machine_code_alone(self):
        """A sentence that says what to do."""
        source = self.write("a.cu", """
          #include <cstdio>
          __global__ void kernel() {}
          int main() {
            kernel<<<1, 1>>>();
            cudaError_t code = cudaGetLastError();
            printf("%d %s\\n", code, cudaGetErrorName(code));
          }""")
        self.nvidia("-arch=compute_90", "-code=sm_90", source, "-o", "program")
        found = self.run_on_driver("./program")
        self.assertEqual(found.stdout, "209 cudaErrorNoKernelImageForDevice\n")
        self.assertIn("sm_90", found.stderr)
        self.assertIn("nvcc -gencode arch=compute_80,code=compute_80", found.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
