#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB's rescue CD comes up to its menu; a key moves the highlight; a picture shows it.

usage: grub.py LIGNITE BUILD
"""
import os
import struct
import zlib

from guest import Failure, Guest, build_file, check, need_kvm, run

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


def test():
    if not os.path.exists(CD):
        raise Failure(f"{CD} is missing: install grub-rescue-pc")
    with Guest("-cdrom", CD, "-m", "256", "-boot", "d") as guest:
        before = guest.wait_screen(r"highlighted", limit=600)
        check("GNU GRUB" in before, f"no menu:\n{before}")
        first = picture(guest, "grub-menu.png")
        guest.monitor("sendkey down")
        guest.wait("the highlight to move",
                   lambda: picture(guest, "grub-menu-down.png") != first, limit=600)
        check(picture(guest, "grub-menu-down.png")[:2] == first[:2], "the mode changed")
        guest.monitor("quit")
        guest.wait_end()


need_kvm()
run(test)
