#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`hinoban gate` with Debian's nginx on loopback: what is built is loaded,
what was stopped is allowed by the number that the visitor got, and forbidden
again; rates, bans and the log-in wall; with the Core Rule Set where it lies
beside the source tree.  Clients come from where X-Forwarded-For says."""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from fakecore import finish, ok

B = os.environ['HB_BUILD_ROOT']
S = os.environ['HB_SOURCE_ROOT']
H = B + '/src/hinoban'
MODULE = B + '/src/guard/nginx/ngx_http_hinoban_module.so'
CRS = os.path.realpath(S + '/../shared/waf/crs')
WAIT = 60
SMALL = r'''
SecComponentSignature "OWASP_CRS/0.0.1"
SecRule ARGS "@rx union select" "id:942100,phase:2,block,t:none,t:lowercase,severity:2,tag:'attack-sqli',msg:'SQL',setvar:tx.inbound_anomaly_score_pl1=+%{tx.critical_anomaly_score}"
SecRule TX:inbound_anomaly_score_pl1 "@ge %{tx.inbound_anomaly_score_threshold}" "id:949110,phase:2,deny,status:403,t:none,severity:2,msg:'sum'"
'''
CONF = '''
load_module %(module)s;
user www-data;
worker_processes 2;
pid %(top)s/pid;
error_log %(top)s/error.log notice;
events { worker_connections 64; }
http {
    access_log off;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
    client_body_temp_path %(top)s/body;
    proxy_temp_path %(top)s/proxy;
    fastcgi_temp_path %(top)s/fcgi;
    uwsgi_temp_path %(top)s/uwsgi;
    scgi_temp_path %(top)s/scgi;
    include %(root)s/var/lib/hinoban/gate/http.conf;
    server {
        listen 127.0.0.1:%(port)d;
        location / { empty_gif; }
    }
}
'''
YAML = '''organisation:
  name: box
  language: ja
gate:
  mode: %(mode)s
  rules: %(crs)s
  log: %(top)s/gate.log
  check: [%(nginx)s, -t, -q, -c, %(top)s/nginx.conf]
  reload: [%(nginx)s, -s, reload, -c, %(top)s/nginx.conf]
%(more)ssites:
  - name: www
    number: 1
    root: %(top)s/www
    url: http://127.0.0.1:%(port)d/
'''
MORE = '''  bans: true
  trusted: [203.0.113.0/24, "2001:db8:f::/48"]
  rates:
    - {name: pages, per_minute: 60, burst: 4}
    - {name: seats, per: session, cookie: sid, per_minute: 6, burst: 2}
  wall: [/wp-admin/, /wp-login.php]
'''
ATTACK = '/f?q=1%20UNION%20SELECT%20password%20FROM%20users--%20'


class Box:
    def __init__(self, top):
        self.top = top
        self.root = top + '/root'
        self.server = None
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        self.crs = CRS
        if not os.path.exists(CRS + '/rules/REQUEST-901-INITIALIZATION.conf'):
            self.crs = top + '/crs'
            os.makedirs(self.crs + '/rules')
            with open(self.crs + '/rules/REQUEST-901-INITIALIZATION.conf',
                      'w') as f:
                f.write(SMALL)
        self.env = {k: v for k, v in os.environ.items()
                    if k.endswith('SAN_OPTIONS') or k == 'PATH'}
        self.env.update(LANG='C.UTF-8', HINOBAN_ROOT=self.root,
                        HINOBAN_DATADIR=S)

    def settings(self, mode, more=''):
        with open(self.root + '/etc/hinoban/hinoban.yaml', 'w') as f:
            f.write(YAML % {'mode': mode, 'crs': self.crs, 'top': self.top,
                            'nginx': shutil.which('nginx'), 'port': self.port,
                            'more': more})

    def nginx(self):
        self.server = subprocess.Popen(
            [shutil.which('nginx'), '-c', self.top + '/nginx.conf', '-g',
             'daemon off;'], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def end(self):
        self.server.send_signal(signal.SIGTERM)
        self.server.wait(WAIT)

    def restart(self):
        self.end()
        self.nginx()
        self.until(200, '/')

    def run(self, *argv):
        p = subprocess.run([H, *argv], env=self.env, capture_output=True,
                           text=True)
        return p.returncode, p.stdout + p.stderr

    def get(self, path, host='www.example.jp', **more):
        c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=WAIT)
        c.request('GET', path, headers={'Host': host, 'Accept': '*/*',
                                        'User-Agent': 'Mozilla/5.0', **more})
        r = c.getresponse()
        r.read()
        c.close()
        return r.status, r.getheader('X-Request-Id')

    def come(self, address, path='/', **more):
        return self.get(path, **{'X-Forwarded-For': address, **more})[0]

    def until(self, status, path, **more):
        """A reload takes a moment: new workers, then the old ones end."""
        end = time.monotonic() + WAIT
        got = None
        while time.monotonic() < end:
            try:
                got = self.get(path, **more)[0]
                if got == status:
                    return True
            except OSError:
                pass
            time.sleep(0.1)
        return got == status


def main():
    if os.geteuid() != 0 or not shutil.which('nginx') or \
       not os.path.exists(MODULE):
        print('1..0 # SKIP needs root, nginx and its module')
        return
    with tempfile.TemporaryDirectory(prefix='hb-gn-', dir='/var/tmp') as top:
        os.chmod(top, 0o755)
        box = Box(top)
        try:
            if start(box):
                tests(box)
        finally:
            if box.server is not None and box.server.poll() is None:
                box.end()
    finish()


def start(box):
    os.makedirs(box.root + '/etc/hinoban/people')
    os.makedirs(box.root + '/var/lib/hinoban/private')
    os.mkdir(box.top + '/www')
    box.settings('block')
    key = box.top + '/akiko.key'
    rc, out = box.run('person', 'add', 'akiko', '--roles', 'officer',
                      '--key-to', key, '--no-passphrase')
    ok(rc == 0, 'an officer', out)
    rc, out = box.run('gate', 'build', '--no-reload')
    ok(rc == 0 and 'Note' not in out, 'the rules are built without a note',
       out)
    with open(box.top + '/nginx.conf', 'w') as f:
        f.write(CONF % {'module': MODULE, 'top': box.top, 'root': box.root,
                        'port': box.port})
    box.nginx()
    if not box.until(200, '/'):
        box.server.kill()
        ok(False, 'nginx loads what was built', box.server.communicate()[1])
        return False
    ok(True, 'nginx loads what was built')
    return True


def selftest(box):
    word = box.root + '/var/lib/hinoban/private/gate.canary'
    with open(box.top + '/gate.log') as f:
        before = len(f.readlines())
    rc, out = box.run('gate', 'selftest')
    ok(rc == 0 and '[x] www' in out, 'an attack of our own is stopped', out)
    ok(not os.path.exists(word), 'its word is gone')
    with open(box.top + '/gate.log') as f:
        ours = [json.loads(line) for line in f.readlines()[before:]]
    ok(ours and ours[-1].get('canary') is True and
       ours[-1]['action'] == 'denied', 'and told as ours', ours)
    flag = box.root + '/var/lib/hinoban/private/www.flag'
    open(flag, 'w').close()
    rc, out = box.run('gate', 'selftest')
    os.unlink(flag)
    ok(rc == 0 and '[ ] www' in out, 'not while the site is off the air', out)


def tests(box):
    status, number = box.get(ATTACK)
    ok(status == 403 and number, 'an attack is stopped, with a number',
       (status, number))
    ok(box.get('/f?q=%E5%B1%B1%E7%94%B0')[0] == 200, 'Japanese is not')
    with open(box.top + '/gate.log') as f:
        lines = [json.loads(line) for line in f]
    found = [x for x in lines if x['id'] == number]
    ok(found and found[0]['action'] == 'denied', 'it stands in the log', lines)
    selftest(box)
    who = ['--person', 'akiko', '--key', box.top + '/akiko.key']
    rc, out = box.run('gate', 'allow', number, '--reason', 'a search for SQL',
                      '--until', '2099-01-01', '--yes', *who)
    ok(rc == 1, 'not until the end of days', out)
    until = time.strftime('%Y-%m-%d', time.gmtime(time.time() + 30 * 86400))
    rc, out = box.run('gate', 'allow', number, '--reason', 'a search for SQL',
                      '--until', until, '--yes', *who)
    ok(rc == 0, 'allow it by that number', out)
    ok(box.until(200, ATTACK), 'it is allowed')
    ok(box.get(ATTACK.replace('/f', '/g'))[0] == 403, 'at that path only')
    ok(box.get(ATTACK.replace('q=', 'p='))[0] == 403, 'for that field only')
    ok(box.get(ATTACK, 'other.example.jp')[0] == 403, 'for that host only')
    rc, out = box.run('gate', 'forbid', '1')
    ok(rc == 0 and box.until(403, ATTACK), 'forbidden again', out)

    with open(box.top + '/patch.conf', 'w') as f:
        f.write('SecRule REQUEST_FILENAME "@streq /old.cgi" '
                '"id:8500001,phase:1,deny,status:403,log"\n')
    rc, out = box.run('gate', 'patch', 'propose', box.top + '/patch.conf',
                      '--advisory', 'CVE-2026-1', '--expert', 'M. Suzuki',
                      '--reason', 'no update', '--until', until,
                      '--person', 'akiko')
    ok(rc == 0, 'a virtual patch', out)
    ok(box.get('/old.cgi')[0] == 200, 'does nothing yet')
    rc, out = box.run('gate', 'patch', 'approve', '1', '--yes', *who)
    ok(rc == 0 and box.until(403, '/old.cgi'), 'until it is approved', out)

    # A web server that does not like it keeps what it has.
    with open(box.top + '/nginx.conf', 'a') as f:
        f.write('nonsense;\n')
    rc, out = box.run('gate', 'patch', 'revoke', '1', *who)
    ok(rc == 1 and 'nonsense' in out, 'a broken server is told', out)
    ok(box.get('/old.cgi')[0] == 403, 'and goes on as it was')
    ok('in force' in box.run('gate', 'patch', 'show', 'p1')[1],
       'the patch counts as in force')
    with open(box.top + '/nginx.conf') as f:
        text = f.read().replace('nonsense;\n', '')
    with open(box.top + '/nginx.conf', 'w') as f:
        f.write(text)

    box.settings('detect')
    rc, out = box.run('gate', 'build')
    ok(rc == 0 and box.until(200, ATTACK), 'detect lets it through', out)
    end = time.monotonic() + WAIT  # the line follows the answer
    last = {'action': ''}
    while last['action'] != 'detected' and time.monotonic() < end:
        with open(box.top + '/gate.log') as f:
            last = json.loads(f.readlines()[-1])
        time.sleep(0.05)
    ok(last['action'] == 'detected', 'and tells', last)

    rc, out = box.run('gate', 'selftest')
    ok(rc == 1 and 'stops nothing' in out, 'who only watches tries nothing',
       out)
    rc, out = box.run('gate', 'selftest', '--daily')
    ok(rc == 0 and out == '', 'and says nothing each day', out)
    box.settings('block')
    rc, out = box.run('gate', 'selftest')
    ok(rc == 1 and '[!] www' in out and '200, not 403' in out,
       'a firewall that stops nothing although it should is told', out)

    box.settings('block', MORE)
    rc, out = box.run('gate', 'build')
    ok(rc == 0 and box.until(403, ATTACK), 'with rates, bans and a wall', out)
    rates(box)
    bans(box)
    wall(box)


def rates(box):
    seen = [box.come('192.0.2.1') for _ in range(8)]
    ok(seen[:4] == [200] * 4 and 429 in seen[4:], 'too many at once', seen)
    ok(box.come('192.0.2.2') == 200, 'another address is not meant')
    seen = [box.come('192.0.2.%d' % i, Cookie='sid=abc') for i in range(10, 14)]
    ok(seen == [200, 200, 429, 429], 'a session from many addresses', seen)


def bans(box):
    until = {'X-Forwarded-For': '198.51.100.7'}
    rc, out = box.run('gate', 'bans')
    ok(rc == 0 and 'Nobody' in out, 'nobody is shut out', out)
    seen = [box.come('198.51.100.1', ATTACK) for _ in range(120)]
    ok(set(seen) <= {403, 429} and box.come('198.51.100.1') == 403,
       'who attacks and attacks is shut out', seen)
    end = time.monotonic() + WAIT
    while '198.51.100.1 ' not in out and time.monotonic() < end:
        out = box.run('gate', 'bans')[1]
    ok('198.51.100.1 ' in out and ('attacks' in out or 'too often' in out),
       'and listed, with what for', out)
    rc, out = box.run('gate', 'unban', '198.51.100.1', '--reason', 'a pupil')
    ok(rc == 0 and box.until(200, '/', **{'X-Forwarded-For': '198.51.100.1'}),
       'a ban is lifted', out)
    ok('Nobody' in box.run('gate', 'bans')[1], 'and off the list')

    rc, out = box.run('gate', 'ban', '198.51.100.7', '--for', '2h',
                      '--reason', 'for trying')
    ok(rc == 0 and box.until(403, '/', **until), 'a ban by hand', out)
    ok(box.come('198.51.100.8') == 200, 'of one address')
    rc, out = box.run('gate', 'bans', '--json')
    row = json.loads(out)[0]
    ok(row['by_hand'] and row['note'] == 'for trying' and
       row['address'] == '198.51.100.7', 'is listed with its reason', out)
    rc, out = box.run('gate', 'ban', '2001:db8::7', '--for', '1h')
    ok(rc == 0 and
       box.until(403, '/', **{'X-Forwarded-For': '2001:db8::ffff'}),
       'of IPv6 the household is meant', out)
    for wrong, why in ((['192.0.2.0/24'], 'no address'),
                       (['127.0.0.1'], 'never'), (['203.0.113.9'], 'never'),
                       (['2001:db8:f::1'], 'never'),
                       (['192.0.2.7', '--for', '400d'], '366'),
                       (['192.0.2.7', '--for', 'ever'], '366'),
                       (['192.0.2.7', '--reason', 'a\nban 192.0.2.8 9'],
                        'one line')):
        rc, out = box.run('gate', 'ban', *wrong)
        ok(rc == 1 and why in out, 'refused: ' + repr(wrong), out)
    # The web server forgets; the order is a file.
    rc, out = box.run('gate', 'unban', '2001:db8::7')
    box.restart()
    ok(box.until(403, '/', **until), 'a ban by hand holds after a restart')
    ok(box.come('2001:db8::ffff') == 200, 'and one that was lifted does not')
    ok(box.run('gate', 'unban', '198.51.100.7')[0] == 0 and
       box.until(200, '/', **until), 'until it is lifted')


def wall(box):
    ok(box.get('/wp-login.php')[0] == 401, 'a log-in page is behind the wall')
    ok(box.get('/wp-logins')[0] == 200, 'another page is not')
    rc, out = box.run('gate', 'pass', 'yamada', '--host', 'www.example.jp',
                      '--json')
    code = json.loads(out.splitlines()[0])['code']
    ok(rc == 0 and code, 'a pass', out)
    c = http.client.HTTPConnection('127.0.0.1', box.port, timeout=WAIT)
    c.request('POST', '/wp-login.php', 'hinoban_pass=' + code,
              {'Host': 'www.example.jp', 'User-Agent': 'Mozilla/5.0',
               'Accept': '*/*', 'X-Forwarded-For': '198.51.100.40',
               'Content-Type': 'application/x-www-form-urlencoded'})
    r = c.getresponse()
    r.read()
    cookie = (r.getheader('Set-Cookie') or '').split(';')[0]
    ok(r.status == 303 and cookie, 'opens it', (r.status, r.getheaders()))
    ok(box.come('198.51.100.40', '/wp-login.php', Cookie=cookie) == 200,
       'for who has the cookie')
    ok(box.come('198.51.101.40', '/wp-login.php', Cookie=cookie) == 401,
       'in that network')
    rc, out = box.run('gate', 'pass', '--revoke-all')
    ok(rc == 0 and box.until(401, '/wp-login.php', **{
        'X-Forwarded-For': '198.51.100.40', 'Cookie': cookie}),
       'until all passes are taken back', out)
    for wrong, why in ((['Yamada!'], 'a-z'), (['yamada', '--for', '32d'], '31'),
                       ([], '--revoke-all')):
        rc, out = box.run('gate', 'pass', *wrong)
        ok(rc != 0 and why in out, 'refused: ' + repr(wrong), out)
    box.settings('block')
    rc, out = box.run('gate', 'pass', 'yamada')
    ok(rc == 1 and 'wall:' in out, 'no wall, no pass', out)


main()
