# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs functions as test cases in the TAP protocol, and the program under test.

The script's argument is the program. Time limits only end a hung test.
"""
import os
import subprocess
import sys
import tempfile
import traceback

LIMIT = 120


class Failure(Exception):
    pass


class Skip(Exception):
    """The host does not let us: says what is missing."""


def check(truth, message):
    if not truth:
        raise Failure(message)


def program():
    return sys.argv[1]


def start(*args, **kwargs):
    """A running Lignite with pipes; text mode."""
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    kwargs.setdefault("stdout", subprocess.PIPE)
    return subprocess.Popen([program(), *args], stderr=subprocess.PIPE, text=True,
                            errors="replace", **kwargs)


def finish(process, limit=LIMIT):
    """Wait for the end: (status, stdout, stderr)."""
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise Failure(f"did not end within {limit} s; stdout {out!r}, stderr {err!r}") from None
    return process.returncode, out, err


def run(*args, **kwargs):
    return finish(start(*args, **kwargs))


def main(cases):
    """Run [(name, function)], each in a fresh folder that is the current one."""
    failures = 0
    sys.argv[1] = os.path.abspath(sys.argv[1])
    print(f"1..{len(cases)}")
    for number, (name, function) in enumerate(cases, 1):
        with tempfile.TemporaryDirectory(prefix="lignite-test-") as folder:
            os.chdir(folder)
            try:
                function()
                print(f"ok {number} - {name}", flush=True)
            except Skip as reason:
                print(f"ok {number} - {name} # SKIP {reason}", flush=True)
            except Exception as error:  # whatever it is, the next case runs
                failures += 1
                print(f"not ok {number} - {name}", flush=True)
                text = str(error) if isinstance(error, Failure) else traceback.format_exc()
                for line in text.splitlines():
                    print(f"# {line}", flush=True)
            finally:
                os.chdir("/")
    sys.exit(1 if failures else 0)
