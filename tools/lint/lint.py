#!/usr/bin/env python3
"""`./anywarp lint`: every check that needs no test run. Without --all clang-tidy looks at what changed since --base only."""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

import include_dag
import text_rules

ROOT = pathlib.Path(__file__).resolve().parents[2]
CXX = (".h", ".cpp", ".hpp")


def run(command):
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def tracked():
    return [f for f in run(["git", "ls-files"]).stdout.splitlines() if (ROOT / f).is_file()]


def formatted(path):
    """Own C++ text that clang-format checks: not the generated tables and not CUDA's public headers."""
    return path.endswith((".h", ".cpp", ".cu")) and path.startswith(("src/", "tools/", "examples/", "bench/", "fuzz/"))


def in_parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [line for lines in pool.map(function, items) for line in lines]


def check_format(files, fix):
    def one(path):
        if fix:
            run(["clang-format-22", "-i", path])
            return []
        result = run(["clang-format-22", "--dry-run", "--Werror", path])
        return [result.stderr.splitlines()[0] + f"  (mend: ./anywarp lint --fix)"] if result.returncode else []

    return in_parallel(one, [f for f in files if formatted(f)])


def check_tidy(files, build, everything, base):
    """clang-tidy over the changed files, or all. A file that passed is not looked at again until it or its headers change."""
    database = build / "compile_commands.json"
    if not database.exists():
        return [f"{database} is missing: build first"]
    commands = {os.path.relpath(c["file"], ROOT): c for c in json.loads(database.read_text())}
    changed = set(run(["git", "diff", "--name-only", base]).stdout.split()) if not everything else set(files)
    wanted = [f for f in files if f in commands and f in changed and f.startswith(("src/", "tools/"))]
    passed = build / "lint-passed"
    passed.mkdir(exist_ok=True)
    headers = hashlib.sha256(b"".join((ROOT / f).read_bytes() for f in files if f.endswith(".h")))
    headers.update((ROOT / ".clang-tidy").read_bytes())

    def one(path):
        key = headers.copy()
        key.update((ROOT / path).read_bytes())
        key.update(path.encode())
        stamp = passed / key.hexdigest()
        if stamp.exists():
            return []
        result = run(["clang-tidy-22", "--quiet", "-p", str(build), "--warnings-as-errors=*", path])
        if result.returncode == 0:
            stamp.touch()
            return []
        return [line for line in result.stdout.splitlines() if ": error:" in line or ": warning:" in line] or [
            f"{path}: clang-tidy-22 failed: {result.stderr.strip()[-400:]}"]

    return in_parallel(one, wanted)


def check_generated():
    generator = ROOT / "gen" / "generate.py"
    if not generator.exists():
        return []
    result = run([sys.executable, str(generator), "--check"])
    return (result.stdout + result.stderr).splitlines() if result.returncode else []


def main():
    parser = argparse.ArgumentParser(prog="anywarp lint", description=__doc__)
    parser.add_argument("--all", action="store_true", help="clang-tidy over every file")
    parser.add_argument("--fix", action="store_true", help="apply clang-format")
    parser.add_argument("--base", default="HEAD~1", help="commit that clang-tidy compares with (default: %(default)s)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help=argparse.SUPPRESS)
    parser.add_argument("only", nargs="*", help="names of checks; default: all of them")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    files = tracked()

    def sizes():
        rows = list(text_rules.sizes(files))
        for path, _, message, is_error in rows:
            if not is_error:
                print(f"  note: {path}: {message}")
        return [f"{path}: {message}" for path, _, message, is_error in rows if is_error]

    checks = {
        "format": lambda: check_format(files, arguments.fix),
        "includes": lambda: [f"{p}:{n}: {m}" for p, n, m in include_dag.check(files)],
        "sizes": sizes,
        "paths": lambda: [f"{p}:{n}: {m}" for p, n, m in text_rules.machine_paths(files)],
        "generated": check_generated,
        "tidy": lambda: check_tidy(files, arguments.build, arguments.all, arguments.base),
    }
    unknown = [name for name in arguments.only if name not in checks]
    if unknown:
        parser.error(f"unknown check '{unknown[0]}'; there are {', '.join(checks)}")
    failed = 0
    for name, check in checks.items():
        if arguments.only and name not in arguments.only:
            continue
        start = time.monotonic()
        found = check()
        failed += bool(found)
        print(f"{name:10} {'ok' if not found else f'{len(found)} findings':14} {time.monotonic() - start:6.1f} s")
        for line in found:
            print(f"  {line}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
