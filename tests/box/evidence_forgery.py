#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packages of evidence that somebody forged, each shown to both programs that
a stranger may have: VERIFY.sh of the package (the true one) and `hinoban
evidence verify`.  Both must say the same.

Most forgers here have the organisation's genuine key, as root has: what they
sign holds, and only the log itself, or a checkpoint from outside, tells.
"""
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile

H = os.environ['HB_BUILD_ROOT'] + '/src/hinoban'
MAKER = os.environ['HB_BUILD_ROOT'] + '/tests/test-incident-package'
T = tempfile.mkdtemp(prefix='hb-forgery-')
B = T + '/box'
P = T + '/p'
KEY = B + '/evidence.key'
OWN = T + '/own.key'
RSA = T + '/rsa.key'
ZERO = '0' * 64
BASES = {'one': B + '/package', 'whole': B + '/whole',
         'old': B + '/old/package'}
count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}')
    if not good:
        print('\n'.join('# ' + repr(line)[1:-1]
                        for line in str(why).split('\n')))


# ---- what the log is made of ----

def sha(text):
    data = text if isinstance(text, bytes) else text.encode()
    return hashlib.sha256(data).hexdigest()


def read(name='log'):
    with open(f'{P}/{name}', 'rb') as f:
        return f.read()


def write(data, name='log'):
    path = f'{P}/{name}'
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, 'wb') as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def lines():
    return read().decode().splitlines(keepends=True)


def digest(line):
    if line.startswith('gap '):
        return line.split()[3]
    if line.startswith('v2 '):
        return sha(' '.join(line.rstrip('\n').split(' ')[:4]) + '\n')
    return sha(line)


def body(line):
    """The JSON of a line in clear of version 2."""
    words = line.rstrip('\n').split(' ', 5)
    return words[5] if len(words) > 5 else None


def sign(message, key=KEY):
    with open(T + '/message', 'w') as f:
        f.write(message)
    return subprocess.run(
        ['openssl', 'pkeyutl', '-sign', '-inkey', key, '-rawin', '-in',
         T + '/message'], check=True, stdout=subprocess.PIPE).stdout


def checkpoint_sig(number, prev, time, key=KEY):
    return base64.b64encode(sign(
        f'hinoban-checkpoint-v1\n{number} {prev} {time}\n', key)).decode()


def chain(bodies, key=KEY, prev=ZERO, first=1):
    """Lines of version 2, in clear; checkpoints signed anew.  A body that is
    a whole sealed line keeps its seal."""
    out = []
    for n, text in enumerate(bodies, first):
        head = f'v2 {n} {prev} '
        if text.startswith('v2 '):
            head += text.split()[3]
            out.append(head + '\n')
        else:
            if text.startswith('{"kind":"checkpoint"'):
                o = json.loads(text)
                o['sig'] = checkpoint_sig(n - 1, prev, o['time'], key)
                text = json.dumps(o, sort_keys=True, separators=(',', ':'))
            rest = f'{"ab" * 16} {text}'
            head += sha(rest + '\n')
            out.append(f'{head} {rest}\n')
        prev = sha(head + '\n')
    return out


def bodies():
    return [body(line) or line for line in lines()]


def old_line(number, prev, name, content):
    return (f'{{"incident":5,"kind":"file","name":"{name}","number":{number},'
            f'"prev":"{prev}","sha256":"{sha(content)}",'
            f'"size":{len(content)},"source":"a test","taken_by":"role:core",'
            '"time":"2026-11-21T01:02:03.000000004Z"}\n')


def anchor_of(k):
    """The checkpoint in line K of the log, as it left the machine."""
    for line in lines():
        text = body(line) if line.startswith('v2 ') else line
        if not text or not text.startswith('{"kind":"checkpoint"'):
            continue
        o = json.loads(text)
        n = int(line.split()[1]) if line.startswith('v2 ') else o['number']
        prev = line.split()[2] if line.startswith('v2 ') else o['prev']
        if n == k:
            path = f'{T}/anchor-{k}'
            with open(path, 'w') as f:
                f.write(f'{n - 1} {prev} {o["time"]} {o["sig"]}\n')
            return path
    raise KeyError(k)


def listed():
    out = ''
    for where, _, names in sorted(os.walk(P)):
        for name in sorted(names):
            path = os.path.relpath(f'{where}/{name}', P)
            if not path.startswith('SHA256SUMS') and path != '.true.sh':
                out += f'{sha(read(path))}  {path}\n'
    return out


def seal(sums=None, key=KEY):
    """Signs what is there, as the exporter does."""
    subprocess.run(['openssl', 'pkey', '-in', key, '-pubout', '-out',
                    P + '/evidence.pub'], check=True)
    sums = sums if sums is not None else listed()
    sums = sums if isinstance(sums, bytes) else sums.encode()
    write(sums, 'SHA256SUMS')
    write(b'hinoban-export-v1\n' + sums, 'SHA256SUMS.signed')
    with open(P + '/SHA256SUMS.sig', 'wb') as f:
        f.write(subprocess.run(
            ['openssl', 'pkeyutl', '-sign', '-inkey', key, '-rawin', '-in',
             P + '/SHA256SUMS.signed'], check=True,
            stdout=subprocess.PIPE).stdout)


def put(content):
    write(content, 'files/' + sha(content))


def drop_unnamed():
    log = read().decode()
    for name in os.listdir(P + '/files'):
        if name not in log:
            os.unlink(f'{P}/files/{name}')


# ---- forgeries: each changes the package in P ----

def nothing():
    pass


def own_signature():
    seal(key=OWN)


def own_chain():
    new = [b.replace('a test', 'a fake') for b in bodies()]
    write(''.join(chain(new, OWN)))
    seal(key=OWN)


def rsa_key():
    new = [b for b in bodies() if '"checkpoint"' not in b]
    new.append('{"kind":"checkpoint","sig":"","time":'
               '"2026-11-30T01:02:03.000000004Z"}')
    write(''.join(chain(new, RSA)))
    seal(key=RSA)


def no_checkpoints():
    write(''.join(x for x in lines() if '"kind":"checkpoint"' not in x))
    seal()


def nothing_signed():
    write(''.join(chain([b for b in bodies() if '"checkpoint"' not in b])))
    seal()


def clear_before_a_gap():
    """Lines that never were, before what the checkpoint names."""
    all_ = lines()
    put('forged')
    write(old_line(1, ZERO, '/w/forged', 'forged') +
          f'gap 2 2 {digest(all_[1])}\n' + ''.join(all_[2:]))
    drop_unnamed()
    seal()


def two_runs_before_gaps():
    all_ = lines()
    put('forged')
    first = old_line(1, ZERO, '/w/a', 'forged')
    second = old_line(3, sha('x'), '/w/b', 'forged')
    third = old_line(4, sha(second), '/w/c', 'forged')
    write(first + f'gap 2 2 {sha("x")}\n' + second + third +
          f'gap 5 6 {digest(all_[5])}\n' + all_[6])
    drop_unnamed()
    seal()


def gap_over_new_lines():
    all_ = lines()
    write(f'gap 1 2 {digest(all_[1])}\n' + ''.join(all_[2:]))
    drop_unnamed()
    seal()


def gap_line(text):
    def forge():
        all_ = lines()
        write(text.replace('D2', digest(all_[1])) + '\n' + ''.join(all_[2:]))
        drop_unnamed()
        seal()
    return forge


def gap_that_is_a_pattern():
    """In place of all that the checkpoint names."""
    put('forged')
    line = old_line(3, '.*', '/w/forged', 'forged')
    write('gap 1 2 .*\n' + line +
          ''.join(chain(bodies()[3:], prev=sha(line), first=4)))
    drop_unnamed()
    seal()


def gap_hides_line_of_now():
    write(re.sub(r'(?m)^v2 8 .*', f'gap 8 8 {ZERO}', read().decode()))
    seal()


def words(old, new):
    """In the log, and signed."""
    def forge():
        data = read()
        assert old in data, old
        write(data.replace(old, new, 1))
        seal()
    return forge


def last_number_octal():
    all_ = lines()
    all_[-1] = re.sub(r'^v2 (\d+) ', r'v2 0\1 ', all_[-1])
    write(''.join(all_))
    seal()


def line_changed(k):
    def forge():
        all_ = lines()
        all_[k] = re.sub(r'[0-9](?=[^0-9]*$)',
                         lambda m: str((int(m[0]) + 1) % 10), all_[k])
        write(''.join(all_))
        seal()
    return forge


def line_out(k):
    def forge():
        all_ = lines()
        write(''.join(all_[:k] + all_[k + 1:]))
        seal()
    return forge


def rebuilt(change):
    """The chain made anew over bodies that CHANGE made others of."""
    def forge():
        write(''.join(chain([change(b) for b in bodies()])))
        seal()
    return forge


def too_long():
    new = bodies()
    new[0] = new[0].replace('/w/index', '/w/' + 'i' * 70000)
    write(''.join(chain(new)))
    seal()


def torn():
    write(read() + b'x')
    seal()


def file_more(name, content='evil'):
    def forge():
        write(content, 'files/' + name)
        seal()
    return forge


def directory_more():
    os.mkdir(P + '/files/' + sha('d'))
    seal()


def content_gone():
    for name in os.listdir(P + '/files'):
        os.unlink(f'{P}/files/{name}')
    seal()


def content_other():
    name = sorted(os.listdir(P + '/files'))[0]
    write(b'other', 'files/' + name)
    seal()


def byte_of(name):
    def forge():
        data = bytearray(read(name))
        data[len(data) // 2] ^= 1
        write(bytes(data), name)
    return forge


def first_content():
    return 'files/' + sorted(os.listdir(P + '/files'))[0]


def fifo(name=None):
    def forge():
        path = f'{P}/{name or first_content()}'
        os.unlink(path)
        os.mkfifo(path)
    return forge


def link(name=None):
    def forge():
        path = f'{P}/{name or first_content()}'
        shutil.copytree(path, T + '/elsewhere') if os.path.isdir(path) \
            else shutil.copy(path, T + '/elsewhere')
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        os.symlink(T + '/elsewhere', path)
    return forge


def sums(change):
    def forge():
        seal(change(listed()))
    return forge


def signed_other():
    seal()
    write(read('SHA256SUMS.signed') + b'\n', 'SHA256SUMS.signed')


def pub_more():
    """Two keys in one file: which one counts?"""
    own = subprocess.run(['openssl', 'pkey', '-in', OWN, '-pubout'],
                         check=True, stdout=subprocess.PIPE).stdout
    seal()
    write(read('evidence.pub') + own, 'evidence.pub')
    write('', 'SHA256SUMS')
    text = listed()
    write(text, 'SHA256SUMS')
    write('hinoban-export-v1\n' + text, 'SHA256SUMS.signed')
    write(sign('hinoban-export-v1\n' + text), 'SHA256SUMS.sig')


def anchor_zero():
    time = '2026-11-30T01:02:03.000000004Z'
    with open(T + '/zero', 'w') as f:
        f.write(f'0 {ZERO} {time} {checkpoint_sig(0, ZERO, time)}\n')
    return T + '/zero'


def cut_sums(text):
    return ''.join(x for x in text.splitlines(True) if not x.endswith('  log\n'))


ESC = '\033[2J\\033[31m'
UNPROVEN = ['not proven by this checkpoint']
GOOD = ['no checkpoint compared'], ['Not compared with a checkpoint']
# name, base, forger, checkpoint (None, a file, or the line that it is in),
# the key's name compared?, status, words of VERIFY.sh, words of hinoban
TABLE = [
    ('as it is', 'one', nothing, None, 0, 0, *GOOD),
    ('with its checkpoint', 'one', nothing, 3, 0, 0,
     ['line 2 matches', 'newer', 'key not compared'], ['newer']),
    ('with its last checkpoint', 'one', nothing, 7, 1, 0, ['line 6 matches'],
     ['is in the log']),
    ('with a checkpoint of before the first line', 'one', nothing,
     anchor_zero, 0, 0, ['line 0 matches'], ['is in the log']),
    ('whole', 'whole', nothing, 3, 1, 0, ['line 2 matches'], []),
    ('old', 'old', nothing, None, 0, 0,
     ['lines 3 to 3', 'left out'], ['3 to 3', 'left out']),
    ('old with a checkpoint', 'old', nothing, 5, 0, 1,
     UNPROVEN + ['lines 3 to 3'], UNPROVEN + ['3 to 3']),
    ('whose files a forger signed', 'one', own_signature, None, 0, 1, [], []),
    ('made anew with a key of their own', 'one', own_chain, None, 0, 0,
     *GOOD),
    ('so, with a checkpoint', 'one', own_chain, B + '/anchor', 0, 1,
     ['rewritten'], ['NOT in the log']),
    ('so, with the key', 'one', own_chain, None, 1, 1, ['the key is'], []),
    ('signed by an RSA key', 'one', rsa_key, None, 0, 1, ['Ed25519'], None),
    ('with two keys', 'one', pub_more, None, 0, 1, [], []),
    ('without checkpoints', 'one', no_checkpoints, None, 0, 1,
     ['does not follow'], []),
    ('without checkpoints, chained', 'one', nothing_signed, None, 0, 1,
     ['nothing in the log is signed'], ['no checkpoint']),
    # Gaps.
    ('with lines before a gap', 'one', clear_before_a_gap, B + '/anchor', 0, 1,
     UNPROVEN + ['lines 1 to 1'], UNPROVEN + ['1 to 1']),
    ('so, with a late checkpoint', 'one', clear_before_a_gap, 7, 0, 1,
     UNPROVEN + ['lines 1 to 1'], UNPROVEN + ['1 to 1']),
    ('with two runs before gaps', 'one', two_runs_before_gaps, 7, 0, 1,
     UNPROVEN + ['lines 1 to 1', 'lines 3 to 4'],
     UNPROVEN + ['1 to 1', '3 to 4']),
    ('with a gap over lines of now', 'one', gap_over_new_lines, 7, 0, 0,
     ['lines 1 to 2 were left out'], ['1 to 2 were left out']),
    ('with two gaps in a row', 'one',
     lambda: (write(f'gap 1 1 {digest(lines()[0])}\n'
                    f'gap 2 2 {digest(lines()[1])}\n' +
                    ''.join(lines()[2:])), drop_unnamed(), seal()), None, 0,
     1, ['two gaps'], ['not written as']),
    ('with a gap up to the checkpoint', 'one', gap_over_new_lines,
     B + '/anchor', 0, 0, [], []),
    ('with a gap that is a pattern', 'one', gap_that_is_a_pattern,
     B + '/anchor', 0, 1, [], []),
    ('with a gap behind a line of now', 'old', gap_hides_line_of_now, None, 0,
     1, ['taken out'], ['taken out']),
    *[(f'with "{text[:30]}"', 'one', gap_line(text), a, 0, 1, [], [])
      for a in (None, B + '/anchor')
      for text in ('gap 2 1 D2', 'gap 1 1 D2', 'gap 01 02 D2', 'gap 1 02 D2',
                   'gap 0 2 D2', 'gap 1 9223372036854775807 D2',
                   'gap 1 99999999999999999999 D2', 'gap 1 100000000000 D2',
                   'gap 1 2', 'gap 1 2 D2 D2', 'gap 1 2 [0-9a-f]*',
                   'gap 1 2 -e', 'gap -1 2 D2', 'gap 1 a[$(id>&2)] D2',
                   'gap', 'gap 1 2 ' + 'A' * 64)],
    # Words of lines.
    ('with a digest that is a pattern', 'one',
     lambda: (write(re.sub(r'^(v2 1 )\w+', r'\1.*', read().decode())), seal()),
     None, 0, 1, [], []),
    ('with a seal that is none', 'one',
     lambda: (write(re.sub(r'(?m)^(v2 2 \w+ )\w+', r'\1*', read().decode())),
              seal()), None, 0, 1, [], []),
    ('with an octal number', 'one', last_number_octal, None, 0, 1, [], []),
    ('with a size that is not so', 'one',
     rebuilt(lambda b: re.sub(r'"size":\d+', '"size":1', b)), None, 0, 1,
     ['content of line 1'], ['were changed: ']),
    ('with a blank in a line', 'one',
     rebuilt(lambda b: b.replace('"kind":"file"', '"kind": "file"')), None, 0,
     1, ['not written as'], ['not written as']),
    ('with a word twice', 'one',
     rebuilt(lambda b: b.replace('"source"', '"sha256":"' + ZERO +
                                 '","size":0,"source"', 1)
             if 'file' in b else b), None, 0, 1, [], []),
    ('with a checkpoint that is an item', 'one',
     rebuilt(lambda b: b.replace('"kind":"file"', '"kind":"checkpoint"')),
     None, 0, 1, [], []),
    ('with a line that is too long', 'one', too_long, None, 0, 1,
     ['too long'], ['too long']),
    ('with a zero in a line', 'one', words(b'"kind":"file"',
                                           b'"kind":"f\0ile"'),
     None, 0, 1, [], []),
    ('with a torn tail', 'one', torn, None, 0, 1, ['end'], ['end']),
    ('with no log but one byte', 'one',
     lambda: (write(b'\n'), drop_unnamed(), seal()), None, 0, 1, [], []),
    ('with an empty log', 'one',
     lambda: (write(b''), drop_unnamed(), seal()), None, 0, 1, [], []),
    ('with escapes in the log', 'one',
     lambda: (write(f'v2 {ESC} x y\n{ESC}\n' + read().decode()), seal()), None,
     0, 1, [], []),
    # Files.
    ('with a file that no line names', 'one', file_more(sha('evil')), None, 0,
     1, ['not in the log'], ['no line names']),
    ('with a hidden file', 'one', file_more('.evil'), None, 0, 1, [],
     ['no line names']),
    ('with a file named as an option', 'one', file_more('-n'), None, 0, 1, [],
     ['no line names']),
    ('with escapes in a name', 'one', file_more(ESC), None, 0, 1, [], []),
    ('with a verdict in a name', 'one',
     file_more('x\nGOOD\nThe evidence is unchanged.\n'), None, 0, 1, [], []),
    ('with a directory more', 'one', directory_more, None, 0, 1, [], []),
    ('without its contents', 'one', content_gone, None, 0, 1,
     ['content of line 1'], ['missing: ']),
    ('with another content', 'one', content_other, None, 0, 1, [], []),
    *[(f'with a byte of {name} changed', 'one', byte_of(name), None, 0, 1, [],
       []) for name in ('log', 'SHA256SUMS', 'SHA256SUMS.sig', 'ITEMS.txt',
                        'SHA256SUMS.signed', 'evidence.pub', 'README.txt',
                        'VERIFY.sh')],
    ('with a byte of a content changed', 'one',
     lambda: byte_of(first_content())(), None, 0, 1, [], []),
    *[(f'with a FIFO for {name or "a content"}', 'one', fifo(name), None, 0, 1,
       [], None) for name in ('log', 'SHA256SUMS', 'SHA256SUMS.sig', None,
                              'SHA256SUMS.signed', 'evidence.pub',
                              'ITEMS.txt')],
    *[(f'with a link for {name or "a content"}', 'one', link(name), None, 0, 1,
       [], None) for name in ('log', 'SHA256SUMS', 'SHA256SUMS.sig', None,
                              'SHA256SUMS.signed', 'evidence.pub', 'files',
                              'ITEMS.txt')],
    # The list.
    ('whose list lacks the log', 'one', sums(cut_sums), None, 0, 1,
     ['log'], []),
    ('whose list is empty', 'one', sums(lambda s: ''), None, 0, 1, [], []),
    *[(f'whose list names {name[:20]!r}', 'one',
       sums(lambda s, n=name: s + f'{sha("")}  {n}\n'), None, 0, 1, [], [])
      for name in ('/dev/zero', '/dev/null', '../p/log', 'files/../log', '',
                   '-', ESC, 'files/', '.hidden', 'files/.x', 'a\\nb',
                   'files', 'l' * 200)],
    ('whose list has no end', 'one', sums(lambda s: s[:-1]), None, 0, 1, [],
     []),
    ('whose list is upper case', 'one',
     sums(lambda s: re.sub(r'(?m)^\w+', lambda m: m[0].upper(), s)), None, 0,
     1, [], []),
    ('whose list is of another form', 'one',
     sums(lambda s: re.sub(r'(?m)^(\w+)  (.*)$', r'SHA256 (\2) = \1', s)),
     None, 0, 1, [], []),
    ('whose list is binary', 'one', sums(lambda s: s.replace('  ', ' *')),
     None, 0, 1, [], []),
    ('whose list holds zeros', 'one',
     sums(lambda s: s.replace('  log', '  l\0og')), None, 0, 1, [], []),
    ('that signs more than its list', 'one', signed_other, None, 0, 1, [], []),
]


def each_line():
    """A digit of each line changed, and each line out.  What is cut off at
    the end only a checkpoint from outside shows."""
    rows = []
    for base in BASES:
        with open(BASES[base] + '/log') as f:
            n = len(f.readlines())
        for k in range(n):
            # An old line before others that were left out: without a
            # checkpoint the signature of the package vouches for it alone.
            bare = base == 'old' and k == 1
            rows.append((f'{base}: line {k + 1} changed', base,
                         line_changed(k), None, 0, 0 if bare else 1, [], []))
            if k < n - 1:
                rows.append((f'{base}: line {k + 1} out', base, line_out(k),
                             None, 0, 1, [], []))
    return rows


# ---- both programs ----

def run(*command):
    r = subprocess.run(command, cwd='/', stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       timeout=120)
    return r.returncode, r.stdout


def judge(name, program, got, want, phrases):
    status, out = got
    text = out.decode(errors='replace')
    # 126 and up are no verdicts but accidents.
    good = status == want and not any(
        c < 32 and c != 10 or c == 127 for c in out)
    good = good and all(p in text for p in phrases)
    # No forged word may read as the verdict, on whatever line.
    said = {'GOOD', 'The evidence is unchanged.'} & set(text.split('\n'))
    good = good and bool(said) == (want == 0)
    ok(good, f'{program}: a package {name}',
       f'status {status}, wanted {want}, {phrases}\n{text}')


def check(row, name_of_key, shell):
    name, base, forger, anchor, named, want, of_sh, of_hinoban = row
    for d in (P, T + '/elsewhere'):
        if os.path.isdir(d) and not os.path.islink(d):
            shutil.rmtree(d)
        elif os.path.lexists(d):
            os.unlink(d)
    shutil.copytree(BASES[base], P)
    subprocess.run(['chmod', '-R', 'u+w', P], check=True)
    forger()
    if callable(anchor):
        anchor = anchor()
    elif isinstance(anchor, int):
        anchor = anchor_of(anchor)
    shutil.copy(BASES['one'] + '/VERIFY.sh', P + '/.true.sh')
    more = ['--anchor', anchor] if anchor else []
    judge(name, 'VERIFY.sh', run(
        *shell, P + '/.true.sh', *more,
        *(['--key', name_of_key] if named else [])), want, of_sh)
    # Without the key's name the stranger has only the one that is there.
    judge(name, 'hinoban', run(
        H, 'evidence', 'verify', '--key',
        B + '/evidence.pub' if named else P + '/evidence.pub', *more, P),
        want, of_hinoban if of_hinoban is not None else [])


def preflight():
    """Where the machine cannot check, nobody may read "does not hold"."""
    shutil.rmtree(P)
    shutil.copytree(BASES['one'], P)
    for name, script in (
            ('without openssl', None),
            ('with an openssl that knows no -rawin',
             '#!/bin/sh\necho "pkeyutl: Unknown option: -rawin" >&2\nexit 1\n'),
            ('with an openssl that says yes to all', '#!/bin/sh\nexit 0\n')):
        bin_ = tempfile.mkdtemp(dir=T)
        for tool in ('sh', 'sha256sum', 'awk', 'cmp', 'cut', 'mktemp', 'rm',
                     'cat', 'tr', 'wc', 'od', 'head', 'tail', 'dirname',
                     'grep', 'sort', 'comm', 'env', 'sed'):
            os.symlink(shutil.which(tool), f'{bin_}/{tool}')
        if script:
            with open(bin_ + '/openssl', 'w') as f:
                f.write(script)
            os.chmod(bin_ + '/openssl', 0o755)
        status, out = run('env', 'PATH=' + bin_, 'sh', P + '/VERIFY.sh')
        text = out.decode(errors='replace')
        ok(status == 2 and 'openssl 3.0' in text and 'BAD' not in text and
           'GOOD' not in text, f'VERIFY.sh {name} says what it lacks',
           f'status {status}\n{text}')


def main():
    os.environ['LANG'] = 'C.UTF-8'
    for v in ('LANGUAGE', 'LC_ALL', 'LC_MESSAGES'):
        os.environ.pop(v, None)
    if not shutil.which('openssl'):
        print('1..0 # SKIP openssl is not installed')
        return
    os.mkdir(B)
    subprocess.run([MAKER, 'make', B], check=True)
    for path, kind in ((OWN, ['-algorithm', 'ed25519']),
                       (RSA, ['-algorithm', 'RSA', '-pkeyopt',
                              'rsa_keygen_bits:2048'])):
        subprocess.run(['openssl', 'genpkey', *kind, '-out', path],
                       check=True, stderr=subprocess.DEVNULL)
    der = subprocess.run(
        ['openssl', 'pkey', '-pubin', '-in', B + '/evidence.pub', '-outform',
         'DER'], check=True, stdout=subprocess.PIPE).stdout
    key = sha(der[-32:])[:16]
    for row in TABLE + each_line():
        check(row, key, ['sh'])
    if shutil.which('busybox'):
        for row in TABLE:
            check(row, key, ['busybox', 'sh'])
    preflight()
    print(f'1..{count}')


try:
    main()
finally:
    shutil.rmtree(T)
