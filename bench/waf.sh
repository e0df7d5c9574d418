#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# waf.sh [NAME] - CPU time of a request in the web application firewall: what
# it adds inside nginx, with ModSecurity for nginx as the peer, and then of the
# engine alone, in process, with libmodsecurity.  NAME: only requests that
# begin so, or "load" or "memory" inside nginx.  HB_BENCH_QUICK=1: fewer rounds, the engine with the first four.
top=$(dirname "$0")/..
export HB_SOURCE_ROOT="${HB_SOURCE_ROOT:-$top}"
status=0
/usr/bin/python3 "$top/bench/waf_nginx.py" "$@" || status=$?
engine() { "${HB_BUILD:-$top/build}/bench/bench-waf-engine" "$@" || status=$?; }
if [ "${HB_BENCH_QUICK:-0}" != 0 ] && [ $# -eq 0 ]; then
    export HB_BENCH_RUNS="${HB_BENCH_RUNS:-3}"
    for name in get form json attack; do engine "$name"; done
else
    engine "$@"
fi
exit $status
