"""bench/history: a JSON file by commit, with the ratios that were measured at it."""
import datetime
import json
import pathlib
import platform
import subprocess

HISTORY = pathlib.Path(__file__).resolve().parent / "history"
NOISE = 1.1  # what is slower by more than this counts


def git(*arguments):
    done = subprocess.run(["git", "-C", str(HISTORY.parent), *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def processor():
    name = platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        lines = [line.split(":", 1)[1].strip() for line in file if line.startswith(("model name", "cpu family", "model\t"))]
    if len(lines) >= 3:
        count = lines[2::3].count(lines[2])
        name = f"{lines[2]}, family {lines[0]} model {lines[1]}, {count} processors"
    return name


def describe():
    """Where and when a run took place."""
    return {
        "commit": git("rev-parse", "--short=7", "HEAD") or "unknown",
        "changed": bool(git("status", "--porcelain", "--untracked-files=no", "--", "../src", "../devicelib", "../bench")),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "processor": processor(),
    }


def record(run):
    """Writes the run's file; one of the same commit is replaced."""
    HISTORY.mkdir(exist_ok=True)
    path = HISTORY / f"{run['commit']}.json"
    kept = {key: run[key] for key in ("commit", "changed", "date", "processor", "geometric_mean")}
    kept["ratios"] = {name: round(result["ratio"], 3) for name, result in run["kernels"].items()}
    kept["launch"] = {name: figure["value"] for name, figure in run["launch"].items()}
    kept["calls"] = {name: figure["value"] for name, figure in run["calls"].items()}
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return path


def last(run):
    """The newest record of this processor, or None."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in HISTORY.glob("*.json")]
    return max((old for old in found if old["processor"] == run["processor"]), key=lambda old: old["date"], default=None)


def losses(run, old):
    """(name, then, now) of whatever takes more than NOISE times as long, against native code, as in the record `old`."""
    now = {name: result["ratio"] for name, result in run["kernels"].items()}
    now.update({name: figure["value"] for name, figure in run["launch"].items()})
    now.update({name: figure["value"] for name, figure in run["calls"].items()})
    then = {**old["ratios"], **old["launch"], **old.get("calls", {})}
    return [(name, then[name], now[name]) for name in now if name in then and now[name] > NOISE * then[name]]
