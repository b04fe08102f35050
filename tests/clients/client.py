"""A client of the driver: a program of somebody else that comes from PyPI, runs unmodified, and brings its own tests.

A script says what the client is (Client), and this file does the rest: a virtual environment with the client in it, kept in
build/clients; its tests under `anywarp run`, with our toolkit as CUDA_HOME; what passed, failed and was skipped. A failure is known when
a pattern of the script names it, with the reason; others end the script with 1. Where the client cannot be installed, for want of a
network for one, the script ends with 77, which ctest counts as skipped.

    python3 tests/clients/numba_cuda.py            all of its tests
    python3 tests/clients/numba_cuda.py --fast     a part that takes a minute
    python3 tests/clients/numba_cuda.py -k shfl    those whose name has it
"""
import argparse
import collections
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ANYWARP_BUILD", ROOT / "build")).resolve()
TOOLKIT = BUILD / "toolkit"
SKIPPED = 77

# Whose tests look at something that only NVIDIA's compiler makes: machine code, the exact text of PTX, LTO IR's bytes.
INSPECTS = "inspects what NVIDIA's compiler makes"


@dataclasses.dataclass
class Known:
    """Failures with a reason. `test` is searched for in the test's name, `reason` is for people."""
    test: str
    reason: str
    inspects: bool = False  # the test looks at machine code, or at the text of PTX


@dataclasses.dataclass
class Client:
    name: str
    packages: list                       # what pip installs, the client first
    tests: list                          # of pytest's command line: all tests
    fast: list                           # of pytest's command line: those that take a minute
    known: list = dataclasses.field(default_factory=list)
    variants: dict = dataclasses.field(default_factory=lambda: {"": {}})  # name -> environment
    environment: dict = dataclasses.field(default_factory=dict)
    config: str = ""                     # a pytest.ini
    conftest: str = ""                   # a conftest.py beside it
    timeout: int = 300                   # seconds for one test
    source: str = ""                     # of what a checkout may be given, for tests that no registry has; those of `tests` are there
    imports_source: bool = True          # the checkout holds the client itself, too, which is then what is tested
    helpers: str = ""                    # a folder of the checkout with what its tests import
    checks: str = ""                     # tests of ours, where `fast` has none of the client's
    sdist: bool = False                  # the tests of `fast` are in the source distribution
    only_full: list = dataclasses.field(default_factory=list)  # packages that only the whole suite needs


def skip(text):
    print(f"Skipped: {text}")
    sys.exit(SKIPPED)


def install(client, folder, packages):
    """The environment's python. What is installed already is left as it is."""
    python = folder / "environment/bin/python"
    done = folder / "installed.txt"
    wanted = "\n".join(packages) + "\n"
    if python.exists() and done.exists() and done.read_text() == wanted:
        return python
    if not python.exists():
        try:
            venv.create(folder / "environment", with_pip=True, clear=True)
        except (subprocess.CalledProcessError, OSError) as problem:
            skip(f"no virtual environment can be made here: {problem}")
    ended = subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], capture_output=True, text=True)
    if ended.returncode:
        skip(f"{client.name} cannot be installed here: {ended.stderr.strip().splitlines()[-1] if ended.stderr.strip() else 'pip failed'}")
    done.write_text(wanted)
    return python


def unpack(client, python, folder):
    """The source distribution of the version that is installed."""
    version = versions(python, client).split(", ")[0].split()[1]
    into = folder / f"source-{version}"
    if not into.exists():
        download = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", client.name, "--dest", into, f"{client.name}=={version}"]
        ended = subprocess.run(download, capture_output=True, text=True)
        archives = list(into.glob("*.tar.gz"))
        if ended.returncode or not archives:
            shutil.rmtree(into, ignore_errors=True)
            skip(f"the source distribution of {client.name} {version} cannot be had here: {ended.stderr.strip()[-300:]}")
        with tarfile.open(archives[0]) as archive:
            archive.extractall(into, filter="data")
    return next(path for path in into.iterdir() if path.is_dir())


def versions(python, client):
    names = [re.split(r"[<>=!\[ ]", package)[0] for package in client.packages]
    text = "import importlib.metadata as m, sys\nfor n in sys.argv[1:]:\n  print(n, m.version(n))"
    return ", ".join(subprocess.run([python, "-c", text, *names], capture_output=True, text=True).stdout.split("\n")).strip(", ")


def run(client, python, folder, arguments, variant, options):
    """Runs pytest and gives its record: a test's name -> what became of it."""
    if options.source:
        work = pathlib.Path(options.source)
    elif client.sdist:
        work = unpack(client, python, folder)
    else:
        work = folder / "tests"
        work.mkdir(exist_ok=True)
        (work / "pytest.ini").write_text(client.config or "[pytest]\n")
        if client.checks:
            (work / "test_checks.py").write_text(client.checks)
        if client.conftest:
            (work / "conftest.py").write_text(client.conftest)
    record = folder / f"record{'-' + variant if variant else ''}.jsonl"
    record.unlink(missing_ok=True)
    environment = dict(os.environ, CUDA_HOME=str(TOOLKIT), CUDA_PATH=str(TOOLKIT), ANYWARP_RECORD=str(record), PYTHONDONTWRITEBYTECODE="1",
                       PYTHONPATH=str(ROOT / "tests/clients/plugin"), **client.environment, **client.variants[variant])
    if options.source:
        shown = [options.source] if client.imports_source else []
        shown += [str(pathlib.Path(options.source) / client.helpers)] if client.helpers else []
        environment["PYTHONPATH"] = ":".join([environment["PYTHONPATH"], *shown])
    environment.pop("LD_LIBRARY_PATH", None)
    command = [BUILD / "bin/anywarp", "run", python, "-m", "pytest", "-p", "anywarp_record", "-p", "no:cacheprovider", "-v", "--tb=short", "-n",
               str(options.processes), "--dist", "loadscope", "--timeout", str(client.timeout), "--timeout-method", "thread", *arguments]
    if options.k:
        command += ["-k", options.k]
    log = record.with_suffix(".log")
    with open(log, "w", encoding="utf-8") as file:
        ended = subprocess.run([str(word) for word in command], cwd=work, env=environment, stdout=file, stderr=subprocess.STDOUT, check=False)
    tests = {}
    if record.exists():
        for line in record.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            tests[entry["test"]] = entry
    if not tests or ended.returncode not in (0, 1):
        print(log.read_text(encoding="utf-8", errors="replace")[-3000:])
        sys.exit(f"pytest ended with {ended.returncode} after {len(tests)} tests; {log} has all that it said")
    return tests


def report(client, variant, tests, show_skipped):
    """Prints the counts and the failures; tells how many of those nobody knew."""
    count = collections.Counter(entry["outcome"] for entry in tests.values())
    unknown, known = [], collections.defaultdict(list)
    for entry in tests.values():
        if entry["outcome"] != "failed":
            continue
        match = next((each for each in client.known if re.search(each.test, entry["test"])), None)
        if match:
            known[(match.inspects, match.reason)].append(entry["test"])
        else:
            unknown.append(entry)
    inspecting = sum(len(names) for (inspects, _), names in known.items() if inspects)
    counted = count["passed"] + count["failed"] - inspecting
    title = client.name + (f" ({variant})" if variant else "")
    share = f"{100 * count['passed'] / counted:.1f}% of what does not inspect NVIDIA's code" if counted else "nothing ran"
    print(f"{title}: {count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped: {share}")
    for (_, reason), names in sorted(known.items(), key=lambda item: -len(item[1])):
        print(f"  {len(names)} known: {reason}")
        for name in names:
            print(f"      {name}")
    for entry in unknown:
        print(f"  FAILED {entry['test']}\n      {' '.join(entry['reason'].split())[:300]}")
    if show_skipped:
        reasons = collections.Counter(" ".join(entry["reason"].split())[:150] for entry in tests.values() if entry["outcome"] == "skipped")
        for reason, number in reasons.most_common():
            print(f"  {number} skipped: {reason}")
    return len(unknown)


def main(client):
    parser = argparse.ArgumentParser(description=f"Runs the tests of {client.name} on Anywarp's driver.")
    parser.add_argument("--fast", action="store_true", help="a part that takes a minute")
    parser.add_argument("--folder", type=pathlib.Path, default=BUILD / "clients", help="where environments are kept (build/clients)")
    parser.add_argument("--fresh", action="store_true", help="install anew")
    parser.add_argument("--source", default=os.environ.get(f"ANYWARP_SOURCE_{client.name.upper().replace('-', '_')}"),
                        help=client.source or "a checkout of the client's repository, whose tests are run")
    parser.add_argument("-k", help="only tests whose name has this, in pytest's language")
    parser.add_argument("-n", dest="processes", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    parser.add_argument("--skipped", action="store_true", help="say why tests were skipped, too")
    options = parser.parse_args()
    if not (BUILD / "bin/anywarp").exists():
        sys.exit(f"{BUILD}/bin/anywarp is missing: build Anywarp first")
    if options.source:
        options.source = str(pathlib.Path(options.source).resolve())
    if client.source and not options.fast and not options.source:
        print(f"Most tests of {client.name} are in its repository only, and are left out: --source may name {client.source}.")
        options.fast = True
    folder = options.folder.resolve() / client.name
    if options.fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    packages = client.packages + ([] if options.fast else client.only_full) + ["pytest>=8,<9", "pytest-xdist", "pytest-timeout"]
    if options.fast and options.source:
        parser.error("--fast needs no --source")
    if options.fast and (folder / "installed.txt").exists():
        packages = (folder / "installed.txt").read_text().splitlines()  # of the whole suite, which is more
    python = install(client, folder, packages)
    print(f"{client.name}: {versions(python, client)}", flush=True)
    unknown = 0
    for variant in client.variants:
        tests = run(client, python, folder, client.fast if options.fast else client.tests, variant, options)
        unknown += report(client, variant, tests, options.skipped)
        sys.stdout.flush()
    sys.exit(1 if unknown else 0)
