#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU that the web application firewall adds to a request in nginx, with
ModSecurity as the peer in the same run.

Several nginx run at once, each with one worker on the first core: without a
firewall, with Debian's ModSecurity, with ours, the last two with the same
rules (blocking, no audit log, bodies of requests looked at, and those of
answers in text/html).  The client and the server behind sit on the last core.
One of them has requests at a time; the turns alternate, so that the machine's
unrest meets all.  A figure is what the worker ran (/proc/PID/schedstat) a
request, less what plain nginx ran in the same round: the median of the
rounds.

What it cannot measure it says, and why: without the Core Rule Set 4 beside the
tree it takes Debian's, without Debian's module there is no peer.

HB_BENCH_RUNS: rounds (default 9).  HB_BENCH_QUICK: 1 for a short look.
"""
import ctypes
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get('HB_BUILD', TOP + '/build')
SHARED = os.environ.get('HB_SHARED', TOP + '/../shared')
CLIENT = BUILD + '/bench/bench-waf-client'
OURS = BUILD + '/src/guard/nginx/ngx_http_hinoban_module.so'
PEER = '/usr/lib/nginx/modules/ngx_http_modsecurity_module.so'
UNICODE = '/etc/nginx/unicode.mapping'
QUICK = os.environ.get('HB_BENCH_QUICK', '') not in ('', '0')
RUNS = max(int(os.environ.get('HB_BENCH_RUNS', '3' if QUICK else '9')), 1)
SLOT = 0.08 if QUICK else 0.4   # seconds that a turn of one server takes
HOSTS = 20
# Reloads before each look at the memory.
RELOADS = (3, 7) if QUICK else (5, 45)
PEER_RELOADS = (5,)
PEER_MB = 6000  # free memory that the peer's hosts and reloads may want
WAIT = 60
os.environ['PATH'] += ':/usr/sbin'

# (request of waf_work.h, rules, goal in ms, status)
WORKS = [
    ('get', 'pl1', 0.20, 200),
    ('form', 'pl1', 0.30, 200),
    ('json', 'pl1', 2.0, 200),
    ('attack', 'pl1', 0.25, 403),
    ('get', 'pl2', 0.4, 200),
    ('form', 'pl2', 0.5, 200),
    ('json', 'pl2', 4.0, 200),
    ('get', 'none', 0.02, 200),
    ('get', 'one', None, 200),
    ('args_900', 'pl1', 6.0, 200),
    ('string_120k', 'pl1', 4.0, 200),
    ('upload_1m', 'pl1', 6.0, 200),
]

BASE = '''
SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 131072
SecRequestBodyLimitAction Reject
SecRequestBodyJsonDepthLimit 512
SecArgumentsLimit 1000
SecPcreMatchLimit 100000
SecPcreMatchLimitRecursion 100000
SecResponseBodyAccess On
SecResponseBodyMimeType text/html
SecResponseBodyLimit 1048576
SecResponseBodyLimitAction ProcessPartial
SecTmpDir /tmp
SecDataDir /tmp
SecUploadDir /tmp
SecUploadKeepFiles Off
SecAuditEngine Off
SecStatusEngine Off
SecCookieFormat 0
SecArgumentSeparator &
'''
# What ModSecurity's own configuration does before the rules.
BODIES = r'''
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application|text)/(?:.*\+)?xml" \
    "id:10,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:.*\+)?json" \
    "id:11,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" "id:12,phase:2,t:none,log,deny,status:400"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" \
    "id:13,phase:2,t:none,log,deny,status:400"
SecRule &ARGS "@ge 1000" "id:14,phase:2,t:none,log,deny,status:400"
'''
# One rule a phase that never holds: what is left when there is nothing to
# judge, but all of it must be made ready to be judged.
FLOOR = '''
SecRule REQUEST_URI "@streq x" "id:21,phase:1,deny"
SecRule ARGS "@streq x" "id:22,phase:2,deny"
SecRule RESPONSE_STATUS "@streq x" "id:23,phase:3,deny"
SecRule RESPONSE_BODY "@streq x" "id:24,phase:4,deny"
SecRule REQUEST_URI "@streq x" "id:25,phase:5,pass"
'''
KINDS = {'none': 'no_rules', 'one': 'five_rules', 'pl1': 'pl1', 'pl2': 'pl2'}
LEVEL = '''
SecAction "id:15,phase:1,pass,t:none,nolog,\
setvar:tx.blocking_paranoia_level=%(n)d,setvar:tx.paranoia_level=%(n)d"
'''

CONF = '''
%(load)s
%(user)s
worker_processes 1;
daemon off;
pid %(dir)s/pid;
error_log %(dir)s/error.log error;
events { worker_connections 256; }
http {
    client_body_temp_path %(dir)s/body;
    proxy_temp_path %(dir)s/proxy;
    fastcgi_temp_path %(dir)s/fcgi;
    uwsgi_temp_path %(dir)s/uwsgi;
    scgi_temp_path %(dir)s/scgi;
    types { text/html html; }
    default_type text/html;
    access_log off;
    sendfile on;
    keepalive_requests 100000000;
    client_max_body_size 2m;
    upstream behind { server 127.0.0.1:%(behind)d; keepalive 16; }
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    %(http)s
    %(servers)s
}
'''
SERVER = '''
    server {
        listen 127.0.0.1:%(port)d;
        server_name %(name)s;
        root %(web)s;
        %(server)s
        location = /shop/order { proxy_pass http://behind; }
    }
'''
BEHIND = '''
    server {
        listen 127.0.0.1:%(port)d;
        keepalive_requests 100000000;
        location / { return 200 "<html><p>The order has arrived.</p></html>"; }
    }
'''


def line(bench, **more):
    print(json.dumps({'bench': 'waf.nginx_' + bench, **more}), flush=True)


def skip(bench, why):
    line(bench, skipped=why)


def median(values):
    s = sorted(values)
    return s[len(s) // 2]


def until(what):
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(0.01)
    raise TimeoutError(f'not within {WAIT} s')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def on_core(core):
    """For a child: its core, and an end together with this process."""
    def before():
        os.sched_setaffinity(0, {core})
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    return before


# ---------------------------------------------------------------------- rules

def rules(where, kind):
    """Writes the rules of a kind (KINDS); their file, and what they are, or
    None where there are none."""
    path = f'{where}/{kind}.conf'
    text, name = BASE, 'no rules'
    if os.path.exists(UNICODE):
        text += f'SecUnicodeMapFile {UNICODE} 20127\n'
    if kind == 'one':
        text += FLOOR
    elif kind != 'none':
        crs = os.path.realpath(SHARED + '/waf/crs')
        setup, name = crs + '/crs-setup.conf.example', 'CRS 4'
        if not os.path.exists(setup):
            crs, setup = '/usr/share/modsecurity-crs', \
                '/etc/modsecurity/crs/crs-setup.conf'
            name = "Debian's CRS 3"
        if not os.path.exists(setup):
            return None, None
        with open(setup, encoding='utf-8') as f:
            m = re.search(r'OWASP (?:ModSecurity )?(?:Core Rule Set|CRS) '
                          r'ver\.([0-9.]+\d)', f.read())
        if m:
            name = 'CRS ' + m.group(1)
        text += BODIES + f'Include {setup}\n' + LEVEL % {'n': int(kind[2])} + \
            f'Include {crs}/rules/*.conf\n'
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    return path, name


def ours(path, where, _same=True):
    """load, http, server: what nginx's configuration needs for our module."""
    return (f'load_module {OURS};',
            f'hinoban_waf_rules {path};\nhinoban_waf block;\n'
            f'hinoban_waf_response on;\nhinoban_waf_log {where}/finding.log;',
            '')


def peer(path, _where, same=True):
    """The same for ModSecurity's; SAME: one set of rules for all servers."""
    put = f'modsecurity on;\nmodsecurity_rules_file {path};'
    return f'load_module {PEER};', put if same else '', '' if same else put


def plain(_path, _where, _same=True):
    return '', '', ''


# ---------------------------------------------------------------------- nginx

class Nginx:
    """One master with one worker on a core."""

    def __init__(self, top, name, core, parts, behind=9, hosts=1, servers=None):
        self.dir = f'{top}/{name}'
        self.port = free_port()
        self.core = core
        self.p = None
        os.mkdir(self.dir)
        load, http, server = parts
        user = 'user www-data;' if os.geteuid() == 0 else ''
        put = {'port': self.port, 'web': top + '/web', 'server': server}
        if servers is None:
            servers = ''.join(
                SERVER % {**put, 'name': f'h{i}.example.jp'}
                for i in range(hosts))
        else:
            servers %= put
        self.conf = self.dir + '/nginx.conf'
        with open(self.conf, 'w', encoding='utf-8') as f:
            f.write(CONF % {'load': load, 'http': http, 'servers': servers,
                            'dir': self.dir, 'user': user, 'behind': behind})

    def command(self, *args):
        return ['nginx', '-e', self.dir + '/error.log', '-p', self.dir, '-c',
                self.conf, *args]

    def start(self):
        self.p = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL,
                                  preexec_fn=on_core(self.core))
        until(lambda: self.answers() or self.p.poll() is not None)
        if self.p.poll() is not None:
            with open(self.dir + '/error.log', encoding='utf-8',
                      errors='replace') as f:
                raise RuntimeError('nginx does not start: ' +
                                   f.read()[-300:].strip())
        return self

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', self.port)) == 0 and \
                self.workers()

    def workers(self):
        try:
            with open(f'/proc/{self.p.pid}/task/{self.p.pid}/children') as f:
                return [int(p) for p in f.read().split()]
        except OSError:
            return []

    def ran(self):
        """Seconds that the worker ran so far."""
        with open(f'/proc/{self.workers()[0]}/schedstat') as f:
            return int(f.read().split()[0]) / 1e9

    def ask(self, work, count, core):
        """Sends COUNT requests: CPU and real seconds of one, and the status
        of the answers."""
        began, was = time.monotonic(), self.ran()
        r = subprocess.run([CLIENT, str(self.port), work, str(count)],
                           stdout=subprocess.PIPE, text=True, check=True,
                           preexec_fn=on_core(core))
        n, status = (int(x) for x in r.stdout.split())
        return ((self.ran() - was) / n, (time.monotonic() - began) / n, status)

    def reload(self):
        old = self.workers()
        os.kill(self.p.pid, signal.SIGHUP)
        until(lambda: len(self.workers()) == 1 and self.workers() != old)

    def memory(self, what='VmRSS:', where='status'):
        """MB of the master and its workers."""
        kb = 0
        for pid in [self.p.pid, *self.workers()]:
            with open(f'/proc/{pid}/{where}') as f:
                kb += int(re.search(what + r'\s+(\d+) kB', f.read()).group(1))
        return kb / 1024

    def stop(self):
        if self.p is None:
            return
        if self.p.poll() is None:
            self.p.terminate()
        try:
            self.p.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
        self.p = None


# ------------------------------------------------------------------ the bench

class Bench:
    def __init__(self, top):
        cores = sorted(os.sched_getaffinity(0))
        self.top = top
        self.core, self.other = cores[0], cores[-1]
        self.up = []
        self.server = {}  # (who, kind)
        self.peer = None
        self.rules = {}
        if len(cores) == 1:
            print('waf: one core only: client and servers share it',
                  file=sys.stderr)

    def nginx(self, name, parts, **more):
        n = Nginx(self.top, name, self.core, parts, **more)
        self.up.append(n)
        return n

    def stop(self):
        for n in self.up:
            n.stop()
        self.up = []

    def prepare(self):
        web = self.top + '/web/shop/items'
        os.makedirs(web)
        with open(web + '/view.html', 'w', encoding='utf-8') as f:
            f.write('<!DOCTYPE html><html><head><title>Garden tools</title>'
                    '</head><body>\n' + '<p>Spades, rakes and shears of ash '
                    'and steel, made to last for many years.</p>\n' * 52 +
                    '</body></html>\n')
        version = subprocess.run(['nginx', '-v'], stderr=subprocess.PIPE,
                                 text=True, check=True).stderr
        self.version = 'nginx ' + version.strip().rsplit('/', 1)[-1]
        self.behind = Nginx(self.top, 'behind', self.other, ('', '', ''),
                            servers=BEHIND)
        self.up.append(self.behind)
        self.behind.start()
        for kind in KINDS:
            self.rules[kind], self.name = rules(self.top, kind)
        if os.path.exists(PEER):
            self.peer = 'ModSecurity-nginx ' + debian(PEER)

    def kinds(self):
        return [k for k in KINDS if self.rules[k]]

    def start(self):
        """All servers; a peer that does not start is none."""
        of = {'behind': self.behind.port}
        self.server['plain', ''] = self.nginx('plain', ('', '', ''),
                                              **of).start()
        for kind in self.kinds():
            name = 'ours_' + kind
            parts = ours(self.rules[kind], f'{self.top}/{name}')
            self.server['ours', kind] = self.nginx(name, parts, **of).start()
            if self.peer is None:
                continue
            try:
                self.server['peer', kind] = self.nginx(
                    'peer_' + kind, peer(self.rules[kind], ''), **of).start()
            except RuntimeError as e:
                print(f'waf: no peer: {e}', file=sys.stderr)
                self.peer = None
        if self.peer is None:
            skip('peer', 'no ModSecurity for nginx here '
                 '(libnginx-mod-http-modsecurity)')

    def sides(self, kind):
        sides = {'plain': self.server['plain', '']}
        if self.peer:
            sides['peer'] = self.server['peer', kind]
        sides['ours'] = self.server['ours', kind]
        return sides

    def turns(self, sides, work, status):
        """Seconds of CPU by side, one a round; None where an answer is not
        what it must be."""
        count, took = {}, {who: [] for who in sides}
        for who, n in sides.items():
            real = 0
            for warm in (2, 2, 64):  # how many are too few or too many
                if real * warm > SLOT:
                    break
                _, real, got = n.ask(work, warm, self.other)
                if got != (200 if who == 'plain' else status):
                    return f'{who} answers {got}'
            count[who] = max(int(SLOT / real), 4)
            if count[who] > 64:
                real = n.ask(work, count[who], self.other)[1]
                count[who] = max(int(SLOT / real), 4)
        order = list(sides)
        for i in range(RUNS):
            for who in order if i % 2 == 0 else reversed(order):
                took[who].append(sides[who].ask(work, count[who],
                                                self.other)[0])
        return took

    def measure(self, work, kind, goal, status):
        bench = f'{work}_{KINDS[kind]}'
        if ('ours', kind) not in self.server:
            return skip(bench, 'no Core Rule Set here (modsecurity-crs)')
        took = self.turns(self.sides(kind), work, status)
        if isinstance(took, str):
            return skip(bench, took)
        added = {who: [1e3 * (a - b) for a, b in zip(took[who], took['plain'])]
                 for who in took if who != 'plain'}
        more = {}
        if self.peer:
            more = {'theirs': median(added['peer']),
                    'theirs_min': min(added['peer']),
                    'theirs_max': max(added['peer'])}
        line(bench, unit='ms', ours=median(added['ours']),
             min=min(added['ours']), max=max(added['ours']), goal=goal,
             better='lower', peer=self.peer or 'no peer', **more,
             rules=self.name if kind[:2] == 'pl' else KINDS[kind], runs=RUNS)
        if kind == 'pl1':
            us = [1e6 * t for t in took['plain']]
            line('plain_' + work, unit='us', ours=median(us), min=min(us),
                 max=max(us), peer=self.version + ' alone, not added',
                 runs=RUNS)
        return None

    # ------------------------------------------------------- rules and memory

    def load(self):
        """CPU of nginx -t with the rules, less without."""
        def cpu(n):
            was = os.times()
            subprocess.run(n.command('-t', '-q'), check=True,
                           stderr=subprocess.DEVNULL,
                           preexec_fn=on_core(self.core))
            now = os.times()
            return (now.children_user + now.children_system -
                    was.children_user - was.children_system)

        sides = self.sides('pl1')
        took = {who: [] for who in sides}
        for _ in range(RUNS):
            for who, n in sides.items():
                took[who].append(cpu(n))
        added = {who: [a - b for a, b in zip(took[who], took['plain'])]
                 for who in took if who != 'plain'}
        more = {}
        if self.peer:
            more = {'theirs': median(added['peer']),
                    'theirs_min': min(added['peer']),
                    'theirs_max': max(added['peer'])}
        line('load', unit='s', ours=median(added['ours']),
             min=min(added['ours']), max=max(added['ours']), goal=0.1,
             better='lower', peer=self.peer or 'no peer', **more, runs=RUNS)

    def hosts(self, name, make, reloads):
        """MB with 20 virtual hosts: (RSS, Pss) at first, and RSS after the
        number of reloads in each step."""
        n = self.nginx(name, make(self.rules['pl1'], f'{self.top}/{name}',
                                  False),
                       behind=self.behind.port, hosts=HOSTS).start()
        try:
            used = []
            for times in (0, *reloads):
                for _ in range(times):
                    n.reload()
                n.ask('get', 100, self.other)
                n.ask('json', 20, self.other)
                if not used:
                    share = n.memory('Pss:', 'smaps_rollup')
                used.append(n.memory())
            return share, used
        finally:
            n.stop()

    def enough(self):
        with open('/proc/meminfo') as f:
            free = int(re.search(r'MemAvailable:\s+(\d+)',
                                 f.read()).group(1)) / 1024
        if free < PEER_MB:
            print(f'waf: {free:.0f} MB free: too little for {HOSTS} hosts of '
                  'the peer', file=sys.stderr)
        return free >= PEER_MB

    def memory(self):
        share, used = self.hosts('hosts_ours', ours, RELOADS)
        more = {'peer': 'no peer'}
        if self.peer and not QUICK and self.enough():
            their_share, theirs = self.hosts('hosts_peer', peer, PEER_RELOADS)
            more = {'peer': self.peer}
        else:
            their_share, theirs = None, [None]
        line(f'hosts_{HOSTS}_rss', unit='MB', ours=used[0], goal=60,
             theirs=theirs[0], better='lower', **more)
        line(f'hosts_{HOSTS}_pss', unit='MB', ours=share, theirs=their_share,
             better='lower', **more)
        # Growth since the start, and since it had settled (a leak).
        line(f'reload_{sum(RELOADS)}_growth', unit='%', goal=5,
             ours=100 * (used[-1] / used[0] - 1),
             theirs=theirs[0] and 100 * (theirs[-1] / theirs[0] - 1),
             better='lower', peer=more['peer'] +
             (f', {sum(PEER_RELOADS)} reloads' if theirs[0] else ''))
        line(f'reload_{RELOADS[0]}_to_{sum(RELOADS)}', unit='%', goal=5,
             ours=100 * (used[-1] / used[1] - 1), better='lower',
             peer='growth when settled')


def debian(path):
    """Version of the Debian package that a file comes from."""
    r = subprocess.run(['dpkg-query', '-S', path], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, text=True, check=False)
    if r.returncode != 0:
        return '?'
    r = subprocess.run(['dpkg-query', '-W', '-f', '${Version}',
                        r.stdout.split(':')[0]],
                       stdout=subprocess.PIPE, text=True, check=False)
    return re.split('[-+]', r.stdout)[0]


def run(b, only):
    b.prepare()
    b.start()
    for work in WORKS:
        if only is None or work[0].startswith(only):
            b.measure(*work)
    if ('ours', 'pl1') in b.server:
        if only in (None, 'load'):
            b.load()
        if only in (None, 'memory'):
            b.memory()
    return 0


def main():
    only = sys.argv[1] if len(sys.argv) > 1 else None
    if shutil.which('nginx') is None:
        skip('all', 'no nginx here (nginx-light)')
        return 0
    for path in (CLIENT, OURS):
        if not os.path.exists(path):
            skip('all', f'{os.path.basename(path)} is not built')
            return 0
    if not os.path.exists('/proc/self/schedstat'):
        skip('all', 'this kernel does not tell how long a process ran')
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    top = tempfile.mkdtemp(prefix='bench-waf.')
    os.chmod(top, 0o755)
    b = Bench(top)
    try:
        return run(b, only)
    finally:
        b.stop()
        shutil.rmtree(top, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
