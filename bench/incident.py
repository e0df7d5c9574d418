#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From an event to an incident, and the memory of all roles under a flood.

An installation of its own with SITES sites and every role under the
supervisor.  Each site is defaced once; the incident says when its first event
happened and when it was opened.  Then many files are written elsewhere on the
same file system, and the highest sum of what all roles hold is taken (PSS, so
that the one program that they share counts once), with the kernel's queue at
its ceiling.
"""
import json
import os
import sqlite3
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TOP + '/drills/lib')
import bed as lab  # noqa: E402

BUILD = os.environ.get('HB_BUILD', TOP + '/build')
SITES = 50
FLOOD = 300000
QUEUE = 64 << 20  # limits.watch_memory, as by default


def result(name, unit, ours, goal, runs):
    print(json.dumps({'bench': name, 'unit': unit, 'ours': round(ours, 3),
                      'goal': goal, 'better': 'lower', 'runs': runs}),
          flush=True)


def install(bed):
    for k in range(SITES):
        os.makedirs(f'{bed.web}/s{k}')
        with open(f'{bed.web}/s{k}/index.html', 'w') as f:
            f.write(f'<h1>{k}</h1>\n' * 1000)
    bed.hinoban('init', '--no-passphrase', '--organisation', 'Bench',
                '--site', 's0', '--site-root', f'{bed.web}/s0')
    with open(f'{bed.root}/etc/hinoban/hinoban.yaml') as f:
        text = f.read()
    more = ''.join(f'  - name: s{k}\n    number: {k + 1}\n'
                   f'    root: {bed.web}/s{k}\n' for k in range(1, SITES))
    with open(f'{bed.root}/etc/hinoban/hinoban.yaml', 'w') as f:
        f.write(text.replace('sites:\n', 'sites:\n' + more, 1))
    for name, roles, uid in (('officer', 'officer,admin', lab.OFFICER),
                             ('deputy', 'manager,admin', lab.DEPUTY)):
        bed.hinoban('person', 'add', name, '--roles', roles, '--uid',
                    str(uid), '--no-passphrase', '--key-to',
                    f'{bed.top}/{name}.key')
    for k in range(SITES):
        bed.hinoban('site', 'publish', f's{k}', f'{bed.web}/s{k}', '--quiet')
        bed.hinoban('reflex', 'allow', '--officer', 'officer', '--site',
                    f's{k}', '--reason', 'bench')


def opened(bed):
    db = sqlite3.connect(f'file:{bed.root}/var/lib/hinoban/state/state.db'
                         '?mode=ro', uri=True, timeout=30)
    try:
        return db.execute('SELECT case_number, opened - first_event'
                          ' FROM incident').fetchall()
    finally:
        db.close()


def to_incident(bed):
    for k in range(SITES):
        with open(f'{bed.web}/s{k}/index.html', 'r+') as f:
            f.write('HACKED')
        if lab.until(lambda: len(opened(bed)) > k, 30) is None:
            raise RuntimeError(f'no incident of site {k}: {bed.log()}')
    took = sorted(ns / 1e9 for case, ns in opened(bed) if case == 2)
    if len(took) != SITES:
        raise RuntimeError('an incident of another case')
    result('incident.opened_p50', 's', took[SITES // 2], 0.5, SITES)
    result('incident.opened_p99', 's', took[SITES * 99 // 100], 2, SITES)


def memory(bed):
    """MB that the roles hold, and how many they are."""
    total, count = 0, 0
    for pid in os.listdir('/proc'):
        try:
            if os.readlink(f'/proc/{pid}/exe') != bed.program:
                continue
            with open(f'/proc/{pid}/smaps_rollup') as f:
                total += sum(int(line.split()[1]) for line in f
                             if line.startswith('Pss:'))
            count += 1
        except (OSError, ValueError):
            continue
    return total / 1024, count


def flood(bed):
    folder = bed.top + '/flood'
    os.mkdir(folder)
    peak, count = memory(bed)
    for i in range(FLOOD):
        with open(f'{folder}/f{i % 5000}', 'w') as f:
            f.write('x')
        if i % 5000 == 0:
            mb, count = memory(bed)
            peak = max(peak, mb)
    if count < 8:
        raise RuntimeError(f'only {count} processes: {bed.log()}')
    result('incident.flood_memory_all', 'MB', peak + QUEUE / (1 << 20), 150, 1)


def main():
    if os.geteuid() != 0:
        print(json.dumps({'bench': 'incident', 'skipped': 'needs root'}))
        return 0
    bed = lab.Bed(BUILD + '/src/hinoban', TOP, BUILD + '/po')
    try:
        bed.network()
        install(bed)
        bed.supervise()
        time.sleep(3)
        to_incident(bed)
        flood(bed)
    finally:
        bed.stop()
    return 0


if __name__ == '__main__':
    sys.exit(main())
