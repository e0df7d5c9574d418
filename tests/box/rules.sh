#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# rules.sh - `hinoban rules` from outside: the shipped pack in both languages,
# deadlines in any zone, a pack with a mistake, signing and what a change does
# to the signature, a pack that nobody looked at for long.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
export HINOBAN_ROOT=$T/root
pack=$T/share/casebook/rules/jp.yaml
ja() { LANG=ja_JP.UTF-8 LANGUAGE=ja "$@"; }
# json EXPRESSION: of the output, as d.
json() { python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert eval("(" + sys.argv[2] + ")"), d' "$T/out" "$1"; ok $? "$2"; }

run "$H" rules list; is $rc 0 'list'
out_has 'ppc-preliminary  [to be confirmed]' 'a rule and its certainty'
out_has 'jpcert  [confirmed]' 'one that is confirmed'
out_has 'no legal advice' 'says what it is not'
out_has 'version 1, checked on 2026-11-30' 'tells when it was checked'
out_has 'not signed' 'and that nobody signed it'
run ja "$H" rules list; is $rc 0 'list in Japanese'
out_has 'ppc-preliminary  [要確認]' 'the certainty'
out_has '個人情報保護委員会への速報' 'the title'
out_has '法的助言ではありません' 'and what it is not'
run "$H" rules; is $rc 0 'list is what it does by itself'

run "$H" rules list --at 2025-03-31
! grep -q '^sns-takedown' "$T/out"; ok $? 'before its day a rule is not listed'
run "$H" rules list --at 2025-04-01
out_has 'sns-takedown' 'from its day on it is'
run "$H" rules list --at 2025-03-31 --all
out_has 'sns-takedown' '--all lists the others as well'
run "$H" --json rules list --all; is $rc 0 'list as JSON'
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert d["pack"]["id"] == "jp" and d["pack"]["signature"] == "unsigned"
assert len(d["rules"]) > 35
for r in d["rules"]:
    for k in ("title", "law", "addressee", "when"):
        assert r[k]["en"] and r[k]["ja"] and r[k]["en"] != r[k]["ja"], r["id"]
    assert r["source"] and r["valid_from"] and r["due"]["kind"], r["id"]
    assert ("to_confirm" in r) == (r["certainty"] == "to-confirm"), r["id"]' \
    "$T/out"
ok $? 'every rule has both languages, source, dates, certainty'

run "$H" rules show ppc-final; is $rc 0 'show'
out_has 'Enforcement Rules, art. 7 and 8(2)' 'the article'
out_has 'https://www.businesslawyers.jp/practices/1433' 'the source'
out_has 'To be confirmed:' 'what is to be confirmed'
out_has 'next opening day' 'how days are counted'
out_has 'since 2022-04-01' 'since when it is law'
out_has 'D05' 'the paper'
run ja "$H" rules show ppc-final
out_has '要確認:' 'the same in Japanese'
out_has '最終日が閉庁日のときは、次の開庁日' 'with the counting of days'
run "$H" rules show jpcert
out_has 'may be decided against' 'what is voluntary says so'
run "$H" --json rules show ppc-notice; is $rc 0 'show as JSON'
json 'd["rules"][0]["items"] == ["outline", "data-items", "cause",
    "secondary-damage", "other"]' 'a notice has five items'

run "$H" rules due ppc-final --start '2026-12-01 10:00'; is $rc 0 'due'
out_has '2027-01-04 23:59:59 JST' 'over the closing days'
out_has '2026-12-30 is closed (Year-end' 'says why'
out_has '2027-01-03 23:59:59 JST  24 hours are left' 'warnings'
out_has '[to be confirmed]' 'with its certainty'
run ja "$H" rules due ppc-final --start '2026-08-24 10:00'
out_has '2026-09-22 は閉庁日(国民の休日)' "a citizens' holiday by its name"
out_has '2026-09-24 23:59:59 JST' 'and the day after the silver week'
run "$H" rules due ppc-final --start '2026-05-31 10:00'
out_has '2026-06-29 23:59:59 JST' 'day 30 itself'
run "$H" rules due ppc-final --start '2026-05-29 10:00'
out_has '2026-06-27 is closed (Saturday)' 'from Saturday to Monday'
run "$H" rules due bank-recall --start '2026-05-29 10:00:30'
out_has 'own yardstick' 'our own yardstick is called so'
out_has '2026-05-29 10:30:30 JST' 'with its seconds'
run "$H" --json rules due ppc-preliminary --start 2026-11-30T14:59:59Z
json 'd["target"] == "2026-12-02T14:59:59.000Z" and
    d["due"] == "2026-12-04T14:59:59.000Z"' 'RFC 3339; target and limit'
cp "$T/out" "$T/first"
for zone in America/New_York UTC-14 Pacific/Apia; do
    TZ=$zone run "$H" --json rules due ppc-preliminary \
        --start '2026-11-30 23:59:59'
    cmp -s "$T/out" "$T/first"; ok $? "the same in the zone $zone"
done

run "$H" rules due ppc-final; is $rc 2 'due without a start'
run "$H" rules due ppc-final --start yesterday; is $rc 2 'a start that is none'
run "$H" rules due ppc-final --start '2026-02-29 10:00'; is $rc 2 'no such day'
run "$H" rules due ppc-finale --start '2026-02-28 10:00'; is $rc 2 'no rule'
err_has 'did you mean ppc-final?' 'the nearest is named'
run "$H" rules due sns-takedown --start '2025-03-31 10:00'; is $rc 2 'too early'
err_has 'not in force' 'is told'
run "$H" rules due local-cybersecurity-policy --start '2026-05-01 10:00'
is $rc 2 'a standing duty'
err_has 'has no clock' 'has no clock'
run "$H" rules due ppc-final --start '2099-12-20 10:00'; is $rc 2 'too late'
err_has 'calendar' 'the calendar ends'
run "$H" rules show; is $rc 2 'show without a name'
run "$H" rules show none-such; is $rc 2 'a rule that is not there'
run "$H" rules frob; is $rc 2 'an unknown word'
run "$H" rules list x; is $rc 2 'too many words'
run "$H" rules list --at soon; is $rc 2 'a day that is none'

run "$H" rules check; is $rc 0 'check'
out_has '43 rules, 36 of them to be confirmed' 'counts'
cp "$pack" "$T/bad.yaml"
sed -i 's/roll: next-opening-day/roll: next-opning-day/' "$T/bad.yaml"
line=$(grep -n 'next-opning-day' "$T/bad.yaml" | head -1 | cut -d: -f1)
run "$H" rules check "$T/bad.yaml"; is $rc 1 'a mistake'
err_has "bad.yaml:$line:" 'is shown with its line'
err_has 'did you mean "next-opening-day"?' 'and the nearest word'
run ja "$H" rules check "$T/bad.yaml"
err_has 'の誤りではありませんか' 'in Japanese, too'
sed -e 's/__malicious__/__malicius__/' "$pack" >"$T/bad.yaml"
run "$H" rules check "$T/bad.yaml"; is $rc 1 'a fact that nobody knows'
err_has 'did you mean __malicious__?' 'is refused'
run "$H" rules check "$T/none.yaml"; is $rc 1 'no file'

# Signing: the key of this installation, by whoever read the pack.
run "$H" rules sign; is $rc 1 'without a key nothing is signed'
run "$H" init --organisation Test --no-passphrase; is $rc 0 'init'
run "$H" rules sign; is $rc 0 'sign'
run "$H" rules check; is $rc 0 'a signed pack'
out_has '; signed' 'is told to be signed'
is "$(stat -c %s "$pack.sig")" 64 'the signature is 64 bytes'
(printf 'hinoban-rulepack-v1\n'; sha256sum "$pack" | cut -c1-64 | tr -d '\n') \
    >"$T/message"
openssl pkeyutl -verify -pubin -inkey "$T/root/etc/hinoban/keys/rules.pub" \
    -rawin -in "$T/message" -sigfile "$pack.sig" >/dev/null 2>&1
ok $? 'openssl alone verifies it'
sed -i 's/__persons_count__ > 1000/__persons_count__ > 9000/' "$pack"
run "$H" rules check; is $rc 1 'a pack that was changed'
out_has 'THE SIGNATURE DOES NOT HOLD' 'is told'
run "$H" rules due ppc-final --start '2026-05-29 10:00'
is $rc 0 'a clock does not fail for it'
out_has 'THE SIGNATURE DOES NOT HOLD' 'but it is told there as well'
run "$H" --json rules list
json 'd["pack"]["signature"] == "bad"' 'and in JSON'
run ja "$H" rules list
out_has '署名が一致しません' 'and in Japanese'
run "$H" rules sign; is $rc 0 'who read it signs it again'
mv "$T/root/etc/hinoban/keys/rules.pub" "$T/rules.pub"
run "$H" rules list
out_has 'not checked: no rules.pub' 'without the public key it is unchecked'
rm -f "$pack.sig"

# Days are those of Japan.
export TZ=UTC-9
old=$(date -d '-181 days' +%F)
sed -i "s/^  at: .*/  at: $old/" "$pack"
run "$H" rules list; is $rc 0 'a pack of half a year'
out_has 'last checked 181 days ago' 'warns'
run "$H" --json rules check; is $rc 0 'check of it'
json 'd["pack"]["age"] == "old" and d["pack"]["age_days"] == 181' 'as JSON'
sed -i "s/^  at: .*/  at: $(date -d '-179 days' +%F)/" "$pack"
run "$H" --json rules check
json 'd["pack"]["age"] == "fresh"' 'a younger one does not'
sed -i "s/^  at: .*/  at: $(date -d '+3 days' +%F)/" "$pack"
run "$H" rules list
out_has 'checked in the future' 'one from the future warns, too'
finish
