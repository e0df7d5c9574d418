#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layers of src/layers.txt.

layers.py farm SRC BUILD   make BUILD/inc/<layer>/ of links to the folders
                           that the layer may include
layers.py check SRC        every #include "folder/x.h" in src/ must be
                           permitted; no "../"; prints each offence
"""
import os
import re
import sys


def table(src):
    rows = {}
    for line in open(os.path.join(src, 'src/layers.txt'), encoding='utf-8'):
        line = line.split('#')[0].strip()
        if line:
            name, _, below = line.partition(':')
            for b in below.split():
                if b not in rows:
                    sys.exit(f'layers.txt: {name} names {b}, '
                             'which does not stand above it')
            rows[name.strip()] = below.split()
    return rows


def farm(src, build):
    for layer, below in table(src).items():
        top = os.path.join(build, 'inc', layer.replace('/', '_'))
        for name in below + [layer]:
            link = os.path.join(top, name)
            os.makedirs(os.path.dirname(link), exist_ok=True)
            want = os.path.join(src, 'src', name)
            if os.path.islink(link) and os.readlink(link) == want:
                continue
            if os.path.lexists(link):
                os.unlink(link)
            os.symlink(want, link)
        for dirpath, dirs, _ in os.walk(top):
            for d in dirs:
                p = os.path.join(dirpath, d)
                if os.path.islink(p) and \
                        os.path.relpath(p, top) not in below + [layer]:
                    os.unlink(p)


def check(src):
    rows = table(src)
    bad = 0
    for dirpath, _, names in os.walk(os.path.join(src, 'src')):
        folder = os.path.relpath(dirpath, os.path.join(src, 'src'))
        for name in names:
            if not name.endswith(('.c', '.h')) or folder == '.':
                continue
            if folder not in rows:
                print(f'src/{folder}/{name}: folder not in layers.txt')
                bad += 1
                continue
            path = os.path.join(dirpath, name)
            for n, text in enumerate(open(path, encoding='utf-8'), 1):
                m = re.match(r'\s*#\s*include\s+"([^"]+)"', text)
                if not m:
                    continue
                inc = m.group(1)
                up = os.path.dirname(inc)
                if '..' in inc or (up != '' and up != folder
                                   and up not in rows[folder]):
                    print(f'src/{folder}/{name}:{n}: {folder} must not '
                          f'include {inc}')
                    bad += 1
    return bad


if __name__ == '__main__':
    if sys.argv[1] == 'farm':
        farm(sys.argv[2], sys.argv[3])
    elif sys.argv[1] == 'check':
        sys.exit(1 if check(sys.argv[2]) else 0)
    else:
        sys.exit(__doc__)
