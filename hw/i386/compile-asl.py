#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compile an ASL source with the C preprocessor and iasl; write its AML as a C array.

usage: compile-asl.py IASL SOURCE OUTPUT.h NAME -- CC...
"""
import subprocess
import sys
from pathlib import Path


def main():
    iasl, source, output, name = sys.argv[1:5]
    compiler = sys.argv[6:]
    output = Path(output)
    expanded = output.with_suffix('.i.asl')
    aml = output.with_suffix('.aml')
    subprocess.run([*compiler, '-E', '-P', '-undef', '-x', 'c', source, '-o', str(expanded)],
                   check=True)
    run = subprocess.run([iasl, '-we', '-vs', '-p', str(aml.with_suffix('')), str(expanded)],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if run.returncode:
        sys.exit(run.stdout)
    data = aml.read_bytes()
    rows = [', '.join(f'0x{b:02x}' for b in data[i:i + 12]) for i in range(0, len(data), 12)]
    output.write_text(f'static const unsigned char {name}[] = {{\n    ' +
                      ',\n    '.join(rows) + ',\n};\n')


main()
