#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How often SeaBIOS leaves the guest until its first "Booting from", with queued writes and without;
and the switch in the monitor.

usage: coalesced.py LIGNITE BUILD
"""
import os
import re
import tempfile

from guest import Failure, Guest, check, need_kvm, run

EXITS_AT_MOST = 2700  # with defaults; a program that queues less takes 9161 on the same devices

OFF = ["-global", "device.coalesced-mmio=off", "-global", "device.coalesced-pio=off"]


def boot(*options):
    """Boot up to that line and stop there: the number of exits, and `info coalesced`."""
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        with Guest("-S", "-debugcon", "file:" + log, "-global", "isa-debugcon.iobase=0x402",
                   *options) as guest:
            guest.monitor("cont")
            guest.wait("Booting from", lambda: "Booting from" in read(log))
            guest.monitor("stop")
            return (number(r"exits: (\d+)", guest.monitor("info accel")), guest.monitor("info coalesced"))


def read(path):
    with open(path, encoding="latin-1") as file:
        return file.read()


def number(pattern, text):
    found = re.search(pattern, text)
    check(found, f"/{pattern}/ is missing:\n{text}")
    return int(found[1])


def count_exits():
    exits, info = boot()
    exits_off, info_off = boot(*OFF)
    print(f"exits: {exits}, with everything off {exits_off}")
    check(exits <= EXITS_AT_MOST, f"{exits} exits: more than {EXITS_AT_MOST}\n{info}")
    check(exits_off > 5 * exits, f"{exits_off} exits with everything off, {exits} with defaults")
    check(number(r"queued writes done: (\d+)", info) > 20000, info)
    check(number(r"target gone: (\d+)", info) == 0, info)
    check(number(r"poisoned: (\d+)", info) == 0, info)
    check("audit: on, 0 findings" in info, info)
    check("port 0cf8-0cfb i440FX-pcihost pci-conf-idx: active" in info, info)
    check("port 0402-0402 isa-debugcon isa-debugcon: active" in info, info)
    check("not active" not in info, info)
    check("zones: 0" in info_off and "queued writes done: 0" in info_off, info_off)


def fails(guest, command, text):
    try:
        guest.monitor(command)
    except Failure as failure:
        check(text in str(failure), f"{command}: {failure}")
        return
    raise Failure(f"{command}: was accepted")


def switch():
    with Guest("-S") as guest:
        rtc = "mc146818rtc rtc: active"
        before = guest.monitor("info coalesced")
        check(rtc in before, before)
        guest.monitor("coalesce mc146818rtc pio off")
        check("mc146818rtc" not in guest.monitor("info coalesced"), "the switch has no effect")
        check("cirrus-vga" in guest.monitor("info coalesced"), "the switch takes another's zones")
        guest.monitor("coalesce all both off")
        check("zones: 0" in guest.monitor("info coalesced"), "zones are left")
        guest.monitor("coalesce all both on")
        check(guest.monitor("info coalesced") == before, "the zones are not those of before")
        guest.monitor("cont")
        guest.monitor("coalesce all pio off")
        check("port" not in guest.monitor("info coalesced"), "port zones are left")
        guest.monitor("coalesce all pio on")
        fails(guest, "coalesce nothing pio off", "not found")
        fails(guest, "coalesce i8042 pio off", "no registers")
        fails(guest, "coalesce mc146818rtc mmio off", "no registers")
        fails(guest, "coalesce all ports off", "none of mmio, pio and both")
        fails(guest, "coalesce all pio", "a device or 'all'")
        fails(guest, "coalesce all pio maybe", "maybe")


def test():
    count_exits()
    switch()


need_kvm()
run(test)
