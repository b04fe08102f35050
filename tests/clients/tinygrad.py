"""tinygrad: its own PTX, or CUDA C through NVRTC, over the driver API by ctypes. What PyPI has of its tests is test_tiny alone; the whole
suites are in its repository, of which a checkout is given with --source. They compare with PyTorch, which is installed for that (it
brings NVIDIA's libraries along, which nothing here loads but PyTorch itself)."""
from client import Client, main

main(Client(
    name="tinygrad",
    packages=["tinygrad", "numpy", "hypothesis>=6.148.9", "z3-solver<4.15.4"],
    only_full=["torch"],
    tests=["test/test_tiny.py", "test/backend/test_ops.py", "test/backend/test_dtype.py", "test/backend/test_schedule.py"],
    fast=["test/test_tiny.py"],
    sdist=True,
    variants={"PTX": {"DEV": "CUDA:PTX"}, "NVRTC": {"DEV": "CUDA"}},
    environment={"CACHELEVEL": "0"},
    source="a checkout of tinygrad",
))
