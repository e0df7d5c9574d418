# SPDX-License-Identifier: Apache-2.0
"""bed.py - the test bed of the drills: an installation of Hinoban of its own
in a temporary directory, a real nginx in a network namespace, an attacker in
another one, joined by a veth pair.  A namespace lives as long as the process
that holds it: no name, no mount, nothing to be left behind.

Everything it makes lies below one directory and carries one random suffix;
stop() takes all of it away again.  It changes nothing outside.

A drill prints one JSON object a line: {"part", "state", "expected", "seen",
"took_ns"}; state is passed, failed or not-yet.
"""
import hashlib
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

OFFICER, DEPUTY, VISITOR = 61890, 61891, 61899


class Bed:
    def __init__(self, program, data, locale):
        self.tag = os.urandom(3).hex()
        self.top = tempfile.mkdtemp(prefix='hinoban-drill.', dir='/var/tmp')
        os.chmod(self.top, 0o755)
        self.root = self.top + '/root'
        self.web = self.top + '/web'
        self.origin = program
        self.program = self.top + '/hinoban'
        shutil.copy(program, self.program)
        os.chmod(self.program, 0o755)
        share = self.top + '/share'
        os.mkdir(share)
        for name in ('casebook', 'rules'):
            shutil.copytree(os.path.join(data, name), share + '/' + name)
        if locale and os.path.isdir(locale):
            shutil.copytree(locale, self.top + '/locale', symlinks=True,
                            ignore=shutil.ignore_patterns('meson*', '*.p'))
        self.env = dict(os.environ, HINOBAN_ROOT=self.root,
                        HINOBAN_DATADIR=share,
                        HINOBAN_LOCALEDIR=self.top + '/locale',
                        LC_ALL='C.UTF-8', HINOBAN_KEY=self.top + '/officer.key')
        self.data = data
        self.spaces, self.children = {}, []
        self.gate_on, self.locations = False, ''
        self.port, self.failed = 8080, 0

    # ---- what it reports ----
    def part(self, name, state, expected, seen, took_ns=-1):
        if state is True or state is False:
            state = 'passed' if state else 'failed'
        if state == 'failed':
            self.failed += 1
        print(json.dumps({'part': name, 'state': state, 'expected': expected,
                          'seen': str(seen), 'took_ns': int(took_ns)},
                         ensure_ascii=False), flush=True)
        return state == 'passed'

    # ---- programs ----
    def run(self, *argv, check=True, space=None, uid=None, **kw):
        argv = list(argv)
        if uid is not None:
            argv = ['setpriv', f'--reuid={uid}', f'--regid={uid}',
                    '--clear-groups', '--'] + argv
        if space:
            argv = self.enter(space) + argv
        r = subprocess.run(argv, env=self.env, text=True, timeout=120,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           stdin=subprocess.DEVNULL, **kw)
        if check and r.returncode != 0:
            raise RuntimeError(f'{argv}: exit {r.returncode}: {r.stderr}')
        return r

    def hinoban(self, *words, check=True):
        return self.run(self.program, *words, check=check)

    def officer(self, *words, check=True):
        return self.run(self.program, *words, uid=OFFICER, check=check)

    def ask(self, *words):
        """The data of a command as the officer, or None."""
        r = self.officer(*words, '--json', check=False)
        if r.returncode != 0:
            return None
        try:
            return json.loads(r.stdout)
        except ValueError:
            return None

    def start(self, argv, log, space=None):
        if space:
            argv = self.enter(space) + argv
        out = open(f'{self.top}/{log}', 'ab')
        p = subprocess.Popen(argv, env=self.env, stdout=out, stderr=out,
                             stdin=subprocess.DEVNULL)
        self.children.append(p)
        return p

    # ---- network ----
    def enter(self, name):
        return ['nsenter', f'--net=/proc/{self.spaces[name].pid}/ns/net', '--']

    def network(self):
        mine = os.readlink('/proc/self/ns/net')
        for name in ('dmz', 'evil'):
            p = subprocess.Popen(['unshare', '--net', 'sleep', '3600'],
                                 stdin=subprocess.DEVNULL)
            self.spaces[name] = p
            if until(lambda: os.readlink(f'/proc/{p.pid}/ns/net') != mine,
                     10) is None:
                raise RuntimeError('no network namespace')
            self.run('ip', 'link', 'set', 'lo', 'up', space=name)
        a, b = f'hb{self.tag}a', f'hb{self.tag}b'
        self.run('ip', 'link', 'add', a, 'netns',
                 str(self.spaces['dmz'].pid), 'type', 'veth', 'peer', 'name',
                 b, 'netns', str(self.spaces['evil'].pid))
        for name, dev, addr in (('dmz', a, '10.77.0.1/24'),
                                ('evil', b, '10.77.0.2/24')):
            self.run('ip', 'addr', 'add', addr, 'dev', dev, space=name)
            self.run('ip', 'link', 'set', dev, 'up', space=name)
        self.url = f'http://10.77.0.1:{self.port}/'

    def fetch(self, path, space='evil'):
        """(status, body) of the site as SPACE sees it."""
        status, _, body = self.request('GET', path, space=space)
        return status, body

    def request(self, method, path, body=b'', kind='', space='evil'):
        """(status, X-Request-Id, body) of one request from SPACE; BODY has
        the type KIND.  Status 0 where there was no answer."""
        code = ('import http.client, sys\n'
                'host, port, method, path, kind = sys.argv[1:]\n'
                'c = http.client.HTTPConnection(host, int(port), timeout=10)\n'
                'h = {"User-Agent": "Mozilla/5.0", "Accept": "*/*"}\n'
                'if kind: h["Content-Type"] = kind\n'
                'c.request(method, path, sys.stdin.buffer.read() or None, h)\n'
                'r = c.getresponse()\n'
                'print(r.status, r.getheader("X-Request-Id") or "-",\n'
                '      flush=True)\n'
                'sys.stdout.buffer.write(r.read())\n')
        r = subprocess.run(self.enter(space) +
                           ['/usr/bin/python3', '-c', code, '10.77.0.1',
                            str(self.port), method, '/' + path.lstrip('/'),
                            kind],
                           input=body, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60)
        if r.returncode != 0:
            return 0, '-', r.stderr
        head, _, body = r.stdout.partition(b'\n')
        status, _, number = head.decode('ascii').partition(' ')
        return int(status), number, body

    def nginx(self):
        try:
            user = pwd.getpwnam('www-data').pw_name
        except KeyError:
            user = 'nobody'
        top = self.top + '/nginx'
        os.makedirs(top + '/tmp', exist_ok=True)
        conf = top + '/nginx.conf'
        temp = ''.join(f'{k}_temp_path {top}/tmp/{k};\n' for k in
                       ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        load, include = '', ''
        if self.gate_on:
            load = f'load_module {gate_module(self.origin)};\n'
            include = f'include {self.root}/var/lib/hinoban/gate/http.conf;\n'
        with open(conf, 'w') as f:
            f.write(f'''{load}user {user};
worker_processes 1;
pid {top}/nginx.pid;
error_log {top}/error.log;
events {{ worker_connections 64; }}
http {{
types {{ text/html html; text/css css; }}
default_type application/octet-stream;
access_log {top}/access.log;
{temp}{include}server_tokens off;
server {{
listen 10.77.0.1:{self.port};
root {self.web};
index index.html;
include {self.root}/var/lib/hinoban/private/drill.con[f];
{self.locations}}}
}}
''')
        self.start(['nginx', '-c', conf, '-g', 'daemon off;'], 'nginx.log',
                   space='dmz')
        self.web_user = user

    # ---- Hinoban ----
    def install(self, reflex=True, site=''):
        """SITE: more lines of the site's settings."""
        self.hinoban('init', '--no-passphrase', '--organisation', 'Drill',
                     '--site', 'drill', '--site-root', self.web, '--url',
                     self.url, '--anchor', f'file:{self.top}/anchor')
        self.settings('private_driver: nginx\n',
                      'private_driver: nginx\n' + site)
        for name, roles, uid in (('officer', 'officer,admin', OFFICER),
                                 ('deputy', 'manager,admin', DEPUTY)):
            self.hinoban('person', 'add', name, '--roles', roles, '--uid',
                         str(uid), '--no-passphrase', '--key-to',
                         f'{self.top}/{name}.key')
        self.hinoban('site', 'publish', 'drill', self.web, '--quiet')
        if reflex:
            self.hinoban('reflex', 'allow', '--officer', 'officer', '--site',
                         'drill', '--reason', 'drill')

    def settings(self, old, new):
        path = self.root + '/etc/hinoban/hinoban.yaml'
        text = open(path).read()
        with open(path, 'w') as f:
            f.write(text.replace(old, new, 1) if old else text + new)

    # ---- the firewall ----
    def gate(self, mode):
        """Its settings and its rules; before nginx() and supervise()."""
        log = self.root + '/var/lib/hinoban/gate/drill.log'
        nginx = ', '.join(self.enter('dmz') +
                          [shutil.which('nginx'), '-c',
                           self.top + '/nginx/nginx.conf'])
        self.settings('', f'''gate:
  mode: {mode}
  rules: {gate_rules(self.data)}
  answers: true
  log: {log}
  check: [{nginx}, -t, -q]
  reload: [{nginx}, -s, reload]
''')
        os.makedirs(os.path.dirname(log), mode=0o750, exist_ok=True)
        self.hinoban('gate', 'build', '--no-reload')
        self.gate_on = True

    def findings(self):
        """What the module for nginx wrote, oldest first."""
        with open(self.root + '/var/lib/hinoban/gate/drill.log') as f:
            return [json.loads(line) for line in f if line.endswith('\n')]

    def finding(self, number):
        """The finding that a visitor was shown as NUMBER, or {}."""
        found = []

        def there():
            found[:] = [x for x in self.findings() if x['id'] == number]
            return found

        return found[0] if until(there, 5, 0.05) is not None else {}

    def event(self, text, seconds=20):
        """The newest event that holds TEXT, or {}; waits for it."""
        found = []

        def there():
            found[:] = self.ask('event', text, '--limit', '1') or []
            return found

        return found[0] if until(there, seconds, 0.2) is not None else {}

    def backend(self, folder):
        """A small vulnerable program behind nginx; see backend.py."""
        self.reached = self.top + '/reached'
        open(self.reached, 'w').close()
        self.start(['/usr/bin/python3',
                    os.path.dirname(os.path.abspath(__file__)) +
                    '/backend.py', folder, self.reached], 'backend.log',
                   space='dmz')
        self.locations = (
            'location /app/ { proxy_pass http://127.0.0.1:8081; }\n')

    def arrived(self):
        """The requests that reached it."""
        with open(self.reached, encoding='utf-8') as f:
            return f.read().split('\n')[:-1]

    def supervise(self):
        self.sup = self.start([self.program, 'supervise'], 'log', space='dmz')
        end = time.monotonic() + 40
        while time.monotonic() < end:
            if self.sup.poll() is not None:
                raise RuntimeError('Hinoban ended: ' + self.log())
            if self.ask('event', '"change":"scan"', '--limit', '1'):
                return
            time.sleep(0.1)
        raise RuntimeError('Hinoban was not ready: ' + self.log())

    def log(self):
        try:
            return open(self.top + '/log', errors='replace').read()[-3000:]
        except OSError:
            return ''

    def stop(self):
        for p in reversed(self.children):
            if p.poll() is None:
                p.send_signal(signal.SIGTERM)
        for p in self.children:
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        for p in self.spaces.values():
            p.kill()
            p.wait()
        subprocess.run(['chattr', '-R', '-i', self.top], check=False,
                       stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        shutil.rmtree(self.top, ignore_errors=True)


def gate_module(program):
    """The module for nginx that belongs to PROGRAM, or None."""
    for path in (os.path.dirname(program) +
                 '/guard/nginx/ngx_http_hinoban_module.so',
                 '/usr/lib/nginx/modules/ngx_http_hinoban_module.so'):
        if os.path.exists(path):
            return path
    return None


def gate_rules(data):
    """The folder of the Core Rule Set, or None."""
    for path in ('/usr/share/modsecurity-crs',
                 os.path.realpath(data + '/../shared/waf/crs')):
        if os.path.exists(path + '/rules/REQUEST-901-INITIALIZATION.conf'):
            return path
    return None


def gate_missing(program, data):
    """What the firewall's parts of a drill lack, or None."""
    if gate_module(program) is None:
        return 'the module for nginx is not there'
    if gate_rules(data) is None:
        return 'the Core Rule Set is not there'
    return None


def digest(path):
    """{relative path: (mode, uid, gid, sha256 or target)} of a tree; None for
    what went away while it was looked at."""
    out = {}
    for top, dirs, files in os.walk(path):
        for name in dirs + files:
            p = os.path.join(top, name)
            rel = os.path.relpath(p, path)
            try:
                st = os.lstat(p)
                what = ''
                if stat.S_ISLNK(st.st_mode):
                    what = os.readlink(p)
                elif stat.S_ISREG(st.st_mode):
                    with open(p, 'rb') as f:
                        what = hashlib.sha256(f.read()).hexdigest()
                out[rel] = (st.st_mode, st.st_uid, st.st_gid, what)
            except OSError:
                out[rel] = None
    return out


def until(condition, seconds, step=0.005):
    """Seconds until CONDITION held, or None."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if condition():
            return time.monotonic() - began
        time.sleep(step)
    return None


def main(drill):
    """drill(bed, run): run is 'A' or 'B'."""
    runs = [r for r in sys.argv[1:] if r in ('A', 'B')] or ['A', 'B']
    failed = 0
    for run in runs:
        bed = Bed(os.environ['HB_DRILL_PROGRAM'],
                  os.environ['HB_DRILL_DATA'],
                  os.environ.get('HINOBAN_LOCALEDIR', ''))
        try:
            drill(bed, run)
        except (RuntimeError, OSError, subprocess.SubprocessError) as e:
            bed.part(f'{run}.bed', 'failed', 'the test bed stands', e)
        finally:
            failed += bed.failed
            bed.stop()
    return 1 if failed else 0
