#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of the evidence leave by mail: real roles, a relay of the test.
With the mail that arrived, a log that root made anew is noticed; a relay that
is away is told, and made up for."""
import base64
import email
import email.message
import email.policy
import hashlib
import os
import pwd
import quopri
import re
import shutil
import subprocess
import sys
import time

SOURCE = os.environ['HB_SOURCE_ROOT']
BUILD = os.environ['HB_BUILD_ROOT']
sys.path.insert(0, SOURCE + '/drills/lib')
sys.path.insert(0, SOURCE + '/tests/net')
import bed as lab  # noqa: E402
import smtp_server  # noqa: E402

count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}', flush=True)
    if not good:
        print('\n'.join('# ' + line for line in str(why).split('\n')[-30:]))


def changed(mail, data):
    """What relays and people make of a mail: (name, bytes)."""
    # As a mail program shows and copies it.
    shown = '\n'.join(p.get_content() for p in mail.walk()
                      if p.get_content_maintype() == 'text')
    short = shown.replace('\r\n', '\n')
    head = b'From: a@b\r\nContent-Transfer-Encoding: '
    html = short.replace('\n', '<br>\r\n')
    yield 'copied as text', short.encode()
    yield 'in quoted-printable', (head + b'quoted-printable\r\n\r\n' +
                                  quopri.encodestring(short.encode()))
    yield 'in base64', (head + b'base64\r\n\r\n' +
                        base64.encodebytes(short.encode()))
    yield 'quoted', ''.join(f'> {x}\r\n' for x in short.split('\n')).encode()
    yield 'as HTML', f'<html><p>{html}</p></html>'.encode()
    both = email.message.EmailMessage(policy=email.policy.SMTP)
    both.set_content(short)
    both.add_alternative(f'<html>{html}</html>', subtype='html')
    yield 'with an HTML part', both.as_bytes()
    outer = email.message.EmailMessage(policy=email.policy.SMTP)
    outer.set_content('see below')
    outer.add_attachment(data, maintype='application', subtype='octet-stream')
    yield 'forwarded as a file', outer.as_bytes()
    yield 'with Unix line ends', data.replace(b'\r\n', b'\n')


def squares(page):
    """The picture of the page as rows of True (dark), without its margin."""
    path = re.search(r'<path fill="#000" d="([^"]*)"', page).group(1)
    side = int(re.search(r'viewBox="0 0 ([0-9]+) ', page).group(1))
    rows = [[False] * side for _ in range(side)]
    for x, y, n in re.findall(r'M(\d+) (\d+)h(\d+)v1h-\3z', path):
        for k in range(int(n)):
            rows[int(y)][int(x) + k] = True
    return [r[4:-4] for r in rows[4:-4]]


def paper(bed, anchored):
    place = bed.top + '/paper'
    os.mkdir(place)
    os.chown(place, lab.OFFICER, lab.OFFICER)
    r = bed.officer('evidence', 'checkpoint', '--paper', place + '/p.html')
    code = r.stdout.split('--kept ')[1].strip()
    with open(place + '/p.html', encoding='utf-8') as f:
        page = f.read()
    ok(anchored() != 'pass', 'printing alone anchors nothing')
    digest, sig = (''.join(x.split())
                   for x in re.findall(r'<pre dir="ltr">([^<]*)</pre>', page))
    whose, machine, key, number, when = re.findall(
        r'<dd><bdi>([^<↓]*)</bdi>', page)
    with open(bed.root + '/etc/hinoban/keys/evidence.pub') as f:
        raw = base64.b64decode(''.join(f.read().split('\n')[1:-2]))[-32:]
    ok((whose, machine, key) == ('火の見町', os.uname().nodename,
                                 hashlib.sha256(raw).hexdigest()[:16]) and
       f'aria-label="QR code of checkpoint {number}"' in page,
       'it says whose it is', page[-1500:])
    line = f'{number} {digest} {when} {sig}'
    want = subprocess.run(['qrencode', '-8', '-l', 'M', '-m', '0', '-t',
                           'ASCIIi', '-o', '-'], input=line, text=True,
                          stdout=subprocess.PIPE, check=True).stdout
    # Two characters a square, blank where it is dark (inverted).
    want = [[x == ' ' for x in row[::2]] for row in want.split('\n') if row]
    ok(squares(page) == want, 'the code on the page is that of the line',
       want[:3])
    ok('この用紙' in page and 'This sheet' in page and code in page and
       '@page{size:A4' in page, 'the page speaks both languages', page[-900:])
    groups = [s[i:i + 8] for s in (digest, sig) for i in range(0, len(s), 8)]
    for name, text in (('scanned', line), ('typed', '\n'.join(
            [number, ' '.join(groups[:8]).upper(), when,
             ' '.join(groups[8:])]))):
        with open(place + '/anchor', 'w') as f:
            f.write(text)
        r = bed.hinoban('evidence', 'verify', '--anchor', place + '/anchor',
                        check=False)
        ok(r.returncode == 0 and 'is in the log' in r.stdout,
           f'the paper as {name} verifies the evidence', r.stdout + r.stderr)
    wrong = code[:-1] + ('0' if code[-1] != '0' else '1')
    r = bed.officer('evidence', 'checkpoint', '--kept', wrong, check=False)
    ok(r.returncode == 1 and anchored() != 'pass', 'another code is refused',
       r.stdout + r.stderr)
    r = bed.hinoban('evidence', 'checkpoint', '--kept', code, check=False)
    ok(r.returncode == 1, 'root, who is nobody, cannot say it was kept')
    bed.officer('evidence', 'checkpoint', '--kept', code, '--place', 'safe')
    ok(anchored() == 'pass', 'put away it anchors')


def main():
    if os.geteuid() != 0 or not shutil.which('nginx'):
        print('1..0 # SKIP needs root and nginx')
        return
    bed = lab.Bed(BUILD + '/src/hinoban', SOURCE, BUILD + '/po')
    try:
        ca = bed.top + '/ca'
        os.mkdir(ca)
        smtp_server.authority(ca)
        relay = smtp_server.Relay(tls=smtp_server.context(ca, 'good'),
                                  auth='PLAIN LOGIN', log=ca + '/log')
        run(bed, relay)
    finally:
        bed.stop()
    print(f'1..{count}')


def password(bed):
    """The relay's, readable by the role outside alone."""
    path = bed.root + '/etc/hinoban/keys/mail.password'
    r = bed.hinoban('config', 'check', check=False)
    ok(r.returncode == 1 and path in r.stderr, 'a password that is not there '
       'is told', r.stdout + r.stderr)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(smtp_server.PASSWORD + '\n')
    os.chmod(path, 0o644)
    r = bed.hinoban('config', 'check', check=False)
    ok(r.returncode == 1 and 'mail_password' in r.stderr and '0600' in r.stderr,
       'a password that others can read is refused', r.stdout + r.stderr)
    os.chmod(path, 0o600)
    r = bed.hinoban('config', 'check', check=False)
    ok(r.returncode == 1 and 'chown hinoban-outside' in r.stderr,
       'one that the role cannot read is told', r.stdout + r.stderr)
    try:
        uid = pwd.getpwnam('hinoban-outside').pw_uid
    except KeyError:
        uid = 61804
    os.chown(path, uid, 0)
    r = bed.hinoban('config', 'check', check=False)
    ok(r.returncode == 0, 'one that only we can read is right',
       r.stdout + r.stderr)
    r = bed.hinoban('config', 'dump')
    ok(smtp_server.PASSWORD not in r.stdout, 'and is not shown')


def run(bed, relay):
    os.mkdir(bed.web)
    with open(bed.web + '/index.html', 'w') as f:
        f.write('<h1>town hall</h1>\n')
    bed.url = ''
    bed.hinoban('init', '--no-passphrase', '--organisation', '火の見町', '--site',
                'drill', '--site-root', bed.web, '--anchor',
                'mail:officer@example.jp')
    conf = bed.root + '/etc/hinoban/hinoban.yaml'
    with open(conf) as f:
        text = f.read()
    with open(conf, 'w') as f:
        f.write(text.replace(
            'organisation:\n', 'organisation:\n'
            f'  mail_relay: smtp://127.0.0.1:{relay.port}\n'
            f'  mail_user: {smtp_server.USER}\n'
            f'  mail_password: {bed.root}/etc/hinoban/keys/mail.password\n'
            f'  mail_ca: {bed.top}/ca/ca.pem\n', 1))
    password(bed)
    bed.hinoban('person', 'add', 'officer', '--roles', 'officer,admin',
                '--uid', str(lab.OFFICER), '--no-passphrase', '--key-to',
                bed.top + '/officer.key')
    bed.hinoban('site', 'publish', 'drill', bed.web, '--quiet')
    bed.hinoban('reflex', 'allow', '--officer', 'officer', '--reason', 'box')
    # The relay is on this machine's loopback: no network of its own.
    bed.spaces = {}
    bed.sup = bed.start([bed.program, 'supervise'], 'log')
    ready = lab.until(lambda: bed.ask('event', '"change":"scan"', '--limit',
                                      '1'), 60, 0.1)
    ok(ready is not None, 'the roles are at work', bed.log())
    anchored = lambda: next(c['status'] for c in bed.ask('control', 'list')
                            if c['control'] == 'evidence.anchored')

    # ---- a relay that refuses ------------------------------------------------
    relay.refuse = True
    bed.officer('evidence', 'checkpoint')
    ok(lab.until(lambda: bed.ask('event', 'not-anchored'), 30, 0.2)
       is not None, 'a mail that is refused is told', bed.log())
    ok(anchored() != 'pass', 'the posture says that nothing left')
    r = bed.officer('status')
    ok('Evidence: No checkpoint' in r.stdout and 'none could since 20'
       in r.stdout, 'and since when', r.stdout)

    # ---- a checkpoint on paper -------------------------------------------------
    if shutil.which('qrencode'):
        paper(bed, anchored)
    else:
        print('# no qrencode: the paper is not looked at')

    # ---- evidence, and a mail that arrives -------------------------------------
    relay.refuse = False
    with open(bed.web + '/index.html', 'w') as f:
        f.write('HACKED')
    ok(lab.until(lambda: bed.ask('evidence', 'list'), 30, 0.2) is not None,
       'there is evidence', bed.log())
    bed.officer('evidence', 'checkpoint')
    ok(lab.until(lambda: relay.mails, 30, 0.1) is not None, 'a mail arrives',
       bed.log())
    rcpt, data = relay.mails[0]
    ok(rcpt == [b'RCPT TO:<officer@example.jp>\r\n'], 'at the officer', rcpt)
    mail = email.message_from_bytes(data, policy=email.policy.default)
    ok(mail['Subject'] == 'Hinoban: checkpoint of the evidence' and
       mail['To'] == 'officer@example.jp' and mail['Date'].datetime is not None,
       'with the headers of a mail', mail.as_string())
    ok(max(data) < 0x80 and max(map(len, data.split(b'\r\n'))) <= 78,
       'in 7 bits and short lines')
    parts = [p.get_content() for p in mail.iter_parts()]
    ok(len(parts) == 2 and '火の見町' in parts[0] and
       parts[1].count('hinoban-checkpoint: ') == 6, 'and the checkpoint',
       mail.as_string())
    with open(bed.top + '/ca/log') as f:
        told = f.read()
    ok('TLS AUTH' in told and '\nMAIL' not in told and '\nAUTH' not in told,
       'encrypted, after the password', told)
    ok(lab.until(lambda: anchored() == 'pass', 30, 0.3) is not None,
       'the posture says that it left')
    ok('Evidence:' not in bed.officer('status').stdout, 'and no more of it')
    kept = bed.top + '/mail.eml'
    with open(kept, 'wb') as f:
        f.write(b'Received: from relay by desk\r\n' + data)
    r = bed.hinoban('evidence', 'verify', '--anchor', kept, check=False)
    ok(r.returncode == 0 and 'is in the log' in r.stdout,
       'the mail as it was kept verifies the evidence', r.stdout + r.stderr)

    bad = []
    for name, text in changed(mail, data):
        with open(bed.top + '/changed.eml', 'wb') as f:
            f.write(text)
        r = bed.hinoban('evidence', 'verify', '--anchor',
                        bed.top + '/changed.eml', check=False)
        if r.returncode != 0 or 'is in the log' not in r.stdout:
            bad.append(f'{name}: {r.stdout}{r.stderr}')
    ok(not bad, 'and so it does whatever was made of it', '\n'.join(bad))

    # ---- more than one checkpoint in a file -----------------------------------
    bed.officer('evidence', 'checkpoint')
    ok(lab.until(lambda: len(relay.mails) > 1, 30, 0.1) is not None,
       'another mail', bed.log())
    several = bed.top + '/several'
    with open(several, 'wb') as f:
        f.write(data + relay.mails[1][1])
    r = bed.hinoban('evidence', 'verify', '--anchor', several, check=False)
    ok(r.returncode == 0 and 'are in the log: 2 of 2' in r.stdout,
       'of several all are looked at', r.stdout + r.stderr)
    words = [line.split(': ')[1] for line in parts[1].split('\n') if line]
    with open(several, 'ab') as f:
        for k, word in enumerate(words):
            f.write(f'hinoban-checkpoint: {word if k else 7777}\n'.encode())
    r = bed.hinoban('evidence', 'verify', '--anchor', several, check=False)
    ok(r.returncode == 1 and 'in the log: 2 of 3' in r.stdout and
       'Checkpoint 7777 from outside is NOT' in r.stdout,
       'and the one that is not in the log is named', r.stdout + r.stderr)

    # ---- root makes the log anew ---------------------------------------------
    bed.sup.terminate()
    bed.sup.wait(30)
    shutil.rmtree(bed.root + '/var/lib/hinoban/state/evidence')
    bed.sup = bed.start([bed.program, 'supervise'], 'log')
    lab.until(lambda: bed.ask('event', '"change":"scan"', '--limit', '1'), 60,
              0.1)
    time.sleep(1)
    bed.officer('evidence', 'checkpoint')
    r = bed.hinoban('evidence', 'verify', check=False)
    ok(r.returncode == 0, 'a log that was made anew is whole in itself',
       r.stdout + r.stderr)
    r = bed.hinoban('evidence', 'verify', '--anchor', kept, check=False)
    ok(r.returncode == 1 and 'NOT in the log' in r.stdout,
       'but the mail shows that it is another', r.stdout + r.stderr)
    with open(kept, 'wb') as f:
        f.write(data.replace(b'hinoban-checkpoint: ', b'hinoban-checkpoint: 9',
                             1))
    r = bed.hinoban('evidence', 'verify', '--anchor', kept, check=False)
    ok(r.returncode == 1, 'a mail that was changed is refused',
       r.stdout + r.stderr)


main()
