# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB's rescue CD: where it is, how to come to its menu, and which entry is highlighted."""
import os
import sys

from guest import Failure, build_file
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


def boot_options():
    if not os.path.exists(CD):
        raise Failure(f"{CD} is missing: install grub-rescue-pc")
    return ["-cdrom", CD, "-m", "256", "-boot", "d"]


def wait_menu(guest, name):
    """Wait for the menu, with its count-down ended; the row of the entry that is highlighted."""
    guest.wait_screen("GNU GRUB", limit=600)
    guest.monitor("sendkey up")  # any key stops the count-down; this one moves nothing
    guest.wait_screen("highlighted", limit=600)
    return guest.wait("an entry to be highlighted", lambda: highlighted(guest, name), limit=600)
