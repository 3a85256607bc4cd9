#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every mode of the video BIOS shows what tests/boot/modes.S drew: each pixel against a picture that
is worked out here. Then mode 12h is filled pixel by pixel, with queued writes and without.

usage: modes.py LIGNITE BUILD LIGNITE-OPTIONS...
"""
import array
import re
import struct
import sys

from guest import Guest, build_file, check, need_kvm, run
from pictures import read_ppm

DISK = build_file("tests", "boot", "modes.img") if len(sys.argv) > 2 else None
CHUNK = 64
FACTOR = 0x9E3779B1
FILL_WRITES = 8 * 38400
FILL_RATIO = 150


def level(six):
    """A part of a colour of the DAC: the lowest of its bits is there three times, as in QEMU."""
    return six << 2 | (six & 1) * 3


COLOURS = [bytes(level(v) for v in (n & 63, 3 * n & 63, 63 - (n >> 2))) for n in range(256)]


def chunks(first, count):
    return b"".join(struct.pack("<I", n * FACTOR & 0xFFFFFFFF) * (CHUNK // 4)
                    for n in range(first, first + count))


def twice(row):
    """Each pixel of a row two times."""
    wide = bytearray(2 * len(row))
    for part in range(3):
        wide[part::6] = wide[part + 3::6] = row[part::3]
    return bytes(wide)


def doubled(rows):
    return [row for row in rows for _ in range(2)]


# ------------------------------------------------------------------------------ modes of the BIOS

def text(columns, glyphs, underline=None):
    """Cells of nine dots; codes C0 to DF repeat their eighth dot."""
    cells = [n * 0x107 & 0xFFFF for n in range(columns * 25)]
    cache = {}

    def dots(cell, line):
        if (cell, line) not in cache:
            char, attribute = cell & 255, cell >> 8
            bits = glyphs[char][line] << 1
            if 0xC0 <= char <= 0xDF:
                bits |= bits >> 1 & 1
            if line == underline and attribute & 7 == 1:
                bits = 0x1FF
            cache[cell, line] = b"".join(
                COLOURS[attribute & 15 if bits & 0x100 >> dot else attribute >> 4] for dot in range(9))
        return cache[cell, line]

    rows = []
    for y in range(25 * len(glyphs[0])):
        row, line = divmod(y, len(glyphs[0]))
        rows.append(b"".join(dots(cell, line) for cell in cells[row * columns:(row + 1) * columns]))
    return rows


def cga(bits):
    """Two banks of lines, 80 bytes each."""
    memory = chunks(0, 16384 // CHUNK)
    pixels = [b"".join(COLOURS[byte >> shift & (1 << bits) - 1] for shift in range(8 - bits, -1, -bits))
              for byte in range(256)]
    rows = []
    for y in range(200):
        at = (y & 1) * 0x2000 + (y >> 1) * 80
        rows.append(b"".join(pixels[byte] for byte in memory[at:at + 80]))
    return rows


def planar(width, height, enabled=15):
    planes = [chunks(plane << 16, 38400 // CHUNK) for plane in range(4)]
    cache = {}

    def eight(values):
        if values not in cache:
            cache[values] = b"".join(
                COLOURS[sum((values[p] >> bit & 1) << p for p in range(4)) & enabled]
                for bit in range(7, -1, -1))
        return cache[values]

    pitch = width // 8
    return [b"".join(eight(values) for values in zip(*(p[y * pitch:(y + 1) * pitch] for p in planes)))
            for y in range(height)]


def indexed(memory, width, pitch, height):
    tables = [bytes(colour[part] for colour in COLOURS) for part in range(3)]
    rows = []
    for y in range(height):
        line = memory[y * pitch:y * pitch + width]
        row = bytearray(3 * width)
        for part in range(3):
            row[part::3] = line.translate(tables[part])
        rows.append(bytes(row))
    return rows


def bios_picture(mode, fonts):
    if mode in (0, 1):
        return [twice(row) for row in text(40, fonts[16])]
    if mode in (2, 3):
        return text(80, fonts[16])
    if mode == 7:
        return text(80, fonts[16], underline=15)
    if mode in (4, 5):
        return doubled(twice(row) for row in cga(2))
    if mode == 6:
        return doubled(cga(1))
    if mode == 0xD:
        return doubled(twice(row) for row in planar(320, 200))
    if mode == 0xE:
        return doubled(planar(640, 200))
    if mode == 0xF:
        return planar(640, 350, enabled=1)
    if mode == 0x10:
        return planar(640, 350)
    if mode in (0x11, 0x12):
        return planar(640, 480)
    return doubled(twice(row) for row in indexed(chunks(0, 1000), 320, 320, 200))


# ------------------------------------------------------------------------------------ VESA modes

HIGH_COLOURS = {
    15: [bytes((v >> s & 31) << 3 | (v >> s & 31) >> 2 for v in range(65536)) for s in (10, 5, 0)],
    16: [bytes((v >> 11) << 3 | v >> 13 for v in range(65536)),
         bytes((v >> 5 & 63) << 2 | (v >> 5 & 63) >> 4 for v in range(65536)),
         bytes((v & 31) << 3 | (v & 31) >> 2 for v in range(65536))],
}


def vesa_picture(width, height, bits, pitch):
    memory = chunks(0, (pitch * height + CHUNK - 1) // CHUNK)
    if bits == 8:
        return indexed(memory, width, pitch, height)
    rows = []
    for y in range(height):
        row = bytearray(3 * width)
        if bits >= 24:
            step = bits // 8
            line = memory[y * pitch:y * pitch + step * width]
            row[0::3], row[1::3], row[2::3] = line[2::step], line[1::step], line[0::step]
        else:
            line = array.array("H", memory[y * pitch:y * pitch + 2 * width])
            for part in range(3):
                row[part::3] = bytes(map(HIGH_COLOURS[bits][part].__getitem__, line))
        rows.append(bytes(row))
    return rows


def blits_picture():
    """What the blitter leaves of the picture of mode 101."""
    memory = bytearray(chunks(0, 640 * 480 // CHUNK))
    for y in range(20, 70):
        memory[640 * y + 30:640 * y + 130] = bytes([0x11]) * 100
    for y in range(49, -1, -1):
        for x in range(99, -1, -1):
            memory[640 * (25 + y) + 35 + x] ^= memory[640 * (20 + y) + 30 + x]
    for n in range(40):
        for y in range(16):
            word = 0x1234 * y + n & 0xFFFF
            bits = (word & 255) << 8 | word >> 8
            for x in range(16):
                memory[640 * (100 + y) + 16 * n + x] = 0x3F if bits & 0x8000 >> x else 0x22
    return indexed(bytes(memory), 640, 640, 480)


# What the BIOS must offer, by VESA's numbers: mode: width, height, bits. That of `-vga std` has more.
VESA_MODES = {
    0x101: (640, 480, 8), 0x110: (640, 480, 15), 0x111: (640, 480, 16), 0x112: (640, 480, 24),
    0x103: (800, 600, 8), 0x113: (800, 600, 15), 0x114: (800, 600, 16), 0x115: (800, 600, 24),
    0x105: (1024, 768, 8), 0x116: (1024, 768, 15), 0x117: (1024, 768, 16), 0x118: (1024, 768, 24),
    0x107: (1280, 1024, 8), 0x119: (1280, 1024, 15), 0x11A: (1280, 1024, 16),
}
BIOS_MODES = [0, 1, 2, 3, 7, 4, 5, 6, 0xD, 0xE, 0xF, 0x10, 0x11, 0x12, 0x13]


# ---------------------------------------------------------------------------------- the test

def read_fonts(lines):
    fonts = {}
    for line in lines:
        found = re.fullmatch(r"font ([0-9a-f]{4}) ([0-9a-f]+)", line)
        if found:
            height, data = int(found[1], 16), bytes.fromhex(found[2])
            check(len(data) == 256 * height, f"the font of {height} lines is short")
            fonts[height] = [data[height * n:height * (n + 1)] for n in range(256)]
    return fonts


def expected(fields, fonts):
    """The picture for the line that the guest said before it was ready."""
    if fields == "blits":
        return blits_picture()
    numbers = [int(field, 16) for field in fields.split()]
    if len(numbers) == 1:
        return bios_picture(numbers[0], fonts)
    mode, _, width, height, bits, pitch, _, _ = numbers
    check(VESA_MODES.get(mode, (width, height, bits)) == (width, height, bits),
          f"mode {mode:x} is {width}x{height}x{bits}")
    check(pitch >= width * ((bits + 7) // 8), f"mode {mode:x} has a pitch of {pitch}")
    return vesa_picture(width, height, bits, pitch)


def differences(picture, rows):
    """Of a screendump and expected rows: pixels that differ, and the first of them as text."""
    width, height, got = picture
    if (width, height) != (len(rows[0]) // 3, len(rows)):
        return width * height, f"it is {width} x {height}, not {len(rows[0]) // 3} x {len(rows)}"
    count, first = 0, None
    for y, (line, want) in enumerate(zip(got, rows)):
        if line == want:
            continue
        for x in range(width):
            if line[3 * x:3 * x + 3] != want[3 * x:3 * x + 3]:
                count += 1
                first = first or (f"at {x},{y} is {line[3 * x:3 * x + 3].hex()}, "
                                  f"not {want[3 * x:3 * x + 3].hex()}")
    return count, first


def said(guest, times, word, *others):
    """The whole lines that the guest said, once `word` is there so often, or one of the others."""
    lines = guest.serial().split("\n")[:-1]
    return lines if lines.count(word) >= times or set(lines) & set(others) else None


def each_mode(guest, see):
    """Call see(line, fonts) for each picture that the guest shows, until it would fill."""
    shown = 0
    while True:
        lines = guest.wait("a picture", lambda: said(guest, shown + 1, "ready", "fill", "failed"))
        check("failed" not in lines, f"mode {lines[-2]} can't be set")
        if "fill" in lines:
            return
        shown = lines.count("ready")
        see(lines[-2], read_fonts(lines))
        guest.monitor("sendkey spc")


def fill(guest, times):
    """Have it fill the screen; how many exits that took."""
    before = exits(guest)
    guest.monitor("sendkey spc")
    guest.wait("a full screen", lambda: said(guest, times, "filled"))
    return exits(guest) - before


def exits(guest):
    return int(re.search(r"exits: (\d+)", guest.monitor("info accel"))[1])


def test_fill(guest):
    queued = fill(guest, 1)
    path = guest.path("fill")
    guest.monitor(f"screendump {path}")
    picture = read_ppm(path)
    check(picture[:2] == (640, 480), f"mode 12h has {picture[:2]}")
    check(set(picture[2]) == {picture[2][0][:3] * 640}, "the screen is not of one colour")
    guest.monitor("coalesce all both off")
    each = fill(guest, 2)
    print(f"mode 12h, pixel by pixel: {queued} exits, {each} with nothing queued, "
          f"1/{each / queued:.1f}")
    check(each > FILL_WRITES, f"{each} exits for {FILL_WRITES} writes")
    check(each >= FILL_RATIO * queued, f"{queued} exits are more than 1/{FILL_RATIO} of {each}")


def test():
    seen = []
    path = None

    def see(line, fonts):
        guest.monitor(f"screendump {path}")
        count, first = differences(read_ppm(path), expected(line, fonts))
        check(not count, f"mode {line}: {count} pixels differ; {first}")
        seen.append(line.split()[0])

    with Guest("-drive", f"format=raw,snapshot=on,file={DISK}", "-boot", "c", *sys.argv[3:]) as guest:
        path = guest.path("picture")
        each_mode(guest, see)
        check(seen[:len(BIOS_MODES)] == [f"{mode:04x}" for mode in BIOS_MODES], f"seen: {seen}")
        check(set(seen) >= {f"{mode:04x}" for mode in VESA_MODES}, f"seen: {seen}")
        check("std" in sys.argv or seen[-1] == "blits", f"seen: {seen}")
        test_fill(guest)
        guest.monitor("quit")
        guest.wait_end()


if __name__ == "__main__":
    if not any("x86emu" in arg for arg in sys.argv):
        need_kvm()
    run(test)
