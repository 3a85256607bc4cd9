#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a disk or CD image of the demo guest.

usage: mkimage.py disk INPUT OUTPUT
       mkimage.py cd INPUT OUTPUT XORRISO
"""
import os
import subprocess
import sys
import tempfile

DISK_SIZE = 1 << 20
CD_SECTOR = 2048


def main():
    kind, source, target = sys.argv[1:4]
    with open(source, 'rb') as f:
        demo = f.read()
    if kind == 'disk':
        with open(target, 'wb') as f:
            f.write(demo.ljust(DISK_SIZE, b'\0'))
        return
    with tempfile.TemporaryDirectory() as folder:
        # No emulation: firmware loads the whole file, as -boot-load-size asks.
        with open(os.path.join(folder, 'demo.bin'), 'wb') as f:
            f.write(demo.ljust(-(-len(demo) // CD_SECTOR) * CD_SECTOR, b'\0'))
        run = subprocess.run(
            [sys.argv[4], '-as', 'mkisofs', '-quiet', '-V', 'LIGNITE_DEMO', '-b', 'demo.bin',
             '-no-emul-boot', '-boot-load-size', 'full', '-o', target, folder],
            env={**os.environ, 'SOURCE_DATE_EPOCH': '946684800'},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if run.returncode:
            sys.exit(run.stdout)


main()
