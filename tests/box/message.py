#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Notices to people by mail: real roles, a relay of the test.  What the relay
answered is recorded; what it refuses is tried again; nobody but a registered
person gets a mail, and where mail may be read along nobody does."""
import email
import email.header
import email.policy
import hashlib
import hmac
import json
import os
import pwd
import sys
import time

SOURCE = os.environ['HB_SOURCE_ROOT']
BUILD = os.environ['HB_BUILD_ROOT']
sys.path.insert(0, SOURCE + '/drills/lib')
sys.path.insert(0, SOURCE + '/tests/net')
import bed as lab  # noqa: E402
import post_server  # noqa: E402
import smtp_server  # noqa: E402

count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}', flush=True)
    if not good:
        print('\n'.join('# ' + line for line in str(why).split('\n')[-30:]))


def main():
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        return
    bed = lab.Bed(BUILD + '/src/hinoban', SOURCE, BUILD + '/po')
    try:
        run(bed, smtp_server.Relay(), post_server.Hook())
    finally:
        bed.stop()
    print(f'1..{count}')


def install(bed, relay, hook):
    os.mkdir(bed.web)
    with open(bed.web + '/index.html', 'w') as f:
        f.write('<h1>town hall</h1>\n')
    bed.url = ''
    bed.hinoban('init', '--no-passphrase', '--organisation', '火の見町', '--site',
                'drill', '--site-root', bed.web)
    conf = bed.root + '/etc/hinoban/hinoban.yaml'
    with open(conf) as f:
        text = f.read()
    with open(conf, 'w') as f:
        f.write(text.replace(
            'organisation:\n', 'organisation:\n'
            f'  mail_relay: smtp://127.0.0.1:{relay.port}\n'
            '  mail_from: hinoban@example.jp\n'
            f'  webhook: http://127.0.0.1:{hook.port}/ok\n'
            f'  webhook_secret: {bed.root}/etc/hinoban/keys/hook\n', 1))
    path = bed.root + '/etc/hinoban/keys/hook'
    with open(path, 'w') as f:
        f.write('hunter2\n')
    os.chmod(path, 0o600)
    try:
        uid = pwd.getpwnam('hinoban-outside').pw_uid
    except KeyError:
        uid = 61804
    os.chown(path, uid, 0)
    for name, roles, uid, mail in (
            ('officer', 'officer,admin', lab.OFFICER, 'officer@example.jp'),
            ('deputy', 'manager', lab.DEPUTY, 'deputy@example.jp'),
            ('quiet', 'audit', lab.VISITOR, '')):
        bed.hinoban('person', 'add', name, '--roles', roles, '--uid', str(uid),
                    '--mail', mail, '--phone', '0120-' + str(uid),
                    '--no-passphrase', '--key-to', f'{bed.top}/{name}.key')
    bed.hinoban('site', 'publish', 'drill', bed.web, '--quiet')
    bed.spaces = {}
    bed.sup = bed.start([bed.program, 'supervise'], 'log')
    ready = lab.until(lambda: bed.ask('event', '"change":"scan"', '--limit',
                                      '1'), 60, 0.1)
    ok(ready is not None, 'the roles are at work', bed.log())


def row(bed, number):
    return next((m for m in bed.ask('message', 'list') or []
                 if m['id'] == number), {})


def state(bed, number, want, seconds=30):
    return lab.until(lambda: row(bed, number).get('state') == want, seconds,
                     0.2) is not None


def run(bed, relay, hook):
    install(bed, relay, hook)

    # ---- a test ----
    r = bed.ask('message', 'test', 'deputy')
    ok(r and state(bed, r['id'], 'sent'), 'a test is sent',
       bed.officer('message', 'list').stdout + bed.log())
    ok(row(bed, r['id'])['detail'] == '250 kept', 'and the answer recorded',
       row(bed, r['id']))
    rcpt, data = relay.mails[0]
    ok(rcpt == [b'RCPT TO:<deputy@example.jp>\r\n'], 'to one person', rcpt)
    raw = email.message_from_bytes(data)['Subject']
    words = ''.join(p.decode(c) for p, c in email.header.decode_header(raw))
    ok(raw.startswith('=?utf-8?B?') and words == '【火の番】通知の試験',
       'the Japanese subject is encoded rightly', raw)
    mail = email.message_from_bytes(data, policy=email.policy.default)
    ok('火の見町' in mail.get_content() and max(data) < 0x80 and
       max(map(len, data.split(b'\r\n'))) <= 78,
       'the text is Japanese, in 7 bits and short lines', data)

    # ---- the call tree on paper ----
    r = bed.officer('card', 'print', 'call-tree', '--lang', 'ja')
    row_of = [x for x in r.stdout.split('\n') if f'0120-{lab.DEPUTY}' in x]
    ok(row_of and '経営' in row_of[0] and f'0120-{lab.OFFICER}' in r.stdout and
       '警察署' in r.stdout, 'the call tree has who is registered', r.stdout)
    r = bed.run(bed.program, 'card', 'print', 'call-tree', uid=65534,
                check=False)
    ok(r.returncode == 1 and '0120-' not in r.stdout,
       'and is not for everybody', r.stdout + r.stderr)

    # ---- no way to name an address ----
    for who in ('x@evil.example', 'deputy@example.jp', '../people/deputy',
                'nobody', 'quiet'):
        r = bed.officer('message', 'test', who, check=False)
        ok(r.returncode == 1, f'no mail to {who}', r.stdout + r.stderr)
    r = bed.run(bed.program, 'message', 'test', 'deputy', uid=lab.VISITOR,
                check=False)
    ok(r.returncode == 1, 'only officer and administrator send tests')

    # ---- an incident ----
    before = len(relay.mails)
    bed.officer('incident', 'open', '2', 'drill', 'EVILTEXT phoned in')
    ok(lab.until(lambda: [m for m in bed.ask('message', 'list')
                          if m['kind'] == 'opened' and m['state'] == 'sent'],
                 30, 0.2) is not None, 'the officer hears of an incident',
       bed.officer('message', 'list').stdout + bed.log())
    lab.until(lambda: not [m for m in bed.ask('message', 'list')
                           if m['state'] == 'waiting'], 60, 0.3)
    got = relay.mails[before:]
    text = '\n'.join(email.message_from_bytes(d, policy=email.policy.default)
                     .as_string() + email.message_from_bytes(
                         d, policy=email.policy.default).get_content()
                     for _, d in got)
    ok(got and all(len(rcpt) == 1 for rcpt, _ in got), 'one mail a person')
    ok('EVILTEXT' not in text and 'drill' not in text and '://' not in text,
       'no text of the incident, no link', text)
    ok({m[0][0] for m in got} <= {b'RCPT TO:<officer@example.jp>\r\n',
                                  b'RCPT TO:<deputy@example.jp>\r\n'},
       'registered people and nobody else', [m[0] for m in got])

    ok(hook.got and all(
        one['signature'] == 'sha256=' + hmac.new(
            b'hunter2', one['body'].encode(), hashlib.sha256).hexdigest()
        for one in hook.got), 'the webhook hears of it, signed', hook.got)
    said = [json.loads(one['body']) for one in hook.got]
    ok(said[0]['kind'] == 'opened' and all(
        sorted(x) == ['due', 'incident', 'kind', 'title'] for x in said) and
       'EVILTEXT' not in str(said), 'in no more words than the mail', said)
    ok({m['detail'] for m in bed.ask('message', 'list')
        if m['channel'] == 'webhook'} == {'HTTP 204'},
       'and its answer is recorded', bed.officer('message', 'list').stdout)

    # ---- a relay that refuses, then does not ----
    relay.refuse = True
    r = bed.ask('message', 'test', 'deputy')
    ok(lab.until(lambda: row(bed, r['id']).get('tries') == 1, 30, 0.2)
       is not None and row(bed, r['id'])['state'] == 'waiting' and
       '550 no' in row(bed, r['id'])['detail'],
       'what was refused waits, and why is recorded', row(bed, r['id']))
    relay.refuse = False
    ok(state(bed, r['id'], 'sent', 90) and row(bed, r['id'])['tries'] == 2,
       'it is tried again after a minute', row(bed, r['id']))

    # ---- a relay that is away, then back ----
    port = relay.port
    relay.close()
    r = bed.ask('message', 'test', 'deputy')
    ok(lab.until(lambda: row(bed, r['id']).get('tries') == 1, 60, 0.2)
       is not None, 'a relay that is away', row(bed, r['id']))
    back = smtp_server.Relay(port=port)
    ok(state(bed, r['id'], 'sent', 120) and len(back.mails) == 1,
       'is made up for', row(bed, r['id']))

    # ---- mail may be read along ----
    number = bed.ask('incident', 'list')[0]['id']
    bed.officer('fact', 'set', str(number), 'out_of_band', 'true', '--from',
                'test')
    before = len(back.mails)
    task = bed.ask('task', 'list', str(number))[0]['id']
    # Not the person who knows of it already.
    bed.officer('task', 'assign', str(task), 'deputy')
    held = lambda: [m for m in bed.ask('message', 'list', str(number))
                    if m['state'] == 'held' and m['task'] == task]
    ok(lab.until(held, 30, 0.2) is not None, 'then it is held',
       bed.officer('message', 'list').stdout)
    time.sleep(2)
    ok(len(back.mails) == before, 'and nothing leaves')
    r = bed.officer('status')
    ok('call by telephone' in r.stdout and f'0120-{lab.DEPUTY}' in r.stdout,
       'status says whom to call', r.stdout)
    r = bed.officer('incident', 'show', str(number))
    ok(r.stdout.count('Call by telephone') == 1, 'the timeline says it once',
       r.stdout)


main()
