#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SeaBIOS boots GRUB's rescue floppy: its first sector has to find and load all of GRUB's core.

usage: floppy.py LIGNITE BUILD LIGNITE-OPTIONS...
"""
import os
import sys

from guest import Failure, Guest, check, need_kvm, run

FLOPPY = "/usr/lib/grub-rescue/grub-rescue-floppy.img"


def start(*options):
    return Guest("-nodefaults", "-vga", "cirrus", *options, *sys.argv[3:])


def test():
    if not os.path.exists(FLOPPY):
        raise Failure(f"{FLOPPY} is missing: install grub-rescue-pc")
    drive = f"if=floppy,format=raw,readonly=on,file={FLOPPY}"
    with start("-drive", drive, "-boot", "a") as guest:
        guest.wait_screen("Booting from Floppy")
        guest.wait_screen("Welcome to GRUB!")
        guest.monitor("quit")
        guest.wait_end()
    # The drive by its place in the boot order, before the network.
    with start("-drive", drive.replace("if=floppy", "if=none,id=f"), "-boot", "n",
               "-device", "floppy,drive=f,bootindex=1") as guest:
        guest.wait_screen("Booting from Floppy")
        check("iPXE" not in guest.screen(), guest.screen())
        guest.monitor("quit")
        guest.wait_end()
    # An empty drive is passed over.
    with start("-device", "floppy", "-boot", "a") as guest:
        guest.wait_screen("No bootable device")
        guest.monitor("quit")
        guest.wait_end()


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
