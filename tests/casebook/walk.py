#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Walks every case of the case book from the command line to a closed
incident with its papers, as two people of a whole installation: real roles, a
real helper, the real rule pack.  What a step asks for is taken from the
program itself (task show): facts, evidence, two people.

Once with every question answered yes, in English; with HB_FULL also with no,
in Japanese.  Case 2, whose steps the machine carries out on a real website, is
walked by tests/box/playbook.py and tests/box/daily.sh.

Numbers as arguments: only these cases."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys

SOURCE = os.environ['HB_SOURCE_ROOT']
BUILD = os.environ['HB_BUILD_ROOT']
sys.path.insert(0, SOURCE + '/drills/lib')
import bed as lab  # noqa: E402

ELSEWHERE = {2: 'tests/box/playbook.py'}
ONLY = {int(z) for z in sys.argv[1:]}
VALUES = {'boolean': 'true', 'integer': '1200', 'string': 'as far as we know',
          'time': '2026-04-01T09:30:00+09:00'}
JAPANESE = re.compile('[\u3040-\u30ff\u4e00-\u9fff]')
ROUNDS = 400
count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}', flush=True)
    if not good:
        print('\n'.join('# ' + line for line in str(why).split('\n')[-30:]))
    return good


class House(lab.Bed):
    """An installation whose officer and deputy answer what they are asked."""

    def __init__(self, yes, lang):
        super().__init__(BUILD + '/src/hinoban', SOURCE, BUILD + '/po')
        os.mkdir(self.web)
        with open(self.web + '/index.html', 'w') as f:
            f.write('<h1>City</h1>\n')
        self.yes = yes
        self.words = (('no, we looked', 'yes') if lang == 'en' else
                      ('いいえ、確かめました', 'はい'))
        # Two thousand programs are started; their leaks are looked for by
        # the box tests of each command.
        self.env.update(LC_ALL='C.UTF-8', ASAN_OPTIONS='detect_leaks=0',
                        LANGUAGE='ja' if lang == 'ja' else '')
        self.decided = set()
        self.network()
        self.install(reflex=False)
        self.nginx()
        self.supervise()
        self.names = {f['name']: f for f in self.ask('fact', 'names')}
        self.paper = self.top + '/paper.txt'
        with open(self.paper, 'w') as f:
            f.write('what was on the screen\n')
        os.chmod(self.paper, 0o644)

    def deputy(self, *words):
        self.env['HINOBAN_KEY'] = self.top + '/deputy.key'
        r = self.run(self.program, *words, uid=lab.DEPUTY, check=False)
        self.env['HINOBAN_KEY'] = self.top + '/officer.key'
        return r

    def waiting(self, incident):
        return [t for t in self.ask('task', 'list', str(incident)) or []
                if t['state'] == 1]

    def value(self, name):
        fact = self.names[name]
        if fact['choices']:
            return fact['choices'][0]
        if fact['type'] == 'boolean' and not self.yes:
            return 'false'
        return VALUES[fact['type']]

    # ---- one task ----
    def measure(self, t):
        """Words close no measure: it gets an owner and a date, and the reason
        why it is not taken is signed."""
        control = t['step'].split(':', 1)[1]
        if t['owner'] == '':
            self.officer('task', 'assign', str(t['id']), 'deputy', '--within',
                         '7d')
        if control not in self.decided:
            self.officer('decide', 'control:' + control, 'against',
                         'not this year', '--for', '90d')
            self.decided.add(control)
        return self.officer('task', 'decline', str(t['id']), 'not this year',
                            check=False)

    def answer(self, t):
        if t['step'].startswith('measure:'):
            return self.measure(t)
        show = self.ask('task', 'show', str(t['id']))
        pairs = [w for n in show['facts'] for w in (n, self.value(n))]
        if pairs:
            r = self.officer('fact', 'set', str(t['incident']), *pairs,
                             '--from', 'the walk', check=False)
            if r.returncode != 0:
                return r
        if 'file' in show['evidence'] or 'held' in show['evidence']:
            self.officer('evidence', 'add', str(t['incident']), self.paper,
                         '--from', 'the walk')
        words = {'boolean': self.words[self.yes],
                 'integer': '3', 'string': 'company',
                 'time': VALUES['time']}.get(show['answer_type'],
                                             'done, see #1')
        r = self.officer('task', 'done', str(t['id']), words, check=False)
        if r.returncode != 0 and 'may not' in r.stderr or \
                r.returncode == 0 and t['four_eyes']:
            r = self.deputy('task', 'done', str(t['id']), words)
        if r.returncode != 0:
            r = self.deputy('task', 'done', str(t['id']), words)
        return r

    # ---- one case ----
    def walk(self, number):
        r = self.officer('incident', 'open', str(number), 'city',
                         'a colleague phoned', '--json', check=False)
        if not ok(r.returncode == 0, f'case {number} is opened', r.stderr):
            return
        incident = json.loads(r.stdout)['id']
        asked, refused, closed = 0, None, None
        for _ in range(ROUNDS):
            tasks = self.waiting(incident)
            if not tasks:
                # It closes where the playbook has ended, and not before.
                closed = self.officer('incident', 'state', str(incident),
                                      'closed', check=False)
                if closed.returncode == 0 or lab.until(
                        lambda: self.waiting(incident), 3, 0.1) is None:
                    break
                continue
            progress = False
            for t in tasks:
                r = self.answer(t)
                progress |= r.returncode == 0
                asked += r.returncode == 0
                if r.returncode != 0:
                    refused = (t['step'], r.stderr)
            if not progress:
                break
        ok(asked >= (10 if self.yes else 2) and not self.waiting(incident),
           f'case {number}: every step was answered ({asked})', refused)
        ok(closed is not None and closed.returncode == 0,
           f'case {number}: the incident closes', closed and closed.stderr)
        # Closing stops no deadline.
        self.clocks(incident, number)
        self.papers(incident, number)

    def clocks(self, incident, number):
        """The question of the first hour runs in each; what runs is done."""
        clocks = self.ask('clock', 'list', str(incident)) or []
        ok(any(c['rule'] == 'internal-leak-question' for c in clocks),
           f'case {number}: the question of the first hour runs', clocks)
        if self.yes and any(c['rule'].startswith('ppc-') for c in clocks):
            ok(any(c['rule'] == 'ppc-preliminary' for c in clocks),
               f'case {number}: a leak of 1,200 persons runs to the PPC')
        for c in clocks:
            self.officer('clock', 'done', str(c['id']), 'no. 4711')
        ok(not self.ask('clock', 'list', str(incident)),
           f'case {number}: no deadline is left')

    def papers(self, incident, number):
        for name in ('D01', 'D02', 'D20'):
            for lang, env in (('en', ''), ('ja', 'ja')):
                self.env['LANGUAGE'] = env
                r = self.officer('document', name, str(incident),
                                 check=False)
                good = r.returncode == 0 and 'Drill' in r.stdout and \
                    (bool(JAPANESE.search(r.stdout)) or lang == 'en')
                if not good or name == 'D02':
                    ok(good, f'case {number}: {name} in {lang}',
                       r.stderr + r.stdout)
        self.env['LANGUAGE'] = '' if self.yes else 'ja'


def walk(yes, lang):
    house = House(yes, lang)
    try:
        r = house.run(house.program, '--json', 'case', 'list')
        for c in json.loads(r.stdout):
            if c['maturity'] == 'not-yet':
                ok(False, f'case {c["number"]} has a playbook')
            elif c['number'] not in ELSEWHERE and \
                    (not ONLY or c['number'] in ONLY):
                house.walk(c['number'])
    except RuntimeError as e:
        ok(False, 'the walk goes on', e)
    finally:
        house.stop()


def main():
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        return
    for tool in ('nginx', 'nsenter', 'unshare', 'ip'):
        if shutil.which(tool, path='/usr/sbin:/usr/bin:/sbin:/bin') is None:
            print(f'1..0 # SKIP no {tool}')
            return
    if subprocess.run(['unshare', '--mount', '--propagation', 'private',
                       'true'], stderr=subprocess.DEVNULL).returncode != 0:
        print('1..0 # SKIP no namespaces')
        return
    signal.alarm(1700)
    walk(True, 'en')
    if os.environ.get('HB_FULL'):
        walk(False, 'ja')
    print(f'1..{count}')


if __name__ == '__main__':
    main()
