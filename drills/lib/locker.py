# SPDX-License-Identifier: Apache-2.0
"""locker.py - the share portal as its visitors meet it: a browser without
JavaScript, and the mailboxes that its letters go to.  For drills, for tests
and for the sample of ./dev up; standard library only.

    locker.py mailboxes FOLDER          keeps mails there, prints its port
    locker.py share ORIGIN CA FOLDER    a share to try; prints its link
    locker.py fetch ORIGIN CA FOLDER LINK   as its recipient does"""
import base64
import email
import email.policy
import hashlib
import hmac
import http.cookiejar
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request


LOOKING = re.compile('being looked into|内容を確認しています')

class Mailboxes:
    """An SMTP server (RFC 5321) that keeps what it is given; HOLD: it takes a
    connection and says nothing."""

    def __init__(self, port=0, folder=None, serve=True):
        self.mails, self.folder, self.refuse = [], folder, set()
        self.loaded, self.listener = set(), None
        self.slow = 0  # seconds that a mail takes
        if not serve:
            return
        self.listener = socket.create_server(('127.0.0.1', port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def serve(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(c,), daemon=True).start()

    def one(self, c):
        f, rcpt = c.makefile('rwb', buffering=0), []

        def say(text):
            f.write(text + b'\r\n')
        try:
            say(b'220 mailboxes')
            while line := f.readline():
                word = line[:4].upper()
                if word == b'QUIT':
                    say(b'221 bye')
                    break
                if word == b'MAIL':
                    rcpt = []
                if word == b'RCPT':
                    to = line.split(b'<')[1].split(b'>')[0].decode()
                    if to in self.refuse:
                        say(b'550 no such mailbox')
                        continue
                    rcpt.append(to)
                if word != b'DATA':
                    say(b'250 ok')
                    continue
                say(b'354 go on')
                data = b''
                while (more := f.readline()) not in (b'.\r\n', b''):
                    data += more[1:] if more.startswith(b'.') else more
                time.sleep(self.slow)
                self.keep(rcpt, data)
                say(b'250 kept')
        except OSError:
            pass
        c.close()

    def keep(self, rcpt, data):
        self.take(rcpt, data)
        if self.folder:
            path = f'{self.folder}/{len(self.mails):04}'
            with open(path + '.new', 'wb') as f:
                f.write(data)
            os.rename(path + '.new', path + '.eml')

    def take(self, rcpt, data):
        m = email.message_from_bytes(data, policy=email.policy.default)
        self.mails.append({'to': rcpt or [m['To']], 'subject': m['Subject'],
                           'text': m.get_body(('plain',)).get_content()})

    def load(self):
        """Mails that another process keeps in the folder."""
        for name in sorted(os.listdir(self.folder)):
            if name.endswith('.eml') and name not in self.loaded:
                self.loaded.add(name)
                with open(f'{self.folder}/{name}', 'rb') as f:
                    self.take(None, f.read())

    def find(self, to, pattern, seconds=10):
        """What PATTERN's first group is in the newest mail to TO that matches
        and was not found before; None."""
        end = time.monotonic() + seconds
        while True:
            if self.listener is None:
                self.load()
            for m in reversed(self.mails):
                got = re.search(pattern, m['text'])
                if to in m['to'] and got and not m.get('seen'):
                    m['seen'] = True
                    return got.group(1)
            if time.monotonic() > end:
                return None
            time.sleep(0.05)

    def count(self, to):
        return sum(to in m['to'] for m in self.mails)

    def code(self, to):
        return self.find(to, r'(?<!\d)(\d{6})(?!\d)')

    def link(self, to, kind='s'):
        return self.find(to, rf'/{kind}/([A-Za-z0-9_-]{{43}})')


class Page:
    def __init__(self, status, body, headers, url):
        self.status, self.body, self.headers, self.url = (status, body, headers,
                                                          url)
        self.text = body.decode('utf-8', 'replace')

    def csrf(self):
        got = re.search(r'name="csrf" value="([0-9a-f]+)"', self.text)
        return got.group(1) if got else ''

    def plain(self):
        return re.sub(r'\s+', ' ', re.sub(r'<[^>]+>', ' ', self.text))


class Browser:
    """Cookies, forms, and no script.  ORIGIN: "https://localhost:8443"."""

    def __init__(self, origin, authority=None, lang='en'):
        self.origin, self.lang = origin, lang
        self.jar = http.cookiejar.CookieJar()
        handlers = [urllib.request.HTTPCookieProcessor(self.jar)]
        if authority:
            handlers.append(urllib.request.HTTPSHandler(
                context=ssl.create_default_context(cafile=authority)))
        self.opener = urllib.request.build_opener(*handlers)

    def ask(self, method, path, body=None, headers=None, timeout=30):
        head = {'Accept-Language': self.lang, **(headers or {})}
        if method != 'GET' and 'Origin' not in head:
            head['Origin'] = self.origin
        rq = urllib.request.Request(
            path if path.startswith('http') else self.origin + path, data=body,
            headers={k: v for k, v in head.items() if v is not None},
            method=method)
        try:
            r = self.opener.open(rq, timeout=timeout)
        except urllib.error.HTTPError as e:
            r = e
        return Page(r.status, r.read(), r.headers, r.url)

    def get(self, path, **kw):
        return self.ask('GET', path, **kw)

    def post(self, path, headers=None, timeout=30, **fields):
        return self.ask('POST', path,
                        urllib.parse.urlencode(fields).encode(),
                        {'Content-Type': 'application/x-www-form-urlencoded',
                         **(headers or {})}, timeout)

    def upload(self, path, csrf, name, data, field='file'):
        edge = 'edge' + hashlib.sha256(data).hexdigest()[:16]
        body = (f'--{edge}\r\nContent-Disposition: form-data; name="csrf"\r\n'
                f'\r\n{csrf}\r\n--{edge}\r\nContent-Disposition: form-data; '
                f'name="{field}"; filename="{name}"\r\n'
                'Content-Type: application/octet-stream\r\n\r\n').encode()
        body += data + f'\r\n--{edge}--\r\n'.encode()
        return self.ask('POST', path, body,
                        {'Content-Type': f'multipart/form-data; boundary={edge}'})

    # ---- the ways people go ----
    def prove(self, mails, link, mailbox):
        """The link's page with the mailbox proven; the page after it."""
        page = self.get(f'/s/{link}')
        csrf = page.csrf()
        page = self.post(f'/s/{link}/ask', csrf=csrf)
        code = mails.code(mailbox)
        return self.post(f'/s/{link}/open', csrf=csrf, code=code or '')

    def sign_in(self, mails, address):
        csrf = self.get('/signin').csrf()
        self.post('/signin', csrf=csrf, address=address)
        code = mails.code(address)
        return self.post('/signin/code', csrf=csrf, address=address,
                         code=code or '')

    def share(self, to, files, note='', days='7', most='5', kind='new'):
        """A draft with FILES (name to bytes); its number."""
        csrf = self.get(f'/shares/{kind}').csrf()
        page = self.post(f'/shares/{kind}', csrf=csrf, to='\n'.join(to),
                         note=note, days=days, most=most)
        number = page.url.rsplit('/', 1)[1]
        if not number.isdigit():
            raise RuntimeError(page.plain())
        for name, data in files.items():
            page = self.upload(f'/shares/{number}/file', csrf, name, data)
            if page.status != 200:
                raise RuntimeError(page.plain())
        end = time.monotonic() + 20
        while files and time.monotonic() < end:
            page = self.get(f'/shares/{number}')
            if not LOOKING.search(page.text):
                break
            time.sleep(0.05)
        return number

    def deed(self, number, what, **fields):
        page = self.get(f'/shares/{number}')
        return self.post(f'/shares/{number}/{what}', csrf=page.csrf(), **fields)


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as s:
        return s.getsockname()[1]


def portal(bed, mails, staff='city.example', more=''):
    """The portal of BED's installation, on a free port of this machine, before
    it is started; (origin, certificate authority, port)."""
    port = free_port()
    bed.hinoban('certificate', 'new', 'localhost', '127.0.0.1')
    tls = bed.root + '/etc/hinoban/tls'
    bed.settings('organisation:\n',
                 'organisation:\n'
                 f'  mail_relay: smtp://127.0.0.1:{mails.port}\n'
                 f'  mail_from: share@{staff}\n')
    bed.settings('', f'share:\n  listen: ["127.0.0.1:{port}"]\n'
                 f'  url: https://localhost:{port}/\n'
                 f'  certificate: {tls}/portal.pem\n'
                 f'  key: {tls}/portal.key\n  staff: [{staff}]\n' + more)
    return f'https://localhost:{port}', tls + '/authority.pem', port


def listens(port, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def totp(secret, when=None):
    """RFC 6238, as an authenticator shows it."""
    step = struct.pack('>Q', int(when if when is not None else time.time()) // 30)
    mac = hmac.new(base64.b32decode(secret), step, hashlib.sha1).digest()
    at = mac[19] & 15
    return f'{(struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06}'


# ---- the sample of ./dev up ----
OWNER, GUEST = 'sato@city.example', 'tanaka@partner.example'
LETTER = '見積書の見本です。\nA sample of an offer.\n'.encode()


def main(what, *args):
    if what == 'mailboxes':
        mails = Mailboxes(folder=args[0])
        print(mails.port, flush=True)
        threading.Event().wait()
    origin, authority, folder = args[:3]
    browser = Browser(origin, authority, 'ja')
    mails = Mailboxes(folder=folder, serve=False)
    if what == 'share':
        browser.sign_in(mails, OWNER)
        number = browser.share([GUEST], {'見積書.txt': LETTER},
                               note='ご査収ください。\nPlease have a look.')
        browser.deed(number, 'submit')
        print(mails.link(GUEST))
        return 0
    page = browser.prove(mails, args[3], GUEST)
    file = re.search(r'name="file" value="(\d+)"', page.text)
    if not file:
        sys.exit('locker: the mailbox was not proven: ' + page.plain()[-300:])
    got = browser.post(f'/s/{args[3]}/get', csrf=page.csrf(),
                       file=file.group(1))
    return 0 if got.body == LETTER else 'locker: other contents came'


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
