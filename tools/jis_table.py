#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""jis_table.py OUT.c - JIS X 0208 with what Windows adds (CP932: NEC's row 13,
NEC's copy of IBM's rows in 89-92, IBM's rows in 115-119) as one table of rows
and cells, from Python's codec: for CP932, EUC-JP and ISO-2022-JP alike."""
import sys

rows = []
for row in range(1, 121):
    cells = []
    for cell in range(1, 95):
        lead = (row - 1) // 2
        lead += 0x81 if lead < 31 else 0xc1
        if row % 2:
            trail = cell + (0x3f if cell < 64 else 0x40)
        else:
            trail = cell + 0x9e
        try:
            text = bytes((lead, trail)).decode('cp932')
            cells.append(ord(text) if len(text) == 1 else 0)
        except UnicodeDecodeError:
            cells.append(0)
    rows.append(cells)
with open(sys.argv[1], 'w', encoding='ascii') as f:
    f.write('/* Made by tools/jis_table.py. */\n'
            '#include "inspect/encoding.h"\n\n'
            'const uint16_t hb_jis[HB_JIS_ROWS][HB_JIS_CELLS] = {\n')
    for cells in rows:
        f.write('    {' + ', '.join(str(c) for c in cells) + '},\n')
    f.write('};\n')
