#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that misbehaves, for test_fetch: prints its port, then answers each
path in its own bad way until its standard input ends."""
import os
import socket
import sys
import threading
import time


def answer(c):
    path = c.recv(4096).split(b' ')[1].decode()
    ok = b'HTTP/1.1 200 OK\r\nConnection: close\r\n'
    if path == '/good':
        c.sendall(ok + b'Content-Type: text/html\r\nContent-Length: 5\r\n\r\n'
                  b'hello')
    elif path == '/busy':
        c.sendall(b'HTTP/1.1 503 No\r\nRetry-After: 3600\r\n'
                  b'Content-Length: 2\r\n\r\nno')
    elif path == '/huge':
        c.sendall(ok + b'\r\n')
        while True:
            c.sendall(b'x' * 65536)
    elif path == '/headers':
        c.sendall(ok)
        while True:
            c.sendall(b'X-More: ' + b'y' * 4000 + b'\r\n')
    elif path == '/slow':
        c.sendall(ok + b'Content-Length: 100000\r\n\r\n')
        while True:
            c.sendall(b'z')
            time.sleep(0.05)
    elif path == '/silent':
        time.sleep(60)
    elif path == '/noise':
        c.sendall(os.urandom(4096))
    elif path == '/loop':
        c.sendall(b'HTTP/1.1 302 x\r\nLocation: /loop\r\n'
                  b'Content-Length: 0\r\n\r\n')
    elif path == '/once':
        c.sendall(b'HTTP/1.1 301 x\r\nLocation: /good\r\n'
                  b'Content-Length: 0\r\n\r\n')
    elif path == '/elsewhere':
        c.sendall(b'HTTP/1.1 302 x\r\nLocation: http://127.0.0.9:1/x\r\n'
                  b'Content-Length: 0\r\n\r\n')
    elif path == '/file':
        c.sendall(b'HTTP/1.1 302 x\r\nLocation: file:///etc/passwd\r\n'
                  b'Content-Length: 0\r\n\r\n')
    elif path == '/short':
        c.sendall(ok + b'Content-Length: 100\r\n\r\nonly this')


def one(c):
    try:
        answer(c)
    except (OSError, IndexError, UnicodeDecodeError):
        pass
    finally:
        c.close()


s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen(16)
print(s.getsockname()[1], flush=True)


def serve():
    while True:
        threading.Thread(target=one, args=(s.accept()[0],),
                         daemon=True).start()


threading.Thread(target=serve, daemon=True).start()
sys.stdin.read()
