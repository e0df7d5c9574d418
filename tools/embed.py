#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""embed.py NAME IN OUT: writes the C source OUT, in which the text file IN is
the terminated string NAME."""
import sys

name, source, out = sys.argv[1:]
with open(source, 'rb') as f:
    data = f.read() + b'\0'
if b'\0' in data[:-1]:
    sys.exit(f'{source}: a NUL in it')
with open(out, 'w', encoding='ascii') as f:
    f.write(f'extern const char {name}[];\nconst char {name}[] = {{\n')
    for i in range(0, len(data), 16):
        f.write(' '.join(f'{b:d},' for b in data[i:i + 16]) + '\n')
    f.write('};\n')
