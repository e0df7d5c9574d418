#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A webhook for tests: prints its port, answers /ok with 204, /away with a
redirect to /ok, the rest with 500, and writes what it got to the file that it
is given, one JSON object a line, until its standard input ends.  Imported, it
is the class Hook."""
import http.server
import json
import sys
import threading


class Hook:
    def __init__(self, log=None):
        self.got, hook = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                n = int(self.headers.get('Content-Length', '0'))
                one = {'path': self.path, 'body': self.rfile.read(n).decode(),
                       'signature': self.headers.get('X-Hinoban-Signature'),
                       'type': self.headers.get('Content-Type')}
                hook.got.append(one)
                if log:
                    with open(log, 'a', encoding='utf-8') as f:
                        f.write(json.dumps(one) + '\n')
                self.send_response({'/ok': 204, '/away': 302}.get(self.path,
                                                                  500))
                self.send_header('Location', '/ok')
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0),
                                                      Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()


if __name__ == '__main__':
    print(Hook(sys.argv[1]).port, flush=True)
    sys.stdin.read()
