#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How soon the guest runs, and what memory the process takes beside the guest's.

Both for the default machine, with its cirrus VGA and e1000. QEMU, where it is installed, gets the
same options and takes turns.

Start: from before the process is made until a byte arrives here that the guest's first instruction
wrote to the debug port. The firmware is an image of 64 KiB made here. Nothing is subtracted.

Memory: what is resident when SeaBIOS has set up all devices and begins to boot, less what is
resident of the mapping that is the guest's RAM; from /proc/PID/smaps.

usage: start.py LIGNITE
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROUNDS = 15
START_TARGET = 15  # ms
MEMORY_TARGET = 16  # MiB
RAM = 128  # MiB
LIMIT = 120  # s, for a hung boot
BOOTING = "Booting from"  # SeaBIOS' log

# At the reset vector: out 0xe9, al; mov al, 16; out 0xf4, al.
FIRST_CODE = bytes.fromhex("e6e9 b010 e6f4")


def programs():
    found = [("lignite", [os.path.abspath(sys.argv[1])])]
    qemu = shutil.which("qemu-system-x86_64")
    if qemu:
        found.append(("QEMU", [qemu, "-accel", "kvm", "-vga", "cirrus"]))
    return found


def first_entry(command):
    """Milliseconds until the guest's first byte is here."""
    reader, writer = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, writer, 1),
               (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
               (os.POSIX_SPAWN_CLOSE, reader)]
    start = time.monotonic()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    os.close(writer)
    byte = os.read(reader, 1)
    elapsed = (time.monotonic() - start) * 1e3
    os.close(reader)
    os.waitpid(pid, 0)
    if not byte:
        raise SystemExit(f"{command[0]}: the guest did not write")
    return elapsed


def bench_start(folder):
    bios = os.path.join(folder, "bios")
    with open(bios, "wb") as file:
        file.write(b"\xf4" * (65536 - 16) + FIRST_CODE.ljust(16, b"\xf4"))
    options = ["-display", "none", "-monitor", "none", "-bios", bios, "-debugcon", "stdio",
               "-device", "isa-debug-exit,iobase=0xf4,iosize=1"]
    times = {name: [] for name, _ in programs()}
    for _ in range(ROUNDS):
        for name, command in programs():
            times[name].append(first_entry(command + options))
    for name, values in times.items():
        values.sort()
        target = f"   (target: less than {START_TARGET} ms)" if name == "lignite" else ""
        print(f"start to first entry, {name:8} best {values[0]:6.1f} ms   "
              f"median {values[len(values) // 2]:6.1f} ms{target}")
    print(f"  the host's load meanwhile: {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs")


def mappings(pid):
    """[(name, size, resident)] of a process, in KiB."""
    found = []
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as file:
        for line in file:
            words = line.split()
            if not words[0].endswith(":"):
                found.append([words[5] if len(words) > 5 else "", 0, 0])
            elif words[0] == "Size:":
                found[-1][1] = int(words[1])
            elif words[0] == "Rss:":
                found[-1][2] = int(words[1])
    return found


def print_memory(name, pid):
    maps = mappings(pid)
    ram = max((m for m in maps if not m[0]), key=lambda m: m[1])
    if ram[1] < RAM * 1024:
        raise SystemExit(f"{name}: no mapping is the guest's RAM")
    resident = sum(m[2] for m in maps) / 1024
    files = sum(m[2] for m in maps if m[0].startswith("/")) / 1024
    touched = ram[2] / 1024
    target = f"   (target: less than {MEMORY_TARGET} MiB)" if name == "lignite" else ""
    print(f"memory beside the guest's, {name:8} {resident - touched:5.1f} MiB, of it {files:.1f} of "
          f"files{target}")
    print(f"  resident {resident:.1f} MiB, touched of the guest's RAM {touched:.1f} MiB")


def bench_memory(folder):
    for name, command in programs():
        log = os.path.join(folder, name)
        process = subprocess.Popen(
            [*command, "-m", str(RAM), "-display", "none", "-monitor", "none", "-net", "none",
             "-device", "e1000", "-chardev", f"file,id=log,path={log}",
             "-device", "isa-debugcon,iobase=0x402,chardev=log"],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + LIMIT
        text = ""
        while BOOTING not in text and time.monotonic() < end:
            time.sleep(0.2)
            if os.path.exists(log):
                with open(log, encoding="latin-1") as file:
                    text = file.read()
        try:
            if BOOTING not in text:
                raise SystemExit(f"{name}: SeaBIOS did not come to booting: {text[-200:]}")
            print_memory(name, process.pid)
        finally:
            process.kill()
            process.wait()


if not os.access("/dev/kvm", os.R_OK | os.W_OK):
    print("skipped: /dev/kvm is missing or not accessible")
    sys.exit(77)
with tempfile.TemporaryDirectory(prefix="lignite-bench-") as directory:
    bench_start(directory)
    bench_memory(directory)
