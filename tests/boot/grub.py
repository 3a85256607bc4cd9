#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB's rescue CD comes up to its menu; a key moves the highlight; a picture shows it.

usage: grub.py LIGNITE BUILD
"""
import os
import struct
import time
import zlib

from guest import Failure, Guest, build_file, check, need_kvm, run

GLYPH_HEIGHT = 16

CD = "/usr/lib/grub-rescue/grub-rescue-cdrom.iso"


def read_png(path):
    """Width, height and the rows of an 8-bit RGB picture, by the PNG specification."""
    with open(path, "rb") as file:
        data = file.read()
    check(data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG")
    at, body, size = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        piece = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            size = struct.unpack(">IIBB", piece[:10])
        elif kind == b"IDAT":
            body += piece
        at += 12 + length
    check(size[2:] == (8, 2), f"not 8-bit RGB: {size}")
    width, height = size[:2]
    raw = zlib.decompress(body)
    stride = 3 * width
    rows, previous = [], bytes(stride)
    for y in range(height):
        kind = raw[y * (stride + 1)]
        line = bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            a = line[i - 3] if i >= 3 else 0
            b = previous[i]
            c = previous[i - 3] if i >= 3 else 0
            if kind == 1:
                line[i] = (line[i] + a) & 255
            elif kind == 2:
                line[i] = (line[i] + b) & 255
            elif kind == 3:
                line[i] = (line[i] + (a + b) // 2) & 255
            elif kind == 4:
                p = a + b - c
                best = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))
                line[i] = (line[i] + best[2]) & 255
        rows.append(bytes(line))
        previous = line
    return width, height, rows


def picture(guest, name):
    path = build_file("tests", "boot", name)
    guest.monitor(f"screendump -f png {path}")
    return read_png(path)


def highlighted(guest, name):
    """The text row of the menu entry that is shown inverted, or None."""
    width, height, rows = picture(guest, name)
    margin = width // 20
    for row in range(height // GLYPH_HEIGHT):
        line = rows[row * GLYPH_HEIGHT][3 * margin:-3 * margin]  # above the letters
        bright = sum(value > 96 for value in line)
        if bright > 0.9 * len(line) and "\u2500" not in guest.screen().split("\n")[row]:
            return row
    return None


def test():
    if not os.path.exists(CD):
        raise Failure(f"{CD} is missing: install grub-rescue-pc")
    with Guest("-cdrom", CD, "-m", "256", "-boot", "d") as guest:
        guest.wait_screen("GNU GRUB", limit=600)
        guest.monitor("sendkey up")  # any key stops the count-down; this one moves nothing
        guest.wait_screen("highlighted", limit=600)
        row = guest.wait("an entry to be highlighted", lambda: highlighted(guest, "grub-menu.png"),
                         limit=600)
        entry = guest.screen().split("\n")[row].strip("\u2502 *")
        check(entry, f"no entry in row {row}:\n{guest.screen()}")

        def moves_down():
            # A key that comes while GRUB still draws is lost on a slow KVM: press it again.
            guest.monitor("sendkey down")
            time.sleep(2)
            return (highlighted(guest, "grub-menu-down.png") or 0) > row

        guest.wait("the highlight to move down", moves_down)
        guest.monitor("quit")
        guest.wait_end()


need_kvm()
run(test)
