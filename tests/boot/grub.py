#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB's rescue CD comes up to its menu; a key moves the highlight; a picture shows it.

usage: grub.py LIGNITE BUILD LIGNITE-OPTIONS...
"""
import os
import sys

from guest import Failure, Guest, build_file, check, need_kvm, run
from pictures import read_png

CD = "/usr/lib/grub-rescue/grub-rescue-cdrom.iso"


def picture(guest, name):
    path = build_file("tests", "boot", ("x86emu-" if "x86emu" in sys.argv else "") + name)
    guest.monitor(f"screendump -f png {path}")
    return read_png(path)


def test():
    if not os.path.exists(CD):
        raise Failure(f"{CD} is missing: install grub-rescue-pc")
    with Guest("-cdrom", CD, "-m", "256", "-boot", "d", *sys.argv[3:]) as guest:
        before = guest.wait_screen(r"highlighted", limit=600)
        check("GNU GRUB" in before, f"no menu:\n{before}")
        first = picture(guest, "grub-menu.png")
        guest.monitor("sendkey down")
        guest.wait("the highlight to move",
                   lambda: picture(guest, "grub-menu-down.png") != first, limit=600)
        check(picture(guest, "grub-menu-down.png")[:2] == first[:2], "the mode changed")
        guest.monitor("quit")
        guest.wait_end()


if "x86emu" not in sys.argv:
    need_kvm()
run(test)
