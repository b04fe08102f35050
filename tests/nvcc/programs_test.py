"""The .cu programs of tests/api/runtime and the examples, built by NVIDIA's nvcc in each of its modes: each prints what the build
of our own toolkit prints. All programs of a mode are one source, so that a mode is one run of the compiler."""
import re
import unittest

from nvidia import DRIVER, NVIDIA, ROOT, NvidiaCase

PROGRAMS = sorted(path.stem for path in (ROOT / "tests/api/runtime").glob("*.cu"))
# Arguments that suit a slow machine. Those that write files or need packages of headers are left to tests/toolchain.
EXAMPLES = {
    "histogram": ["--megabytes", "1"],
    "life": ["--width", "256", "--height", "128", "--generations", "20"],
    "matmul": ["--n", "128", "--repeats", "1"],
    "nbody": ["--bodies", "256", "--steps", "5"],
    "reduction": ["--n", "100003", "--repeats", "1"],
}

# What a program includes may not be included within a namespace, so all of it comes first.
SYSTEM = """#include <cuda_runtime.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cfloat>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>
"""


def together(per_thread):
    """One source that runs every program, each in a namespace of its own."""
    text = SYSTEM + f'#include "{ROOT}/tests/api/runtime/check.h"\n#define main main_of_program\n'
    # sticky resets the device, which takes away the other programs' variables.
    first = [name for name in PROGRAMS if name != "sticky" and (name != "per_thread" or per_thread)]
    for name in first + ["sticky"]:
        text += f'namespace program_{name} {{\n#include "{ROOT}/tests/api/runtime/{name}.cu"\n}}\n'
    text += f'#undef CHECK\n#include "{ROOT}/examples/example.h"\n'
    for name in EXAMPLES:
        text += f'namespace example_{name} {{\n#include "{ROOT}/examples/{name}/{name}.cu"\n}}\n'
    text += "#undef main\nint main() {\n  int bad = 0;\n"
    for name, words in EXAMPLES.items():
        listed = ", ".join(f'const_cast<char*>("{word}")' for word in [name] + words)
        text += f'  {{ char* words[] = {{{listed}, nullptr}}; std::printf("{name}:\\n"); bad += example_{name}::main_of_program({len(words) + 1}, words); }}\n'
    for name in first + ["sticky"]:
        text += f'  std::printf("{name}: "); bad += program_{name}::main_of_program();\n'
    return text + "  return bad;\n}\n"


def without_times(text):
    """Lines of a program with what depends on the clock taken out, and of tiny numbers, which are rounding errors, one digit left:
    the two compilers contract sums in different places."""
    text = re.sub(r"\d\.\d+e-\d\d", lambda number: f"{float(number[0]):.0e}", text)
    return [re.sub(r"[\d.]+(e[+-]\d+)? ?(ns|us|ms|s|[GMk]?[\w/ ]+/s)\b", "N", line) for line in text.splitlines()]


class Programs(NvidiaCase):
    @classmethod
    def setUpClass(cls):
        cls.expected = {}

    def ours(self, per_thread):
        """What our toolkit's build prints."""
        if per_thread not in Programs.expected:
            source = self.write("ours.cu", together(per_thread))
            options = ["-default-stream", "per-thread"] if per_thread else []
            self.nvcc("-O2", "-std=c++17", *options, source, "-o", self.folder / "ours")
            found = self.run_on_driver(self.folder / "ours")
            Programs.expected[per_thread] = without_times(found.stdout), found.stderr
        return Programs.expected[per_thread]

    def compare(self, *options, per_thread=False, runtimes=(None,)):
        expected, messages = self.ours(per_thread)
        self.assertEqual(sum("all checks passed" in line for line in expected), len(PROGRAMS) - (not per_thread), expected)
        self.assertEqual(sum(line.endswith(": right") for line in expected), len(EXAMPLES), expected)
        source = self.write("theirs.cu", together(per_thread))
        self.nvidia("-O2", "-std=c++17", *options, source, "-o", self.folder / "theirs")
        for runtime in runtimes:
            found = self.run_on_driver(self.folder / "theirs", runtime=runtime)
            self.assertEqual(without_times(found.stdout), expected)
            self.assertEqual(found.stderr, messages)

    def test_default(self):
        self.compare()

    def test_shared_runtime(self):
        """Over NVIDIA's libcudart.so and over ours."""
        self.compare("-cudart", "shared", runtimes=(NVIDIA / "lib64", DRIVER))

    def test_rdc(self):
        self.compare("-rdc=true")

    def test_per_thread(self):
        self.compare("--default-stream", "per-thread", per_thread=True)

    def test_per_thread_rdc_shared(self):
        self.compare("--default-stream", "per-thread", "-rdc=true", "-cudart", "shared", per_thread=True, runtimes=(NVIDIA / "lib64", DRIVER))

    def test_eager_loading(self):
        source = self.write("theirs.cu", together(False))
        self.nvidia("-O2", "-std=c++17", source, "-o", self.folder / "theirs")
        found = self.run_on_driver(self.folder / "theirs", environment={"CUDA_MODULE_LOADING": "EAGER"})
        self.assertEqual(without_times(found.stdout), self.ours(False)[0])

    def test_compress_size(self):
        self.compare("--compress-mode=size")

    def test_compress_speed(self):
        self.compare("--compress-mode=speed")

    def test_compress_balance(self):
        self.compare("--compress-mode=balance")

    def test_compress_none(self):
        self.compare("--compress-mode=none")

    def test_several_architectures(self):
        self.compare(*[word for arch in (75, 80, 90, 120) for word in ("-gencode", f"arch=compute_{arch},code=compute_{arch}")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
