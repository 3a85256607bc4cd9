#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The test kernels of pc-bios, started as kvm-unit-tests starts its own.

usage: kernels.py LIGNITE BUILD vmexit|realmode|irqfd LIGNITE-OPTIONS...

A doorbell must cost no more than what the kernel handles by itself. That is decided by counting:
vmexit does 10 000 times what must not leave the guest, and all else some 500 times.
"""
import re
import subprocess
import sys

from guest import Guest, audited, build_file, check, need_kvm, program, run

DEVICES = ["-no-reboot", "-nodefaults", "-device", "pc-testdev", "-device",
           "isa-debug-exit,iobase=0xf4,iosize=0x4", "-device", "pci-testdev"]
GOOD = 0 << 1 | 1

MANY = 10000
IN_KERNEL = ["inb_from_kernel", "outb_to_kernel"]
DOORBELLS = [f"{kind}-{value}-eventfd:{space}" for kind, space in
             (("mmio", "pci-mem"), ("portio", "pci-io")) for value in ("wildcard", "datamatch")]
OTHERS = ["nothing", "cpuid", "inl_from_pmtimer", "inl_from_nobody", "outb_exit", "outb_queued",
          "outl_queued", "mmio_read_exit", "mmio_write_exit", "mmio-no-eventfd:pci-mem",
          "portio-no-eventfd:pci-io"]
REALMODE_CASES = 70
IRQFD_RINGS = 2000


def exits_of(guest, name):
    """Run the kernel until it is done, and stop there."""
    guest.monitor("cont")
    guest.wait_serial(f"{name}: (done|failed)")
    check(f"{name}: done" in guest.serial(), guest.serial())
    guest.monitor("stop")
    return int(re.search(r"exits: (\d+)", guest.monitor("info accel"))[1])


def as_kvm_unit_tests(name, *options):
    """To its end, with the serial port on standard output."""
    result = subprocess.run(
        [program(), *DEVICES, "-display", "none", "-serial", "stdio", "-kernel",
         build_file("pc-bios", name + ".elf"), *audited(options)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
        check=False)
    text = result.stdout.decode(errors="replace")
    check(result.returncode == GOOD, f"status {result.returncode}:\n{text}{result.stderr.decode()}")
    return text


def vmexit(kvm, *options):
    text = as_kvm_unit_tests("vmexit", *options)
    print(text)
    costs = dict(re.findall(r"^(\S+) (\d+)$", text, re.M))
    missing = set(IN_KERNEL + DOORBELLS + OTHERS) - set(costs)
    check(not missing, f"no figure for {missing}")

    with Guest(*DEVICES, "-S", "-kernel", build_file("pc-bios", "vmexit.elf"), "-append", "wait",
               *options) as guest:
        exits = exits_of(guest, "vmexit")
        info = guest.monitor("info coalesced")
        print(f"{exits} exits, with {MANY} of each of {len(DOORBELLS)} doorbells")
        if kvm:  # a software CPU has no controllers in the kernel
            check(exits < MANY, f"{exits} exits: a doorbell, or what the kernel handles, exits")
        check("target gone: 0" in info, info)


def realmode(*options):
    text = as_kvm_unit_tests("realmode", *options)
    print(text)
    check(len(re.findall("^PASS: ", text, re.M)) >= REALMODE_CASES, "cases are missing")
    check("FAIL" not in text and "realmode: done" in text, "a case failed")


def irqfd(in_kernel, *options):
    """An edge and a level, from the guest's doorbell to its interrupt controller."""
    for level in False, True:
        device = "pc-testdev,irqfd=10" + (",irqfd-level=on" if level else "")
        with Guest("-no-reboot", "-nodefaults", "-device", device, "-S", "-kernel",
                   build_file("pc-bios", "irqfd.elf"), "-append",
                   "wait level" if level else "wait", *options) as guest:
            exits = exits_of(guest, "irqfd")
            print(f"{'level' if level else 'edge'}: {exits} exits, {IRQFD_RINGS} interrupts")
            by_us = re.search(r"^10: (\d+)", guest.monitor("info irq"), re.M)
            if in_kernel:
                check(exits < IRQFD_RINGS, f"{exits} exits: a doorbell or an interrupt exits")
                check(not by_us, "the main loop drives the line")
            else:
                check(by_us and int(by_us[1]) >= IRQFD_RINGS, "somebody else drives the line")


def test():
    name, options = sys.argv[3], sys.argv[4:]
    kvm = "x86emu" not in options
    if name == "vmexit":
        vmexit(kvm, *options)
    elif name == "irqfd":
        irqfd(kvm and "kernel-irqchip=off" not in " ".join(options), *options)
    else:
        realmode(*options, *([] if kvm else ["-append", "all"]))


if "x86emu" not in sys.argv:
    need_kvm()
run(test)
