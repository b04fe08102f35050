#!/usr/bin/env python3
"""Measures CUDA programs on Anywarp against the same work in C++ with OpenMP, as a CPU programmer writes it, compiled by
clang -O3 -march=native -ffast-math.

The programs of a row run alternately; the figures are medians. `x` is Anywarp's time as a multiple of the native one: below 1 the
CUDA program is faster. The goal is a multiple of the native time as well, or a time. Both programs' results are compared by a
checksum, within the tolerance that bench/suite.py states. Then what a launch costs: with an empty cache of compiled kernels, and
from that cache; and what ordinary calls cost, by our runtime and, where NVIDIA's nvcc is installed, by NVIDIA's on our driver. At last how
two workers and many compare to one, and what a million launches leave in memory.
"""
import argparse
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import plot
import records
import suite

HERE = pathlib.Path(__file__).resolve().parent
NAMES = [kernel.name for kernel in suite.KERNELS]
CLANG = "/usr/bin/clang++-22"
NVIDIA = pathlib.Path(os.environ.get("ANYWARP_NVIDIA_TOOLKIT", "/usr/local/cuda"))


def build(command, source, output):
    needs = [source, HERE / "suite.py", pathlib.Path(command[0]), *HERE.rglob("*.h")]
    if output.exists() and all(output.stat().st_mtime > path.stat().st_mtime for path in needs):
        return
    progress(f"compiling {source.name}")
    subprocess.run([*command, str(source), "-o", str(output)], check=True, capture_output=True, text=True)


def run(program, environment=None):
    line = subprocess.run([program], check=True, env=environment, capture_output=True, text=True).stdout.split()
    return float(line[0]), float(line[1]), line[2], float(line[3])


def progress(text):
    """Writes over the line before, on a terminal."""
    if sys.stderr.isatty():
        print("\r" + text.ljust(40) + ("\r" if not text else ""), end="", file=sys.stderr, flush=True)


def measure(kernels, folder, nvcc, repeats):
    """Runs the kernels that share a native program, that program first in each round; returns their results by name."""
    twin = kernels[0].twin
    programs = {"": folder / f"{twin}.native"}
    build([CLANG, *suite.NATIVE_FLAGS], HERE / f"kernels/{twin}.cpp", programs[""])
    for kernel in kernels:
        programs[kernel.name] = folder / f"{kernel.name}.anywarp"
        build([nvcc, *suite.CUDA_FLAGS, f"-arch={kernel.arch}"], HERE / f"kernels/{kernel.name}.cu", programs[kernel.name])
    runs = {name: [] for name in programs}
    for i in range(repeats):
        for name, program in programs.items():
            progress(f"{name or twin + ' (native)'} {i + 1}/{repeats}")
            runs[name].append(run(program))
    progress("")
    native = statistics.median(x[0] for x in runs[""])
    results = {}
    for kernel in kernels:
        seconds = statistics.median(x[0] for x in runs[kernel.name])
        _, amount, unit, found = runs[kernel.name][0]
        wanted = runs[""][0][3]
        results[kernel.name] = {
            "seconds": seconds,
            "native_seconds": native,
            "ratio": seconds / native,
            "goal": kernel.goal,
            "reached": seconds <= kernel.goal * native and amount / seconds >= kernel.least,
            "rate": amount / seconds,
            "unit": f"{unit}/s",
            "least_rate": kernel.least,
            "checksum": found,
            "native_checksum": wanted,
            "right": all(abs(x[3] - wanted) <= kernel.tolerance * max(abs(wanted), 1) for x in runs[kernel.name] + runs[""]),
        }
    return results


def show(name, result):
    goal = f"x{result['goal']:.3g} = {result['goal'] * result['native_seconds'] * 1e3:.2f} ms"
    if result["least_rate"]:
        goal += f", {result['least_rate']:g} {result['unit']}"
    verdict = "reached" if result["reached"] else "missed"
    if not result["right"]:
        verdict += f"; WRONG: {result['checksum']} instead of {result['native_checksum']}"
    print(f"| {name} | {result['seconds'] * 1e3:.2f} ms, {result['rate']:.4g} {result['unit']} | {result['native_seconds'] * 1e3:.2f} ms | "
          f"x{result['ratio']:.2f} | {goal} | {verdict} |", flush=True)


def figures(program, environment, *arguments):
    """What launch.cu, launch.cpp or calls.cu prints: {(name, unit): value}."""
    text = subprocess.run([program, *arguments], env=environment, check=True, capture_output=True, text=True).stdout
    return {(name.replace("_", " "), unit): float(value) for name, value, unit in (line.split() for line in text.splitlines())}


def launches(folder, nvcc, repeats):
    """Returns {name: {value, cold, unit, native, goal}} and prints it."""
    program, native = folder / "launch.anywarp", folder / "launch.native"
    build([nvcc, *suite.CUDA_FLAGS, "-arch=native"], HERE / "launch.cu", program)
    build([CLANG, *suite.NATIVE_FLAGS], HERE / "launch.cpp", native)
    states = ("cold", "from the disk cache", "native")
    runs = {state: [] for state in states}
    for i in range(repeats):
        progress(f"launch {i + 1}/{repeats}")
        with tempfile.TemporaryDirectory() as cache:
            for state in states:
                runs[state].append(figures(native if state == "native" else program, dict(os.environ, ANYWARP_CACHE_PATH=cache)))
    progress("")
    print("\n| | cold | from the disk cache | native | goal | |\n|---|---|---|---|---|---|")
    found = {}
    for name, unit in runs["cold"][0]:
        cold, value, native_value = (statistics.median(x[name, unit] for x in runs[state]) if (name, unit) in runs[state][0] else None
                                     for state in states)
        goal = suite.LAUNCHES.get(name)
        found[name] = {"value": value, "cold": cold, "unit": unit, "native": native_value, "goal": goal}
        digits = 1 if value >= 10 else 2
        print(f"| {name} | {cold:.{digits}f} {unit} | {value:.{digits}f} {unit} | "
              + (f"{native_value:.2f} {unit}" if native_value is not None else "") + " | "
              + (f"{goal:g} {unit} | {'reached' if value <= goal else 'missed'} |" if goal else "| |"))
    return found


def calls(folder, nvcc, repeats):
    """What ordinary calls cost, as our toolkit builds the program and as NVIDIA's does. Returns {name: {value, unit, goal}} and prints it."""
    programs = {"": folder / "calls.anywarp"}
    build([nvcc, *suite.CUDA_FLAGS, "-arch=native"], HERE / "calls.cu", programs[""])
    if (NVIDIA / "bin/nvcc").exists():
        programs[", NVIDIA's runtime"] = folder / "calls.nvidia"
        build([str(NVIDIA / "bin/nvcc"), "-O3", "-std=c++17"], HERE / "calls.cu", programs[", NVIDIA's runtime"])
    environment = dict(os.environ, LD_LIBRARY_PATH=str(pathlib.Path(nvcc).resolve().parents[1] / "lib64"))
    runs = {whose: [] for whose in programs}
    for i in range(repeats):
        progress(f"calls {i + 1}/{repeats}")
        for whose, program in programs.items():
            runs[whose].append(figures(program, environment, str(time.clock_gettime_ns(time.CLOCK_MONOTONIC))))
    progress("")
    print("\n| | Anywarp's runtime | " + ("NVIDIA's static runtime | " if len(programs) > 1 else "") + "goal | |\n|---|---|---|---|" + "---|" * (len(programs) - 1))
    found = {}
    for name, unit in runs[""][0]:
        goal, cells = suite.CALLS.get(name), []
        for whose in programs:
            value = statistics.median(run[name, unit] for run in runs[whose])
            found[name + whose] = {"value": value, "unit": unit, "goal": goal}
            cells.append(f"{value:.3g} {unit}")
        reached = all(found[name + whose]["value"] <= goal for whose in programs) if goal else None
        print(f"| {name} | {' | '.join(cells)} | " + (f"{goal:g} {unit} | {'reached' if reached else 'missed'} |" if goal else "| |"))
    return found


def scaling(folder, nvcc, repeats):
    """How much faster two workers are than one, what many workers cost, and what launches leave in memory. Returns {name: value}, prints it."""
    for name in suite.SCALING:
        build([nvcc, *suite.CUDA_FLAGS, "-arch=native"], HERE / f"kernels/{name}.cu", folder / f"{name}.anywarp")
    memory = folder / "scaling.anywarp"
    build([nvcc, *suite.CUDA_FLAGS, "-arch=native"], HERE / "scaling.cu", memory)
    counts, found = (1, 2, suite.MANY_WORKERS), {}
    print(f"\n| | 1 worker | 2 workers | {suite.MANY_WORKERS} workers | 2 against 1 | goal | |\n|---|---|---|---|---|---|---|")
    for name in suite.SCALING:
        seconds = {workers: [] for workers in counts}
        for i in range(repeats):
            progress(f"scaling: {name} {i + 1}/{repeats}")
            for workers in counts:
                seconds[workers].append(run(folder / f"{name}.anywarp", dict(os.environ, ANYWARP_WORKERS=str(workers)))[0])
        progress("")
        medians = [statistics.median(seconds[workers]) for workers in counts]
        found[name] = medians[0] / medians[1]
        print(f"| {name} | " + " | ".join(f"{value * 1e3:.2f} ms" for value in medians)
              + f" | {found[name]:.2f} | {suite.SCALING_GOAL} | {'reached' if found[name] >= suite.SCALING_GOAL else 'missed'} |")
    print("\n| memory | " + " | ".join(f"{workers} worker{'s' * (workers > 1)}" for workers in counts) + " |\n|---|---|---|---|")
    progress("scaling: memory")
    kept = {workers: figures(memory, dict(os.environ, ANYWARP_WORKERS=str(workers))) for workers in counts}
    progress("")
    for name, unit in kept[1]:
        print(f"| {name} | " + " | ".join(f"{kept[workers][name, unit]:.0f} {unit}" for workers in counts) + " |")
        found[name] = {workers: kept[workers][name, unit] for workers in counts}
    return found


def parse():
    parser = argparse.ArgumentParser(prog="anywarp bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each program, which itself repeats the work (default: %(default)s)")
    parser.add_argument("--target", choices=suite.LEVELS, help="both sides with the instructions of a lower processor than this one")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every figure to FILE")
    parser.add_argument("--plot", type=pathlib.Path, metavar="FILE", help="draw the ratios and goals into FILE, an SVG")
    parser.add_argument("--record", action="store_true", help="keep the ratios in bench/history, in a file by commit")
    parser.add_argument("--compare", action="store_true",
                        help="say what got slower by more than 10%% since the last record of this processor, and exit with 1 if anything did")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"benchmarks: {', '.join(NAMES)}, launch, calls, scaling; default: all of them")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in NAMES and name not in ("launch", "calls", "scaling"):
            parser.error(f"there is no benchmark '{name}'; there are {', '.join(NAMES)}, launch, calls and scaling")
    if arguments.repeats < 1:
        parser.error(f"--repeats is {arguments.repeats}; at least 1 run is needed")
    if arguments.record and (arguments.names or arguments.target):
        parser.error("--record keeps whole runs on this processor; give no names and no target with it")
    return arguments


def compare(outcome, old):
    """Prints what got slower; whether nothing did."""
    if not old:
        print(f"\nNothing to compare with: bench/history has no record of this processor ({outcome['processor']}).")
        return True
    lost = records.losses(outcome, old)
    print(f"\nAgainst {old['commit']} of {old['date']}: " + ("nothing got slower by more than 10%." if not lost else "slower by more than 10%:"))
    for name, then, now in lost:
        print(f"  {name}: {then:.3g} then, {now:.3g} now")
    return not lost


def main():
    arguments = parse()
    folder = arguments.build / "bench" / (arguments.target or "")
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.target:
        os.environ["ANYWARP_TARGET"] = arguments.target
        suite.NATIVE_FLAGS[suite.NATIVE_FLAGS.index("-march=native")] = f"-march={suite.LEVELS[arguments.target]}"
    nvcc = str(arguments.build / "toolkit/bin/nvcc")
    outcome = {**records.describe(), "repeats": arguments.repeats, "kernels": {}, "launch": {}, "calls": {}, "scaling": {}, "geometric_mean": None}
    good = True
    # What a processor does at most is asked of the one at hand.
    chosen = [kernel for kernel in suite.KERNELS
              if (not arguments.names or kernel.name in arguments.names) and not (arguments.target and kernel.against_peak)]
    if chosen:
        print("| | Anywarp | native | x | goal | |\n|---|---|---|---|---|---|")
    for twin, group in itertools.groupby(chosen, lambda kernel: kernel.twin):
        group = list(group)
        try:
            results = measure(group, folder, nvcc, arguments.repeats)
        except subprocess.CalledProcessError as error:
            progress("")
            good = False
            print(f"| {', '.join(kernel.name for kernel in group)} | failed: {error} {(error.stderr or '').strip()[-300:]} |", flush=True)
            continue
        outcome["kernels"].update(results)
        for name, result in results.items():
            show(name, result)
            good &= result["right"]
    if results := outcome["kernels"]:
        reached = sum(result["reached"] for result in results.values())
        twins = [results[kernel.name]["ratio"] for kernel in chosen if kernel.name in results and not kernel.against_peak]
        if twins:
            outcome["geometric_mean"] = statistics.geometric_mean(twins)
            print(f"\nGeometric mean: x{outcome['geometric_mean']:.3f} of the time of {len(twins)} native programs.")
        print(f"{reached} of {len(results)} goals reached.")
    for name, measure_calls in (("launch", launches), ("calls", calls), ("scaling", scaling)):
        if arguments.names and name not in arguments.names:
            continue
        try:
            outcome[name] = measure_calls(folder, nvcc, arguments.repeats)
        except subprocess.CalledProcessError as error:
            progress("")
            good = False
            print(f"{name} failed: {error} {(error.stderr or '').strip()[-300:]}", flush=True)
    old = records.last(outcome)
    if arguments.json:
        arguments.json.write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    if arguments.plot:
        title = f"Anywarp's time against native OpenMP, {outcome['commit']}"
        arguments.plot.write_text(plot.draw(title, [(name, x["ratio"], x["goal"], x["reached"]) for name, x in outcome["kernels"].items()]),
                                  encoding="utf-8")
    if arguments.record:
        if not good:
            print("\nNot recorded: a program failed or computed something else.")
        else:
            print(f"\nRecorded in {records.record(outcome).relative_to(HERE.parent)}.")
    if arguments.compare:
        good &= compare(outcome, old)
    sys.exit(not good)


if __name__ == "__main__":
    main()
