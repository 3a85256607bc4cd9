#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A watchdog's expiry becomes an NMI in the guest, also while it halts.

usage: nmi.py LIGNITE BUILD LIGNITE-OPTIONS...
"""
import sys

from guest import Guest, build_file, need_kvm, run


def test():
    with Guest("-nodefaults", "-bios", build_file("tests", "boot", "nmi.bin"),
               "-device", "ib700", "-watchdog-action", "inject-nmi",
               "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *sys.argv[3:]) as guest:
        guest.wait_end(4 << 1 | 1, limit=60)


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
