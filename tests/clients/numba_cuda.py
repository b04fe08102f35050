"""numba-cuda: Python functions become kernels through NVVM IR, libnvvm, nvJitLink and NVRTC. Its tests are in its wheel.

Installed like this it depends on no wheel of NVIDIA's compilers or runtime, only on NVIDIA's Python bindings; libnvvm, libnvrtc and
libnvJitLink are found in our toolkit, by the library path and CUDA_HOME."""
from client import Client, Known, main

CONFIG = """[pytest]
addopts = --benchmark-disable
consider_namespace_packages = true
"""
CONFTEST = '''import pytest


def pytest_addoption(parser):
    parser.addoption("--dump-failed-filechecks", action="store_true")


@pytest.fixture(scope="class")
def initialize_from_pytest_config(request):
    request.cls._dump_failed_filechecks = request.config.getoption("dump_failed_filechecks")
'''

KNOWN = [
    Known(r"test_compile_to_ltoir|test_nvvm_compile_nullary_option", "looks for the magic number of NVIDIA's LTO IR; ours is LLVM bitcode", inspects=True),
    Known(r"test_set_registers_no_max", "counts the registers of machine code", inspects=True),
    Known(r"TestInspect::test_(mono|poly)typed|test_dump_assembly", "looks for the line in which NVIDIA's NVVM compiler names itself", inspects=True),
    Known(r"TestFastMathOption::test_exp2?f", "looks for the instructions of exp's expansion in PTX; ours calls a function of the device library",
          inspects=True),
    Known(r"test_const_array_3d", "looks for a vector load in PTX, which LLVM does not make of it", inspects=True),
    Known(r"test_lineinfo_in_device_function", "looks for inlined_at in .loc, which LLVM's PTX has not", inspects=True),
    Known(r"test_launch_bounds_with_max_cluster_rank", "looks for '.maxntid 128, 1, 1' in PTX; LLVM writes '.maxntid 128'", inspects=True),
    Known(r"TestCudaCooperativeGroups", "grid groups need cudaCGGetIntrinsicHandle and cudaCGSynchronize of libcudadevrt, which are missing"),
    Known(r"TestIpcMemory::test_ipc_(array|handle)", "looks for a member `reserved` of CUipcMemHandle, which this version of cuda-bindings has not"),
    Known(r"test_device_arch_specific", "tensormap.replace, of architecture 9.0a, is not supported"),
    Known(r"test_array_alignment_1d|test_func1_isolated|test_float16_warn_if_lto_missing", "took longer than its limit on a loaded machine"),
    Known(r"test_nvvm_warning", "expects a warning of NVIDIA's libnvvm in its words"),
]

P = "numba.cuda.tests."
main(Client(
    name="numba-cuda",
    packages=["numba-cuda", "pytest-benchmark", "cffi", "psutil", "filecheck", "ml_dtypes"],
    tests=["--pyargs", "numba.cuda.tests"],
    fast=["--pyargs"] + [P + name for name in ("cudapy.test_warp_ops", "cudapy.test_sync", "cudapy.test_dispatcher", "cudapy.test_array_reductions",
                                               "cudapy.test_cooperative_groups", "cudapy.test_sm_creation", "cudadrv.test_cuda_driver",
                                               "cudadrv.test_cuda_ndarray", "cudadrv.test_linker")],
    known=KNOWN,
    config=CONFIG,
    conftest=CONFTEST,
))
