#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames a second, and exits a frame, of the driver in pc-bios: the PHY's loopback, one frame at a
time, with queued writes on and off, registers reached by memory and by ports.

The ways take turns, so that other load on the host meets all; the figure is the median. The time is
from the driver's line "start" to its line "end".

usage: network.py LIGNITE BUILD
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 3
FRAMES = 20000
STATUS = 0x21 << 1 | 1


def ways():
    for name, mode in (("memory", ""), ("ports", "io ")):
        for switch in ("on", "off"):
            card = f"e1000,romfile=,coalesced-mmio={switch},coalesced-pio={switch}"
            yield f"{name}, queued writes {switch}", mode, card


def drive(mode, card):
    """The seconds that the frames took, and the exits of the card's registers."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "profile")
        command = [sys.argv[1], "-accel", "kvm", "-display", "none", "-nodefaults", "-serial",
                   "stdio", "-kernel", os.path.join(sys.argv[2], "pc-bios", "e1000.elf"),
                   "-append", f"-- {mode}{FRAMES}", "-device", card, "-device",
                   "isa-debug-exit,iobase=0xf4,iosize=4", "-profile", f"io,file={path},format=json"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            times = {}
            for line in process.stdout:
                times[line.strip()] = time.monotonic()
            if process.wait() != STATUS:
                sys.exit(f"{' '.join(command)} ended with {process.returncode}")
        with open(path, encoding="utf-8") as file:
            exits = sum(line["exits"] for line in json.load(file)["lines"]
                        if line["device"] == "e1000")
    return times[b"e1000: end"] - times[b"e1000: start"], exits


def main():
    found = list(ways())
    seconds = {way[0]: [] for way in found}
    exits = {}
    for _ in range(ROUNDS):
        for name, mode, card in found:
            took, exits[name] = drive(mode, card)
            seconds[name].append(took)
    print(f"{FRAMES} frames, median of {ROUNDS} rounds")
    for name, took in seconds.items():
        print(f"{name:28} {FRAMES / statistics.median(took):8.0f} frames/s, "
              f"{exits[name] / FRAMES:.2f} exits a frame")


if not os.access("/dev/kvm", os.R_OK | os.W_OK):
    print("skipped: /dev/kvm is missing or not accessible")
    sys.exit(77)
main()
