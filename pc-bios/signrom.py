#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Finish an option ROM: pad it, and fill in its size and its checksums.

usage: signrom.py INPUT OUTPUT
"""
import sys

BLOCK = 512
SIZE_OFFSET = 2
PNP_POINTER = 0x1a
PNP_LENGTH = 5
PNP_CHECKSUM = 9


def main():
    source, target = sys.argv[1:]
    with open(source, 'rb') as f:
        rom = bytearray(f.read())
    if rom[:2] != b'\x55\xaa':
        sys.exit(f'{source}: no option ROM: it does not start with 55 AA')
    rom += bytes(1)  # the checksum's own place
    rom += bytes(-len(rom) % BLOCK)
    if len(rom) > 255 * BLOCK:
        sys.exit(f'{source}: too large for an option ROM')
    rom[SIZE_OFFSET] = len(rom) // BLOCK

    pnp = int.from_bytes(rom[PNP_POINTER:PNP_POINTER + 2], 'little')
    if rom[pnp:pnp + 4] != b'$PnP':
        sys.exit(f'{source}: the PnP header is missing')
    header = rom[pnp:pnp + 16 * rom[pnp + PNP_LENGTH]]
    rom[pnp + PNP_CHECKSUM] = (rom[pnp + PNP_CHECKSUM] - sum(header)) & 0xff
    rom[-1] = -sum(rom[:-1]) & 0xff
    with open(target, 'wb') as f:
        f.write(rom)


main()
