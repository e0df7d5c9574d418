#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# card.sh - the cards for staff from outside: no service, both languages, one
# page, and the words that matter.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1

run "$H" card list; is $rc 0 'list'
is "$(wc -l <"$T/out")" 8 'eight cards'
run "$H" --json card list
python3 -c 'import json, sys
cards = json.load(open(sys.argv[1]))
assert {c["id"] for c in cards} == {"network-cut", "lost-device",
    "wrong-recipient", "suspicious-mail", "home-user", "telework",
    "payee-change", "call-tree"}
assert all(c["title_ja"] and c["title_en"] != c["title_ja"] for c in cards)' \
    "$T/out"
ok $? 'as JSON in both languages'

for card in network-cut lost-device wrong-recipient suspicious-mail home-user \
    telework payee-change; do
    for lang in en ja; do
        run "$H" card print $card --lang $lang; is $rc 0 "$card in $lang"
        # An A4 page has some sixty lines.
        [ "$(wc -l <"$T/out")" -le 60 ]; ok $? "$card in $lang is one page"
        run "$H" card print $card --lang $lang --html
        is $rc 0 "$card in $lang as a page"
        out_has "<html lang=\"$lang\"" "$card speaks $lang"
    done
done

run "$H" card print network-cut
out_has 'Do NOT power off, do not restart' 'the power stays on'
run env LANG=ja_JP.UTF-8 LANGUAGE=ja "$H" card print network-cut
out_has '電源を切らない' 'in the language of who asks'
out_has 'LAN ケーブルを抜く' 'the cable first'
run "$H" card print home-user --lang ja; out_has '購入した店' 'card A: the shop'
run "$H" card print telework --lang ja
out_has '店や修理業者に持ち込まない' 'card B: not the shop'
out_has '初期化しない' 'nor initialise'
run "$H" card print payee-change
out_has 'Call back to the number on file' 'call back'
run "$H" card print wrong-recipient
out_has 'telephone first' 'telephone first'

run env HINOBAN_ROOT="$T/none" "$H" card print call-tree
is $rc 1 'the call tree needs the service'
run "$H" card print nothing; is $rc 2 'an unknown card'
run "$H" card print; is $rc 2 'no card'
run "$H" card print telework --lang fr; is $rc 2 'an unknown language'
finish
