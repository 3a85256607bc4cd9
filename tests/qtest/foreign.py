#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs test programs that were written for QEMU against Lignite, and prints a table.

    tests/qtest/foreign.py FOLDER [PROGRAM...] [--lignite build/lignite-system-x86_64]

FOLDER holds programs that were built elsewhere from QEMU's sources (its build's tests/qtest). A program
that hangs is ended after a while. Below the table stands what each failed case said at last.
A name that ends in -i386 for Lignite runs the cases of that architecture.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile

LIMIT = 300
RESULT = re.compile(r"^(not )?ok \d+ (\S+)(.*)", re.MULTILINE)
NOISE = re.compile(r"^(# |TAP version|1\.\.|\s*$|\*\*$|.*(SIGTERM|terminating on signal)|Broken pipe$)")


def run(command, environment):
    """(status, standard output, standard error); the status is None if it did not end."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "tests"))  # some make their disks there
        process = subprocess.Popen(command, cwd=folder, env=environment, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, errors="replace", start_new_session=True)
        try:
            out, err = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with the machines that it started
            out, err = process.communicate()
            return None, out, err
        return process.returncode, out, err


def last_words(status, out, err):
    """What to tell of a failure: the assertion, else the last line that says anything."""
    lines = [line.strip() for line in (out + "\n" + err).splitlines() if not NOISE.match(line)]
    told = [line for line in lines if "ERROR" in line or "ssertion" in line]
    # Lignite's own message comes first, and says more than what the client made of it.
    told += [line for line in lines if line.startswith("lignite")]
    if status is None:
        return f"did not end within {LIMIT} s"
    return " / ".join(dict.fromkeys(told or lines[-1:])) or f"status {status}"


def run_program(program, environment):
    """[(case, verdict, reason)]. Cases may build on one another, so all run in one process; one that
    ends it is left out of the next."""
    status, out, err = run([program, "-l"], environment)
    cases = [line for line in out.splitlines() if line.startswith("/")]
    if status != 0 or not cases:
        return [("list of cases", "failed", last_words(status, out, err))]
    failed, results = {}, {}
    while len(failed) < len(cases):
        leave_out = [word for case in failed for word in ("-s", case)]
        status, out, err = run([program, "--tap", "-k", *leave_out], environment)
        results = {}
        for negated, case, rest in RESULT.findall(out):
            results[case] = ("failed" if negated else "skipped" if "# SKIP" in rest else "passed",
                             rest.partition("# SKIP")[2].strip())
        culprit = next((case for case in cases if case not in failed and
                        results.get(case, ("failed",))[0] == "failed"), None)
        if status == 0 or culprit is None:
            break
        failed[culprit] = last_words(status, out, err)
    results.update((case, ("failed", reason)) for case, reason in failed.items())
    return [(case, *results.get(case, ("failed", "did not run"))) for case in cases]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("programs", nargs="*", help="all that end in -test, or begin with test-")
    parser.add_argument("--lignite", default="build/lignite-system-x86_64")
    arguments = parser.parse_args()
    programs = arguments.programs or sorted(
        name for name in os.listdir(arguments.folder)
        if re.fullmatch(r"[\w-]+-test|test-[\w-]+", name)
        and os.access(os.path.join(arguments.folder, name), os.X_OK))
    environment = dict(os.environ, QTEST_QEMU_BINARY=os.path.abspath(arguments.lignite))
    failures = []
    print("| program | passed | failed | skipped |\n|---|---|---|---|")
    for name in programs:
        results = run_program(os.path.abspath(os.path.join(arguments.folder, name)), environment)
        counts = [sum(verdict == kind for _, verdict, _ in results)
                  for kind in ("passed", "failed", "skipped")]
        print(f"| {name} | {counts[0]} | {counts[1]} | {counts[2]} |", flush=True)
        failures += [(name, *result) for result in results if result[1] != "passed"]
    for name, case, verdict, reason in failures:
        print(f"\n{verdict}: {name} {case}\n    {reason}")
    return any(verdict == "failed" for _, _, verdict, _ in failures)


if __name__ == "__main__":
    sys.exit(main())
