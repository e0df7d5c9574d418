#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What core does by itself where the officer approved it in advance: real
roles, a real nginx, real attackers.

A page that cannot be restored is taken off the net alone, and comes back when
it is clean; a fight for a path ends with the path unchangeable, or with the
writer stopped; and an attack that only makes noise leaves the site public.
"""
import fcntl
import hashlib
import os
import shutil
import signal
import struct
import subprocess
import sys
import time

SOURCE = os.environ['HB_SOURCE_ROOT']
BUILD = os.environ['HB_BUILD_ROOT']
sys.path.insert(0, SOURCE + '/drills/lib')
import bed as lab  # noqa: E402

ACTIONS = ('file.restore,file.remove,site.private,site.public,path.deny,'
           'path.allow,writer.freeze')
SETTINGS = '''    private_after: 3
    private_within: 60s
    private_clean: 4s
    loop_restores: 5
    loop_within: 10s
    freeze_writer: %s
    private_on_entry_open: %s
'''
FREEZER = '/sys/fs/cgroup/freezer'
count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}', flush=True)
    if not good:
        print('\n'.join('# ' + line for line in str(why).split('\n')[-30:]))


def skip(name, why):
    global count
    count += 1
    print(f'ok {count} - {name} # SKIP {why}', flush=True)


class Site(lab.Bed):
    """An installation with a page, hidden files and 300 more pages."""

    def __init__(self, freeze='false', entry='false', actions=ACTIONS):
        super().__init__(BUILD + '/src/hinoban', SOURCE, BUILD + '/po')
        os.makedirs(self.web + '/news')
        for name in ('index.html', 'about.html', '.hidden'):
            self.write(name, f'<h1>{name}</h1>\n')
        for i in range(300):
            self.write(f'news/{i}.html', f'<p>{i}</p>\n' * 50)
        self.network()
        self.install(reflex=False)
        conf = self.root + '/etc/hinoban/hinoban.yaml'
        with open(conf) as f:
            text = f.read()
        at = text.index('    number: ')
        with open(conf, 'w') as f:
            f.write(text[:at] + SETTINGS % (freeze, entry) + text[at:])
        self.hinoban('reflex', 'allow', '--officer', 'officer', '--site',
                     'drill', '--reason', 'test', '--actions', actions)
        self.nginx()
        self.supervise()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.stop()

    def write(self, rel, text):
        with open(f'{self.web}/{rel}', 'w') as f:
            f.write(text)

    def status(self, path):
        return self.fetch(path)[0]

    def becomes(self, path, status, seconds=30):
        return lab.until(lambda: self.status(path) == status, seconds,
                         0.1) is not None

    def told(self, words):
        return words in self.officer('incident', 'show', '1',
                                     check=False).stdout

    def object_of(self, rel):
        """The copy from which REL would be restored."""
        with open(f'{self.web}/{rel}', 'rb') as f:
            name = hashlib.sha256(f.read()).hexdigest()
        for top, _, files in os.walk(self.root +
                                     '/var/lib/hinoban/baseline/objects'):
            for f in files:
                if os.path.join(top, f).replace('/', '').endswith(name):
                    return os.path.join(top, f)
        raise RuntimeError('no object of ' + rel)

    def immutable(self, rel):
        fd = os.open(f'{self.web}/{rel}', os.O_RDONLY)
        try:
            flags = struct.unpack('l', fcntl.ioctl(fd, 0x80086601, b'\0' * 8))
            return flags[0] & 0x10 != 0
        except OSError:
            return False
        finally:
            os.close(fd)


def keep(site, rel):
    """Takes away what REL would be restored from."""
    path = site.object_of(rel)
    shutil.move(path, site.top + '/away')
    return path


def test_failed_and_noise():
    with Site() as s:
        ok(s.status('') == 200, 'the site is public')
        # Noise: everything is restored, nobody needs a maintenance page.
        for wave in range(3):
            for i in range(300):
                s.write(f'news/{i}.html', 'HACKED')
            s.write('index.html', 'HACKED')
            time.sleep(1)
        # What is not served cannot be restored: still no reason.
        hidden = keep(s, '.hidden')
        s.write('.hidden', 'HACKED')
        quiet = lab.until(lambda: s.status('') != 200 or
                          s.status('about.html') != 200, 8, 0.2) is None
        ok(quiet, 'noise leaves the site public', s.log())
        shutil.move(s.top + '/away', hidden)
        # A page that cannot be restored: it alone goes off the net.
        page = keep(s, 'about.html')
        s.write('about.html', 'HACKED')
        ok(s.becomes('about.html', 503), 'the page is taken off the net',
           s.log())
        ok(b'HACKED' not in s.fetch('about.html')[1],
           'visitors do not see it')
        ok(s.status('') == 200, 'the others stay public')
        ok(s.told('about.html was taken off the net (503)'),
           'the timeline says so')
        # The copy is there again: restored, and after a while public.
        shutil.move(s.top + '/away', page)
        ok(s.becomes('about.html', 200, 90),
           'restored, it is public again by itself', s.log())
        ok(s.fetch('about.html')[1] == b'<h1>about.html</h1>\n',
           'as it was published')
        ok(s.told('about.html is public again'), 'the timeline says so')


def test_no_reflex():
    with Site(actions='file.restore,file.remove') as s:
        keep(s, 'about.html')
        s.write('about.html', 'HACKED')
        left = lab.until(lambda: s.status('about.html') != 200, 8, 0.2) is None
        ok(left, 'without an approval in advance nothing is taken off',
           s.log())


def test_entry_open():
    with Site(entry='true') as s:
        s.write('index.html', 'HACKED')
        time.sleep(3)
        ok(s.status('') == 200, 'the first change is only restored')
        # A minute later the intruder is there again.
        time.sleep(62)
        s.write('index.html', 'HACKED AGAIN')
        ok(s.becomes('', 503), 'when the intruder comes back the site closes',
           s.log())
        ok(s.becomes('', 200, 60), 'and opens when it was quiet', s.log())


def fighter(bed, rel):
    """A process that writes REL again and again."""
    code = ('import sys, time\n'
            'while True:\n'
            '    try:\n'
            '        open(sys.argv[1], "w").write("HACKED")\n'
            '    except OSError:\n'
            '        pass\n'
            '    time.sleep(0.05)\n')
    return subprocess.Popen(['/usr/bin/python3', '-c', code,
                             f'{bed.web}/{rel}'], stdin=subprocess.DEVNULL)


def undo(s):
    """The officer takes it back; nobody else can, and nothing twice."""
    deed = str(s.ask('undo', '1')[0]['deed'])
    r = s.officer('undo', '1', deed, '--dry-run')
    ok('path.allow' in r.stdout and s.immutable('index.html'),
       'a dry run only tells', r.stdout)
    r = s.run(s.program, 'undo', '1', deed, '--key', s.top + '/deputy.key',
              uid=lab.DEPUTY, check=False)
    ok(r.returncode != 0, 'who is neither officer nor deputy cannot', r.stdout)
    ok(s.immutable('index.html'), 'and it stays')
    r = s.officer('undo', '1', deed, check=False)
    ok(r.returncode == 0 and not s.immutable('index.html'),
       'the officer undoes it', r.stderr)
    r = s.officer('undo', '1', deed, check=False)
    ok(r.returncode == 1 and 'not in force' in r.stderr, 'once', r.stderr)
    r = s.officer('undo', 'x', check=False)
    ok(r.returncode == 2, 'no number: wrong usage')


def test_fight_denied():
    with Site() as s:
        p = fighter(s, 'index.html')
        try:
            denied = lab.until(lambda: s.immutable('index.html'), 30, 0.1)
            ok(denied is not None, 'a path that is fought for is made '
               'unchangeable', s.log())
            ok(s.status('') == 200 and b'HACKED' not in s.fetch('')[1],
               'and served as published')
        finally:
            p.kill()
            p.wait()
        ok(s.told('was made unchangeable'), 'the timeline says so')
        undo(s)
    with Site() as s:
        p = fighter(s, 'index.html')
        ok(lab.until(lambda: s.immutable('index.html'), 30, 0.1) is not None,
           'another fight')
        p.kill()
        p.wait()
        ok(lab.until(lambda: not s.immutable('index.html'), 60, 0.2)
           is not None, 'it can be changed again when it is quiet', s.log())


def test_fight_frozen():
    name = f'{FREEZER}/hb-box-{os.getpid()}'
    try:
        os.mkdir(name)
    except OSError as e:
        skip('a writer is stopped', f'no freezer: {e.strerror}')
        return
    try:
        with Site(freeze='true') as s:
            p = fighter(s, 'index.html')
            with open(name + '/cgroup.procs', 'w') as f:
                f.write(str(p.pid))
            state = lambda: open(name + '/freezer.state').read().strip()
            try:
                ok(lab.until(lambda: state() == 'FROZEN', 30, 0.1) is not None,
                   'the writer is stopped, with its control group', s.log())
                ok(lab.until(lambda: b'HACKED' not in s.fetch('')[1], 10)
                   is not None, 'the page is as published')
                ok(s.told('was stopped'), 'the timeline says so')
                deed = s.ask('undo', '1')[0]
                ok(deed['action'] == 'writer.freeze', 'it can be undone', deed)
                r = s.officer('undo', '1', str(deed['deed']), check=False)
                ok(r.returncode == 0 and state() == 'THAWED',
                   'a person lets the writer go', r.stderr)
                ok(s.told('may go on'), 'the timeline says by whom')
            finally:
                with open(name + '/freezer.state', 'w') as f:
                    f.write('THAWED')
                p.kill()
                p.wait()
    finally:
        lab.until(lambda: not open(name + '/cgroup.procs').read(), 5)
        os.rmdir(name)


def main():
    if os.geteuid() != 0 or not shutil.which('nginx'):
        print('1..0 # SKIP needs root and nginx')
        return
    signal.alarm(550)
    test_failed_and_noise()
    test_no_reflex()
    test_fight_denied()
    test_fight_frozen()
    if os.environ.get('HB_FULL'):
        test_entry_open()
    else:
        skip('the intruder comes back', 'takes a minute: ./dev test full')
    print(f'1..{count}')


main()
