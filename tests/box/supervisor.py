#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The supervisor from outside: starts confined roles with their sockets,
starts them again when they die, refuses a second copy, reloads only what is
right, stops in order and leaves nothing behind."""
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

H = os.environ['HB_BUILD_ROOT'] + '/src/hinoban'
count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}')
    if not good and why:
        print('\n'.join('# ' + line for line in str(why).split('\n')))
    sys.stdout.flush()
    return good


def until(what, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.02)
    return what()


class Supervisor:
    def __init__(self, root, *options):
        self.root = root
        self.err = open(root + '/log', 'a+')
        # Other accounts may be unable to enter the source tree.
        share = root + '/share'
        if not os.path.isdir(share):
            for part in ('casebook', 'rules'):
                shutil.copytree(os.environ['HB_SOURCE_ROOT'] + '/' + part,
                                share + '/' + part)
        env = {'PATH': os.environ['PATH'], 'LANG': 'C.UTF-8',
               'HINOBAN_DATADIR': share,
               'SECRET': 'not for roles'}
        env.update({k: v for k, v in os.environ.items()
                    if k.endswith('SAN_OPTIONS')})
        self.p = subprocess.Popen([H, '--root', root, 'supervise', *options],
                                  stdout=subprocess.PIPE, stderr=self.err,
                                  env=env, text=True)

    def ready(self):
        if not select.select([self.p.stdout], [], [], 90)[0]:
            return False
        return self.p.stdout.readline() == 'ready\n'

    def roles(self):
        """name -> pid of the children."""
        found = {}
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{pid}/stat') as f:
                    ppid = int(f.read().rsplit(')', 1)[1].split()[1])
                with open(f'/proc/{pid}/cmdline') as f:
                    argv = f.read().split('\0')
            except (OSError, IndexError):
                continue
            if ppid == self.p.pid and argv[1:2] == ['role']:
                found[argv[2]] = int(pid)
        return found

    def log(self):
        with open(self.root + '/log') as f:
            return f.read()

    def stop(self, sig=signal.SIGTERM):
        self.p.send_signal(sig)
        try:
            return self.p.wait(60)
        except subprocess.TimeoutExpired:
            self.p.kill()
            return 'does not stop'


def write_config(root, text='organisation:\n  name: box\n'):
    os.makedirs(root + '/etc/hinoban', exist_ok=True)
    with open(root + '/etc/hinoban/hinoban.yaml', 'w') as f:
        f.write(text)


def status_of(pid):
    with open(f'/proc/{pid}/status') as f:
        return dict(line.split(':\t', 1) for line in
                    f.read().strip().split('\n') if ':\t' in line)


def alive(pid):
    try:
        with open(f'/proc/{pid}/stat') as f:
            return f.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


def test_life(root):
    write_config(root)
    run = root + '/run/hinoban'
    s = Supervisor(root)
    ok(s.ready(), 'it says when every role is ready', s.log())
    roles = s.roles()
    ok('intake' in roles, 'roles are its children', roles)
    st = status_of(roles['intake'])
    ok(st['Uid'].split() == [st['Uid'].split()[0]] * 4 and
       st['Uid'].split()[0] != '0', 'a role is not root', st['Uid'])
    ok(all(int(st[c], 16) == 0 for c in
           ('CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'CapInh')),
       'it has no capability, nor a way to one')
    ok(st['NoNewPrivs'] == '1' and st['Seccomp'] == '2',
       'it can gain no privileges and its calls are filtered')
    ok(st['Groups'].strip() == '', 'it has no further groups')
    with open(f'/proc/{roles["intake"]}/environ') as f:
        environ = f.read()
    ok('SECRET' not in environ, 'the environment is not handed on')
    fds = os.listdir(f'/proc/{roles["intake"]}/fd')
    links = [os.readlink(f'/proc/{roles["intake"]}/fd/{n}') for n in fds
             if os.path.lexists(f'/proc/{roles["intake"]}/fd/{n}')]
    ok(not any('supervisor.lock' in link for link in links),
       'nor are its descriptors', links)
    mode = os.stat(run + '/producer.sock').st_mode & 0o7777
    ok(mode == 0o666, 'a public socket is public', oct(mode))
    mode = os.stat(root + '/var/lib/hinoban/helper').st_mode & 0o7777
    ok(mode == 0o700, 'a private directory is private', oct(mode))

    # Killed: started again, a connection made meanwhile is served.
    os.kill(roles['intake'], signal.SIGKILL)
    c = socket.socket(socket.AF_UNIX)
    c.connect(run + '/producer.sock')
    c.sendall(b'\x01\x00\x00\x00\xff')
    c.settimeout(60)
    ok(c.recv(100) != b'', 'a client does not notice that a role was killed')
    again = until(lambda: s.roles().get('intake') not in
                  (None, roles['intake']) and s.roles())
    ok(again, 'a killed role is started again')
    ok('was ended by signal 9' in s.log(), 'and the log says so', s.log())

    # A second copy on the same root.
    second = Supervisor(root)
    ok(second.p.wait(60) == 1, 'a second supervisor is refused')
    ok('another supervisor is running' in s.log(), 'and told why')
    ok(os.path.exists(run + '/producer.sock') and s.p.poll() is None,
       'without harm to the first')

    # Reload: wrong changes nothing, right starts the roles anew.
    before = s.roles()
    write_config(root, 'organisation:\n  nmae: box\n')
    s.p.send_signal(signal.SIGHUP)
    ok(until(lambda: 'hinoban.yaml:2:3' in s.log()),
       'a wrong configuration is told with its place', s.log())
    ok(s.roles() == before, 'and changes nothing')
    write_config(root, 'organisation:\n  name: other\n')
    s.p.send_signal(signal.SIGHUP)
    ok(until(lambda: len(s.roles()) == len(before) and
             not set(s.roles().values()) & set(before.values())),
       'a right one starts every role anew', (before, s.roles()))

    pids = list(s.roles().values())
    ok(s.stop() == 0, 'SIGTERM stops it', s.log())
    ok(not any(alive(p) for p in pids), 'and all roles')
    ok(not os.path.exists(run), 'nothing is left in the run directory')


def test_end_by_force(root):
    write_config(root)
    s = Supervisor(root)
    s.ready()
    pids = list(s.roles().values())
    s.p.kill()
    s.p.wait(60)
    ok(until(lambda: not any(alive(p) for p in pids)),
       'killed by force, it takes its roles along')
    s = Supervisor(root)
    ok(s.ready(), 'sockets that it left over do not matter')
    ok(s.stop(signal.SIGINT) == 0, 'Ctrl-C stops it, too')


def test_crash_loop(root):
    """A role that dies at once is tried less and less often."""
    write_config(root)
    s = Supervisor(root)
    s.ready()
    starts = []
    for _ in range(4):
        pid = until(lambda: s.roles().get('intake') not in
                    [None] + [p for p, _ in starts] and s.roles()['intake'])
        starts.append((pid, time.monotonic()))
        os.kill(pid, signal.SIGKILL)
    gaps = [b[1] - a[1] for a, b in zip(starts, starts[1:])]
    ok(gaps[2] > gaps[0] and gaps[2] >= 0.39,
       'the wait doubles', gaps)
    ok(s.stop() == 0, 'while a role waits, stopping works')


def test_once(root):
    write_config(root)
    s = Supervisor(root, '--once')
    ok(s.ready() and s.p.wait(90) == 0, '--once starts, is ready, stops')
    write_config(root, 'sites: 3\n')
    s = Supervisor(root)
    ok(s.p.wait(60) == 1 and not os.path.exists(root + '/run/hinoban'),
       'a wrong configuration is refused before anything is made')


def main():
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        return
    for test in (test_life, test_end_by_force, test_crash_loop, test_once):
        with tempfile.TemporaryDirectory(prefix='hb-sup-') as root:
            os.chmod(root, 0o755)
            test(root)
    print(f'1..{count}')


main()
