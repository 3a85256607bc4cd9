#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stop, continue, reset and power off, by the guest and by the monitor.

usage: lifecycle.py LIGNITE BUILD [OPTIONS...]
"""
import sys
import time

from guest import Guest, build_file, check, need_kvm, run

NO_BOOT = "No bootable device"


def test_reset():
    guest = Guest("-nodefaults", "-vga", "cirrus", "-S", *sys.argv[3:])
    with guest:
        check("prelaunch" in guest.monitor("info status"), "-S does not wait")
        guest.monitor("cont")
        guest.wait_screen(NO_BOOT)
        guest.monitor("system_reset")
        guest.wait("the screen to be cleared", lambda: NO_BOOT not in guest.screen())
        guest.wait_screen(NO_BOOT)
        # SeaBIOS resets on Ctrl-Alt-Delete, through the keyboard controller or CF9.
        guest.monitor("sendkey ctrl-alt-delete")
        guest.wait("the guest's own reset", lambda: NO_BOOT not in guest.screen())
        guest.wait_screen(NO_BOOT)
        guest.monitor("quit")
        guest.wait_end()


def test_no_reboot():
    with Guest("-nodefaults", "-vga", "cirrus", "-no-reboot", *sys.argv[3:]) as guest:
        guest.wait_screen(NO_BOOT)
        guest.monitor("sendkey ctrl-alt-delete")
        guest.wait_end()


def test_stop_and_cont():
    with Guest("-nodefaults", "-vga", "cirrus", *sys.argv[3:]) as guest:
        guest.wait_screen("SeaBIOS")
        guest.monitor("stop")
        check("paused" in guest.monitor("info status"), "stop does not stop")
        exits = guest.monitor("info accel")
        time.sleep(0.3)
        check(guest.monitor("info accel") == exits, "a stopped guest exits")
        registers = guest.monitor("info registers")
        check("EIP=" in registers or "RIP=" in registers, registers)
        check(guest.monitor("info registers") == registers, "a stopped CPU moves")
        guest.monitor("cont")
        check("running" in guest.monitor("info status"), "cont does not continue")
        guest.wait_screen(NO_BOOT)
        guest.process.terminate()
        guest.wait_end(0)


def test_no_shutdown():
    with Guest("-drive", "format=raw,snapshot=on,file=" + build_file("pc-bios", "demo.img"),
               "-no-shutdown", *sys.argv[3:]) as guest:
        guest.wait("the guest to power off",
                   lambda: "shutdown" in guest.monitor("info status"))
        guest.monitor("quit")
        guest.wait_end()


def test():
    test_reset()
    test_no_reboot()
    test_stop_and_cont()
    test_no_shutdown()


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
