# SPDX-License-Identifier: GPL-2.0-or-later
"""A terminal as Linux's console is one, on a pseudo terminal: what a program drew on it."""
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

import tap

SEQUENCE = re.compile(rb"\x1b(?:\[([?>]?)([0-9;]*)([@A-Za-z`])|([()][0-9A-Za-z])|(\][RP])|([=>78cDEHM]))")


class Terminal:
    def __init__(self, rows=25, columns=80):
        self.master, self.slave = pty.openpty()
        self.bytes = b""
        self.size(rows, columns)

    def size(self, rows, columns):
        self.rows, self.columns = rows, columns
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.cells = [[(" ", None, None, False)] * columns for _ in range(rows)]
        self.x = self.y = 0
        self.visible = True
        self.reset()

    def reset(self):
        self.foreground = self.background = None
        self.bold = self.blink = self.reverse = False

    def close(self):
        os.close(self.master)
        os.close(self.slave)

    def type(self, data):
        os.write(self.master, data)

    def wait(self, what, look):
        """Read what is drawn until look() is true."""
        limit = time.monotonic() + tap.LIMIT
        while not look():
            tap.check(time.monotonic() < limit, f"{what}:\n{self.text()}")
            if select.select([self.master], [], [], 0.1)[0]:
                self.bytes += os.read(self.master, 65536)
                self.draw()

    def text(self):
        return "\n".join("".join(cell[0] for cell in row).rstrip() for row in self.cells)

    def draw(self):
        at = 0
        while at < len(self.bytes):
            byte = self.bytes[at]
            if byte == 0x1b:
                match = SEQUENCE.match(self.bytes, at)
                if not match:
                    if len(self.bytes) - at < 20:
                        break  # the rest comes later
                    raise tap.Failure(f"sequence {self.bytes[at:at + 20]!r}")
                at = match.end()
                self.sequence(*match.groups())
            elif byte < 0x20 or byte == 0x7f:
                at += 1
                self.control(byte)
            else:
                size = 1 if byte < 0x80 else 2 if byte < 0xe0 else 3 if byte < 0xf0 else 4
                if at + size > len(self.bytes):
                    break
                self.put(self.bytes[at:at + size].decode())
                at += size
        self.bytes = self.bytes[at:]

    def put(self, ch):
        if self.x >= self.columns:
            self.x = 0
            self.y = min(self.y + 1, self.rows - 1)
        colours = (self.foreground, self.background)
        self.cells[self.y][self.x] = (ch, *(colours[::-1] if self.reverse else colours), self.bold)
        self.x += 1

    def control(self, byte):
        if byte == 0x0d:
            self.x = 0
        elif byte == 0x0a:
            self.y = min(self.y + 1, self.rows - 1)
        elif byte == 0x08:
            self.x = max(0, self.x - 1)
        elif byte == 0x09:
            self.x = min(self.columns - 1, self.x // 8 * 8 + 8)

    def sequence(self, private, numbers, final, *_):
        if not final:
            return
        values = [int(n or 0) for n in numbers.split(b";")]
        n = values[0] or 1
        final = final.decode()
        if private:
            if final in "hl" and values[0] == 25:
                self.visible = final == "h"
        elif final in "Hf":
            self.y = n - 1
            self.x = (values[1] or 1) - 1 if len(values) > 1 else 0
        elif final == "d":
            self.y = n - 1
        elif final in "G`":
            self.x = n - 1
        elif final in "ABCD":
            self.y += {"A": -n, "B": n}.get(final, 0)
            self.x += {"C": n, "D": -n}.get(final, 0)
        elif final == "m":
            self.attributes(values)
        elif final == "J":
            tap.check(values[0] in (0, 2), "J")
            if values[0] == 0:
                self.erase(self.y, self.x, self.columns)
            for y in range(self.y + 1 if values[0] == 0 else 0, self.rows):
                self.erase(y, 0, self.columns)
        elif final == "K":
            self.erase(self.y, 0 if values[0] else self.x, self.x + 1 if values[0] == 1 else
                       self.columns)
        elif final == "X":
            self.erase(self.y, self.x, self.x + n)
        elif final == "P":
            row = self.cells[self.y]
            del row[self.x:self.x + n]
            row += [self.blank()] * (self.columns - len(row))
        elif final == "@":
            row = self.cells[self.y]
            row[self.x:self.x] = [self.blank()] * n
            del row[self.columns:]
        elif final == "L":
            self.cells[self.y:self.y] = [[self.blank()] * self.columns for _ in range(n)]
            del self.cells[self.rows:]
        elif final == "M":
            del self.cells[self.y:self.y + n]
            self.cells += [[self.blank()] * self.columns
                           for _ in range(self.rows - len(self.cells))]
        else:
            tap.check(final in "rhlc", f"sequence {numbers} {final}")

    def blank(self):
        return (" ", self.foreground, self.background, False)

    def erase(self, y, start, end):
        self.cells[y][start:end] = [self.blank()] * (min(end, self.columns) - start)

    def attributes(self, values):
        for value in values:
            if value == 0:
                self.reset()
            elif value in (1, 22):
                self.bold = value == 1
            elif value in (7, 27):
                self.reverse = value == 7
            elif 30 <= value <= 39:
                self.foreground = value - 30 if value != 39 else None
            elif 40 <= value <= 49:
                self.background = value - 40 if value != 49 else None
