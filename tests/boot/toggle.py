#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The switches of coalescing: shown by -device X,help, set by -device and -global, in info qtree.

usage: toggle.py LIGNITE BUILD
"""
import re
import subprocess

from guest import Guest, check, program, run

# Class, and which of the two it has.
CLASSES = {
    "e1000": ("mmio", "pio"),
    "cirrus-vga": ("mmio", "pio"),
    "mc146818rtc": ("pio",),
    "isa-pit": (),
}


def help_of(name):
    return subprocess.run([program(), "-device", name + ",help"], stdout=subprocess.PIPE,
                          check=True, timeout=60).stdout.decode()


def values(guest, name, switch):
    """Of each device of the class, in the order of the tree."""
    tree = guest.monitor("info qtree")
    blocks = re.split(r"^ *dev: ", tree, flags=re.M)[1:]
    return [re.search(rf"^ *coalesced-{switch} = (\w+)$", block, re.M)[1]
            for block in blocks if block.startswith(name + ",")]


def test():
    for name, switches in CLASSES.items():
        text = help_of(name)
        for switch in "mmio", "pio":
            line = re.search(rf"coalesced-{switch}=<bool>.*\(default: on\)", text)
            check(bool(line) == (switch in switches), f"coalesced-{switch} of {name}:\n{text}")

    options = ["-S", "-accel", "x86emu", "-nodefaults", "-vga", "cirrus"]
    with Guest(*options, "-device", "e1000,coalesced-mmio=off", "-device", "e1000", "-global",
               "mc146818rtc.coalesced-pio=off") as guest:
        check(values(guest, "e1000", "mmio") == ["false", "true"], guest.monitor("info qtree"))
        check(values(guest, "e1000", "pio") == ["true", "true"], guest.monitor("info qtree"))
        check(values(guest, "mc146818rtc", "pio") == ["false"], guest.monitor("info qtree"))
        check(values(guest, "cirrus-vga", "mmio") == ["true"], guest.monitor("info qtree"))
    with Guest(*options, "-device", "e1000", "-global", "device.coalesced-mmio=off") as guest:
        check(values(guest, "e1000", "mmio") == ["false"], guest.monitor("info qtree"))
        check(values(guest, "cirrus-vga", "mmio") == ["false"], guest.monitor("info qtree"))
        check(values(guest, "cirrus-vga", "pio") == ["true"], guest.monitor("info qtree"))


run(test)
