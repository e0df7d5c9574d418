#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Papers to people outside: real roles, a relay of the test.  Nothing leaves
before two people released it; then one mail a person, with their name in it;
what is edited in the database afterwards, or asked by a core that lies, is not
mailed."""
import email
import email.policy
import json
import os
import sqlite3
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
    return good


class House(lab.Bed):
    def begin(self, relay):
        os.mkdir(self.web)
        with open(self.web + '/index.html', 'w') as f:
            f.write('<h1>town hall</h1>\n')
        self.url = ''
        self.install(reflex=False)
        conf = self.root + '/etc/hinoban/hinoban.yaml'
        with open(conf) as f:
            text = f.read()
        with open(conf, 'w') as f:
            f.write(text.replace(
                'organisation:\n', 'organisation:\n'
                f'  mail_relay: smtp://127.0.0.1:{relay.port}\n'
                '  mail_from: desk@example.jp\n', 1))
        self.sup = self.start([self.program, 'supervise'], 'log')
        if lab.until(lambda: self.ask('event', '"change":"scan"', '--limit',
                                      '1'), 60, 0.1) is None:
            raise RuntimeError('Hinoban was not ready: ' + self.log())

    def file(self, name, data):
        path = f'{self.top}/{name}'
        with open(path, 'wb') as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(path, 0o644)
        return path

    def deputy(self, *words):
        self.env['HINOBAN_KEY'] = self.top + '/deputy.key'
        r = self.run(self.program, *words, uid=lab.DEPUTY, check=False)
        self.env['HINOBAN_KEY'] = self.top + '/officer.key'
        return r

    def make(self, people, text, subject='お詫びとお知らせ'):
        return self.officer('mailing', 'new', str(self.incident), 'D08',
                            people, text, '--subject', subject, check=False)

    def number(self, people, text):
        r = self.officer('--json', 'mailing', 'new', str(self.incident), 'D08',
                         people, text, '--subject', 'お詫びとお知らせ',
                         check=False)
        return json.loads(r.stdout)['id'] if r.returncode == 0 else 0

    def seal(self, number):
        """As somebody reads it off what they were shown."""
        r = self.officer('mailing', 'show', str(number))
        return r.stdout.split()[-1] if 'mailing release' in r.stdout else '-'

    def release(self, number, seal=None):
        return self.officer('mailing', 'release', str(number),
                            seal or self.seal(number), check=False)

    def second(self, number, seal=None):
        return self.deputy('mailing', 'release', str(number),
                           seal or self.seal(number))

    def of(self, number):
        return next((m for m in self.ask('mailing', 'list') or []
                     if m['id'] == number), {})

    def ended(self, number, seconds=60):
        return lab.until(lambda: self.of(number).get('state') == 'done',
                         seconds, 0.2) is not None


def wrong_input(h, good, text):
    for name, data, want in (
            ('none.csv', '氏名,メール\n', 'nobody stands'),
            ('twice.csv', '花子,h@example.jp\n次郎,H@Example.jp\n', ':2'),
            ('both.csv', '花子,h@example.jp,b@example.jp\n', 'of their own'),
            ('no.csv', '花子,h@example.jp\n次郎,\n', ':2'),
            ('typo.csv', '花子,h＠example.jp\n次郎,b@example.jp\n', ':1'),
            ('which.csv', '1001,花子,h@example.jp\n', 'which of these'),
            ('open.csv', '"花子,h@example.jp\n', ':1'),
            ('bytes.csv', b'\xff\xfe\x00\x01', 'neither')):
        r = h.make(h.file(name, data), text)
        ok(r.returncode == 1 and want in r.stderr, f'{name} is refused',
           r.stderr)
    r = h.make(good, h.file('draft.txt', 'ok\n(宛名を記入) 様\n'))
    ok(r.returncode == 1 and 'draft.txt:2' in r.stderr,
       'a draft that is not filled in is refused', r.stderr)
    r = h.make(good, h.file('folded.txt', 'ok\n\n　(fill\nin) x\n'))
    ok(r.returncode == 1 and 'folded.txt:3' in r.stderr,
       'nor where it was folded', r.stderr)
    r = h.make(good, h.file('esc.txt', 'a\x1b[2J\n'))
    ok(r.returncode == 1, 'control characters are refused', r.stdout)
    r = h.make(good, text, 'a\nBcc: x@evil.example')
    ok(r.returncode == 1, 'a subject of two lines is refused', r.stdout)
    r = h.officer('mailing', 'new', str(h.incident), 'D99', good, text,
                  '--subject', 'x', check=False)
    ok(r.returncode == 1, 'a paper that the case has not is refused')
    ok(not h.ask('mailing', 'list'), 'and nothing of it is kept',
       h.officer('mailing', 'list').stdout)


def papers(h):
    """Versions, approval and handing over of papers."""
    number = str(h.incident)
    r = h.officer('document', 'approve', 'D04', number, '0' * 12, check=False)
    ok(r.returncode == 1 and 'document keep' in r.stderr,
       'nobody approves what was not kept', r.stderr)
    def kept():
        return h.officer('document', 'keep', 'D04', number).stdout.split()[-1]
    version = kept()
    r = h.officer('document', 'approve', 'D04', number, version, 'as agreed',
                  check=False)
    ok(r.returncode == 0, 'a paper is approved', r.stderr)
    marks = h.ask('document', 'list', number)
    last = [v for v in marks['versions'] if v['name'] == 'D04'][-1]
    ok([a['person'] for a in last['approved']] == ['officer'] and
       last['approved'][0]['words'] == 'as agreed', 'by whom is kept', last)
    h.officer('fact', 'set', number, 'persons_count', '12', '--from', 'test')
    r = h.deputy('document', 'approve', 'D04', number, kept())
    ok(h.officer('document', 'approve', 'D04', number, version,
                 check=False).returncode == 1,
       'an older version is approved no more')
    marks = h.ask('document', 'list', number)
    versions = [v for v in marks['versions'] if v['name'] == 'D04']
    ok(r.returncode == 0 and len(versions) == len({v['sha256'] for v in
                                                   versions}) and
       versions[-1]['number'] == last['number'] + 1 and
       [a['person'] for a in versions[-1]['approved']] == ['deputy'],
       'what says more is another version, with approvals of its own', marks)
    r = h.officer('document', 'sent', 'D04', number, 'web form of the PPC',
                  '--receipt', 'no. 4711', check=False)
    ok(r.returncode == 0, 'handing over is recorded', r.stderr)
    sent = h.ask('document', 'list', number)['sent']
    ok([(d['name'], d['to'], d['receipt']) for d in sent] ==
       [('D04', 'web form of the PPC', 'no. 4711')] and
       sent[0]['sha256'] == versions[-1]['sha256'], 'with its version', sent)
    r = h.officer('document', 'list', number)
    ok('approved by deputy' in r.stdout and 'no. 4711' in r.stdout and
       'mailed to 3 of 3' in r.stdout, 'and told in words', r.stdout)
    for words in (('D99', number, 'x'), ('D04', number, 'two\nlines'),
                  ('D04', number, 'x', '--at', '2099-01-01T00:00:00Z')):
        r = h.officer('document', 'sent', *words, check=False)
        ok(r.returncode == 1, f'{words[0]} {words[2:]} is refused', r.stdout)
    r = h.run(h.program, 'document', 'approve', 'D04', number, version,
              uid=lab.VISITOR, check=False)
    ok(r.returncode == 1, 'a stranger approves nothing', r.stdout)
    db = sqlite3.connect(h.root + '/var/lib/hinoban/state/state.db',
                         timeout=20)
    db.execute("UPDATE decision SET reason = 'forged' WHERE subject LIKE"
               " 'document:D04:%'")
    db.commit()
    db.close()
    marks = h.ask('document', 'list', number)
    ok(not any(v['approved'] for v in marks['versions']),
       'an approval that was edited counts for nothing', marks)


def run(h, relay):
    r = h.officer('--json', 'incident', 'open', '2', 'drill', 'a call')
    h.incident = json.loads(r.stdout)['id']
    # As a spreadsheet program in Japan writes it.
    good = h.file('list.csv', ('会員番号,氏名,メールアドレス\r\n'
                               '1001,髙橋 花子,hanako@example.jp\r\n'
                               '1002,"山田, 太郎",taro@example.jp\r\n'
                               ',,desk@partner.example\r\n'
                               ',,\r\n').encode('cp932'))
    # And as Windows ends its lines.
    text = h.file('letter.txt', '\ufeff{name} 様\r\n\r\nお詫び申し上げます。\r\n')
    wrong_input(h, good, text)
    r = h.officer('mailing', 'draft', str(h.incident), 'D08')
    ok('not part of the paper' not in r.stdout and 'Before it goes out' not in
       r.stdout and 'Dear' in r.stdout and '{name}' in r.stdout,
       'the draft has nothing that is for its writer', r.stdout)
    lab.until(lambda: not [m for m in h.ask('message', 'list') or []
                           if m['state'] == 'waiting'], 20, 0.2)
    relay.mails.clear()

    # ---- two people ----
    one = h.number(good, text)
    ok(one > 0, 'a mailing is made')
    r = h.officer('mailing', 'show', str(one))
    ok('髙橋 花子 <hanako@example.jp>' in r.stdout and 'お詫び' in r.stdout,
       'what would be sent to whom is shown', r.stdout)
    r = h.release(one, '0000-0000-0000-0000-0000')
    ok(r.returncode == 1 and 'mailing show' in r.stderr,
       'who has not seen it does not sign it', r.stdout)
    r = h.release(one)
    ok(r.returncode == 0 and 'second person' in r.stdout, 'one signs',
       r.stderr)
    r = h.release(one)
    ok(r.returncode == 1, 'twice is not two', r.stdout)
    time.sleep(3)
    ok(not relay.mails, 'and nothing leaves', relay.mails)
    r = h.second(one)
    ok(r.returncode == 0 and h.ended(one), 'two do, and it goes out',
       r.stderr + h.officer('mailing', 'show', str(one)).stdout + h.log())
    got = {}
    for rcpt, data in relay.mails:
        ok(len(rcpt) == 1, 'one mail, one person', rcpt)
        m = email.message_from_bytes(data, policy=email.policy.default)
        got[rcpt[0].decode()[9:-3]] = (m['To'], m['Cc'], m['Subject'],
                                       m.get_content())
    ok(sorted(got) == ['desk@partner.example', 'hanako@example.jp',
                       'taro@example.jp'], 'to each of them once', got)
    to, cc, subject, body = got['hanako@example.jp']
    ok(cc is None and 'taro' not in str(got['hanako@example.jp']) and
       'hanako' in to, 'nobody sees another one', got)
    ok(subject == 'お詫びとお知らせ' and
       body.replace('\r', '').startswith('髙橋 花子 様\n\nお詫び'),
       'with their name', body)
    r = h.officer('incident', 'show', str(h.incident))
    ok('was mailed to 3 of 3' in r.stdout, 'the timeline says so', r.stdout)

    # ---- stopped ----
    relay.mails.clear()
    two = h.number(good, text)
    seal = h.seal(two)
    h.release(two)
    r = h.officer('mailing', 'stop', str(two), 'wrong list')
    r = h.second(two, seal)
    ok(r.returncode == 1, 'what was stopped is not released', r.stdout)
    r = h.officer('mailing', 'show', str(two), '--not-reached')
    again = h.number(h.file('rest.csv', r.stdout), text)
    ok(again > 0 and '髙橋 花子 <hanako' in
       h.officer('mailing', 'show', str(again)).stdout,
       'which is a list again', r.stdout)
    ok(r.stdout.count('\n') == 4 and '"山田, 太郎",taro@example.jp,left' in
       r.stdout, 'and who needs a letter is a list', r.stdout)

    # ---- rows edited behind our back ----
    three = h.number(good, text)
    seal = h.seal(three)
    h.release(three)
    db = sqlite3.connect(h.root + '/var/lib/hinoban/state/state.db',
                         timeout=20)
    db.execute('UPDATE mailing_to SET address = ? WHERE mailing = ? AND'
               ' place = 1', ('x@evil.example', three))
    db.commit()
    r = h.second(three, seal)
    ok(r.returncode == 1, 'an edited list does not fit the second signature',
       r.stdout + r.stderr)
    db.execute('UPDATE mailing_to SET address = ? WHERE mailing = ? AND'
               ' place = 1', ('taro@example.jp', three))
    db.commit()
    relay.refuse = True
    r = h.second(three, seal)
    ok(r.returncode == 0, 'mended, it does', r.stderr)
    db.execute('UPDATE mailing_to SET address = ? WHERE mailing = ?'
               " AND place = 1", ('x@evil.example', three))
    db.commit()
    relay.refuse = False
    lab.until(lambda: 'not on the list' in
              h.officer('mailing', 'show', str(three)).stdout, 30, 0.3)
    r = h.officer('mailing', 'show', str(three))
    ok('not on the list' in r.stdout and
       all(b'evil' not in b''.join(m[0]) for m in relay.mails),
       'an address that was put in is not written to', r.stdout)
    ok(h.ask('event', '"status":"mailing-denied"') is not None and
       lab.until(lambda: h.ask('event', 'mailing-denied'), 10, 0.3) is not
       None, 'and an event says so')
    five = h.number(good, text)
    relay.mails.clear()
    h.release(five)
    h.second(five)
    db.execute('UPDATE mailing SET text = ? WHERE id = ?', ('pay here', five))
    db.commit()
    lab.until(lambda: not h.of(five).get('waiting', 1), 30, 0.3)
    ok(all(b'pay here' not in m[1] for m in relay.mails) and
       'does not hold' in
       h.officer('mailing', 'show', str(five)).stdout,
       'nor is a text that was put in mailed', relay.mails)
    db.close()

    # ---- mail may be read along ----
    four = h.number(good, text)
    h.officer('fact', 'set', str(h.incident), 'out_of_band', 'true', '--from',
              'test')
    h.release(four)
    h.second(four)
    before = len(relay.mails)
    time.sleep(3)
    r = h.officer('mailing', 'show', str(four))
    ok(len(relay.mails) == before and 'It waits' in r.stdout,
       'held while mail may be read along', r.stdout)

    papers(h)

    # ---- kept from somebody ----
    r = h.run(h.program, 'mailing', 'show', str(four), uid=lab.VISITOR,
              check=False)
    ok(r.returncode == 1 and 'hanako' not in r.stdout,
       'a stranger sees no list', r.stdout)
    r = h.hinoban('mailing', 'list', check=False)
    ok(r.returncode == 1, 'nor does root alone', r.stdout)


def main():
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        return
    relay = smtp_server.Relay()
    h = House(BUILD + '/src/hinoban', SOURCE, BUILD + '/po')
    try:
        h.begin(relay)
        run(h, relay)
    except RuntimeError as e:
        ok(False, 'the story goes on', e)
    finally:
        h.stop()
    print(f'1..{count}')


if __name__ == '__main__':
    main()
