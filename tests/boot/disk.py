#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks that give trouble: one whose host file can't grow, one with a ragged end.

The guest is the boot sector of disk.S. A limit on the size of files stands for a full disk: writes
past it fail, and it can be lifted while the machine runs.

usage: disk.py LIGNITE BUILD [OPTIONS...]
"""
import os
import resource
import signal
import struct
import sys
import tempfile

from guest import Guest, build_file, check, need_kvm, run

SECTOR = 512
TOTAL = 2048
PARAMETERS = 8  # where disk.S has them

# What is written, and in the middle of it the end of the "disk".
FIRST, COUNT = 1000, 48
LIMIT = 1024 * SECTOR


def boot_sector(first, count):
    with open(build_file("tests", "boot", "disk.bin"), "rb") as file:
        sector = bytearray(file.read())
    check(len(sector) == SECTOR, "disk.bin is no boot sector")
    struct.pack_into("<II", sector, PARAMETERS, first, count)
    return bytes(sector)


class DiskGuest(Guest):
    """A paused machine whose disk begins with the boot sector."""

    def __init__(self, sector, options, size=TOTAL * SECTOR, tail=b""):
        self.disk_folder = tempfile.TemporaryDirectory(prefix="lignite-test-")
        self.disk = os.path.join(self.disk_folder.name, "disk")
        with open(self.disk, "wb") as file:
            file.write(sector)
            file.truncate(size)
            file.seek(size)
            file.write(tail)
        super().__init__("-nodefaults", "-S", "-drive", f"file={self.disk},{options}",
                         *sys.argv[3:])

    def __exit__(self, *args):
        super().__exit__(*args)
        self.disk_folder.cleanup()

    def limit(self, size):
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def wait_stop(self):
        self.wait("the stop", lambda: "paused" in self.monitor("info status"))
        status = self.monitor("info status")
        check(status == "VM status: paused (io-error)\n", status)
        check(self.serial() == "", f"the guest says {self.serial()!r}")

    def wait_answer(self, answer):
        self.wait_serial("[DE]")
        check(self.serial() == answer, f"the guest says {self.serial()!r}")
        check(self.monitor("info status") == "VM status: running\n", "it does not run")

    def quit(self):
        self.monitor("quit")
        self.wait_end()

    def check_written(self):
        with open(self.disk, "rb") as file:
            for lba in range(FIRST, FIRST + COUNT):
                file.seek(lba * SECTOR)
                number, = struct.unpack("<I", file.read(4))
                check(number == lba, f"sector {lba} begins with {number}")


def full_disk(action):
    return DiskGuest(boot_sector(FIRST, COUNT), f"format=raw,werror={action}")


def test_stops_and_resumes():
    with full_disk("stop") as guest:
        guest.limit(LIMIT)
        guest.monitor("cont")
        guest.wait_stop()
        # Nothing has changed: it stops again, and still the guest sees nothing of it.
        guest.monitor("cont")
        guest.wait_stop()
        guest.limit(resource.RLIM_INFINITY)
        guest.monitor("cont")
        guest.wait_answer("D")
        guest.quit()
        guest.check_written()


def test_reset_while_stopped():
    """The request that waits is dropped; the guest starts anew."""
    with full_disk("stop") as guest:
        guest.limit(LIMIT)
        guest.monitor("cont")
        guest.wait_stop()
        guest.monitor("system_reset")
        guest.limit(resource.RLIM_INFINITY)
        guest.monitor("cont")
        guest.wait_answer("D")
        guest.quit()
        guest.check_written()


def test_end_while_stopped():
    with full_disk("stop") as guest:
        guest.limit(LIMIT)
        guest.monitor("cont")
        guest.wait_stop()
        guest.process.send_signal(signal.SIGTERM)
        guest.wait_end()


def test_report():
    with full_disk("report") as guest:
        guest.limit(LIMIT)
        guest.monitor("cont")
        guest.wait_answer("E")
        guest.quit()


def test_ragged_image():
    tail = bytes(range(101, 201))
    # Without format=raw, too: the warning is no error.
    for options, warned in (("format=raw", False), ("werror=report", True)):
        with DiskGuest(boot_sector(64, 0), options, 64 * SECTOR, tail) as guest:
            guest.monitor("cont")
            guest.wait("the sector", lambda: len(guest.serial()) >= SECTOR)
            data = guest.serial().encode("latin-1")
            check(data == tail.ljust(SECTOR, b"\0"), f"the last sector is {data!r}")
            check(("warning: Image format was not specified" in guest.errors()) == warned,
                  guest.errors())
            guest.quit()


def test():
    test_stops_and_resumes()
    test_reset_while_stopped()
    test_end_while_stopped()
    test_report()
    test_ragged_image()


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
