#!/usr/bin/env python3
"""Rules on the text of files: their size, and no path of one person's machine."""
import re

WARN_LINES, MOST_LINES = 800, 1500
SOURCE = (".h", ".cpp", ".cu", ".cuh", ".py", ".c", ".hpp", ".inc", ".sh", ".cmake")
GENERATED_PATH = re.compile(r"generated|/corpus/")
GENERATED_HEAD = re.compile(r"\bgenerated\b|Written by gen/", re.I)  # in the first lines of a file
# Home folders and the like, and anything at the root that is no folder of the Filesystem Hierarchy Standard.
MACHINE_PATH = re.compile(r"""(?<![\w.$}~*/>)-])/(?:home|root|mnt|srv|Users|w[o]rk|f[a]rm|workspace|data)/[\w.]""")
TEMPORARY = re.compile(r"""(?<![\w.$}~*/])/tmp/(?!.*XXXXXX)[\w.]""")


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return None


def sizes(files):
    """Yields (path, line, message, is_error)."""
    for path in files:
        if not path.endswith(SOURCE) or GENERATED_PATH.search(path):
            continue
        text = read(path)
        if text and GENERATED_HEAD.search(text[:400]):
            continue
        lines = text.count("\n") if text else 0
        if lines > MOST_LINES:
            yield path, lines, f"{lines} lines; nothing hand-written is longer than {MOST_LINES}", True
        elif lines > WARN_LINES:
            yield path, lines, f"{lines} lines; look again above {WARN_LINES}: is it one thing?", False


def machine_paths(files):
    """Yields (path, line, message)."""
    for path in files:
        text = read(path)
        if text is None:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if MACHINE_PATH.search(line) or TEMPORARY.search(line):
                yield path, number, f"a path of one machine: {line.strip()[:100]}"
