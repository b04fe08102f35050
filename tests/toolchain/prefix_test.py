"""An installed toolkit works, and still does after it was moved."""
import os
import unittest

from harness import BUILD, SAXPY, Case


class Prefix(Case):
    def test_installed_and_moved(self):
        self.run_command("cmake", "--install", BUILD, "--prefix", self.folder / "first")
        moved = self.folder / "second place"
        os.rename(self.folder / "first", moved)
        for name in ("bin/anywarp", "bin/nvcc", "bin/ptxas", "bin/fatbinary", "include/cuda.h", "include/cuda_runtime.h", "nvvm/libdevice/libdevice.10.bc",
                     "lib64/libcuda.so.1", "lib64/libcudart.so", "lib64/libcudart_static.a", "lib64/stubs/libcuda.so", "version.json"):
            self.assertTrue((moved / name).exists(), name)
        self.write("saxpy.cu", SAXPY)
        self.assertEqual(self.run_command(moved / "bin/anywarp", "run", "saxpy.cu").stdout, "saxpy is right\n")
        self.run_command(moved / "bin/nvcc", "saxpy.cu", "-o", "saxpy")
        self.assertEqual(self.run_command("./saxpy").stdout, "saxpy is right\n")
        self.assertIn("H20-SXM5-96GB", self.run_command(moved / "bin/anywarp", "chips").stdout)
        self.assertIn(str(moved), self.run_command(moved / "bin/anywarp", "info").stdout)


if __name__ == "__main__":
    unittest.main()
