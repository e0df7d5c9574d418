#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real nginx, started with -p and -c, and the role check that looks around a
change: what nginx writes about hostile requests is read, its configuration is
the one that runs, and one that may not be read is not answered by another.
In name spaces of its own (mounts, processes, network): nothing of the machine
is seen or touched."""
import base64
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from fakecore import Core, finish, ok

H = os.environ['HB_BUILD_ROOT'] + '/src/hinoban'
NGINX = shutil.which('nginx') or '/usr/sbin/nginx'
GOOD = 'http { server_tokens off; server { listen 8081; } }\n'
OWN = """user www-data;
pid %s/nginx.pid;
error_log %s/error.log;
events { worker_connections 64; }
http {
    client_body_temp_path %s/b; proxy_temp_path %s/p;
    fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s;
    log_format js escape=json '{"time":"$time_iso8601",'
        '"remote_addr":"$remote_addr","request":"$request",'
        '"agent":"$http_user_agent","status":$status}';
    log_format bad '{"t":"$time_local","remote_addr":"$remote_addr",'
        '"time_local":"$time_local","request":"$request",'
        '"agent":"$http_user_agent","status":$status}';
    log_format odd '$remote_addr did $request';
    access_log logs/access.log;
    server { listen 127.0.0.1:8080; root %s; autoindex on; }
    server { listen 127.0.0.1:8082; root %s;
        access_log /var/log/nginx/js.log js; }
    server { listen 127.0.0.1:8083; root %s;
        access_log /var/log/nginx/bad.log bad; }
    server { listen 127.0.0.1:8084; root %s;
        access_log /var/log/nginx/odd.log odd; }
}
"""


def ask(source, port, start, *headers):
    """The status of a request that is sent as it stands."""
    with socket.create_connection(('127.0.0.1', port), 30,
                                  (f'127.0.0.{source}', 0)) as s:
        lines = [start, b'Host: www', b'Connection: close', *headers]
        s.sendall(b'\r\n'.join(lines) + b'\r\n\r\n')
        got = b''
        while chunk := s.recv(4096):
            got += chunk
    return got[9:12].decode()


def moments(answer, kind, words=''):
    return [m for m in answer.get('moments', []) if m['kind'] == kind and
            words in ' '.join(map(str, m['args'].values()))]


def role(top, core, exe):
    log = open(top + '/log', 'a')
    p = subprocess.Popen([exe, '--root', top + '/root', 'role', 'check'],
                         stderr=log, env={'PATH': os.environ['PATH'],
                                          'HINOBAN_DATADIR':
                                          os.environ['HB_SOURCE_ROOT']})
    core.again()
    return p


def config_says(core):
    e = core.until(lambda e: e.get('compliance', {}).get('control') ==
                   'web.nginx_config')
    return (e or {}).get('compliance', {}).get('status', '').lower(), e


def inside():
    top = tempfile.mkdtemp(prefix='hb-box-', dir='/var/tmp')
    os.chmod(top, 0o755)
    try:
        run(top)
    finally:
        shutil.rmtree(top)
    finish()


def prepare(top):
    for cmd in (['ip', 'link', 'set', 'lo', 'up'],
                ['mount', '-t', 'tmpfs', '-o', 'mode=755', 'x', '/etc/nginx'],
                ['mount', '-t', 'tmpfs', '-o', 'mode=755', 'x',
                 '/var/log/nginx']):
        subprocess.run(cmd, check=True)
    own = '/etc/nginx/own'
    os.makedirs(own + '/logs')
    for d in ('/web/upload', '/n', '/root/etc/hinoban', '/root/run/hinoban',
              '/root/var/lib/hinoban/baseline'):
        os.makedirs(top + d)
    with open('/etc/nginx/nginx.conf', 'w') as f:
        f.write(GOOD)
    with open(own + '/n.conf', 'w') as f:
        n, web = top + '/n', top + '/web'
        f.write(OWN % (n, n, n, n, n, n, n, web, web, web, web))
    with open(top + '/root/etc/hinoban/hinoban.yaml', 'w') as f:
        f.write('organisation:\n  name: box\nsites:\n  - name: www\n'
                f'    number: 1\n    root: {top}/web\n    areas:\n'
                '      - path: upload\n')
    return own


def attack():
    none = b'Content-Length: 0'
    for i in range(40):
        ask(9, 8080, b'POST /same HTTP/1.1', none)
        ask(10 + i, 8080, b'POST /before?%d HTTP/1.1' % i, none)
    time.sleep(2)
    user = base64.b64encode(b'x [01/Jan/2001:00:00:00 +0000] "POST /not HT')
    ask(9, 8080, b'POST /real.php HTTP/1.1', none,
        b'Authorization: Basic ' + user)
    ask(9, 8080, b'GET /upload/%2e/cat.php?c=id HTTP/1.1')
    evil = b'User-Agent: "\\\xff\xe7 \\x22,"request":"GET / HTTP/1.1'
    ask(3, 8082, b'PUT /json HTTP/1.1', none, evil)
    ask(4, 8083, b'DELETE /default HTTP/1.1', evil)
    ask(5, 8084, b'GET /odd HTTP/1.1')


def run(top):
    own = prepare(top)
    exe = top + '/hinoban'
    shutil.copy(H, exe)
    os.chmod(exe, 0o755)
    core = Core(top + '/root/run/hinoban/event.sock')
    nginx = subprocess.Popen([NGINX, '-p', own, '-c', 'n.conf', '-g',
                              'daemon off;'])
    for _ in range(600):
        try:
            socket.create_connection(('127.0.0.1', 8084), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    p = role(top, core, exe)
    says, e = config_says(core)
    ok(says == 'fail', 'the configuration that runs is the one that is judged',
       e)
    attack()
    at = time.time_ns()
    a = core.command('collect', 'www', changes=[
        {'path': top + '/web/upload/cat.php', 'time': at}])
    got = (a or {}).get('unmapped', {}).get('answer', {})
    ok(moments(got, 'cause.web', 'POST /real.php'),
       'a user name that looks like a time hides nothing', got)
    ok(not moments(got, 'cause.web', '/not'), 'and is no request')
    ok(moments(got, 'cause.web_touch', 'cat.php?c=id'),
       'the web shell that was asked with GET is told', got)
    ok(moments(got, 'cause.web', 'PUT /json'), 'JSON is read', got)
    ok(moments(got, 'cause.web', 'DELETE /default'),
       'so is JSON that nginx did not escape as JSON', got)
    odd = moments(got, 'log.unread', '/var/log/nginx/odd.log')
    ok(odd and odd[0]['args']['count'] == 1,
       'a format of its own is said to be unread', got)
    ok(len(moments(got, 'log.unread')) == 1, 'and only that one', got)
    left = moments(got, 'log.left')
    told = len(moments(got, 'cause.web', '/before'))
    ok(left and left[0]['args']['count'] == 40 - told and told < 9,
       'what is left out is counted', got)
    p.send_signal(signal.SIGTERM)
    ok(p.wait(60) == 0, 'it ends when it is told to')

    # The same nginx, whose configuration may not be read any more.
    os.chmod(own, 0o700)
    p = role(top, core, exe)
    says, e = config_says(core)
    ok(says == 'unknown', 'one that may not be read is not passed by another',
       e)
    p.send_signal(signal.SIGTERM)
    ok(p.wait(60) == 0, 'and it ends')
    nginx.send_signal(signal.SIGQUIT)
    nginx.wait(60)
    with open(top + '/log') as f:
        log = f.read()
    ok('ERROR' not in log and 'runtime error' not in log,
       'nothing went wrong inside', log[-4000:])


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
