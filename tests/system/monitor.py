# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives the program through its monitor."""
import os
import select
import subprocess

import tap

BASE = ["-accel", "x86emu", "-nodefaults", "-display", "none"]
PROMPT = "(lignite) "


class Monitor:
    """A paused machine with its monitor on standard input and output."""

    def __init__(self, *args, base=BASE):
        self.process = subprocess.Popen(
            [tap.program(), *base, "-S", "-monitor", "stdio", *args], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.greeting = self.read_prompt()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def read_prompt(self):
        data = b""
        while not data.endswith(PROMPT.encode()):
            readable, _, _ = select.select([self.process.stdout], [], [], tap.LIMIT)
            tap.check(readable, f"no prompt: {data!r}")
            byte = os.read(self.process.stdout.fileno(), 1)
            if not byte:
                raise tap.Failure(f"it ended: {data!r} {self.process.stderr.read()!r}")
            data += byte
        return data.decode().replace("\r\n", "\n")[:-len(PROMPT)]

    def send(self, command):
        os.write(self.process.stdin.fileno(), command.encode() + b"\n")

    def run(self, command):
        self.send(command)
        return self.read_prompt().split("\n", 1)[1]

    def wait(self):
        try:
            return self.process.wait(tap.LIMIT)
        except subprocess.TimeoutExpired:
            raise tap.Failure("it does not end") from None
