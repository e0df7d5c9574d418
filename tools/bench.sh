#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh [NAME] [--json] [--corpus DIR] - runs the benches and their peers.
# A bench is a program or script that prints one JSON object a line:
#   {"bench":"files.check_warm","unit":"s","ours":1.9,"peer":"aide 0.18.3",
#    "theirs":24.8,"goal":2.0,"better":"lower","runs":5}
# NAME is the word before the first dot ("files"); without it all run.  What
# cannot be measured here says {"bench":..., "skipped":"why"}.
set -euo pipefail
cd "$(dirname "$0")/.."
name= json=
while [ $# -gt 0 ]; do
    case $1 in
    --json) json=1 ;;
    --corpus) export HB_CORPUS=${2:?--corpus DIR}; shift ;;
    -*) echo "bench: what is $1?" >&2; exit 2 ;;
    *) name=$1 ;;
    esac
    shift
done
names() { for f in bench/*.sh; do [ -e "$f" ] && basename "$f" .sh; done; }
if [ -n "$name" ] && [ ! -x "bench/$name.sh" ]; then
    echo "bench: no bench '$name'; there are: $(names | tr '\n' ' ')" >&2
    exit 2
fi
table() { python3 -c '
import json, sys
print(f"{\"bench\":28} {\"ours\":>12} {\"goal\":>10} {\"theirs\":>12} {\"ratio\":>7}  peer")
for line in sys.stdin:
    try:
        r = json.loads(line)
    except ValueError:
        sys.stderr.write(line)
        continue
    if "skipped" in r:
        print(f"{r[\"bench\"]:28} skipped: {r[\"skipped\"]}")
        continue
    def n(v):
        return "-" if v is None else f"{v:.4g} {r.get(\"unit\",\"\")}"
    ours, theirs, goal = r.get("ours"), r.get("theirs"), r.get("goal")
    ratio = f"{theirs / ours:.1f}x" if theirs and ours else "-"
    mark = ""
    if goal is not None and ours is not None:
        good = ours <= goal if r.get("better") == "lower" else ours >= goal
        mark = "" if good else "  MISSED"
    print(f"{r[\"bench\"]:28} {n(ours):>12} {n(goal):>10} {n(theirs):>12} "
          f"{ratio:>7}  {r.get(\"peer\", \"\")}{mark}")
'; }
run() { for n in ${name:-$(names)}; do "bench/$n.sh"; done; }
if [ -n "$json" ]; then run; else run | table; fi
