#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver of pc-bios at the end of a stream. What it sends comes back in pieces, from a peer that
also takes its time; meanwhile the monitor answers. And a flood from a peer, before the machine runs,
waits outside.

usage: stream.py LIGNITE BUILD FRAMES LIGNITE-OPTIONS...
"""
import os
import random
import re
import socket
import struct
import sys
import tempfile
import threading

from guest import BOOT_LIMIT, Guest, build_file, check, need_kvm, run

STATUS = 0x21 << 1 | 1  # all went well
FRAMES = int(sys.argv[3])


def start(words, path):
    """The driver in a machine that does not run yet."""
    return Guest("-nodefaults", "-S", "-kernel", build_file("pc-bios", "e1000.elf"), "-append",
                 f"-- {words}", "-netdev", f"stream,id=n0,server=on,addr.type=unix,addr.path={path}",
                 "-device", "e1000,netdev=n0,romfile=", "-device",
                 "isa-debug-exit,iobase=0xf4,iosize=4", *sys.argv[4:])


def connect(guest, path):
    guest.monitor("info status")  # it listens by now
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(BOOT_LIMIT)
    peer.connect(path)
    guest.wait("the connection", lambda: "connected" in guest.monitor("info network"))
    return peer


class Echo(threading.Thread):
    """Sends each frame back, in pieces; before the one in the middle it waits to be told."""

    def __init__(self, peer):
        super().__init__(daemon=True)
        self.peer = peer
        self.count = 0
        self.paused = threading.Event()
        self.go_on = threading.Event()

    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.peer.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def run(self):
        rng = random.Random(1)
        try:
            while True:
                header = self.read(4)
                data = header + self.read(struct.unpack(">I", header)[0])
                if self.count == FRAMES // 2:
                    self.paused.set()
                    self.go_on.wait()
                cut = rng.randrange(len(data))
                self.peer.sendall(data[:cut])
                self.peer.sendall(data[cut:])
                self.count += 1
        except (EOFError, OSError):
            pass


def echo(path):
    with start(f"peer {FRAMES}", path) as guest:
        thread = Echo(connect(guest, path))
        thread.start()
        guest.monitor("cont")
        check(thread.paused.wait(BOOT_LIMIT), "no frame of the middle")
        for _ in range(5):  # the peer does nothing, and neither the guest nor we wait for it
            check("VM status: running" in guest.monitor("info status"), "it does not run")
        thread.go_on.set()
        guest.wait_end(STATUS)
        check(thread.count == FRAMES, f"{thread.count} frames")
        check("e1000: end" in guest.serial(), guest.serial())


def flood(path):
    frame = struct.pack(">I", 60) + b"\xff" * 6 + bytes(54)
    with start("poll", path) as guest:
        peer = connect(guest, path)
        peer.setblocking(False)
        sent = 0
        try:
            while sent < 1 << 30:
                sent += peer.send(frame * 100)
        except BlockingIOError:
            pass
        check(sent < 64 << 20, f"{sent} bytes went into a machine that does not run")
        guest.monitor("cont")
        guest.wait_end(STATUS)
        check(re.search(r"0*3c\b", guest.serial()), guest.serial())


def test():
    with tempfile.TemporaryDirectory() as folder:
        echo(os.path.join(folder, "echo"))
        flood(os.path.join(folder, "flood"))


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
