# SPDX-License-Identifier: Apache-2.0
"""Drills as tests: each part that they expect is one test; what waits for a
capability is skipped by name."""
import json
import os
import shutil
import subprocess
import sys

n = 0


def ok(good, name, why=''):
    global n
    n += 1
    print(f"{'ok' if good else 'not ok'} {n} - {name}", flush=True)
    if not good and why:
        print('\n'.join('# ' + line for line in str(why).split('\n')[:30]))


def lacks(firewall):
    sys.path.insert(0, os.environ['HB_SOURCE_ROOT'] + '/drills/lib')
    import bed  # pylint: disable=import-outside-toplevel

    if os.geteuid() != 0:
        return 'a drill needs root'
    for tool in ('ip', 'nginx', 'setpriv', 'nsenter', 'unshare'):
        if shutil.which(tool, path='/usr/sbin:/usr/bin:/sbin:/bin') is None:
            return f'{tool} is not installed'
    return firewall and bed.gate_missing(
        os.environ['HB_BUILD_ROOT'] + '/src/hinoban',
        os.environ['HB_SOURCE_ROOT'])


def main(case, least, firewall=True):
    """LEAST: how many parts must have passed, so that none gets lost."""
    global n
    why = lacks(firewall)
    if why:
        print(f'1..0 # skipped: {why}')
        return 0
    # A drill that somebody killed leaves its folder: not ours to judge.
    before = set(os.listdir('/var/tmp'))
    env = dict(os.environ, HINOBAN_DATADIR=os.environ['HB_SOURCE_ROOT'],
               HINOBAN_LOCALEDIR=os.environ['HB_BUILD_ROOT'] + '/po',
               HINOBAN_ROOT='/nonexistent')
    r = subprocess.run([os.environ['HB_BUILD_ROOT'] + '/src/hinoban', '--json',
                        'drill', case, '--no-proof'], env=env,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True)
    parts = [json.loads(line) for line in r.stdout.split('\n') if line]
    for p in parts:
        if p['state'] == 'not-yet':
            n += 1
            print(f"ok {n} - {p['part']}: {p['expected']} # skip {p['seen']}")
        else:
            ok(p['state'] == 'passed', f"{p['part']}: {p['expected']}",
               p['seen'])
    done = sum(p['state'] == 'passed' for p in parts)
    ok(r.returncode == 0 and done >= least,
       'the drill ends well and says so', r.stderr + r.stdout[-500:])
    left = [d for d in set(os.listdir('/var/tmp')) - before
            if d.startswith('hinoban-drill.')]
    ok(not left, 'it leaves no folder behind', left)
    links = subprocess.run(['ip', '-o', 'link'], stdout=subprocess.PIPE,
                           text=True).stdout
    ok('10.77.0' not in links and not os.path.isdir('/run/netns/hb-dmz'),
       'and no network', links)
    print(f'1..{n}')
    return 0
