#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB's rescue CD comes up to its menu; a key moves the highlight; a picture shows it.

usage: grub.py LIGNITE BUILD LIGNITE-OPTIONS...
"""
import sys
import time

from grubmenu import boot_options, highlighted, wait_menu
from guest import Guest, check, need_kvm, run


def test():
    with Guest(*boot_options(), *sys.argv[3:]) as guest:
        row = wait_menu(guest, "grub-menu.png")
        entry = guest.screen().split("\n")[row].strip("\u2502 *")
        check(entry, f"no entry in row {row}:\n{guest.screen()}")

        def moves_down():
            # A key that comes while GRUB still draws is lost on a slow KVM: press it again.
            guest.monitor("sendkey down")
            time.sleep(2)
            return (highlighted(guest, "grub-menu-down.png") or 0) > row

        guest.wait("the highlight to move down", moves_down)
        guest.monitor("quit")
        guest.wait_end()


if "x86emu" not in sys.argv:
    need_kvm()
run(test)
