"""Every client's whole suite, one after the other, and at the end how each of them ended."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ENDED = {0: "as expected", 77: "skipped"}
ends = {}
for name in sys.argv[1:]:
    ends[name] = subprocess.run([sys.executable, HERE / f"{name}.py"], check=False).returncode
for name, code in ends.items():
    print(f"{name}: {ENDED.get(code, 'FAILED')}")
sys.exit(any(code not in ENDED for code in ends.values()))
