# SPDX-License-Identifier: Apache-2.0
"""The receiving end of event.sock for box tests of one role, and TAP."""
import json
import os
import socket
import struct
import sys
import time

count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}')
    if not good and why:
        print('\n'.join('# ' + line for line in str(why).split('\n')))
    sys.stdout.flush()


class Core:
    """The receiving end of event.sock."""

    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.bind(path)
        os.chmod(path, 0o666)
        self.s.listen(4)
        self.s.settimeout(120)
        self.events = []
        self.c = None

    def again(self):
        """Waits for another one that connects; what was heard is forgotten."""
        if self.c is not None:
            self.c.close()
        self.c, self.events = None, []

    def until(self, what, seconds=240):
        if self.c is None:
            self.c = self.s.accept()[0]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = [e for e in self.events if what(e)]
            if found:
                return found[-1]
            self.c.settimeout(max(0.1, end - time.monotonic()))
            try:
                p = self.c.recv(1 << 18)
            except TimeoutError:
                break
            if not p:
                break
            seq = struct.unpack('<Q', p[2:10])[0]
            self.events.append(json.loads(p[10:]))
            self.c.sendall(struct.pack('<BBQ', 1, 2, seq))
        return None

    def command(self, cmd, site, **more):
        key = os.urandom(16).hex()
        text = json.dumps({'cmd': cmd, 'site': site, 'key': key,
                           **more}).encode()
        self.c.sendall(struct.pack('<BBQ', 1, 3, 1) + text)
        return self.until(
            lambda e: e.get('unmapped', {}).get('command') == key)


def finish():
    print(f'1..{count}')
