#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ./dev up --once: the first command of the README heals the sample, opens an
# incident, and leaves nothing behind.
cd "$HB_SOURCE_ROOT" || exit 1
if [ "$(id -u)" != 0 ]; then echo '1..0 # skipped: needs root'; exit 0; fi
command -v nginx >/dev/null || { echo '1..0 # skipped: no nginx'; exit 0; }
if [ -e var/up ]; then echo '1..0 # skipped: ./dev up runs here'; exit 0; fi
n=0
ok() { n=$((n + 1)); if [ "$1" -eq 0 ]; then echo "ok $n - $2"
    else echo "not ok $n - $2"; printf '%s\n' "$out" | tail -30 | sed 's/^/# /'
    fi; }
out=$(HB_BUILD=$HB_BUILD_ROOT tools/up.sh --once 2>&1); rc=$?
ok $rc 'up --once ends well'
grep -q 'could happen to us\|are unknown' <<<"$out"; ok $? 'it shows the posture'
grep -q 'healed within' <<<"$out"; ok $? 'it healed the page'
grep -q 'The website was defaced' <<<"$out"; ok $? 'it opened an incident'
grep -q 'put back as published' <<<"$out"; ok $? 'the timeline tells the deed'
if grep -q '^Without the firewall' <<<"$out"; then
    echo "# $(grep '^Without the firewall' <<<"$out")"
else
    grep -q '# stopped: 403, number [0-9A-Z]*-' <<<"$out"
    ok $? 'it shows an attack that is stopped, and its number'
    grep -q 'self-test: *\[x\] sample' <<<"$out"
    ok $? 'the self-test passes'
    grep -q 'attack was stopped, told, and let through' <<<"$out"
    ok $? 'an attack is stopped, told, and passes once it is allowed'
fi
[ ! -e var/up ]; ok $? 'nothing is left behind'
echo "1..$n"
