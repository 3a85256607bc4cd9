# SPDX-License-Identifier: GPL-2.0-or-later
"""An X server without a screen (Xvfb), its picture, and fingers on its keyboard (xdotool)."""
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import tap


class Xserver:
    """Use it in a with statement."""

    def __init__(self, size="1024x768"):
        self.folder = tempfile.mkdtemp(prefix="lignite-x-")
        read, write = os.pipe()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", size + "x24", "-fbdir", self.folder,
             "-nolisten", "tcp"], pass_fds=[write], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as file:
            number = file.readline().strip()
        tap.check(number, "Xvfb does not start")
        self.display = ":" + number
        # The libraries below SDL keep memory that they don't point at any more.
        self.env = {**os.environ, "DISPLAY": self.display, "SDL_VIDEODRIVER": "x11",
                    "ASAN_OPTIONS": "detect_leaks=0"}
        self.env.pop("WAYLAND_DISPLAY", None)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)

    def do(self, *args, check=True):
        """Run xdotool; its output."""
        done = subprocess.run(["xdotool", *map(str, args)], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False, timeout=tap.LIMIT)
        tap.check(not check or done.returncode == 0, f"xdotool {args}: {done.stderr}")
        return done.stdout

    def window(self, name):
        """The visible window whose title matches, once it is there."""
        limit = time.monotonic() + tap.LIMIT
        while True:
            found = self.do("search", "--onlyvisible", "--name", name, check=False).split()
            if found:
                return found[-1]
            tap.check(time.monotonic() < limit, f"no window {name}")
            time.sleep(0.05)

    def title(self, window):
        return self.do("getwindowname", window).strip()

    def geometry(self, window):
        """(x, y, width, height)"""
        text = self.do("getwindowgeometry", "--shell", window)
        values = dict(line.split("=") for line in text.split())
        return tuple(int(values[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))

    def close_window(self, window):
        """What a window manager does when its button is pressed: WM_DELETE_WINDOW, by hand."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(f"/tmp/.X11-unix/X{self.display[1:]}")
            file = sock.makefile("rwb")

            def atom(name):
                size = (len(name) + 3) // 4 * 4
                file.write(struct.pack("<BBHHxx", 16, 0, 2 + size // 4, len(name)) +
                           name.ljust(size, b"\0"))
                file.flush()
                return struct.unpack("<I", file.read(32)[8:12])[0]

            file.write(struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0))
            file.flush()
            head = file.read(8)
            tap.check(head[0] == 1, "the X server refuses us")
            file.read(struct.unpack("<H", head[6:])[0] * 4)
            event = struct.pack("<BBHIIIIIII", 33, 32, 0, int(window), atom(b"WM_PROTOCOLS"),
                                atom(b"WM_DELETE_WINDOW"), 0, 0, 0, 0)
            file.write(struct.pack("<BBHII", 25, 0, 11, int(window), 0) + event)
            atom(b"WM_NAME")  # it has been done when this is answered

    def picture(self):
        """What is on the screen, as rows of (r, g, b)."""
        with open(os.path.join(self.folder, "Xvfb_screen0"), "rb") as file:
            data = file.read()
        head = struct.unpack(">25I", data[:100])
        size, width, height, big, bits, pitch, colours = (head[i] for i in (0, 4, 5, 7, 11, 12, 19))
        tap.check(bits == 32 and not big, f"{bits} bits")
        at = size + colours * 12
        rows = []
        for y in range(height):
            line = data[at + y * pitch:at + y * pitch + width * 4]
            rows.append(list(zip(line[2::4], line[1::4], line[::4])))
        return rows

    def part(self, x, y, width, height):
        return [row[x:x + width] for row in self.picture()[y:y + height]]
