"""The GoogleTest programs of tests/api, compiled with NVIDIA's headers and linked with NVIDIA's runtime: all of them pass on our
driver as they do with our headers and our runtime."""
import shutil
import subprocess
import unittest

from nvidia import DRIVER, NVIDIA, ROOT, NvidiaCase

COMPILER = shutil.which("clang++-22") or "clang++"


class WholeApi(NvidiaCase):
    def compile(self, sources):
        """All sources at once, two at a time."""
        objects, running = [], []
        for source in sources:
            objects.append(self.folder / (source.stem + ".o"))
            running.append(subprocess.Popen([COMPILER, "-std=c++20", "-O0", "-w", f"-I{NVIDIA}/include", f"-I{ROOT}/src", f'-DAW_TEST_FOLDER="{ROOT}/tests/api"', "-c", source, "-o", objects[-1]]))
            if len(running) == 2:
                self.assertEqual(running.pop(0).wait(), 0)
        for one in running:
            self.assertEqual(one.wait(), 0)
        return objects

    def link(self, program, objects, *words):
        self.run_command(COMPILER, *objects, "-o", self.folder / program, *words, "-lgtest", "-lgtest_main", "-lpthread", "-ldl", "-lrt")
        return self.folder / program

    def test_driver(self):
        objects = self.compile(sorted((ROOT / "tests/api").glob("driver_*_test.cpp")))
        program = self.link("driver_test", objects, f"-L{NVIDIA}/lib64/stubs", "-lcuda", "-llz4", "-lzstd")
        self.assertIn("[  PASSED  ]", self.run_on_driver(program).stdout)

    def test_runtime(self):
        sources = sorted((ROOT / "tests/api/runtime").glob("runtime_*_test.cpp"))
        objects = self.compile(sources)
        static = self.link("static_test", objects, f"-L{NVIDIA}/lib64", "-lcudart_static", f"-L{NVIDIA}/lib64/stubs", "-lcuda")
        shared = self.link("shared_test", objects, f"-L{NVIDIA}/lib64", "-lcudart", f"-L{NVIDIA}/lib64/stubs", "-Wl,--no-as-needed", "-lcuda")
        self.assertIn("[  PASSED  ]", self.run_on_driver(static).stdout)
        self.assertIn("[  PASSED  ]", self.run_on_driver(shared, runtime=NVIDIA / "lib64").stdout)
        self.assertIn("[  PASSED  ]", self.run_on_driver(shared, runtime=DRIVER).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
