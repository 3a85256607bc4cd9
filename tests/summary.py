#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Count the test cases of one or more meson build folders' last runs.

The last line reads "N passed, N failed, N skipped". A program that speaks TAP counts by its cases,
and once more as failed if it ended badly without a failed case; any other counts as one.
"""
import json
import re
import sys

CASE = re.compile(r"^(not )?ok \d+(.*)", re.MULTILINE)


def count(test):
    """(passed, failed, skipped) of one program."""
    cases = CASE.findall(test.get("stdout") or "")
    skipped = sum("# skip" in rest.lower() for negated, rest in cases if not negated)
    failed = sum(bool(negated) for negated, rest in cases)
    passed = len(cases) - failed - skipped
    if test["result"] == "SKIP" and not cases:
        skipped = 1
    elif test["result"] == "OK" and not cases:
        passed = 1
    elif test["result"] not in ("OK", "SKIP") and not failed:
        failed = 1
    return passed, failed, skipped


def main(folders):
    totals = [0, 0, 0]
    for folder in folders:
        with open(f"{folder}/meson-logs/testlog.json", encoding="utf-8") as file:
            for test in map(json.loads, file):
                counts = count(test)
                totals = [a + b for a, b in zip(totals, counts)]
                for kind, n in zip(("failed", "skipped"), counts[1:]):
                    if n:
                        print(f"{kind}: {folder}: {test['name']}: {n}")
    passed, failed, skipped = totals
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
