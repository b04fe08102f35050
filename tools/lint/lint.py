#!/usr/bin/env python3
"""`./anywarp lint`: every check that needs no test run.

clang-tidy looks at every source that the build folder compiles. What passed is remembered in that folder, by the contents of
the file, of all headers and of the configuration, so a second run looks only at what changed. --changed looks only at the
sources that differ from --base, for a quick answer while writing.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
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
    return path.endswith((".h", ".cpp", ".cu")) and path.startswith(("src/", "lib/", "tools/", "examples/", "bench/", "fuzz/"))


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


# Tests dereference fixed addresses on purpose, seed generators with constants, and check by gtest's ASSERT, which the
# check for optionals does not understand.
TEST_CHECKS = "--checks=-bugprone-unchecked-optional-access,-clang-analyzer-core.FixedAddressDereference,-performance-inefficient-vector-operation"


def changed_since(base):
    """What differs from `base`: committed, not committed, and new."""
    ancestor = run(["git", "merge-base", base, "HEAD"]).stdout.strip() or base
    return set(run(["git", "diff", "--name-only", ancestor]).stdout.split())


def check_tidy(files, build, base, notes):
    """clang-tidy over the sources that are compiled, or those of them that changed since `base`."""
    database = build / "compile_commands.json"
    if not database.exists():
        return [f"{database} is missing: build first"]
    commands = {os.path.relpath(c["file"], ROOT) for c in json.loads(database.read_text())}
    wanted = [f for f in files if f in commands and f.startswith(("src/", "lib/", "tools/"))]
    if base:
        changed = changed_since(base)
        # A header that changed is looked at through every source that its own folder compiles.
        folders = {os.path.dirname(f) for f in changed if f.endswith((".h", ".def", ".inc"))}
        wanted = [f for f in wanted if f in changed or os.path.dirname(f) in folders]
    passed = build / "lint-passed"
    passed.mkdir(exist_ok=True)
    headers = hashlib.sha256(b"".join((ROOT / f).read_bytes() for f in files if f.endswith((".h", ".def", ".inc"))))
    headers.update((ROOT / ".clang-tidy").read_bytes())
    headers.update(pathlib.Path(__file__).read_bytes())

    def stamp_of(path):
        key = headers.copy()
        key.update((ROOT / path).read_bytes())
        key.update(path.encode())
        return passed / key.hexdigest()

    todo = [f for f in wanted if not stamp_of(f).exists()]
    notes.append(f"{len(wanted)} sources, {len(wanted) - len(todo)} of them known to pass")
    # The largest first, so that no processor is left with one at the end.
    todo.sort(key=lambda f: -(ROOT / f).stat().st_size)

    def one(path):
        command = ["clang-tidy-22", "--quiet", "-p", str(build), "--warnings-as-errors=*"]
        command += [f"--exclude-header-filter=^{re.escape(str(build.resolve()))}/|/build/|/words\\.h$"]
        command += [TEST_CHECKS] if path.endswith("_test.cpp") else []
        result = run(command + [path])
        if result.returncode == 0:
            stamp_of(path).touch()
            return []
        print(f"  {path}: clang-tidy has findings", file=sys.stderr, flush=True)
        return [line for line in result.stdout.splitlines() if ": error:" in line or ": warning:" in line] or [
            f"{path}: clang-tidy-22 failed: {result.stderr.strip()[-400:]}"]

    # A finding in a header comes once for every source that includes it.
    return sorted({line.replace(f"{ROOT}/", "") for line in in_parallel(one, todo)})


def check_generated():
    generator = ROOT / "gen" / "generate.py"
    if not generator.exists():
        return []
    result = run([sys.executable, str(generator), "--check"])
    return (result.stdout + result.stderr).splitlines() if result.returncode else []


def main():
    parser = argparse.ArgumentParser(prog="anywarp lint", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="clang-tidy over every source (the default)")
    parser.add_argument("--changed", action="store_true", help="clang-tidy over what differs from --base only")
    parser.add_argument("--fix", action="store_true", help="apply clang-format")
    parser.add_argument("--base", default="origin/main", help="commit that --changed compares with (default: %(default)s, and HEAD~1 where there is none)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help=argparse.SUPPRESS)
    parser.add_argument("only", nargs="*", help="names of checks; default: all of them")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    files = tracked()
    base = None
    if arguments.changed:
        base = arguments.base if run(["git", "rev-parse", "--verify", "--quiet", arguments.base]).returncode == 0 else "HEAD~1"
    notes = []

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
        "tidy": lambda: check_tidy(files, arguments.build, base, notes),
    }
    unknown = [name for name in arguments.only if name not in checks]
    if unknown:
        parser.error(f"unknown check '{unknown[0]}'; there are {', '.join(checks)}")
    failed = ran = 0
    for name, check in checks.items():
        if arguments.only and name not in arguments.only:
            continue
        start = time.monotonic()
        found = check()
        failed += bool(found)
        ran += 1
        note = f"  ({notes.pop()})" if notes else ""
        print(f"{name:10} {'ok' if not found else f'{len(found)} findings':14} {time.monotonic() - start:6.1f} s{note}", flush=True)
        for line in found:
            print(f"  {line}")
    print(f"lint: {ran - failed} checks passed, {failed} failed, over {len(files)} files")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
