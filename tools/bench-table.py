#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the JSON lines of benches and prints them as a table."""
import json
import sys


def digits(value):
    return f'{value:.0f}' if abs(value) >= 1000 else f'{value:.4g}'


def number(value, unit):
    return '-' if value is None else f'{digits(value)} {unit}'


def spread(r):
    """The range of the rounds, where a bench tells it."""
    said = []
    for who, low, high in (('ours', 'min', 'max'),
                           ('theirs', 'theirs_min', 'theirs_max')):
        if r.get(low) is not None and r.get(high) is not None:
            said.append(f'{who} {digits(r[low])}-{digits(r[high])}')
    return '; ' + ', '.join(said) if said else ''


def main():
    goals, missed = 0, []
    print(f"{'bench':28} {'ours':>14} {'goal':>12} {'theirs':>12} "
          f"{'ratio':>7}  peer")
    for line in sys.stdin:
        try:
            r = json.loads(line)
        except ValueError:
            sys.stderr.write(line)
            continue
        name = r.get('bench', '?')
        if 'skipped' in r:
            print(f"{name:28} skipped: {r['skipped']}")
            continue
        ours, theirs, goal = r.get('ours'), r.get('theirs'), r.get('goal')
        unit = r.get('unit', '')
        ratio = f'{theirs / ours:.1f}x' if theirs and ours else '-'
        mark = ''
        if goal is not None and ours is not None:
            good = ours <= goal if r.get('better') == 'lower' else ours >= goal
            mark = '' if good else '  MISSED'
            goals += 1
            missed += [] if good else [name]
        print(f'{name:28} {number(ours, unit):>14} {number(goal, unit):>12} '
              f"{number(theirs, unit):>12} {ratio:>7}  "
              f"{r.get('peer', '')}{spread(r)}{mark}", flush=True)
    if goals:
        print(f'goals: {goals - len(missed)} of {goals} held' +
              (f'; MISSED: {", ".join(missed)}' if missed else ''))


if __name__ == '__main__':
    main()
