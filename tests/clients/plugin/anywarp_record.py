"""A plugin of pytest that writes one JSON line for each test as soon as it has ended, so that a run which is cut short still
tells what it knows. ANYWARP_RECORD is the file."""
import json
import os

_seen = {}


def _reason(report):
    """The last line of an exception, or why a test was skipped."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    if getattr(report, "wasxfail", ""):
        return str(report.wasxfail)
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr or "")
    return text[:2000]


def _outcome(report):
    if hasattr(report, "wasxfail"):
        return "skipped" if report.skipped else "passed"
    return report.outcome


def pytest_runtest_logreport(report):
    # A test has up to three reports: its setup, itself, its teardown. The worst counts.
    state = _seen.setdefault(report.nodeid, {"test": report.nodeid, "outcome": "passed", "reason": "", "seconds": 0.0})
    state["seconds"] = round(state["seconds"] + getattr(report, "duration", 0.0), 3)
    outcome = _outcome(report)
    if outcome == "failed" or (outcome == "skipped" and state["outcome"] == "passed"):
        state["outcome"], state["reason"] = outcome, _reason(report)
    crashed = report.when not in ("setup", "call", "teardown")
    if report.when == "teardown" or crashed:
        _write(state)


def pytest_collectreport(report):
    if report.failed:
        _write({"test": report.nodeid, "outcome": "failed", "reason": "not collected: " + _reason(report), "seconds": 0.0})


def _write(state):
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return  # the process that started the workers hears of every report
    with open(os.environ["ANYWARP_RECORD"], "a", encoding="utf-8") as file:
        file.write(json.dumps(state) + "\n")
