"""cuda-core: NVIDIA's object-oriented Python over cuda-bindings. Its tests are in its repository only, of which a checkout of the same version
is given with --source; without it, a program is compiled, linked and run."""
from client import Client, Known, main

KNOWN = [
    Known(r"test_object_code_load_ltoir", "the driver does not load LTO IR by itself"),
    Known(r"test_graph_mem_set_attributes", "memory of graphs tells no reserved bytes"),
    Known(r"TestIpcReexport", "the cause is not known yet"),
    Known(r"test_graph_complete_options", "graphs that kernels launch are not supported"),
    Known(r"test_leaks.py::test_pass_object", "counts file descriptors that a thread of Python's multiprocessing may not have closed yet; passes on an idle machine"),
]
CHECKS = '''
import ctypes

from cuda.core import Device, LaunchConfig, Linker, LinkerOptions, Program, ProgramOptions, launch

SOURCE = """
extern __device__ int twice_of(int);
extern "C" __global__ void twice(int* p) { p[threadIdx.x] = twice_of(p[threadIdx.x]); }
"""
OTHER = "__device__ int twice_of(int x) { return 2 * x; }"


def test_programs_are_compiled_linked_and_run():
    device = Device()
    device.set_current()
    arch = "".join(str(i) for i in device.compute_capability)
    options = ProgramOptions(arch=f"sm_{arch}", relocatable_device_code=True)
    parts = [Program(text, code_type="c++", options=options).compile("ptx") for text in (SOURCE, OTHER)]
    kernel = Linker(*parts, options=LinkerOptions(arch=f"sm_{arch}")).link("cubin").get_kernel("twice")
    stream = device.create_stream()
    buffer = device.allocate(128, stream=stream)
    stream.sync()
    data = (ctypes.c_int * 32).from_address(int(buffer.handle))  # the device's memory is the host's
    data[:] = range(32)
    launch(stream, LaunchConfig(grid=1, block=32), kernel, buffer)
    stream.sync()
    assert list(data) == [2 * i for i in range(32)]
    buffer.close(stream)
'''
main(Client(
    name="cuda-core",
    packages=["cuda-core==0.5.1", "cuda-bindings==13.1.*", "numpy"],
    only_full=["psutil", "cffi", "ml_dtypes"],
    tests=["cuda_core/tests", "--ignore=cuda_core/tests/example_tests", "--ignore=cuda_core/tests/cython"],
    fast=["."],
    checks=CHECKS,
    known=KNOWN,
    timeout=120,
    source="a checkout of cuda-python at the version that is installed",
    imports_source=False,
    helpers="cuda_python_test_helpers",
))
