#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Figures of the file guard, with AIDE as the peer in the same run.

The web root (100,000 files, 2.17 GB, seed 42) is made by mkweb.c of the test
data beside the project, below ./var/bench; where that source is missing, or
another root is wanted, HB_BENCH_ROOT names one (its files are changed and put
back).  The programs bench-baseline and bench-files measure ours with the real
roles and sockets; here the peer's figure joins the line that it answers.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get('HB_BUILD', TOP + '/build')
WORK = TOP + '/var/bench'
RUNS = os.environ.get('HB_BENCH_RUNS', '3')
# A request is short and what the guard adds to it less than the machine's
# own unrest: more pairs.
PAIRS = str(max(int(RUNS), 9))


def skip(bench, why):
    print(json.dumps({'bench': 'files.' + bench, 'skipped': why}), flush=True)


def web_root():
    root = os.environ.get('HB_BENCH_ROOT')
    if root:
        return root
    source = TOP + '/../shared/files/mkweb.c'
    root = WORK + '/web'
    if os.path.isdir(root):
        return root
    if not os.path.exists(source):
        return None
    subprocess.run(['cc', '-O2', '-o', WORK + '/mkweb', source, '-lm'],
                   check=True)
    subprocess.run([WORK + '/mkweb', root, '100000', '42'], check=True,
                   stderr=subprocess.DEVNULL)
    return root


def aide(root):
    """Seconds of AIDE's check of the same attributes, warm, and its name."""
    if shutil.which('aide') is None:
        return None, None
    conf = WORK + '/aide.conf'
    with open(conf, 'w') as f:
        f.write(f'database_in=file:{WORK}/aide.db\n'
                f'database_out=file:{WORK}/aide.db.new\n'
                'gzip_dbout=no\nreport_url=file:/dev/null\n'
                f'{root} p+u+g+s+ftype+l+sha256\n')
    subprocess.run(['aide', '-c', conf, '--init'], check=False,
                   stdout=subprocess.DEVNULL)
    os.replace(WORK + '/aide.db.new', WORK + '/aide.db')
    took = []
    for _ in range(int(RUNS)):
        began = time.monotonic()
        subprocess.run(['aide', '-c', conf, '--check'], check=False,
                       stdout=subprocess.DEVNULL)
        took.append(time.monotonic() - began)
    version = subprocess.run(['aide', '--version'], text=True,
                             stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT).stdout
    m = re.search(r'aide ([0-9.]+)', version, re.I)
    return sorted(took)[len(took) // 2], 'aide ' + (m.group(1) if m else '?')


def lines(program, root):
    work = WORK + '/' + program
    os.makedirs(work, exist_ok=True)
    runs = PAIRS if program == 'bench-request' else RUNS
    p = subprocess.Popen([f'{BUILD}/bench/{program}', root, work, runs],
                         stdout=subprocess.PIPE, text=True)
    for line in p.stdout:
        yield line
    status = p.wait()
    shutil.rmtree(work, ignore_errors=True)
    if status != 0:
        skip(program, f'ended with status {status}')


def main():
    os.makedirs(WORK, exist_ok=True)
    root = web_root()
    if root is None:
        skip('all', 'no web root: mkweb.c is not there and HB_BENCH_ROOT is '
             'not set')
        return 0
    peer, name = aide(root)
    for program in ('bench-baseline', 'bench-files', 'bench-request'):
        for line in lines(program, root):
            try:
                r = json.loads(line)
            except ValueError:
                sys.stderr.write(line)
                continue
            if peer is not None and r.get('bench') == 'files.check_warm':
                r.update(peer=name, theirs=round(peer, 2))
            print(json.dumps(r), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
