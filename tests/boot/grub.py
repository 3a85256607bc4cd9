#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB's rescue CD comes up to its menu; a key moves the highlight; a picture shows it.

usage: grub.py LIGNITE BUILD LIGNITE-OPTIONS...
"""
import os
import sys
import time

from guest import Failure, Guest, build_file, check, need_kvm, run
from pictures import read_png

GLYPH_HEIGHT = 16

CD = "/usr/lib/grub-rescue/grub-rescue-cdrom.iso"


def picture(guest, name):
    path = build_file("tests", "boot", ("x86emu-" if "x86emu" in sys.argv else "") + name)
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
    with Guest("-cdrom", CD, "-m", "256", "-boot", "d", *sys.argv[3:]) as guest:
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


if "x86emu" not in sys.argv:
    need_kvm()
run(test)
