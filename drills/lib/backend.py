# SPDX-License-Identifier: Apache-2.0
"""backend.py FOLDER LOG - the program behind the site that the drills attack:
vulnerable on purpose, and harmless, as it only does what it is asked to in
FOLDER.  On 127.0.0.1:8081 of the network namespace that it is started in.

Each request that reaches it is one line of LOG, so that a drill can tell what
a firewall let through.

  /app/form    POST: appends the entry to FOLDER/form.csv
  /app/find    ?id=N: that person; whatever looks like SQL: all of them
  /app/upload  POST: writes the file of a form to FOLDER, by its own name
  /app/edit    POST: writes the field "text" to FOLDER/edited.html
  /app/report  ?tpl=...: a stand-in for the hole of an advisory; a harmless
               marker shows that it was used
"""
import http.server
import os
import re
import sys
import urllib.parse

FOLDER, LOG = sys.argv[1:]
SQL = re.compile(r"union|'|--|select", re.I)
MARKER = 'drill-marker-'


class Program(http.server.BaseHTTPRequestHandler):
    def answer(self, text, status=200):
        body = text.encode('utf-8')
        self.send_response(status)
        self.send_header('Content-Type', 'text/plain; charset=utf-8')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self):
        with open(LOG, 'a', encoding='utf-8') as f:
            f.write(f'{self.command} {self.path}\n')

    def do_GET(self):
        self.note()
        at = urllib.parse.urlsplit(self.path)
        field = dict(urllib.parse.parse_qsl(at.query))
        if at.path == '/app/find':
            with open(FOLDER + '/form.csv', encoding='utf-8') as f:
                rows = f.read().split('\n')
            if SQL.search(field.get('id', '')):
                self.answer('\n'.join(rows))
            else:
                self.answer(rows[int(field.get('id', '1') or 1)])
        elif at.path == '/app/report':
            used = MARKER in field.get('tpl', '')
            self.answer('used: ' + field['tpl'] if used else 'a report')
        else:
            self.answer('a form')

    def do_POST(self):
        self.note()
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        if self.path == '/app/upload':
            name = re.search(rb'filename="([^"/]+)"', body)
            _, _, content = body.partition(b'\r\n\r\n')
            with open(os.path.join(FOLDER, name.group(1).decode()), 'wb') as f:
                f.write(content.rsplit(b'\r\n--', 1)[0])
            self.answer('taken')
            return
        field = dict(urllib.parse.parse_qsl(body.decode('utf-8')))
        if self.path == '/app/edit':
            with open(FOLDER + '/edited.html', 'w', encoding='utf-8') as f:
                f.write(field.get('text', ''))
        else:
            with open(FOLDER + '/form.csv', 'a', encoding='utf-8') as f:
                f.write(','.join(field.values()) + '\n')
        self.answer('taken')

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(('127.0.0.1', 8081), Program).serve_forever()
