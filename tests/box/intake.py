#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The role intake between outside producers and a core that this test plays:
what is marked, refused, acknowledged, dropped and told."""
import json
import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time
import uuid

H = os.environ['HB_BUILD_ROOT'] + '/src/hinoban'
HELLO, EVENT, ACK, DROPS, ERROR = 1, 2, 3, 4, 5
count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}', flush=True)
    if not good:
        print(f'# {why}')


def frame(kind, body=b''):
    return struct.pack('<IB', len(body) + 1, kind) + body


def uid():
    """UUIDv7 (RFC 9562)."""
    n = int(time.time() * 1000) << 80 | 7 << 76 | 2 << 62
    return str(uuid.UUID(int=n | secrets.randbits(12) << 64 |
                         secrets.randbits(62)))


def event(seq, **more):
    e = {'metadata': {'uid': uid(), 'version': '1.3.0',
                      'product': {'name': 'x', 'feature': {
                          'name': 'sense/files'}}},
         'class_uid': 6002, 'category_uid': 6, 'activity_id': 3,
         'type_uid': 600203, 'severity_id': 1,
         'time': int(time.time() * 1000), 'message': 'hello', **more}
    return frame(EVENT, struct.pack('<Q', seq) + json.dumps(e).encode())


class Producer:
    def __init__(self, path, name=b'box', version=1):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(path)  # waits where the backlog is full
        self.s.settimeout(60)
        self.data = b''
        if name is not None:
            self.s.sendall(frame(HELLO, struct.pack('<H', version) + name))

    def next(self):
        """(kind, body), or None at the end."""
        while True:
            if len(self.data) >= 4:
                n = struct.unpack('<I', self.data[:4])[0] + 4
                if len(self.data) >= n:
                    got, self.data = self.data[:n], self.data[n:]
                    return got[4], got[5:]
            more = self.s.recv(4096)
            if not more:
                return None
            self.data += more

    def refused(self):
        """The reason, when the connection is ended after it."""
        try:
            got = self.next()
            return got and got[0] == ERROR and self.next() is None and got[1]
        except ConnectionResetError:
            return False


class Core:
    """Reads what intake forwards; acknowledges when told to."""
    def __init__(self, path):
        self.l = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.l.bind(path)
        os.chmod(path, 0o666)
        self.l.listen()
        self.s = None
        self.events = []
        self.last = 0

    def read(self, seconds=60, enough=lambda e: True):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.s is None:
                if not select.select([self.l], [], [], 0.5)[0]:
                    continue
                self.s = self.l.accept()[0]
            if not select.select([self.s], [], [], 0.05)[0]:
                if any(enough(e) for e in self.events):
                    break
                continue
            packet = self.s.recv(1 << 18)
            if not packet:
                self.s = None
                continue
            version, kind, self.last = struct.unpack('<BBQ', packet[:10])
            assert (version, kind) == (1, 1)
            self.events.append(json.loads(packet[10:]))
            if any(enough(e) for e in self.events[-1:]):
                break
        return self.events

    def acknowledge(self):
        self.s.sendall(struct.pack('<BBQ', 1, 2, self.last))


def source(e):
    return e['metadata']['product']['feature']['name']


def detail(e):
    return e.get('status_detail')


def start(root):
    os.makedirs(root + '/etc/hinoban')
    os.makedirs(root + '/run/hinoban')
    with open(root + '/etc/hinoban/hinoban.yaml', 'w') as f:
        f.write('organisation:\n  name: box\n')
    core = Core(root + '/run/hinoban/event.sock')
    path = root + '/run/hinoban/producer.sock'
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o666)
    listener.listen(64)

    env = {k: v for k, v in os.environ.items() if k.endswith('SAN_OPTIONS')}
    env.update(LISTEN_FDS='1', LISTEN_FDNAMES='producer')
    # LISTEN_PID is the shell's, which becomes the role.
    fd = listener.fileno()
    log = open(root + '/log', 'w+')
    p = subprocess.Popen(
        ['sh', '-c', f'exec 3<&{fd}; LISTEN_PID=$$ exec "$@"', '-', H,
         '--root', root, 'role', 'intake'],
        pass_fds=[fd], env=env, stdout=log, stderr=log)
    return core, path, p, log


def main():
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        return
    with tempfile.TemporaryDirectory(prefix='hb-in-') as root:
        os.chmod(root, 0o755)
        core, path, role, log = start(root)
        tests(core, path)
        role.send_signal(signal.SIGTERM)
        try:
            status = role.wait(60)
        except subprocess.TimeoutExpired:
            role.kill()
            status = 'does not stop'
        log.seek(0)
        ok(status == 0, 'SIGTERM ends it', f'{status}\n' + log.read())
    print(f'1..{count}')


def tests(core, path):
    p = Producer(path)
    p.s.sendall(event(5))
    got = core.read(enough=lambda e: source(e).startswith('producer/'))
    e = got[-1]
    ok(source(e) == 'producer/box',
       'the source is the producer, whatever it claims', source(e))
    ok(f'"producer_uid": {os.getuid()}' in json.dumps(e) and
       f'"producer_pid": {os.getpid()}' in json.dumps(e),
       'marked with who it is by the kernel\'s word', json.dumps(e))
    ok(not select.select([p.s], [], [], 0.3)[0],
       'not acknowledged before core has it')
    core.acknowledge()
    kind, body = p.next()
    ok(kind == ACK and struct.unpack('<QQ', body) == (5, 0),
       'acknowledged once core has it', (kind, body))

    # Byte by byte is the same stream.
    for i in event(6):
        p.s.send(bytes([i]))
    got = core.read(enough=lambda e: source(e).startswith('producer/'))
    core.acknowledge()
    ok(p.next() == (ACK, struct.pack('<QQ', 6, 0)), 'a frame in many pieces')

    for name, first in [
            ('an event before the hello', (None, event(1))),
            ('a second hello', (b'a', frame(HELLO, b'\1\0a'))),
            ('an acknowledgement from a producer',
             (b'a', frame(ACK, bytes(16)))),
            ('a length that is too long', (b'a', b'\xff\xff\xff\xff')),
            ('an empty frame', (b'a', bytes(4))),
            ('an unknown kind', (b'a', frame(77))),
            ('text that is no JSON', (b'a', frame(
                EVENT, struct.pack('<Q', 1) + b'{"a"'))),
            ('JSON that is no event', (b'a', frame(
                EVENT, struct.pack('<Q', 1) + b'{"a":1}'))),
            ('an event of the wrong type', (b'a', event(1, message=7)))]:
        q = Producer(path, first[0])
        q.s.sendall(first[1])
        ok(q.refused(), 'refused: ' + name)
    ok(Producer(path, b'a', 2).refused(), 'refused: another version')
    ok(Producer(path, b'A b').refused(), 'refused: a bad name')
    got = core.read(enough=lambda e: detail(e) == 'producer_refused')
    ok(any(detail(e) == 'producer_refused' and
           source(e) == 'daemon/intake' for e in got),
       'a refusal is an event')
    core.acknowledge()

    # Core takes nothing: the ring fills, the producer is not held up.
    core.events.clear()
    q = Producer(path, b'loud')
    q.s.settimeout(60)
    began = time.monotonic()
    for i in range(1, 3001):
        q.s.sendall(event(i, message='x' * 500))
    ok(time.monotonic() - began < 60, 'a producer is never held up')
    p.s.sendall(event(7))
    got = core.read(seconds=30, enough=lambda e:
                    detail(e) == 'events_dropped')
    told = [e for e in got if detail(e) == 'events_dropped']
    ok(told and 'producer/loud' in json.dumps(told[0]),
       'drops become an event that names the producer', told)
    end = time.monotonic() + 120
    final = None
    while time.monotonic() < end:
        core.acknowledge()
        core.read(seconds=0.2, enough=lambda e: False)
        while select.select([q.s], [], [], 0)[0]:
            final = q.next()
        mine = [e for e in core.events if source(e) == 'producer/loud']
        if final and len(mine) + struct.unpack('<QQ', final[1])[1] >= 3000:
            break
    mine = [e for e in core.events if source(e) == 'producer/loud']
    seq, drops = struct.unpack('<QQ', final[1])
    ok(len(mine) + drops == 3000,
       'every event is stored or counted', (len(mine), drops, seq))
    ok(any(source(e) == 'producer/box' for e in core.events),
       'a loud producer does not drown a quiet one')
    q.s.sendall(frame(DROPS, struct.pack('<Q', 12)))
    q.s.close()
    got = core.read(seconds=30, enough=lambda e:
                    detail(e) == 'events_dropped' and e.get('count') == 12)
    ok(any(detail(e) == 'events_dropped' for e in got[-3:]),
       'what a producer dropped itself is told, too')
    core.acknowledge()

    # Connections are bounded (this user is root: all 64 places).
    many = [Producer(path, b'many') for _ in range(80)]
    time.sleep(0.5)
    closed = 0
    for m in many:
        try:
            m.s.settimeout(0.01)
            closed += m.s.recv(1) == b''
        except ConnectionResetError:
            closed += 1
        except (TimeoutError, socket.timeout):
            pass
    ok(80 - closed <= 64 and closed >= 16, 'connections are bounded', closed)
    for m in many:
        m.s.close()
    del many
    time.sleep(0.3)
    last = Producer(path, b'later')
    last.s.sendall(event(1))
    got = core.read(enough=lambda e: source(e) == 'producer/later')
    ok(source(got[-1]) == 'producer/later', 'places become free again')


main()
