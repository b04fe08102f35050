"""An installed toolkit works, and still does after it was moved."""
import os
import sys
import unittest

from harness import BUILD, SAXPY, Case


class Prefix(Case):
    def test_installed_and_moved(self):
        self.run_command("cmake", "--install", BUILD, "--prefix", self.folder / "first")
        moved = self.folder / "second place"
        os.rename(self.folder / "first", moved)
        for name in ("bin/anywarp", "bin/nvcc", "bin/ptxas", "bin/fatbinary", "include/cuda.h", "include/cuda_runtime.h", "nvvm/libdevice/libdevice.10.bc",
                     "lib64/libcuda.so.1", "lib64/libcudart.so", "lib64/libcudart_static.a", "lib64/stubs/libcuda.so", "version.json", "lib64/libnvrtc.so", "lib64/libnvJitLink.so",
                     "lib64/libnvidia-ml.so.1", "nvvm/lib64/libnvvm.so", "nvvm/lib64/libnvvm.so.4", "bin/nvidia-smi"):
            self.assertTrue((moved / name).exists(), name)
        self.write("saxpy.cu", SAXPY)
        self.assertEqual(self.run_command(moved / "bin/anywarp", "run", "saxpy.cu").stdout, "saxpy is right\n")
        self.run_command(moved / "bin/nvcc", "saxpy.cu", "-o", "saxpy")
        self.assertEqual(self.run_command("./saxpy").stdout, "saxpy is right\n")
        self.assertIn("H20-SXM5-96GB", self.run_command(moved / "bin/anywarp", "chips").stdout)
        self.assertIn(str(moved), self.run_command(moved / "bin/anywarp", "info").stdout)
        self.assertIn("GPU 0: ", self.run_command(moved / "bin/nvidia-smi", "-L").stdout)
        # By its full name, as programs that look for libnvvm do.
        load = "import ctypes, sys; a, b = ctypes.c_int(), ctypes.c_int(); ctypes.CDLL(sys.argv[1]).nvvmVersion(ctypes.byref(a), ctypes.byref(b)); print(a.value)"
        self.assertEqual(self.run_command(sys.executable, "-c", load, moved / "nvvm/lib64/libnvvm.so").stdout, "2\n")


if __name__ == "__main__":
    unittest.main()
