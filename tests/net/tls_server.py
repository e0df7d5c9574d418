#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS servers with certificates of every kind, for test_tls: makes an authority
of its own in the directory that it is given, prints one port a kind, in the
order of KINDS, then one that accepts and says nothing and one that speaks plain
HTTP and sends everybody to a TLS server; serves until its standard input
ends."""
import os
import socket
import ssl
import subprocess
import sys
import threading

KINDS = ('good', 'expired', 'name', 'unknown', 'old')
BODY = b'hello'
top = sys.argv[1]


def openssl(*args):
    subprocess.run(['openssl', *args], check=True, cwd=top,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def key(name):
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out',
            name + '.key')


def certificate(name, san, days):
    key(name)
    openssl('req', '-new', '-key', name + '.key', '-subj', '/CN=test', '-out',
            name + '.csr')
    with open(f'{top}/{name}.ext', 'w') as f:
        f.write(f'subjectAltName={san}\n')
    openssl('x509', '-req', '-in', name + '.csr', '-CA', 'ca.pem', '-CAkey',
            'ca.key', '-CAcreateserial', '-days', str(days), '-extfile',
            name + '.ext', '-out', name + '.pem')


def make():
    key('ca')
    openssl('req', '-x509', '-key', 'ca.key', '-subj', '/CN=Test authority',
            '-days', '30', '-out', 'ca.pem')
    certificate('good', 'IP:127.0.0.1', 20)
    certificate('expired', 'IP:127.0.0.1', -1)
    certificate('name', 'DNS:other.invalid', 20)
    key('unknown')
    openssl('req', '-x509', '-key', 'unknown.key', '-subj', '/CN=test',
            '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '20', '-out',
            'unknown.pem')
    for ending in ('key', 'pem'):
        os.link(f'{top}/good.{ending}', f'{top}/old.{ending}')


def one(c, context):
    try:
        with context.wrap_socket(c, server_side=True) as s:
            path = s.recv(4096).split(b' ')[1]
            if path.startswith(b'/away'):
                s.sendall(b'HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:1/\r\n'
                          b'Content-Length: 0\r\nConnection: close\r\n\r\n')
            elif path == b'/mute':
                s.recv(1)
            elif path == b'/cut':
                s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nno')
            else:
                s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n'
                          b'Connection: close\r\n\r\n' + BODY)
    except (OSError, IndexError):
        c.close()


def plain(c, ports):
    """/up/KIND/PAGE leads to the server of that kind."""
    try:
        kind = c.recv(4096).split(b' ')[1].decode().split('/')[2]
        c.sendall(b'HTTP/1.1 301 x\r\nLocation: https://127.0.0.1:%d/\r\n'
                  b'Content-Length: 0\r\nConnection: close\r\n\r\n'
                  % ports[KINDS.index(kind)])
    except (OSError, IndexError, ValueError):
        pass
    c.close()


def serve(listener, answer, arg):
    while True:
        c, _ = listener.accept()
        threading.Thread(target=answer, args=(c, arg), daemon=True).start()


def listen(answer, arg):
    listener = socket.create_server(('127.0.0.1', 0))
    threading.Thread(target=serve, args=(listener, answer, arg),
                     daemon=True).start()
    return listener.getsockname()[1]


def main():
    make()
    ports = []
    for kind in KINDS:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f'{top}/{kind}.pem', f'{top}/{kind}.key')
        if kind == 'old':
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        ports.append(listen(one, context))
    ports.append(listen(lambda c, _: c.recv(1) and c.recv(1 << 16) and
                        threading.Event().wait(), None))
    ports.append(listen(plain, ports))
    print(*ports, flush=True)
    sys.stdin.read()


main()
