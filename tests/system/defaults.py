#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Default devices, and what of the user's makes them go away."""
import tap
from monitor import Monitor

ALL = {"cirrus-vga": 1, "VGA": 0, "isa-serial": 1, "ide-cd": 1, "ide-hd": 0, "e1000": 1}


def row(options, **changes):
    """The counts of devices differ from the default ones as `changes` says."""
    wanted = {**ALL, **{name.replace("_", "-"): count for name, count in changes.items()}}

    def case():
        with open("i", "wb") as file:
            file.truncate(1 << 20)
        base = ["-accel", "x86emu", "-display", "none"]
        with Monitor(*options.split(), base=base) as monitor:
            tree = monitor.run("info qtree")
            for name, count in wanted.items():
                found = tree.count(f"dev: {name},")
                tap.check(found == count, f"{found} of {name}, not {count}:\n{tree}")
    return options or "no options", case


NONE = {"cirrus_vga": 0, "isa_serial": 0, "ide_cd": 0, "e1000": 0}
DISK = "-drive if=none,id=d,file=i,format=raw"

tap.main([
    row(""),
    row("-nodefaults", **NONE),
    row("-device VGA", VGA=1, cirrus_vga=0),
    row("-device cirrus-vga"),
    row("-vga none -device cirrus-vga"),
    row("-vga std", VGA=1, cirrus_vga=0),
    row("-vga none", cirrus_vga=0),
    row("-vga std -device isa-debugcon,chardev=n -chardev null,id=n", VGA=1, cirrus_vga=0),
    row("-chardev null,id=n -device isa-serial,chardev=n"),
    row("-serial null -chardev null,id=n -device isa-serial,chardev=n", isa_serial=2),
    row("-serial none", isa_serial=0),
    row("-device ide-cd,bus=ide.0"),
    row("-cdrom i -device ide-cd,bus=ide.0", ide_cd=2),
    row(f"{DISK} -device ide-hd,drive=d", ide_cd=0, ide_hd=1),
    row("-hda i", ide_hd=1),
    row("-hdc i", ide_cd=0, ide_hd=1),
    row("-net none", e1000=0),
    row("-device e1000", e1000=2),
    row("-nodefaults -device VGA", **{**NONE, "VGA": 1}),
])
