"""The benchmarks: each CUDA program, its native twin, and the time that Anywarp must reach."""
import dataclasses

NATIVE_FLAGS = ["-std=c++17", "-O3", "-march=native", "-ffast-math", "-fopenmp", "-fveclib=libmvec"]
CUDA_FLAGS = ["-O3"]
# The levels of src/jit/processor.cpp, as clang names them.
LEVELS = {"sse4.2": "x86-64-v2", "avx2": "x86-64-v3", "avx512": "x86-64-v4"}


@dataclasses.dataclass(frozen=True)
class Kernel:
    name: str
    goal: float  # the time to reach, as a multiple of the native program's
    native: str = ""  # the native program, if it is not called as the kernel is
    # How far the results' checksums may differ, relatively. Copies, integers and sums that are exact in float agree but for
    # the checksum's own rounding; other sums of floats depend on the order of addition.
    tolerance: float = 1e-9
    arch: str = "native"
    least: float = 0  # a rate to reach as well, in the unit that the programs report

    @property
    def twin(self):
        return self.native or self.name

    @property
    def against_peak(self):
        """The native program does no such work: it shows what the processor can do at most."""
        return "_peak_" in self.twin


KERNELS = [
    Kernel("triad", 1.1, tolerance=1e-6),
    Kernel("triad_grid_stride", 1.1, "triad", tolerance=1e-6),
    Kernel("saxpy", 1.1, tolerance=1e-6),
    Kernel("matmul_tiled_16", 1.5, "matmul_tiled", tolerance=1e-6, least=85),
    Kernel("matmul_tiled_32", 1.5, "matmul_tiled", tolerance=1e-6, least=85),
    Kernel("matmul_naive", 2, tolerance=1e-6),
    Kernel("nbody", 1.1, tolerance=1e-5),
    Kernel("black_scholes", 0.8, tolerance=1e-5),
    # A point at the set's edge may escape some iterations earlier.
    Kernel("mandelbrot", 0.15, tolerance=1e-5),
    Kernel("reduction_tree", 1.3, "reduction"),
    Kernel("reduction_grid_stride", 1.1, "reduction"),
    Kernel("reduction_shuffle", 1.1, "reduction"),
    Kernel("histogram", 1.8),
    Kernel("stencil_5_point", 1.15, tolerance=1e-6),
    Kernel("stencil_7_point", 1.15, tolerance=1e-6),
    Kernel("transpose", 0.7),
    Kernel("scan_hillis_steele", 2.5, "scan"),
    Kernel("scan_blelloch", 2.5, "scan"),
    Kernel("spmv", 1.0, tolerance=1e-5),
    Kernel("bitonic_sort", 0.5),
    Kernel("bitonic_sort_shared", 0.5, "sort"),
    Kernel("softmax", 1.1, tolerance=1e-5),
    # Matrix instructions, against what the processor can do at most in their operands' type: 70% of that is the goal.
    Kernel("mma_f16", 1 / 0.7, "mma_peak_f32"),
    Kernel("mma_tf32", 1 / 0.7, "mma_peak_f32"),
    Kernel("mma_bf16", 1 / 0.7, "mma_peak_bf16"),
    Kernel("mma_s8", 1 / 0.7, "mma_peak_s8"),
    Kernel("mma_f64", 1 / 0.7, "mma_peak_f64"),
    Kernel("gemm_wmma_f16", 1 / 0.7, "gemm_peak_f32"),
    Kernel("gemm_wmma_tf32", 1 / 0.7, "gemm_peak_f32"),
    Kernel("gemm_wmma_bf16", 1 / 0.7, "gemm_peak_bf16"),
    Kernel("gemm_wmma_s8", 1 / 0.7, "gemm_peak_s8"),
    Kernel("gemm_wmma_f64", 1 / 0.7, "gemm_peak_f64"),
    Kernel("gemm_mma_f16", 1 / 0.7, "gemm_peak_f32"),
    Kernel("gemm_mma_bf16", 1 / 0.7, "gemm_peak_bf16"),
    Kernel("gemm_mma_s8", 1 / 0.7, "gemm_peak_s8"),
    Kernel("gemm_wgmma_f16", 1 / 0.7, "gemm_peak_f32", arch="sm_90a"),
    Kernel("gemm_wgmma_bf16", 1 / 0.7, "gemm_peak_bf16", arch="sm_90a"),
]

# Programs that compute and hardly touch memory, and how many times as fast two workers are to be as one.
SCALING = ("nbody", "mandelbrot", "black_scholes", "matmul_tiled_32")
SCALING_GOAL = 1.85
# More workers than processors: they show what grows with their number.
MANY_WORKERS = 64

# Goals of launch.cu's figures, in their units.
LAUNCHES = {"queued launch": 0.3, "launch and synchronize": 2, "block of 32 threads": 3}

# Goals of calls.cu's figures, in their units.
CALLS = {"program start": 30, "get last error": 20, "malloc free": 2, "queued launch": 3, "graph of 1000 kernels": 0.3}
