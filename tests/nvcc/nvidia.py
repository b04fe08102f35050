"""Where NVIDIA's toolkit is, and a test case that compiles with it. Importing this ends the program with 77, which ctest counts
as skipped, where there is no such toolkit."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "toolchain"))
from harness import BIN, ROOT, TOOLKIT, Case  # noqa: E402

NVIDIA = pathlib.Path(os.environ.get("ANYWARP_NVIDIA_TOOLKIT", "/usr/local/cuda"))
if not (NVIDIA / "bin/cudafe++").exists():
    print(f"Skipped: NVIDIA's nvcc is not installed in {NVIDIA}. Its programs are tested where it is (ANYWARP_NVIDIA_TOOLKIT says where).")
    sys.exit(77)

DRIVER = TOOLKIT / "lib64"


class NvidiaCase(Case):
    def nvidia(self, *words, **options):
        return self.run_command(NVIDIA / "bin/nvcc", *words, **options)

    def run_on_driver(self, program, *arguments, runtime=None, **options):
        """Runs a program on our driver. `runtime` is the folder of the libcudart that it finds first, else it gets ours."""
        path = f"{runtime}:{DRIVER}" if runtime else str(DRIVER)
        environment = dict(options.pop("environment", {}), LD_LIBRARY_PATH=path)
        return self.run_command(program, *arguments, environment=environment, **options)

    def only_driver(self):
        """A folder with our driver and nothing else of our toolkit, so that another runtime must be found elsewhere."""
        folder = self.folder / "driver"
        folder.mkdir(exist_ok=True)
        for name in ("libcuda.so.1",):
            if not (folder / name).exists():
                (folder / name).symlink_to((DRIVER / name).resolve())
        return folder
