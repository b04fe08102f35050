"""What the tests of this folder share: where the commands are, a temporary folder a test, and running a command in it."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ANYWARP_BUILD", ROOT / "build")).resolve()
ANYWARP = BUILD / "bin/anywarp"
TOOLKIT = BUILD / "toolkit"
BIN = TOOLKIT / "bin"

# What a compiler other than our nvcc has to be told in order to link a toolkit that is built with sanitizers.
SANITIZE = [f"-fsanitize={found[1]}" for found in re.findall(r"^(ANYWARP_SANITIZE:\w+)=(.+)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)]

SAXPY = r"""
#include <cstdio>
#include <vector>
__global__ void saxpy(int n, float a, const float* x, float* y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i];
}
int main(int argc, char** argv) {
  const int n = 1000;
  float *x, *y;
  if (cudaMalloc(&x, n * 4) || cudaMalloc(&y, n * 4)) return 1;
  std::vector<float> host(n);
  for (int i = 0; i < n; i++) host[i] = i;
  cudaMemcpy(x, host.data(), n * 4, cudaMemcpyHostToDevice);
  cudaMemcpy(y, host.data(), n * 4, cudaMemcpyHostToDevice);
  saxpy<<<(n + 255) / 256, 256>>>(n, 2, x, y);
  cudaError_t status = cudaMemcpy(host.data(), y, n * 4, cudaMemcpyDeviceToHost);
  if (status) printf("%s\n", cudaGetErrorString(status));
  for (int i = 0; i < n; i++)
    if (host[i] != 3.0f * i) return 2;
  printf("saxpy is right");
  for (int i = 1; i < argc; i++) printf(" [%s]", argv[i]);
  printf("\n");
  return argc > 1 && argv[1][0] == '7' ? 7 : 0;
}
"""


class Case(unittest.TestCase):
    """Each test starts in an empty folder of its own; TMPDIR is a second one, which must be empty again at the end."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="anywarp-test-"))
        self.temporary = pathlib.Path(tempfile.mkdtemp(prefix="anywarp-test-tmp-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(shutil.rmtree, self.temporary, ignore_errors=True)
        self.environment = dict(os.environ, TMPDIR=str(self.temporary), ANYWARP_CACHE_PATH=str(self.folder / "cache"))
        self.environment.pop("LD_LIBRARY_PATH", None)
        if SANITIZE:
            self.environment["LDFLAGS"] = SANITIZE[0]  # read by CMake

    def tearDown(self):
        left = [str(path) for path in self.temporary.iterdir() if path.name.startswith("anywarp-")]
        self.assertEqual(left, [], "temporary files were left behind")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run_command(self, *words, status=0, **options):
        """Runs a command in the test's folder and checks its exit status. Returns it, with stdout and stderr as text."""
        environment = dict(self.environment, **options.pop("environment", {}))
        done = subprocess.run([str(word) for word in words], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, **options)
        self.assertEqual(done.returncode, status, f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
        return done

    def nvcc(self, *words, **options):
        return self.run_command(BIN / "nvcc", *words, **options)

    def anywarp(self, *words, **options):
        return self.run_command(ANYWARP, *words, **options)
