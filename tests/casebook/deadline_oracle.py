#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The oracle of the deadlines, by another method than the program: no
formula, but the lists of holidays 2019-2030 as the Cabinet Office publishes
them (later years: as the calendars print them), a calendar that is walked day
by day with datetime, and the terms of the law typed in here once more, not
read from the pack.  It is checked against deadlines.tsv, which was reasoned
by hand, then asks deadline-batch the same some 100,000 times: at each day's
edges, in several zones, after restarts, under clocks that were set."""
import datetime as dt
import os
import random
import subprocess
import sys

ROOT = os.environ.get('HB_SOURCE_ROOT', '.')
BATCH = os.path.join(os.environ.get('HB_BUILD_ROOT', 'build-test'),
                     'tests', 'casebook', 'deadline-batch')
PACK = os.path.join(ROOT, 'casebook', 'rules', 'jp.yaml')
ROWS = os.path.join(ROOT, 'tests', 'casebook', 'deadlines.tsv')
JST = dt.timezone(dt.timedelta(hours=9))
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
ONE = dt.timedelta(days=1)

HOLIDAYS = {
    2019: '0101 0114 0211 0321 0429 0430 0501 0502 0503 0504 0505 0506 0715 '
          '0811 0812 0916 0923 1014 1022 1103 1104 1123',
    2020: '0101 0113 0211 0223 0224 0320 0429 0503 0504 0505 0506 0723 0724 '
          '0810 0921 0922 1103 1123',
    2021: '0101 0111 0211 0223 0320 0429 0503 0504 0505 0722 0723 0808 0809 '
          '0920 0923 1103 1123',
    2022: '0101 0110 0211 0223 0321 0429 0503 0504 0505 0718 0811 0919 0923 '
          '1010 1103 1123',
    2023: '0101 0102 0109 0211 0223 0321 0429 0503 0504 0505 0717 0811 0918 '
          '0923 1009 1103 1123',
    2024: '0101 0108 0211 0212 0223 0320 0429 0503 0504 0505 0506 0715 0811 '
          '0812 0916 0922 0923 1014 1103 1104 1123',
    2025: '0101 0113 0211 0223 0224 0320 0429 0503 0504 0505 0506 0721 0811 '
          '0915 0923 1013 1103 1123 1124',
    2026: '0101 0112 0211 0223 0320 0429 0503 0504 0505 0506 0720 0811 0921 '
          '0922 0923 1012 1103 1123',
    2027: '0101 0111 0211 0223 0321 0322 0429 0503 0504 0505 0719 0811 0920 '
          '0923 1011 1103 1123',
    2028: '0101 0110 0211 0223 0320 0429 0503 0504 0505 0717 0811 0918 0922 '
          '1009 1103 1123',
    2029: '0101 0108 0211 0212 0223 0320 0429 0430 0503 0504 0505 0716 0811 '
          '0917 0923 0924 1008 1103 1123',
    2030: '0101 0114 0211 0223 0320 0429 0503 0504 0505 0506 0715 0811 0812 '
          '0916 0923 1014 1103 1104 1123',
}
CLOSED = {dt.datetime.strptime(f'{y}{d}', '%Y%m%d').date()
          for y, days in HOLIDAYS.items() for d in days.split()}

# What the law says: (unit, number, target, first day counts, is rolled).
TERMS = {
    'internal-leak-question': ('h', 1, 1, None, None),
    'ppc-preliminary': ('d', 5, 3, True, False),
    'ppc-final': ('d', 30, 30, True, True),
    'ppc-final-malicious': ('d', 60, 60, True, True),
    'ppc-public-preliminary': ('d', 5, 3, True, False),
    'ppc-public-final': ('d', 30, 30, True, True),
    'ppc-public-final-malicious': ('d', 60, 60, True, True),
    'mynumber-preliminary': ('d', 5, 3, True, False),
    'mynumber-final': ('d', 30, 30, True, True),
    'mynumber-final-malicious': ('d', 60, 60, True, True),
    'sns-takedown': ('d', 7, 7, False, False),
    'account-suspension-followup': ('h', 72, 24, None, None),
    'gdpr-33': ('h', 72, 72, None, None),
}
VALID = {'ppc-public-preliminary': dt.date(2023, 4, 1),
         'ppc-public-final': dt.date(2023, 4, 1),
         'ppc-public-final-malicious': dt.date(2023, 4, 1),
         'sns-takedown': dt.date(2025, 4, 1)}
results = []


def ok(good, name, why=''):
    results.append(bool(good))
    print(f'{"ok" if good else "not ok"} {len(results)} - {name}')
    if not good:
        print(f'# {why}')


def is_open(day):
    return not (day.weekday() >= 5 or day in CLOSED or
                (day.month, day.day) >= (12, 29) or
                (day.month, day.day) <= (1, 3))


def end_of(day):
    return ns(dt.datetime(day.year, day.month, day.day, 23, 59, 59,
                          tzinfo=JST))


def ns(moment):
    delta = moment - EPOCH
    return (delta.days * 86400 + delta.seconds) * 10**9 + \
        delta.microseconds * 1000


def walk(day, number, first):
    """The day on which the number is reached, counted on the fingers."""
    count = 0
    if not first:
        day += ONE
    while True:
        count += 1
        if count == number:
            return day
        day += ONE


def answer(rule, start):
    """(due, target) of START (ns)."""
    unit, number, target, first, rolls = TERMS[rule]
    if unit == 'h':
        return (start + number * 3600 * 10**9, start + target * 3600 * 10**9)
    day = (EPOCH + dt.timedelta(seconds=start // 10**9)).astimezone(JST).date()
    last = walk(day, number, first)
    while rolls and not is_open(last):
        last += ONE
    aim = end_of(walk(day, target, first)) if target != number else end_of(last)
    return end_of(last), aim


def ask(lines, zone='Asia/Tokyo', shift=0):
    env = dict(os.environ, TZ=zone)
    out = subprocess.run([BATCH, PACK, str(shift)], input='\n'.join(lines) +
                         '\n', text=True, capture_output=True, env=env,
                         check=False)
    if out.returncode != 0:
        sys.exit(f'Bail out! {BATCH}: {out.returncode} {out.stderr[:2000]}')
    got = out.stdout.splitlines()
    if len(got) != len(lines):
        sys.exit(f'Bail out! {len(lines)} questions, {len(got)} answers')
    return got


def check_lists():
    """The typed lists against the law, by what each holiday must be."""
    bad = []
    for year, text in HOLIDAYS.items():
        days = {d for d in CLOSED if d.year == year}
        if len(days) != len(text.split()):
            bad.append(f'{year}: a day stands twice')
        monday = {1: 2, 7: 3, 9: 3, 10: 2}
        if year in (2020, 2021):
            monday = {1: 2, 9: 3}
        for month, nth in monday.items():
            first = dt.date(year, month, 1)
            gap = (7 - first.weekday()) % 7
            if first + ONE * (gap + 7 * (nth - 1)) not in days:
                bad.append(f'{year}: no Monday {nth} of {month}')
        for md in ((1, 1), (2, 11), (4, 29), (5, 3), (5, 4), (5, 5), (11, 3),
                   (11, 23)) + (((2, 23),) if year >= 2020 else ()):
            if dt.date(year, *md) not in days:
                bad.append(f'{year}: {md} is missing')
        for d in days:  # a Sunday's holiday gives the next day, in May the 6th
            if d.weekday() == 6 and (d + ONE not in days or
                                     d.month == 5 and
                                     dt.date(year, 5, 6) not in days):
                bad.append(f'{d} is a Sunday without a substitute')
    ok(not bad, 'the lists of holidays agree with the law', bad)


def check_days():
    days = []
    day = dt.date(2019, 1, 1)
    while day.year < 2031:
        days.append(day)
        day += ONE
    got = ask([f'day {d}' for d in days])
    bad = [f'{d}: {g}' for d, g in zip(days, got)
           if g.split()[0] != str(int(is_open(d)))]
    ok(not bad, f'{len(days)} days are open or closed alike', bad[:10])
    names = [f'{d}: {g}' for d, g in zip(days, got)
             if (g.split()[1] in '123') != (d in CLOSED)]
    ok(not names, 'and the same days are holidays', names[:10])


def check_hand():
    rows = []
    with open(ROWS, encoding='utf-8') as f:
        for line in f:
            if not line.startswith('#'):
                rows.append(line.rstrip('\n').split('\t'))
    ok(len(rows) == 60 and all(len(r) == 4 and r[3] for r in rows),
       '60 rows with a reason each')
    got = ask([f'due {r[0]} {ns(moment(r[1]))}' for r in rows])
    for row, g in zip(rows, got):
        want = ns(moment(row[2]))
        mine = answer(row[0], ns(moment(row[1])))[0]
        ok(mine == want and g.split()[0] == str(want),
           f'{row[0]} {row[1]}: {row[3]}',
           f'hand {want}, oracle {mine}, program {g}')


def moment(text):
    return dt.datetime.fromisoformat(text.replace('Z', '+00:00'))


def starts():
    """The edges of each day, and moments within."""
    rng = random.Random(20260922)
    day = dt.date(2022, 4, 1)
    while day < dt.date(2030, 10, 15):
        midnight = ns(dt.datetime(day.year, day.month, day.day, tzinfo=JST))
        yield from ((day, midnight + off) for off in
                    (0, 86400 * 10**9 - 1, rng.randrange(86400 * 10**9)))
        day += ONE


def same(rule, start, line):
    """Whether the program's answer is the oracle's, warnings and all."""
    got = line.split()
    due, target = answer(rule, start)
    span = due - start
    if len(got) != 5 or got[0] != str(due) or got[1] != str(target):
        return False
    if span <= 0:
        return got[2:] == ['-', '-', '-']
    day_before = str(due - 24 * 3600 * 10**9) if span > 24 * 3600 * 10**9 \
        else '-'
    # Halves and fifths of a nanosecond are nobody's concern.
    return (abs(2 * (int(got[2]) - start) - span) <= 2 and
            abs(10 * (int(got[3]) - start) - 8 * span) <= 80 and
            got[4] == day_before)


def check_many():
    asked = [(rule, start) for rule in TERMS for day, start in starts()
             if day >= VALID.get(rule, day)]
    lines = [f'due {rule} {start}' for rule, start in asked]
    got = ask(lines)
    bad = [f'{rule} {start}: {g}' for (rule, start), g in zip(asked, got)
           if not same(rule, start, g)]
    ok(not bad and len(asked) > 100000, f'{len(asked)} deadlines agree',
       bad[:5])
    for zone, shift in (('America/New_York', 0), ('Pacific/Apia', 10**8),
                        ('UTC-14', -10**9), ('', 86400 * 180)):
        ok(ask(lines[::7], zone, shift) == got[::7],
           f'a restart in zone "{zone}" with a clock {shift} s off changes '
           'nothing')


def check_not_valid():
    early = ns(dt.datetime(2025, 3, 31, 23, 59, 59, tzinfo=JST))
    got = ask([f'due sns-takedown {early}', f'due sns-takedown '
               f'{early + 10**9}'])
    ok(got[0] == 'none' and got[1] != 'none',
       'a rule has no deadline before it is law')


def main():
    check_lists()
    check_days()
    check_hand()
    check_many()
    check_not_valid()
    print(f'1..{len(results)}')
    return 0 if all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
