#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The role check against this machine, with the test in core's place: every
check answers, and both commands find what an intruder left."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from fakecore import Core, finish, ok

H = os.environ['HB_BUILD_ROOT'] + '/src/hinoban'
CHECKS = ['files.docroot_not_writable_by_web_user', 'accounts.admins',
          'accounts.password_policy', 'accounts.sshd', 'patch.pending',
          'patch.unattended', 'web.waf', 'web.nginx_config',
          'services.exposed', 'firewall.default_deny', 'time.synchronised',
          'sudo.settings', 'backup.configured',
          'mail.server_settings', 'disk.encrypted', 'logs.kept',
          'accounts.lockout', 'web.virtual_patch']
def main():
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        return
    top = tempfile.mkdtemp(prefix='hb-box-', dir='/var/tmp')
    os.chmod(top, 0o755)
    exe = top + '/hinoban'
    shutil.copy(H, exe)
    os.chmod(exe, 0o755)
    web = top + '/web'
    os.makedirs(web + '/upload')
    os.makedirs(top + '/root/etc/hinoban')
    os.makedirs(top + '/root/run/hinoban')
    os.makedirs(top + '/root/var/lib/hinoban/baseline')
    with open(top + '/root/etc/hinoban/hinoban.yaml', 'w') as f:
        f.write('organisation:\n  name: box\nsites:\n  - name: www\n'
                f'    number: 1\n    root: {web}\n')
    core = Core(top + '/root/run/hinoban/event.sock')
    err = open(top + '/log', 'w+')
    p = subprocess.Popen([exe, '--root', top + '/root', 'role', 'check'],
                         stderr=err, env={'PATH': os.environ['PATH'],
                                          'HINOBAN_DATADIR':
                                          os.environ['HB_SOURCE_ROOT']})
    try:
        run(core, web, p, top)
    finally:
        p.kill()
        p.wait()
        with open(top + '/log') as f:
            log = f.read()
        ok('ERROR' not in log and 'runtime error' not in log,
           'nothing went wrong inside', log[-4000:])
        shutil.rmtree(top)
    finish()


def run(core, web, p, top):
    ready = core.until(lambda e: e.get('status') == 'ready')
    with open(top + '/log') as f:
        ok(ready, 'it says that it is ready', f.read())
    if not ready:
        return
    with open(f'/proc/{p.pid}/status') as f:
        st = dict(line.split(':\t', 1) for line in f.read().split('\n')
                  if ':\t' in line)
    ok(st['Uid'].split()[0] != '0' and int(st['CapEff'], 16) == 0 and
       st['Seccomp'] == '2', 'it has no privilege', st)
    for name in CHECKS:
        e = core.until(lambda e: e.get('compliance', {}).get('control') == name)
        ok(e and e['compliance']['status'].lower() in
           ('pass', 'fail', 'unknown') and e.get('status_detail'),
           f'{name} is answered', e)
        # Its own network is empty: the sockets are those of process 1.
        if name == 'services.exposed':
            ok(e and e['compliance']['status'].lower() != 'unknown',
               'the sockets of the machine are seen', e)
    a = core.command('aftermath', 'www')
    answer = (a or {}).get('unmapped', {}).get('answer', {})
    before = answer.get('__leftovers__')
    ok(a and a.get('status') == 'done' and isinstance(before, int),
       'the search for leftovers is carried out', a)
    with open(web + '/upload/cat.jpg.php', 'w') as f:
        f.write('<?php @eval($_POST["x"]); ?>')
    a = core.command('aftermath', 'www')
    answer = (a or {}).get('unmapped', {}).get('answer', {})
    ok(answer.get('__leftovers__') == before + 1 and
       any(m['kind'] == 'search.hit' and 'cat.jpg.php' in m['args']['detail']
           for m in answer.get('moments', [])),
       'a web shell is found where it lies', answer)
    a = core.command('collect', 'www', changes=[
        {'path': f'{web}/upload/cat.jpg.php', 'time': time.time_ns()},
        {'path': 7, 'time': 'x'}, None, {'time': -1}])
    ok(a and a.get('status') in ('done', 'failed'), 'what happened around a '
       'change is collected, or said not to be readable', a)
    ok(len((a or {}).get('unmapped', {}).get('answer', {})
           .get('moments', [])) <= 56, 'and bounded')
    a = core.command('aftermath', 'nowhere')
    ok(a and a.get('status') == 'failed', 'a site that is none is refused', a)
    p.send_signal(signal.SIGTERM)
    ok(p.wait(60) == 0, 'it ends when it is told to')


main()
