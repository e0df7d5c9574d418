#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The first ten minutes: `init --ask` on a terminal and from a file, the first
posture, what the service makes of the signed answers, and the questions."""
import json
import os
import pty
import pwd
import select
import shutil
import signal
import subprocess
import tempfile
import time

from fakecore import finish, ok

H = os.environ['HB_BUILD_ROOT'] + '/src/hinoban'
ANSWERS = {'kind': 'municipality', 'name': 'Town of Box', 'site': 'no',
           'officer': 'daemon', 'mail': 'no', 'deputy': 'bin',
           'data': 'both', 'payments': 'yes', 'sns': 'no', 'lines': 'no'}


def until(what, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (found := what()):
            return found
        time.sleep(0.1)
    return None


class Place:
    def __init__(self, top):
        self.top = top
        os.makedirs(top + '/share')
        for name in ('casebook', 'rules'):
            shutil.copytree(os.environ['HB_SOURCE_ROOT'] + '/' + name,
                            f'{top}/share/{name}')
        shutil.copytree(os.environ['HB_BUILD_ROOT'] + '/po', top + '/po',
                        symlinks=True,
                        ignore=shutil.ignore_patterns('meson*', '*.p'))
        self.exe = top + '/hinoban'
        shutil.copy(H, self.exe)
        os.chmod(self.exe, 0o755)
        self.env = dict(os.environ, LANG='C.UTF-8', LANGUAGE='',
                        HINOBAN_DATADIR=top + '/share',
                        HINOBAN_LOCALEDIR=top + '/po')
        self.root('root')

    def root(self, name):
        os.makedirs(f'{self.top}/{name}/keys')
        os.chmod(f'{self.top}/{name}', 0o755)
        os.chmod(f'{self.top}/{name}/keys', 0o755)
        self.env['HINOBAN_ROOT'] = f'{self.top}/{name}'
        self.keys = f'{self.top}/{name}/keys'

    def run(self, *words, who=None, feed=None, lang='C.UTF-8'):
        env = dict(self.env, LANG=lang)
        argv = [self.exe, *words]
        if who:
            p = pwd.getpwnam(who)
            env['HINOBAN_KEY'] = f'{self.keys}/{who}.key'
            argv = ['setpriv', f'--reuid={p.pw_uid}', f'--regid={p.pw_gid}',
                    '--clear-groups', '--', *argv]
        return subprocess.run(argv, env=env, input=feed or '', text=True,
                              capture_output=True, timeout=300)

    def ask(self, answers, *more):
        with open(self.top + '/answers', 'w') as f:
            f.writelines(f'{k}: {v}\n' for k, v in answers.items())
        return self.run('init', '--answers', self.top + '/answers',
                        '--keys-to', self.keys, '--no-passphrase', *more)


def refused(place):
    for key, word, said in (('kind', 'companie', 'One of these words'),
                            ('officer', 'nobody-there', 'no such account'),
                            ('officer', 'root', 'no such account'),
                            ('site', '/nowhere', 'A folder of this machine'),
                            ('mail', 'x', 'A mail address'),
                            ('sns', 'maybe', 'yes or no')):
        r = place.ask({**ANSWERS, key: word})
        ok(r.returncode == 1 and said in r.stderr, f'{key}: {word} is refused',
           r.stderr)
    less = dict(ANSWERS)
    del less['lines']
    r = place.ask(less)
    ok(r.returncode == 1 and '"lines" is missing' in r.stderr,
       'an answer that is missing is told', r.stderr)
    ok(not os.path.exists(place.env['HINOBAN_ROOT'] + '/etc'),
       'and nothing was made')
    r = place.ask(ANSWERS, '--organisation', 'X')
    ok(r.returncode == 2, 'settings beside the questions are a wrong usage')


def first(place):
    r = place.ask(ANSWERS)
    ok(r.returncode == 0, 'the answers set everything up',
       r.stdout + r.stderr)
    ok('Today' in r.stdout and 'are unknown' in r.stdout and
       'Do first' in r.stdout, 'the first posture is shown', r.stdout)
    for n in (1, 2, 7):
        ok(any(line.startswith(f'{n:2}  - not applicable')
               for line in r.stdout.splitlines()),
           f'case {n} does not apply', r.stdout)
    ok(not any(line.startswith('12  - ') or line.startswith('16  - ')
               for line in r.stdout.splitlines()),
       'what nobody said stays', r.stdout)
    ok(all(len(line) <= 80 for line in r.stdout.splitlines()[:60]),
       'in 80 columns')
    with open(place.env['HINOBAN_ROOT'] + '/etc/hinoban/hinoban.yaml') as f:
        text = f.read()
    ok('kind: municipality' in text and '"Town of Box"' in text and
       'contracts' in text and 'sites' not in text, 'hinoban.yaml', text)
    r = place.run('config', 'check')
    ok(r.returncode == 0, 'which is right', r.stderr)
    r = place.ask(ANSWERS)
    ok(r.returncode == 1, 'a second time is refused')


def states(place):
    try:
        p = json.loads(place.run('status', '--json', who='daemon').stdout)
    except ValueError:
        return None
    return {c['number']: c['state'] for c in p['cases']}, \
        {s['control']: s for s in p['next']}


def service(place):
    log = open(place.top + '/log', 'w+')
    sup = subprocess.Popen([place.exe, 'supervise'], env=place.env, stdout=log,
                           stderr=log)
    try:
        ok(until(lambda: states(place)), 'the service starts')
        now, todo = states(place) or ({}, {})
        ok([n for n in now if now[n] == 'not-applicable'] == [1, 2, 7],
           'core believes what the officer signed', now)
        ok('edge.vendor_lines' not in todo and 'people.two' not in todo,
           'the question about lines is answered, two people are there', todo)
        ok(todo and all(s['cases'] and not set(s['cases']) & {1, 2, 7}
                        for s in todo.values()),
           'what does not apply is nothing to do')
        questions(place)
        forged(place)
    finally:
        sup.send_signal(signal.SIGTERM)
        ok(sup.wait(120) == 0, 'everything stops in order')
        log.seek(0)
        text = log.read()
        ok('runtime error' not in text and 'AddressSanitizer' not in text,
           'nothing went wrong inside', text[-4000:])


def questions(place):
    asked = json.loads(place.run('question', 'list', '--json',
                                 who='daemon').stdout)
    ids = [q['control'] for q in asked]
    ok(len(ids) > 3 and len(set(ids)) == len(ids), 'questions are listed once',
       ids)
    r = place.run('question', 'ask', who='daemon',
                  feed='y\nbinder 3, page 2\nx\nn\nnobody did it\n\nq\n')
    ok(r.returncode == 0 and '2 answers are recorded' in r.stdout,
       'two are answered, one is left for later', r.stdout + r.stderr)
    ok(r.stdout.index(ids[0]) < r.stdout.index(ids[1]) and 'Why: ' in r.stdout,
       'one at a time, each with its why')
    left = [q['control'] for q in json.loads(
        place.run('question', 'list', '--json', who='daemon').stdout)]
    ok(left == ids[2:], 'what has an answer is not asked again', left)
    todo = states(place)[1]
    ok(ids[0] not in todo and todo[ids[1]]['fails'],
       'yes holds, no is something to do', todo.get(ids[1]))
    r = place.run('question', 'ask', who='daemon', feed='q\n',
                  lang='ja_JP.UTF-8')
    ok('本人の鍵で署名します' in r.stdout, 'in Japanese too', r.stdout)
    r = place.run('question', 'ask', who='bin', feed='y\nwhy\n')
    ok(r.returncode == 1, 'who may not decide answers nothing')
    ok(left == [q['control'] for q in json.loads(
        place.run('question', 'list', '--json', who='daemon').stdout)],
       'and nothing changed')


def forged(place):
    """Root writes what the officer never signed."""
    d = place.env['HINOBAN_ROOT'] + '/etc/hinoban/decisions/'
    with open(d + 'first-7.json') as f:
        text = json.load(f)
    text['subject'] = 'case:12'
    with open(d + 'first-12.json', 'w') as f:
        json.dump(text, f)
    place.run('decide', 'case:7', 'withdrawn', 'we have one now', who='daemon')
    place.run('person', 'add', 'other', '--roles', 'staff', '--uid', '61899',
              '--no-passphrase', '--key-to', place.keys + '/other.key')
    now = states(place)[0]
    ok(now[12] != 'not-applicable', 'a forged decision counts for nothing')
    ok(now[7] != 'not-applicable', 'and what was withdrawn does not come back')


def terminal(place):
    """A person at a terminal, who mistypes once."""
    place.root('tty')
    words = ['compny', 'company', 'Box', 'elsewhere', 'daemon', 'no', 'no',
             'none', 'no', 'yes', 'yes']
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(place.exe, [place.exe, 'init', '--ask', '--keys-to',
                              place.keys, '--no-passphrase'], place.env)
    said, start = '', time.monotonic()
    while time.monotonic() - start < 120:
        if not select.select([fd], [], [], 60)[0]:
            break
        try:
            said += os.read(fd, 65536).decode(errors='replace')
        except OSError:
            break
        if said.endswith('> ') and words:
            os.write(fd, (words.pop(0) + '\n').encode())
            said += '\n'
    status = os.waitpid(pid, 0)[1]
    ok(status == 0, 'on a terminal', said)
    ok(said.count('\n 1. ') + said.count('\r\n 1. ') >= 1 and '10. ' in said and
       'One of these words' in said, 'ten questions, one asked again', said)
    ok(any(line.startswith('16  - not applicable')
           for line in said.splitlines()), 'and a posture at the end', said)


def main():
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        return
    top = tempfile.mkdtemp(prefix='hb-box-', dir='/var/tmp')
    os.chmod(top, 0o755)
    try:
        place = Place(top)
        refused(place)
        first(place)
        service(place)
        terminal(place)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    finish()


main()
