#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The support bundle: of an installation that runs, of one that is broken, and
# what must never be in it.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all 'needs root'
command -v nginx >/dev/null || skip_all 'no nginx'
cd "$HB_SOURCE_ROOT" || exit 1

HB_VAR=$T/var HB_BUILD=$HB_BUILD_ROOT tools/up.sh >"$T/up.log" 2>&1 &
children=$!
until_true 60 grep -q 'stops everything' "$T/up.log"
ok $? 'a whole installation starts'
root=$T/var/bin/hinoban
top=$(readlink -f "$T/var/up")
etc=$(find "$top/" -type d -path '*/etc/hinoban' | head -1)

# What was said in a role's words, with a secret and a mail address in it.
"$T/var/bin/officer" incident open 2 sample \
    $'token=s3cr3t from mallory@evil.example \e[31m' >/dev/null
"$root" event >/dev/null

run "$root" support "$T/bundle"
is "$rc" 0 'support FILE'
out_has 'Read it before you send it' 'says what to do'
is "$(stat -c %a "$T/bundle")" 600 'for its owner only'
for part in System Settings Capabilities Directories Status Units Log; do
    grep -q "^==== $part" "$T/bundle"; ok $? "has the part $part"
done
grep -q 'Guarded sites' "$T/bundle"; ok $? 'has the status'
grep -q "root: $top/web" "$T/bundle"; ok $? 'has the settings'
grep -q 'sense/files (sensor)' "$T/bundle"; ok $? 'has the capabilities'
grep -q "$(uname -r)" "$T/bundle"; ok $? 'has the kernel'
grep -qE '^100600 0:0 .*/keys/evidence.key|keys/evidence.key' "$T/bundle"
ok $? 'has the modes of keys'

# ---- never in it -----------------------------------------------------------
! grep -qE 'PRIVATE KEY|s3cr3t|mallory@' "$T/bundle"
ok $? 'no key, no secret, no mail box'
secret=$(sed -n 2p "$etc/keys/evidence.key" | head -c 24)
[ -n "$secret" ] && ! grep -qF -- "$secret" "$T/bundle"
ok $? 'nothing of a private key'
! grep -q $'\e' "$T/bundle"; ok $? 'no escape sequence'
page=$(head -c 60 "$top/web/index.html" | tail -c 30)
! grep -qF -- "$page" "$T/bundle"; ok $? 'no content of a page'

# ---- in Japanese, to standard output, wrong words ---------------------------
run env LANG=ja_JP.UTF-8 "$root" support
is "$rc" 0 'to standard output'
out_has 'サポート用情報' 'in Japanese'
run "$root" support a b; is "$rc" 2 'a word too much: exit 2'
run "$root" support "$T/no/such/bundle"; is "$rc" 1 'a folder that is not there'
err_has 'no such file' 'and says why'

# ---- when things are broken -------------------------------------------------
kill "$children"; wait "$children" 2>/dev/null; children=
mkdir -p "$T/broken/etc/hinoban"
echo 'organisation: [' >"$T/broken/etc/hinoban/hinoban.yaml"
run "$H" --root "$T/broken" support
is "$rc" 0 'a broken installation has a bundle too'
out_has 'hinoban.yaml:' 'that names the mistake'
out_has 'Nobody listens' 'and that nobody answers'
finish
