#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark of tests/bench/figures.py, in haste: that it measures what it says.

By counts of exits; no time decides.

usage: figures.py LIGNITE BUILD
"""
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from guest import check, check_profile, need_kvm, program, run

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench", "figures.py")
SAMPLES = 400
ROUNDS = 10

# What does not exit on the second machine: space and addresses, or the region.
SAVED = {
    "rtc-index": lambda line: line["space"] == "port" and line["address"] == 0x70,
    "pci-address": lambda line: line["register"] == "CONFADD",
    "vga-planar": lambda line: line["region"] == "vga-lowmem",
    "e1000-register": lambda line: line["device"] == "e1000" and line["register"] == "TIPG",
    "pci-read-memory": lambda line: line["region"].startswith("pci-ecam"),
}


def exits(profile, which):
    return sum(line["exits"] for line in profile["lines"] if which(line))


def check_run(data, name):
    for subject, values in data["subjects"].items():
        check(len(values["round-ticks"]) == ROUNDS and len(values["sample-ticks"]) == SAMPLES,
              f"{name}, {subject}: {values}")
        check(min(values["round-ticks"]) > 0 and min(values["sample-ticks"]) > 0, "no time passes")
    check_profile(data["profile"])


def test():
    with tempfile.TemporaryDirectory(prefix="lignite-figures-") as folder:
        done = subprocess.run([sys.executable, SCRIPT, program(), sys.argv[2], "--quick", folder],
                              capture_output=True, text=True, check=False)
        check(done.returncode == 0, done.stdout + done.stderr)
        with open(os.path.join(folder, "figures.json"), encoding="utf-8") as file:
            figures = json.load(file)
        xml.etree.ElementTree.parse(os.path.join(folder, "figures.svg"))
    off, on = figures["off"], figures["on"]
    check_run(off, "off")
    check_run(on, "on")
    check(set(off["subjects"]) == set(on["subjects"]) and len(off["subjects"]) == 12,
          str(list(off["subjects"])))
    check(off["profile"]["queued"] == 0, "writes are queued with coalescing off")
    for name, which in SAVED.items():
        accesses = off["subjects"][name]["accesses"] * ROUNDS + SAMPLES
        check(exits(off["profile"], which) >= accesses, f"{name} does not exit with coalescing off")
        saved = exits(off["profile"], which) - exits(on["profile"], which)
        check(saved >= accesses * 0.9, f"{name}: {saved} exits saved of {accesses}")
    for table in "Index and address", "Writes that exit", "Doorbells", "PCI configuration register":
        check(table in done.stdout, f"no '{table}' in:\n{done.stdout}")


need_kvm()
run(test)
