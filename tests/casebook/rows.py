#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every row of the requirements that case 2 must meet stands in the case
book, in both languages, with the modality and the duty of the source, and is
named by a control or a step.  Reads ../shared/casebook/requirements.csv."""
import csv
import os
import re
import sys

ROOT = os.environ.get('HB_SOURCE_ROOT', '.')
SOURCE = os.path.join(ROOT, '..', 'shared', 'casebook', 'requirements.csv')
BOOK = os.path.join(ROOT, 'casebook')
CASE = os.path.join(BOOK, '02-defacement')
GENERAL = ['G0-1', 'G0-2']


def text(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def rows_of(path):
    """id -> the lines of that row (our files are written in one shape)."""
    out, name = {}, None
    for line in text(path).split('\n'):
        m = re.match(r'  - id: (\S+)$', line)
        if m:
            name = m.group(1)
            out[name] = ''
        elif name is not None and line.startswith('    '):
            out[name] += line + '\n'
    return out


def named():
    ids = set()
    for name in ('controls.yaml', 'playbook.yaml'):
        for m in re.finditer(r'rows: \[([^\]]*)\]',
                             text(os.path.join(CASE, name))):
            ids.update(x.strip() for x in m.group(1).split(','))
    return ids


def problems(row, have, refs):
    i = row['id']
    if i not in have:
        return ['is not in the case book']
    bad = []
    body = have[i]
    need = re.search(r'need:\n      en: (.+)\n(?:       +.+\n)*      ja: (.+)',
                     body)
    if not need:
        bad.append('does not stand in both languages')
    elif not re.search('[\u3040-\u30ff\u4e00-\u9fff]', need.group(2)):
        bad.append('has a Japanese text without Japanese')
    if ('automatic: true' in body) != bool(row['software_automatic'].strip()):
        bad.append('differs in "automatic" from the source')
    if ('modality: consider' in body) != row['modality'].startswith('consider'):
        bad.append('differs in modality from the source')
    if i not in refs:
        bad.append('is named by no control and no step')
    return bad


def main():
    if not os.path.exists(SOURCE):
        print('1..0 # skipped: no ' + SOURCE)
        return 0
    with open(SOURCE, encoding='utf-8-sig', newline='') as f:
        wanted = [r for r in csv.DictReader(f)
                  if r['id'] in GENERAL or r['id'].startswith('C02-')]
    have = rows_of(os.path.join(BOOK, 'general.yaml'))
    have.update(rows_of(os.path.join(CASE, 'case.yaml')))
    refs = named()
    print(f'1..{len(wanted) + 1}')
    bad = 0
    ok = len(wanted) >= 13
    print(f'{"ok" if ok else "not ok"} 1 - the source has its rows')
    bad += not ok
    for n, row in enumerate(wanted, 2):
        found = problems(row, have, refs)
        bad += bool(found)
        print(f'{"not ok" if found else "ok"} {n} - {row["id"]}')
        for p in found:
            print(f'# {row["id"]} {p}')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
