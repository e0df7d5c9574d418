#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drill of case 14, a published hole that was patched too late: only the
gate's part.

An advisory about a fictitious product names a way in; the request for it
carries a harmless marker.  Run A: it reaches the program; a virtual patch is
proposed with the name of an expert and does nothing, until the officer
approves it with a key; then the request is refused and the finding names the
patch; at its end it is gone, and the status and the check say so.  Nothing is
faked about the clock: the time zone of the organisation is chosen so that its
day, and with it the patch, ends in half a minute or a little later.  Run B,
the breach itself, is reported as not-yet.
"""
import datetime
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
import bed as lab  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ADVISORY = 'HINOBAN-DRILL-2026-0014'
RULE = 8500001
PATCH = (f'# {ADVISORY}: Example Report 1.2.3 runs what stands in "tpl".\n'
         'SecRule REQUEST_FILENAME "@beginsWith /app/report" '
         f'"id:{RULE},phase:1,deny,status:403,log,severity:2,chain,'
         f'msg:\'{ADVISORY}\'"\n'
         '    SecRule ARGS_GET:tpl "@rx [^a-z0-9_]"\n')
EXPLOIT = '/app/report?tpl=drill-marker-14'
HONEST = '/app/report?tpl=monthly'
LEAST = 30  # seconds that the patch holds at least
NOT_YET_A = (
    ('matched', 'the advisory is matched to our program within 5 minutes'),
    ('escalated', 'after 4 hours without an answer the deputy is called'),
)
NOT_YET_B = (
    ('exfiltration', 'reading in bulk is noticed within 10 s or 1,000 rows'),
    ('maintenance', 'the service goes to its maintenance page'),
    ('rows', 'the ids of the rows that leaked are exact'),
    ('secrets', 'the secrets to replace are listed'),
    ('papers', 'D01 to D05, D08 to D12 and D20 are written'),
)


def make_site(bed):
    bed.run('cp', '-r', HERE + '/site', bed.web)
    bed.run('chown', '-R', 'root:root', bed.web)
    bed.run('chmod', '-R', 'u=rwX,go=rX', bed.web)


def used(bed, path=EXPLOIT):
    """(reached the program, status, number of the finding)"""
    before = len(bed.arrived())
    status, number, body = bed.request('GET', path)
    reached = len(bed.arrived()) > before
    return reached and (path != EXPLOIT or b'drill-marker-14' in body), \
        status, number


def patch(bed, *words, check=False):
    return bed.hinoban('gate', 'patch', *words, check=check)


def short_day(bed):
    """Lets today end in LEAST seconds or up to a minute more; returns it and
    the second (of time.time()) of its end."""
    end = (int(time.time()) + LEAST) // 60 * 60 + 60
    zone = (1440 - end // 60 % 1440) % 1440
    if zone > 840:
        zone -= 1440
    bed.settings('organisation:\n', f'organisation:\n  zone_minutes: {zone}\n')
    at = datetime.datetime.fromtimestamp(end - 1, datetime.timezone.utc)
    return (at + datetime.timedelta(minutes=zone)).strftime('%Y-%m-%d'), end


def proposed(bed, until):
    path = bed.top + '/patch.conf'
    with open(path, 'w') as f:
        f.write(PATCH)
    reached, status, _ = used(bed)
    bed.part('A.before', reached and status == 200,
             'before the patch the hole can be used', f'status {status}')
    words = ('propose', path, '--advisory', ADVISORY, '--reason',
             'no release for a week', '--until', until, '--person', 'officer')
    r = patch(bed, *words)
    bed.part('A.expert', r.returncode != 0,
             'a patch without the name of an expert is refused',
             r.stderr.strip())
    r = patch(bed, *words, '--expert', 'Drill Expert (vendor)')
    bed.part('A.proposed', r.returncode == 0, 'a virtual patch is proposed',
             (r.stdout + r.stderr).strip())
    r = bed.hinoban('gate', 'build', check=False)
    reached, status, _ = used(bed)
    bed.part('A.not-active', r.returncode == 0 and reached and status == 200,
             'a proposal does nothing, also after a build',
             f'build {r.returncode}, status {status}')
    r = patch(bed, 'approve', '1', '--yes', '--person', 'visitor', '--key',
              bed.top + '/visitor.key')
    wrong = patch(bed, 'approve', '1', '--yes', '--person', 'officer', '--key',
                  bed.top + '/visitor.key')
    reached, status, _ = used(bed)
    bed.part('A.who', r.returncode != 0 and wrong.returncode != 0 and reached,
             'staff cannot approve it, nor with the name of the officer',
             (r.stderr + wrong.stderr).strip())


def approved(bed):
    began = time.monotonic()
    r = patch(bed, 'approve', '1', '--yes', '--person', 'officer', '--key',
              bed.top + '/officer.key')
    seen = []

    def refused():
        seen[:] = used(bed)
        return seen[1] == 403

    lab.until(refused, 20, 0.1)
    took = time.monotonic() - began
    bed.part('A.refused', r.returncode == 0 and seen[1] == 403 and not seen[0],
             'approved with the key, built and read again: 403, and nothing '
             'reaches the program', f'status {seen[1]}, {r.stderr.strip()}',
             took * 1e9)
    f = bed.finding(seen[2])
    hits = [h['rule'] for h in f.get('hits', [])]
    bed.part('A.finding', RULE in hits and f.get('client') == '10.77.0.2',
             'the finding names the patch and the stranger',
             f"{f.get('client')} {hits}")
    reached, status, _ = used(bed, HONEST)
    bed.part('A.honest', reached and status == 200,
             'an honest request to the same program passes', f'status {status}')
    shown = patch(bed, 'list').stdout
    bed.part('A.recorded', 'Drill Expert' in shown and 'officer' in shown and
             ADVISORY in shown, 'who approved and who was asked is kept',
             shown.strip())
    e = bed.event(ADVISORY)
    bed.part('A.decision', 'gate.patched' in json.dumps(e),
             'the decision is an event', e.get('message', e))
    e = bed.event(f'"uid":"{RULE}"')
    bed.part('A.event', e.get('status') == 'denied',
             'what the patch stopped is an event',
             e.get('message', 'none in time'))
    bed.part('A.no-incident', bed.ask('incident', 'list') == [],
             'an attack that the patch stopped opens no incident',
             bed.ask('incident', 'list'))


def over(bed, end):
    held = time.time()
    reached, status, _ = used(bed)
    held_until_now = status == 403 or time.time() >= end
    bed.part('A.holds', held_until_now, 'the patch holds until its end',
             f'status {status}, {end - held:.0f} s before it')
    time.sleep(max(0, end - time.time()))
    took = lab.until(lambda: used(bed)[1] == 200, 20, 0.2)
    bed.part('A.over', took is not None and not held > end,
             'at its end it is gone without anybody doing anything',
             'never' if took is None else f'{time.time() - end:.1f} s after',
             -1 if took is None else (time.time() - end) * 1e9)
    shown = bed.hinoban('gate', 'status', check=False).stdout
    bed.part('A.status', 'p0001  EXPIRED' in shown,
             'the status says that it has expired', shown.strip()[-300:])
    r = bed.hinoban('gate', 'build', check=False)
    with open(bed.root + '/var/lib/hinoban/gate/rules.conf') as f:
        bed.part('A.out', r.returncode == 0 and str(RULE) not in f.read(),
                 'the next build leaves it out', r.stdout.strip()[-200:])


def checked(bed):
    """The control that looks at patches; it is looked at again on request."""
    found = []

    def failing():
        bed.hinoban('control', 'run', check=False)
        found[:] = bed.ask('event', '"web.virtual_patch"', '--limit', '1') or []
        return 'p0001' in json.dumps(found)

    took = lab.until(failing, 20, 1)
    bed.part('A.posture', took is not None,
             'the check of virtual patches fails and names it',
             found[0].get('status_detail', found) if found else 'nothing')


def drill(bed, run):
    missing = lab.gate_missing(bed.origin, bed.data)
    if run == 'B':
        for name, what in NOT_YET_B:
            bed.part('B.' + name, 'not-yet', what,
                     "only the gate's part is built")
        return
    if missing:
        bed.part('A.gate', 'failed', 'the firewall is installed', missing)
        return
    bed.network()
    make_site(bed)
    bed.backend(bed.top)
    bed.install()
    bed.hinoban('person', 'add', 'visitor', '--roles', 'staff',
                '--no-passphrase', '--key-to', bed.top + '/visitor.key')
    bed.gate('block')
    bed.nginx()
    bed.supervise()
    until, end = short_day(bed)
    proposed(bed, until)
    approved(bed)
    over(bed, end)
    checked(bed)
    for name, what in NOT_YET_A:
        bed.part('A.' + name, 'not-yet', what, "only the gate's part is built")


if __name__ == '__main__':
    sys.exit(lab.main(drill))
