"""CMake projects that know nothing of Anywarp configure, build and run with the toolkit, in each of the ways CMake has."""
import unittest

from harness import BIN, SAXPY, TOOLKIT, Case

LANGUAGE = """
cmake_minimum_required(VERSION 3.25)
project(saxpy LANGUAGES CXX CUDA)
set(CMAKE_CUDA_STANDARD 17)
add_library(kernels STATIC twice.cu)
set_target_properties(kernels PROPERTIES CUDA_SEPARABLE_COMPILATION ON)
add_executable(saxpy saxpy.cu)
add_executable(separate separate.cu)
set_target_properties(separate PROPERTIES CUDA_SEPARABLE_COMPILATION ON)
target_compile_options(saxpy PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--extended-lambda>)
target_link_libraries(separate PRIVATE kernels)
"""

TOOLKIT_ONLY = """
cmake_minimum_required(VERSION 3.25)
project(host LANGUAGES CXX)
find_package(CUDAToolkit 13.0 REQUIRED)
if(NOT CUDAToolkit_VERSION VERSION_EQUAL 13.0.88)
  message(FATAL_ERROR "version ${CUDAToolkit_VERSION}")
endif()
add_executable(host host.cpp)
target_link_libraries(host PRIVATE CUDA::cudart CUDA::cuda_driver)
if(NOT TARGET CUDA::nvJitLink)  # CMake before 3.26 does not look for it
  find_library(library nvJitLink HINTS ${CUDAToolkit_LIBRARY_DIR} REQUIRED)
  add_library(CUDA::nvJitLink UNKNOWN IMPORTED)
  set_target_properties(CUDA::nvJitLink PROPERTIES IMPORTED_LOCATION ${library} INTERFACE_INCLUDE_DIRECTORIES "${CUDAToolkit_INCLUDE_DIRS}")
endif()
foreach(library nvrtc nvJitLink nvml)
  add_executable(${library} ${library}.cpp)
  target_link_libraries(${library} PRIVATE CUDA::${library})
endforeach()
"""

# Each calls its library, so that it is linked and found.
LIBRARIES = {
    "nvrtc": """
#include <nvrtc.h>
int main() {
  int major = 0, minor = 0;
  return nvrtcVersion(&major, &minor) != NVRTC_SUCCESS || major != 13;
}
""",
    "nvJitLink": """
#include <nvJitLink.h>
int main() {
  unsigned major = 0, minor = 0;
  return nvJitLinkVersion(&major, &minor) != NVJITLINK_SUCCESS || major != 13;
}
""",
    "nvml": """
#include <nvml.h>
int main() {
  unsigned count = 0;
  return nvmlInit() != NVML_SUCCESS || nvmlDeviceGetCount(&count) != NVML_SUCCESS || count == 0;
}
""",
}

HOST = """
#include <cuda.h>
#include <cuda_runtime.h>
#include <cstdio>
int main() {
  int version = 0;
  if (cuInit(0) || cuDriverGetVersion(&version)) return 1;
  void* memory = nullptr;
  if (cudaMalloc(&memory, 1000) || cudaFree(memory)) return 2;
  printf("%d\\n", version);
}
"""


class Cmake(Case):
    def configure_and_build(self, *options):
        self.run_command("cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_CXX_COMPILER=clang++-22", *options,
                         environment={"CUDACXX": "", "CUDA_HOME": "", "CUDA_PATH": ""})
        self.run_command("cmake", "--build", "build")

    def language_project(self):
        self.write("CMakeLists.txt", LANGUAGE)
        self.write("saxpy.cu", SAXPY)
        self.write("twice.cu", "__device__ int twice(int a) { return 2 * a; }\n")
        self.write("separate.cu", "extern __device__ int twice(int);\n__global__ void k(int* x) { *x = twice(21); }\n"
                   "int main() { int* x; int h = 0; cudaMalloc(&x, 4); k<<<1, 1>>>(x); cudaMemcpy(&h, x, 4, cudaMemcpyDeviceToHost); return h != 42; }\n")

    def test_language_with_our_nvcc(self):
        self.language_project()
        self.configure_and_build(f"-DCMAKE_CUDA_COMPILER={BIN}/nvcc", "-DCMAKE_CUDA_ARCHITECTURES=80;90")
        self.assertEqual(self.anywarp("run", "build/saxpy").stdout, "saxpy is right\n")
        self.anywarp("run", "build/separate")

    def test_language_with_nvcc_on_the_path(self):
        self.language_project()
        path = f"{BIN}:" + self.environment["PATH"]
        self.run_command("cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_CXX_COMPILER=clang++-22", environment={"PATH": path})
        self.run_command("cmake", "--build", "build", "--target", "saxpy", environment={"PATH": path})
        self.assertEqual(self.anywarp("run", "build/saxpy").stdout, "saxpy is right\n")

    def test_toolkit_only(self):
        self.write("CMakeLists.txt", TOOLKIT_ONLY)
        self.write("host.cpp", HOST)
        for name, text in LIBRARIES.items():
            self.write(f"{name}.cpp", text)
        self.configure_and_build(f"-DCUDAToolkit_ROOT={TOOLKIT}")
        self.assertEqual(self.anywarp("run", "build/host").stdout, "13000\n")
        for name in LIBRARIES:
            self.anywarp("run", f"build/{name}")


if __name__ == "__main__":
    unittest.main()
