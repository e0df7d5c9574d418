#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""po_names.py PO... - every "{name}" and every printf conversion of a text
stands in its translation too, conversions in the same order or numbered
("%2$s").  msgfmt --check looks only at texts that are marked c-format, and
knows nothing of "{name}" (src/html/page.h).  Prints what differs."""
import re
import sys

STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
ENTRY = re.compile(r'(msgid|msgid_plural|msgstr|msgstr\[\d+\])\s+"')
# No flag " ": "5 % de" is no conversion.
PRINTF = re.compile(r"%(?:(\d+)\$)?[-+#0']*(?:\*|\d+)?(?:\.(?:\*|\d+)?)?"
                    r'(hh|h|ll|l|z|j|t|L)?([diouxXeEfFgGcspm%])')


def entries(path):
    """(line, {keyword: text}) of each entry that is not obsolete."""
    now, key, at = {}, None, 0
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            m = ENTRY.match(line)
            if m:
                if m.group(1) == 'msgid':
                    if now:
                        yield at, now
                    now, at = {}, number
                key = m.group(1)
                now[key] = ''
            elif not line.startswith('"'):
                key = None
            if key:
                now[key] += ''.join(STRING.findall(line))
    if now:
        yield at, now


def names(text):
    return sorted(re.findall(r'\{[a-z0-9_/]+\}', text))


def conversions(text):
    """By their place among the arguments."""
    found, place = {}, 0
    for number, size, kind in PRINTF.findall(text):
        if kind == '%':
            continue
        place += 1
        found.setdefault(int(number or place), set()).add(size + kind)
    return found


def main():
    for path in sys.argv[1:]:
        for line, e in entries(path):
            want = e.get('msgid_plural', e['msgid'])
            if not want:
                continue  # the head
            for key, text in e.items():
                if not key.startswith('msgstr') or not text:
                    continue
                for what, of in (('{name}', names), ('%', conversions)):
                    if of(want) != of(text):
                        print(f'{path}:{line}: {what} differs: '
                              f'{of(want)}, {of(text)}: {want[:60]}')


main()
