#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hinoban incident restart and hinoban undo INCIDENT STEP: a playbook whose
action was declined has failed; the officer runs it again, and takes a step of
it back.  Real roles, a real helper, a real nginx."""
import os
import signal
import subprocess
import sys

SOURCE = os.environ['HB_SOURCE_ROOT']
BUILD = os.environ['HB_BUILD_ROOT']
sys.path.insert(0, SOURCE + '/drills/lib')
import bed as lab  # noqa: E402

PLAYBOOK = '''id: defacement
title: {en: Response, ja: 対処}
steps:
  - {id: begin, type: start, next: look}
  - id: look
    type: task
    phase: detect-contain
    roles: [officer]
    title: {en: Look at it, ja: 確かめる}
    text: {en: Look., ja: 確かめる}
    next: private
  - id: private
    type: action
    phase: detect-contain
    action: site.private
    roles: [officer]
    undo: private-undo
    title: {en: Show the maintenance page, ja: 非公開にする}
    next: finish
  - id: private-undo
    type: action
    phase: detect-contain
    action: site.public
    title: {en: Take the page away, ja: 公開に戻す}
  - {id: finish, type: end}
'''
count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}', flush=True)
    if not good:
        print('\n'.join('# ' + line for line in str(why).split('\n')[-30:]))


class Site(lab.Bed):
    def __init__(self):
        super().__init__(BUILD + '/src/hinoban', SOURCE, BUILD + '/po')
        with open(self.top + '/share/casebook/02-defacement/playbook.yaml',
                  'w') as f:
            f.write(PLAYBOOK)
        os.makedirs(self.web)
        with open(self.web + '/index.html', 'w') as f:
            f.write('<h1>Hello</h1>\n')
        self.network()
        self.install(reflex=False)
        self.hinoban('person', 'add', 'clerk', '--roles', 'staff', '--uid',
                     str(lab.VISITOR), '--no-passphrase', '--key-to',
                     self.top + '/clerk.key')
        self.nginx()
        self.supervise()

    def task(self, begins):
        for t in self.ask('task', 'list') or []:
            if t['title_en'].startswith(begins) and t['state'] == 1:
                return t['id']
        return None

    def answer(self, verb, begins, words):
        lab.until(lambda: self.task(begins), 20, 0.1)
        r = self.officer('task', verb, str(self.task(begins)), words,
                         check=False)
        ok(r.returncode == 0, f'{verb}: {begins}', r.stderr)

    def shown(self):
        return self.officer('incident', 'show', '1').stdout

    def becomes(self, status):
        return lab.until(lambda: self.fetch('')[0] == status, 20,
                         0.1) is not None

    def approve(self):
        lab.until(lambda: self.task('Approve'), 20, 0.1)
        r = self.officer('approve', '1', check=False)
        ok(r.returncode == 0 and 'Approved' in r.stdout, 'approve',
           r.stdout + r.stderr)


def kill_core(s):
    """As by the kernel's out-of-memory killer; the supervisor starts it."""
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/cmdline') as f:
                words = f.read().replace('\0', ' ')
        except OSError:
            continue
        if 'role core' in words and s.root in words:
            os.kill(int(pid), signal.SIGKILL)
    lab.until(lambda: s.ask('incident', 'list'), 20, 0.05)


def restart(s):
    s.officer('incident', 'open', '2', 'drill', 'a call')
    r = s.officer('incident', 'restart', '1', check=False)
    ok(r.returncode == 1 and 'neither failed' in r.stderr,
       'what runs is not restarted', r.stderr)
    s.answer('done', 'Look at it', 'seen')
    s.answer('decline', 'Approve', 'not now')
    ok(lab.until(lambda: 'failed or was ended' in s.shown(), 20, 0.1)
       is not None and '(private)' in s.shown(),
       'a declined action ends the playbook, and show says how to go on',
       s.shown())
    for who, uid in (('root', None), ('a clerk', lab.VISITOR)):
        r = s.run(s.program, 'incident', 'restart', '1', uid=uid, check=False)
        ok(r.returncode == 1, f'{who} cannot restart it', r.stdout)
    r = s.officer('incident', 'restart', '1', '--from', 'nosuch', check=False)
    ok(r.returncode == 1 and 'nosuch' in r.stderr, 'from no such step',
       r.stderr)
    r = s.officer('incident', 'restart', '99', check=False)
    ok(r.returncode == 1, 'no such incident', r.stderr)
    r = s.officer('incident', 'restart', 'x', check=False)
    ok(r.returncode == 2, 'no number', r.stderr)
    ok(s.fetch('')[0] == 200, 'nothing was done so far')
    r = s.officer('incident', 'restart', '1', '--from', 'private',
                  check=False)
    ok(r.returncode == 0 and 'stays done' in r.stdout, 'restart from a step',
       r.stderr)
    kill_core(s)
    s.approve()
    kill_core(s)
    ok(s.becomes(503), 'the action is done now, whenever core was killed')
    ok(lab.until(lambda: '[x] Show the maintenance' in s.shown(), 20, 0.1)
       is not None, 'and the step has ended', s.shown())
    ok(s.shown().count('was taken off the net') == 1, 'once', s.shown())
    ok('runs the playbook again' in s.shown(), 'the timeline says by whom',
       s.shown())
    ok(s.shown().count('Look at it') == 3, 'what was done is not asked again',
       s.shown())


def undo(s):
    r = s.officer('undo', '1', 'look', check=False)
    ok(r.returncode == 1 and 'cannot be taken back' in r.stderr,
       'a task has nothing to undo', r.stderr)
    r = s.officer('undo', '1', 'nosuch', check=False)
    ok(r.returncode == 1, 'no such step', r.stderr)
    r = s.run(s.program, 'undo', '1', 'private', uid=lab.VISITOR, check=False)
    ok(r.returncode == 1, 'a clerk cannot undo it', r.stdout)
    r = s.officer('undo', '1', 'private', '--dry-run', check=False)
    ok(r.returncode == 0 and 'site.public' in r.stdout and
       s.fetch('')[0] == 503, 'dry run', r.stdout + r.stderr)
    r = s.officer('undo', '1', 'private', check=False)
    ok(r.returncode == 0 and 'approve 1' in r.stdout, 'undo of a step',
       r.stderr)
    s.approve()
    ok(s.becomes(200), 'the site is public again')
    ok(lab.until(lambda: 'Undone by' in s.shown(), 20, 0.1) is not None,
       'the timeline tells it', s.shown())
    r = s.officer('undo', '1', 'private', check=False)
    ok(r.returncode == 1 and 'already' in r.stderr, 'once', r.stderr)


def main():
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        return
    if subprocess.run(['sh', '-c', 'command -v nginx && command -v nsenter'],
                      stdout=subprocess.DEVNULL).returncode != 0:
        print('1..0 # SKIP no nginx')
        return
    s = Site()
    try:
        restart(s)
        undo(s)
    finally:
        s.stop()
    print(f'1..{count}')


if __name__ == '__main__':
    main()
