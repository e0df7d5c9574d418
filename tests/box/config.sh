#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# config.sh - `hinoban config` from outside: the place and words of errors in
# both languages, what is dumped, what the manual gets.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
data=$HB_SOURCE_ROOT/tests/config

run "$H" config check "$data/bad/same-name.yaml"
is $rc 1 'a wrong file fails'
is "$(sed "s,$data/,," "$T/err")" \
    'hinoban: bad/same-name.yaml:8:11: another site has the name "www"' \
    'with file, line and column'
LANG=ja_JP.UTF-8 run "$H" config check "$data/bad/same-name.yaml"
is "$(sed "s,$data/,," "$T/err")" \
    'hinoban: bad/same-name.yaml:8:11: 「www」という名前のサイトがすでにあります' \
    'in Japanese, too'

# Every refusal has a Japanese text, at the same place.
same=0 other=0
for f in "$data"/bad/*.yaml; do
    en=$("$H" config check "$f" 2>&1); ja=$(LANG=ja_JP.UTF-8 "$H" config \
        check "$f" 2>&1)
    [ "$en" != "$ja" ] && LC_ALL=C grep -q "$(printf '\343')" <<<"$ja" ||
        { same=$((same + 1)); echo "# not translated: $en"; }
    [ "${en%%: [!0-9]*}" = "${ja%%: *}" ] ||
        [ "$(grep -oE ':[0-9]+:[0-9]+:' <<<"$en")" = \
            "$(grep -oE ':[0-9]+:[0-9]+:' <<<"$ja")" ] ||
        { other=$((other + 1)); echo "# other place: $en / $ja"; }
done
is $same 0 'every refusal is translated'
is $other 0 'and names the same place'

run "$H" config check /nonexistent/h.yaml; is $rc 1 'a missing file'
err_has '/nonexistent/h.yaml' 'is named'
mkdir "$T/dir"; run "$H" config check "$T/dir"; is $rc 1 'a folder'
head -c 2000000 /dev/zero | tr '\0' '#' >"$T/big"
run "$H" config check "$T/big"; is $rc 1 'a file of 2 MB'
printf 'organisation: \377\376\n' >"$T/bytes"
run "$H" config check "$T/bytes"; is $rc 1 'bytes that are no text'

mkdir "$T/site"
printf 'organisation:\n  name: x\nsites:\n  - name: w\n    number: 1\n    root: %s\n' \
    "$T/site" >"$T/good.yaml"
run "$H" config check "$T/good.yaml"; is $rc 0 'a right file'
is "$(grep -c Weakness "$T/out")" 0 'has no weakness'
# relay URL WORD: the same with this mail relay, unencrypted if so said.
relay() { sed "s,^organisation:,&\n  mail_relay: \"$1\"\n  mail_unencrypted: $2," \
    "$T/good.yaml" >"$T/relay.yaml"; run "$H" config check "$T/relay.yaml"; }
relay smtp://mail.example.jp:25 true; is $rc 0 'mail may go unencrypted'
out_has 'Weakness: mail goes to smtp://mail.example.jp:25 unencrypted' \
    'but that is told as a weakness'
LANG=ja_JP.UTF-8 run "$H" config check "$T/relay.yaml"
out_has '弱点' 'in Japanese, too'
relay smtp://mail.example.jp:25 false
is "$rc $(grep -c Weakness "$T/out")" '0 0' 'encrypted there is none'
relay smtps://mail.example.jp true
is "$rc $(grep -c Weakness "$T/out")" '0 0' 'nor by smtps'
relay 'smtp://[::1]:25' true
is "$rc $(grep -c Weakness "$T/out")" '0 0' 'nor to this machine itself'
rmdir "$T/site"
run "$H" config check "$T/good.yaml"; is $rc 1 'whose root is gone'
err_has "good.yaml:6:11: $T/site" 'is told with its place'
run "$H" config dump "$T/good.yaml"; is $rc 0 'but is still read'
out_has 'scan_every: ' 'the dump has defaults'
cp "$T/out" "$T/dumped.yaml"; run "$H" config dump "$T/dumped.yaml"
cmp -s "$T/out" "$T/dumped.yaml"; ok $? 'and is itself a configuration'

run "$H" config man; is $rc 0 'the manual'
missing=0
for key in organisation sites limits scan_every private_driver staging; do
    grep -q "$key" "$T/out" || missing=$((missing + 1))
done
is $missing 0 'names every setting'
LANG=ja_JP.UTF-8 run "$H" config man
out_has 'ドキュメントルート' 'in Japanese, too'
finish
