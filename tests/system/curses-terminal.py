#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The screen in a terminal: its text and colours there, and the terminal's keys in the guest."""
import os
import socket
import termios
import time

import tap
from screen import Machine
from terminal import Terminal

# From the VGA's colours to the terminal's.
COLOURS = (0, 4, 2, 6, 1, 5, 3, 7)


class Session:
    """A machine whose display is a terminal."""

    def __init__(self, *args, rows=25, columns=80, **kwargs):
        self.terminal = Terminal(rows, columns)
        self.modes = termios.tcgetattr(self.terminal.slave)
        env = {**os.environ, "TERM": "linux", "LC_ALL": "C.UTF-8"}
        self.machine = Machine("-display", "curses", *args, stdin=self.terminal.slave,
                               stdout=self.terminal.slave, env=env, **kwargs)

    def __enter__(self):
        return self.machine, self.terminal

    def __exit__(self, *args):
        try:
            self.machine.__exit__(*args)
            if not args[0]:
                tap.check(termios.tcgetattr(self.terminal.slave) == self.modes,
                          "the terminal is not as it was")
        finally:
            self.terminal.close()


def text():
    with Session() as (machine, terminal):
        machine.text_mode()
        machine.put_text(3, 2, "Hello, \u2554\u2550\u2557 \u00fc", 0x1e)  # yellow on blue
        machine.put_text(0, 24, "red", 0x74)  # on grey
        machine.cursor(5, 7)
        wanted = machine.hmp("info screen").rstrip("\n")
        terminal.wait("the text", lambda: terminal.text().rstrip("\n") == wanted)
        tap.check("Hello, \u2554\u2550\u2557 \u00fc" in wanted, wanted)
        for x in range(3, 15):
            cell = terminal.cells[2][x]
            tap.check(cell[1:] == (COLOURS[6], COLOURS[1], True), f"{x}: {cell}")
        tap.check(terminal.cells[24][0] == ("r", COLOURS[4], COLOURS[7], False),
                  str(terminal.cells[24][0]))
        terminal.wait("the cursor", lambda: (terminal.x, terminal.y) == (5, 7))
        tap.check(terminal.visible, "the cursor is off")
        machine.put_text(3, 2, "Bye   ", 0x07)
        terminal.wait("a change", lambda: "Bye    \u2554" in terminal.text())
        machine.outb(0x3d4, 0x0a)
        machine.outb(0x3d5, 0x20)
        terminal.wait("no cursor", lambda: not terminal.visible)
        machine.mode(320, 200)
        terminal.wait("a graphics mode", lambda: "320 x 200 Graphic mode" in terminal.text())


def small():
    """A terminal that is smaller than the screen shows its upper left part; and it may grow."""
    with Session(rows=10, columns=40) as (machine, terminal):
        machine.text_mode()
        for y in range(25):
            machine.put_text(0, y, f"{y:02}".ljust(78, ".") + "E", 7)
        wanted = "\n".join(f"{y:02}".ljust(40, ".") for y in range(10))
        terminal.wait("the corner", lambda: terminal.text() == wanted)
        terminal.size(30, 100)
        wanted = "\n".join(f"{y:02}".ljust(78, ".") + "E" for y in range(25))
        terminal.wait("all of it", lambda: terminal.text().rstrip("\n") == wanted)


KEYS = (
    (b"a", [0x1e, 0x9e]),
    (b"A", [0x2a, 0x1e, 0x9e, 0xaa]),
    (b"%", [0x2a, 0x06, 0x86, 0xaa]),
    (b"\r", [0x1c, 0x9c]),
    (b"\t", [0x0f, 0x8f]),
    (b"\x7f", [0x0e, 0x8e]),
    (b"\x03", [0x1d, 0x2e, 0xae, 0x9d]),  # Ctrl-C, which ends nothing
    (b"\x1c", [0x1d, 0x2b, 0xab, 0x9d]),  # nor does Ctrl-backslash
    (b"\x1a", [0x1d, 0x2c, 0xac, 0x9d]),
    (b"\x1b[A", [0xe0, 0x48, 0xe0, 0xc8]),
    (b"\x1b[[A", [0x3b, 0xbb]),
    (b"\x1b[24~", [0x58, 0xd8]),
    (b"\x1bx", [0x38, 0x2d, 0xad, 0xb8]),  # Alt-x
    (b"\x1b", [0x01, 0x81]),
    (b"\x01\x01", [0x1d, 0x1e, 0x9e, 0x9d]),  # Ctrl-A twice is one for the guest
    (b"\x01q", []),
)


def keys():
    with Session() as (machine, terminal):
        machine.text_mode()
        machine.keyboard()
        for typed, codes in KEYS:
            terminal.type(typed)
            machine.wait_scan(codes)
        terminal.type(b"\x01h")
        terminal.wait("the help", lambda: "end the machine" in terminal.text())
        terminal.type(b"b")
        terminal.wait("no help", lambda: "end the machine" not in terminal.text())
        machine.wait_scan([0x30, 0xb0])
        terminal.type(b"\x01x")
        machine.process.wait(tap.LIMIT)


def layout():
    with Session("-k", "de") as (machine, terminal):
        machine.keyboard()
        for typed, codes in (("z", [0x15, 0x95]), ("/", [0x2a, 0x08, 0x88, 0xaa]),
                             ("@", [0xe0, 0x38, 0x10, 0x90, 0xe0, 0xb8]),
                             ("\u00e4", [0x28, 0xa8]), ("\u20ac", [0xe0, 0x38, 0x12, 0x92,
                                                                  0xe0, 0xb8])):
            terminal.type(typed.encode())
            machine.wait_scan(codes)


def no_screen():
    with Session(vga="none") as (machine, terminal):
        terminal.wait("a word", lambda: "The machine has no screen" in terminal.text())
        tap.check(machine.command("query-display-options") == {"type": "curses"}, "type")


def mistakes():
    status, _, err = tap.run("-accel", "qtest", "-display", "curses")
    tap.check(status == 1 and err == "lignite: -display curses: curses needs a terminal on standard"
              " input and output\n", err)
    status, _, err = tap.run("-accel", "qtest", "-curses", "-nographic")
    tap.check(status == 1 and "-nographic cannot be used with -display curses" in err, err)
    terminal = Terminal()
    process = tap.start("-accel", "qtest", "-curses", stdin=terminal.slave,
                        env={**os.environ, "TERM": "zz"})
    status, _, err = tap.finish(process)
    tap.check(status == 1 and "terminal" in err, err)
    terminal.close()


def forced_end():
    """A second signal ends a machine that waits for a slow peer: the terminal is as it was."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        server.listen()
        session = Session("-serial", "unix:s")
        peer, _ = server.accept()
        for _ in range(2000):  # more than a socket holds, as each byte is sent alone
            session.machine.outb(0x3f8, 0x41)
        process = session.machine.process
        for _ in range(1000):
            if process.poll() is not None:
                break
            process.terminate()
            time.sleep(0.01)
        status, _, err = tap.finish(process)
        tap.check(status == 1, f"it ended with {status}: {err}")
        tap.check(termios.tcgetattr(session.terminal.slave) == session.modes,
                  "the terminal is not as it was")
        session.terminal.close()
        peer.close()
    for name in ("s", "qtest", "qmp"):
        if os.path.exists(name):
            os.unlink(name)


tap.main([
    ("text and colours", text),
    ("a small terminal", small),
    ("keys", keys),
    ("a layout", layout),
    ("no screen", no_screen),
    ("mistakes", mistakes),
    ("a forced end", forced_end),
])
