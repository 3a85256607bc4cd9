#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver of pc-bios sends frames, and each must come back, with queued writes and without: the
same frames, in the same order, with the same statistics. Once they come back through the loopback
of the PHY, with registers reached by ports; once from here, at the other end of a network of
datagrams, with registers reached by memory, where each frame is looked at as it passes.

Then the driver sets up its ring, and looks at memory alone until a frame comes.

usage: network.py LIGNITE BUILD FRAMES LIGNITE-OPTIONS...
"""
import json
import os
import re
import socket
import sys
import tempfile
import threading

from guest import Guest, build_file, check, need_kvm, run

KERNEL = build_file("pc-bios", "e1000.elf")
STATUS = 0x21 << 1 | 1
FRAMES = int(sys.argv[3])
MAC = bytes.fromhex("525400123456")

# The statistics, by the names of the manual.
COUNTERS = {"GPRC": 0x4074, "GPTC": 0x4080, "GORCL": 0x4088, "GOTCL": 0x4090, "TORL": 0x40c0,
            "TOTL": 0x40c8, "TPR": 0x40d0, "TPT": 0x40d4}
SIZES = {"PRC": 0x405c, "PTC": 0x40d8}  # the first of six
LIMITS = [64, 127, 255, 511, 1023, 1522]


def length(number):
    """Of that frame, as the driver makes it."""
    return 60 + (number * 37 & 0x3ff)


def content(number):
    """Of that frame: the rest of its buffer is zeros."""
    head = MAC + MAC + bytes.fromhex("88b5") + number.to_bytes(4, "little")
    return head.ljust(length(number), b"\0")


def expected_counters():
    octets = sum(length(n) + 4 for n in range(FRAMES))
    want = {COUNTERS[name]: FRAMES if name[-1] != "L" else octets for name in COUNTERS}
    for first in SIZES.values():
        for n in range(FRAMES):
            index = next(i for i, limit in enumerate(LIMITS) if length(n) + 4 <= limit)
            want[first + 4 * index] = want.get(first + 4 * index, 0) + 1
    return want


class Peer:
    """The other end of the cable: sends back what comes."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="lignite-net-")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path("peer"))
        self.frames = []
        self.options = ["-netdev", "dgram,id=net,local.type=unix,local.path=" + self.path("card") +
                        ",remote.type=unix,remote.path=" + self.path("peer")]
        self.thread = threading.Thread(target=self.echo)
        self.thread.start()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def echo(self):
        try:
            while frame := self.socket.recv(65536):
                self.frames.append(frame)
                self.send(frame)
        except OSError:  # the guest has gone; the test will miss the frame
            pass

    def send(self, frame):
        self.socket.sendto(frame, self.path("card"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()
        self.folder.cleanup()


def start(mode, card, options):
    return Guest("-nodefaults", "-kernel", KERNEL, "-append", f"-- {mode}", "-device",
                 "isa-debug-exit,iobase=0xf4,iosize=4", *options, "-device",
                 f"e1000,romfile={card}", *sys.argv[4:])


def drive(mode, coalesced, options=()):
    """Run it; returns what it said, and the exits and queued writes of the card's registers."""
    switch = "on" if coalesced else "off"
    card = f",coalesced-mmio={switch},coalesced-pio={switch}" + (",netdev=net" if options else "")
    with start(f"{mode}{FRAMES}", card, options) as guest:
        guest.wait_end(STATUS)
        text = guest.serial()
        with open(guest.profile_path, encoding="utf-8") as file:
            lines = [line for line in json.load(file)["lines"] if line["device"] == "e1000"]
    return text, sum(line["exits"] for line in lines), sum(line["queued"] for line in lines)


def drive_with_peer(mode, coalesced):
    with Peer() as peer:
        result = drive(mode, coalesced, peer.options)
        check(len(peer.frames) == FRAMES, f"{len(peer.frames)} frames came")
        for number, frame in enumerate(peer.frames):
            check(frame == content(number), f"frame {number} is {frame.hex()}")
    return result


def send_and_receive():
    want = {f"{reg:08x}": f"{value:08x}" for reg, value in sorted(expected_counters().items())}
    said = []
    for name, how in (("by ports, loopback", lambda on: drive("io ", on)),
                      ("by memory, datagrams", lambda on: drive_with_peer("peer ", on))):
        for coalesced in (True, False):
            text, exits, queued = how(coalesced)
            check("e1000: end" in text, text)
            check(dict(re.findall(r"counter (\w+) (\w+)", text)) == want, f"{text}\nnot {want}")
            check(f"bytes {sum(map(length, range(FRAMES))):08x}" in text, text)
            check((queued > 0) == coalesced, f"{queued} queued writes, though {coalesced}")
            print(f"registers {name}, queued writes {'on' if coalesced else 'off'}: "
                  f"{exits / FRAMES:.2f} exits and {queued / FRAMES:.2f} queued writes a frame")
            if coalesced:  # TDT and RDT, and some for setting up
                check(exits <= 2 * FRAMES + 150, f"{exits} exits for {FRAMES} frames")
            said.append(text)
    check(all(text == said[0] for text in said), "the runs differ")


def poll():
    """A frame that comes when the driver has written RDT, and looks at memory alone."""
    with Peer() as peer, start("poll", ",netdev=net", peer.options) as guest:
        guest.wait_serial("e1000: start")
        peer.send(content(0))
        guest.wait_end(STATUS)
        check("e1000: got 0000003c" in guest.serial(), guest.serial())
        with open(guest.profile_path, encoding="utf-8") as file:
            lines = json.load(file)["lines"]
    exits = {line["register"]: line["exits"] for line in lines if line["device"] == "e1000"}
    check(exits["RDT"] == 1, f"exits: {exits}")


def test():
    send_and_receive()
    poll()


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
