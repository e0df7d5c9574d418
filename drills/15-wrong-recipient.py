#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drill of case 15, a file for the wrong address: the portal's parts.

A list of customers is to go to tanaka@partner.example and goes to
tanaka@partners.example, whose name was completed.  Run A: nobody has opened it;
the link is dead within a second of the report, and the proof says "opened: 0";
the list as a table would have waited for a third person.
Run B: the stranger has opened it, and wants more: what left is counted, the
rest is out of reach, they confirm the deletion.  In both an incident of case
15 is open with what our own record knows, and the request to delete (D17) is
written.  The mail parts (an attachment that is held, a password mail) wait for
the mail guard.

Real: the portal's roles in their sandboxes, TLS, SMTP to mailboxes on this
machine.  Stand-ins: the mailboxes themselves, and the browsers.
"""
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
import bed as lab  # noqa: E402
import locker  # noqa: E402

SATO = 'sato@city.example'
RIGHT, WRONG = 'tanaka@partner.example', 'tanaka@partners.example'
# Printed: what the portal cannot look into yet, so that it goes out.
LIST = b'%PDF-1.7\n%\xe2\xe3\xcf\xd3\n' + bytes(range(256)) * 80
NAMES = ('佐藤 健一', '鈴木 美咲', '高橋 大輔', '田中 陽子', '伊藤 翔太', '渡辺 直美',
         '山本 拓也', '中村 由美', '小林 正人', '加藤 恵子', '吉田 浩二', '山田 花子')
TABLE = '\r\n'.join(['氏名,電話'] + [
    f'{name},090-0000-{i:04}' for i, name in enumerate(NAMES)]).encode('cp932')
NOT_YET = (
    ('held', 'an attachment to outside waits for a second person'),
    ('first_time', 'a first-time domain is pointed out before it is sent'),
    ('password_mail', 'the password mail to the same address is held'),
)


def install(bed, mails):
    os.mkdir(bed.web)
    with open(bed.web + '/index.html', 'w') as f:
        f.write('<h1>drill</h1>\n')
    bed.url = ''
    bed.hinoban('init', '--no-passphrase', '--organisation', 'Drill', '--site',
                'drill', '--site-root', bed.web)
    for name, roles, uid in (('officer', 'officer,admin', lab.OFFICER),
                             ('deputy', 'manager,admin', lab.DEPUTY)):
        bed.hinoban('person', 'add', name, '--roles', roles, '--uid', str(uid),
                    '--no-passphrase', '--key-to', f'{bed.top}/{name}.key')
    bed.hinoban('site', 'publish', 'drill', bed.web, '--quiet')
    origin, ca, port = locker.portal(bed, mails)
    bed.start([bed.program, 'supervise'], 'log')
    if not locker.listens(port):
        raise RuntimeError('the portal does not listen: ' + bed.log())
    return origin, ca


def send(bed, mails, origin, ca):
    """The list, to the right and to the wrong address; (the owner's browser,
    the share, the link of the wrong one)."""
    desk = locker.Browser(origin, ca)
    desk.sign_in(mails, SATO)
    share = desk.share([RIGHT, WRONG], {'顧客名簿.pdf': LIST}, most='3')
    desk.deed(share, 'submit')
    return desk, share, mails.link(WRONG)


def report(desk, share):
    """The owner reports the wrong recipient; the page that answers."""
    page = desk.get(f'/shares/{share}')
    ids = re.findall(r'name="recipient" value="(\d+)"', page.text)
    return desk.post(f'/shares/{share}/wrong', csrf=page.csrf(),
                     recipient=ids[-1])


def dead(bed, run, browser, link, began):
    took = lab.until(lambda: browser.get(f'/s/{link}').status == 404, 10, 0.02)
    ns = (time.monotonic() - began) * 1e9
    bed.part(f'{run}.dead', took is not None and ns < 1e9,
             'the link is dead within a second of the report',
             f'{ns / 1e6:.0f} ms', ns)


def papers(bed, run, want):
    """The incident, its facts and the request to delete."""
    found = []

    def facts():
        r = bed.ask('fact', 'list', '1') or []
        found[:] = [{f['name']: f['value'] for f in r}]
        return found[0].get('opened_count') == want

    took = lab.until(facts, 20, 0.2)
    known = found[0] if found else {}
    bed.part(f'{run}.incident', took is not None and WRONG in
             known.get('recipients', ''),
             f'an incident of case 15 is open and knows "opened: {want}"',
             json.dumps(known, ensure_ascii=False)[:300])
    r = bed.officer('document', 'D17', '1', check=False)
    bed.part(f'{run}.D17', r.returncode == 0 and
             '顧客名簿.pdf' in r.stdout,
             'the request to delete (D17) is written', r.stdout[-600:])


def run_a(bed, mails):
    origin, ca = install(bed, mails)
    desk, share, link = send(bed, mails, origin, ca)
    scanner = locker.Browser(origin, ca)
    for _ in range(20):
        scanner.get(f'/s/{link}')
    page = scanner.get(f'/s/{link}')
    bed.part('A.proof', '名簿' not in page.text,
             'the link alone shows nothing: the mailbox has to be proven',
             page.status)
    began = time.monotonic()
    page = report(desk, share)
    dead(bed, 'A', scanner, link, began)
    bed.part('A.opened', 'Opened: 0' in page.text,
             'twenty previews counted for nothing: "opened: 0"',
             page.plain()[:200])
    right = locker.Browser(origin, ca)
    shown = right.prove(mails, mails.link(RIGHT), RIGHT)
    bed.part('A.others', '名簿' in shown.text,
             'the right recipient goes on undisturbed', shown.status)
    papers(bed, 'A', '0')
    share = desk.share([WRONG], {'顧客.csv': TABLE})
    page = desk.deed(share, 'submit')
    bed.part('A.personal', 'third person' in page.plain(),
             'the same list as a table waits for a third person', page.plain())


def run_b(bed, mails):
    origin, ca = install(bed, mails)
    desk, share, link = send(bed, mails, origin, ca)
    stranger = locker.Browser(origin, ca)
    page = stranger.prove(mails, link, WRONG)
    file = re.search(r'name="file" value="(\d+)"', page.text).group(1)
    csrf = page.csrf()
    got = stranger.post(f'/s/{link}/get', csrf=csrf, file=file)
    began = time.monotonic()
    page = report(desk, share)
    dead(bed, 'B', locker.Browser(origin, ca), link, began)
    again = stranger.post(f'/s/{link}/get', csrf=csrf, file=file)
    bed.part('B.again', got.body == LIST and again.body != LIST,
             'who had proven the mailbox gets nothing more', again.status)
    bed.part('B.counted', 'downloaded 1 times' in page.plain(),
             'the one opening is counted from our own record',
             page.plain()[:300])
    bed.part('B.asked', 'call them' in page.plain() and
             mails.link(WRONG, 'c') is None,
             'the telephone comes first; no request goes out by itself', '')
    ids = re.findall(r'name="recipient" value="(\d+)"', page.text)
    desk.deed(share, 'confirm', recipient=ids[-1])
    confirm = mails.link(WRONG, 'c')
    page = stranger.get(f'/c/{confirm}')
    page = stranger.post(f'/c/{confirm}', csrf=page.csrf(), name='別の田中',
                         method='opened')
    bed.part('B.confirmed', page.status == 200,
             'the stranger confirms the deletion on a page of their own',
             page.plain()[:200])
    papers(bed, 'B', '1')
    took = lab.until(lambda: 'true' == {
        f['name']: f['value'] for f in bed.ask('fact', 'list', '1') or []
    }.get('deletion_confirmed'), 20, 0.2)
    bed.part('B.known', took is not None,
             'the incident knows that the deletion was confirmed', '')
    r = bed.hinoban('share', 'verify', check=False)
    bed.part('B.trail', r.returncode == 0, 'the record of it is whole',
             r.stdout + r.stderr)


def drill(bed, run):
    mails = locker.Mailboxes()
    try:
        (run_a if run == 'A' else run_b)(bed, mails)
    finally:
        mails.close()
    if run == 'A':
        for name, what in NOT_YET:
            bed.part('A.' + name, 'not-yet', what, 'waits for the mail guard')


if __name__ == '__main__':
    sys.exit(lab.main(drill))
