#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The units from the table of roles: their exposure by systemd's own measure,
that systemd understands them, that sockets and roles fit together, and that a
role starts from what a unit gives it (a user, no capabilities, a passed
socket) without any right to drop."""
import glob
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

H = os.environ['HB_BUILD_ROOT'] + '/src/hinoban'
count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}')
    if not good and why:
        print('\n'.join('# ' + line for line in str(why).split('\n')))


def skip(name, why):
    global count
    count += 1
    print(f'ok {count} - {name} # SKIP {why}')


def read(path):
    """Unit files repeat keys: lists of values."""
    values = {}
    with open(path) as f:
        for line in f:
            key, sep, value = line.strip().partition('=')
            if sep and not line.startswith('#'):
                values.setdefault(key, []).append(value)
    return values


def exposure(path):
    out = subprocess.run(['systemd-analyze', 'security', '--offline=yes',
                          '--no-pager', path], capture_output=True, text=True)
    m = re.search(r'Overall exposure level for \S+: ([0-9.]+)', out.stdout)
    return float(m.group(1)) if m else None


def test_exposure(services):
    if not shutil.which('systemd-analyze'):
        skip('exposure', 'no systemd-analyze')
        return
    for path in services:
        role = os.path.basename(path)[len('hinoban-'):-len('.service')]
        # TRUST names the privileged ones; the portal may bind port 443.
        ceiling = {'watch': 2.0, 'helper': 2.0, 'portal': 1.3}.get(role, 1.2)
        got = exposure(path)
        ok(got is not None and got <= ceiling,
           f'{role}: exposure {got}, at most {ceiling}')
    bad = services[0] + '.bad.service'
    with open(services[0]) as f, open(bad, 'w') as g:
        g.write(re.sub(r'^(Protect|Private|Restrict|System|Cap).*\n', '',
                       f.read(), flags=re.M))
    ok((exposure(bad) or 0) > 2.0, 'a unit without its fence is noticed')
    os.unlink(bad)


def test_understood(system):
    if not shutil.which('systemd-analyze'):
        skip('systemd understands the units', 'no systemd-analyze')
        return
    files = sorted(glob.glob(system + '/*'))
    out = subprocess.run(['systemd-analyze', 'verify', '--man=no', *files],
                         capture_output=True, text=True).stderr
    said = [line for line in out.split('\n')
            if line and 'is not executable' not in line]
    ok(not said, 'systemd understands the units', '\n'.join(said))


def test_fit(system, services):
    for path in services:
        unit = read(path)
        role = os.path.basename(path)[len('hinoban-'):-len('.service')]
        ok(unit['ExecStart'] == [f'/usr/bin/hinoban role {role}'] and
           unit['NoNewPrivileges'] == ['yes'] and
           unit['ProtectSystem'] == ['strict'],
           f'{role}: starts its role, fenced')
        # RestrictSUIDSGID= takes openat2(2) away (doc/decisions/0003).
        ok((unit['RestrictSUIDSGID'] == ['no']) ==
           (role in ('helper', 'watch')),
           f'{role}: openat2 only for who walks foreign trees')
        ok(('ExecReload' in unit) ==
           (role in ('core', 'helper', 'compare', 'watch')),
           f'{role}: is reloaded where it can be')
        for name in ' '.join(unit.get('Sockets', [])).split():
            sock = read(f'{system}/{name}')
            ok(sock['Service'] == [os.path.basename(path)] and
               sock['FileDescriptorName'] == [name[len('hinoban-'):
                                                   -len('.socket')]],
               f'{role}: {name} leads to it')
            peer = sock['SocketUser'][0]
            ok((peer == 'root') == (sock['SocketMode'][0] != '0600'),
               f'{role}: {name} belongs to its one peer or to root')
    sockets = glob.glob(system + '/*.socket')
    named = {n for p in services
             for n in ' '.join(read(p).get('Sockets', [])).split()}
    ok(named == {os.path.basename(s) for s in sockets},
       'every socket belongs to a service')


def test_unmount_sees_the_machine(system):
    """Settings that make a mount namespace would defeat its purpose."""
    unit = read(system + '/hinoban-unmount.service')
    inside = [k for k in unit if k.startswith(('Private', 'Protect', 'ReadW',
                                               'ReadO', 'Inaccess', 'Bind',
                                               'Root', 'TemporaryFile'))]
    ok(not inside, 'the unit that unmounts is in the machine\'s namespace',
       inside)
    helper = read(system + '/hinoban-helper.service')
    ok('SYS_ADMIN' not in helper['CapabilityBoundingSet'][0],
       'so the helper needs no CAP_SYS_ADMIN')
    asked = helper['Environment'][0].split('=', 1)[1]
    path = read(system + '/hinoban-unmount.path')
    ok(path['PathExistsGlob'] == [asked + '/*.request'],
       'and leaves its requests where they are waited for')


def test_selftest(system):
    """No role: it ends. Root, as the evidence key signs what it saw."""
    path = system + '/hinoban-selftest.service'
    got = exposure(path)
    ok(got is not None and got <= 2.5, f'the self-test: exposure {got}')
    unit = read(path)
    ok(unit['ProtectSystem'] == ['strict'] and
       unit['CapabilityBoundingSet'] == ['CAP_CHOWN CAP_DAC_READ_SEARCH'] and
       unit['ExecStart'] == ['/usr/bin/hinoban gate selftest --daily'],
       'it is fenced')
    timer = read(system + '/hinoban-selftest.timer')
    ok(timer['OnCalendar'] == ['daily'] and
       timer['WantedBy'] == ['hinoban.target'], 'and runs each day')


def test_users(top, services):
    with open(top + '/sysusers.d/hinoban.conf') as f:
        made = set(re.findall(r'^u (\S+) ', f.read(), re.M)) | {'root'}
    ok({u for p in services for u in read(p)['User']} <= made,
       'every user of a unit is made')
    with open(top + '/tmpfiles.d/hinoban.conf') as f:
        dirs = set(re.findall(r'^d (\S+) ', f.read(), re.M))
    needed = {d.lstrip('-') for p in services
              for line in read(p).get('ReadWritePaths', [])
              for d in line.split() if 'hinoban' in d}
    ok(needed <= dirs, 'every directory that a unit writes to is made',
       needed - dirs)


def test_start_from_a_unit(root):
    """As systemd would: user, group, no capabilities, a passed socket."""
    name = 'a role starts from what its unit gives it'
    tools = ['setpriv', 'systemd-socket-activate']
    if os.geteuid() != 0 or not all(shutil.which(t) for t in tools):
        skip(name, 'needs root, setpriv and systemd-socket-activate')
        return
    os.makedirs(root + '/etc/hinoban')
    os.makedirs(root + '/run/hinoban')
    with open(root + '/etc/hinoban/hinoban.yaml', 'w') as f:
        f.write('organisation:\n  name: box\n')
    sock = root + '/run/hinoban/producer.sock'
    uid = subprocess.run(['id', '-u', 'hinoban-intake'], capture_output=True,
                         text=True).stdout.strip() or '61806'
    gid = subprocess.run(['id', '-g', 'hinoban-intake'], capture_output=True,
                         text=True).stdout.strip() or '61800'
    log = open(root + '/log', 'w+')
    env = {k: v for k, v in os.environ.items() if k.endswith('SAN_OPTIONS')}
    setenv = [f'--setenv={k}={v}' for k, v in env.items()]
    p = subprocess.Popen(
        ['systemd-socket-activate', f'--listen={sock}', '--fdname=producer',
         *setenv, 'setpriv', f'--reuid={uid}', f'--regid={gid}',
         '--clear-groups', '--bounding-set=-all', '--inh-caps=-all',
         '--no-new-privs', H, '--root', root, 'role', 'intake'],
        stdout=log, stderr=log)
    answer = b''
    end = time.monotonic() + 60
    while time.monotonic() < end and not answer:
        try:
            c = socket.socket(socket.AF_UNIX)
            c.settimeout(5)
            c.connect(sock)
            c.sendall(b'\x01\x00\x00\x00\xff')  # no such kind
            answer = c.recv(200)
        except OSError:
            time.sleep(0.05)
    p.send_signal(signal.SIGTERM)
    try:
        status = p.wait(30)
    except subprocess.TimeoutExpired:
        p.kill()
        status = 'does not stop'
    log.seek(0)
    ok(b'not a frame' in answer and status == 0, name,
       f'answer {answer!r}, status {status}\n' + log.read())


FALLBACK = {'hinoban-core': 61801, 'hinoban-watch': 61802,
            'hinoban-compare': 61803, 'hinoban-outside': 61804,
            'hinoban-check': 61805, 'hinoban-intake': 61806,
            'hinoban-gate': 61807, 'hinoban-portal': 61808,
            'hinoban-post': 61809, 'hinoban-look': 61810,
            'root': 0}


def ids(user):
    try:
        return pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid
    except KeyError:
        try:
            group = grp.getgrnam('hinoban').gr_gid
        except KeyError:
            group = 61800
        return FALLBACK[user], group


def test_every_role_starts(system, services, root):
    """Each role becomes ready with the user, the capabilities and the sockets
    that its unit names, and nothing more (the helper without CAP_SYS_ADMIN)."""
    if os.geteuid() != 0 or not shutil.which('setpriv'):
        skip('every role starts', 'needs root and setpriv')
        return
    os.mkdir(root + '/site')
    run = subprocess.run([H, '--root', root, 'init', '--no-passphrase',
                          '--organisation', 'Box', '--site', 'box',
                          '--site-root', root + '/site'],
                         capture_output=True, text=True)
    ok(run.returncode == 0, 'a root is made', run.stderr)
    with open(system + '/../tmpfiles.d/hinoban.conf') as f:
        rules = re.findall(r'^d (/(?:etc|var)\S+) (\d+) (\S+) (\S+)', f.read(),
                           re.M)
    open_ones = []
    for path, mode, user, group in rules:
        st = os.stat(root + path)
        want = (int(mode, 8), ids(user)[0],
                0 if group == 'root' else ids('hinoban-core')[1])
        if (st.st_mode & 0o7777, st.st_uid, st.st_gid) != want:
            open_ones.append(f'{path} {st.st_mode:o} {st.st_uid} {st.st_gid}')
    ok(rules and not open_ones,
       'init leaves directories as closed as tmpfiles.d', open_ones)
    os.makedirs(root + '/run/hinoban/unmount', exist_ok=True)
    # Other accounts may be unable to enter the source tree.
    for name in ('casebook', 'rules'):
        shutil.copytree(f'{os.environ["HB_SOURCE_ROOT"]}/{name}',
                        f'{root}/share/{name}')
    for path in services:
        role = os.path.basename(path)[len('hinoban-'):-len('.service')]
        if role not in FALLBACK and 'hinoban-' + role not in FALLBACK and \
                role != 'helper':
            skip(f'{role} starts', 'no user to try it with')
            continue
        ready, log = start_role(system, read(path), role, root)
        ok(ready, f'{role} becomes ready with what its unit gives it', log)


def start_role(system, unit, role, root):
    uid, gid = ids(unit['User'][0])
    caps = [c[4:].lower() for c in
            unit['CapabilityBoundingSet'][0].split()]
    ambient = [c[4:].lower() for c in
               unit['AmbientCapabilities'][0].split()]
    fds, names = [], []
    for name in ' '.join(unit.get('Sockets', [])).split():
        sock = read(f'{system}/{name}')
        kind = socket.SOCK_STREAM if 'ListenStream' in sock \
            else socket.SOCK_SEQPACKET
        s = socket.socket(socket.AF_UNIX, kind)
        place = f'{root}/run/hinoban/{sock["FileDescriptorName"][0]}.sock'
        if os.path.exists(place):
            os.unlink(place)
        s.bind(place)
        os.chown(place, ids(sock['SocketUser'][0])[0], -1)
        os.chmod(place, int(sock['SocketMode'][0], 8))
        s.listen(8)
        fds.append(s)
        names.append(sock['FileDescriptorName'][0])
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    where = f'{root}/run/hinoban/notify-{role}'
    notify.bind(where)
    os.chmod(where, 0o666)
    notify.settimeout(60)
    env = {'LANG': 'C.UTF-8', 'NOTIFY_SOCKET': where,
           'HINOBAN_DATADIR': root + '/share',
           'LISTEN_FDS': str(len(fds)), 'LISTEN_FDNAMES': ':'.join(names),
           'PATH': '/usr/sbin:/usr/bin:/sbin:/bin'}
    env.update({k: v for k, v in os.environ.items()
                if k.endswith('SAN_OPTIONS')})
    for line in unit.get('Environment', []):
        key, value = line.split('=', 1)
        env[key] = value.replace('/run/hinoban', root + '/run/hinoban')
    moves = ' '.join(f'{40 + i}<&{s.fileno()}' for i, s in enumerate(fds))
    moves += ' ; exec ' + ' '.join(f'{3 + i}<&{40 + i} {40 + i}<&-'
                                   for i in range(len(fds)))
    limit = '-all' + ''.join(',+' + c for c in caps)
    inherit = '-all' + ''.join(',+' + c for c in ambient)
    log = open(f'{root}/log-{role}', 'w+')
    p = subprocess.Popen(
        ['bash', '-c', f'exec {moves}; LISTEN_PID=$$ exec "$@"', '-',
         'setpriv', f'--reuid={uid}', f'--regid={gid}', '--clear-groups',
         f'--bounding-set={limit}', f'--inh-caps={inherit}',
         *([f'--ambient-caps={inherit}'] if ambient else []),
         '--no-new-privs', H, '--root', root, 'role', role],
        pass_fds=[s.fileno() for s in fds], env=env, stdout=log, stderr=log)
    ready = False
    try:
        while not ready and p.poll() is None:
            notify.settimeout(1)
            try:
                ready = b'READY=1' in notify.recv(1000)
            except socket.timeout:
                pass
    finally:
        p.send_signal(signal.SIGTERM)
        try:
            p.wait(30)
        except subprocess.TimeoutExpired:
            p.kill()
        for s in fds + [notify]:
            s.close()
    log.seek(0)
    return ready, log.read()[-1500:]


def main():
    with tempfile.TemporaryDirectory(prefix='hb-units-') as top:
        r = subprocess.run([H, 'units', '--dir', top + '/u'])
        ok(r.returncode == 0, 'the units are written')
        system = top + '/u/system'
        services = sorted(s for s in glob.glob(system + '/*.service')
                          if not s.endswith(('-unmount.service',
                                             '-private.service',
                                             '-selftest.service')))
        ok(len(services) >= 4, 'one service a role', services)
        test_exposure(services)
        test_understood(system)
        test_fit(system, services)
        test_unmount_sees_the_machine(system)
        test_selftest(system)
        test_users(top + '/u', services)
        os.chmod(top, 0o755)
        os.mkdir(top + '/root', 0o755)
        test_every_role_starts(system, services, top + '/root')
    with tempfile.TemporaryDirectory(prefix='hb-units-') as root:
        os.chmod(root, 0o755)
        test_start_from_a_unit(root)
    for args in (['units'], ['units', '--dir'], ['units', '--dir', '/x', 'y'],
                 ['role-ended'], ['role-ended', 'nobody'], ['unmount']):
        r = subprocess.run([H, *args], capture_output=True)
        ok(r.returncode == 2, 'wrong usage: ' + ' '.join(args))
    print(f'1..{count}')


main()
