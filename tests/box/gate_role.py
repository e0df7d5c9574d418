#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The role gate between a web server's log and a core that this test plays:
one event of many findings, rotation, truncation, half lines, hostile lines."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fakecore import Core, finish, ok  # noqa: E402

H = os.environ['HB_BUILD_ROOT'] + '/src/hinoban'
RULES = ('SecRule ARGS "@rx x" "id:942100,phase:2,deny,severity:2,'
         'tag:\'attack-sqli\'"\n')


def finding(client, number, action='denied', **more):
    return json.dumps({
        'time': '2026-12-01T02:13:50.000Z', 'id': f'7K3M-9QX2-{number:04}',
        'client': client, 'host': 'www.example.jp', 'method': 'GET',
        'uri': '/f?password=geheim', 'mode': 'block', 'action': action,
        'status': 403, 'rule': 942100, 'hits': [
            {'rule': 942100, 'phase': 2, 'severity': 2, 'disruptive': True,
             'msg': 'SQL', 'logdata': '', 'variable': 'ARGS:q',
             'value': '1 union select'}], **more}) + '\n'


def reference(e):
    return e.get('unmapped', {}).get('other', {}).get('reference')


def main():
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        return
    with tempfile.TemporaryDirectory(prefix='hb-gate-') as root:
        os.chmod(root, 0o755)
        gate = root + '/var/lib/hinoban/gate'
        for d in ('/etc/hinoban', '/run/hinoban', '/var/lib/hinoban/gate'):
            os.makedirs(root + d)
        log = gate + '/gate.log'
        with open(root + '/etc/hinoban/hinoban.yaml', 'w') as f:
            f.write('organisation:\n  name: box\n  language: ja\n'
                    f'gate:\n  log: {log}\n'
                    'sites:\n  - name: www\n    number: 1\n'
                    '    root: /srv/www\n    url: https://www.example.jp/\n')
        with open(gate + '/rules.conf', 'w') as f:
            f.write(RULES)
        with open(log, 'w') as f:
            f.write(finding('192.0.2.1', 1))
        core = Core(root + '/run/hinoban/event.sock')
        env = {k: v for k, v in os.environ.items()
               if k.endswith('SAN_OPTIONS')}
        env['HINOBAN_LOCALEDIR'] = os.environ['HB_BUILD_ROOT'] + '/po'
        out = open(root + '/log', 'w+')
        p = subprocess.Popen([H, '--root', root, 'role', 'gate'], env=env,
                             stdout=out, stderr=out)
        tests(core, log, gate)
        p.send_signal(signal.SIGTERM)
        try:
            status = p.wait(60)
        except subprocess.TimeoutExpired:
            p.kill()
            status = 'does not stop'
        out.seek(0)
        ok(status == 0, 'SIGTERM ends it', f'{status}\n' + out.read())
    finish()


def tests(core, log, gate):
    ok(core.until(lambda e: e.get('status') == 'ready', 60), 'it is ready')
    f = open(log, 'a')

    def write(text):
        f.write(text)
        f.flush()

    write(finding('192.0.2.2', 2))
    e = core.until(lambda e: reference(e) == '7K3M-9QX2-0002', 60)
    ok(e is not None, 'a finding becomes an event', core.events)
    ok(e['class_uid'] == 2004 and e['src_endpoint']['ip'] == '192.0.2.2' and
       e['finding_info']['analytic']['uid'] == '942100' and
       e['unmapped']['site'] == 'www', 'with what is known', e)
    ok('SQL' in e['message'] and not e['message'].isascii(),
       'in the language of the organisation', e['message'])
    ok('geheim' not in json.dumps(e), 'without the password', e)
    ok(not any(reference(e) == '7K3M-9QX2-0001' for e in core.events),
       'what stood there before is not told')

    # A scanner: one at once, the others later.
    write(''.join(finding('192.0.2.3', i) for i in range(100, 1100)))
    write(finding('192.0.2.4', 4))
    ok(core.until(lambda e: reference(e) == '7K3M-9QX2-0004', 60),
       'another address is told beside it')
    n = sum(1 for e in core.events
            if e.get('src_endpoint', {}).get('ip') == '192.0.2.3')
    ok(n == 1, 'a thousand requests are one event', n)
    write(finding('192.0.2.3', 5, action='detected'))
    ok(core.until(lambda e: reference(e) == '7K3M-9QX2-0005', 60),
       'what came through is another one')

    # An attack of our own is told as what it is.
    write(finding('192.0.2.5', 55, canary=True))
    e = core.until(lambda e: reference(e) == '7K3M-9QX2-0055', 60)
    ok(e and e.get('status_detail') == 'canary' and e['severity_id'] == 1,
       'an attack of our own is a note', e)

    # Half a line, whose end comes later.
    text = finding('192.0.2.6', 6)
    write(text[:50])
    time.sleep(2.5)
    write(text[50:])
    ok(core.until(lambda e: reference(e) == '7K3M-9QX2-0006', 60),
       'half a line waits for its end')

    # What is no finding.
    write('\n{\n[]\n' + 'x' * 200000 + '\n' + '{"id":1}\n\0\0\n')
    write(finding('192.0.2.7', 7))
    ok(core.until(lambda e: reference(e) == '7K3M-9QX2-0007', 60),
       'hostile lines stop nothing')
    e = core.until(lambda e: e.get('status') == 'unreadable', 90)
    ok(e and '5' in e['message'], 'and are counted', e)

    # logrotate: renamed, and still written to for a moment.
    os.rename(log, log + '.1')
    write(finding('192.0.2.8', 8))
    with open(log, 'w') as g:
        g.write(finding('192.0.2.9', 9))
    ok(core.until(lambda e: reference(e) == '7K3M-9QX2-0008', 60),
       'the end of the old file')
    ok(core.until(lambda e: reference(e) == '7K3M-9QX2-0009', 60),
       'and the new one from its beginning')
    # copytruncate
    with open(log, 'a') as g:
        g.write(finding('192.0.2.10', 10) * 3)
    ok(core.until(lambda e: reference(e) == '7K3M-9QX2-0010', 60), 'written on')
    os.truncate(log, 0)
    with open(log, 'a') as g:
        g.write(finding('192.0.2.11', 11))
    ok(core.until(lambda e: reference(e) == '7K3M-9QX2-0011', 60),
       'a file that was cut begins anew')


main()
