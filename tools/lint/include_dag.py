#!/usr/bin/env python3
"""Who may include whom. The table is the architecture: a line that breaks it is a design decision, not a slip."""
import re
import sys

# folder of src/ -> folders of src/ that it may include. A folder always sees itself and include/.
# 'abi' stands for the one header exec/abi.h, 'backend.h' for backend/backend.h.
MAY_INCLUDE = {
    "base": [],
    "ptx": ["base"],
    "kir": ["base"],
    "lower": ["base", "ptx", "kir"],
    "opt": ["base", "kir"],
    "spmd": ["base", "kir", "exec/abi.h"],
    "jit": ["base"],
    "compile": ["base", "ptx", "kir", "lower", "opt", "spmd", "jit", "exec/abi.h", "exec/runtime_symbols.h"],
    "exec": ["base"],
    "device": ["base"],
    "observe": ["base"],
    "backend": ["base", "ptx", "compile", "exec", "device"],
    "driver": ["base", "ptx", "device", "observe", "backend/backend.h"],
    "runtime": [],
    "toolchain": ["base", "ptx", "device", "frontend"],
    "frontend": ["base", "jit", "toolchain"],
}
# Libraries that are made of the compiler, not over the runtime: folder of lib/ -> folders of src/.
LIBRARIES_MAY_INCLUDE = {
    "nvrtc": ["base", "frontend", "toolchain"],
    "nvvm": ["base", "frontend", "toolchain"],
    "nvjitlink": ["base", "frontend", "ptx", "toolchain"],
}
# Headers outside src/ that only some folders may see.
LLVM_FOLDERS = {"kir", "lower", "opt", "spmd", "jit", "compile", "toolchain", "frontend"}

# A test may build what it tests from any stage of the flow; so may what only tests use.
TEST = re.compile(r"_test\.cpp$|/test/|^src/lower/run_ptx\.(h|cpp)$|/fake_\w+\.(h|cpp)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def check_library(path, siblings):
    """A library of lib/ sees CUDA as a user's library does: its own folder's headers, and what stands in angle brackets."""
    text = open(path, encoding="utf-8").read()
    seen = LIBRARIES_MAY_INCLUDE.get(path.split("/")[1], [])
    for match in INCLUDE.finditer(text):
        if match.group(2).split("/")[0] in seen:
            continue
        if (match.group(1) == '"' and match.group(2) not in siblings) or match.group(2).startswith("llvm/"):
            line = text.count("\n", 0, match.start()) + 1
            yield path, line, f"lib/ may include its own folder and public headers only, yet it includes {match.group(2)}"


def check(files):
    """Yields (path, line, message)."""
    for path in files:
        parts = path.split("/")
        if parts[0] == "lib" and path.endswith((".h", ".cpp")):
            yield from check_library(path, {p.rsplit("/", 1)[-1] for p in files if p.startswith("/".join(parts[:2]) + "/")})
            continue
        if parts[0] != "src" or len(parts) < 3 or not path.endswith((".h", ".cpp", ".inc")):
            continue
        folder = parts[1]
        if folder not in MAY_INCLUDE:
            yield path, 1, f"folder src/{folder} is not in the table of tools/lint/include_dag.py"
            continue
        is_test = bool(TEST.search(path))
        text = open(path, encoding="utf-8").read()
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            target = match.group(2)
            top = target.split("/")[0]
            if target.startswith("llvm/") and folder not in LLVM_FOLDERS and not is_test:
                yield path, line, f"src/{folder} does not see LLVM, yet it includes {target}"
            if match.group(1) != '"' or top not in MAY_INCLUDE or "/" not in target or is_test or top == folder:
                continue
            if top not in MAY_INCLUDE[folder] and target not in MAY_INCLUDE[folder]:
                sees = ", ".join(MAY_INCLUDE[folder]) or "public headers only"
                yield path, line, f"src/{folder} may include {sees}, yet it includes {target}"


if __name__ == "__main__":
    import subprocess

    tracked = subprocess.run(["git", "ls-files", "src", "lib"], capture_output=True, text=True, check=True).stdout.split()
    found = list(check(tracked))
    for path, line, message in found:
        print(f"{path}:{line}: {message}")
    sys.exit(bool(found))
