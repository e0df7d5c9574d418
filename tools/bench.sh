#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh [NAME] [--json] [--quick] [--corpus DIR] - runs the benches and their peers.
# A bench is a program or script that prints one JSON object a line:
#   {"bench":"files.check_warm","unit":"s","ours":1.9,"peer":"aide 0.18.3",
#    "theirs":24.8,"goal":2.0,"better":"lower","runs":5}
# NAME is the word before the first dot ("files"); without it all run.  What
# cannot be measured here says {"bench":..., "skipped":"why"}.  --quick: a short
# look, where a bench has one (HB_BENCH_QUICK).
set -euo pipefail
cd "$(dirname "$0")/.."
name= json=
while [ $# -gt 0 ]; do
    case $1 in
    --json) json=1 ;;
    --quick) export HB_BENCH_QUICK=1 ;;
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
run() { for n in ${name:-$(names)}; do "bench/$n.sh"; done; }
if [ -n "$json" ]; then run; else run | python3 tools/bench-table.py; fi
