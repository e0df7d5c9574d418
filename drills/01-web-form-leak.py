#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drill of case 1, what people typed into a web form becomes public: only the
gate's part.

A real nginx with the firewall serves a form whose program keeps 30,000
fictitious persons in data/form.csv below the document root, an old copy
beside it, with folder listings on.  Run A (the gate blocks): a stranger's SQL
injection, the copies and the listing are refused, and the file itself as soon
as the officer approves.  Run B (the gate only watches): the same injection
gets its answer, which opens an incident.  What the case needs beside the gate
is reported as not-yet.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
import bed as lab  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PERSONS = 30000
FORM = 'application/x-www-form-urlencoded'
ENTRY = b'name=%E6%9E%B6%E7%A9%BA%E5%A4%AA%E9%83%8E&mail=taro%40example.jp'
ATTACK = "/app/find?id=1%27%20UNION%20SELECT%20name,mail%20FROM%20form--%20"
COPIES = ('form.csv.bak', 'form.sql', 'form.csv.old', '.env')
RULE = ('SecRule REQUEST_FILENAME "@streq /data/form.csv" '
        '"id:8500001,phase:1,deny,status:403,log,severity:2,'
        'msg:\'entries of a form\'"\n')
NOT_YET = (
    ('audit', 'folder listings and readable copies are found within 60 s of '
     'a deploy'),
    ('first-byte', 'the first byte to a stranger is noticed within 5 s'),
    ('path-denied', 'the address is closed by path.deny after approval'),
    ('scope', 'the persons are counted exactly, the addresses listed'),
    ('papers', 'D01 to D05, D08, D09, D11 and D12 are written'),
)


def make_site(bed):
    data = bed.web + '/data'
    bed.run('cp', '-r', HERE + '/site', bed.web)
    os.mkdir(data)
    with open(data + '/form.csv', 'w', encoding='utf-8') as f:
        f.write('name,mail,height,weight\n')
        for i in range(PERSONS):
            f.write(f'架空 {i:05},p{i:05}@example.jp,{140 + i % 50},'
                    f'{40 + i % 60}\n')
    for name in COPIES:
        bed.run('cp', data + '/form.csv', f'{data}/{name}')
    bed.run('chown', '-R', 'root:root', bed.web)
    bed.run('chmod', '-R', 'u=rwX,go=rX', bed.web)


def honest(bed):
    before = len(bed.arrived())
    status, _, body = bed.request('POST', '/app/form', ENTRY, FORM)
    bed.part('A.form', status == 200 and len(bed.arrived()) == before + 1,
             'an honest entry in Japanese is taken', f'status {status}')
    status, _, body = bed.request('GET', '/app/find?id=7')
    bed.part('A.search', status == 200 and b'p00006@' in body,
             'a person finds the own entry', f'status {status}')


def injection(bed):
    before = len(bed.arrived())
    began = time.monotonic_ns()
    status, number, body = bed.request('GET', ATTACK)
    took = time.monotonic_ns() - began
    bed.part('A.injection', status == 403 and b'@example.jp' not in body and
             len(bed.arrived()) == before,
             'the SQL injection is refused (403) before the program',
             f'status {status}, number {number}', took)
    f = bed.finding(number)
    hits = [h['rule'] for h in f.get('hits', [])]
    bed.part('A.finding', f.get('action') == 'denied' and
             f.get('client') == '10.77.0.2' and
             any(942000 <= h < 943000 for h in hits),
             'the finding names the stranger and the rule',
             f"{f.get('client')} {hits}")
    began = time.monotonic_ns()
    e = bed.event(number)
    text = json.dumps(e, ensure_ascii=False)
    bed.part('A.event', 'SQL' in text and '10.77.0.2' in text,
             'the event has the address and a sentence for people',
             e.get('message', text[:200]), time.monotonic_ns() - began)


def copies(bed):
    for name in COPIES:
        status, number, body = bed.request('GET', '/data/' + name)
        hits = [h['rule'] for h in bed.finding(number).get('hits', [])]
        bed.part('A.copy-' + name.strip('.'),
                 status == 403 and b'@example.jp' not in body,
                 f'the copy {name} is refused', f'status {status}, {hits}')
    status, number, body = bed.request('GET', '/data/')
    bed.part('A.listing', status != 200 and b'form.csv' not in body,
             'the list of the folder is not shown', f'status {status}')


def the_file(bed):
    """A .csv may be public on purpose: a person says that this one is not."""
    status, _, body = bed.request('GET', '/data/form.csv')
    leaks = status == 200 and body.count(b'@example.jp') >= PERSONS
    bed.part('A.before', leaks, 'a stranger can fetch the file until then',
             f'status {status}, {body.count(b"@example.jp")} persons')
    path = bed.top + '/form.conf'
    with open(path, 'w') as f:
        f.write(RULE)
    bed.hinoban('gate', 'patch', 'propose', path, '--advisory', 'drill 1',
                '--expert', 'Drill Expert', '--reason', 'entries of the form',
                '--until', time.strftime('%Y-%m-%d', time.gmtime(
                    time.time() + 7 * 86400)), '--person', 'officer')
    began = time.monotonic()
    bed.hinoban('gate', 'patch', 'approve', '1', '--yes', '--person',
                'officer', '--key', bed.top + '/officer.key')
    took = lab.until(lambda: bed.request('GET', '/data/form.csv')[0] == 403,
                     30, 0.1)
    all_of_it = time.monotonic() - began
    bed.part('A.file', took is not None,
             'after the approval of the officer it is refused',
             'never' if took is None else f'{all_of_it:.2f} s with the build',
             -1 if took is None else all_of_it * 1e9)
    bed.part('A.no-incident', bed.ask('incident', 'list') == [],
             'single attacks that were stopped open no incident',
             bed.ask('incident', 'list'))


def watched(bed):
    status, _, body = bed.request('GET', ATTACK)
    began = time.monotonic_ns()
    bed.part('B.answered', status == 200 and
             body.count(b'@example.jp') >= PERSONS,
             'without blocking the injection gets all persons',
             f'status {status}, {body.count(b"@example.jp")} persons')
    found = []

    def opened():
        found[:] = bed.ask('incident', 'list') or []
        return found

    lab.until(opened, 30, 0.2)
    bed.part('B.incident', len(found) == 1 and found[0]['case'] == 1,
             'an incident of case 1 is opened', json.dumps(found)[:300],
             time.monotonic_ns() - began)
    e = bed.event('"ip":"10.77.0.2"')
    bed.part('B.who', e.get('status') == 'detected' and
             'SQL' in e.get('message', ''),
             'what opened it has the address of the stranger and a sentence',
             e.get('message', e))


def drill(bed, run):
    missing = lab.gate_missing(bed.origin, bed.data)
    if missing:
        bed.part(f'{run}.gate', 'failed', 'the firewall is installed', missing)
        return
    bed.network()
    make_site(bed)
    bed.backend(bed.web + '/data')
    bed.locations += 'location /data/ { autoindex on; }\n'
    # The program writes there: not what the guard of files looks at.
    bed.install(site='    ignore: [data]\n')
    bed.gate('block' if run == 'A' else 'detect')
    bed.nginx()
    bed.supervise()
    if run == 'A':
        honest(bed)
        injection(bed)
        copies(bed)
        the_file(bed)
        for name, what in NOT_YET:
            bed.part('A.' + name, 'not-yet', what,
                     "only the gate's part is built")
    else:
        watched(bed)


if __name__ == '__main__':
    sys.exit(lab.main(drill))
