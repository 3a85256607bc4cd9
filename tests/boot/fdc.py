#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest reads and writes a floppy disk by DMA and interrupts; the image holds what it wrote.

usage: fdc.py LIGNITE BUILD LIGNITE-OPTIONS...
"""
import os
import struct
import sys
import tempfile

from guest import Guest, build_file, check, need_kvm, run

SECTORS = 2880
WRITTEN = (79 * 2 + 1) * 18


def sector(number):
    return struct.pack("<H", number) * 256


def test():
    disk = [sector(number) for number in range(SECTORS)]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "floppy")
        with open(path, "wb") as file:
            file.write(b"".join(disk))
        with Guest("-nodefaults", "-bios", build_file("tests", "boot", "fdc.bin"),
                   "-drive", f"if=floppy,format=raw,file={path}",
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *sys.argv[3:]) as guest:
            guest.wait_end(1 << 1 | 1, limit=60)
        disk[WRITTEN] = sector(41)
        disk[WRITTEN + 1] = b"\xef\xbe" + sector(42)[2:]
        with open(path, "rb") as file:
            check(file.read() == b"".join(disk), "the image is not what was written")


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
