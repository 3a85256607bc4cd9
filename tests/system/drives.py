#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives and their media: parameters of -drive, warnings, eject and change."""
import tap
from monitor import BASE, Monitor


def image(name, size=1 << 20):
    with open(name, "wb") as file:
        file.truncate(size)
    return name


def parameters():
    image("i")
    for good in ("discard=unmap", "discard=ignore", "discard=on", "discard=off",
                 "cache=writeback", "cache=unsafe", "aio=threads"):
        with Monitor("-drive", f"file=i,format=raw,{good}") as monitor:
            tap.check("ide0-hd0: i (raw)" in monitor.run("info block"), good)
    with Monitor("-drive", "if=none,id=d,file=i,format=raw,index=0", "-device",
                 "ide-hd,drive=d") as monitor:  # a number of no place, as QEMU's clients give it
        tap.check("d: i (raw)" in monitor.run("info block"), "index with if=none")
    for bad, message in (
            ("discard=zz", "invalid discard option 'zz'"),
            ("cache=zz", "invalid cache option 'zz'"),
            ("cache=none", "cache=none is not supported: use cache=writeback"),
            ("cache=writethrough", "cache=writethrough is not supported: use cache=writeback"),
            ("aio=native", "aio=native is not supported: use aio=threads"),
            ("aio=zz", "invalid aio option 'zz'")):
        status, _, err = tap.run(*BASE, "-drive", f"file=i,format=raw,{bad}")
        tap.check(status == 1 and err == f"lignite: -drive: {message}\n", f"{bad}: {err!r}")


def warning():
    image("i")
    for option, warned in (("", True), (",format=raw", False), (",readonly=on", False),
                           (",snapshot=on", False)):
        monitor = Monitor("-drive", f"if=none,file=i{option}")
        monitor.send("quit")
        _, err = monitor.process.communicate(timeout=tap.LIMIT)
        wanted = b"lignite: warning: Image format was not specified for 'i'" if warned else b""
        tap.check(err.startswith(wanted) and bool(err) == warned, f"{option}: {err!r}")


def packet(monitor, *cdb):
    """Send a packet command to the master of the second IDE channel."""
    monitor.run("o /b 0x176 0xa0")
    monitor.run("o /b 0x177 0xa0")
    cdb = bytes(cdb).ljust(12, b"\0")
    for i in range(0, 12, 2):
        monitor.run(f"o /h 0x170 {cdb[i] | cdb[i + 1] << 8}")


def prevent_removal(monitor, prevent):
    # A drive refuses some commands first, to tell that its medium changed.
    for _ in range(4):
        packet(monitor, 0x1e, 0, 0, 0, prevent)


LOCKED = ("Error: Device 'ide1-cd0' is locked and force was not specified, wait for tray to open "
          "and try again\n")


def eject():
    image("a")
    image("b")
    with Monitor("-cdrom", "a") as monitor:
        prevent_removal(monitor, 1)
        tap.check("Removable device: locked, tray closed" in monitor.run("info block"),
                  monitor.run("info block"))
        for command in ("eject ide1-cd0", "change ide1-cd0 b"):
            out = monitor.run(command)
            tap.check(out == LOCKED, f"{command}: {out!r}")
            tap.check("ide1-cd0: a " in monitor.run("info block"), f"{command} did it")
        tap.check(monitor.run("change -f ide1-cd0 b") == "", "change -f")
        tap.check("ide1-cd0: b " in monitor.run("info block"), monitor.run("info block"))
        tap.check(monitor.run("eject -f ide1-cd0") == "", "eject -f")
        tap.check("ide1-cd0: [not inserted]" in monitor.run("info block"), "not ejected")
        # The tray is open: the lock does not matter any more.
        tap.check(monitor.run("change ide1-cd0 a") == "", "change of an open tray")
        prevent_removal(monitor, 0)
        tap.check(monitor.run("eject ide1-cd0") == "", "eject")
        tap.check("tray open" in monitor.run("info block"), "the tray is shut")


def fixed_disk():
    image("i")
    with Monitor("-drive", "file=i,format=raw") as monitor:
        for command in ("eject ide0-hd0", "eject -f ide0-hd0", "change ide0-hd0 i"):
            out = monitor.run(command)
            tap.check(out == "Error: Device 'ide0-hd0' is not removable\n", f"{command}: {out!r}")
        tap.check("ide0-hd0: i (raw)" in monitor.run("info block"), "gone")


tap.main([
    ("parameters", parameters),
    ("warning of a format not specified", warning),
    ("eject and the guest's lock", eject),
    ("a fixed disk is not ejected", fixed_disk),
])
