#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The web application firewall inside Debian's nginx, on loopback: what it
stops, what it must not touch, what it says, and what happens when something
goes wrong.  Order of arrival is what is measured, never time."""
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from fakecore import finish, ok

MODULE = (os.environ['HB_BUILD_ROOT'] +
          '/src/guard/nginx/ngx_http_hinoban_module.so')
WAIT = 30
RULES = r'''
SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 200000
SecRequestBodyNoFilesLimit 200000
SecRequestBodyLimitAction %s
SecResponseBodyAccess On
SecResponseBodyMimeType text/html
SecResponseBodyLimit 100000
SecResponseBodyLimitAction ProcessPartial
SecRule REQUEST_HEADERS:Content-Type "@contains json" \
    "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_URI "@contains evil-one" \
    "id:11,phase:1,deny,status:403,log,msg:'phase one'"
SecRule ARGS|FILES|REQUEST_BODY "@contains evil-two" \
    "id:12,phase:2,deny,status:406,log,msg:'phase two'"
SecRule ARGS:go "@contains away" \
    "id:13,phase:2,redirect:http://away.example/%%{unique_id},status:307,log"
SecRule ARGS:drop "@contains yes" "id:14,phase:2,drop,log"
SecRule REMOTE_ADDR "@streq 192.0.2.7" "id:15,phase:1,deny,status:403,log"
SecRule RESPONSE_HEADERS:X-Bad "@contains bad" \
    "id:16,phase:3,deny,status:502,log"
SecRule RESPONSE_BODY "@contains leak-four" \
    "id:17,phase:4,deny,status:500,log,msg:'phase four'"
SecRule TX:blocking_paranoia_level "@ge 3" "id:18,phase:2,deny,log,chain"
    SecRule ARGS:strict "@streq yes"
SecRule ARGS:counted "@streq yes" "id:19,phase:2,pass,log,msg:'counted'"
SecRule RESPONSE_BODY "@contains leak-away" \
    "id:22,phase:4,redirect:http://away.example/,log"
SecRule RESPONSE_HEADERS:X-Bad "@contains gone" "id:23,phase:3,drop,log"
SecRule ARGS:split "@contains a" \
    "id:20,phase:2,redirect:http://x/%%{ARGS.split},log"
SecRule REQUEST_HEADERS:X-Last "@streq yes" "id:21,phase:5,pass,log"
'''
CONF = '''
load_module %(module)s;
user www-data;
worker_processes 1;
daemon on;
pid %(top)s/pid;
error_log %(top)s/error.log notice;
events { worker_connections 256; }
http {
    client_body_temp_path %(top)s/body;
    proxy_temp_path %(top)s/proxy;
    fastcgi_temp_path %(top)s/fcgi;
    uwsgi_temp_path %(top)s/uwsgi;
    scgi_temp_path %(top)s/scgi;
    types { text/html html; text/plain txt; }
    default_type text/plain;
    access_log off;
    proxy_http_version 1.1;
    proxy_cache_path %(top)s/cache keys_zone=c:1m;
    gzip on; gzip_min_length 1; gzip_proxied any;
    client_max_body_size 1m;
    client_body_buffer_size 16k;
    hinoban_waf_rules %(top)s/rules.conf;
    hinoban_waf_log %(top)s/finding.log;
    hinoban_waf block;
    server {
        listen 127.0.0.1:%(port)d;
        listen 127.0.0.1:%(tls)d ssl http2;
        ssl_certificate %(top)s/cert.pem;
        ssl_certificate_key %(top)s/key.pem;
        root %(top)s/web;
        add_header X-Waf "$hinoban_waf_action:$hinoban_waf_rule" always;
        location / { try_files $uri @app; }
        location @app { proxy_pass http://127.0.0.1:%(back)d; }
        location /app/ { proxy_pass http://127.0.0.1:%(back)d; }
        location /detect/ { hinoban_waf detect;
            proxy_pass http://127.0.0.1:%(back)d; }
        location /off/ { hinoban_waf off;
            proxy_pass http://127.0.0.1:%(back)d; }
        location /strict/ { hinoban_waf_paranoia 3;
            proxy_pass http://127.0.0.1:%(back)d; }
        location /small/ { hinoban_waf_body_limit 1k;
            proxy_pass http://127.0.0.1:%(back)d; }
        location /nobody/ { hinoban_waf_body off;
            proxy_pass http://127.0.0.1:%(back)d; }
        location /stream/ { hinoban_waf_stream on; hinoban_waf_response on;
            proxy_request_buffering off; proxy_buffering off;
            proxy_pass http://127.0.0.1:%(back)d; }
        location /answer/ { hinoban_waf_response on; proxy_buffering off;
            proxy_pass http://127.0.0.1:%(back)d; }
        location /cache/ { hinoban_waf_response on; proxy_cache c;
            proxy_cache_valid 200 1m; add_header X-Cache $upstream_cache_status;
            proxy_pass http://127.0.0.1:%(back)d; }
        location /ssi/ { hinoban_waf_response on; ssi on;
            alias %(top)s/web/static/; }
        location /static/ { hinoban_waf_response on; }
        location /ws/ { hinoban_waf_response on;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_pass http://127.0.0.1:%(back)d; }
        location /returned { return 200 "returned\\n"; }
        location /moved { return 301 /elsewhere; }
        location /page/ { error_page 403 406 = /denied.html;
            proxy_pass http://127.0.0.1:%(back)d; }
        location /auth/ { auth_request /check; hinoban_waf_required on;
            proxy_pass http://127.0.0.1:%(back)d; }
        location = /check { internal; return 204; }
        location /large/ { client_max_body_size 10k; error_page 413 = @app;
            proxy_pass http://127.0.0.1:%(back)d; }
        location /near/ { set_real_ip_from 127.0.0.1;
            real_ip_header X-Forwarded-For;
            proxy_pass http://127.0.0.1:%(back)d; }
        location /inner/ { rewrite ^/inner/(.*)$ /app/$1 last; }
    }
    server {
        listen 127.0.0.1:%(real)d;
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Forwarded-For;
        location / { return 200; }
        location /app/ { proxy_pass http://127.0.0.1:%(back)d; }
    }
    %(more)s
}
'''
SHIM = r'''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
static int none(void *caller)
{
    Dl_info i;
    return access(NONE, F_OK) == 0 && dladdr(caller, &i) != 0 &&
        strstr(i.dli_fname, "hinoban_module") != NULL;
}
void *malloc(size_t n)
{ return none(__builtin_return_address(0)) ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t m)
{ return none(__builtin_return_address(0)) ? NULL : __libc_calloc(n, m); }
void *realloc(void *p, size_t n)
{ return none(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n); }
void *mmap64(void *p, size_t n, int prot, int flags, int fd, off64_t at)
{
    if (fd < 0 && none(__builtin_return_address(0))) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, p, n, prot, flags, fd, at);
}
'''


def until(what, seconds=WAIT):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(0.02)
    return what()


def free_ports(n):
    socks = [socket.socket() for _ in range(n)]
    for s in socks:
        s.bind(('127.0.0.1', 0))
    ports = [s.getsockname()[1] for s in socks]
    for s in socks:
        s.close()
    return ports


class Backend:
    """Answers by what the path says; remembers what arrived, in order."""

    def __init__(self):
        self.s = socket.socket()
        self.s.bind(('127.0.0.1', 0))
        self.s.listen(64)
        self.port = self.s.getsockname()[1]
        self.seen = []      # request heads
        self.bodies = {}    # path -> bytes so far
        self.go = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            c, _ = self.s.accept()
            threading.Thread(target=self.serve, args=(c,),
                             daemon=True).start()

    def serve(self, c):
        try:
            self.talk(c)
        except OSError:
            pass
        finally:
            c.close()

    def talk(self, c):
        data = b''
        while b'\r\n\r\n' not in data:
            p = c.recv(65536)
            if not p:
                return
            data += p
        head, rest = data.split(b'\r\n\r\n', 1)
        path = head.split(b' ')[1].decode('latin-1')
        self.seen.append(path)
        self.bodies[path] = rest
        m = re.search(rb'content-length: (\d+)', head, re.I)
        size = int(m.group(1)) if m else 0
        chunked = b'chunked' in head.lower()
        while (chunked and not self.bodies[path].endswith(b'0\r\n\r\n')
               or len(self.bodies[path]) < size):
            p = c.recv(65536)
            if not p:
                return
            self.bodies[path] += p
        self.answer(c, path)

    def answer(self, c, path):
        def say(status, kind, body, more=''):
            c.sendall((f'HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n'
                       f'Content-Length: {len(body)}\r\n{more}'
                       'Connection: close\r\n\r\n').encode() + body)
        if 'events' in path:
            c.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
                      b'Connection: close\r\n\r\ndata: 1\n\n')
            self.go.wait(WAIT)
            c.sendall(b'data: leak-four\n\n')
        elif '/ws/' in path:
            c.sendall(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket'
                      b'\r\nConnection: Upgrade\r\n\r\nhello')
            p = c.recv(100)
            c.sendall(b'echo ' + p)
        elif 'slow' in path:
            self.go.wait(WAIT)
            say('200 OK', 'text/plain', b'slow and complete')
        elif 'bad-header' in path:
            say('200 OK', 'text/html', b'x', 'X-Bad: bad\r\n')
        elif 'gone' in path:
            say('200 OK', 'text/html', b'x', 'X-Bad: gone\r\n')
        elif 'leak-away' in path:
            say('200 OK', 'text/html', b'leak-away')
        elif 'leak' in path:
            say('200 OK', 'text/html', b'<p>' * 5000 + b'leak-four')
        elif 'zip' in path:
            say('200 OK', 'text/html', b'leak-four',
                'Content-Encoding: gzip\r\n')
        elif 'big' in path:
            say('200 OK', 'text/html', b'<b>' * 100000)
        elif 'chunks' in path:
            c.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n'
                      b'Transfer-Encoding: chunked\r\n\r\n'
                      b'6\r\n<html>\r\n5\r\n<ok/>\r\n0\r\n\r\n')
        elif 'empty' in path:
            say('200 OK', 'text/html', b'')
        elif 'text' in path:
            say('200 OK', 'text/plain', b'leak-four')
        else:
            say('200 OK', 'text/html', b'backend ' + path.encode())


class Nginx:
    def __init__(self, top, **more):
        self.top = top
        self.port, self.tls, self.real, self.spare = free_ports(4)
        self.env = dict(os.environ)
        self.back = more['back']
        self.more = ''
        self.asked = 0

    def write(self, rules=RULES % 'Reject'):
        with open(self.top + '/rules.conf', 'w') as f:
            f.write(rules)
        with open(self.top + '/nginx.conf', 'w') as f:
            f.write(CONF % {'module': MODULE, 'top': self.top,
                            'port': self.port, 'tls': self.tls,
                            'real': self.real, 'back': self.back,
                            'more': self.more})

    def run(self, *args):
        return subprocess.run(['/usr/sbin/nginx', '-p', self.top + '/', '-c',
                               self.top + '/nginx.conf', *args], env=self.env,
                              capture_output=True, text=True)

    def start(self):
        said = self.run()
        until(lambda: self.workers())
        return said

    def master(self):
        with open(self.top + '/pid') as f:
            return int(f.read())

    def workers(self):
        try:
            m = self.master()
            with open(f'/proc/{m}/task/{m}/children') as f:
                pids = [int(p) for p in f.read().split()]
        except (OSError, ValueError):
            return []
        return [p for p in pids if name_of(p).startswith('nginx: worker') and
                'shutting' not in name_of(p)]

    def reload(self):
        old = self.workers()
        os.kill(self.master(), signal.SIGHUP)
        until(lambda: self.workers() and not set(old) & set(self.workers()))

    def stop(self):
        try:
            pid = self.master()
        except (OSError, ValueError):
            return
        os.kill(pid, signal.SIGTERM)
        until(lambda: not os.path.exists(f'/proc/{pid}'))

    def findings(self):
        """All of them.  A finding is written when its request is over, after
        the answer: one more request, whose finding comes last, is waited
        for."""
        self.asked += 1
        mark = f'/returned/evil-one?{self.asked}'
        ask(self.port, mark)
        until(lambda: any(f['uri'] == mark for f in self.lines()))
        return [f for f in self.lines()
                if not f['uri'].startswith('/returned/evil-one?')]

    def lines(self):
        with open(self.top + '/finding.log', 'rb') as f:
            return [json.loads(line) for line in f.read().split(b'\n')
                    if line]

    def errors(self):
        with open(self.top + '/error.log', errors='replace') as f:
            return f.read()


def name_of(pid):
    try:
        with open(f'/proc/{pid}/cmdline') as f:
            return f.read()
    except OSError:
        return ''


def rss(pid):
    with open(f'/proc/{pid}/status') as f:
        return int(re.search(r'VmRSS:\s+(\d+)', f.read()).group(1))


def ask(port, path, method='GET', body=None, headers=None):
    c = http.client.HTTPConnection('127.0.0.1', port, timeout=WAIT)
    try:
        c.request(method, path, body, headers or {})
        r = c.getresponse()
        return r.status, r.read(), r.headers
    except (http.client.RemoteDisconnected, http.client.BadStatusLine,
            ConnectionResetError):
        return 0, b'', {}
    finally:
        c.close()


def raw(port, text):
    with socket.create_connection(('127.0.0.1', port), WAIT) as s:
        s.sendall(text)
        out = b''
        while True:
            try:
                p = s.recv(65536)
            except ConnectionResetError:
                break
            if not p:
                return out
            out += p
    return out


def is_(got, want, name):
    ok(got == want, name, f'got {got!r}, not {want!r}')


def verdicts(n):
    """Modes, methods and kinds of bodies."""
    p = n.port
    form = {'Content-Type': 'application/x-www-form-urlencoded'}
    is_(ask(p, '/app/x')[:2], (200, b'backend /app/x'), 'GET passes')
    s, b, h = ask(p, '/app/evil-one')
    ok(s == 403 and b'<center><h1>403 Forbidden' in b,
       "phase 1 denies with nginx's own page", (s, b))
    f = n.findings()[-1]
    ok(re.fullmatch(r'[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}', f['id']) and
       h['X-Request-Id'] == f['id'], 'and gives the number of its finding',
       (f, h))
    ok(h['X-Waf'] == 'denied:11', 'the variables tell action and rule', h)
    ok(f['client'] == '127.0.0.1' and f['method'] == 'GET' and
       f['uri'] == '/app/evil-one' and f['mode'] == 'block' and
       f['action'] == 'denied' and f['status'] == 403 and f['rule'] == 11 and
       f['msg'] == 'phase one' and f['variable'] == 'REQUEST_URI' and
       f['hits'][0]['phase'] == 1 and f['host'] == f'127.0.0.1:{p}',
       'the finding is complete', f)
    is_(ask(p, '/app/x?a=evil-two')[0], 406, 'phase 2 denies')
    is_(ask(p, '/app/x', 'POST', 'a=evil-two', form)[0], 406, 'a form')
    is_(ask(p, '/app/x', 'POST', 'a=good', form)[0], 200, 'a good form')
    is_(ask(p, '/app/x', 'POST', '{"a": "evil-two"}',
            {'Content-Type': 'application/json'})[0], 406, 'JSON')
    part = ('--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n%s\r\n'
            '--b--\r\n')
    multi = {'Content-Type': 'multipart/form-data; boundary=b'}
    is_(ask(p, '/app/x', 'POST', part % 'evil-two', multi)[0], 406,
        'multipart')
    is_(ask(p, '/app/x', 'POST', part % 'good', multi)[0], 200,
        'good multipart')
    is_(ask(p, '/app/x', 'POST', iter([b'a=e', b'vil-', b'two']),
            form)[0], 406, 'a chunked body')
    is_(ask(p, '/app/x', 'POST', 'a=' + 'x' * 150000 + 'evil-two', form)[0],
        406, 'a body in a temporary file, to its end')
    is_(ask(p, '/app/x', 'POST', 'a=' + 'x' * 150000, form)[0], 200,
        'a good body in a temporary file')
    ok(n_backend.bodies['/app/x'] == b'a=' + b'x' * 150000,
       'and the backend gets all of it')
    is_(ask(p, '/app/evil-one', 'HEAD')[:2], (403, b''), 'HEAD')
    is_(ask(p, '/detect/evil-one')[0], 200, 'detect passes')
    f = n.findings()[-1]
    ok(f['action'] == 'detected' and f['status'] == 200 and
       f['mode'] == 'detect' and f['rule'] == 11, 'and says so', f)
    count = len(n.findings())
    is_(ask(p, '/off/evil-one')[0], 200, 'off passes')
    is_(len(n.findings()), count, 'and says nothing')
    is_(ask(p, '/strict/x?strict=yes')[0], 403, 'the paranoia of a place')
    is_(ask(p, '/app/x?strict=yes')[0], 200, 'is not that of another')
    is_(ask(p, '/nobody/x', 'POST', 'a=evil-two', form)[0], 200,
        'a body is not read where it is off')
    is_(ask(p, '/nobody/x?a=evil-two', 'POST', 'a', form)[0], 406,
        'but the rest is judged')


def actions(n):
    s, _, h = ask(n.port, '/app/x?go=away')
    f = n.findings()[-1]
    ok(s == 307 and h['Location'] == 'http://away.example/' + f['id'] and
       f['action'] == 'redirected', 'a rule redirects', (s, h, f))
    s, b, h = ask(n.port, '/app/x?split=a%0d%0aX-Evil:1')
    ok(s in (302, 403) and 'X-Evil' not in h and b'X-Evil' not in b,
       'a redirect cannot be split', (s, b, h))
    is_(ask(n.port, '/app/x?drop=yes')[0], 0, 'a rule drops the connection')
    is_(n.findings()[-1]['action'], 'dropped', 'and says so')
    s, b, _ = ask(n.port, '/page/evil-one')
    ok(s == 200 and b == b'denied page\n', 'error_page shows a page of one\'s '
       'own', (s, b))
    s = raw(n.port, b'GET /app/a HTTP/1.1\r\nHost: x\r\n\r\n'
                    b'GET /app/evil-one HTTP/1.1\r\nHost: x\r\n\r\n'
                    b'GET /app/c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
                    b'\r\n')
    is_(re.findall(rb'HTTP/1.1 (\d+)', s), [b'200', b'403', b'200'],
        'pipelined requests are judged each for itself')
    is_(ask(n.port, '/app/x', headers={'X-Last': 'yes'})[0], 200, 'phase 5')
    is_(n.findings()[-1]['rule'], 21, 'is logged')


def once(n):
    """Internal redirects, subrequests, and what nginx answers itself."""
    def hits(path):
        count = len(n.findings())
        s = ask(n.port, path + '?counted=yes')[0]
        new = n.findings()[count:]
        return s, [len(f['hits']) for f in new]
    is_(hits('/index.html'), (200, [1]), 'a file')
    is_(hits('/nothing'), (200, [1]), 'try_files and a named location')
    is_(hits('/inner/x'), (200, [1]), 'rewrite')
    is_(hits('/auth/x'), (200, [1]), 'auth_request')
    is_(hits('/page/x'), (200, [1]), 'error_page')
    is_(hits('/returned'), (200, [1]), 'return')
    is_(hits('/moved'), (301, [1]), 'return 301')
    is_(ask(n.port, '/returned/evil-one')[0], 403, 'return is judged')
    is_(ask(n.port, '/moved/evil-one')[0], 403, 'return 301 too')
    is_(ask(n.port, '/evil-one.html')[0], 403, 'and a file')


def transport(n):
    """TLS, HTTP/2, a proxy in front."""
    c = http.client.HTTPSConnection('127.0.0.1', n.tls, timeout=WAIT,
                                    context=ssl._create_unverified_context())
    got = []
    for path in ('/app/x', '/app/evil-one', '/app/x'):
        c.request('GET', path)
        r = c.getresponse()
        r.read()
        got.append(r.status)
    c.close()
    is_(got, [200, 403, 200], 'TLS with one connection kept alive')
    if not shutil.which('curl'):
        return

    def curl(*args):
        return subprocess.run(
            ['curl', '-sk', '--http2', '--max-time', str(WAIT), '-o',
             '/dev/null', '-w', '%{http_version} %{http_code}', *args],
            capture_output=True, text=True).stdout
    url = f'https://127.0.0.1:{n.tls}'
    is_(curl(url + '/app/x'), '2 200', 'HTTP/2')
    is_(curl(url + '/app/evil-one'), '2 403', 'HTTP/2 is judged')
    is_(curl('-d', 'a=evil-two', url + '/app/x'), '2 406', 'with its body')
    is_(curl('-d', 'a=good', url + '/app/x'), '2 200', 'and a good one')
    is_(curl('-H', 'Content-Length:', '-T', n.top + '/upload', '-H',
             'Content-Type: application/x-www-form-urlencoded',
             url + '/app/x'), '2 406', 'a body without a length')
    is_(curl(url + '/app/x?drop=yes')[-3:], '000', 'drop ends the stream')
    is_(curl(url + '/answer/leak'), '2 500', 'phase 4')
    is_(curl(url + '/answer/big'), '2 200', 'and a large answer')
    is_(ask(n.real, '/app/x', headers={'X-Forwarded-For': '192.0.2.7'})[0],
        403, 'behind a proxy the client is the one that realip knows')
    is_(n.findings()[-1]['client'], '192.0.2.7', 'also in the finding')
    is_(ask(n.real, '/app/x', headers={'X-Forwarded-For': '192.0.2.8'})[0],
        200, 'another client passes')
    is_(ask(n.port, '/near/x', headers={'X-Forwarded-For': '192.0.2.7'})[0],
        403, 'also where only a place knows it')
    is_(ask(n.port, '/app/x', headers={'X-Forwarded-For': '192.0.2.7'})[0],
        200, 'a header that nobody trusts means nothing')


def limits(n):
    form = {'Content-Type': 'application/x-www-form-urlencoded'}
    is_(ask(n.port, '/app/x', 'POST', 'a=' + 'x' * 250000, form)[0], 413,
        'a body above the limit of the rules')
    f = n.findings()[-1]
    ok(f['action'] == 'denied' and f.get('limit'), 'says which limit', f)
    is_(ask(n.port, '/app/x', 'POST', iter([b'a=' + b'x' * 250000]),
            form)[0], 413, 'a chunked one')
    is_(ask(n.port, '/small/x', 'POST', 'a=' + 'x' * 2000, form)[0], 413,
        'a body above the limit of the place')
    is_(ask(n.port, '/small/x', 'POST', 'a=' + 'x' * 500, form)[0], 200,
        'and one below it')
    for name, large in (('a', 'a=' + 'x' * 20000),
                        ('a chunked', iter([b'a=' + b'x' * 20000]))):
        is_(ask(n.port, '/large/x?a=evil-two', 'POST', large, form)[0], 406,
            f'{name} body that nginx refuses to read: the rest is judged '
            'where error_page leads')
    is_(ask(n.port, '/detect/x', 'POST', 'a=' + 'x' * 250000, form)[0], 200,
        'detect passes a large one')
    is_(n.findings()[-1]['action'], 'detected', 'and says so')
    n.write(RULES % 'ProcessPartial')
    n.reload()
    is_(ask(n.port, '/app/x', 'POST', 'a=' + 'x' * 250000, form)[0], 200,
        'ProcessPartial passes a large body')
    f = n.findings()[-1]
    ok(f['action'] == 'passed' and f.get('limit'), 'with a finding', f)
    is_(ask(n.port, '/app/x', 'POST', 'a=evil-two' + 'x' * 250000, form)[0],
        406, 'after a look at what is within the limit')
    n.write()
    n.reload()


def answers(n):
    """Phases 3 and 4."""
    p = n.port
    is_(ask(p, '/answer/bad-header')[0], 502, 'phase 3 denies')
    s, b, h = ask(p, '/answer/leak')
    ok(s == 500 and b'leak' not in b and h['X-Request-Id'] ==
       n.findings()[-1]['id'], 'phase 4 denies before anything went out',
       (s, b[-100:], h))
    is_(n.findings()[-1]['rule'], 17, 'and says why')
    s, _, h = ask(p, '/answer/leak-away')
    is_((s, h['Location']), (302, 'http://away.example/'),
        'phase 4 redirects')
    is_(ask(p, '/answer/gone')[0], 0, 'phase 3 drops')
    is_(ask(p, '/app/leak')[0], 200, 'not where answers are not looked at')
    is_(ask(p, '/answer/text')[:2], (200, b'leak-four'),
        'nor in types that are not listed')
    is_(ask(p, '/answer/zip')[:2], (200, b'leak-four'),
        'nor in what is compressed')
    is_(ask(p, '/answer/x')[:2], (200, b'backend /answer/x'), 'a good answer')
    is_(ask(p, '/answer/empty')[:2], (200, b''), 'an empty one')
    is_(ask(p, '/answer/chunks')[:2], (200, b'<html><ok/>'), 'a chunked one')
    s, b, _ = ask(p, '/answer/big')
    ok(s == 200 and b == b'<b>' * 100000, 'a large one arrives whole',
       (s, len(b)))
    is_(ask(p, '/answer/leak', 'HEAD')[:2], (200, b''), 'HEAD')
    s, b, _ = ask(p, '/cache/big')
    ok(s == 200 and b == b'<b>' * 100000, 'also with buffers', (s, len(b)))
    for how in ('MISS', 'HIT'):
        s, b, h = ask(p, '/cache/good')
        is_((s, b, h['X-Cache']), (200, b'backend /cache/good', how),
            f'the cache: {how}')
    is_([ask(p, '/cache/leak')[0] for _ in range(2)], [500, 500],
        'what comes out of the cache is looked at')
    s, b, h = ask(p, '/answer/x', headers={'Accept-Encoding': 'gzip'})
    ok(s == 200 and h['Content-Encoding'] == 'gzip' and
       gzip.decompress(b) == b'backend /answer/x', 'gzip comes after it',
       (s, b, h))
    is_(ask(p, '/answer/leak', headers={'Accept-Encoding': 'gzip'})[0], 500,
        'and does not hide anything')
    is_(ask(p, '/ssi/ssi.html')[:2], (200, b'a backend /app/in z'),
        'includes of a page are put in')
    is_(ask(p, '/static/leak.html')[0], 500, 'a file is looked at')
    s, b, h = ask(p, '/static/good.html')
    ok(s == 200 and b == b'good ' * 9000 and
       h['Content-Length'] == str(len(b)), 'a good one arrives', (s, h))
    s, b, _ = ask(p, '/static/good.html', headers={'Range': 'bytes=5-9'})
    ok((s, b) in ((200, b'good ' * 9000), (206, b'good ')),
       'a range of it is the range or the whole', (s, len(b)))
    s, _, h = ask(p, '/static/good.html')
    is_(ask(p, '/static/good.html', headers={'If-None-Match': h['ETag']})[:2],
        (304, b''), 'not modified')


def streams(n, back):
    """What must not wait."""
    s = socket.create_connection(('127.0.0.1', n.port), WAIT)
    s.sendall(b'POST /stream/up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
              b'Content-Length: 20\r\n\r\n' + b'a' * 10)
    ok(until(lambda: back.bodies.get('/stream/up') == b'a' * 10),
       'the backend has the first half of an upload before the second is '
       'sent', back.bodies.get('/stream/up'))
    s.sendall(b'evil-two' + b'b' * 2)
    out = s.recv(65536)
    ok(b'200 OK' in out, 'and the upload is complete', out)
    s.close()
    s = socket.create_connection(('127.0.0.1', n.port), WAIT)
    s.sendall(b'POST /app/waits HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
              b'Content-Length: 20\r\n\r\n' + b'a' * 10)
    ask(n.port, '/app/between')
    s.sendall(b'b' * 10)
    s.recv(65536)
    s.close()
    ok(back.seen.index('/app/between') < back.seen.index('/app/waits'),
       'where bodies are judged nothing of one goes on before that')
    for path in ('/stream/events', '/answer/events'):
        back.go.clear()
        s = socket.create_connection(('127.0.0.1', n.port), WAIT)
        s.sendall(f'GET {path} HTTP/1.1\r\nHost: x\r\n'
                  'Connection: close\r\n\r\n'.encode())
        out = b''
        while b'data: 1' not in out:
            part = s.recv(65536)
            if not part:
                break
            out += part
        ok(b'data: 1' in out and b'leak' not in out, f'{path}: the first '
           'event is here before the second exists', out)
        back.go.set()
        while True:
            part = s.recv(65536)
            if not part:
                break
            out += part
        ok(b'leak-four' in out, f'{path}: the second follows', out)
        s.close()
    back.go.clear()
    s = socket.create_connection(('127.0.0.1', n.port), WAIT)
    s.sendall(b'GET /ws/x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n'
              b'Connection: Upgrade\r\n\r\n')
    out = b''
    while b'hello' not in out:
        part = s.recv(65536)
        if not part:
            break
        out += part
    s.sendall(b'evil-two')
    out += s.recv(100)
    s.close()
    ok(b' 101 ' in out and out.endswith(b'helloecho evil-two'),
       'a WebSocket passes both ways', out)
    is_(ask(n.port, '/ws/evil-one')[0], 403, 'its request is judged')


def lines(n):
    """The log."""
    form = {'Content-Type': 'application/x-www-form-urlencoded'}
    value = 'evil-two' + 'v' * 60000
    ask(n.port, '/app/x', 'POST', 'b=' + value, form)
    f = n.findings()[-1]
    ok(f['hits'][0]['value'].endswith(value) and 'cut' not in f,
       'a value of 60 KB stands in its line', str(f)[:2000])
    ask(n.port, '/app/x', 'POST', 'b=evil-two' + '\x01' * 60000, form)
    f = n.findings()[-1]
    with open(n.top + '/finding.log', 'rb') as g:
        longest = max(len(line) for line in g)
    ok(f['rule'] == 12 and f.get('cut') is True and longest <= 65536,
       'one that does not fit is cut and says so', (longest, str(f)[:500]))
    ask(n.port, '/app/x?a=evil-two"\\%ff', headers={'Host': 'h'})
    raw(n.port, b'GET /app/evil-one?"\xff\xfe\\ HTTP/1.1\r\nHost: "x\xe3\x81'
                b'\r\nConnection: close\r\n\r\n')
    ok(all(isinstance(f['rule'], int) for f in n.findings() if 'rule' in f),
       'quotes and broken characters break no line')
    mode = os.stat(n.top + '/finding.log').st_mode & 0o777
    is_(mode & 0o007, 0, 'others cannot read it')
    os.rename(n.top + '/finding.log', n.top + '/finding.1')
    os.kill(n.master(), signal.SIGUSR1)
    until(lambda: os.path.exists(n.top + '/finding.log') and
          os.stat(n.top + '/finding.log').st_uid != 0)
    n.findings()
    ask(n.port, '/app/evil-one')
    is_(n.findings()[-1]['uri'], '/app/evil-one', 'USR1 opens it again')
    mode = os.stat(n.top + '/finding.log').st_mode & 0o777
    is_(mode & 0o007, 0, 'and others cannot read that either')
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(n.top + '/sock')
    os.chmod(n.top + '/sock', 0o666)
    sock.settimeout(WAIT)
    n.more = f'''server {{ listen 127.0.0.1:{n.spare};
        hinoban_waf_log unix:{n.top}/sock;
        location / {{ return 200; }}
        location /p/ {{ proxy_pass http://127.0.0.1:{n.back}; }} }}'''
    n.write()
    n.reload()
    ask(n.spare, '/p/', 'POST', 'b=' + value, form)
    try:
        f = json.loads(sock.recv(1 << 17))
    except TimeoutError:
        f = {}
    is_(f.get('rule'), 12, 'a finding arrives at a socket, however long')
    sock.close()
    is_(ask(n.spare, '/evil-one')[0], 403, 'nobody at the socket: no matter')
    ok(until(lambda: 'nobody takes findings' in n.errors()), 'but it is told')
    n.more = ''
    n.write()
    n.reload()


def refused(n, top):
    """What nginx -t says."""
    def test(rules=None, conf=None):
        n.write(rules or RULES % 'Reject')
        if conf:
            with open(top + '/nginx.conf') as f:
                text = f.read()
            with open(top + '/nginx.conf', 'w') as f:
                f.write(conf(text))
        r = n.run('-t')
        n.write()
        return r.returncode, r.stderr
    rc, said = test()
    ok(rc == 0, 'a good configuration passes nginx -t', said)
    rc, said = test('SecRuleEngine On\nSecRule ARGS "@nosuch x" "id:1"\n')
    ok(rc != 0 and 'rules.conf:2:' in said, 'a broken rule is told with its '
       'place', said)
    rc, said = test(conf=lambda t: re.sub('hinoban_waf_rules.*?;', '', t))
    ok(rc != 0 and 'hinoban_waf_rules' in said, 'so is a guard without '
       'rules', said)
    rc, said = test(conf=lambda t: t.replace('hinoban_waf_paranoia 3',
                                             'hinoban_waf_paranoia 5'))
    ok(rc != 0 and 'between 1 and 4' in said, 'and a level that is '
       'none', said)
    rc, said = test(conf=lambda t: t.replace('hinoban_waf detect',
                                             'hinoban_waf maybe'))
    ok(rc != 0, 'and a mode that is none', said)
    with open(top + '/rules.conf', 'w') as f:
        f.write('SecBroken\n')
    os.kill(n.master(), signal.SIGHUP)
    until(lambda: 'SecBroken' in n.errors())
    is_(ask(n.port, '/app/evil-one')[0], 403, 'a reload with broken rules '
        'keeps the old ones')
    n.write()


def life(n, back):
    """Reloads, a killed worker, memory."""
    back.go.clear()
    got = []
    t = threading.Thread(target=lambda: got.append(ask(n.port, '/app/slow')))
    t.start()
    until(lambda: '/app/slow' in back.seen)
    n.write((RULES % 'Reject').replace('evil-one', 'evil-new'))
    n.reload()
    is_(ask(n.port, '/app/evil-new')[0], 403, 'a reload brings the new rules')
    is_(ask(n.port, '/app/evil-one')[0], 200, 'and the old ones are gone')
    back.go.set()
    t.join(WAIT)
    is_(got[0][:2], (200, b'slow and complete'),
        'a request that was under way is finished')
    n.write()
    n.reload()
    old = n.workers()[0]
    os.kill(old, signal.SIGKILL)
    until(lambda: n.workers() and old not in n.workers())
    is_(ask(n.port, '/app/evil-one')[0], 403, 'a killed worker is replaced')
    sizes = []
    for i in range(50):
        n.reload()
        if i in (9, 49):
            sizes.append(rss(n.master()))
    ok(sizes[1] < sizes[0] + 2048, 'fifty reloads: the master does not grow',
       sizes)
    many(n, 1000)
    before = rss(n.workers()[0])
    many(n, 10000)
    after = rss(n.workers()[0])
    ok(after < before + 1024, 'ten thousand requests: the worker does not '
       f'grow', (before, after))
    print(f'# reloads: {sizes} KiB; requests: {before}, {after} KiB')


def together(n):
    """Bodies that arrive at the same time, a piece of each in turn."""
    socks = []
    for i in range(40):
        s = socket.create_connection(('127.0.0.1', n.port), WAIT)
        body = b'a=%s%d' % (b'evil-two' if i % 2 else b'goodgood', i)
        s.sendall(b'POST /app/t%d HTTP/1.1\r\nHost: x\r\n'
                  b'Connection: close\r\n'
                  b'Content-Type: application/x-www-form-urlencoded\r\n'
                  b'Content-Length: %d\r\n\r\n' % (i, len(body)) + body[:5])
        socks.append((s, body[5:]))
    for s, rest in socks:
        s.sendall(rest)
    got = []
    for s, _ in socks:
        got.append(int(s.recv(65536).split(b' ')[1]))
        s.close()
    is_(got, [200, 406] * 20, 'forty bodies at the same time')


def core_rules(n):
    """The OWASP CRS, where it lies beside the tree."""
    crs = os.environ['HB_SOURCE_ROOT'] + '/../shared/waf/crs'
    if not os.path.exists(crs + '/crs-setup.conf.example'):
        print('# skipped: no CRS beside the tree')
        return
    crs = os.path.realpath(crs)
    n.write('SecRuleEngine On\nSecRequestBodyAccess On\n'
            f'Include {crs}/crs-setup.conf.example\n'
            f'Include {crs}/rules/*.conf\n')
    n.reload()
    head = {'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64)',
            'Accept': 'text/html', 'Host': 'www.example.jp'}
    is_(ask(n.port, '/app/x?q=a+cat', headers=head)[0], 200,
        'CRS: a visitor passes')
    is_(ask(n.port, '/app/x?q=1%27+UNION+SELECT+a,b+FROM+users--+',
            headers=head)[0], 403, 'CRS: an injection does not')
    lines = until(lambda: [f for f in n.lines() if 'UNION' in f['uri']])
    f = lines[-1] if lines else {'hits': []}
    ok(f['hits'] and f.get('rule') == 949110 and
       any(h['rule'] == 942100 for h in f['hits']) and
       all(h['msg'] for h in f['hits']), 'CRS: the finding names the rules', f)
    n.write()
    n.reload()


def many(n, count):
    c = http.client.HTTPConnection('127.0.0.1', n.port, timeout=WAIT)
    form = {'Content-Type': 'application/x-www-form-urlencoded'}
    for i in range(count):
        kind = i % 4
        if kind == 0:
            c.request('GET', '/index.html')
        elif kind == 1:
            c.request('GET', '/index.html?a=evil-two')
        elif kind == 2:
            c.request('POST', '/returned', 'a=evil-two' * 300, form)
        else:
            c.request('GET', '/static/good.html')
        c.getresponse().read()
    c.close()


def failing(n, top):
    """An engine without memory."""
    if not shutil.which('cc'):
        return
    with open(top + '/shim.c', 'w') as f:
        f.write(f'#define NONE "{top}/none"\n' + SHIM)
    subprocess.run(['cc', '-O1', '-shared', '-fPIC', '-o', top + '/shim.so',
                    top + '/shim.c'], check=True)
    n.stop()
    n.env['LD_PRELOAD'] = ':'.join(
        filter(None, [os.environ.get('LD_PRELOAD'), top + '/shim.so']))
    n.start()
    is_(ask(n.port, '/app/evil-one')[0], 403, 'the engine works')
    open(top + '/none', 'w').close()
    old = n.workers()[0]
    os.kill(old, signal.SIGKILL)
    until(lambda: n.workers() and old not in n.workers())
    is_(ask(n.port, '/app/evil-one')[0], 200, 'without an engine a request '
        'passes')
    is_(ask(n.port, '/auth/x')[0], 503, 'but not where it is required')
    os.unlink(top + '/none')
    is_(ask(n.port, '/app/evil-one')[0], 403, 'and it comes back')
    open(top + '/none', 'w').close()
    form = {'Content-Type': 'application/x-www-form-urlencoded'}
    large = 'a=' + '%41' * 60000
    is_(ask(n.port, '/app/x', 'POST', large, form)[0], 200,
        'memory that ends within a request: it passes')
    is_(ask(n.port, '/auth/x', 'POST', large, form)[0], 503,
        'but not where the engine is required')
    os.unlink(top + '/none')
    is_(ask(n.port, '/app/x', 'POST', large + 'evil-two', form)[0], 406,
        'and the next one is judged')
    is_([f['action'] for f in n.findings()[-6:]],
        ['unjudged', 'refused', 'denied'] * 2, 'all of it is told')


def main():
    if os.geteuid() != 0 or not os.path.exists('/usr/sbin/nginx') or \
            not shutil.which('openssl'):
        print('1..0 # SKIP needs root, nginx and openssl')
        return
    if not os.path.exists(MODULE):
        print('1..0 # SKIP the module is not built')
        return
    global n_backend
    top = tempfile.mkdtemp(prefix='hb-box-', dir='/var/tmp')
    os.chmod(top, 0o755)
    os.makedirs(top + '/web/static')
    for name, text in (('index.html', 'index\n'),
                       ('denied.html', 'denied page\n'),
                       ('static/ssi.html', 'a <!--# include '
                        'virtual="/app/in" --> z'),
                       ('static/leak.html', 'x' * 40000 + 'leak-four'),
                       ('static/good.html', 'good ' * 9000)):
        with open(f'{top}/web/{name}', 'w') as f:
            f.write(text)
    with open(top + '/upload', 'w') as f:
        f.write('a=evil-two')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                    'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                    '-subj', '/CN=localhost', '-keyout', top + '/key.pem',
                    '-out', top + '/cert.pem'], check=True,
                   capture_output=True)
    n_backend = back = Backend()
    n = Nginx(top, back=back.port)
    n.write()
    try:
        said = n.start()
        ok(said.returncode == 0 and n.workers(), "Debian's nginx starts with "
           'the module', said.stderr)
        if n.workers():
            verdicts(n)
            actions(n)
            once(n)
            transport(n)
            limits(n)
            answers(n)
            streams(n, back)
            lines(n)
            refused(n, top)
            together(n)
            core_rules(n)
            life(n, back)
            failing(n, top)
        bad = re.findall(r'.*(?:\[alert\]|\[crit\]|exited on signal).*',
                         n.errors())
        bad = [b for b in bad if 'signal 9' not in b and
               'nobody takes' not in b and 'no memory for the engine' not in b]
        ok(not bad, 'nothing went wrong inside', '\n'.join(bad[:20]))
    finally:
        n.stop()
        if '--keep' not in sys.argv:
            shutil.rmtree(top)
    finish()


if __name__ == '__main__':
    main()
