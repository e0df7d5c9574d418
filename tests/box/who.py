#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who did it, from end to end: a whole installation beside a real nginx, a
flood of harmless requests, one that writes a page.  When the playbook comes to
"collect", the timeline tells that one, and in both languages.
In name spaces of its own (mounts, processes, network)."""
import grp
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from fakecore import finish, ok

H = os.environ['HB_BUILD_ROOT'] + '/src/hinoban'
NGINX = shutil.which('nginx') or '/usr/sbin/nginx'
OFFICER = 61890
CONF = """user www-data;
pid %(n)s/nginx.pid;
error_log %(n)s/error.log;
events { worker_connections 64; }
http {
    client_body_temp_path %(n)s/b; proxy_temp_path %(n)s/p;
    fastcgi_temp_path %(n)s/f; uwsgi_temp_path %(n)s/u; scgi_temp_path %(n)s/s;
    types { text/html html; }
    access_log /var/log/nginx/access.log;
    server { listen 127.0.0.1:8080; root %(web)s; index index.html;
        location = /up.php { return 200; } }
}
"""
ANSWERS = {'Consult': 'yes', 'May the attacker': 'no',
           'Hand the first report': 'sent', 'Is the way in': 'no',
           'May personal data': 'no'}


def until(what, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (found := what()):
            return found
        time.sleep(0.1)
    return None


def ask(source, start):
    with socket.create_connection(('127.0.0.1', 8080), 30,
                                  (f'127.0.0.{source}', 0)) as s:
        s.sendall(start.encode() + b' HTTP/1.1\r\nHost: www\r\n'
                  b'Content-Length: 0\r\nConnection: close\r\n\r\n')
        while s.recv(4096):
            pass


class Place:
    def __init__(self, top):
        self.top, self.web = top, top + '/web'
        for d in ('/n', '/web', '/root', '/share'):
            os.makedirs(top + d)
        for name in ('casebook', 'rules'):
            shutil.copytree(os.environ['HB_SOURCE_ROOT'] + '/' + name,
                            f'{top}/share/{name}')
        for d in ('/etc/nginx', '/var/log/nginx'):
            subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'x', d],
                           check=True)
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        with open(self.web + '/index.html', 'w') as f:
            f.write('<h1>Town hall</h1>\n')
        with open('/etc/nginx/nginx.conf', 'w') as f:
            f.write(CONF % {'n': top + '/n', 'web': self.web})
        # As Debian has it: the role reads it as a member of adm.
        with open('/var/log/nginx/access.log', 'w') as f:
            os.fchmod(f.fileno(), 0o640)
            os.fchown(f.fileno(), 0, grp.getgrnam('adm').gr_gid)
        self.exe = top + '/hinoban'
        shutil.copy(H, self.exe)
        os.chmod(self.exe, 0o755)
        shutil.copytree(os.environ['HB_BUILD_ROOT'] + '/po', top + '/po',
                        symlinks=True,
                        ignore=shutil.ignore_patterns('meson*', '*.p'))
        self.env = dict(os.environ, HINOBAN_ROOT=top + '/root', LANG='C.UTF-8',
                        HINOBAN_DATADIR=top + '/share',
                        HINOBAN_LOCALEDIR=top + '/po',
                        HINOBAN_KEY=top + '/officer.key')

    def hinoban(self, *words):
        said = subprocess.run([self.exe, *words], env=self.env,
                              capture_output=True, text=True)
        if said.returncode != 0:
            ok(False, ' '.join(words[:2]), said.stdout + said.stderr)

    def officer(self, *words, lang='C.UTF-8'):
        return subprocess.run(
            ['setpriv', f'--reuid={OFFICER}', f'--regid={OFFICER}',
             '--clear-groups', '--', self.exe, *words],
            env=dict(self.env, LANG=lang), capture_output=True,
            text=True).stdout

    def install(self):
        self.hinoban('init', '--no-passphrase', '--organisation', 'Box',
                     '--site', 'www', '--site-root', self.web, '--url',
                     'http://127.0.0.1:8080/')
        for name, roles, uid in (('officer', 'officer,admin', OFFICER),
                                 ('deputy', 'manager,admin', OFFICER + 1)):
            self.hinoban('person', 'add', name, '--roles', roles, '--uid',
                         str(uid), '--no-passphrase', '--key-to',
                         f'{self.top}/{name}.key')
        self.hinoban('site', 'publish', 'www', self.web, '--quiet')
        self.hinoban('reflex', 'allow', '--officer', 'officer', '--site',
                     'www', '--reason', 'test')

    def tasks(self):
        try:
            return [t for t in json.loads(self.officer('task', 'list',
                                                       '--json'))
                    if t['state'] == 1]
        except ValueError:
            return []

    def collected(self):
        """Answers what is asked until the web log was looked at."""
        for t in self.tasks():
            for begin, answer in ANSWERS.items():
                if t['title_en'].startswith(begin):
                    self.officer('task', 'done', str(t['id']), answer)
        shown = self.officer('incident', 'show', '1')
        return shown if 'Web request' in shown or 'Collect the logs' in shown \
            else None


def run(top):
    place = Place(top)
    nginx = subprocess.Popen([NGINX, '-g', 'daemon off;'])
    until(lambda: os.path.exists(top + '/n/nginx.pid'))
    place.install()
    with open(top + '/log', 'w') as log:
        sup = subprocess.Popen([place.exe, 'supervise'], env=place.env,
                               stdout=log, stderr=log)
    ready = until(lambda: place.officer('event', '"change":"scan"', '--limit',
                                        '1', '--json').find('scan') >= 0)
    ok(ready, 'a whole installation starts')
    for i in range(30):
        ask(10 + i, f'POST /noise?{i}')
    time.sleep(3)
    ask(7, 'POST /up.php')
    with open(place.web + '/index.html', 'w') as f:
        f.write('hacked\n')
    ask(8, 'GET /index.html?mine=1')
    ok(until(lambda: 'hacked' not in open(place.web + '/index.html').read()),
       'the page is put back')
    shown = until(place.collected, 240) or place.officer('incident', 'show',
                                                         '1')
    ok('Web request around the change: 127.0.0.7 "POST /up.php"' in shown,
       'the request that wrote it is told', shown)
    ok('reaches what was changed, or what programs may write: 127.0.0.8 '
       '"GET /index.html?mine=1"' in shown,
       'and the one that asked for what was changed', shown)
    ok('more web requests that may have changed something' in shown,
       'and that there were more', shown)
    ja = place.officer('incident', 'show', '1', lang='ja_JP.UTF-8')
    ok('変更前後のWebアクセス:127.0.0.7 "POST /up.php"' in ja and
       '件は省略しました' in ja, 'in Japanese too', ja)
    sup.send_signal(signal.SIGTERM)
    ok(sup.wait(120) == 0, 'everything stops in order')
    nginx.send_signal(signal.SIGQUIT)
    nginx.wait(60)
    with open(top + '/log') as f:
        log = f.read()
    ok('runtime error' not in log, 'nothing went wrong inside', log[-4000:])


def inside():
    top = tempfile.mkdtemp(prefix='hb-box-', dir='/var/tmp')
    os.chmod(top, 0o755)
    try:
        run(top)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    finish()


def main():
    apart = ['unshare', '--mount', '--pid', '--net', '--fork', '--mount-proc']
    if sys.argv[1:] == ['inside']:
        inside()
    elif os.geteuid() != 0 or not os.access(NGINX, os.X_OK) or \
            not os.path.isdir('/var/log/nginx') or \
            subprocess.run([*apart, 'true'],
                           stderr=subprocess.DEVNULL).returncode != 0:
        print('1..0 # SKIP needs root, nginx and name spaces')
    else:
        os.execvp('unshare', [*apart, sys.executable, __file__, 'inside'])


main()
