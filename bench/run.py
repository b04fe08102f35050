#!/usr/bin/env python3
"""Measures CUDA programs on Anywarp against the same work in C++ with OpenMP, compiled by clang -O3 -march=native.

Each pair of programs runs alternately; the figures are medians. A ratio above 1 means that the CUDA program is faster. Both
programs' results are compared as well. Then what a launch costs: with an empty cache of compiled kernels, and from that cache.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
KERNELS = sorted(path.stem for path in (HERE / "kernels").glob("*.cu"))
# Sums of floats depend on the order of addition; everything else agrees to this relative difference.
TOLERANCE = {"mandelbrot": 1e-3, "reduction": 1e-3}


def build(command, source, output):
    if output.exists() and all(output.stat().st_mtime > path.stat().st_mtime for path in [source, *HERE.rglob("*.h"), pathlib.Path(command[0])]):
        return
    subprocess.run([*command, str(source), "-o", str(output)], check=True)


def run(program, environment):
    line = subprocess.run([program], env=environment, check=True, capture_output=True, text=True).stdout.split()
    return float(line[0]), float(line[1]), line[2], float(line[3])


def progress(text):
    """Writes over the line before, on a terminal."""
    if sys.stderr.isatty():
        print("\r" + text.ljust(40) + ("\r" if not text else ""), end="", file=sys.stderr, flush=True)


def compare(name, folder, nvcc, repeats, environment):
    ours, theirs = folder / f"{name}.anywarp", folder / f"{name}.openmp"
    build([nvcc, "-O3", "-arch=native"], HERE / f"kernels/{name}.cu", ours)
    build(["/usr/bin/clang++-22", "-std=c++17", "-O3", "-march=native", "-fopenmp"], HERE / f"kernels/{name}.cpp", theirs)
    a, b = [], []
    for i in range(repeats):
        progress(f"{name} {i + 1}/{repeats}")
        a.append(run(ours, environment))
        b.append(run(theirs, environment))
    progress("")
    ours_seconds, theirs_seconds = statistics.median(x[0] for x in a), statistics.median(x[0] for x in b)
    amount, unit, ours_sum, theirs_sum = a[0][1], a[0][2], a[0][3], b[0][3]
    same = abs(ours_sum - theirs_sum) <= TOLERANCE.get(name, 1e-4) * max(abs(theirs_sum), 1)
    print(f"| {name} | {amount / ours_seconds:.2f} {unit}/s | {amount / theirs_seconds:.2f} {unit}/s | {theirs_seconds / ours_seconds:.2f} |"
          + ("" if same else f" WRONG: {ours_sum} against {theirs_sum}"), flush=True)
    return same


def launches(folder, nvcc, repeats, environment):
    program = folder / "launch"
    build([nvcc, "-O3", "-arch=native"], HERE / "launch.cu", program)
    rows = {"cold": {}, "from the disk cache": {}}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as cache:
            for state in rows:
                text = subprocess.run([program], env=dict(environment, ANYWARP_CACHE_PATH=cache), check=True, capture_output=True, text=True).stdout
                for line in text.splitlines():
                    name, value, unit = line.split()
                    rows[state].setdefault((name.replace("_", " "), unit), []).append(float(value))
    print("\n| | cold | from the disk cache |\n|---|---|---|")
    for name, unit in rows["cold"]:
        cold, cached = (statistics.median(rows[state][name, unit]) for state in rows)
        print(f"| {name} | {cold:.1f} {unit} | {cached:.1f} {unit} |")


def main():
    parser = argparse.ArgumentParser(prog="anywarp bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="runs of each program (default: %(default)s)")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"benchmarks: {', '.join(KERNELS)}, launch; default: all of them")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in KERNELS and name != "launch":
            parser.error(f"there is no benchmark '{name}'; there are {', '.join(KERNELS)} and launch")
    folder = arguments.build / "bench"
    folder.mkdir(exist_ok=True)
    nvcc = str(arguments.build / "toolkit/bin/nvcc")
    environment = dict(os.environ)
    names = [name for name in KERNELS if not arguments.names or name in arguments.names]
    right = True
    if names:
        print("| | Anywarp | OpenMP | ratio |\n|---|---|---|---|")
    for name in names:
        try:
            right &= compare(name, folder, nvcc, arguments.repeats, environment)
        except subprocess.CalledProcessError as error:
            right = False
            print(f"| {name} | failed: {error} {(error.stderr or '').strip()[-300:]} |", flush=True)
    if not arguments.names or "launch" in arguments.names:
        launches(folder, nvcc, arguments.repeats, environment)
    sys.exit(not right)


if __name__ == "__main__":
    main()
