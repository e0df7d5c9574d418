#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The share portal, whole: real roles in their sandboxes, TLS, an SMTP server
of the test, browsers without script.  A file goes to the right person, or the
link is dead; then everything that a stranger tries."""
import http.client
import io
import json
import os
import re
import signal
import socket
import sqlite3
import ssl
import sys
import threading
import time
import urllib.parse
import zipfile

SOURCE = os.environ['HB_SOURCE_ROOT']
BUILD = os.environ['HB_BUILD_ROOT']
sys.path.insert(0, SOURCE + '/drills/lib')
import bed as lab  # noqa: E402
import locker  # noqa: E402

NASTY = '請求書 "><script>alert(1)<b onclick=x>.txt'
SATO, BOSS, OUT = 'sato@city.example', 'boss@city.example', 'a@partner.example'
count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}', flush=True)
    if not good:
        print('\n'.join('# ' + line for line in str(why).split('\n')[-30:]))
    return good


def install(bed, mails, more=''):
    os.mkdir(bed.web)
    with open(bed.web + '/index.html', 'w') as f:
        f.write('<h1>town hall</h1>\n')
    bed.hinoban('init', '--no-passphrase', '--organisation', '火の見町', '--site',
                'drill', '--site-root', bed.web)
    bed.hinoban('person', 'add', 'officer', '--roles', 'officer,admin', '--uid',
                str(lab.OFFICER), '--mail', 'officer@city.example',
                '--no-passphrase', '--key-to', bed.top + '/officer.key')
    return locker.portal(bed, mails, more=f'  approvers: [{BOSS}]\n' + more)


class Test:
    def __init__(self, bed, mails, origin, ca):
        self.bed, self.mails, self.origin, self.ca = bed, mails, origin, ca
        self.desk = self.browser()

    def browser(self, **kw):
        return locker.Browser(self.origin, self.ca, **kw)

    # ---- the way that it is meant ----
    def right_person(self):
        page = self.desk.sign_in(self.mails, SATO)
        ok(page.status == 200 and '/shares' in page.url, 'our own people sign in',
           page.plain())
        data = os.urandom(3 << 20)
        n = self.desk.share([OUT, 'b@partner.example'],
                            {NASTY.replace('"', '%22'): data, 'b.csv': b'x,y\n'},
                            note='一行目\r\n<b>二行目</b>', most='2')
        page = self.desk.upload(f'/shares/{n}/file', page.csrf(),
                                '見積\u202egpj.exe', b'x')
        ok(page.status == 422, 'a name that reads otherwise is refused',
           page.plain())
        page = self.desk.get(f'/shares/{n}')
        ok('<script>alert' not in page.text and '&lt;script&gt;' in page.text,
           'a name cannot become part of the page', page.text)
        page = self.desk.deed(n, 'submit')
        ok('open' in page.plain(), 'handed in and open', page.plain())
        link = self.mails.link(OUT)
        other = self.mails.link('b@partner.example')
        ok(link and other and link != other, 'each recipient has a link')
        self.link, self.other, self.number = link, other, n
        guest = self.browser()
        page = guest.get(f'/s/{link}')
        ok(page.status == 200 and 'b.csv' not in page.text and
           '二行目' not in page.text, 'before the code nothing is shown',
           page.text)
        for _ in range(5):
            self.browser().get(f'/s/{link}')
        page = guest.prove(self.mails, link, OUT)
        ok('b.csv' in page.text and '一行目' in page.text,
           'the mailbox is proven', page.plain())
        ok('&lt;b&gt;' in page.text, 'a note cannot become part of the page')
        files = re.findall(r'name="file" value="(\d+)"', page.text)
        self.files = files
        got = guest.post(f'/s/{link}/get', csrf=page.csrf(), file=files[0])
        ok(got.status == 200 and got.body == data, 'contents come as they went')
        kind = got.headers['Content-Disposition']
        ok('\n' not in kind and 'filename*=UTF-8' in kind and
           '%E8%AB%8B' in kind and '<' not in kind and
           got.headers['Content-Type'] == 'application/octet-stream',
           'a hostile name is a harmless header', kind)
        again = guest.post(f'/s/{link}/get', csrf=page.csrf(), file=files[0])
        third = guest.post(f'/s/{link}/get', csrf=page.csrf(), file=files[0])
        ok((again.status, third.status) == (200, 403),
           'the third of two downloads is refused', third.plain())
        page = self.desk.get(f'/shares/{n}')
        ok('download begun' in page.text and 'wrong code' not in page.text,
           'the owner sees it', page.plain())
        # It breaks off, and goes on where it stands: one download.
        n2 = self.desk.share([OUT], {'c.bin': data}, most='1')
        self.desk.deed(n2, 'submit')
        link2 = self.mails.link(OUT)
        one = self.browser()
        page = one.prove(self.mails, link2, OUT)
        file = re.search(r'name="file" value="(\d+)"', page.text).group(1)
        got = one.post(f'/s/{link2}/get', csrf=page.csrf(), file=file,
                       headers={'Range': 'bytes=100-'})
        ok(got.status == 206 and got.body == data[100:] and
           got.headers['Content-Range'] == f'bytes 100-{len(data) - 1}'
           f'/{len(data)}', 'a part is a part', got.status)
        again = one.get(got.url)
        ok(again.status == 410, 'at its end a download is over', again.status)
        got = one.post(f'/s/{link2}/get', csrf=page.csrf(), file=file)
        ok(got.status == 403, 'and another one is another count')
        self.desk.deed(n2, 'delete')
        self.guest = guest

    def ja(self):
        page = self.browser(lang='ja').get(f'/s/{self.other}')
        ok('lang="ja"' in page.text and '6 桁' in page.plain(),
           'the same page in Japanese', page.plain())

    # ---- somebody else ----
    def wrong_person(self):
        thief = self.browser()
        page = thief.get(f'/s/{self.link}')
        csrf = page.csrf()
        thief.post(f'/s/{self.link}/ask', csrf=csrf)
        code = self.mails.code(OUT)
        ok(code is not None, 'the code goes to the mailbox, whoever asks')
        elsewhere = self.browser()
        page = elsewhere.get(f'/s/{self.link}')
        page = elsewhere.post(f'/s/{self.link}/open', csrf=page.csrf(),
                              code=code)
        ok(page.status == 403, 'a code works in its own browser only',
           page.plain())
        for name in ('0000000', '12345', 'abcdef', '', "' or 1=1"):
            page = thief.post(f'/s/{self.link}/open', csrf=csrf, code=name)
            if page.status != 403:
                break
        ok(page.status == 403, 'no other text is a code', page.plain())
        wrong = [c for c in ('000000', '111111', '222222', '333333', '444444',
                             '555555') if c != code][:5]
        said = [thief.post(f'/s/{self.link}/open', csrf=csrf, code=c).status
                for c in wrong]
        page = thief.post(f'/s/{self.link}/open', csrf=csrf, code=code)
        ok(said == [403] * 5 and page.status == 403,
           'after five wrong ones the right one is none', said)
        # The grant of one link opens no other.
        page = self.guest.get(f'/s/{self.other}')
        ok('b.csv' not in page.text, 'one proof opens one link')
        got = self.guest.post(f'/s/{self.other}/get', csrf=page.csrf(),
                              file=self.files[0])
        ok(got.headers['Content-Disposition'] is None,
           'nor does a file number of it')
        got = self.browser().post(f'/s/{self.link}/get',
                                  csrf=csrf, file=self.files[0])
        ok(got.status == 403, 'nothing without a proof')

    def forged(self):
        page = self.guest.get(f'/s/{self.link}')
        csrf = page.csrf()
        got = self.guest.post(f'/s/{self.link}/get', csrf=csrf, file='1',
                              headers={'Origin': 'https://evil.example'})
        ok(got.status == 403, 'a form of another page is refused')
        got = self.guest.post(f'/s/{self.link}/get', csrf=csrf, file='1',
                              headers={'Origin': 'null'})
        ok(got.status == 403, 'so is one without a name')
        got = self.guest.post(f'/s/{self.link}/get', csrf='0' * 64, file='1')
        ok(got.status == 403, 'so is one with a made-up token')
        got = self.guest.post(f'/s/{self.link}/get', file='1')
        ok(got.status == 403, 'and one without')
        before = self.desk.get(f'/shares/{self.number}').text.count('begun')
        for what in ('get', 'ask', 'open', 'notme', 'leave', 'reopen'):
            got = self.guest.get(f'/s/{self.link}/{what}?csrf={csrf}&file=1')
            if got.status != 405:
                break
        ok(got.status == 405, 'a GET does nothing', got.status)
        after = self.desk.get(f'/shares/{self.number}').text.count('begun')
        ok(before == after, 'and counts nothing')

    def strangers(self):
        page = self.browser().get('/s/' + 'A' * 43)
        dead = self.browser().get('/s/' + self.link[:-1] + '_')
        ok(page.status == 404 and dead.status == 404 and
           page.plain() == dead.plain(), 'links that never were look the same')
        for path in ('/s/', '/s/x', '/shares/1/../2', '/../etc/passwd',
                     '/%2e%2e/x', '/s/%00', '/a%5cb', '/%ff', '//evil.example/',
                     '/static/../x', '/static/hinoban.css', '/x' * 1500):
            s = self.raw(f'GET {path} HTTP/1.1\r\nHost: {self.host()}\r\n\r\n')
            if s not in (400, 404, 414, 431):
                break
        ok(s in (400, 404, 414, 431), 'no path leads elsewhere', f'{path}: {s}')
        page = self.browser().get('/shares')
        ok('/signin' in page.url, 'nobody without a session')
        stranger = self.browser()
        n = len(self.mails.mails)
        csrf = stranger.get('/signin').csrf()
        a = stranger.post('/signin', csrf=csrf, address='nobody@evil.example')
        ours = self.browser()
        csrf = ours.get('/signin').csrf()
        b = ours.post('/signin', csrf=csrf, address=BOSS)
        ok(a.status == b.status == 200 and
           a.plain().replace('nobody@evil.example', BOSS) == b.plain(),
           'who is one of us is not to be learnt')
        time.sleep(1)
        ok(len(self.mails.mails) == n + 1 and self.mails.code(BOSS),
           'and strangers get no mail')
        other = self.browser()
        other.sign_in(self.mails, 'ito@city.example')
        page = other.get(f'/shares/{self.number}')
        ok(page.status == 404, "a colleague's share is not there")
        page = other.get('/approve')
        ok(page.status == 404, 'and nothing to approve for who may not')

    def host(self):
        return self.origin.split('://')[1]

    def raw(self, text, wait=10):
        """The status of whatever bytes."""
        port = int(self.origin.rsplit(':', 1)[1])
        context = ssl.create_default_context(cafile=self.ca)
        with socket.create_connection(('127.0.0.1', port), wait) as s:
            with context.wrap_socket(s, server_hostname='localhost') as t:
                t.sendall(text.encode('utf-8', 'surrogateescape'))
                try:
                    line = t.recv(64)
                except OSError:
                    return 0
        got = re.match(rb'HTTP/1\.1 (\d+)', line)
        return int(got.group(1)) if got else 0

    def smuggling(self):
        host = f'Host: {self.host()}\r\n'
        rows = (
            ('another host', 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n',
             (421,)),
            ('no host', 'GET / HTTP/1.1\r\n\r\n', (400,)),
            ('two hosts', f'GET / HTTP/1.1\r\n{host}Host: evil\r\n\r\n', (400,)),
            ('two lengths', f'POST /signin HTTP/1.1\r\n{host}Content-Length: 1'
             '\r\nContent-Length: 2\r\n\r\nab', (400,)),
            ('length and chunks', f'POST /signin HTTP/1.1\r\n{host}'
             'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
             (400,)),
            ('a negative length', f'POST /signin HTTP/1.1\r\n{host}'
             'Content-Length: -1\r\n\r\n', (0, 400, 413)),
            ('a method of our own', f'BREW / HTTP/1.1\r\n{host}\r\n',
             (405, 501)),
            ('a GET with chunks', f'GET /signin HTTP/1.1\r\n{host}'
             'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n', (400,)),
            ('TRACE', f'TRACE / HTTP/1.1\r\n{host}\r\n', (405, 501)),
            ('an endless form', f'POST /signin HTTP/1.1\r\n{host}Origin: '
             f'{self.origin}\r\nContent-Type: application/x-www-form-urlencoded'
             '\r\nContent-Length: 99999999\r\n\r\n', (413,)),
            ('a body of no kind', f'POST /signin HTTP/1.1\r\n{host}'
             'Content-Type: text/xml\r\nContent-Length: 5\r\n\r\n<a/>\n',
             (415, 403)),
        )
        for name, text, want in rows:
            got = self.raw(text)
            ok(got in want, name, got)

    def kept(self):
        """A browser loads a page and what belongs to it over one connection:
        a handshake for each took 5 ms, and tens under load."""
        port = int(self.origin.rsplit(':', 1)[1])
        c = http.client.HTTPSConnection(
            'localhost', port, timeout=20,
            context=ssl.create_default_context(cafile=self.ca))
        got = []
        for path in ('/signin', '/nothing', '/signin'):
            c.request('GET', path)
            r = c.getresponse()
            r.read()
            got.append((r.status, r.will_close))
        c.close()
        ok(got == [(200, False), (404, False), (200, False)],
           'a connection serves one page after the other', got)

    def headers(self):
        for path in ('/signin', '/nothing', f'/s/{self.link}'):
            h = self.browser().get(path).headers
            good = (h['Content-Security-Policy'].startswith("default-src 'none'")
                    and h['X-Content-Type-Options'] == 'nosniff' and
                    h['Referrer-Policy'] == 'no-referrer' and
                    h['Cache-Control'] == 'no-store' and
                    'Strict-Transport-Security' in h)
            ok(good, f'safe headers on {path.split("/")[1]}', str(h))
        cookies = {c.name: c for c in self.desk.jar}
        ok(all(n.startswith('__Host-') and c.secure and
               c.has_nonstandard_attr('HttpOnly') and c.path == '/'
               for n, c in cookies.items()), 'cookies are bound to this host',
           str(cookies))

    # ---- a link dies ----
    def revoked(self):
        data = os.urandom(64 << 20)
        n = self.desk.share([OUT], {'big.bin': data})
        self.desk.deed(n, 'submit')
        link = self.mails.link(OUT)
        guest = self.browser()
        page = guest.prove(self.mails, link, OUT)
        cookies = '; '.join(f'{c.name}={c.value}' for c in guest.jar)
        file = re.search(r'name="file" value="(\d+)"', page.text).group(1)
        port = int(self.origin.rsplit(':', 1)[1])
        c = http.client.HTTPSConnection(
            'localhost', port, timeout=20,
            context=ssl.create_default_context(cafile=self.ca))
        c.request('POST', f'/s/{link}/get',
                  urllib.parse.urlencode({'csrf': page.csrf(), 'file': file}),
                  {'Cookie': cookies, 'Origin': self.origin, 'Content-Type':
                   'application/x-www-form-urlencoded'})
        r = c.getresponse()
        r.read()
        c.request('GET', r.getheader('Location'), headers={'Cookie': cookies})
        r = c.getresponse()
        got = len(r.read(1 << 20))
        ended = []

        def slow():
            nonlocal got
            try:
                while more := r.read(65536):
                    got += len(more)
                    time.sleep(0.05)
            except (OSError, http.client.HTTPException, ssl.SSLError):
                pass
            ended.append(time.monotonic())
        t = threading.Thread(target=slow)
        t.start()
        time.sleep(0.5)
        began = time.monotonic()
        page = self.desk.deed(n, 'revoke')
        said = time.monotonic()
        first = self.browser().get(f'/s/{link}')
        took = time.monotonic() - began
        ok(first.status == 404 and took < 1.0,
           'a revoked link is dead within a second', f'{took:.2f} s')
        t.join(60)
        ok(ended and got < len(data),
           'a download under way is cut', f'{got} of {len(data)}')
        # What lay in the buffers of the sockets runs out; no more comes.
        ok(ended and got < (24 << 20), 'at once', f'{got}, {said - began:.2f}')
        page = guest.get(f'/s/{link}')
        ok(page.status == 404, 'and the proof with it')
        blobs = self.bed.root + '/var/lib/hinoban/share/blobs'
        end = time.monotonic() + 60
        while time.monotonic() < end and any(
                os.path.getsize(f'{blobs}/{f}') > 60 << 20
                for f in os.listdir(blobs)):
            time.sleep(0.5)
        ok(not any(os.path.getsize(f'{blobs}/{f}') > 60 << 20
                   for f in os.listdir(blobs)),
           'its contents are gone within a minute')

    def misdelivered(self):
        page = self.desk.get(f'/shares/{self.number}')
        who = re.findall(r'name="recipient" value="(\d+)"', page.text)
        page = self.desk.deed(self.number, 'wrong', recipient=who[0])
        ok('downloaded 2 times' in page.plain(),
           'what was opened is counted from our own record', page.plain())
        ok(self.browser().get(f'/s/{self.link}').status == 404,
           'the wrong link is dead')
        ok(self.browser().get(f'/s/{self.other}').status == 200,
           'the right one goes on')
        self.desk.deed(self.number, 'confirm', recipient=who[0])
        confirm = self.mails.link(OUT, 'c')
        ok(confirm is not None, 'the request to delete goes out by a button')
        stranger = self.browser()
        page = stranger.get(f'/c/{confirm}')
        ok('b.csv' in page.text and page.status == 200, 'they see what it is')
        csrf = page.csrf()
        page = stranger.post(f'/c/{confirm}', csrf=csrf, name='', method='x')
        ok(page.status == 422, 'a confirmation needs a name')
        page = stranger.post(f'/c/{confirm}', csrf=csrf, name='田中',
                             method='opened', words='開いてしまいました')
        ok(page.status == 200 and 'Thank you' in page.text, 'confirmed',
           page.plain())
        end = time.monotonic() + 20
        facts = []
        while time.monotonic() < end:
            r = self.bed.officer('fact', 'list', '1', '--json', check=False)
            facts = r.stdout
            if 'deletion_confirmed' in facts:
                break
            time.sleep(0.3)
        ok('"opened_count"' in facts and 'deletion_confirmed' in facts,
           'the incident of case 15 knows', facts)

    def third_person(self):
        program = b'MZ' + bytes(200)
        page = self.desk.get('/shares/new')
        n = self.desk.share([OUT], {'tool.bin': program})
        page = self.desk.deed(n, 'submit')
        ok(page.status == 409 and self.mails.find(OUT, 'x^', 0) is None,
           'a program is refused by the rules', page.plain())

    def looked_into(self):
        """A list of persons waits for a third person, whoever sends it and in
        whatever it lies; so does what nobody can look into."""
        people = '氏名,電話番号\r\n' + ''.join(
            f'{s} {g},090-1234-{i:04}\r\n' for i, (s, g) in enumerate(
                ('佐藤 健一', '鈴木 美咲', '高橋 大輔', '田中 陽子', '伊藤 翔太',
                 '渡辺 直美', '山本 拓也', '中村 由美', '小林 正人', '加藤 恵子',
                 '吉田 浩二', '山田 花子')[k].split() for k in range(12)))
        data = people.encode('cp932')
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as z:
            z.writestr('名簿.csv', data)
        for name, body, words in (
                ('list.csv', data, 'holds personal data'),
                ('list.zip', packed.getvalue(), 'holds personal data'),
                ('list.xls', b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' + b'\0' * 999,
                 'could not be looked into')):
            n = self.desk.share([OUT], {name: body})
            page = self.desk.get(f'/shares/{n}')
            ok(words in page.plain(), f'{name}: {words}', page.plain())
            page = self.desk.deed(n, 'submit')
            ok('third person' in page.plain(), f'{name} waits', page.plain())
        killed = 0
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{pid}/cmdline', 'rb') as f:
                    words = f.read().split(b'\0')
            except OSError:
                continue
            if words[0].endswith(b'hinoban') and b'look' in words and \
                    self.bed.root.encode() in b' '.join(words):
                os.kill(int(pid), signal.SIGKILL)
                killed += 1
        n = self.desk.share([OUT], {'again.csv': data})
        page = self.desk.get(f'/shares/{n}')
        ok(killed == 1 and 'holds personal data' in page.plain(),
           'a role look that died is back', page.plain())
        path = self.bed.top + '/list.csv'
        with open(path, 'wb') as f:
            f.write(data)
        r = self.bed.hinoban('share', 'new', path, '--owner', SATO, '--to', OUT,
                             '--json')
        said = json.loads(r.stdout)
        ok(said['decision'] == 'approval' and
           said['reasons'] == ['personal-data'], 'by command as well', r.stdout)

    def in_a_hurry(self):
        """Who waits before a page for a code does not wait for other mail."""
        n = self.desk.share([OUT], {'h.txt': b'hello\n'})
        self.desk.deed(n, 'submit')
        link = self.mails.link(OUT)
        self.mails.slow = 0.4
        others = [f'r{i}@partner.example' for i in range(10)]
        n = self.desk.share(others, {'many.txt': b'hello\n'})
        self.desk.deed(n, 'submit')
        page = self.browser().prove(self.mails, link, OUT)
        waiting = sum(self.mails.count(to) == 0 for to in others)
        ok('h.txt' in page.plain() and waiting > 2,
           'a code goes before the links of others', (waiting, page.plain()))
        self.mails.slow = 0
        ok(lab.until(lambda: all(self.mails.count(to) for to in others), 20,
                     0.1) is not None, 'and these go as well')

    def guessed(self):
        """The fiftieth wrong code of a link is its last, and is told."""
        n = self.desk.share([OUT], {'g.txt': b'hello\n'})
        self.desk.deed(n, 'submit')
        link = self.mails.link(OUT)
        db = sqlite3.connect(self.bed.root + '/var/lib/hinoban/share/locker.db',
                             timeout=10)
        with db:
            db.execute('UPDATE recipient SET wrong = 49 WHERE share = ?', (n,))
        db.close()
        stranger = self.browser()
        csrf = stranger.get(f'/s/{link}').csrf()
        stranger.post(f'/s/{link}/ask', csrf=csrf)
        code = self.mails.code(OUT)
        page = stranger.post(f'/s/{link}/open', csrf=csrf,
                             code='000000' if code != '000000' else '000001')
        ok(page.status == 403, 'a wrong code', page.plain())
        page = stranger.post(f'/s/{link}/ask', csrf=csrf)
        ok(page.status == 410 and 'no more codes' in page.plain(),
           'the link takes no more', page.plain())
        ok(self.mails.find(SATO, '(Too many wrong codes)') is not None,
           'its owner is told')

    def command_line(self):
        """The same store, policy and letters; what a page would say."""
        path = self.bed.top + '/offer.txt'
        with open(path, 'w') as f:
            f.write('an offer\n')
        tool = self.bed.top + '/tool.exe'
        with open(tool, 'wb') as f:
            f.write(b'MZ' + bytes(99))
        share = ['share', 'new', '--owner', SATO, '--to', OUT]
        n = self.mails.count(OUT)
        r = self.bed.hinoban(*share, path, '--dry-run', '--json')
        said = json.loads(r.stdout)
        ok(said['decision'] == 'allow' and said['id'] == 0 and
           self.mails.count(OUT) == n, 'a dry run says it and does nothing',
           r.stdout)
        r = self.bed.hinoban(*share, path, '--json')
        said = json.loads(r.stdout)
        link = self.mails.link(OUT)
        ok(said['decision'] == 'allow' and link is not None,
           'a share from the command line', r.stdout + r.stderr)
        guest = self.browser()
        page = guest.prove(self.mails, link, OUT)
        ok('offer.txt' in page.text, 'its recipient opens it', page.plain())
        for words in (share + [tool], share + [tool, '--dry-run']):
            r = self.bed.hinoban(*words, '--json', check=False)
            ok(r.returncode == 1 and json.loads(r.stdout)['decision'] ==
               'refuse', 'what the page refuses is refused', r.stdout + r.stderr)
        r = self.bed.hinoban(*share, path, '--to', 'x', check=False)
        ok(r.returncode == 1 and 'x: ' in r.stderr, 'no address is told',
           r.stderr)
        r = self.bed.officer('share', 'list', check=False)
        ok(r.returncode == 1 and 'sudo' in r.stderr,
           'who is not root is told what to do', r.stderr)
        number = str(said['id'])
        shown = json.loads(self.bed.hinoban('share', 'show', number,
                                            '--json').stdout)
        ok(shown['share'][0]['owner'] == SATO and
           shown['recipients'][0]['mail'] == OUT, 'show', shown)
        r = self.bed.hinoban('share', 'wrong', number, OUT)
        ok('Downloads by our own record: 0' in r.stdout and
           guest.get(f'/s/{link}').status == 404,
           'the wrong recipient, by command', r.stdout)
        ok(lab.until(lambda: len([
            i for i in self.bed.ask('incident', 'list') or []
            if i['case'] == 15]) == 3, 20, 0.3) is not None,
            'has an incident of its own', self.bed.ask('incident', 'list'))
        r = self.bed.hinoban('share', 'trail', number)
        ok('wrong-recipient' in r.stdout and SATO in r.stdout, 'the trail',
           r.stdout)
        r = self.bed.hinoban('share', 'verify')
        ok('whole' in r.stdout, 'and it is whole', r.stdout)
        r = self.bed.hinoban('share', 'rotate')
        ok(self.browser().get(f'/s/{self.other}').status == 200,
           'after a new key all goes on', r.stdout)
        for words in (['revoke', '999'], ['show', 'x'], ['revoke'], ['what'],
                      ['link', number, 'nobody@x.example']):
            r = self.bed.hinoban('share', *words, check=False)
            if r.returncode not in (1, 2) or not r.stderr:
                break
        ok(r.returncode in (1, 2) and r.stderr, 'mistakes are told', words)

    def guest_sends(self):
        n = self.desk.share(['g@partner.example'], {}, kind='invite')
        page = self.desk.deed(n, 'submit')
        link = self.mails.link('g@partner.example')
        guest = self.browser()
        page = guest.prove(self.mails, link, 'g@partner.example')
        ok('File to send' in page.text, 'a guest is asked for a file',
           page.plain())
        data = os.urandom(200000)
        page = guest.upload(f'/s/{link}/send', page.csrf(), '図面.bin', data)
        ok('図面.bin' in page.text, 'it arrives', page.plain())
        ok(self.mails.find(SATO, '(shares/%s)' % n) is not None,
           'its owner is told')
        page = self.desk.get(f'/shares/{n}')
        file = re.search(r'name="file" value="(\d+)"', page.text).group(1)
        got = self.desk.deed(n, 'fetch', file=file)
        ok(got.status == 409, 'what is held is not handed out', got.plain())
        self.desk.deed(n, 'accept', file=file)
        got = self.desk.deed(n, 'fetch', file=file)
        ok(got.body == data, 'what was taken is')
        # Pieces: begun, a wrong place, a break, the end.
        head = {'x-csrf': page.csrf()}
        csrf = guest.get(f'/s/{link}').csrf()
        head = {'x-csrf': csrf, 'x-name': urllib.parse.quote('続き.bin'),
                'x-size': '100000'}
        begun = guest.ask('POST', f'/s/{link}/piece', b'', head)
        number = re.search(r'\d+', begun.text).group(0)
        kind = {'Content-Type': 'application/octet-stream', 'x-csrf': csrf}

        def put(at, part, number=number):
            return guest.ask('PUT', f'/s/{link}/piece/{number}', part,
                             {**kind, 'x-offset': str(at)})
        ok(put(0, bytes(40000)).text == '{"at":40000,"done":false}',
           'a piece is taken')
        ok(put(50000, bytes(10)).status == 409, 'one from elsewhere is not')
        ok(put(40000, bytes(60000)).text == '{"at":100000,"done":true}',
           'the last one ends it')
        ok(put(0, bytes(10), file).status in (403, 404, 409),
           'a file that is whole takes no more')
        got = guest.ask('POST', f'/s/{link}/piece', b'',
                        {**head, 'x-name': '..%2f..%2fetc%2fpasswd'})
        ok(got.status == 422, 'a path is no name', got.status)
        got = guest.ask('POST', f'/s/{link}/piece', b'',
                        {**head, 'x-name': 'a', 'x-size': str(1 << 50)})
        ok(got.status == 413, 'a petabyte is too much', got.status)
        n2 = self.desk.share([OUT], {'c.csv': b'1'})
        got = guest.ask('PUT', f'/s/{link}/piece/{int(file) + 3}', b'x',
                        {**kind, 'x-offset': '0'})
        ok(got.status in (403, 404, 409), "nobody else's file", got.status)
        self.desk.deed(n2, 'delete')


def run(bed, mails):
    origin, ca, port = install(bed, mails)
    bed.start([bed.program, 'supervise'], 'log')
    if not ok(locker.listens(port), 'the portal listens'):
        with open(bed.top + '/log') as f:
            print('# ' + f.read()[-3000:].replace('\n', '\n# '))
        return
    t = Test(bed, mails, origin, ca)
    for part in (t.right_person, t.ja, t.wrong_person, t.forged, t.strangers,
                 t.smuggling, t.kept, t.headers, t.revoked, t.misdelivered,
                 t.third_person, t.looked_into, t.in_a_hurry,
                 t.guessed,
                 t.command_line, t.guest_sends):
        part()


def approval(bed, mails):
    """A second installation, where all needs a third person."""
    origin, ca, port = install(bed, mails, '  approve_all: true\n')
    bed.start([bed.program, 'supervise'], 'log')
    if not ok(locker.listens(port), 'the portal listens'):
        return
    desk = locker.Browser(origin, ca)
    desk.sign_in(mails, SATO)
    n = desk.share([OUT], {'a.txt': b'hello\n'})
    page = desk.deed(n, 'submit')
    ok('third person' in page.plain() and mails.find(OUT, '(/s/)', 1) is None,
       'it waits', page.plain())
    ok(mails.find(BOSS, '(approve)') is not None, 'who approves is told')
    ok(desk.get(f'/approve/{n}').status == 404, 'its owner cannot look at it so')
    boss = locker.Browser(origin, ca)
    boss.sign_in(mails, BOSS)
    page = boss.get('/approve')
    ok(SATO in page.text, 'it is on the list', page.plain())
    page = boss.get(f'/approve/{n}')
    csrf = page.csrf()
    file = re.search(r'name="file" value="(\d+)"', page.text).group(1)
    edition = re.search(r'name="edition" value="(\d+)"', page.text).group(1)
    got = boss.post(f'/approve/{n}/read', csrf=csrf, file=file)
    ok(got.body == b'hello\n', 'a third person looks into it')
    page = boss.post(f'/approve/{n}/yes', csrf=csrf, edition=edition)
    ok(page.status == 403, 'nobody approves with a mailbox alone', page.plain())
    page = boss.post('/factor/begin', csrf=csrf)
    secret = re.search(r'<strong>([A-Z2-7]{32})</strong>', page.text).group(1)
    ok(re.search(r'<path fill="#000" d="\s*M4 4h7v1', page.text),
       'its key is a picture as well', page.text)
    page = boss.post('/factor/code', csrf=csrf, code='000000')
    ok(page.status == 403, 'an authenticator is confirmed by its code')
    now = time.time()
    page = boss.post('/factor/code', csrf=csrf, code=locker.totp(secret, now))
    ok(page.status == 200, 'now it is', page.plain())
    page = boss.post(f'/approve/{n}/yes', csrf=csrf, edition=edition,
                     code=locker.totp(secret, now))
    ok(page.status == 403, 'a code is good once')
    page = boss.post(f'/approve/{n}/yes', csrf=csrf, edition='1')
    ok(page.status == 409 and mails.find(OUT, '(/s/)', 1) is None,
       'nobody approves what they were not shown', page.plain())
    page = boss.post(f'/approve/{n}/yes', csrf=csrf, edition=edition)
    ok(page.status == 200 and mails.link(OUT) is not None,
       'approved, and the link goes out', page.plain())
    n = desk.share([OUT], {'b.txt': b'hello\n'})
    desk.deed(n, 'submit')
    page = boss.post(f'/approve/{n}/no', csrf=csrf, why='宛先が違います')
    ok(mails.find(SATO, '(宛先が違います)') is not None, 'sent back with a reason')
    path = bed.top + '/c.txt'
    with open(path, 'w') as f:
        f.write('c\n')
    for words in (['new', path], ['invite']):
        r = bed.hinoban('share', words[0], *words[1:], '--owner', SATO, '--to',
                        OUT, '--json')
        ok(json.loads(r.stdout)['decision'] == 'approval',
           f'{words[0]} by command waits as well', r.stdout)
    n = desk.share(['g@partner.example'], {}, kind='invite')
    page = desk.deed(n, 'submit')
    ok('third person' in page.plain(), 'and so does an invitation',
       page.plain())
    waiting = json.loads(bed.hinoban('share', 'list', '--waiting',
                                     '--json').stdout)
    ok(len(waiting) == 3 and mails.find(OUT, '(/s/)', 1) is None,
       'nothing went out', waiting)
    r = bed.hinoban('share', 'factor', BOSS)
    page = boss.get('/factor')
    ok('Set up an authenticator' in page.text,
       'a lost telephone is taken away by root', r.stdout)


def main():
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        return
    for part in (run, approval):
        bed = lab.Bed(BUILD + '/src/hinoban', SOURCE, BUILD + '/po')
        mails = locker.Mailboxes()
        try:
            part(bed, mails)
        finally:
            bed.stop()
            mails.close()
    print(f'1..{count}')


main()
