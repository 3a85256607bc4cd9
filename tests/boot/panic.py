#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that reports its crash executes nothing more under panic=pause, and goes on under none.

usage: panic.py LIGNITE BUILD LIGNITE-OPTIONS...
"""
import sys

from guest import Guest, build_file, check, need_kvm, run


def start(action):
    return Guest("-nodefaults", "-bios", build_file("tests", "boot", "panic.bin"),
                 "-device", "pvpanic", "-action", f"panic={action}", *sys.argv[3:])


def counter(guest):
    return guest.monitor("xp /1hx 0x600").split()[-1]


def test():
    with start("pause") as guest:
        guest.wait("the pause", lambda: "guest-panicked" in guest.monitor("info status"), 60)
        check(counter(guest) == "0x0000", "the CPU went on")
        guest.monitor("cont")  # as a user may want it
        guest.wait("the count", lambda: counter(guest) != "0x0000", 60)
        guest.monitor("quit")
        guest.wait_end()
    with start("none") as guest:
        guest.wait("the count", lambda: counter(guest) != "0x0000", 60)
        check("running" in guest.monitor("info status"), guest.monitor("info status"))
        guest.monitor("quit")
        guest.wait_end()
    with start("exit-failure") as guest:
        guest.wait_end(1, limit=60)


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
