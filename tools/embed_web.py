#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""embed_web.py WEB OUT.c - the files of web/ as C, for src/html/page.h.

Bytes stand as they are; the hash in a public name is of SHA-256, so that a
browser may keep a file for ever."""
import hashlib
import os
import sys


def main():
    top, out = sys.argv[1:]
    files = sorted(
        os.path.relpath(os.path.join(d, f), top)
        for d, _, names in os.walk(top) for f in names
        if f.endswith(('.html', '.css', '.js', '.svg')))
    text = ['/* Made by tools/embed_web.py. */', '#include "html/page.h"', '']
    rows = []
    for i, name in enumerate(files):
        with open(os.path.join(top, name), 'rb') as f:
            data = f.read()
        text.append('static const unsigned char f%d[] = {' % i)
        for k in range(0, len(data), 16):
            text.append('    ' + ''.join('%d,' % c for c in data[k:k + 16]))
        text += ['    0};', '']
        rows.append('    {"%s", f%d, %d, "%s"},' % (
            name, i, len(data), hashlib.sha256(data).hexdigest()[:16]))
    text += ['const struct hb_web_file hb_web_files[] = {', *rows,
             '    {NULL, NULL, 0, NULL},', '};', '']
    with open(out, 'w', encoding='ascii') as f:
        f.write('\n'.join(text))


main()
