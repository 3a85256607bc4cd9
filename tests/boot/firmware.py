#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What SeaBIOS does with the options of the board: boot order and menu, consoles, ROMs.

usage: firmware.py LIGNITE BUILD CASE LIGNITE-OPTIONS...
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from guest import Guest, build_file, check, need_kvm, program, run

DISK = "format=raw,snapshot=on,file=" + build_file("pc-bios", "demo.img")
CD = "format=raw,media=cdrom,file=" + build_file("pc-bios", "demo.iso")
FROM_DISK, FROM_CD = "Booted from a disk", "Booted from a CD"


def start(*options):
    return Guest(*options, *sys.argv[4:])


def boots(expected, *options):
    """The demo guest says which of the two media it came from; returns SeaBIOS's log."""
    with Guest(*options, "-debugcon", "file:" + LOG_NAME, "-global",
               "isa-debugcon.iobase=0x402", *sys.argv[4:]) as guest:
        guest.wait_serial("Lignite demo: done")
        guest.wait_end()
        check(expected in guest.serial(), f"{options}: not '{expected}':\n{guest.serial()}")
    with open(LOG_NAME, encoding="latin-1", newline="") as file:
        log = file.read()
    check("Booting from" in log, f"no log:\n{log}")
    return log


def rom_banner():
    """The network card's option ROM runs, and says where its card is."""
    with start() as guest:
        guest.wait_screen(r"iPXE \(http://ipxe.org\) 00:03.0")
    with start("-M", "graphics=off") as guest:
        guest.wait_serial(r"iPXE \(http://ipxe.org\) 00:03.0")
    with start("-nodefaults", "-vga", "cirrus", "-device", "e1000,romfile=") as guest:
        check("iPXE" not in guest.wait_screen("No bootable device"), "romfile= has a ROM")


def rom_boots():
    """iPXE starts from the ROM, finds the card and reads its address from the EEPROM."""
    with start("-nodefaults", "-vga", "cirrus", "-device", "e1000,mac=52:54:00:ab:cd:ef",
               "-boot", "n") as guest:
        guest.wait_screen(r"net0: 52:54:00:ab:cd:ef using 82540em on 0000:00:03.0")


def ipxe_kernel():
    """iPXE as a Linux kernel, which is larger than one boot sector's worth."""
    with start("-kernel", "/usr/lib/ipxe/ipxe.lkrn") as guest:
        guest.wait_screen(r"net0: 52:54:00:12:34:56 using 82540em on 0000:00:03.0")


def menu():
    with start("-drive", DISK, "-drive", CD + ",index=2", "-boot", "order=d,menu=on") as guest:
        guest.wait_screen("Press ESC for boot menu")
        guest.monitor("sendkey esc")
        entries = guest.wait_screen(r"Select boot device:(.|\n)*iPXE \(PCI")
        check(re.search(r"1\. DVD/CD", entries), f"the CD is not the first:\n{entries}")
        disk = re.search(r"(\d)\. ata0-0: ", entries)
        check(disk, f"no disk:\n{entries}")
        guest.monitor("sendkey " + disk[1])
        guest.wait_serial("Lignite demo: done")
        check(FROM_DISK in guest.serial(), guest.serial())
        guest.wait_end()
    # The time to press the key in is the user's; without menu= there is no such text.
    with start("-drive", DISK, "-boot", "menu=on,splash-time=1") as guest:
        guest.wait_end()
    log = boots(FROM_DISK, "-drive", DISK)
    check("for boot menu" not in log, log)


def order():
    media = ["-drive", DISK, "-drive", CD + ",index=2"]
    boots(FROM_DISK, *media)
    boots(FROM_CD, *media, "-boot", "d")
    boots(FROM_DISK, *media, "-boot", "order=cd", "-boot", "menu=off")


def once():
    with start("-drive", DISK, "-drive", CD + ",index=2", "-boot", "order=c,once=d",
               "-no-shutdown") as guest:
        guest.wait("the guest to power off", lambda: "shutdown" in guest.monitor("info status"))
        check(FROM_CD in guest.serial(), f"not once from the CD:\n{guest.serial()}")
        for _ in range(2):
            seen = len(guest.serial())
            guest.monitor("system_reset")
            guest.monitor("cont")
            guest.wait("the next boot", lambda: "demo: done" in guest.serial()[seen:])
            check(FROM_DISK in guest.serial()[seen:], f"once is for ever:\n{guest.serial()}")
            guest.wait("the guest to power off",
                       lambda: "shutdown" in guest.monitor("info status"))
        guest.monitor("quit")
        guest.wait_end()


def bootindex():
    def options(disk, cd):
        return ["-nodefaults", "-vga", "cirrus", "-device", "e1000",
                "-drive", DISK + ",if=none,id=d",
                "-device", f"ide-hd,drive=d,bus=ide.0,bootindex={disk}",
                "-drive", CD + ",if=none,id=c",
                "-device", f"ide-cd,drive=c,bus=ide.1,bootindex={cd}"]

    log = boots(FROM_CD, *options(2, 1))
    check(re.search(r"1: /pci@i0cf8/ide@1,1/drive@1/disk@0\s+2: /pci@i0cf8/ide@1,1/drive@0/disk@0",
                    log), log)
    boots(FROM_DISK, *options(1, 2), "-boot", "d")
    log = boots(FROM_CD, *options(5, 3), "-global", "e1000.bootindex=4")
    check("2: /pci@i0cf8/ethernet@3/ethernet-phy@0" in log, log)


def bios128():
    """The 128 KiB SeaBIOS, which has no room for ACPI tables of its own, from the same folder."""
    log = boots(FROM_DISK, "-drive", DISK, "-bios", "bios.bin")
    check("ACPI: parse DSDT" not in log, "not the small SeaBIOS")
    boots(FROM_CD, "-drive", CD + ",index=2", "-bios", "bios.bin", "-boot", "d")


def pflash():
    """SeaBIOS from a flash chip, with another below it; the guest changes neither."""
    dirs = subprocess.run([program(), "-L", "help"], capture_output=True, text=True, check=True)
    bios = next(path for line in dirs.stdout.split()
                if os.path.exists(path := os.path.join(line, "bios-256k.bin")))
    with tempfile.TemporaryDirectory() as folder:
        code, variables = os.path.join(folder, "code"), os.path.join(folder, "vars")
        shutil.copy(bios, code)
        with open(variables, "wb") as file:
            file.write(b"\xff" * 8192)
        boots(FROM_DISK, "-drive", DISK, "-drive", f"if=pflash,format=raw,readonly=on,file={code}",
              "-drive", f"if=pflash,format=raw,file={variables}")
        with open(variables, "rb") as file:
            check(file.read() == b"\xff" * 8192, "the second chip changed")


def serial_console():
    """Without a screen SeaBIOS's text, and what programs print by the BIOS, is on the serial port."""
    for options in (["-nographic"], ["-M", "graphics=off"], ["-nographic", "-vga", "none"]):
        with start("-nodefaults", *options) as guest:
            guest.wait_serial(r"SeaBIOS \(version")
            guest.wait_serial("No bootable device")
    with start("-nodefaults", "-vga", "cirrus") as guest:
        guest.wait_screen("No bootable device")
        check("SeaBIOS" not in guest.serial(), f"with a screen too:\n{guest.serial()}")


CASES = {function.__name__.replace("_", "-"): function
         for function in (rom_banner, rom_boots, ipxe_kernel, menu, order, once, bootindex, bios128,
                          pflash, serial_console)}

LOG_NAME = build_file("tests", "boot", f"firmware-{'-'.join(sys.argv[3:4])}"
                      f"{'-x86emu' if 'x86emu' in sys.argv else ''}.log")

if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(CASES[sys.argv[3]])
