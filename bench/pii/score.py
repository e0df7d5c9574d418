#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Precision, recall and F1 of a detector of personal data, as README.md says.

    score.py INDEX RESULTS.jsonl [--half dev|test] [--errors] [--bulk] [--json]

INDEX is what make.py wrote; a line of RESULTS is {"path", "encoding", "list",
"persons", "classes": {class: [values] or their number}}.  Intervals are
Wilson's of 95 %.  A result that names an unknown path or class, or a path
twice, ends the run: a figure from half-read results would be believed.
"""
import argparse
import collections
import json
import math
import sys

import values

Z = 1.959964


class Bad(Exception):
    pass


def wilson(hits, of):
    """The interval of 95 % for hits of `of`, or None where there are none."""
    if of == 0:
        return None
    p, z2 = hits / of, Z * Z
    mid = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, mid - half), min(1.0, mid + half)


class Count:
    """Hits, false hits and misses of one class, in one unit."""

    def __init__(self):
        self.tp = self.fp = self.fn = 0
        self.by_number = False

    def add(self, tp, fp, fn):
        self.tp += tp
        self.fp += fp
        self.fn += fn

    def row(self):
        said, true = self.tp + self.fp, self.tp + self.fn
        p = self.tp / said if said else None
        r = self.tp / true if true else None
        f1 = 2 * self.tp / (said + true) if said + true else None
        return {'tp': self.tp, 'fp': self.fp, 'fn': self.fn,
                'precision': p, 'precision95': wilson(self.tp, said),
                'recall': r, 'recall95': wilson(self.tp, true), 'f1': f1,
                'by_number': self.by_number}


def match(cls, truth, ignored, hits):
    """(right, false hits, missed), sets of normed values."""
    if cls != 'address':
        return truth & hits, hits - truth - ignored, truth - hits
    right, false = set(), set()
    for h in hits:
        of = {t for t in truth if values.same_address(h, t)}
        right |= of
        if not of and not any(values.same_address(h, i) for i in ignored):
            false.add(h)
    return right, false, truth - right


def read_results(path, known):
    """The lines by path; refuses what README.md does not allow."""
    found = {}
    with open(path, encoding='utf-8') as f:
        for n, line in enumerate(f, 1):
            if not line.strip():
                continue
            try:
                r = json.loads(line)
                where = r['path']
                classes = r.get('classes', {})
                items = list(classes.items())
            except (ValueError, TypeError, KeyError, AttributeError) as e:
                raise Bad(f'{path}:{n}: not a result: {e}') from e
            if where not in known:
                raise Bad(f'{path}:{n}: no document {where!r} in the index')
            if where in found:
                raise Bad(f'{path}:{n}: {where!r} stands there twice')
            for cls, v in items:
                number = type(v) is int and v >= 0
                if cls not in values.CLASSES:
                    raise Bad(f'{path}:{n}: no class {cls!r}')
                if not number and not (isinstance(v, list) and
                                       all(isinstance(x, str) for x in v)):
                    raise Bad(f'{path}:{n}: {cls}: neither values nor a number')
            if type(r.get('list', False)) is not bool or \
                    type(r.get('persons', 0)) is not int:
                raise Bad(f'{path}:{n}: "list" is a bool, "persons" a number')
            found[where] = r
    return found


class Score:
    def __init__(self, bulk):
        self.bulk = bulk
        self.documents = collections.defaultdict(Count)
        self.values = collections.defaultdict(Count)
        self.encodings = collections.defaultdict(
            lambda: collections.defaultdict(Count))
        self.told = collections.Counter()    # encodings named right
        self.named = collections.Counter()   # encodings named at all
        self.of = collections.Counter()
        self.off = []                        # relative errors of persons
        self.errors = []
        self.missing = 0

    def error(self, doc, what, why):
        self.errors.append((doc['path'], doc['kind'], doc['encoding'], what,
                            why))

    def one_class(self, doc, cls, hits):
        truth = {values.norm(cls, t['value'])
                 for t in doc['truth'].get(cls, [])}
        ignored = {values.norm(cls, v)
                   for v in doc['ignore'].get(cls, [])} - truth
        if isinstance(hits, int):
            tp = min(hits, len(truth))
            fp = max(0, hits - len(truth) - len(ignored))
            fn = len(truth) - tp
            self.values[cls].by_number = True
            self.documents[cls].by_number = True
            if fp:
                self.error(doc, cls, f'false hits: {fp}')
            if fn:
                self.error(doc, cls, f'missed: {fn}')
        else:
            right, false, missed = match(
                cls, truth, ignored, {values.norm(cls, h) for h in hits})
            tp, fp, fn = len(right), len(false), len(missed)
            for name, which in (('false hit', false), ('missed', missed)):
                for v in sorted(which):
                    self.error(doc, cls, f'{name}: {v}')
        if self.bulk or not doc['bulk']:
            self.values[cls].add(tp, fp, fn)
            self.encodings[doc['encoding']][cls].add(tp, fp, fn)
        self.documents[cls].add(tp > 0, fp > 0 and tp == 0,
                                bool(truth) and tp == 0)

    def one(self, doc, result):
        if result is None:
            self.missing += 1
            result = {}
        for cls in values.CLASSES:
            self.one_class(doc, cls, result.get('classes', {}).get(cls, []))
        said, true = result.get('list', False), doc['list']
        for count in (self.documents['list'],
                      self.encodings[doc['encoding']]['list']):
            count.add(said and true, said and not true, true and not said)
        if said != true:
            self.error(doc, 'list', 'missed' if true else 'false hit')
        if true:
            n = result.get('persons', 0)
            self.off.append(abs(n - doc['persons']) / doc['persons'])
            if self.off[-1] > 0.1:
                self.error(doc, 'persons', f"{n} instead of {doc['persons']}")
        self.one_encoding(doc, result.get('encoding'))

    def one_encoding(self, doc, said):
        true = doc['encoding']
        self.of[true] += 1
        if said is None:
            return
        self.named[true] += 1
        if same_encoding(said, true):
            self.told[true] += 1
        else:
            self.error(doc, 'encoding', f'{said} instead of {true}')


ALIASES = {'sjis': 'cp932', 'shiftjis': 'cp932', 'windows31j': 'cp932',
           'cp51932': 'eucjp', 'eucjpms': 'eucjp', 'cp50221': 'iso2022jp',
           'cp50220': 'iso2022jp', 'jis': 'iso2022jp',
           'utf8bom': 'utf8sig', 'utf16': 'utf16le', 'usascii': 'ascii'}


def same_encoding(said, true):
    """UTF-8 with a BOM may be called utf-8; pure ASCII whatever it fits."""
    said = ''.join(c for c in said.lower() if c.isalnum())
    true = ''.join(c for c in true.lower() if c.isalnum())
    said = ALIASES.get(said, said)
    if true == 'ascii':
        return said in ('ascii', 'utf8', 'cp932', 'eucjp', 'iso2022jp')
    return said == true or (said, true) == ('utf8', 'utf8sig')


def percent(v):
    return '    -' if v is None else f'{v * 100:5.1f}'


def between(pair):
    return ' ' * 13 if pair is None else \
        f'[{pair[0] * 100:5.1f}-{pair[1] * 100:5.1f}]'


def table(title, rows):
    print(f'{title:14} {"hits":>6} {"false":>6} {"missed":>6}  '
          f'{"precision":19}  {"recall":19}  {"F1":>5}')
    for name, row in rows:
        print(f'{name + "#" * row["by_number"]:14} {row["tp"]:6} {row["fp"]:6} '
              f'{row["fn"]:6}  {percent(row["precision"])} '
              f'{between(row["precision95"])}  {percent(row["recall"])} '
              f'{between(row["recall95"])}  {percent(row["f1"])}')
    print()


def report(score):
    """The figures as one object; the tables are printed from it."""
    off = sorted(score.off)
    near = sum(1 for x in off if x <= 0.1)
    return {
        'bench': 'pii', 'documents_without_result': score.missing,
        'documents': {c: score.documents[c].row()
                      for c in values.CLASSES + ('list',)},
        'values': {c: score.values[c].row() for c in values.CLASSES},
        'encodings': {e: {c: k.row() for c, k in sorted(by.items())}
                      for e, by in sorted(score.encodings.items())},
        'encoding': {e: {'documents': score.of[e], 'named': score.named[e],
                         'right': score.told[e]} for e in sorted(score.of)},
        'persons': {'lists': len(off), 'within_10_percent': near,
                    'within95': wilson(near, len(off)),
                    'median_error': off[len(off) // 2] if off else None}}


def show(r):
    table('documents', r['documents'].items())
    table('values', r['values'].items())
    for enc, by in r['encodings'].items():
        table(enc, by.items())
    for enc, e in r['encoding'].items():
        print(f'encoding {enc:12} {e["right"]} right of {e["named"]} named, '
              f'{e["documents"]} documents')
    p = r['persons']
    if p['lists']:
        print(f'persons: {p["within_10_percent"]} of {p["lists"]} lists '
              f'within 10 % {between(p["within95"])}, '
              f'median error {p["median_error"] * 100:.1f} %')
    if r['documents_without_result']:
        print(f'{r["documents_without_result"]} documents have no result')


def main():
    ap = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    ap.add_argument('index')
    ap.add_argument('results')
    ap.add_argument('--half', choices=('dev', 'test'))
    ap.add_argument('--errors', action='store_true')
    ap.add_argument('--bulk', action='store_true')
    ap.add_argument('--json', action='store_true')
    opt = ap.parse_args()
    with open(opt.index, encoding='utf-8') as f:
        docs = json.load(f)['documents']
    try:
        results = read_results(opt.results, {d['path'] for d in docs})
    except Bad as e:
        sys.stderr.write(f'{e}\n')
        return 2
    docs = [d for d in docs if opt.half in (None, d['half'])]
    if not docs:
        sys.stderr.write('the index holds no such documents\n')
        return 2
    score = Score(opt.bulk)
    for d in docs:
        score.one(d, results.get(d['path']))
    if opt.json:
        print(json.dumps(report(score)))
    else:
        show(report(score))
    if opt.errors:
        for e in score.errors:
            print('\t'.join(e))
    return 0


if __name__ == '__main__':
    sys.exit(main())
