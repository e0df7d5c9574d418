#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the firewall inside nginx keeps between requests, and what it decides
before the rules: collections, rates, bans, the wall, closed sites, the canary.
Two workers; clients have the addresses that the proxy says."""
import base64
import hashlib
import hmac
import http.client
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from fakecore import finish, ok
from waf_nginx import MODULE, Nginx, ask, is_, rss, until

RULES = r'''
SecRuleEngine On
SecRequestBodyAccess On
SecRule ARGS|REQUEST_BODY "@contains evil" \
    "id:11,phase:2,deny,status:403,log,msg:'evil'"
SecRule RESPONSE_HEADERS:X-Bad "@contains bad" \
    "id:12,phase:3,deny,status:502,log"
SecAction "id:20,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}"
SecRule ARGS:count "@streq yes" "id:21,phase:2,pass,nolog,setvar:ip.n=+1"
SecRule IP:n "@ge 3" "id:22,phase:2,deny,status:409,nolog"
'''
CONF = '''
load_module %(module)s;
user www-data;
worker_processes 2;
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
    keepalive_timeout 5;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
    hinoban_waf_rules %(top)s/rules.conf;
    hinoban_waf_log %(top)s/finding.log;
    hinoban_waf_zone 4m;
    hinoban_waf_canary %(top)s/canary;
    hinoban_waf block;
    hinoban_waf_wall_key %(top)s/key;
    root %(top)s/web;
    server {
        listen 127.0.0.1:%(port)d;
        listen 127.0.0.1:%(tls)d ssl http2;
        ssl_certificate %(top)s/cert.pem;
        ssl_certificate_key %(top)s/key.pem;
        server_name www.example.jp;
        hinoban_waf_ban_allow 198.51.100.0/24;
        hinoban_waf_ban_allow 2001:db8:ffff::/48;
        location /slow/ { alias %(top)s/web/;
            hinoban_waf_rate slow per=address rate=1r/m burst=3; }
        location /slow-too/ { alias %(top)s/web/;
            hinoban_waf_rate slow per=address rate=1r/m burst=3; }
        location /watched/ { alias %(top)s/web/; hinoban_waf detect;
            hinoban_waf_rate watched per=address rate=1r/m burst=1; }
        location /sid/ { alias %(top)s/web/;
            hinoban_waf_rate sid per=session:sid rate=1r/m burst=2; }
        location /each/ { alias %(top)s/web/;
            hinoban_waf_rate each per=address+path rate=1r/m burst=2; }
        location /wide/ { alias %(top)s/web/;
            hinoban_waf_rate wide per=address rate=1r/m burst=2 v4=24 v6=48; }
        location /paged/ { alias %(top)s/web/; error_page 429 /wall.html;
            hinoban_waf_rate paged per=address rate=1r/m burst=1; }
        location /two/ { alias %(top)s/web/;
            hinoban_waf_rate a per=session:sid rate=1r/m burst=2;
            hinoban_waf_rate b per=address rate=1r/m burst=3; }
        location /ban/ { alias %(top)s/web/; hinoban_waf_ban on; }
        location /ban/proxied { hinoban_waf_ban on;
            hinoban_waf_response on; proxy_pass http://127.0.0.1:%(back)d; }
        location /ban/login { hinoban_waf_ban on; hinoban_waf_login on;
            auth_basic x; auth_basic_user_file %(top)s/users; }
        location /ban/quick { alias %(top)s/web/plain.txt;
            hinoban_waf_ban on blocked=100 time=2s half_life=1h; }
        location /ban/watched { alias %(top)s/web/plain.txt;
            hinoban_waf detect; hinoban_waf_ban on; }
        location /unban/ { alias %(top)s/web/; }
        location ^~ /admin/ { hinoban_waf_wall on; hinoban_waf_ban on;
            alias %(top)s/web/;
            location = /admin/open.txt { alias %(top)s/web/plain.txt;
                hinoban_waf_wall off; } }
        location /asks/ { hinoban_waf_wall on; alias %(top)s/web/;
            hinoban_waf_wall_page /wall.html; hinoban_waf off; }
        location /away/ { hinoban_waf_wall on; alias %(top)s/web/;
            hinoban_waf_wall_page http://away.example/; }
        location /told/ { hinoban_waf_wall on; return 200 secret; }
        location /inner-too/ { try_files /none /told/x; }
        location /inner/ { error_page 404 = /admin/plain.txt; }
    }
    server {
        listen 127.0.0.1:%(spare)d;
        server_name other.example.jp;
        hinoban_waf_wall /wp-admin/ /wp-login.php;
        location / { }
        location ~ \\.php$ { try_files $uri =404; }
        location = /wp-admin/admin-ajax.php { hinoban_waf_wall off; }
    }
    server {
        listen 127.0.0.1:%(real)d;
        hinoban_waf off;
        hinoban_waf_private %(top)s/private/site.flag;
        hinoban_waf_ban_allow 198.51.100.7;
        location / { hinoban_waf_private_page %(top)s/closed.html; }
        location /text/ { alias %(top)s/web/; hinoban_waf block;
            hinoban_waf_private %(top)s/private/text.flag; }
        location /returned { return 200 "returned\\n"; }
        location /.well-known/ { hinoban_waf_private off; }
    }
    %(more)s
}
'''


class State(Nginx):
    def write(self, rules=RULES):
        with open(self.top + '/rules.conf', 'w') as f:
            f.write(rules)
        with open(self.top + '/nginx.conf', 'w') as f:
            f.write(CONF % {'module': MODULE, 'top': self.top,
                            'port': self.port, 'tls': self.tls,
                            'real': self.real, 'spare': self.spare,
                            'back': self.back, 'more': self.more})

    def findings(self):
        self.asked += 1
        mark = f'/plain.txt?mark=evil{self.asked}'
        self.get(mark, '203.0.113.250')
        until(lambda: any(f['uri'] == mark for f in self.lines()))
        return [f for f in self.lines() if 'mark=evil' not in f['uri']]

    def get(self, path, who='192.0.2.1', method='GET', body=None, port=None,
            host='www.example.jp', **headers):
        h = {'X-Forwarded-For': who, 'Host': host}
        h.update({k.replace('_', '-'): v for k, v in headers.items()})
        return ask(port or self.port, path, method, body, h)

    def many(self, path, count, who, **more):
        return [self.get(path, who, **more)[0] for _ in range(count)]


def collections(n):
    is_(n.many('/plain.txt?count=yes', 4, '192.0.2.9'), [200, 200, 409, 409],
        'a collection counts over two workers')
    is_(n.get('/plain.txt', '192.0.2.10')[0], 200, 'of one address')
    n.reload()
    is_(n.get('/plain.txt', '192.0.2.9')[0], 409, 'and outlives a reload')
    for pid in n.workers():
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(n.workers()) == 2)
    is_(n.get('/plain.txt', '192.0.2.9')[0], 409, 'and dead workers')


def rates(n):
    is_(n.many('/slow/plain.txt', 5, '192.0.2.20'), [200] * 3 + [429] * 2,
        'a rate with its burst, over two workers')
    s, b, h = n.get('/slow/plain.txt', '192.0.2.20')
    ok(s == 429 and 1 <= int(h['Retry-After']) <= 60,
       'the answer says when to come again', (s, h))
    is_(h['X-Request-Id'] is not None, True, 'and has a number')
    is_(n.get('/slow-too/plain.txt', '192.0.2.20')[0], 429,
        'the same name is the same rate')
    is_(n.get('/slow/plain.txt', '192.0.2.21')[0], 200, 'others pass')
    n.reload()
    is_(n.get('/slow/plain.txt', '192.0.2.20')[0], 429, 'a reload forgets none')
    f = [f for f in n.findings() if f.get('rate') == 'slow']
    ok(f and f[0]['action'] == 'limited' and f[0]['status'] == 429 and
       f[0]['hits'] == [] and len(f) < 4, 'findings tell, but not of each', f)
    time.sleep(1.1)  # a line a second tells of rates
    is_(n.many('/watched/plain.txt', 3, '192.0.2.22'), [200] * 3,
        'detect only tells')
    f = until(lambda: [f for f in n.findings() if f.get('rate') == 'watched'])
    ok({x['action'] for x in f} == {'detected'} and len(f) <= 2,
       'once by each worker at most', f)
    is_([n.get('/sid/plain.txt', '192.0.2.%d' % i, Cookie='a=b; sid=77')[0]
         for i in range(30, 34)], [200, 200, 429, 429],
        'a session, wherever it comes from')
    is_(n.get('/sid/plain.txt', '192.0.2.30', Cookie='sid=78')[0], 200,
        'another session')
    is_(n.many('/sid/plain.txt', 4, '192.0.2.30'), [200] * 4, 'and none')
    is_(n.many('/each/plain.txt', 3, '192.0.2.40') +
        n.many('/each/index.html', 3, '192.0.2.40'),
        [200, 200, 429] * 2, 'each path counts for itself')
    is_([n.get('/wide/plain.txt', '192.0.2.%d' % i)[0] for i in (50, 51, 52)],
        [200, 200, 429], 'a network as one')
    is_([n.get('/wide/plain.txt', '2001:db8:5:%d::1' % i)[0]
         for i in (50, 51, 52)], [200, 200, 429], 'of IPv6')
    is_([n.get('/two/plain.txt', '192.0.2.60', Cookie='sid=%d' % i)[0]
         for i in (1, 1, 1, 2, 3)], [200, 200, 429, 200, 429], 'two rates')


    n.get('/paged/plain.txt', '192.0.2.61')
    s, b, h = n.get('/paged/plain.txt', '192.0.2.61')
    ok((s, b) == (429, b'wall page\n') and 'Retry-After' in h,
       'a page of the site', (s, b, h))


def bans(n):
    evil = '/ban/plain.txt?a=evil'
    is_(n.many(evil, 4, '192.0.2.70') + n.many('/ban/plain.txt', 1,
                                               '192.0.2.70'),
        [403] * 4 + [200], 'four blocked requests of a colleague ban no office')
    got = n.many(evil, 40, '192.0.2.71')
    is_(got, [403] * 40, 'forty do')
    s, b, h = n.get('/ban/plain.txt', '192.0.2.71')
    is_((s, h['X-Request-Id']), (403, None), 'also what would be harmless')
    f = [x for x in n.findings() if x['client'] == '192.0.2.71']
    is_([(x['ban'], x['action']) for x in f if 'ban' in x],
        [('blocked', 'denied')], 'the ban is a finding')
    is_(len(f), 25, 'it comes with the 25th, and costs no lines after')
    is_(n.get('/unban/plain.txt', '192.0.2.71')[0], 200,
        'only where bans hold')
    with socket.create_connection(('127.0.0.1', n.port)) as s:
        s.sendall(b'GET /ban/plain.txt HTTP/1.1\r\nHost: www.example.jp\r\n'
                  b'X-Forwarded-For: 192.0.2.71\r\nConnection: close\r\n\r\n')
        head = s.recv(4096).split(b'\r\n')[0]
    is_(head, b'HTTP/1.1 403 Address Blocked', 'it has a status text')
    n.reload()
    is_(n.get('/ban/plain.txt', '192.0.2.71')[0], 403, 'it outlives a reload')
    is_(n.many(evil, 40, '198.51.100.9')[-1:] +
        n.many('/ban/plain.txt', 1, '198.51.100.9'), [403, 200],
        'never one on the list')
    is_(n.many(evil, 40, '127.0.0.1')[-1:] +
        n.many('/ban/plain.txt', 1, '127.0.0.1'), [403, 200],
        'nor the machine itself')
    is_(n.many(evil, 30, '2001:db8:1::5')[-1:] +
        n.many('/ban/plain.txt', 1, '2001:db8:1::6'), [403, 403],
        'IPv6: the network')
    is_(n.many('/ban/login', 30, '192.0.2.72')[:25], [401] * 25,
        'wrong log-ins')
    is_(n.get('/ban/plain.txt', '192.0.2.72')[0], 403, 'ban')
    is_(n.many('/ban/none', 99, '192.0.2.73') +
        n.many('/ban/plain.txt', 1, '192.0.2.73'), [404] * 99 + [200],
        '99 that are not there do not')
    is_(n.many('/ban/none', 60, '192.0.2.73')[-1:], [403], 'a storm does')
    is_(set(n.many('/ban/none', 150, '192.0.2.74',
                   Referer='https://www.example.jp/page')), {404},
        'nor broken links of a page of ours')
    is_(set(n.many('/ban/proxied/x', 40, '192.0.2.75')), {502},
        'nor an answer that was stopped')
    is_(n.many('/ban/quick?a=evil', 2, '192.0.2.76'), [403, 403],
        'points are set')
    ok(until(lambda: n.get('/ban/quick', '192.0.2.76')[0] == 200),
       'a ban ends')
    is_(set(n.many('/ban/watched?a=evil', 60, '192.0.2.77')), {200},
        'detect bans nobody')
    f = [x for x in n.findings() if 'ban' in x]
    is_(sorted({x['ban'] for x in f}), ['blocked', 'login', 'not_found'],
        'each ban is told')


def canary(n):
    token = 'c' * 40
    with open(n.top + '/canary', 'w') as f:
        f.write(token + '\n')
    head = {'X_Hinoban_Canary': token}
    until(lambda: n.get('/plain.txt?a=evil', '192.0.2.80', **head)[0] == 403 and
          any(f.get('canary') for f in n.lines()))
    is_(set(n.many('/ban/plain.txt?a=evil', 40, '192.0.2.81', **head)), {403},
        'the canary is stopped as any other')
    is_(n.get('/ban/plain.txt', '192.0.2.81')[0], 200, 'but never banned')
    is_(set(n.many('/slow/plain.txt', 9, '192.0.2.82', **head)), {200},
        'nor limited')
    f = [f for f in n.findings() if f['client'] == '192.0.2.81']
    ok(len(f) == 40 and all(x['canary'] is True and x['action'] == 'denied'
                            for x in f), 'its findings say so', f[:1])
    n.get('/plain.txt?a=evil', '192.0.2.83', X_Hinoban_Canary='c' * 39)
    n.get('/plain.txt?a=evil', '192.0.2.83', X_Hinoban_Canary='d' * 40)
    f = [f for f in n.findings() if f['client'] == '192.0.2.83']
    ok(len(f) == 2 and not any('canary' in x for x in f),
       'another token is none', f)
    with open(n.top + '/canary', 'w') as f:
        f.write('e' * 40 + '\n')
    ok(until(lambda: n.get('/plain.txt?a=evil', '192.0.2.84',
                           X_Hinoban_Canary='e' * 40)[0] == 403 and
             any(f.get('canary') and f['client'] == '192.0.2.84'
                 for f in n.lines())), 'a new token is taken')


def code(n, host='www.example.jp', name='yamada', ends=3600, kind=1):
    """By the description in pass.h."""
    with open(n.top + '/key') as f:
        key = bytes.fromhex(f.read())
    p = (struct.pack('>BBQ', 1, kind, int(time.time()) + ends) +
         os.urandom(8) + bytes([len(name)]) + name.encode())
    said = (b'hinoban-pass-v1\0' + bytes([len(host)]) + host.encode() + b'\0' +
            p)
    p += hmac.new(key, said, hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(p).rstrip(b'=').decode()


def enter(n, path, text, who, **more):
    return n.get(path, who, 'POST',
                 urllib.parse.urlencode({'x': 1, 'hinoban_pass': text}), **more,
                 Content_Type='application/x-www-form-urlencoded')


def wall(n):
    s, b, h = n.get('/admin/plain.txt')
    ok(s == 401 and b'name="hinoban_pass"' in b and '入場コード' in b.decode()
       and h['Cache-Control'] == 'no-store' and h['X-Request-Id'] is None,
       'a stranger sees the wall', (s, b, h))
    is_(n.get('/admin/plain.txt', method='HEAD')[:2], (401, b''), 'also HEAD')
    is_(n.get('/admin/open.txt')[0], 200, 'a door in it is open')
    is_(n.get('/told/x')[0], 401, 'a place that returns is behind it, too')
    is_(n.get('/inner/x')[0], 401, 'and who comes from inside')
    is_(n.get('/inner-too/x')[0], 401, 'to such a place, too')
    one = code(n)
    s, b, h = enter(n, '/admin/plain.txt?a=1', one + '\r\n', '192.0.2.90')
    ok(s == 303 and h['Location'].endswith('/admin/plain.txt?a=1') and
       'HttpOnly' in h['Set-Cookie'] and 'Secure' not in h['Set-Cookie'],
       'a code is taken', (s, b, h))
    cookie = h['Set-Cookie'].split(';')[0]
    is_(n.get('/admin/plain.txt', '192.0.2.90', Cookie=cookie)[:2],
        (200, b'plain\n'), 'the cookie lets through')
    is_(n.get('/told/x', '192.0.2.90', Cookie=cookie)[1], b'secret',
        'also where nginx returns')
    is_(n.get('/admin/plain.txt?a=evil', '192.0.2.90', Cookie=cookie)[0], 403,
        'to the rules')
    is_(n.get('/admin/plain.txt', '192.0.2.200', Cookie=cookie)[0], 200,
        'from the same network')
    is_(n.get('/admin/plain.txt', '192.0.3.90', Cookie=cookie)[0], 401,
        'not from another one')
    is_(n.get('/wp-admin/index.txt', '192.0.2.90', port=n.spare,
              host='other.example.jp', Cookie=cookie)[0], 401,
        'nor at another host')
    s, b, h = enter(n, '/admin/plain.txt', one, '192.0.2.91')
    ok(s == 401 and b'role="alert"' in b, 'a code is good once', (s, b))
    for what, text in (('another host', code(n, 'other.example.jp')),
                       ('yesterday', code(n, ends=-5)),
                       ('a month and more', code(n, ends=32 * 86400)),
                       ('a cookie', cookie.split('=')[1]),
                       ('a forgery', one[:-2] + 'AA'), ('noise', 'x' * 3000)):
        is_(enter(n, '/admin/plain.txt', text, '192.0.2.92')[0], 401,
            'no code: ' + what)
    is_(n.get('/admin/plain.txt', '192.0.2.92', 'POST', 'x' * 5000)[0], 401,
        'too large for a form')
    f = n.findings()
    is_([x['pass'] for x in f if 'pass' in x], ['yamada'],
        'who came in is told')
    is_(len([x for x in f if x['action'] == 'walled']), 7,
        'and who tried')
    is_([enter(n, '/admin/plain.txt', 'wrong', '192.0.2.97')[0]
         for _ in range(26)], [401] * 25 + [403], 'who goes on is banned')
    s, b, h = n.get('/asks/plain.txt')
    is_((s, b), (401, b'wall page\n'), 'a page of the site')
    s, b, h = enter(n, '/asks/plain.txt', code(n), '192.0.2.93')
    is_(s, 303, 'takes the code as well')
    cookie = h['Set-Cookie'].split(';')[0]
    is_(n.get('/asks/plain.txt', '192.0.2.93', Cookie=cookie)[0], 200,
        'without rules, too')
    s, b, h = n.get('/away/plain.txt')
    is_((s, h['Location']), (302, 'http://away.example/'), 'or one elsewhere')
    s, b, h = enter(n, '//admin/plain.txt', code(n), '192.0.2.94')
    ok(s == 303 and h['Location'].endswith(f':{n.port}/') or
       h['Location'] == '/', 'it leads nowhere else', (s, h))
    other = {'port': n.spare, 'host': 'other.example.jp'}
    is_([n.get(p, **other)[0] for p in
         ('/wp-admin/index.txt', '/wp-admin/x.php', '/wp-login.php',
          '/wp-admin/admin-ajax.php', '/plain.txt', '/a/../wp-admin/x.php',
          '/%77p-admin/x.php', '//wp-admin/x.php')],
        [401, 401, 401, 200, 200, 401, 401, 401],
        'paths are walled whichever place serves them')
    c = http.client.HTTPSConnection(
        '127.0.0.1', n.tls, timeout=30, context=ssl._create_unverified_context())
    c.request('POST', '/admin/plain.txt', 'hinoban_pass=' + code(n),
              {'Host': 'www.example.jp', 'X-Forwarded-For': '192.0.2.96'})
    r = c.getresponse()
    ok(r.status == 303 and r.headers['Set-Cookie'].endswith('; Secure'),
       'over TLS the cookie stays there', r.headers)
    c.close()
    got = []
    one = code(n)
    ts = [threading.Thread(target=lambda: got.append(
        enter(n, '/admin/plain.txt', one, '192.0.2.95')[0]))
        for _ in range(8)]
    [t.start() for t in ts]
    [t.join() for t in ts]
    is_(sorted(got), [303] + [401] * 7, 'eight at once: one is taken')


def private(n):
    p = {'port': n.real}
    is_(n.get('/plain.txt', **p)[0], 200, 'the site is open')
    open(n.top + '/private/site.flag', 'w').close()

    def both(status, path='/plain.txt'):
        return until(lambda: n.many(path, 8, '192.0.2.1', **p) == [status] * 8)
    ok(both(503), 'a file closes it, in all workers')
    s, b, h = n.get('/plain.txt', **p)
    ok((s, b) == (503, b'<p>closed</p>\n') and h['Retry-After'] == '600' and
       h['Content-Type'] == 'text/html; charset=utf-8', 'with its page', (s, h))
    is_(n.get('/returned', **p)[0], 503, 'also where nginx returns')
    is_(n.get('/plain.txt', '198.51.100.7', **p)[0], 200, 'but for us')
    is_(n.get('/text/plain.txt', **p)[0], 200, 'another place has its own file')
    is_(n.get('/.well-known/x.txt', **p)[0], 200, 'or none')
    is_(n.get('/plain.txt', method='POST', body='x' * 3000, **p)[0], 503,
        'a body is no matter')
    with open(n.top + '/private/site.flag', 'w') as f:
        f.write('3600\n')
    ok(until(lambda: [n.get('/plain.txt', **p)[2]['Retry-After']
                      for _ in range(6)] == ['3600'] * 6),
       'the file says for how long')
    n.reload()
    is_(n.get('/plain.txt', **p)[0], 503, 'new workers know at once')
    os.unlink(n.top + '/private/site.flag')
    ok(both(200), 'it opens again')
    open(n.top + '/private/text.flag', 'w').close()
    ok(both(503, '/text/plain.txt'), 'with the page that is built in')
    s, b, h = n.get('/text/plain.txt', **p)
    ok('現在、サイトを一時的に閉じています。' in b.decode() and
       h['Content-Type'] == 'text/plain; charset=utf-8', 'in Japanese', (b, h))


def life(n):
    """What each reload makes anew goes with it."""
    maps = []
    for i in range(30):
        n.reload()
        if i in (9, 29):
            with open(f'/proc/{n.master()}/maps') as f:
                maps.append((len(f.readlines()), rss(n.master())))
    ok(maps[0][0] == maps[1][0] and maps[1][1] < maps[0][1] + 2048,
       'thirty reloads: the master does not grow', maps)


def refused(n, top):
    """What the configuration may not say."""
    n.stop()
    for what, more in (
            ('wall', 'server { hinoban_waf_wall maybe; }'),
            ('key', 'server { hinoban_waf_wall_key %s/none; }' % top),
            ('key that others read',
             'server { hinoban_waf_wall_key %s/open; }' % top),
            ('rate', 'server { hinoban_waf_rate x per=address rate=10; }'),
            ('per', 'server { hinoban_waf_rate x per=me rate=1r/s; }'),
            ('network', 'server { hinoban_waf_ban_allow 300.1.1.1; }'),
            ('points', 'server { hinoban_waf_ban on blocked=-1; }'),
            ('page', 'server { hinoban_waf_private_page /dev/null; }')):
        n.more = more
        n.write()
        said = n.run('-t')
        ok(said.returncode != 0 and 'hinoban' in said.stderr,
           'refused: ' + what, said.stderr)
    n.more = ''
    n.write()
    with open(n.top + '/nginx.conf') as f:
        text = f.read().replace('hinoban_waf_zone 4m', 'hinoban_waf_zone 64k')
    with open(n.top + '/nginx.conf', 'w') as f:
        f.write(text)
    said = n.run('-t')
    ok(said.returncode != 0 and 'hinoban_waf_zone' in said.stderr,
       'refused: a small zone', said.stderr)


def prepare(top):
    os.chmod(top, 0o755)
    for d in ('web/wp-admin', 'web/.well-known', 'private'):
        os.makedirs(f'{top}/{d}')
    for name, text in (('plain.txt', 'plain\n'), ('index.html', 'index\n'),
                       ('wall.html', 'wall page\n'), ('wp-admin/index.txt', ''),
                       ('wp-admin/x.php', ''), ('wp-admin/admin-ajax.php', ''),
                       ('wp-login.php', ''), ('.well-known/x.txt', '')):
        with open(f'{top}/web/{name}', 'w') as f:
            f.write(text)
    for name, text in (('users', ''), ('closed.html', '<p>closed</p>\n'),
                       ('key', os.urandom(32).hex() + '\n'),
                       ('open', os.urandom(32).hex() + '\n')):
        with open(f'{top}/{name}', 'w') as f:
            f.write(text)
    os.chmod(top + '/key', 0o600)
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                    'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                    '-subj', '/CN=localhost', '-keyout', top + '/key.pem',
                    '-out', top + '/cert.pem'], check=True,
                   capture_output=True)


def main():
    if os.geteuid() != 0 or not os.path.exists('/usr/sbin/nginx') or \
            not shutil.which('openssl'):
        print('1..0 # SKIP needs root, nginx and openssl')
        return
    if not os.path.exists(MODULE):
        print('1..0 # SKIP the module is not built')
        return
    top = tempfile.mkdtemp(prefix='hb-box-', dir='/var/tmp')
    prepare(top)
    back = Bad()
    n = State(top, back=back.port)
    n.write()
    try:
        said = n.start()
        ok(said.returncode == 0 and until(lambda: len(n.workers()) == 2),
           'nginx starts', said.stderr)
        if n.workers():
            for part in (collections, rates, bans, canary, wall, private, life):
                begun = time.monotonic()
                part(n)
                print(f'# {part.__name__}: {time.monotonic() - begun:.1f} s')
        bad = [e for e in n.errors().split('\n')
               if '[alert]' in e or '[crit]' in e or '[emerg]' in e]
        bad = [e for e in bad if 'signal 9' not in e]
        ok(not bad, 'nothing went wrong inside', '\n'.join(bad[:20]))
        refused(n, top)
    finally:
        n.stop()
        if '--keep' not in sys.argv:
            shutil.rmtree(top)
    finish()


class Bad:
    """Answers what a rule of phase 3 stops."""

    def __init__(self):
        import http.server

        class H(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header('X-Bad', 'bad')
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *args):
                pass
        s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)
        self.port = s.server_address[1]
        threading.Thread(target=s.serve_forever, daemon=True).start()


if __name__ == '__main__':
    main()
