#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The share portal: download and upload of a large file beside nginx with the
same certificate and cipher in the same run, pages with 100,000 shares in the
store, and a thousand slow readers at once.

nginx serves and takes the file as it is; the portal has it encrypted at rest,
counts it, and asks four times a second whether the share still lives.  curl is
the client of both, on the same machine: its work is in both figures."""
import http.client
import json
import os
import re
import resource
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TOP + '/drills/lib')
import bed as lab  # noqa: E402
import locker  # noqa: E402

BUILD = os.environ.get('HB_BUILD', TOP + '/build')
QUICK = bool(os.environ.get('HB_BENCH_QUICK'))
SIZES = [256 << 20] if QUICK else [1 << 30, 10 << 30]
SHARES = 2000 if QUICK else 100000
SLOW = 100 if QUICK else 1000
SATO, GUEST = 'sato@city.example', 'tanaka@partner.example'
FORM = {'Content-Type': 'application/x-www-form-urlencoded'}


def result(name, unit, ours, goal, better='lower', theirs=None, runs=1):
    row = {'bench': f'share.{name}', 'unit': unit, 'ours': round(ours, 3),
           'goal': goal, 'better': better, 'runs': runs}
    if theirs is not None:
        row.update(peer='nginx', theirs=round(theirs, 3))
    print(json.dumps(row), flush=True)


def install(bed, mails):
    os.mkdir(bed.web)
    with open(bed.web + '/index.html', 'w') as f:
        f.write('x')
    bed.hinoban('init', '--no-passphrase', '--organisation', 'Bench', '--site',
                'bench', '--site-root', bed.web)
    out = locker.portal(bed, mails, more='  downloads_max: 1000\n'
                        '  file_size: 20g\n  share_size: 20g\n'
                        '  owner_space: 60g\n  space: 60g\n')
    bed.start([bed.program, 'supervise'], 'log')
    if not locker.listens(out[2]):
        raise RuntimeError(bed.log())
    return out


def pid_of(bed, role):
    for d in os.listdir('/proc'):
        if not d.isdigit():
            continue
        try:
            with open(f'/proc/{d}/cmdline', 'rb') as f:
                line = f.read().split(b'\0')
            if role.encode() in line and os.stat(f'/proc/{d}').st_uid and \
                    os.readlink(f'/proc/{d}/root') == '/':
                with open(f'/proc/{d}/environ', 'rb') as f:
                    if bed.root.encode() in f.read():
                        return int(d)
        except OSError:
            pass
    return None


def highest(pid):
    """MB that the process ever held."""
    with open(f'/proc/{pid}/status') as f:
        return int(re.search(r'VmHWM:\s+(\d+)', f.read()).group(1)) / 1024


def forget(pid):
    with open(f'/proc/{pid}/clear_refs', 'w') as f:
        f.write('5')


def nginx(bed):
    port, top = locker.free_port(), bed.top + '/nginx'
    tls = bed.root + '/etc/hinoban/tls'
    os.makedirs(top + '/tmp')
    os.makedirs(top + '/web')
    os.chmod(top + '/web', 0o777)
    temp = ''.join(f'{k}_temp_path {top}/tmp/{k};\n' for k in
                   ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    with open(top + '/nginx.conf', 'w') as f:
        f.write(f'''user root;
worker_processes 1;
pid {top}/nginx.pid;
error_log {top}/error.log;
events {{ worker_connections 256; }}
http {{
access_log off;
sendfile on;
{temp}client_max_body_size 0;
client_body_buffer_size 128k;
server {{
listen 127.0.0.1:{port} ssl;
ssl_certificate {tls}/portal.pem;
ssl_certificate_key {tls}/portal.key;
ssl_protocols TLSv1.3;
root {top}/web;
dav_methods PUT;
}}
}}
''')
    bed.start(['nginx', '-c', top + '/nginx.conf', '-g', 'daemon off;'],
              'nginx.log')
    if not locker.listens(port, 10):
        raise RuntimeError('nginx does not listen')
    return f'https://localhost:{port}', top + '/web'


def curl(ca, url, *args):
    """Seconds of one request."""
    r = subprocess.run(['curl', '-s', '-f', '--cacert', ca, '--tls13-ciphers',
                        'TLS_AES_128_GCM_SHA256', '-o', '/dev/null', '-w',
                        '%{time_total} %{size_download} %{size_upload}', *args,
                        url], capture_output=True, text=True)
    if r.returncode != 0:
        raise RuntimeError(f'curl: {r.returncode} {r.stderr} {url}')
    took, down, up = r.stdout.split()
    return float(took), max(int(down), int(up))


def synced(path):
    """Seconds until the disk has it, as it has what the portal says it has."""
    began = time.perf_counter()
    fd = os.open(path, os.O_RDWR)
    os.fdatasync(fd)
    os.close(fd)
    return time.perf_counter() - began


def cookies(browser):
    return '; '.join(f'{c.name}={c.value}' for c in browser.jar)


def throughput(bed, mails, origin, ca, size):
    peer, web = nginx(bed) if not hasattr(bed, 'peer') else bed.peer
    bed.peer = (peer, web)
    name = f'{size >> 30}g' if size >> 30 else f'{size >> 20}m'
    source = bed.top + '/source'
    subprocess.run(['head', '-c', str(size), '/dev/urandom'], check=True,
                   stdout=open(source, 'wb'))
    pid = pid_of(bed, 'portal')
    forget(pid)
    desk = locker.Browser(origin, ca)
    desk.sign_in(mails, SATO)
    number = desk.share([GUEST], {}, most='1000')
    csrf = desk.get(f'/shares/{number}').csrf()
    took_up, theirs_up, took, theirs = [], [], [], []
    runs = 1 if size >> 32 else 3
    for k in range(runs):
        theirs_up.append(curl(ca, f'{peer}/up{k}', '-T', source)[0] +
                         synced(f'{web}/up{k}'))
        os.unlink(f'{web}/up{k}')
        took_up.append(curl(
            ca, f'{origin}/shares/{number}/file', '-H',
            'Cookie: ' + cookies(desk), '-H', 'Origin: ' + origin, '-F',
            'csrf=' + csrf, '-F', f'file=@{source};filename=f{k}.bin')[0])
        if k + 1 < runs:
            page = desk.get(f'/shares/{number}')
            file = re.search(r'name="file" value="(\d+)"', page.text).group(1)
            desk.deed(number, 'drop', file=file)
    shutil.move(source, web + '/file')
    os.chmod(web + '/file', 0o644)
    desk.deed(number, 'submit')
    link = mails.link(GUEST)
    guest = locker.Browser(origin, ca)
    page = guest.prove(mails, link, GUEST)
    file = re.search(r'name="file" value="(\d+)"', page.text).group(1)
    body = urllib.parse.urlencode({'csrf': page.csrf(), 'file': file})
    for k in range(runs):
        theirs.append(curl(ca, f'{peer}/file')[0])
        t, n = curl(ca, f'{origin}/s/{link}/get', '-H',
                    'Cookie: ' + cookies(guest), '-H', 'Origin: ' + origin,
                    '-L', '-d', body)
        if n != size:
            raise RuntimeError(f'{n} of {size} bytes came')
        took.append(t)
    mb = size / 1e6
    result(f'download_{name}', 'MB/s', mb / min(took),
           round(0.8 * mb / min(theirs), 1), 'higher', mb / min(theirs), runs)
    result(f'upload_{name}', 'MB/s', mb / min(took_up),
           round(0.6 * mb / min(theirs_up), 1), 'higher', mb / min(theirs_up),
           runs)
    result(f'memory_{name}', 'MB', highest(pid), 64)
    os.unlink(web + '/file')
    desk.deed(number, 'delete')


def fill(bed):
    """Rows of SHARES shares of other owners and of one, as the portal makes
    them; nothing of them is opened."""
    db = sqlite3.connect(bed.root + '/var/lib/hinoban/share/locker.db',
                         timeout=60)
    now = time.time_ns()
    with db:
        for k in range(SHARES):
            owner = SATO if k % 10 == 0 else f'u{k % 500}@city.example'
            cur = db.execute(
                "INSERT INTO share(uid, kind, owner, note, state, made, life,"
                " expires, most, personal, approver, ended, generation,"
                " shredded) VALUES(?, 1, ?, '', 4, ?, 0, ?, 5, 0, '', ?, 1, 1)",
                (f'bench-{k}', owner, now, now, now))
            db.execute(
                "INSERT INTO recipient(share, address, mail, hash, revoked,"
                " generation, reminded, reopen_asked)"
                " VALUES(?, ?, ?, ?, 0, 1, 0, 0)",
                (cur.lastrowid, GUEST, GUEST, os.urandom(32)))
    db.close()


def p95(values):
    return sorted(values)[int(len(values) * 0.95)] * 1000


def pages(bed, mails, origin, ca):
    fill(bed)
    desk = locker.Browser(origin, ca)
    desk.sign_in(mails, SATO)
    number = desk.share([GUEST], {'a.txt': b'x'})
    desk.deed(number, 'submit')
    link = mails.link(GUEST)
    port = int(origin.rsplit(':', 1)[1])
    for name, path, jar in (('list', '/shares', cookies(desk)),
                            ('share', f'/shares/{number}', cookies(desk)),
                            ('link', f'/s/{link}', cookies(desk))):
        c = http.client.HTTPSConnection(
            'localhost', port,
            context=ssl.create_default_context(cafile=ca))
        times = []
        for _ in range(40 if QUICK else 400):
            began = time.perf_counter()
            c.request('GET', path, headers={'Cookie': jar})
            r = c.getresponse()
            r.read()
            times.append(time.perf_counter() - began)
            if r.status != 200:
                raise RuntimeError(f'{path}: {r.status}')
        c.close()
        result(f'page_{name}_p95_{SHARES}_shares', 'ms', p95(times), 30,
               runs=len(times))


def slow(bed, mails, origin, ca):
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    pid = pid_of(bed, 'portal')
    desk = locker.Browser(origin, ca)
    desk.sign_in(mails, SATO)
    number = desk.share([GUEST], {'big.bin': os.urandom(32 << 20)}, most='1000')
    desk.deed(number, 'submit')
    link = mails.link(GUEST)
    guest = locker.Browser(origin, ca)
    page = guest.prove(mails, link, GUEST)
    file = re.search(r'name="file" value="(\d+)"', page.text).group(1)
    body = urllib.parse.urlencode({'csrf': page.csrf(), 'file': file}).encode()
    host, port = 'localhost', int(origin.rsplit(':', 1)[1])
    c = http.client.HTTPSConnection(
        host, port, context=ssl.create_default_context(cafile=ca))

    def begin():
        """The request of one download, which is counted here."""
        c.request('POST', f'/s/{link}/get', body, {
            'Cookie': cookies(guest), 'Origin': origin, **FORM})
        r = c.getresponse()
        r.read()
        return (f'GET {r.getheader("Location")} HTTP/1.1\r\nHost: '
                f'{host}:{port}\r\nCookie: {cookies(guest)}\r\n\r\n').encode()
    context = ssl.create_default_context(cafile=ca)
    forget(pid)
    socks = []
    for k in range(SLOW):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        # The portal takes so many from one network.
        s.bind((f'127.0.{1 + k // 200}.{1 + k % 200}', 0))
        s.connect(('127.0.0.1', port))
        t = context.wrap_socket(s, server_hostname=host)
        t.sendall(begin())
        socks.append(t)
    stop, read, cut = threading.Event(), [0] * len(socks), []

    def reader():
        while not stop.is_set():
            began = time.monotonic()
            for k, s in enumerate(socks):
                try:
                    read[k] += len(s.recv(1024))
                except (OSError, ssl.SSLError):
                    cut.append(k)
            time.sleep(max(0, 1 - (time.monotonic() - began)))
    t = threading.Thread(target=reader)
    t.start()
    since = time.monotonic()
    time.sleep(2)
    times = []
    for _ in range(20 if QUICK else 100):
        began = time.perf_counter()
        c.request('GET', '/signin')
        c.getresponse().read()
        times.append(time.perf_counter() - began)
        time.sleep(0.1)
    stop.set()
    t.join()
    # Each asks for 1 KB a second; half of it is starving.
    least = (time.monotonic() - since) * 1024 / 2
    result(f'memory_{SLOW}_slow', 'MB', highest(pid), 128)
    result(f'page_p95_{SLOW}_slow', 'ms', p95(times), 30, runs=len(times))
    result(f'starved_of_{SLOW}_slow', 'readers',
           sum(n < least for n in read) + len(set(cut)), 0)
    for s in socks:
        s.close()


def main():
    if os.geteuid() != 0:
        print(json.dumps({'bench': 'share', 'skipped': 'needs root'}))
        return
    bed = lab.Bed(BUILD + '/src/hinoban', TOP, BUILD + '/po')
    mails = locker.Mailboxes()
    try:
        origin, ca, _ = install(bed, mails)
        free = shutil.disk_usage(bed.top).free
        for size in SIZES:
            if free < 3 * size:
                print(json.dumps({'bench': f'share.download_{size >> 30}g',
                                  'skipped': 'the disk is too small'}))
                continue
            throughput(bed, mails, origin, ca, size)
        pages(bed, mails, origin, ca)
        slow(bed, mails, origin, ca)
    finally:
        bed.stop()
        mails.close()


main()
