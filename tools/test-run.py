#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test-run.py BUILD [--list | SUITE...]

Runs the tests that meson knows, two at a time, reads their TAP and ends with
the line "N passed, N failed" (", N skipped" where some were).  A test that
dies, times out or prints no plan counts as one failed.  Suites `box`, `boot`
and `drill` run one at a time, after the others: they start whole installations
and expect of them what users do.  Those that mostly wait (PATIENT) do so while
the others compute, in lanes of their own; those that start no installation and
expect nothing by the clock (BESIDE, suite `fault`) run one at a time beside
them.  What takes longest begins first.  Tests of PLAIN are taken from the build $HB_PLAIN, without sanitizers,
where that is set (`./dev test full`).
"""
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

LINE = re.compile(r'^\s*(not )?ok\b\s*(\d+)?\s*(?:- )?(.*)$')
PLAN = re.compile(r'^\s*1\.\.(\d+)')
ALONE = {'box', 'boot', 'drill'}
# So do these of other suites: real kernel events against real roles.
ALONE_TESTS = {'heal', 'watch', 'roles'}
# Lanes of box tests that wait for timers, relays and retries.
PATIENT = [['message'],
           ['https', 'outside', 'outside_net', 'vantage', 'intake', 'mailing']]
# Box tests that only compute.
COMPUTE = {'backup', 'evidence_forgery'}
# Beside those that run one at a time.
BESIDE = {'card', 'certificate', 'cli', 'config', 'evidence_export', 'gate',
          'gate_nginx', 'pii', 'rules', 'waf_nginx', 'waf_nginx_state'}
# Does the same thing ten thousands of times in the full mode.
PLAIN = {'book_kill'}
LONG = ('walk', 'pii', 'evidence_forgery', 'port', 'backup', 'lint')
lock = threading.Lock()
total = {'passed': 0, 'failed': 0, 'skipped': 0}
failures = []


def tests(build):
    out = subprocess.run(['meson', 'introspect', '--tests', build],
                         capture_output=True, text=True, check=True,
                         env=dict(os.environ, PATH='/usr/bin:' +
                                  os.environ['PATH'])).stdout
    rows = []
    for t in json.loads(out):
        if os.environ.get('HB_PLAIN') and t['name'] in PLAIN:
            t['cmd'][0] = os.path.join(
                os.path.abspath(os.environ['HB_PLAIN']),
                os.path.relpath(t['cmd'][0], os.path.abspath(build)))
        suites = [s.split(':')[-1] for s in t['suite']]
        rows.append((suites[0] if suites else 'other', t))
    return rows


def parse(text):
    passed, failed, skipped, planned, seen = [], [], [], None, 0
    for line in text.split('\n'):
        m = PLAN.match(line)
        if m and planned is None:
            planned = int(m.group(1))
            if planned == 0:
                skipped.append(line)
            continue
        m = LINE.match(line)
        if not m:
            continue
        seen += 1
        name = m.group(3)
        if re.search(r'#\s*skip', name, re.I):
            skipped.append(name)
        elif m.group(1):
            failed.append(name)
        else:
            passed.append(name)
    if planned is not None and planned != 0 and seen != planned:
        failed.append(f'planned {planned} tests, saw {seen}')
    if planned is None and seen == 0:
        failed.append('printed no TAP')
    return passed, failed, skipped


def run(suite, t):
    env = dict(os.environ, **t['env'])
    env.setdefault('ASAN_OPTIONS', 'detect_leaks=1:abort_on_error=0')
    env.setdefault('UBSAN_OPTIONS',
                   'halt_on_error=1:print_stacktrace=1')
    limit = t['timeout'] * (20 if os.environ.get('HB_FULL') else 1)
    began = time.monotonic()
    p = subprocess.Popen(t['cmd'], env=env, cwd=t.get('workdir') or None,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        out, _ = p.communicate(timeout=limit)
        text = out.decode('utf-8', 'replace')
        passed, failed, skipped = parse(text)
        if p.returncode != 0 and not failed:
            failed.append(f'exit status {p.returncode}')
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        out, _ = p.communicate()
        text = out.decode('utf-8', 'replace')
        passed, failed, skipped = parse(text)
        failed.append(f'no end after {limit} s')
    took = time.monotonic() - began
    with lock:
        total['passed'] += len(passed)
        total['failed'] += len(failed)
        total['skipped'] += len(skipped)
        mark = 'FAIL' if failed else 'ok'
        extra = f', {len(skipped)} skipped' if skipped else ''
        print(f"{mark:4} {suite}/{t['name']}: {len(passed)} passed"
              f'{extra} ({took:.1f} s)', flush=True)
        for s in skipped:
            print(f'     skipped: {s}', flush=True)
        if failed:
            failures.append((suite, t['name'], failed, text))
            for f in failed:
                print(f'     not ok: {f}', flush=True)


def main():
    build, want = sys.argv[1], sys.argv[2:]
    rows = tests(build)
    if '--list' in want:
        for s in sorted({s for s, _ in rows}):
            print(s)
        return 0
    if want:
        known = {s for s, _ in rows}
        for w in want:
            if w not in known:
                print(f"no suite '{w}'; there are: {' '.join(sorted(known))}",
                      file=sys.stderr)
                return 2
        rows = [r for r in rows if r[0] in want]
    def lane(row):
        """The list that ROW belongs to."""
        suite, name = row[0], row[1]['name']
        if suite == 'box':
            for k, names in enumerate(PATIENT):
                if name in names:
                    return k
        if suite == 'fault' or suite == 'box' and name in BESIDE:
            return 'beside'
        if suite == 'box' and name in COMPUTE or \
                suite not in ALONE and name not in ALONE_TESTS:
            return 'together'
        return 'alone'

    def length(row):
        name = row[1]['name']
        return LONG.index(name) if name in LONG else len(LONG)

    def of(kind):
        """Those of one lane, to be popped from its end."""
        return sorted((r for r in rows if lane(r) == kind), key=length)[::-1]

    def worker(queue):
        while True:
            with lock:
                if not queue:
                    return
                suite, t = queue.pop()
            run(suite, t)

    def work(*queues):
        threads = [threading.Thread(target=worker, args=(q,)) for q in queues]
        for th in threads:
            th.start()
        for th in threads:
            th.join()

    together = of('together')
    work(*[together] * min(2, os.cpu_count() or 1),
         *(of(k) for k in range(len(PATIENT))))
    work(of('alone'), of('beside'))
    for suite, name, failed, text in failures:
        print(f'\n--- {suite}/{name} ---\n{text[-6000:]}')
    tail = f", {total['skipped']} skipped" if total['skipped'] else ''
    print(f"\n{total['passed']} passed, {total['failed']} failed{tail}")
    return 1 if total['failed'] or not total['passed'] else 0


if __name__ == '__main__':
    sys.exit(main())
