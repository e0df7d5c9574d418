#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drill of case 2, a defaced website.

Run A: the attacker has only the web server's account; the document root is not
his to write.  Run B: the attacker is inside already (root): he overwrites the
front page, plants a web shell, changes a thousand files, deletes, replaces
files by links.  Real parts: nginx, network namespaces, the kernel's file
events, and the firewall in nginx before a program that takes whatever is
uploaded (run A; not-yet where its module is not installed).  What needs a CMS, a database or a log-in comes with the capability
that guards it and is reported as not-yet.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
import bed as lab  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = 1000
NOT_YET = (
    ('weak-password', 'a guessable password of the CMS is flagged'),
    ('login-blocked', 'a guessed log-in is stopped by lock-out or second factor'),
    ('cms-database', 'content in the database is compared from outside'),
    ('new-admin', 'a new administrator of the CMS is listed'),
)


def make_site(bed):
    bed.run('cp', '-r', HERE + '/site', bed.web)
    os.mkdir(bed.web + '/news')
    for i in range(FILES):
        with open(f'{bed.web}/news/{i:04}.html', 'w', encoding='utf-8') as f:
            f.write(f'<!doctype html><title>{i}</title><p>お知らせ {i}</p>\n' * 40)
    bed.run('chown', '-R', 'root:root', bed.web)
    bed.run('chmod', '-R', 'u=rwX,go=rX', bed.web)


def prevented(bed):
    """Run A."""
    want = lab.digest(bed.web)
    page = bed.web + '/index.html'
    r = bed.run('sh', '-c', f'echo hacked >{page}', check=False,
                uid=bed.web_uid)
    bed.part('A.write-denied', r.returncode != 0,
             'the web server\'s account cannot write the document root',
             r.stderr.strip() or f'exit {r.returncode}')
    r = bed.run('sh', '-c', f'echo "<?php" >{bed.web}/shell.php', check=False,
                uid=bed.web_uid)
    bed.part('A.plant-denied', r.returncode != 0,
             'nor place a file in it', r.stderr.strip())
    bed.part('A.unchanged', lab.digest(bed.web) == want,
             'the site is as published', 'compared every file')
    status, body = bed.fetch('')
    bed.part('A.public', status == 200 and b'hacked' not in body,
             'visitors see the published page', f'status {status}')
    bed.part('A.no-incident', bed.ask('incident', 'list') == [],
             'no incident was opened', bed.ask('incident', 'list'))


SHELL = (b'--drill\r\nContent-Disposition: form-data; name="file"; '
         b'filename="%s"\r\nContent-Type: %s\r\n\r\n%s\r\n--drill--\r\n')
UPLOAD = 'multipart/form-data; boundary=drill'


def refused(bed):
    """Run A: the gate before a program with a hole."""
    taken = bed.top + '/taken'
    rows = (
        ('upload-program', 'an upload named shell.php is refused (403)',
         '/app/upload', SHELL % (b'shell.php', b'application/x-php',
                                 b'<?php system($_GET["c"]); ?>'), UPLOAD),
        ('upload-hidden', 'so is one named photo.php.jpg',
         '/app/upload', SHELL % (b'photo.php.jpg', b'image/jpeg',
                                 b'<?php eval($_POST["x"]); ?>'), UPLOAD),
        ('defacing', 'a script slipped into the text of a page is refused',
         '/app/edit', b'text=%3Cscript%20src%3D%2F%2Fevil.example%2Fx.js%3E'
         b'%3C%2Fscript%3Ehacked', 'application/x-www-form-urlencoded'),
    )
    for name, what, path, body, kind in rows:
        before = len(bed.arrived())
        began = time.monotonic_ns()
        status, number, _ = bed.request('POST', path, body, kind)
        took = time.monotonic_ns() - began
        hits = [h['rule'] for h in bed.finding(number).get('hits', [])]
        bed.part('A.gate-' + name, status == 403 and
                 len(bed.arrived()) == before and len(hits) > 0, what,
                 f'status {status}, {hits}', took)
    bed.part('A.gate-nothing-taken', os.listdir(taken) == [],
             'none of it reaches the program', os.listdir(taken))
    status, _, _ = bed.request('POST', '/app/upload',
                               SHELL % (b'garden.jpg', b'image/jpeg',
                                        b'\xff\xd8\xff\xe0 a photo'), UPLOAD)
    bed.part('A.gate-honest', status == 200 and
             os.listdir(taken) == ['garden.jpg'], 'a photo is taken',
             f'status {status}, {os.listdir(taken)}')


def deface(bed, want):
    page = bed.web + '/index.html'
    began = time.monotonic_ns()
    with open(page, 'w') as f:
        f.write('hacked by nobody in particular\n')
    took = lab.until(lambda: open(page, 'rb').read().find(b'hacked') < 0, 5,
                     0.0005)
    bed.part('B.front-page', took is not None and took <= 2,
             'noticed and put back within 2 s',
             'never' if took is None else f'{took * 1000:.1f} ms',
             -1 if took is None else time.monotonic_ns() - began)
    status, body = bed.fetch('')
    bed.part('B.visitors', status == 200 and b'hacked' not in body,
             'visitors see the published page', f'status {status}')
    bed.part('B.identical', lab.digest(bed.web) == want,
             'every file is byte for byte as published', 'compared')


def plant(bed, want):
    shell = bed.web + '/news/.cache.php'
    with open(shell, 'w') as f:
        f.write('<?php @eval(base64_decode($_POST["x"])); ?>\n')
    with open(bed.web + '/.htaccess', 'w') as f:
        f.write('AddType application/x-httpd-php .html\n')
    os.unlink(bed.web + '/contact.html')
    os.unlink(bed.web + '/style.css')
    os.symlink('/etc/passwd', bed.web + '/style.css')
    took = lab.until(lambda: lab.digest(bed.web) == want, 10, 0.05)
    bed.part('B.shell-removed', not os.path.lexists(shell),
             'the web shell is out of the site', os.path.lexists(shell))
    bed.part('B.links-and-deletions', took is not None,
             'deleted, linked and added files are as published',
             'never' if took is None else f'{took:.2f} s')


def thousand(bed, want):
    began = time.monotonic()
    for i in range(FILES):
        with open(f'{bed.web}/news/{i:04}.html', 'w') as f:
            f.write('hacked\n')
    wrote = time.monotonic() - began
    took = lab.until(lambda: lab.digest(bed.web) == want, 30, 0.05)
    bed.part('B.thousand', took is not None and took <= 5,
             f'{FILES} files put back within 5 s of the last write',
             'never' if took is None else
             f'{took:.2f} s after {wrote:.2f} s of writing',
             -1 if took is None else took * 1e9)


def answered(bed):
    incidents = []

    def one():
        incidents[:] = bed.ask('incident', 'list') or []
        return len(incidents) > 0

    lab.until(one, 10, 0.1)
    good = len(incidents) == 1 and incidents[0]['case'] == 2
    bed.part('B.one-incident', good, 'one incident of case 2, not a thousand',
             json.dumps(incidents)[:300])
    if not good:
        return
    number = str(incidents[0]['id'])
    lab.until(lambda: any('cache.php' in e['name'] for e in
                          bed.ask('evidence', 'list') or []), 30, 0.2)
    evidence = bed.ask('evidence', 'list') or []
    names = ' '.join(e['name'] for e in evidence)
    bed.part('B.evidence', 'cache.php' in names and 'index.html' in names,
             'the web shell and the defaced page are kept with their hashes',
             f'{len(evidence)} items')
    r = bed.hinoban('evidence', 'verify', check=False)
    bed.part('B.evidence-holds', r.returncode == 0,
             'the evidence log verifies', (r.stdout + r.stderr).strip()[-200:])
    shown = bed.officer('incident', 'show', number, check=False).stdout
    bed.part('B.who', f'pid {os.getpid()}' in shown,
             'the timeline names the process that wrote',
             'named' if f'pid {os.getpid()}' in shown else shown[:300])
    # People are asked as soon as every item of evidence is secured.
    lab.until(lambda: bed.ask('task', 'list'), 90, 0.5)
    tasks = bed.ask('task', 'list') or []
    bed.part('B.playbook', len(tasks) > 0,
             'the playbook runs and asks people', f'{len(tasks)} tasks wait')
    paper = bed.officer('document', 'D01', number, check=False)
    bed.part('B.first-report', paper.returncode == 0 and 'drill' in paper.stdout,
             'the first report D01 is filled', paper.stdout[:120])
    paper = bed.officer('document', 'D02', number, check=False)
    bed.part('B.timeline-paper', paper.returncode == 0 and
             'index.html' in paper.stdout, 'the timeline D02 is filled',
             paper.stdout[:120])


def outside_sentinel(bed):
    """Nothing outside the root may change, whatever links were planted."""
    path = bed.top + '/outside.txt'
    with open(path, 'w') as f:
        f.write('not yours\n')
    before = os.stat(path)
    os.link(path, bed.web + '/linked.html')
    gone = lab.until(lambda: not os.path.lexists(bed.web + '/linked.html'), 5,
                     0.01)
    after = os.stat(path)
    same = open(path).read() == 'not yours\n' and \
        before.st_mode == after.st_mode and before.st_uid == after.st_uid
    bed.part('B.nothing-outside', gone is not None and same,
             'a hard link is taken out and its target is untouched',
             'untouched' if same else 'changed')


def drill(bed, run):
    bed.network()
    make_site(bed)
    import pwd
    missing = lab.gate_missing(bed.origin, bed.data)
    if not missing:
        os.mkdir(bed.top + '/taken')
        bed.backend(bed.top + '/taken')
    bed.install()
    if not missing:
        bed.gate('block')
    bed.nginx()
    bed.web_uid = pwd.getpwnam(bed.web_user).pw_uid
    bed.supervise()
    want = lab.digest(bed.web)
    if run == 'A':
        if missing:
            bed.part('A.gate', 'not-yet', 'the firewall refuses uploads of '
                     'programs', missing)
        else:
            refused(bed)
        prevented(bed)
    else:
        deface(bed, want)
        plant(bed, want)
        outside_sentinel(bed)
        thousand(bed, want)
        answered(bed)
    if run == 'A':
        for name, what in NOT_YET:
            bed.part('A.' + name, 'not-yet', what,
                     'comes with the capability that guards it')


if __name__ == '__main__':
    sys.exit(lab.main(drill))
