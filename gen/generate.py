#!/usr/bin/env python3
"""Writes every committed file that follows from the tables in api/.

    gen/generate.py           writes them
    gen/generate.py --check   exits with 1, and says which, if one is not what it would write
"""

import sys

import api
import runtime_api


def coverage_page():
    return api.coverage_page() + runtime_api.coverage_part()


FILES = {**api.HEADERS, **runtime_api.HEADERS, 'docs/coverage.md': coverage_page}


def main(arguments):
    if arguments not in ([], ['--check']):
        print(__doc__, file=sys.stderr)
        return 2
    stale = 0
    for path, make in FILES.items():
        file, text = api.ROOT / path, make()
        if file.exists() and file.read_text() == text:
            continue
        if arguments:
            print(f'{path} is not what the generator writes; run `gen/generate.py`', file=sys.stderr)
            stale = 1
        else:
            api.write(file, text)
            print(path)
    return stale


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
