#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a display costs the host: CPU time of a machine whose guest does nothing, in percent of a
core, at 1024 x 768 x 32; and the time of a VNC update of all of it, in each encoding.

usage: display.py LIGNITE
"""
import glob
import os
import random
import sys
import tempfile
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

# pylint: disable=wrong-import-position
import rfb
from rfb import Viewer
from screen import Machine

SECONDS = 4
WIDTH, HEIGHT = 1024, 768


def cpu_ns(machine):
    """Of all its threads."""
    total = 0
    for path in glob.glob(f"/proc/{machine.process.pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def idle(machine):
    """Percent of a core."""
    before = cpu_ns(machine)
    time.sleep(SECONDS)
    return (cpu_ns(machine) - before) / SECONDS / 1e7


def text():
    """Two colours, as a screen full of letters."""
    rng = random.Random(1)
    glyphs = [[bytes.fromhex("aaaaaa00" if rng.random() < 0.3 else "00000000")
               for _ in range(8 * 16)] for _ in range(64)]
    rows = []
    for y in range(HEIGHT // 16):
        line = [rng.choice(glyphs) for _ in range(WIDTH // 8)]
        rows += [b"".join(b"".join(glyph[8 * i:8 * i + 8]) for glyph in line) for i in range(16)]
    return b"".join(rows)


def gradient():
    return b"".join(bytes((x & 255, y & 255, (x + y) >> 3 & 255, 0)) for y in range(HEIGHT)
                    for x in range(WIDTH))


def fill(machine, data):
    for at in range(0, len(data), 1 << 16):
        piece = data[at:at + (1 << 16)]
        machine.line(f"write {0xe0000000 + at:#x} {len(piece)} 0x{piece.hex()}")


def skim(viewer):
    """Read an update without looking at it: bytes, and CPU time of the server until it was there."""
    size = 0
    viewer.socket.settimeout(0.3)
    try:
        while True:
            size += len(viewer.socket.recv(1 << 20))
    except TimeoutError:
        return size


def main():
    with tempfile.TemporaryDirectory() as folder:
        sys.argv[1] = os.path.abspath(sys.argv[1])
        os.chdir(folder)
        with Machine("-display", "none") as machine:
            machine.mode(WIDTH, HEIGHT)
            print(f"idle, no display            {idle(machine):7.3f} %")
        with Machine("-display", "none", "-vnc", "unix:vnc") as machine:
            machine.mode(WIDTH, HEIGHT)
            print(f"idle, VNC, no viewer        {idle(machine):7.3f} %")
            viewer = Viewer("vnc")
            viewer.request()
            skim(viewer)
            viewer.request(incremental=True)
            time.sleep(2)
            print(f"idle, VNC, a viewer         {idle(machine):7.3f} %")
            viewer.close()
            for name, data in (("text", text()), ("gradient", gradient())):
                fill(machine, data)
                for encoding, label in ((rfb.RAW, "raw"), (rfb.TIGHT, "tight"), (rfb.ZRLE, "zrle")):
                    with Viewer("vnc") as viewer:
                        viewer.set_encodings(encoding)
                        viewer.request()
                        skim(viewer)
                        before = cpu_ns(machine)
                        viewer.request()
                        size = skim(viewer)
                        print(f"all of it, {name:9}{label:6}  {(cpu_ns(machine) - before) / 1e6:7.2f} ms"
                              f"  {size / 1024:7.0f} KiB")


main()
