#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the JSON lines of benches and prints them as a table."""
import json
import sys


def number(value, unit):
    return '-' if value is None else f'{value:.4g} {unit}'


def main():
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
        print(f'{name:28} {number(ours, unit):>14} {number(goal, unit):>12} '
              f"{number(theirs, unit):>12} {ratio:>7}  "
              f"{r.get('peer', '')}{mark}", flush=True)


if __name__ == '__main__':
    main()
