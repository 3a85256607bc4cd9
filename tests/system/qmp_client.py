# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine with QMP, and a client of it."""
import json
import socket
import subprocess
import time

import tap

BASE = ["-accel", "x86emu", "-display", "none", "-nodefaults"]


class Client:
    """One connection. Events that come between replies wait in `events`."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(tap.LIMIT)
        deadline = time.monotonic() + tap.LIMIT
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        self.buffer = b""
        self.events = []
        self.greeting = self.read()

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def read(self):
        while b"\r\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise tap.Failure(f"it closed the connection: {self.buffer!r}")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return json.loads(line)

    def reply(self):
        while True:
            message = self.read()
            if "event" not in message:
                return message
            self.events.append(message)

    def call(self, command, arguments=None):
        request = {"execute": command}
        if arguments is not None:
            request["arguments"] = arguments
        self.send(json.dumps(request) + "\n")
        return self.reply()

    def good(self, command, arguments=None):
        reply = self.call(command, arguments)
        tap.check("return" in reply, f"{command} {arguments}: {reply}")
        return reply["return"]

    def bad(self, command, arguments=None, part="", cls="GenericError"):
        reply = self.call(command, arguments)
        tap.check("error" in reply, f"{command} {arguments}: {reply}")
        tap.check(part in reply["error"]["desc"] and reply["error"]["class"] == cls,
                  f"{command} {arguments}: {reply}")

    def negotiate(self, *capabilities):
        self.good("qmp_capabilities", {"enable": list(capabilities)} if capabilities else None)
        return self

    def event(self):
        message = self.events.pop(0) if self.events else self.read()
        tap.check("event" in message, f"no event: {message}")
        tap.check(set(message["timestamp"]) == {"seconds", "microseconds"}, str(message))
        return message

    def expect_event(self, name, **data):
        message = self.event()
        tap.check(message["event"] == name, f"{name} expected: {message}")
        for key, value in data.items():
            tap.check(message["data"][key] == value, str(message))
        return message

    def hmp(self, line):
        return self.good("human-monitor-command", {"command-line": line})


class Machine:
    """A running Lignite with QMP on the socket "q", and a client that has negotiated."""

    def __init__(self, *args, paused=True, base=BASE):
        self.process = subprocess.Popen(
            [tap.program(), *base, *(["-S"] if paused else []), "-qmp",
             "unix:q,server=on,wait=off", *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            self.client = Client("q").negotiate()
        except Exception:
            self.process.kill()
            raise

    def __enter__(self):
        return self.client

    def __exit__(self, kind, *args):
        if kind:
            self.process.kill()
            _, err = self.process.communicate()
            print(f"# stderr: {err!r}")
            return
        if self.process.poll() is None:
            self.client.send("{'execute':'quit'}")
        self.wait()

    def wait(self):
        _, err = self.process.communicate(timeout=tap.LIMIT)
        tap.check(self.process.returncode == 0, f"{self.process.returncode}: {err!r}")
        tap.check(err == b"", f"stderr {err!r}")
