#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SeaBIOS boots the demo guest, which shows its screen and powers off.

usage: demo.py LIGNITE BUILD disk|cd|kernel LIGNITE-OPTIONS...
"""
import re
import sys

from guest import Guest, build_file, check, need_kvm, run

MEDIA = {
    "disk": (["-drive", "format=raw,snapshot=on,file=" + build_file("pc-bios", "demo.img")],
             "Booted from a disk"),
    "cd": (["-cdrom", build_file("pc-bios", "demo.iso")], "Booted from a CD"),
    "kernel": (["-kernel", build_file("pc-bios", "demo.bzImage"), "-append", "from the test"],
               "Booted from -kernel"),
}

# What the demo guest finds on the PCI bus of the default machine.
DEVICES = ["8086:1237", "8086:7000", "8086:7010", "8086:7113", "1013:00b8", "8086:100e"]


def test():
    options, booted_from = MEDIA[sys.argv[3]]
    with Guest(*options, *sys.argv[4:]) as guest:
        guest.wait_serial("Lignite demo: done|Powering off")
        guest.wait_end()
        lines = guest.serial()
        check(booted_from in lines, f"'{booted_from}' is missing:\n{lines}")
        check(re.search(r"Clock: \d\d", lines), f"no clock:\n{lines}")
        for device in DEVICES:
            check(device in lines.lower(), f"PCI device {device} is missing:\n{lines}")
        check("MiB usable" in lines, f"no memory map:\n{lines}")
        by_memory = any("ecam=" in arg for arg in sys.argv)
        ranges = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) reserved", lines, re.M)
        # It may follow, and be one range with, what firmware keeps at the top of RAM.
        check(any(0x100000 < int(first, 16) < 0xf0000000 and int(last, 16) - int(first, 16) >= 0xfffff
                  for first, last in ranges) == by_memory, f"the memory map is wrong:\n{lines}")
        check(("PCI bus 0, read as memory" in lines) == by_memory, f"how PCI was read:\n{lines}")
        if sys.argv[3] == "kernel":
            check("from the test" in lines, f"no command line:\n{lines}")


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
