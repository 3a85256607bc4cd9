#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver of pc-bios sends frames to itself, with queued writes and without, through the memory of
the card and through its ports: the same frames, in the same order, with the same statistics.

usage: network.py LIGNITE BUILD FRAMES LIGNITE-OPTIONS...
"""
import json
import re
import sys

from guest import Guest, build_file, check, need_kvm, run

KERNEL = build_file("pc-bios", "e1000.elf")
STATUS = 0x21 << 1 | 1
FRAMES = int(sys.argv[3])

# The statistics, by the names of the manual.
COUNTERS = {"GPRC": 0x4074, "GPTC": 0x4080, "GORCL": 0x4088, "GOTCL": 0x4090, "TORL": 0x40c0,
            "TOTL": 0x40c8, "TPR": 0x40d0, "TPT": 0x40d4}
SIZES = {"PRC": 0x405c, "PTC": 0x40d8}  # the first of six
LIMITS = [64, 127, 255, 511, 1023, 1522]


def length(number):
    """Of that frame, as the driver makes it."""
    return 60 + (number * 37 & 0x3ff)


def expected_counters():
    octets = sum(length(n) + 4 for n in range(FRAMES))
    want = {COUNTERS[name]: FRAMES if name[-1] != "L" else octets for name in COUNTERS}
    for first in SIZES.values():
        for n in range(FRAMES):
            index = next(i for i, limit in enumerate(LIMITS) if length(n) + 4 <= limit)
            want[first + 4 * index] = want.get(first + 4 * index, 0) + 1
    return want


def drive(mode, coalesced):
    """Run the driver; returns what it said, and the exits that the card's registers took."""
    switch = "on" if coalesced else "off"
    with Guest("-nodefaults", "-kernel", KERNEL, "-append", f"-- {mode}{FRAMES}", "-device",
               f"e1000,romfile=,coalesced-mmio={switch},coalesced-pio={switch}", "-device",
               "isa-debug-exit,iobase=0xf4,iosize=4", *sys.argv[4:]) as guest:
        guest.wait_end(STATUS)
        text = guest.serial()
        with open(guest.profile_path, encoding="utf-8") as file:
            lines = [line for line in json.load(file)["lines"] if line["device"] == "e1000"]
    return text, sum(line["exits"] for line in lines), sum(line["queued"] for line in lines)


def test():
    want = {f"{reg:08x}": f"{value:08x}" for reg, value in sorted(expected_counters().items())}
    said = []
    for mode, name, at_most in (("", "memory", 2), ("io ", "ports", 2)):
        for coalesced in (True, False):
            text, exits, queued = drive(mode, coalesced)
            check("e1000: end" in text, text)
            check(dict(re.findall(r"counter (\w+) (\w+)", text)) == want, f"{text}\nnot {want}")
            check(f"bytes {sum(map(length, range(FRAMES))):08x}" in text, text)
            check((queued > 0) == coalesced, f"{queued} queued writes, though {coalesced}")
            print(f"registers by {name}, queued writes {'on' if coalesced else 'off'}: "
                  f"{exits / FRAMES:.2f} exits and {queued / FRAMES:.2f} queued writes a frame")
            if coalesced:  # TDT and RDT, and some for setting up
                check(exits <= at_most * FRAMES + 150, f"{exits} exits for {FRAMES} frames")
            said.append(text)
    check(all(text == said[0] for text in said), "the runs differ")


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
