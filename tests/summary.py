#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Count the test cases of one or more meson build folders' last runs.

The last line reads "N passed, N failed, N skipped". A program that ran no case counts as one.
"""
import sys
import xml.etree.ElementTree as ElementTree


def main(folders):
    passed = failed = skipped = 0
    for folder in folders:
        tree = ElementTree.parse(f"{folder}/meson-logs/testlog.junit.xml")
        for suite in tree.getroot().iter("testsuite"):
            for case in suite.iter("testcase"):
                if case.find("failure") is not None or case.find("error") is not None:
                    failed += 1
                    print(f"failed: {folder}: {suite.get('name')}: {case.get('name')}")
                elif case.find("skipped") is not None:
                    skipped += 1
                    print(f"skipped: {folder}: {suite.get('name')}: {case.get('name')}")
                else:
                    passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
