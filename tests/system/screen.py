# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine without a CPU whose screen, keyboard and mouse the test works itself, through qtest."""
import json
import os
import socket
import struct
import time

import tap

LFB = 0xe0000000
DISPI = {"xres": 1, "yres": 2, "bpp": 3, "enable": 4}


class Lines:
    """A socket that the program listens on, by lines."""

    def __init__(self, path, process):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(tap.LIMIT)
        limit = time.monotonic() + tap.LIMIT
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if process.poll() is not None:
                    raise tap.Failure(f"it ended: {tap.finish(process)}") from None
                tap.check(time.monotonic() < limit, f"nobody listens at {path}")
                time.sleep(0.01)
        self.file = self.socket.makefile("rwb")

    def line(self):
        text = self.file.readline().decode()
        tap.check(text, "it closed the connection")
        return text

    def send(self, text):
        self.file.write(text.encode() + b"\n")
        self.file.flush()

    def close(self):
        self.file.close()
        self.socket.close()


class Machine:
    """Use it in a with statement; the display options come from the caller."""

    def __init__(self, *args, vga="std", **kwargs):
        self.process = tap.start("-accel", "qtest", "-nodefaults", "-vga", vga, "-qtest",
                                 "unix:qtest,server=on,wait=off", "-qmp",
                                 "unix:qmp,server=on,wait=off", *args, **kwargs)
        try:
            self.qtest = Lines("qtest", self.process)
            self.qmp = Lines("qmp", self.process)
        except BaseException:
            self.process.kill()
            self.process.communicate()
            raise
        self.events = []
        self.qmp.line()
        self.command("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.qtest.close()
        self.qmp.close()
        if self.process.poll() is None:
            self.process.terminate()
        status, _, err = tap.finish(self.process)
        for name in ("qtest", "qmp"):
            if os.path.exists(name):
                os.unlink(name)
        if not kind:
            tap.check(status == 0, f"it ended with {status}: {err}")

    # ------------------------------------------------------------------------------- the machine

    def line(self, text):
        self.qtest.send(text)
        reply = self.qtest.line().split()
        while reply[0] == "IRQ":
            reply = self.qtest.line().split()
        tap.check(reply[0] == "OK", f"{text}: {reply}")
        return reply[1] if len(reply) > 1 else None

    def outb(self, port, value):
        self.line(f"outb {port:#x} {value:#x}")

    def inb(self, port):
        return int(self.line(f"inb {port:#x}"), 16)

    def config(self, devfn, offset, value):
        self.line(f"outl 0xcf8 {0x80000000 | devfn << 8 | offset:#x}")
        self.line(f"outl 0xcfc {value:#x}")

    def dispi(self, name, value):
        self.line(f"outw 0x1ce {DISPI[name]:#x}")
        self.line(f"outw 0x1cf {value:#x}")

    def mode(self, width, height):
        """A frame buffer of 32 bits a pixel, black, at LFB."""
        self.config(2 << 3, 0x10, LFB)
        self.config(2 << 3, 0x04, 3)
        self.dispi("enable", 0)
        self.dispi("xres", width)
        self.dispi("yres", height)
        self.dispi("bpp", 32)
        self.dispi("enable", 0x41)
        self.outb(0x3c0, 0x20)  # the attribute controller lets the picture through
        self.width, self.height = width, height

    def text_mode(self):
        """80 x 25 characters at B8000, as the BIOS sets up mode 3."""
        self.config(2 << 3, 0x04, 3)
        self.outb(0x3c2, 0x67)
        for port, registers in (
                (0x3c4, (0x03, 0x00, 0x03, 0x00, 0x02)),
                (0x3ce, (0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff)),
                (0x3d4, (0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e,
                         0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3,
                         0xff))):
            for index, value in enumerate(registers):
                self.outb(port, index)
                self.outb(port + 1, value)
        self.inb(0x3da)
        for index, value in enumerate((0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c,
                                       0x3d, 0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00)):
            self.outb(0x3c0, index)
            self.outb(0x3c0, value)
        self.outb(0x3c0, 0x20)
        self.line("write 0xb8000 4000 0x" + "2007" * 2000)

    def put_text(self, x, y, text, attribute=7):
        data = b"".join(bytes((ch, attribute)) for ch in text.encode("cp437"))
        self.line(f"write {0xb8000 + (y * 80 + x) * 2:#x} {len(data)} 0x{data.hex()}")

    def cursor(self, x, y):
        for index, value in ((0x0e, (y * 80 + x) >> 8), (0x0f, (y * 80 + x) & 0xff)):
            self.outb(0x3d4, index)
            self.outb(0x3d5, value)

    def draw(self, x, y, rows):
        """Rows of (r, g, b) from a place on."""
        for row, line in enumerate(rows):
            data = b"".join(struct.pack("<I", r << 16 | g << 8 | b) for r, g, b in line)
            at = LFB + ((y + row) * self.width + x) * 4
            self.line(f"write {at:#x} {len(data)} 0x{data.hex()}")

    def keyboard(self):
        """Turn on keyboard and mouse, with translation to set 1; mouse movements are reported."""
        self.outb(0x64, 0x60)
        self.outb(0x60, 0x40)
        self.outb(0x64, 0xd4)
        self.outb(0x60, 0xf4)
        tap.check(self.scan() == ([], [0xfa]), "no acknowledgement")

    def scan(self):
        """What came from keyboard and mouse since the last call."""
        keys, mouse = [], []
        while True:
            status = self.inb(0x64)
            if not status & 1:
                return keys, mouse
            (mouse if status & 0x20 else keys).append(self.inb(0x60))

    def wait_scan(self, keys, mouse=()):
        """Wait until exactly these bytes have come."""
        got_keys, got_mouse = [], []
        limit = time.monotonic() + tap.LIMIT
        while len(got_keys) < len(keys) or len(got_mouse) < len(mouse):
            more_keys, more_mouse = self.scan()
            got_keys += more_keys
            got_mouse += more_mouse
            if time.monotonic() > limit:
                break
        tap.check(got_keys == list(keys) and got_mouse == list(mouse),
                  f"keys {[hex(k) for k in got_keys]}, not {[hex(k) for k in keys]}; "
                  f"mouse {got_mouse}, not {list(mouse)}")

    # ----------------------------------------------------------------------------------- QMP

    def message(self):
        return json.loads(self.qmp.line())

    def call(self, name, **arguments):
        self.qmp.send(json.dumps({"execute": name, "arguments": arguments}))
        return self.reply()

    def reply(self):
        while True:
            reply = self.message()
            if "event" not in reply:
                return reply
            self.events.append(reply)

    def command(self, name, **arguments):
        reply = self.call(name, **arguments)
        tap.check("return" in reply, f"{name}: {reply}")
        return reply["return"]

    def event(self):
        return self.events.pop(0) if self.events else self.message()

    def hmp(self, line):
        return self.command("human-monitor-command", **{"command-line": line}).replace("\r\n", "\n")

    def screendump(self):
        """The picture as rows of (r, g, b)."""
        self.command("screendump", filename="dump.ppm")
        with open("dump.ppm", "rb") as file:
            tap.check(file.readline() == b"P6\n", "PPM")
            width, height = map(int, file.readline().split())
            file.readline()
            data = file.read()
        tap.check(len(data) == width * height * 3, "size")
        return [[tuple(data[3 * i:3 * i + 3]) for i in range(y * width, (y + 1) * width)]
                for y in range(height)]
