#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Switches off each automatic control of a whole installation, one at a time,
and sees the cases that need it leave their state; lists which cases moved.
A check that is compiled in and has no row in table() fails the test, and so does
a case that claims automatic controls of which none moves it.
In name spaces of its own; what it breaks lies in overlays."""
import functools
import http.server
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from fakecore import finish, ok

H = os.environ['HB_BUILD_ROOT'] + '/src/hinoban'
OFFICER = 61890
WITHIN = 600  # seconds: the promise; here checks are asked for at once
WEB, ANCHOR = '/srv/www', '/srv/anchor'
WATCH = (61802, 61803)  # the roles watch and compare (daemon/roles.c)
NGINX = """user %(user)s;
http { server_tokens off; modsecurity %(waf)s;
    modsecurity_rules_file /etc/nginx/waf.conf;
    server { root /srv/www; autoindex %(list)s;
        location ~ /\\. { deny all; } } }
"""
SSHD = 'PermitRootLogin %s\nPasswordAuthentication no\n' \
    'KbdInteractiveAuthentication no\n'
PAM = 'password %spam_unix.so yescrypt\n'
QUALITY = 'requisite pam_pwquality.so retry=3 minlen=12\npassword required '
APT = ''.join(f'APT::Periodic::{k} "%(on)s";\n' for k in
              ('Unattended-Upgrade', 'Update-Package-Lists')) + \
    'Unattended-Upgrade::Origins-Pattern:: "origin=Debian,label=Debian-' \
    'Security";\n'
INST = 'Inst openssl [3.0.1] (3.0.2 Debian-Security:12/stable-security [amd64])'


def until(what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (found := what()):
            return found
        time.sleep(0.2)
    return None


def put(path, text, mode=0o644):
    """Written anew, so that nobody reads half of it."""
    with open(path + '.new', 'w') as f:
        f.write(text)
        os.fchmod(f.fileno(), mode)
    os.rename(path + '.new', path)


def nginx(user='www-data', waf='on', listing='off'):
    put('/etc/nginx/nginx.conf',
        NGINX % {'user': user, 'waf': waf, 'list': listing})


def sshd(root='no'):
    put('/etc/ssh/sshd_config', SSHD % root)


def pam(quality=QUALITY):
    put('/etc/pam.d/common-password', PAM % quality)


def apt_get(line=''):
    put('/usr/bin/apt-get', f'#!/bin/sh\necho "{line}"\n', 0o755)


def apt_config(on='1'):
    put('/usr/bin/apt-config',
        f"#!/bin/sh\ncat <<'E'\n{APT % {'on': on}}E\n", 0o755)


def unit(name, on=True):
    """What systemd starts by itself."""
    wants = f'/etc/systemd/system/multi-user.target.wants/{name}'
    put('/etc/systemd/system/' + name,
        '[Service]\nExecStart=/bin/true\n[Install]\n'
        'WantedBy=multi-user.target\n')
    os.makedirs(os.path.dirname(wants), exist_ok=True)
    if os.path.islink(wants):
        os.unlink(wants)
    if on:
        os.symlink('/etc/systemd/system/' + name, wants)


def firewall(policy='drop'):
    put('/etc/nftables.conf',
        'table inet filter {\n chain input {\n'
        f'  type filter hook input priority 0; policy {policy};\n'
        '  ct state established accept\n }\n}\n')
    unit('nftables.service')


def clock(on=True):
    unit('chrony.service', on)


def sudoers(more=''):
    put('/usr/bin/sudo', '', 0o755)
    put('/etc/sudoers', 'Defaults use_pty\nDefaults logfile=/var/log/sudo\n'
        'root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n' + more, 0o444)


def backup(on=True):
    put('/usr/bin/restic', '', 0o755)
    put('/etc/cron.d/backup', '0 3 * * * root restic -r sftp:b backup /srv\n'
        if on else '# nothing\n')


def logs(times=13):
    put('/etc/logrotate.d/rsyslog',
        '/var/log/syslog\n/var/log/auth.log\n{\n'
        f'\trotate {times}\n\tweekly\n}}\n')
    unit('rsyslog.service')


def lockout(deny=5):
    put('/etc/pam.d/common-auth',
        'auth required pam_faillock.so preauth\n'
        'auth [success=1 default=ignore] pam_unix.so\n'
        'auth [default=die] pam_faillock.so authfail\n')
    put('/etc/security/faillock.conf', f'deny = {deny}\n')


def mail(clear='yes'):
    put('/usr/sbin/dovecot', '', 0o755)
    put('/etc/dovecot/dovecot.conf', f'disable_plaintext_auth = {clear}\n')


class Port:
    """A service that everybody on the network reaches."""
    open = None

    @staticmethod
    def listen():
        Port.open = socket.create_server(('0.0.0.0', 23))

    @staticmethod
    def close():
        Port.open.close()


def accounts(more=''):
    put('/etc/passwd', Machine.passwd +
        'hanako:x:1500:1500::/home/hanako:/bin/bash\n' + more)


class Quiet(http.server.SimpleHTTPRequestHandler):
    broken = False

    def log_message(self, *_):
        pass

    def do_GET(self):
        if not Quiet.broken:
            super().do_GET()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'<h1>hacked</h1>')


class Machine:
    """This machine below overlays, with every control as it should be."""
    passwd = ''

    def __init__(self, top):
        self.top = top
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'x', '/srv'],
                       check=True)
        subprocess.run(['mount', '-t', 'tmpfs', 'x', top], check=True)
        os.chmod(top, 0o755)
        for i, d in enumerate(('/etc', '/usr/bin', '/usr/sbin', '/var/lib/apt',
                               '/var/log')):
            up, work = f'{top}/up{i}', f'{top}/work{i}'
            os.mkdir(up)
            os.mkdir(work)
            subprocess.run(['mount', '-t', 'overlay', '-o', f'lowerdir={d},'
                            f'upperdir={up},workdir={work}', 'x', d],
                           check=True)
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        with open('/etc/passwd') as f:
            Machine.passwd = f.read()
        for d in ('/etc/nginx', '/etc/ssh', '/etc/dovecot', '/etc/logrotate.d',
                  WEB, ANCHOR):
            os.makedirs(d, exist_ok=True)
        with open('/etc/group') as f:
            group = [g for g in f.read().splitlines()
                     if g.split(':')[0] not in ('sudo', 'wheel')]
        put('/etc/group', '\n'.join(group + ['sudo:x:27:hanako',
                                             'hanako:x:1500:']) + '\n')
        with open('/var/log/lastlog', 'wb') as f:
            f.seek(1500 * 292)
            f.write(struct.pack('=i32s256s', int(time.time()), b'tty1', b''))
        for d in ('/etc/ssh/sshd_config.d', '/etc/sudoers.d',
                  '/etc/nftables.d', '/var/log/journal'):
            shutil.rmtree(d, ignore_errors=True)
        shutil.rmtree('/etc/security/pwquality.conf.d', ignore_errors=True)
        put('/usr/sbin/sshd', '', 0o755)
        put('/usr/bin/unattended-upgrade', '', 0o755)
        os.makedirs('/var/lib/apt/lists', exist_ok=True)
        put('/var/lib/apt/lists/deb_dists_bookworm-security_InRelease', '')
        put(WEB + '/index.html', '<h1>Town hall</h1>\n')
        os.chown(WEB + '/index.html', 5, 60)  # games: who may write it
        os.chmod(ANCHOR, 0o777)
        for good in (nginx, sshd, pam, apt_get, apt_config, accounts, firewall,
                     clock, sudoers, backup, logs, lockout, mail):
            good()
        server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 8080), functools.partial(Quiet, directory=WEB))
        threading.Thread(target=server.serve_forever, daemon=True).start()


class Place:
    def __init__(self, top):
        self.top = top
        for d in ('/root', '/share'):
            os.makedirs(top + d)
        for name in ('casebook', 'rules'):
            shutil.copytree(os.environ['HB_SOURCE_ROOT'] + '/' + name,
                            f'{top}/share/{name}')
        self.exe = top + '/hinoban'
        shutil.copy(H, self.exe)
        os.chmod(self.exe, 0o755)
        self.env = dict(os.environ, HINOBAN_ROOT=top + '/root', LANG='C.UTF-8',
                        HINOBAN_DATADIR=top + '/share',
                        HINOBAN_KEY=top + '/officer.key')

    def hinoban(self, *words):
        said = subprocess.run([self.exe, *words], env=self.env,
                              capture_output=True, text=True)
        if said.returncode != 0:
            print(f'# {" ".join(words)}: {said.stdout}{said.stderr}')
        return said.stdout

    def officer(self, *words):
        return subprocess.run(
            ['setpriv', f'--reuid={OFFICER}', f'--regid={OFFICER}',
             '--clear-groups', '--', self.exe, *words], env=self.env,
            capture_output=True, text=True).stdout

    def person(self, name, roles, uid):
        if os.path.exists(f'{self.top}/{name}.key'):
            os.unlink(f'{self.top}/{name}.key')
        self.hinoban('person', 'add', name, '--roles', roles, '--uid',
                     str(uid), '--no-passphrase', '--key-to',
                     f'{self.top}/{name}.key')

    def install(self):
        self.hinoban('init', '--no-passphrase', '--organisation', 'Box',
                     '--site', 'www', '--site-root', WEB, '--url',
                     'http://127.0.0.1:8080/', '--anchor', 'file:' + ANCHOR +
                     '/checkpoint')
        self.person('officer', 'officer,admin', OFFICER)
        self.person('deputy', 'manager,admin', OFFICER + 1)
        self.hinoban('site', 'publish', 'www', WEB, '--quiet')
        self.allow()

    def allow(self):
        self.hinoban('reflex', 'allow', '--officer', 'officer', '--site',
                     'www', '--reason', 'test')

    # -- switching off what is not a file of the machine ---------------------
    def revoke(self):
        for line in self.hinoban('reflex', 'list').splitlines():
            self.hinoban('reflex', 'revoke', line.split()[0])

    def watch_away(self):
        """The supervisor stands still, so that it starts nothing again."""
        self.sup.send_signal(signal.SIGSTOP)
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                if self.uid(pid) in WATCH:
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                pass

    @staticmethod
    def uid(pid):
        with open(f'/proc/{pid}/status') as f:
            return int(f.read().split('\nUid:')[1].split()[0])

    def watch_back(self):
        self.sup.send_signal(signal.SIGCONT)

    def anchor(self, good):
        if good:
            os.rename(ANCHOR + '.away', ANCHOR)
        else:
            os.rename(ANCHOR, ANCHOR + '.away')
        self.officer('evidence', 'checkpoint')

    def site(self, good):
        Quiet.broken = not good

    def patches(self, good):
        """A virtual patch that nobody signed for, or none."""
        gate = self.env['HINOBAN_ROOT'] + '/var/lib/hinoban/gate'
        os.makedirs(gate + '/grants', exist_ok=True)
        put(gate + '/rules.conf', '')
        if not good:
            put(gate + '/grants/p0001.json', '{}')
        elif os.path.exists(gate + '/grants/p0001.json'):
            os.remove(gate + '/grants/p0001.json')

    # -- what is known -------------------------------------------------------
    def data(self, *words):
        try:
            return json.loads(self.officer(*words, '--json'))
        except ValueError:
            return None

    def ask(self):
        """The checks that are made on a schedule, now."""
        self.officer('control', 'run')
        self.officer('site', 'look', 'www')

    def result(self, control):
        self.data('status')
        return {c['control']: (c['status'], c['reason']) for c in
                self.data('control', 'list') or []}.get(control,
                                                        ('unknown', ''))

    def status(self, control):
        return self.result(control)[0]

    def states(self):
        p = self.data('status') or {'cases': [], 'next': []}
        return ({c['number']: c['state'] for c in p['cases']},
                {s['control'] for s in p['next'] if s['fails']})


def table(p):
    """Control: (switch off, switch on)."""
    return {
        'files.docroot_not_writable_by_web_user':
            (lambda: nginx(user='games'), nginx),
        'accounts.admins':
            (lambda: accounts('toor:x:0:0::/root:/bin/bash\n'), accounts),
        'accounts.password_policy':
            (lambda: pam('required '), pam),
        'accounts.sshd': (lambda: sshd('yes'), sshd),
        'patch.pending': (lambda: apt_get(INST), apt_get),
        'patch.unattended': (lambda: apt_config('0'), apt_config),
        'firewall.default_deny': (lambda: firewall('accept'), firewall),
        'time.synchronised': (lambda: clock(False), clock),
        'sudo.settings':
            (lambda: sudoers('hanako ALL=(ALL) NOPASSWD: ALL\n'), sudoers),
        'logs.kept': (lambda: logs(4), logs),
        'accounts.lockout': (lambda: lockout(0), lockout),
        'mail.server_settings': (lambda: mail('no'), mail),
        'backup.configured': (lambda: backup(False), backup),
        'services.exposed': (Port.listen, Port.close),
        'web.virtual_patch': (lambda: p.patches(False),
                              lambda: p.patches(True)),
        'web.waf': (lambda: nginx(waf='off'), nginx),
        'web.nginx_config': (lambda: nginx(listing='on'), nginx),
        'people.two': (lambda: p.hinoban('person', 'off', 'deputy'),
                       lambda: p.person('deputy', 'manager,admin',
                                        OFFICER + 1)),
        'files.reflex': (p.revoke, p.allow),
        'files.watching': (p.watch_away, p.watch_back),
        'evidence.anchored': (lambda: p.anchor(False),
                              lambda: p.anchor(True)),
        'outside.view': (lambda: p.site(False), lambda: p.site(True)),
    }


# Hold by a proof only, which a whole drill makes (tests/drill);
# casebook/test_proof sees each change void it.
PROOFS = 'drill.case'
# What no name space changes: on which devices this machine's own file systems
# lie.  control/test_setup changes that on a machine of its own making.
OUTSIDE = {'disk.encrypted'}
# Checkpoints may fail for a while before the control does: its reason tells.
TOLD = {'evidence.anchored'}


def compiled_in(p):
    """Control: the cases that require it, of all that this program checks."""
    found = {}
    for c in json.loads(p.hinoban('case', 'list', '--json')):
        shown = json.loads(p.hinoban('case', 'show', str(c['number']),
                                     '--json'))
        for k in shown['controls']:
            if k['exists'] and not k['question'] and \
                    k['id'] not in OUTSIDE and \
                    not k['id'].startswith(PROOFS):
                found.setdefault(k['id'], set())
                if k['required']:
                    found[k['id']].add(c['number'])
    return found


def mutate(p, control, needs, off, on):
    before, failing = p.states()
    ok(p.status(control) == 'pass' and control not in failing,
       f'{control} holds', p.data('control', 'list'))
    start, held = time.monotonic(), p.result(control)
    off()
    p.ask()
    gone = until(lambda: p.result(control)[control in TOLD] !=
                 held[control in TOLD])
    took = time.monotonic() - start
    ok(gone and took < WITHIN, f'{control} is seen to be off', took)
    after, failing = p.states()
    moved = {n for n in after if after[n] != before.get(n)}
    print(f'# {control}: off seen after {took:.1f} s; cases that left their '
          f'state: {sorted(moved) or "none"}')
    ok(needs <= moved, f'{control}: every case that requires it moves',
       {n: (before.get(n), after.get(n)) for n in needs - moved})
    ok(all(after[n] == 'possible' for n in needs) and
       (control in failing) == bool(needs), f'{control}: and it says why',
       (after, failing))
    ok(not moved - needs, f'{control}: no other case moves', moved - needs)
    on()
    p.ask()
    ok(until(lambda: p.status(control) == 'pass', 120),
       f'{control} is switched on again', p.data('control', 'list'))
    ok(until(lambda: p.states()[0] == before), f'{control}: and all is as '
       'before', p.states())
    return moved


def run(top):
    Machine(top)
    p = Place(top)
    p.install()
    p.patches(True)
    rows, known = table(p), compiled_in(p)
    ok(not set(known) - set(rows), 'every check that is compiled in has a row',
       'without one: ' + ', '.join(sorted(set(known) - set(rows))))
    ok(not set(rows) - set(known), 'and every row is a check',
       sorted(set(rows) - set(known)))
    log = open(top + '/log', 'w+')
    sup = p.sup = subprocess.Popen([p.exe, 'supervise'], env=p.env,
                                   stdout=log, stderr=log)
    try:
        wanted = [c for c in known if c in rows]
        until(lambda: p.data('status'))
        p.officer('evidence', 'checkpoint')
        p.ask()
        ready = until(lambda: all(p.status(c) == 'pass' for c in wanted), 120)
        ok(ready, 'everything holds at first', p.data('control', 'list'))
        moved = set()
        for control in wanted if ready else []:
            moved |= mutate(p, control, known[control], *rows[control])
        claim = set().union(*known.values())
        print(f'# cases that claim automatic controls: {sorted(claim)}; '
              f'moved: {sorted(moved)}')
        ok(claim and claim <= moved, 'every case that claims automatic '
           'controls was moved', sorted(claim - moved))
    finally:
        sup.send_signal(signal.SIGTERM)
        ok(sup.wait(120) == 0, 'everything stops in order')
        log.seek(0)
        text = log.read()
        ok('runtime error' not in text and 'AddressSanitizer' not in text,
           'nothing went wrong inside', text[-4000:])


def main():
    apart = ['unshare', '--mount', '--pid', '--net', '--fork', '--mount-proc']
    if sys.argv[1:] == ['inside']:
        top = tempfile.mkdtemp(prefix='hb-box-', dir='/var/tmp')
        try:
            run(top)
        finally:
            subprocess.run(['umount', '-l', top], check=False)
            os.rmdir(top)
        finish()
    elif os.geteuid() != 0 or not os.path.isdir('/var/lib/apt') or \
            subprocess.run([*apart, 'true'],
                           stderr=subprocess.DEVNULL).returncode != 0:
        print('1..0 # SKIP needs root, apt and name spaces')
    else:
        os.execvp('unshare', [*apart, sys.executable, __file__, 'inside'])


main()
