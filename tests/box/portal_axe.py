#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every page of the share portal, in Japanese and English, light and dark, 360
and 1280 px wide, by axe-core (WCAG 2.2 A and AA) in Debian's Chromium: no
violation, nothing wider than the window, no error on the console.  And the
same machine finds what is wrong on a page that is.  Needs npm and Chromium;
where they are missing it is skipped.  Only in ./dev test full, or by itself
(HB_FULL=1)."""
import json
import os
import re
import shutil
import subprocess
import sys
import time

SOURCE = os.environ['HB_SOURCE_ROOT']
BUILD = os.environ['HB_BUILD_ROOT']
sys.path.insert(0, SOURCE + '/drills/lib')
import bed as lab  # noqa: E402
import locker  # noqa: E402

SATO, BOSS, OUT = 'sato@city.example', 'boss@city.example', 'a@partner.example'
BAD = '''<!DOCTYPE html><html><head><title>x</title></head><body>
<input type="text"><p style="color:#bbb;background:#fff">pale</p>
<div style="width:2000px">wide</div><img src="data:,x">
<link rel="stylesheet" href="/static/none.css">
<button data-copy="x" data-copied="y">c</button><p aria-live="polite"></p>
<script>throw new Error('run')</script></body></html>'''
count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}', flush=True)
    if not good:
        print('\n'.join('# ' + line for line in str(why).split('\n')[:20]))
    return good


def lacks():
    if os.geteuid() != 0:
        return 'needs root'
    for tool in ('npm', 'node', 'chromium'):
        if shutil.which(tool) is None:
            return f'{tool} is not installed'
    return None


def modules():
    """The two packages, by npm's lock file, beside the build."""
    top = BUILD + '/axe'
    os.makedirs(top, exist_ok=True)
    for name in ('package.json', 'package-lock.json'):
        shutil.copy(f'{SOURCE}/tests/axe/{name}', top)
    r = subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit',
                        '--no-fund', '--silent'], cwd=top, timeout=300,
                       capture_output=True, text=True)
    return top if r.returncode == 0 else None


class Tour:
    secret = None  # of who approves: shown once, in the first tour

    def __init__(self, mails, origin, ca, lang):
        self.mails, self.origin, self.ca = mails, origin, ca
        self.lang, self.pages = lang, []
        self.desk, self.boss = self.browser(), self.browser()
        self.guest = self.browser()

    def browser(self):
        return locker.Browser(self.origin, self.ca, self.lang)

    def keep(self, name, page):
        kind = {k: v for k, v in page.headers.items()
                if k in ('Content-Type', 'Content-Security-Policy')}
        self.pages.append({'name': name, 'url': page.url, 'html': page.text,
                           'headers': kind, 'lang': self.lang})
        return page

    @staticmethod
    def approve(boss, n):
        page = boss.get(f'/approve/{n}')
        edition = re.search(r'name="edition" value="(\d+)"', page.text)
        boss.post(f'/approve/{n}/yes', csrf=page.csrf(),
                  edition=edition.group(1))
        return page.csrf()

    def go(self):
        desk, boss, guest, keep = self.desk, self.boss, self.guest, self.keep
        keep('sign in', desk.get('/signin'))
        csrf = desk.get('/signin').csrf()
        keep('sign in, code',
             desk.post('/signin', csrf=csrf, address=SATO))
        keep('sign in, wrong code',
             desk.post('/signin/code', csrf=csrf, address=SATO, code='1'))
        self.mails.code(SATO)
        keep('shares, none', desk.sign_in(self.mails, SATO))
        keep('new', desk.get('/shares/new'))
        csrf = desk.get('/shares/new').csrf()
        keep('new, wrong', desk.post('/shares/new', csrf=csrf, to='x', note='',
                                     days='7', most='5'))
        keep('invite', desk.get('/shares/invite'))
        n = desk.share([OUT, 'b@partner.example'], {'見積書.pdf': b'%PDF-x'},
                       note='一行目\n二行目')
        keep('share, draft', desk.get(f'/shares/{n}'))
        keep('share, submitted', desk.deed(n, 'submit'))
        boss.sign_in(self.mails, BOSS)
        keep('to approve', boss.get('/approve'))
        keep('look', boss.get(f'/approve/{n}'))
        keep('authenticator', boss.get('/factor'))
        csrf = boss.get('/factor').csrf()
        if Tour.secret is None:
            page = keep('authenticator, key',
                        boss.post('/factor/begin', csrf=csrf))
            Tour.secret = re.search(r'<strong>([A-Z2-7]{32})<',
                                    page.text).group(1)
            boss.post('/factor/code', csrf=csrf,
                      code=locker.totp(Tour.secret))
        else:  # each code is good once; the next one is taken, too
            boss.post('/factor/code', csrf=csrf, code=locker.totp(
                Tour.secret, time.time() + 30))
        keep('authenticator, set up', boss.get('/factor'))
        csrf = self.approve(boss, n)
        keep('share, open', desk.get(f'/shares/{n}'))
        keep('shares', desk.get('/shares'))
        link = self.mails.link(OUT)
        keep('link', guest.get(f'/s/{link}'))
        csrf = guest.get(f'/s/{link}').csrf()
        guest.post(f'/s/{link}/ask', csrf=csrf)
        keep('link, code', guest.get(f'/s/{link}?asked=1'))
        keep('link, wrong code',
             guest.post(f'/s/{link}/open', csrf=csrf, code='000000'))
        keep('files', guest.post(f'/s/{link}/open', csrf=csrf,
                                 code=self.mails.code(OUT)))
        file = re.search(r'name="file" value="(\d+)"',
                         self.pages[-1]['html']).group(1)
        for _ in range(5):
            guest.post(f'/s/{link}/get', csrf=csrf, file=file)
        keep('files, used up', guest.post(f'/s/{link}/get', csrf=csrf,
                                          file=file))
        page = desk.get(f'/shares/{n}')
        who = re.findall(r'name="recipient" value="(\d+)"', page.text)
        keep('wrong recipient', desk.post(f'/shares/{n}/wrong',
                                          csrf=page.csrf(), recipient=who[0]))
        desk.deed(n, 'confirm', recipient=who[0])
        confirm = self.mails.link(OUT, 'c')
        keep('confirm', guest.get(f'/c/{confirm}'))
        keep('confirmed', guest.post(f'/c/{confirm}', csrf=csrf, name='田中',
                                     method='unread'))
        keep('gone', guest.get(f'/s/{link}'))
        m = desk.share(['g@partner.example'], {}, kind='invite')
        desk.deed(m, 'submit')
        self.approve(boss, m)
        link = self.mails.link('g@partner.example')
        guest = self.browser()
        keep('guest', guest.prove(self.mails, link, 'g@partner.example'))
        keep('guest, sent', guest.upload(
            f'/s/{link}/send', guest.get(f'/s/{link}').csrf(), '図.bin', b'x'))
        keep('share, file held', desk.get(f'/shares/{m}'))
        keep('left', guest.post(f'/s/{link}/leave',
                                csrf=guest.get(f'/s/{link}').csrf()))
        desk.deed(m, 'delete')
        keep('share, deleted', desk.get(f'/shares/{m}'))
        keep('forged', guest.post(f'/s/{link}/leave', csrf='x'))
        return self.pages


def looks(top, bed, pages):
    """What the browser says of PAGES, one row a look."""
    path = bed.top + '/pages.json'
    with open(path, 'w') as f:
        json.dump({'chromium': shutil.which('chromium'), 'pages': pages}, f)
    r = subprocess.run(['node', SOURCE + '/tests/axe/axe.mjs', path, top],
                       capture_output=True, text=True, timeout=1500,
                       env=dict(os.environ, HOME=bed.top))
    rows = [json.loads(line) for line in r.stdout.split('\n') if line]
    return rows, r.stderr


def run(bed, mails, top):
    os.mkdir(bed.web)
    with open(bed.web + '/index.html', 'w') as f:
        f.write('x')
    bed.hinoban('init', '--no-passphrase', '--organisation', '火の見町', '--site',
                'drill', '--site-root', bed.web)
    origin, ca, port = locker.portal(
        bed, mails, more=f'  approvers: [{BOSS}]\n  approve_all: true\n')
    bed.start([bed.program, 'supervise'], 'log')
    if not ok(locker.listens(port), 'the portal listens', bed.log()):
        return
    pages = []
    for lang in ('ja', 'en'):
        pages += Tour(mails, origin, ca, lang).go()
    ok(len(pages) >= 60, f'{len(pages)} pages were visited')
    rows, err = looks(top, bed, pages)
    ok(len(rows) == 4 * len(pages), 'each is looked at four times', err)
    by_name = {}
    for row in rows:
        by_name.setdefault(row['name'], []).extend(
            f"{row['look']}: {p}" for p in row['problems'])
    for name, problems in by_name.items():
        ok(not problems, name, '\n'.join(problems))
    bad = [{'name': 'bad', 'url': origin + '/signin', 'html': BAD,
            'headers': {'Content-Type': 'text/html'}, 'lang': 'en'}]
    rows, err = looks(top, bed, bad)
    said = json.dumps(rows)
    for word in ('label', 'color-contrast', 'sideways', 'image-alt',
                 'html-has-lang', 'script: run', 'none.css', 'copy: '):
        ok(word in said, f'a page that is wrong is told: {word}', said + err)


def main():
    if not os.environ.get('HB_FULL'):
        print('1..0 # SKIP only in ./dev test full')
        return
    why = lacks()
    top = None if why else modules()
    if why or top is None:
        print(f'1..0 # SKIP {why or "npm cannot install the packages"}')
        return
    bed = lab.Bed(BUILD + '/src/hinoban', SOURCE, BUILD + '/po')
    mails = locker.Mailboxes()
    try:
        run(bed, mails, top)
    finally:
        bed.stop()
        mails.close()
    print(f'1..{count}')


main()
