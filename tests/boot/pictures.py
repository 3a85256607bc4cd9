# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the pictures that the monitor's screendump writes."""
import re
import struct
import zlib

from guest import check


def read_png(path):
    """Width, height and the rows of an 8-bit RGB picture, by the PNG specification."""
    with open(path, "rb") as file:
        data = file.read()
    check(data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG")
    at, body, size = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        piece = data[at + 8:at + 8 + length]
        check(struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0] ==
              zlib.crc32(kind + piece), f"{path}: bad sum of {kind}")
        if kind == b"IHDR":
            size = struct.unpack(">IIBB", piece[:10])
        elif kind == b"IDAT":
            body += piece
        at += 12 + length
    check(size[2:] == (8, 2), f"not 8-bit RGB: {size}")
    width, height = size[:2]
    raw = zlib.decompress(body)
    stride = 3 * width
    rows, previous = [], bytes(stride)
    for y in range(height):
        kind = raw[y * (stride + 1)]
        line = bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride if kind else 0):
            a = line[i - 3] if i >= 3 else 0
            b = previous[i]
            c = previous[i - 3] if i >= 3 else 0
            if kind == 1:
                line[i] = (line[i] + a) & 255
            elif kind == 2:
                line[i] = (line[i] + b) & 255
            elif kind == 3:
                line[i] = (line[i] + (a + b) // 2) & 255
            elif kind == 4:
                p = a + b - c
                best = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))
                line[i] = (line[i] + best[2]) & 255
        rows.append(bytes(line))
        previous = line
    return width, height, rows


def read_ppm(path):
    """The same of a binary PPM."""
    with open(path, "rb") as file:
        data = file.read()
    head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
    check(head, "not a PPM")
    width, height = int(head[1]), int(head[2])
    pixels = data[head.end():]
    check(len(pixels) == 3 * width * height, "a PPM of another size")
    return width, height, [pixels[3 * width * y:3 * width * (y + 1)] for y in range(height)]


def dump(guest, path):
    """The guest's screen, by the monitor, as a PNG and as a PPM, which must be the same."""
    guest.monitor("stop")
    guest.monitor(f"screendump -f png {path}.png")
    guest.monitor(f"screendump {path}.ppm")
    guest.monitor("cont")
    picture = read_png(path + ".png")
    check(read_ppm(path + ".ppm") == picture, f"{path}: the PNG and the PPM differ")
    return picture
