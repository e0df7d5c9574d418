#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The role outside and sites behind TLS, with the test in core's place: each
site is told for itself, in words, and one that accepts and says nothing keeps
the others from nothing.  The authority of url_ca lies where no other rule lets
the role read."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from fakecore import Core, finish, ok

H = os.environ['HB_BUILD_ROOT'] + '/src/hinoban'
SERVER = os.environ['HB_SOURCE_ROOT'] + '/tests/net/tls_server.py'
KINDS = ('good', 'expired', 'name', 'unknown', 'old', 'silent', 'plain')
# Site, kind of server, path, status, words; the silent one comes first.
SITES = (
    ('silent', 'silent', '/', 'unreachable', 'no answer in time'),
    ('expired', 'expired', '/', 'unreachable', 'the certificate has expired'),
    ('name', 'name', '/', 'unreachable', 'the certificate is for another name'),
    ('unknown', 'unknown', '/', 'unreachable', 'signed by nobody who is'),
    ('old', 'old', '/', 'unreachable', 'no TLS connection'),
    ('down', 'good', '/away', 'redirected', 'from https to http'),
    ('up', 'plain', '/up/good', 'same', ''),
    ('good', 'good', '/', 'same', ''),
)


def run(top, server):
    ports = dict(zip(KINDS, map(int, server.stdout.readline().split())))
    root = top + '/root'
    env = dict(os.environ, HINOBAN_ROOT=root, LANG='C.UTF-8',
               HINOBAN_DATADIR=os.environ['HB_SOURCE_ROOT'],
               HINOBAN_LOCALEDIR=os.environ['HB_BUILD_ROOT'] + '/po')
    exe = top + '/hinoban'
    shutil.copy(H, exe)
    os.chmod(exe, 0o755)
    for name, *_ in SITES:
        os.makedirs(f'{top}/web/{name}')
        with open(f'{top}/web/{name}/index.html', 'w') as f:
            f.write('hello')
    said = subprocess.run(
        [exe, 'init', '--no-passphrase', '--organisation', 'Box', '--site',
         'good', '--site-root', top + '/web/good', '--url',
         'https://127.0.0.1:1/'], env=env, capture_output=True, text=True)
    ok(said.returncode == 0, 'init', said.stdout + said.stderr)
    with open(root + '/etc/hinoban/hinoban.yaml', 'w') as f:
        f.write('organisation:\n  name: box\nsites:\n')
        for i, (name, kind, path, *_) in enumerate(SITES):
            scheme = 'http' if kind == 'plain' else 'https'
            f.write(f'  - name: {name}\n    number: {i + 1}\n'
                    f'    root: {top}/web/{name}\n'
                    f'    url: {scheme}://127.0.0.1:{ports[kind]}{path}\n'
                    f'    url_ca: {top}/tls/ca.pem\n'
                    '    outside_every: 10m\n')
    for name, *_ in SITES:
        said = subprocess.run([exe, 'site', 'publish', name,
                               f'{top}/web/{name}', '--quiet'], env=env,
                              capture_output=True, text=True)
        if said.returncode != 0:
            ok(False, f'{name} is published', said.stdout + said.stderr)
    os.makedirs(root + '/run/hinoban', exist_ok=True)
    core = Core(root + '/run/hinoban/event.sock')
    with open(top + '/log', 'w') as log:
        p = subprocess.Popen([exe, '--root', root, 'role', 'outside'],
                             stderr=log, env=env)
    try:
        look(core, p)
    finally:
        p.kill()
        p.wait()
    with open(top + '/log') as f:
        log = f.read()
    ok('ERROR' not in log and 'runtime error' not in log,
       'nothing went wrong inside', log[-4000:])


def look(core, p):
    for name, _, _, status, words in SITES:
        e = core.until(lambda e: e.get('class_uid') == 4002 and
                       e.get('unmapped', {}).get('site') == name)
        ok(e and e.get('status') == status and
           words in e.get('status_detail', ''),
           f'{name}: {status}{", " if words else ""}{words}', e)
    # On command too, whatever the first site does.
    a = core.command('look', 'silent')
    ok(a and a.get('status') == 'failed' and
       'in time' in a.get('status_detail', ''),
       'a look at the silent one fails in words', a)
    a = core.command('look', 'good')
    ok(a and a.get('unmapped', {}).get('answer') ==
       {'__outside_same__': True}, 'and the next one is answered', a)
    p.send_signal(signal.SIGTERM)
    ok(p.wait(60) == 0, 'it ends when it is told to')


def main():
    if os.geteuid() != 0 or shutil.which('openssl') is None:
        print('1..0 # SKIP needs root and openssl')
        return
    top = tempfile.mkdtemp(prefix='hb-box-', dir='/var/tmp')
    os.chmod(top, 0o755)
    os.makedirs(top + '/tls')
    os.makedirs(top + '/root')
    server = subprocess.Popen([sys.executable, '-W', 'ignore', SERVER,
                               top + '/tls'], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        run(top, server)
    finally:
        server.stdin.close()
        server.wait()
        shutil.rmtree(top)
    finish()


main()
