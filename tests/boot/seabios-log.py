#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the debug log of SeaBIOS under Lignite with that under QEMU, on the same devices.

usage: seabios-log.py LIGNITE [-q QEMU] [-o FOLDER] [CASE ...]

For each case (see CASES; all of them without a name) it boots both programs until SeaBIOS has said
where it boots from, writes CASE.lignite.log, CASE.qemu.log and CASE.diff to the folder, and prints
the differences. This is a tool for a reader, not a test: the tests need no QEMU. docs/seabios-log.md
says what the differences are and why they are there.

Both get the same options; what only one of them has is in ONLY. QEMU's HPET, SMM, VMware port and its
option ROM that patches 32-bit guests' accesses to the APIC are off, for Lignite has none of them;
its invariant TSC is on, for Lignite says so of its own.
"""
import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
import time

QEMU = "qemu-system-x86_64"

ONLY = {
    "lignite": ["-M", "pc"],
    "qemu": ["-M", "pc,hpet=off,smm=off,vmport=off", "-global", "kvm-apic.vapic=off",
             "-cpu", "qemu64,+invtsc"],
}

COMMON = ["-accel", "kvm", "-display", "none", "-monitor", "none",
          "-global", "isa-debugcon.iobase=0x402"]

PC = ["-nodefaults", "-vga", "cirrus", "-device", "e1000", "-serial", "null"]
CD = ["-device", "ide-cd,bus=ide.1,unit=0"]
DISK = ["-drive", "if=none,id=d0,format=raw,snapshot=on,file={disk}", "-device",
        "ide-hd,drive=d0,bus=ide.0"]

CASES = {
    "pc": PC + CD,
    "disk": PC + CD + DISK,
    "bare": ["-nodefaults", "-vga", "none"],
    "smp": PC + CD + ["-smp", "2"],
    "high": PC + CD + ["-m", "4608"],
    "std": ["-nodefaults", "-vga", "std", "-device", "e1000", "-serial", "null"] + CD,
    "bootindex": PC + DISK + ["-device", "ide-cd,bus=ide.1,unit=0,bootindex=0", "-global",
                              "e1000.bootindex=1"],
    "once": PC + CD + DISK + ["-boot", "order=c,once=nd"],
    "bios128": PC + CD + DISK + ["-bios", "bios.bin"],
    "menu": PC + CD + DISK + ["-boot", "order=dc,menu=on"],
}

LIMIT = 120


def boot(program, options, log, disk):
    """Boot until the log has been quiet for a while after SeaBIOS said what it boots."""
    options = [option.replace("{disk}", disk) for option in options]
    command = [program, *options, "-debugcon", f"file:{log}"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    end = time.monotonic() + LIMIT
    size, quiet = -1, time.monotonic()
    try:
        while time.monotonic() < end:
            time.sleep(0.2)
            if process.poll() is not None:
                break
            text = read(log)
            if len(text) != size:
                size, quiet = len(text), time.monotonic()
            if time.monotonic() - quiet > 3 and re.search(r"^(Booting from|No bootable)", text, re.M):
                break
        else:
            print(f"{program}: not at its end after {LIMIT} s", file=sys.stderr)
    finally:
        process.kill()
        process.wait()
    return read(log)


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="latin-1", newline="") as file:
        return file.read().replace("\r", "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lignite")
    parser.add_argument("case", nargs="*", choices=[[], *CASES])
    parser.add_argument("-q", "--qemu", default=QEMU)
    parser.add_argument("-o", "--output", default="seabios-log")
    arguments = parser.parse_args()
    os.makedirs(arguments.output, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        disk = os.path.join(folder, "disk.img")
        with open(disk, "wb") as file:
            file.truncate(1440 * 1024)
        for case in arguments.case or CASES:
            logs = {}
            for name, program in ("lignite", arguments.lignite), ("qemu", arguments.qemu):
                log = os.path.join(arguments.output, f"{case}.{name}.log")
                if os.path.exists(log):
                    os.unlink(log)
                logs[name] = boot(program, COMMON + ONLY[name] + CASES[case], log, disk)
            diff = list(difflib.unified_diff(logs["qemu"].splitlines(),
                                             logs["lignite"].splitlines(), "qemu", "lignite",
                                             lineterm="", n=1))
            with open(os.path.join(arguments.output, f"{case}.diff"), "w",
                      encoding="utf-8") as file:
                file.write("\n".join(diff) + "\n" if diff else "")
            print(f"== {case}: {len(logs['qemu'].splitlines())} lines of QEMU, "
                  f"{len(logs['lignite'].splitlines())} of Lignite")
            print("\n".join(diff))


main()
