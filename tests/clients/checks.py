"""A client of the driver that comes from Debian, runs unmodified, and has no test suite of its own: a script of this folder gives it work
and checks what it makes of that. This file counts, and ends a script with the line `N passed, N failed, N skipped`.

    python3 tests/clients/ffmpeg.py            everything; as root it installs Debian's package where that is missing
    python3 tests/clients/ffmpeg.py --fast     a part that takes a minute; without the package it is skipped
    python3 tests/clients/ffmpeg.py -k yadif   the checks whose name has it
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ANYWARP_BUILD", ROOT / "build")).resolve()
LIBRARIES = BUILD / "toolkit/lib64"
SKIPPED = 77


class Checks:
    """Counts checks. `folder` is a temporary one; `environment` makes a child process find our driver."""

    def __init__(self, name, description=""):
        parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--fast", action="store_true", help="a part that takes a minute")
        parser.add_argument("-k", help="only checks whose name has this")
        parser.add_argument("--verbose", action="store_true", help="print what passes as well")
        parser.add_argument("--processes", type=int, default=1, help="checks that run side by side, where the client allows it")
        self.options = parser.parse_args()
        self.name = name
        self.fast = self.options.fast
        self.passed, self.failed, self.skipped = [], [], []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"anywarp-{name}-"))
        self.environment = dict(os.environ, LD_LIBRARY_PATH=str(LIBRARIES), TMPDIR=str(self.folder))
        self.begun = time.monotonic()

    # --- where the client comes from ---

    def need_debian(self, command, *packages):
        """Ends the script unless `command` is there."""
        if not shutil.which(command) and not self.fast and os.geteuid() == 0:
            environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
            subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *packages], env=environment, stdout=sys.stderr, check=False)
        if not shutil.which(command):
            print(f"Skipped: {command} is not installed; it comes with Debian's {' '.join(packages)}")
            shutil.rmtree(self.folder, ignore_errors=True)
            sys.exit(SKIPPED)

    # --- checks ---

    def wanted(self, name):
        return not self.options.k or self.options.k in name

    def run(self, *words, timeout=600, **options):
        """Runs a command of the client in `folder`. Returns it, with its output as text; status -1 where it took too long."""
        environment = dict(self.environment, **options.pop("environment", {}))
        words = [str(word) for word in words]
        options = dict(dict(cwd=self.folder, text=True, errors="replace"), **options)
        try:
            return subprocess.run(words, env=environment, capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL, **options)
        except subprocess.TimeoutExpired as late:
            text = [part.decode(errors="replace") if isinstance(part, bytes) else part or "" for part in (late.stdout, late.stderr)]
            return subprocess.CompletedProcess(words, -1, text[0], text[1] + f"\nnot finished after {timeout} s")

    def check(self, name, test, *arguments):
        """Calls test(*arguments): None is right, else what it returns says what is wrong."""
        if not self.wanted(name):
            return
        begun = time.monotonic()
        wrong = test(*arguments)
        self.record(name, wrong, time.monotonic() - begun)

    def record(self, name, wrong=None, seconds=None):
        (self.failed if wrong else self.passed).append(name)
        if wrong or self.options.verbose:
            spent = f" ({seconds:.1f} s)" if seconds is not None else ""
            print(f"{'FAILED' if wrong else 'passed'} {name}{spent}" + (f": {wrong}" if wrong else ""), flush=True)

    def skip(self, name, why):
        if self.wanted(name):
            self.skipped.append(name)
            print(f"skipped {name}: {why}", flush=True)

    def end(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        print(f"{self.name} took {time.monotonic() - self.begun:.0f} s")
        print(f"{len(self.passed)} passed, {len(self.failed)} failed, {len(self.skipped)} skipped")
        sys.exit(1 if self.failed else 0)
