#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""crs_stages.py DATA RELEASE - the regression tests of the OWASP CRS, one stage
a line, for crs_run.c.

DATA is the folder with regression-vRELEASE.json (more than base/json.h reads).
A line has seven fields with tabs between them:

    id stage last request recorded own override

last: 1 for the stage that decides (go-ftw overwrites the result of a test
stage by stage).  request: base64.  recorded: ids that ModSecurity 3.0.9
logged in the phases 1 and 2, "-" none, "?" not recorded (4.28.0 only).
own, override: what the test expects, and what replaces it under nginx ("/"
where nothing does), as words:

    +ID must be logged  -ID must not  =400,403 one of these statuses
    ~BASE64 regex that a line must match  !BASE64 that no line may match
    E the request must get no answer      * nothing: any answer will do
"""
import base64
import json
import os
import sys


def many(value):
    return value if isinstance(value, list) else [value]


def b64(text):
    return base64.b64encode(text.encode()).decode()


def words(expect):
    out = ['+%d' % i for i in expect.get('expect_ids', [])]
    out += ['-%d' % i for i in expect.get('no_expect_ids', [])]
    if 'status' in expect:
        out.append('=' + ','.join(str(s) for s in many(expect['status'])))
    if 'match_regex' in expect:
        out += ['~' + b64(r) for r in many(expect['match_regex'])]
    if 'no_match_regex' in expect:
        out += ['!' + b64(r) for r in many(expect['no_match_regex'])]
    if expect.get('expect_error'):
        out.append('E')
    known = {'expect_ids', 'no_expect_ids', 'status', 'match_regex',
             'no_match_regex', 'expect_error', 'retry_once'}
    if set(expect) - known:
        raise SystemExit('crs_stages.py: what is %s?' % (set(expect) - known))
    return ' '.join(out) or '*'


def ids(recorded, test, i):
    if recorded is None:
        return '?'
    return ','.join(str(n) for n in recorded[test][i]) or '-'


def main():
    data, release = sys.argv[1], sys.argv[2]
    recorded = None
    if release == '4.28.0':
        with open(os.path.join(data, 'verdicts-modsecurity-3.0.9.json')) as f:
            recorded = {t['id']: t['stages'] for t in json.load(f)}
    with open(os.path.join(data, 'regression-v%s.json' % release)) as f:
        tests = json.load(f)
    for t in tests:
        nginx = t.get('overrides', {}).get('nginx')
        override = '/' if nginx is None else words(nginx.get('expect', {}))
        for i, stage in enumerate(t['stages']):
            print(t['id'], i, int(i + 1 == len(t['stages'])),
                  stage['request_b64'], ids(recorded, t['id'], i),
                  words(stage['expect']), override, sep='\t')


if __name__ == '__main__':
    main()
