#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A mail relay for tests: SMTP as far as a client needs it (RFC 5321, STARTTLS
of RFC 3207, AUTH of RFC 4954); keeps what it was given.

Imported, it is the class Relay.  As a program it makes an authority of its own
in the directory that it is given, prints one port a kind, in the order of
KINDS, writes what each relay was told to DIR/KIND.log (a line that came
encrypted has "TLS " before it) and the last mail to DIR/KIND.mail, and serves
until its standard input ends."""
import base64
import socket
import ssl
import subprocess
import sys
import threading

KINDS = ('plain', 'starttls', 'unknown', 'smtps', 'auth', 'login', 'clearauth')
USER, PASSWORD = 'hinoban', 'p\u00e4ss wort'


class Relay:
    """TLS: an SSLContext for STARTTLS, or None: it offers none.  IMPLICIT:
    encrypted from the first byte.  AUTH: what it offers ("PLAIN LOGIN");
    then nobody sends without it."""

    def __init__(self, tls=None, implicit=False, auth='', clear_auth=False,
                 log=None, kept=None, port=0):
        self.mails, self.refuse, self.connections = [], False, 0
        self.tls, self.implicit, self.auth = tls, implicit, auth
        self.clear_auth, self.log, self.kept = clear_auth, log, kept
        self.listener = socket.create_server(('127.0.0.1', port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        """It is away: a blocked accept() would take one more."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def serve(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:  # closed: this relay is away
                return
            threading.Thread(target=self.one, args=(c,), daemon=True).start()

    def one(self, c):
        self.connections += 1
        try:
            if self.implicit:
                c = self.tls.wrap_socket(c, server_side=True)
            self.talk(c)
        except OSError:
            pass
        c.close()

    def note(self, c, line):
        if self.log:
            with open(self.log, 'ab') as f:
                f.write((b'TLS ' if isinstance(c, ssl.SSLSocket) else b'') +
                        line.rstrip() + b'\n')

    def talk(self, c):
        f = c.makefile('rwb', buffering=0)
        rcpt, known = [], not self.auth

        def say(text):
            f.write(text + b'\r\n')

        say(b'220 test ESMTP')
        while line := f.readline():
            word = line[:4].upper()
            self.note(c, line)
            secret = isinstance(c, ssl.SSLSocket)
            if word == b'EHLO':
                offer = [b'test']
                if self.tls and not secret:
                    offer.append(b'STARTTLS')
                if self.auth and (secret or self.clear_auth):
                    offer.append(b'AUTH ' + self.auth.encode())
                for k, o in enumerate(offer):
                    say(b'250' + (b' ' if k + 1 == len(offer) else b'-') + o)
            elif word == b'STAR' and self.tls and not secret:
                say(b'220 go on')
                c = self.tls.wrap_socket(c, server_side=True)
                f = c.makefile('rwb', buffering=0)
            elif word == b'AUTH':
                known = self.login(f, line, say)
                say(b'235 welcome' if known else b'535 no')
            elif word == b'QUIT':
                say(b'221 bye')
                break
            elif word == b'MAIL':
                say(b'250 ok' if known else b'530 who are you')
            elif word == b'RCPT':
                rcpt.append(line)
                say(b'550 no' if self.refuse else b'250 ok')
            elif word == b'DATA':
                say(b'354 go on')
                data = b''
                while (more := f.readline()) not in (b'.\r\n', b''):
                    data += more[1:] if more.startswith(b'.') else more
                if self.kept:
                    with open(self.kept, 'wb') as out:
                        out.write(data)
                self.mails.append((rcpt, data))
                say(b'250 kept')
            else:
                say(b'250 ok')

    def login(self, f, line, say):
        words = line.split()
        if words[1].upper() == b'PLAIN':
            if len(words) < 3:
                say(b'334 ')
                words.append(f.readline().strip())
            got = base64.b64decode(words[2]).split(b'\0')[1:]
        else:
            got = []
            if len(words) > 2:
                got.append(base64.b64decode(words[2]))
            for ask in (b'VXNlcm5hbWU6', b'UGFzc3dvcmQ6')[len(got):]:
                say(b'334 ' + ask)
                got.append(base64.b64decode(f.readline().strip()))
        return got == [USER.encode(), PASSWORD.encode()]


def authority(top):
    """DIR/ca.pem and a certificate for 0.0.0.0, 127.0.0.1 and localhost that
    it signed; another that nobody signed."""
    def openssl(*args):
        subprocess.run(['openssl', *args], check=True, cwd=top,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    san = 'subjectAltName=IP:127.0.0.1,IP:0.0.0.0,DNS:localhost'
    new = ('req', '-x509', '-newkey', 'ec', '-pkeyopt',
           'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30')
    openssl(*new, '-subj', '/CN=Test authority', '-keyout', 'ca.key', '-out',
            'ca.pem')
    openssl(*new, '-subj', '/CN=test', '-addext', san, '-keyout',
            'unknown.key', '-out', 'unknown.pem')
    openssl('req', '-new', '-newkey', 'ec', '-pkeyopt',
            'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=test',
            '-keyout', 'good.key', '-out', 'good.csr')
    with open(f'{top}/good.ext', 'w') as f:
        f.write(san + '\n')
    openssl('x509', '-req', '-in', 'good.csr', '-CA', 'ca.pem', '-CAkey',
            'ca.key', '-CAcreateserial', '-days', '20', '-extfile', 'good.ext',
            '-out', 'good.pem')


def context(top, name):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(f'{top}/{name}.pem', f'{top}/{name}.key')
    return c


def main():
    top = sys.argv[1]
    authority(top)
    good, unknown = context(top, 'good'), context(top, 'unknown')
    how = {'plain': {}, 'starttls': {'tls': good}, 'unknown': {'tls': unknown},
           'smtps': {'tls': good, 'implicit': True},
           'auth': {'tls': good, 'auth': 'PLAIN LOGIN'},
           'login': {'tls': good, 'auth': 'LOGIN'},
           'clearauth': {'auth': 'PLAIN LOGIN', 'clear_auth': True}}
    relays = [Relay(log=f'{top}/{k}.log', kept=f'{top}/{k}.mail', **how[k])
              for k in KINDS]
    print(*(r.port for r in relays), flush=True)
    sys.stdin.read()


if __name__ == '__main__':
    main()
