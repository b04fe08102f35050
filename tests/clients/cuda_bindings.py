"""cuda-bindings: NVIDIA's Python bindings of the driver, NVRTC, nvJitLink, libnvvm and NVML. Its tests are in its repository only, of which
a checkout of the same version is given with --source; without it, a few calls of each library are made."""
from client import Client, Known, main

KNOWN = [
    Known(r"test_cuda_coredump_attr", "core dumps of kernels are not supported"),
    Known(r"test_cuDeviceGetDevResource", "resources of green contexts are not supported"),
    Known(r"test_cuda_register_image_invalid", "there is no interoperability with OpenGL"),
    Known(r"nvml/test_(pynvml|gpu|page_retirement|nvlink|compute_mode)", "NVML's calls about energy, MIG, NVLink, retired pages and affinity are missing"),
    Known(r"test_c_or_v_program_fail_invalid_ir", "expects the words of NVIDIA's parser of NVVM IR"),
]
CHECKS = '''
import ctypes
from cuda.bindings import driver, nvjitlink, nvrtc, nvvm

SOURCE = b'extern "C" __global__ void twice(int* p) { p[threadIdx.x] *= 2; }'


def ok(result):
    assert int(result[0]) == 0, result[0]
    return result[1] if len(result) == 2 else result[1:]


def compile():
    program = ok(nvrtc.nvrtcCreateProgram(SOURCE, b"twice.cu", 0, [], []))
    ok(nvrtc.nvrtcCompileProgram(program, 1, [b"-arch=compute_75"]))
    ptx = b" " * ok(nvrtc.nvrtcGetPTXSize(program))
    ok(nvrtc.nvrtcGetPTX(program, ptx))
    return ptx


def test_a_kernel_of_nvrtc_runs():
    ok(driver.cuInit(0))
    device = ok(driver.cuDeviceGet(0))
    context = ok(driver.cuDevicePrimaryCtxRetain(device))
    ok(driver.cuCtxSetCurrent(context))
    module = ok(driver.cuModuleLoadData(compile()))
    kernel = ok(driver.cuModuleGetFunction(module, b"twice"))
    data = (ctypes.c_int * 32)(*range(32))
    memory = ok(driver.cuMemAlloc(128))
    ok(driver.cuMemcpyHtoD(memory, ctypes.addressof(data), 128))
    ok(driver.cuLaunchKernel(kernel, 1, 1, 1, 32, 1, 1, 0, 0, ((memory,), (None,)), 0))
    ok(driver.cuMemcpyDtoH(ctypes.addressof(data), memory, 128))
    assert list(data) == [2 * i for i in range(32)]
    ok(driver.cuMemFree(memory))


def test_nvjitlink_links_ptx():
    handle = nvjitlink.create(1, ["-arch=sm_75"])
    ptx = compile()
    nvjitlink.add_data(handle, nvjitlink.InputType.PTX, ptx, len(ptx), "twice.ptx")
    nvjitlink.complete(handle)
    assert nvjitlink.get_linked_cubin_size(handle) > 0
    nvjitlink.destroy(handle)


def test_nvvm_tells_its_versions():
    assert nvvm.ir_version()[0] >= 2
'''
main(Client(
    name="cuda-bindings",
    packages=["cuda-bindings==13.1.*", "numpy"],
    only_full=["pytest-benchmark", "pyglet", "psutil", "cffi"],
    tests=["cuda_bindings/tests", "--ignore=cuda_bindings/tests/test_cufile.py", "--ignore=cuda_bindings/tests/cython"],
    fast=["."],
    checks=CHECKS,
    known=KNOWN,
    timeout=120,
    source="a checkout of cuda-python at the version that is installed",
    imports_source=False,
    helpers="cuda_python_test_helpers",
))
