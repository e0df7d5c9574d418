#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The role outside on one machine, the web server on another: two name spaces
of the network with a cable between them.  No file of the site changes; the name
is led elsewhere, the way back is lost, the machine is gone, and each is told as
what it is."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from fakecore import Core, finish, ok

H = os.environ['HB_BUILD_ROOT'] + '/src/hinoban'
NGINX = shutil.which('nginx') or '/usr/sbin/nginx'
GOOD, EVIL, NOBODY = '10.77.0.2', '10.77.0.3', '10.77.0.9'
PAGE = '<html><body><h1>Town hall</h1></body></html>\n'
CONF = """pid %(n)s/nginx.pid;
error_log %(n)s/error.log;
events { worker_connections 64; }
http {
    types { text/html html; }
    access_log off;
    client_body_temp_path %(n)s/b; proxy_temp_path %(n)s/p;
    fastcgi_temp_path %(n)s/f; uwsgi_temp_path %(n)s/u; scgi_temp_path %(n)s/s;
    server { listen 10.77.0.2:80; root %(web)s; index index.html; }
    server { listen 10.77.0.3:80; root %(evil)s; index index.html; }
}
"""


class There:
    """A shell on the other machine."""

    def __init__(self):
        self.p = subprocess.Popen(
            ['unshare', '--net', 'sh', '-c',
             'while read -r line; do eval "$line"; echo "$?"; done'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, line):
        self.p.stdin.write(line + '\n')
        self.p.stdin.flush()
        return self.p.stdout.readline().strip()


def here(*cmd):
    subprocess.run(cmd, check=True)


def cable():
    web = There()
    web.run('true') # it has a name space of its own by now
    here('ip', 'link', 'set', 'lo', 'up')
    here('ip', 'link', 'add', 'hb0', 'type', 'veth', 'peer', 'name', 'hb1')
    here('ip', 'link', 'set', 'hb1', 'netns', str(web.p.pid))
    here('ip', 'address', 'add', '10.77.0.1/24', 'dev', 'hb0')
    here('ip', 'link', 'set', 'hb0', 'up')
    ok(web.run(f'ip address add {GOOD}/24 dev hb1 && ip address add {EVIL}/24 '
               'dev hb1 && ip link set lo up && ip link set hb1 up') == '0',
       'there is another machine')
    return web


def leads_to(top, address):
    with open(top + '/hosts', 'w') as f:
        f.write(f'127.0.0.1 localhost\n{address} www.town.example\n')


def prepare(top):
    for d in ('/n', '/web', '/evil', '/root'):
        os.makedirs(top + d)
    for d, page in (('/web', PAGE), ('/evil', PAGE.replace(
            '</body>', '<script src="https://evil.example/x.js"></script>'
            '</body>'))):
        with open(top + d + '/index.html', 'w') as f:
            f.write(page)
    with open(top + '/nginx.conf', 'w') as f:
        f.write(CONF % {'n': top + '/n', 'web': top + '/web',
                        'evil': top + '/evil'})
    leads_to(top, GOOD)
    here('mount', '--bind', top + '/hosts', '/etc/hosts')
    exe = top + '/hinoban'
    shutil.copy(H, exe)
    os.chmod(exe, 0o755)
    env = dict(os.environ, HINOBAN_ROOT=top + '/root', LANG='C.UTF-8',
               HINOBAN_DATADIR=os.environ['HB_SOURCE_ROOT'],
               HINOBAN_LOCALEDIR=os.environ['HB_BUILD_ROOT'] + '/po')
    for args in (['init', '--no-passphrase', '--organisation', 'Box', '--site',
                  'www', '--site-root', top + '/web', '--url',
                  'http://www.town.example/'],
                 ['site', 'publish', 'www', top + '/web', '--quiet']):
        said = subprocess.run([exe, *args], env=env, capture_output=True,
                              text=True)
        ok(said.returncode == 0, args[0], said.stdout + said.stderr)
    os.makedirs(top + '/root/run/hinoban', exist_ok=True)
    return exe, env


def story(top, core, web):
    def told(status):
        return core.until(lambda e: e.get('class_uid') == 4002 and
                          e.get('status') == status)

    e = told('same')
    ok(e and e['dst_endpoint']['ip'] == GOOD,
       'what another machine sends is as published', e)

    leads_to(top, EVIL)
    a = core.command('look', 'www')
    ok(a and a['unmapped']['answer'] == {'__outside_same__': False},
       'the name leads elsewhere: it is not as published', a)
    e = told('injected')
    ok(e and 'evil.example' in e['status_detail'] and
       e['dst_endpoint']['ip'] == EVIL, 'a script was put in, by whom', e)
    e = told('address')
    ok(e and EVIL in e['status_detail'], 'the address is told as new', e)

    leads_to(top, GOOD)
    ok(web.run('ip route add blackhole 10.77.0.1/32') == '0',
       'what comes back is lost')
    a = core.command('look', 'www')
    ok(a and a['status'] == 'failed' and
       a['status_detail'] == 'no answer in time', 'no answer in time', a)
    web.run('ip route del blackhole 10.77.0.1/32')

    leads_to(top, NOBODY)
    a = core.command('look', 'www')
    ok(a and a['status'] == 'failed' and
       a['status_detail'] in ('nobody answers at this address',
                              'no answer in time'), 'nobody is there', a)
    e = told('unreachable')
    ok(e and e.get('severity_id', 9) < 4, 'which is no alarm', e)

    leads_to(top, GOOD)
    a = core.command('look', 'www')
    ok(a and a['status'] == 'done' and a['unmapped']['answer'] ==
       {'__outside_same__': True}, 'when it is over, it is as published', a)


def run(top):
    exe, env = prepare(top)
    web = cable()
    web.run(f"{NGINX} -c {top}/nginx.conf -g 'daemon off;' >{top}/n/out 2>&1 &")
    for _ in range(600):
        if os.path.exists(top + '/n/nginx.pid'):
            break
        time.sleep(0.05)
    core = Core(top + '/root/run/hinoban/event.sock')
    with open(top + '/log', 'w') as log:
        p = subprocess.Popen([exe, '--root', top + '/root', 'role', 'outside'],
                             stderr=log, env=env)
    story(top, core, web)
    p.send_signal(signal.SIGTERM)
    ok(p.wait(60) == 0, 'it ends when it is told to')
    web.run('kill $!; wait')
    web.p.stdin.close()
    web.p.wait()
    with open(top + '/log') as f:
        log = f.read()
    ok('ERROR' not in log and 'runtime error' not in log,
       'nothing went wrong inside', log[-4000:])


def inside():
    top = tempfile.mkdtemp(prefix='hb-box-', dir='/var/tmp')
    os.chmod(top, 0o755)
    try:
        run(top)
    finally:
        subprocess.run(['umount', '/etc/hosts'], stderr=subprocess.DEVNULL)
        shutil.rmtree(top)
    finish()


def main():
    apart = ['unshare', '--mount', '--pid', '--net', '--fork', '--mount-proc']
    if sys.argv[1:] == ['inside']:
        inside()
    elif os.geteuid() != 0 or not os.access(NGINX, os.X_OK) or \
            subprocess.run([*apart, 'ip', 'link', 'add', 'hb0', 'type', 'veth'],
                           stderr=subprocess.DEVNULL).returncode != 0:
        print('1..0 # SKIP needs root, nginx, ip and name spaces')
    else:
        os.execvp('unshare', [*apart, sys.executable, __file__, 'inside'])


main()
