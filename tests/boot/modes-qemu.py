#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The pictures of tests/boot/modes.S under QEMU, against those that are worked out in modes.py. Run by
hand where QEMU is installed; docs/vga.md explains what differs.

usage: modes-qemu.py QEMU BUILD QEMU-OPTIONS...
"""
import sys

import guest
import modes
from pictures import read_ppm


class Qemu(guest.Guest):
    def watched(self, args):
        return args

    def read_prompt(self):
        data = b""
        while not data.endswith(b"(qemu) "):
            data += self.socket.recv(65536)
        return data[:-7].decode(errors="replace").replace("\r\n", "\n")

    def screen(self):
        return ""


def show():
    same, total = 0, 0

    def see(line, fonts):
        nonlocal same, total
        path = qemu.path("picture")
        qemu.monitor(f"screendump {path}")
        count, first = modes.differences(read_ppm(path), modes.expected(line, fonts))
        print(f"mode {line.strip()}: " + (f"{count} pixels differ; {first}" if count else "the same"))
        same += not count
        total += 1

    with Qemu("-drive", f"format=raw,snapshot=on,file={modes.DISK}", "-boot", "c", "-vga", "cirrus",
              *sys.argv[3:]) as qemu:
        qemu.killed = True  # no profile is written
        modes.each_mode(qemu, see)
        qemu.process.terminate()
    print(f"{same} of {total} pictures are the same")


guest.run(show)
