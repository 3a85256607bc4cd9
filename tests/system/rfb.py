# SPDX-License-Identifier: GPL-2.0-or-later
"""A VNC viewer in small: the RFB protocol over a socket; pictures as lists of rows of (r, g, b)."""
import base64
import hashlib
import os
import socket
import struct
import subprocess
import sys
import zlib

import tap

# The program that answers challenges, before a test changes the folder.
RESPONSE = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None

RAW, TIGHT, ZRLE = 0, 7, 16
DESKTOP_SIZE, POINTER_TYPE, EXT_KEY, EXTENDED_SIZE = -223, -257, -258, -308


def connect(address):
    """A socket connected to a path, or to a port of this host."""
    if isinstance(address, int):
        sock = socket.create_connection(("127.0.0.1", address))
    else:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(address)
    sock.settimeout(tap.LIMIT)
    return sock


class Gone(Exception):
    """The server closed the connection."""


class Websocket:
    """The client's side of RFC 6455, with the functions of a socket."""

    def __init__(self, sock, path="/", protocol="binary"):
        self.socket = sock
        self.buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        offer = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        sock.sendall((f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: WebSocket\r\n"
                      f"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: {key}\r\n{offer}"
                      "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = sock.recv(1)
            tap.check(byte, f"it closed the connection: {head!r}")
            head += byte
        accept = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        tap.check(head.startswith(b"HTTP/1.1 101 "), str(head))
        tap.check(base64.b64encode(accept) in head, str(head))
        tap.check((b"Protocol: binary" in head) == ("binary" in (protocol or "")), str(head))

    def frame(self, opcode, data, fin=True):
        mask = os.urandom(4)
        head = bytes([opcode | (0x80 if fin else 0)])
        if len(data) < 126:
            head += bytes([0x80 | len(data)])
        elif len(data) < 0x10000:
            head += struct.pack(">BH", 0x80 | 126, len(data))
        else:
            head += struct.pack(">BQ", 0x80 | 127, len(data))
        self.socket.sendall(head + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(data)))

    def sendall(self, data):
        self.frame(2, data)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            piece = self.socket.recv(n - len(data))
            if not piece:
                raise Gone()
            data += piece
        return data

    def read_frame(self):
        first, size = self.exactly(2)
        if size == 126:
            size, = struct.unpack(">H", self.exactly(2))
        elif size == 127:
            size, = struct.unpack(">Q", self.exactly(8))
        tap.check(first & 0x80 and size < 1 << 27, f"frame {first:x}, {size}")
        return first & 15, self.exactly(size)

    def recv(self, n):
        while not self.buffer:
            opcode, data = self.read_frame()
            tap.check(opcode == 2, f"opcode {opcode}")
            self.buffer = data
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def close(self):
        self.socket.close()


class Format:
    """A pixel format; the default is the server's own."""

    def __init__(self, bits=32, depth=24, big=False, maxes=(255, 255, 255), shifts=(16, 8, 0),
                 colour_map=False):
        self.bits, self.depth, self.big, self.maxes, self.shifts = bits, depth, big, maxes, shifts
        self.bytes = bits // 8
        self.colours = {} if colour_map else None
        used = sum(m << s for m, s in zip(maxes, shifts))
        short = bits == 32 and depth <= 24 and not colour_map
        self.tight_short = short and depth == 24 and maxes == (255, 255, 255)
        self.zrle_low = short and not used >> 24
        self.zrle_high = short and not self.zrle_low and not used & 0xff

    def wire(self):
        return struct.pack(">BBBBHHHBBB3x", self.bits, self.depth, self.big,
                           self.colours is None, *self.maxes, *self.shifts)

    def rgb(self, value):
        if self.colours is not None:
            return self.colours[value]
        return tuple((value >> s & m) * 255 // m for m, s in zip(self.maxes, self.shifts))

    def of(self, rgb):
        """What this format makes of a colour."""
        if self.colours is not None:
            return tuple((c * m + 127) // 255 * 65535 // m >> 8 for c, m in zip(rgb, (7, 7, 3)))
        return tuple((c * m + 127) // 255 * 255 // m for c, m in zip(rgb, self.maxes))

    def number(self, data):
        return int.from_bytes(data, "big" if self.big else "little")

    def pixels(self, data):
        return [self.rgb(self.number(data[i:i + self.bytes]))
                for i in range(0, len(data), self.bytes)]


class Viewer:
    """A connection past its handshake."""

    def __init__(self, address, version="3.8", password=None, shared=True, websocket=False,
                 expect_auth=None):
        self.socket = connect(address) if isinstance(address, (int, str)) else address
        if websocket:
            self.socket = Websocket(self.socket)
        self.buffer = b""
        self.format = Format()
        self.streams = {}
        self.size_notices, self.pointer_absolute, self.ext_key = [], None, False
        try:
            self.handshake(version, password, shared, expect_auth)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read(self, n):
        while len(self.buffer) < n:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionError:
                data = b""
            if not data:
                raise Gone()
            self.buffer += data
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def unpack(self, layout):
        return struct.unpack(layout, self.read(struct.calcsize(layout)))

    # --------------------------------------------------------------------------- the handshake

    def handshake(self, version, password, shared, expect_auth):
        tap.check(self.read(12) == b"RFB 003.008\n", "version")
        major, minor = map(int, version.split("."))
        self.send(b"RFB %03d.%03d\n" % (major, minor))
        if minor < 7:
            auth, = self.unpack(">I")
        else:
            types = self.read(self.read(1)[0])
            tap.check(len(types) == 1, f"security types {types}")
            auth = types[0]
            self.send(types)
        if expect_auth is not None:
            tap.check(auth == expect_auth, f"security type {auth}")
        if auth == 2:
            self.send(response(password, self.read(16)))
        if auth == 2 or minor >= 8:
            result, = self.unpack(">I")
            if result:
                if minor >= 8:
                    self.read(self.unpack(">I")[0])
                raise PermissionError("refused")
        self.send(bytes([shared]))
        self.width, self.height = self.unpack(">HH")
        tap.check(self.read(16) == self.format.wire(), "pixel format")
        self.name = self.read(self.unpack(">I")[0]).decode()
        self.picture = [[None] * self.width for _ in range(self.height)]

    # --------------------------------------------------------------------------------- messages

    def set_format(self, pixel_format):
        self.format = pixel_format
        self.send(b"\0\0\0\0" + pixel_format.wire())

    def set_encodings(self, *encodings):
        self.send(struct.pack(f">BBH{len(encodings)}i", 2, 0, len(encodings), *encodings))

    def request(self, incremental=False, area=None):
        x, y, width, height = area or (0, 0, self.width, self.height)
        self.send(struct.pack(">BBHHHH", 3, incremental, x, y, width, height))

    def key(self, keysym, down):
        self.send(struct.pack(">BBHI", 4, down, 0, keysym))

    def ext_key_event(self, keysym, code, down):
        self.send(struct.pack(">BBHII", 255, 0, down, keysym, code))

    def pointer(self, x, y, buttons=0):
        self.send(struct.pack(">BBHH", 5, buttons, x, y))

    # ---------------------------------------------------------------------------------- updates

    def update(self):
        """Read messages up to an update, put it into the picture, and return its rectangles."""
        while True:
            kind, = self.read(1)
            if kind == 0:
                break
            tap.check(kind == 1, f"message {kind}")
            first, n = self.unpack(">xHH")
            for i in range(first, first + n):
                self.format.colours[i] = tuple(c >> 8 for c in self.unpack(">HHH"))
        rects = []
        for _ in range(self.unpack(">xH")[0]):
            rect = self.unpack(">HHHHi")
            rects.append(rect)
            self.rectangle(*rect)
        return rects

    def rectangle(self, x, y, width, height, encoding):
        if encoding == EXTENDED_SIZE:
            n, = self.unpack(">B3x")
            screens = [self.unpack(">IHHHHI") for _ in range(n)]
            tap.check(screens == [(0, 0, 0, width, height, 0)], str(screens))
            self.size_notices.append((x, y))
            self.resize(width, height)
        elif encoding == DESKTOP_SIZE:
            self.resize(width, height)
        elif encoding == POINTER_TYPE:
            self.pointer_absolute = bool(x)
        elif encoding == EXT_KEY:
            self.ext_key = True
        else:
            tap.check(x + width <= self.width and y + height <= self.height,
                      f"{x} {y} {width} {height} in {self.width} {self.height}")
            pixels = {RAW: self.raw, TIGHT: self.tight, ZRLE: self.zrle}[encoding](width, height)
            for row in range(height):
                self.picture[y + row][x:x + width] = pixels[row * width:(row + 1) * width]

    def resize(self, width, height):
        if (width, height) != (self.width, self.height):
            self.width, self.height = width, height
            self.picture = [[None] * width for _ in range(height)]

    def whole(self):
        """Ask for everything; returns the picture when it is complete."""
        self.request()
        while True:
            self.update()
            if all(None not in row for row in self.picture):
                return self.picture
            self.request(incremental=True)

    def inflate(self, stream, data):
        if stream not in self.streams:
            self.streams[stream] = zlib.decompressobj()
        return self.streams[stream].decompress(data)

    def raw(self, width, height):
        return self.format.pixels(self.read(width * height * self.format.bytes))

    def tight_pixel(self, data):
        return tuple(data) if self.format.tight_short else self.format.rgb(self.format.number(data))

    def tight_data(self, stream, size):
        if size < 12:
            return self.read(size)
        length = 0
        for i in range(3):
            byte, = self.read(1)
            length |= (byte & (0x7f if i < 2 else 0xff)) << 7 * i
            if not byte & 0x80:
                break
        data = self.inflate(stream, self.read(length))
        tap.check(len(data) == size, f"{len(data)} bytes, not {size}")
        return data

    def tight(self, width, height):
        control, = self.read(1)
        size = 3 if self.format.tight_short else self.format.bytes
        if control == 0x80:
            return [self.tight_pixel(self.read(size))] * (width * height)
        tap.check(control < 0x80 and not control & 15, f"control {control:x}")
        if not control & 0x40:
            data = self.tight_data(control >> 4, width * height * size)
            return [self.tight_pixel(data[i:i + size]) for i in range(0, len(data), size)]
        tap.check(self.read(1) == b"\1", "a palette")
        colours = [self.tight_pixel(self.read(size)) for _ in range(self.read(1)[0] + 1)]
        bits = 1 if len(colours) == 2 else 8
        pitch = (width * bits + 7) // 8
        data = self.tight_data(control >> 4 & 3, pitch * height)
        return self.indexed(data, colours, bits, pitch, width, height)

    @staticmethod
    def indexed(data, colours, bits, pitch, width, height):
        return [colours[data[y * pitch + x * bits // 8] >> (8 - bits - x * bits % 8) &
                        ((1 << bits) - 1)] for y in range(height) for x in range(width)]

    def zrle(self, width, height):
        data = self.inflate("zrle", self.read(self.unpack(">I")[0]))
        at = 0
        picture = [None] * (width * height)

        def pixel():
            nonlocal at
            size = 3 if self.format.zrle_low or self.format.zrle_high else self.format.bytes
            value = self.format.number(data[at:at + size])
            at += size
            return self.format.rgb(value << 8 if self.format.zrle_high else value)

        for y in range(0, height, 64):
            for x in range(0, width, 64):
                w, h = min(64, width - x), min(64, height - y)
                kind = data[at]
                at += 1
                tap.check(kind <= 16, f"tile {kind}")
                if kind == 0:
                    tile = [pixel() for _ in range(w * h)]
                else:
                    colours = [pixel() for _ in range(kind)]
                    tile = colours * (w * h)
                    if kind > 1:
                        bits = 1 if kind == 2 else 2 if kind <= 4 else 4
                        pitch = (w * bits + 7) // 8
                        tile = self.indexed(data[at:], colours, bits, pitch, w, h)
                        at += pitch * h
                for row in range(h):
                    start = (y + row) * width + x
                    picture[start:start + w] = tile[row * w:(row + 1) * w]
        tap.check(at == len(data), "bytes too many")
        return picture


def response(password, challenge):
    """The answer to the challenge, by the program of the second argument."""
    return bytes.fromhex(subprocess.run([RESPONSE, password or "", challenge.hex()],
                                        stdout=subprocess.PIPE, check=True, text=True).stdout)
