#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/pii from outside: the set is the same each time, what its index says
stands in the files (read with Python's decoders, not with the set's encoders),
and the scorer gives 1 for what is right, 0 for nothing, an error for a lie."""
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata

from fakecore import finish, ok

ROOT = os.environ.get('HB_SOURCE_ROOT', '.')
PII = os.path.join(ROOT, 'bench', 'pii')
CLASSES = ('my_number', 'card', 'bank_account', 'phone', 'address', 'mail',
           'person')
RARE = '①Ⅲ㈱㎡髙﨑德ｱ'
WORK = tempfile.mkdtemp(prefix='hb-pii-')


def run(*args, bad=False):
    p = subprocess.run([sys.executable, *args], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if not bad and p.returncode != 0:
        print('# ' + p.stderr.replace('\n', '\n# '))
    return p


def make(name, half):
    p = run(PII + '/make.py', f'{WORK}/{name}', half)
    assert p.returncode == 0
    with open(f'{WORK}/{name}/index.json', encoding='utf-8') as f:
        return json.load(f)['documents']


def score(results, *more, bad=False):
    path = WORK + '/results.jsonl'
    with open(path, 'w', encoding='utf-8') as f:
        f.writelines(json.dumps(r) + '\n' for r in results)
    return run(PII + '/score.py', WORK + '/all/index.json', path, *more,
               bad=bad)


def figures(results, *more):
    return json.loads(score(results, '--json', *more).stdout)


def perfect(docs, numbers=False):
    for d in docs:
        found = {c: [t['value'] for t in v] for c, v in d['truth'].items()}
        if numbers:
            found = {c: len(v) for c, v in found.items()}
        yield {'path': d['path'], 'encoding': d['encoding'], 'classes': found,
               'list': d['list'], 'persons': d['persons']}


def bytes_of(name):
    return {os.path.relpath(os.path.join(top, f), f'{WORK}/{name}'):
            open(os.path.join(top, f), 'rb').read()
            for top, _, names in os.walk(f'{WORK}/{name}') for f in names}


def decode(d):
    """The text by Python's codecs; NEC's rows of 7-bit JIS and EUC by way of
    CP932, since Python's own tables leave them out."""
    data = open(f'{WORK}/all/{d["path"]}', 'rb').read()
    if d['encoding'] == 'utf-16le':
        assert data[:2] == b'\xff\xfe'
        return data[2:].decode('utf-16-le')
    if d['encoding'] == 'utf-8-sig':
        assert data[:3] == b'\xef\xbb\xbf'
        return data[3:].decode('utf-8')
    if d['encoding'] == 'iso-2022-jp':
        assert max(data) < 0x80 and b'\x1b' in data
        out = b''
        for part in re.split(rb'(?=\x1b)', data):
            if part[:3] == b'\x1b$B':
                out += bytes(b | 0x80 for b in part[3:])
            elif part[:3] == b'\x1b(I':
                out += b''.join(bytes((0x8e, b | 0x80)) for b in part[3:])
            else:
                assert part[:3] == b'\x1b(B' or part[:1] != b'\x1b'
                out += part[3:] if part[:1] == b'\x1b' else part
        data = out
    if d['encoding'] in ('euc-jp', 'iso-2022-jp'):
        return re.sub(rb'\x8e.|[\xa1-\xfe]{2}', to_sjis, data).decode('cp932')
    return data.decode('utf-8' if d['encoding'] == 'ascii' else d['encoding'])


def to_sjis(m):
    pair = m.group(0)
    if pair[0] == 0x8e:
        return pair[1:]
    row, cell = pair[0] - 0xa1, pair[1] - 0xa1
    lead = row // 2 + (0x81 if row < 62 else 0xc1)
    trail = cell + (0x9f if row % 2 else 0x40 + (cell > 62))
    return bytes((lead, trail))


def my_number(s):
    total = sum(int(c) * w for c, w in
                zip(s, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)))
    return len(s) == 12 and int(s[11]) == (0 if total % 11 < 2
                                           else 11 - total % 11)


def luhn(s):
    return sum(sum(divmod(int(c) * (2 if n % 2 else 1), 10))
               for n, c in enumerate(reversed(s))) % 10 == 0


def stands(cls, value, text):
    """Does the value begin at the first character of the text?"""
    text = unicodedata.normalize('NFKC', html.unescape(text))
    text = text.replace("''", "'")    # of SQL
    if cls in ('my_number', 'card', 'bank_account', 'phone'):
        found = ''.join(c for c in text if c.isdecimal())
        if cls == 'phone' and text.startswith('+81'):
            found = '0' + found[2:].removeprefix('0')
        return (text[0] in '(+' or text[0].isdecimal()) and \
            found.startswith(value)
    if cls == 'address':
        return text[0] == value[0]
    return re.sub(r'[\s\u30fb,"]', '', text).casefold().startswith(value)


def test_make():
    docs = make('all', 'all')
    again = make('again', 'all')
    ok(docs == again and bytes_of('all') == bytes_of('again'),
       'two runs write the same bytes')
    dev = make('dev', 'dev')
    ok(dev == [d for d in docs if d['half'] == 'dev'],
       'a half alone is the same half')
    ok(run(PII + '/make.py', WORK + '/dev', bad=True).returncode == 1,
       'a folder that holds something is refused')
    return docs


def test_shape(docs):
    for half, n in (('dev', 200), ('test', 400)):
        mine = [d for d in docs if d['half'] == half]
        nothing = [d for d in mine if not d['truth'] and not d['list']]
        ok(len(mine) == n and len(nothing) * 2 == n,
           f'{half}: {n} documents, half of them hold nothing')
        sizes = sorted(d['bytes'] for d in mine)
        ok(2500 < sizes[n // 2] < 6000 and sizes[-1] > 1500000,
           f'{half}: median {sizes[n // 2]} bytes, greatest {sizes[-1]}')
        ok({d['encoding'] for d in mine} >=
           {'utf-8', 'utf-8-sig', 'cp932', 'euc-jp', 'iso-2022-jp',
            'utf-16le'}, f'{half}: all encodings')
        ok(all(sum(c in d['truth'] for d in mine) >= n / 20
               for c in CLASSES), f'{half}: each class in one of 20 or more')
    ok(not {d['kind'] for d in docs if d['half'] == 'dev'} &
       {d['kind'] for d in docs if d['half'] == 'test'},
       'the halves share no template')
    names = [{t['value'] for d in docs if d['half'] == h
              for t in d['truth'].get('person', [])} for h in ('dev', 'test')]
    ok(not names[0] & names[1], 'the halves share no name')
    ok(sum(d['bytes'] for d in docs) < 60e6, 'below 60 MB')


def test_truth(docs):
    wrong, seen = [], 0
    rare = {'cp932': set(), 'euc-jp': set(), 'iso-2022-jp': set()}
    for d in docs:
        text = decode(d)
        for cls, found in d['truth'].items():
            for t in found:
                v = t['value']
                if (cls == 'my_number' and not my_number(v)) or \
                        (cls == 'card' and not luhn(v)) or \
                        (cls == 'phone' and
                         not re.fullmatch('0[0-9]{9,10}', v)):
                    wrong.append((d['path'], cls, v))
                if d['kind'].endswith('escaped'):
                    continue    # the file holds \\uXXXX or &#x...;
                for at in t.get('at', []):
                    seen += 1
                    if not stands(cls, v, text[at:at + 60]):
                        wrong.append((d['path'], cls, v, text[at:at + 60]))
        if d['list'] and d['persons'] < 10:
            wrong.append((d['path'], 'list', d['persons']))
        if d['encoding'] in rare:
            rare[d['encoding']] |= {c for c in RARE if c in text}
    for w in wrong[:20]:
        print(f'# {w}')
    ok(not wrong and seen > 3000,
       f'{seen} labels stand where the index says, with their check digits')
    ok(all(r == set(RARE) for r in rare.values()),
       "NEC's and IBM's characters and half-width kana in all of Windows' "
       'encodings')


def test_score(docs):
    r = figures(perfect(docs))
    rows = [*r['documents'].values(), *r['values'].values()]
    ok(all(x['precision'] == x['recall'] == x['f1'] == 1 for x in rows),
       'a perfect result scores 1')
    ok(all(e['right'] == e['documents'] for e in r['encoding'].values()) and
       r['persons']['within_10_percent'] == r['persons']['lists'] > 0,
       'and has all encodings and persons right')
    lines = score(perfect(docs), '--errors', '--bulk').stdout
    ok('\t' not in lines, 'and no error')
    r = figures(perfect(docs, numbers=True), '--half', 'test')
    ok(all(x['f1'] == 1 and x['by_number'] for c, x in r['values'].items()),
       'so do numbers, and are marked')
    r = figures([])
    rows = [*r['documents'].values(), *r['values'].values()]
    ok(all(x['recall'] == x['f1'] == 0 and x['precision'] is None
           for x in rows) and r['documents_without_result'] == len(docs),
       'an empty result scores 0')


def test_lies(docs):
    """Each step away from the truth costs what it must, and no more."""
    base = list(perfect(docs))
    n = next(i for i, d in enumerate(docs)
             if len(d['truth'].get('card', [])) == 1)
    was = base[n]['classes']['card']
    base[n]['classes']['card'] = ['4929 0000 0000 0004']
    row = figures(base)['values']['card']
    ok((row['fp'], row['fn']) == (1, 1),
       'a wrong number is a false hit and a miss')
    spaced = ' '.join(was[0]).translate(
        {ord('0') + i: ord('０') + i for i in range(10)})
    base[n]['classes']['card'] = [spaced, was[0]]
    row = figures(base)['values']['card']
    ok((row['fp'], row['fn']) == (0, 0),
       'full width and spaces are the same number, and count once')
    base[n]['classes']['card'] = was
    neutral = next(i for i, d in enumerate(docs)
                   if d['ignore'].get('person') and 'person' not in d['truth'])
    base[neutral]['classes']['person'] = docs[neutral]['ignore']['person']
    ok(figures(base)['values']['person']['fp'] == 0,
       'what is neutral is no false hit')
    base[neutral]['classes']['person'] = ['駅前 商店街']
    ok(figures(base)['values']['person']['fp'] == 1, 'what is not is one')
    for what, why in (
            ({'path': 'test/none.txt'}, 'a path that is not there'),
            ({'path': docs[0]['path'], 'classes': {'fax': 1}}, 'a class'),
            ({'path': docs[0]['path'], 'classes': {'card': True}}, 'a bool'),
            ({'path': docs[0]['path'], 'list': 1}, 'a number as list')):
        p = score([what], bad=True)
        ok(p.returncode == 2 and not p.stdout, f'refused: {why}')
    p = score([{'path': docs[0]['path']}] * 2, bad=True)
    ok(p.returncode == 2, 'refused: a path twice')


def test_floor():
    """Were the set so kind that patterns are enough, it would measure nothing."""
    p = run(PII + '/plain.py', WORK + '/all')
    lines = [json.loads(line) for line in p.stdout.splitlines()]
    for half in ('dev', 'test'):
        r = figures(lines, '--half', half)
        f1 = {c: r['values'][c]['f1'] for c in
              ('my_number', 'bank_account', 'phone')}
        ok(all(0.4 < v < 0.92 for v in f1.values()) and
           0.6 < r['documents']['list']['f1'] < 0.92,
           f'{half}: patterns alone are neither useless nor enough')


def test_wilson():
    """Against values of Newcombe 1998, table I: 81/263 and 1/29."""
    sys.path.insert(0, PII)
    import score as s
    got = [round(x, 4) for k, n in ((81, 263), (1, 29), (0, 20))
           for x in s.wilson(k, n)]
    ok(got == [0.2553, 0.3662, 0.0061, 0.1718, 0.0, 0.1611],
       'intervals are those of the literature')


def main():
    try:
        docs = test_make()
        test_shape(docs)
        test_truth(docs)
        test_score(docs)
        test_lies(docs)
        test_floor()
        test_wilson()
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    return finish()


if __name__ == '__main__':
    sys.exit(main())
