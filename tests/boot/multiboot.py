#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A multiboot kernel of -kernel gets its command line, its modules and the memory map.

usage: multiboot.py LIGNITE BUILD LIGNITE-OPTIONS...
"""
import os
import re
import sys

from guest import Guest, build_file, check, need_kvm, run

KERNEL = build_file("tests", "boot", "multiboot.elf")
STATUS = 0x21 << 1 | 1
MIB = 1 << 20
RAM, RESERVED = 1, 2


def boot(*options):
    with Guest("-kernel", KERNEL, "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *options,
               *sys.argv[3:]) as guest:
        guest.wait_end(STATUS)
        text = guest.serial()
        check("multiboot: done" in text, f"not done:\n{text}")
        return text


def field(text, name):
    return int(re.search(rf"^{name} ([0-9a-f]+)$", text, re.M)[1], 16)


def ranges(text):
    found = re.findall(r"^range ([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{8})$", text, re.M)
    return [tuple(int(word, 16) for word in line) for line in found]


def check_map(text, low_end, high_end):
    """RAM from 0 to the EBDA, from 1 MiB to the ACPI tables near low_end, and above 4 GiB."""
    lines = ranges(text)
    check(lines == sorted(lines), f"not in order:\n{text}")
    for (base, length, _), after in zip(lines, lines[1:]):
        check(base + length <= after[0], f"ranges overlap:\n{text}")
    ram = [(base, base + length) for base, length, kind in lines if kind == RAM]
    check(ram[0][0] == 0 and 600 << 10 <= ram[0][1] <= 640 << 10, f"low memory:\n{text}")
    check(ram[1][0] == MIB and low_end - MIB <= ram[1][1] <= low_end, f"memory:\n{text}")
    check(ram[2:] == ([(4 << 30, high_end)] if high_end else []), f"high memory:\n{text}")
    check(any(kind == RESERVED and base <= 0xfffffff0 < base + length
              for base, length, kind in lines), f"the ROM is not reserved:\n{text}")
    check(field(text, "lower") in range(600, 641), f"lower:\n{text}")


def test():
    text = boot()
    check(field(text, "flags") & 0x41 == 0x41, f"no memory information:\n{text}")
    check(re.search(r"^command \S*multiboot.elf ?$", text, re.M), f"command line:\n{text}")
    check(re.search(r"^loader \S", text, re.M), f"no loader's name:\n{text}")
    check("module" not in text, f"modules:\n{text}")
    check_map(text, 128 * MIB, 0)

    with Guest("-S", "-nodefaults") as files:  # for its folder
        paths = [files.path(name) for name in ("first", "second", "empty")]
        for path, content in zip(paths, ("alpha\n" * 1000, "omega", "")):
            with open(path, "w", encoding="ascii") as file:
                file.write(content)
        text = boot("-append", "one two=3", "-m", "64", "-initrd",
                    f"{paths[0]} with words,{paths[1]},{paths[2]}")
    check(re.search(r"^command \S+ one two=3$", text, re.M), f"command line:\n{text}")
    check(text.count("alpha\n") == 1000, "the first module is not whole")
    check(f"module {paths[0]} with words contains alpha" in text, f"first module:\n{text}")
    check(f"module {paths[1]} contains omega\n" in text, f"second module:\n{text}")
    check(f"module {paths[2]} contains \n" in text, f"empty module:\n{text}")
    check_map(text, 64 * MIB, 0)

    if os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") > 6 << 30:
        text = boot("-m", "3584")
        check_map(text, 3072 * MIB, (4 << 30) + 512 * MIB)


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
