# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts Lignite with a monitor on a socket, and watches a guest on its screen.

A test is a script that exits 0 (passed), 1 (failed) or 77 (skipped: there is no /dev/kvm). Its
arguments are the program and the build folder. Time limits only end a hung test.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

PROMPT = b"(lignite) "

# A KVM that emulates each instruction, under a sanitizer, beside other tests.
BOOT_LIMIT = 300


class Failure(Exception):
    pass


def audited(args):
    """The options, with the audit of queued writes on."""
    args = list(args)
    if "-accel" not in args:
        return [*args, "-accel", "kvm,coalesce-audit=on"]
    args[args.index("-accel") + 1] += ",coalesce-audit=on"
    return args


def check_profile(profile):
    """Each exit has one line of the profile, of the CPU and of all."""
    def total(lines, key="exits"):
        return sum(line[key] for line in lines)

    check(total(profile["lines"]) == profile["exits"],
          f"the profile has {total(profile['lines'])} exits, the accelerator {profile['exits']}")
    check(total(profile["lines"], "queued") == profile["queued"], "the queued writes differ")
    check(total(profile["cpus"]) == profile["exits"], "the CPUs' exits are not all")
    for cpu in profile["cpus"]:
        check(total(cpu["lines"]) == cpu["exits"],
              f"CPU {cpu['cpu-index']}: {total(cpu['lines'])} exits in the profile, "
              f"{cpu['exits']} by the accelerator")


class Guest:
    """A running Lignite; use it in a with statement."""

    def __init__(self, *args, stdin=subprocess.DEVNULL):
        self.folder = tempfile.mkdtemp(prefix="lignite-test-")
        self.monitor_path = self.path("monitor")
        self.serial_path = self.path("serial")
        self.errors_path = self.path("stderr")
        self.profile_path = self.path("profile")
        command = [program(), "-display", "none",
                   "-monitor", f"unix:{self.monitor_path},server=on,wait=off",
                   "-serial", f"file:{self.serial_path}", *self.watched(args)]
        with open(self.errors_path, "wb") as errors:
            self.process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE,
                                            stderr=errors)
        self.socket = None
        self.killed = False  # by the test itself: then there is no profile

    def watched(self, args):
        """The options, with those that have Lignite watch itself."""
        return ["-profile", f"io,file={self.profile_path},format=json", *audited(args)]

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None and not kind:
            self.quit()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        if self.socket:
            self.socket.close()
        findings = [line for line in self.errors().splitlines() if "coalesce-audit" in line]
        profile = None
        if kind:
            sys.stderr.write(self.errors())
            sys.stderr.write(self.serial())
        elif self.process.returncode >= 0 and os.path.exists(self.profile_path):
            with open(self.profile_path, encoding="utf-8") as file:
                profile = json.load(file)
        shutil.rmtree(self.folder)
        if not kind:
            check(not findings, "the audit found:\n" + "\n".join(findings))
            check(profile or self.killed, "no profile was written")
            if profile:
                check_profile(profile)

    def quit(self):
        """End it in an orderly way, so that it writes its profile."""
        if not self.socket:
            self.connect()
        self.socket.sendall(b"quit\n")
        try:
            self.process.wait(BOOT_LIMIT)
        except subprocess.TimeoutExpired:
            raise Failure("did not end after 'quit'") from None

    def path(self, name):
        return os.path.join(self.folder, name)

    def errors(self):
        with open(self.errors_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def serial(self):
        """What the guest wrote to its first serial port so far."""
        if not os.path.exists(self.serial_path):
            return ""
        with open(self.serial_path, encoding="latin-1") as file:
            return file.read()

    def connect(self):
        limit = time.monotonic() + 60
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(BOOT_LIMIT)
        while True:
            try:
                self.socket.connect(self.monitor_path)
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > limit:
                    raise Failure(f"no monitor: {self.errors()}") from None
                time.sleep(0.01)
        self.read_prompt()

    def read_prompt(self):
        data = b""
        while not data.endswith(PROMPT):
            piece = self.socket.recv(65536)
            if not piece:
                raise Failure(f"the monitor went away: {self.errors()}")
            data += piece
        return data[:-len(PROMPT)].decode(errors="replace").replace("\r\n", "\n")

    def monitor(self, command):
        """Run a monitor command and return its output."""
        if not self.socket:
            self.connect()
        self.socket.sendall(command.encode() + b"\n")
        output = self.read_prompt().split("\n", 1)[1]  # after the echo
        if output.startswith("Error: "):
            raise Failure(f"{command}: {output}")
        return output

    def screen(self):
        """The text on the screen; empty in a graphics mode."""
        try:
            return self.monitor("info screen")
        except Failure as failure:
            if "graphics mode" in str(failure):
                return ""
            raise

    def wait(self, what, look, limit=BOOT_LIMIT):
        """Call look() until it gives something true; returns that."""
        end = time.monotonic() + limit
        while True:
            found = look()
            if found:
                return found
            if self.process.poll() is not None:
                raise Failure(f"{what}: the process ended with {self.process.returncode}")
            if time.monotonic() > end:
                raise Failure(f"{what}: not within {limit} s; the screen:\n{self.screen()}")
            time.sleep(0.1)

    def wait_screen(self, pattern, limit=BOOT_LIMIT):
        """Wait until the screen matches; returns the whole screen."""
        return self.wait(f"screen /{pattern}/",
                         lambda: (text := self.screen()) and re.search(pattern, text) and text,
                         limit)

    def wait_serial(self, pattern, limit=BOOT_LIMIT):
        return self.wait(f"serial /{pattern}/", lambda: re.search(pattern, self.serial()), limit)

    def wait_end(self, status=0, limit=BOOT_LIMIT):
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Failure(f"did not end within {limit} s; the screen:\n{self.screen()}") from None
        check(code == status, f"ended with {code}, not {status}: {self.errors()}")


def program():
    return sys.argv[1]


def build_file(*names):
    return os.path.join(sys.argv[2], *names)


def check(truth, message):
    if not truth:
        raise Failure(message)


def need_kvm():
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("skipped: /dev/kvm is missing or not accessible")
        sys.exit(77)


def run(test):
    try:
        test()
    except Failure as failure:
        print(f"failed: {failure}", file=sys.stderr)
        sys.exit(1)
