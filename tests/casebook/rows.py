#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every row of the requirements (../shared/casebook/requirements.csv) stands
in the case book exactly once, in both languages, with the modality and the
duty of the source, is named by what is to meet it, and no row that the machine
must meet calls itself met by asking.  The program itself says how a row
stands (hinoban case table), so this test and the table cannot differ."""
import csv
import json
import os
import re
import subprocess
import sys

ROOT = os.environ.get('HB_SOURCE_ROOT', '.')
BUILD = os.environ.get('HB_BUILD_ROOT', 'build-test')
SOURCE = os.path.join(ROOT, '..', 'shared', 'casebook', 'requirements.csv')
JAPANESE = re.compile('[\u3040-\u30ff\u4e00-\u9fff]')
COUNT = 0
BAD = 0


def ok(good, name, *why):
    global COUNT, BAD
    COUNT += 1
    BAD += not good
    print(f'{"ok" if good else "not ok"} {COUNT} - {name}')
    for w in why if not good else ():
        print(f'# {w}')
    return good


def program(*args, **env):
    return subprocess.run(
        [os.path.join(BUILD, 'src', 'hinoban'), *args], text=True,
        capture_output=True, check=False,
        env=dict(os.environ, HINOBAN_DATADIR=ROOT, **env))


def filled(text):
    return text.strip() not in ('', '—')


def table(lang):
    """The table as it stands in doc/, and as the program writes it now."""
    name = 'acceptance.md' if lang == 'en' else f'acceptance.{lang}.md'
    path = os.path.join(ROOT, 'doc', name)
    now = program('case', 'table', LC_ALL='C.UTF-8',
                  LANGUAGE='' if lang == 'en' else lang,
                  HINOBAN_LOCALEDIR=os.path.join(BUILD, 'po')).stdout
    with open(path, encoding='utf-8') as f:
        head, _, rest = f.read().partition('\n\n| ')
    if os.environ.get('HB_UPDATE'):
        with open(path, 'w', encoding='utf-8') as f:
            f.write(head + '\n\n' + now)
    return '| ' + rest, now


def problems(want, have):
    bad = []
    need = have['need']
    if not need['en'].strip() or not JAPANESE.search(need['ja']):
        bad.append('does not stand in both languages')
    if have['must_be_automatic'] != filled(want['software_automatic']):
        bad.append('differs in "automatic" from the source')
    if have['consider'] != want['modality'].startswith('consider'):
        bad.append('differs in modality from the source')
    if not have['named']:
        bad.append('is named by no control and no step')
    if have['must_be_automatic'] and have['met'] and not have['automatic'] \
            and not have['consider']:
        bad.append('must be automatic and calls itself met by asking')
    return bad


def main():
    if not os.path.exists(SOURCE):
        print('1..0 # skipped: no ' + SOURCE)
        return 0
    with open(SOURCE, encoding='utf-8-sig', newline='') as f:
        wanted = {r['id']: r for r in csv.DictReader(f)}
    r = program('--json', 'case', 'table')
    have = {}
    if ok(r.returncode == 0, 'the program writes its table', r.stderr):
        rows = json.loads(r.stdout)
        have = {row['id']: row for row in rows}
        ok(len(have) == len(rows), 'no row stands twice')
    ok(len(wanted) == 151, f'the source has its rows ({len(wanted)})')
    foreign = sorted(set(have) - set(wanted))
    ok(not foreign, 'no row is of our own making', foreign)
    for name, row in wanted.items():
        found = problems(row, have[name]) if name in have \
            else ['is not in the case book']
        ok(not found, name, *found)
    for lang in ('en', 'ja'):
        stands, now = table(lang)
        ok(stands == now, f'doc/ has the table of today ({lang})',
           'HB_UPDATE=1 tests/casebook/rows.py writes it anew')
        if lang == 'en':
            line = next((z for z in now.split('\n') if '| C12-R3 |' in z), '')
            ok('step restore-plan,' in line and 'step restore ' in
               line.replace(',', ' '),
               'a step whose name begins another one stands too', line)
    print(f'1..{COUNT}')
    return 1 if BAD else 0


if __name__ == '__main__':
    sys.exit(main())
