#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Screendumps of pictures that a boot sector draws equal what it must have drawn, pixel by pixel.

usage: picture.py LIGNITE BUILD LIGNITE-OPTIONS...
"""
import sys

from guest import Guest, build_file, check, need_kvm, run
from pictures import dump

SECTOR = build_file("tests", "boot", "picture.img")
LINE = 9


def colour(n):
    """Of the DAC, with its six bits spread over eight as in QEMU."""
    return bytes(level << 2 | (level & 1) * 3
                 for level in (n & 63, 3 * n & 63, 63 - (n >> 2)))


COLOURS = [colour(n) for n in range(256)]


def mode_13h():
    """Lines and columns are doubled, as the VGA shows them."""
    rows = []
    for y in range(200):
        row = b"".join(COLOURS[(x + y ^ x >> 2) & 255] for x in range(320))
        rows.append(row)
    return rows


def mode_12h():
    return [b"".join(COLOURS[LINE if x == y else (x >> 3 ^ y >> 2) & 15] for x in range(640))
            for y in range(480)]


def halve(picture):
    """A picture whose pixels are 2 x 2; checks that they are."""
    width, height, rows = picture
    result = []
    for y in range(0, height, 2):
        check(rows[y] == rows[y + 1], f"lines {y} and {y + 1} differ")
        row = rows[y]
        pixels = [row[i:i + 3] for i in range(0, 3 * width, 3)]
        check(pixels[0::2] == pixels[1::2], f"line {y} is not of double columns")
        result.append(b"".join(pixels[0::2]))
    return width // 2, height // 2, result


def compare(rows, expected, name):
    for y, (line, want) in enumerate(zip(rows, expected)):
        if line != want:
            x = next(i for i in range(len(want)) if line[i] != want[i]) // 3
            check(False, f"{name}: at {x},{y} is {line[3 * x:3 * x + 3].hex()}, "
                         f"not {want[3 * x:3 * x + 3].hex()}")


def test():
    with Guest("-drive", f"format=raw,snapshot=on,file={SECTOR}", "-boot", "c", *sys.argv[3:]) as guest:
        guest.wait_serial("1")
        picture = dump(guest, guest.path("13h"))
        if picture[0] == 640:
            picture = halve(picture)
        check(picture[:2] == (320, 200), f"mode 13h has {picture[:2]}")
        compare(picture[2], mode_13h(), "mode 13h")

        guest.monitor("sendkey spc")
        guest.wait_serial("2")
        picture = dump(guest, guest.path("12h"))
        check(picture[:2] == (640, 480), f"mode 12h has {picture[:2]}")
        compare(picture[2], mode_12h(), "mode 12h")
        guest.monitor("quit")
        guest.wait_end()


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
