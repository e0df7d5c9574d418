#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# case.sh - `hinoban case` from outside: the shipped case book in both
# languages, one with a mistake, and the honest table of rows.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
export HINOBAN_DATADIR=$HB_SOURCE_ROOT

run "$H" case list; is $rc 0 'list'
is "$(wc -l <"$T/out")" 16 'sixteen cases'
out_has 'The website was defaced' 'in English'
run env LANG=ja_JP.UTF-8 LANGUAGE=ja "$H" case list
is $rc 0 'list in Japanese'
out_has 'ホームページが改ざんされた' 'speaks Japanese'

run "$H" --json case list; is $rc 0 'list as JSON'
python3 -c 'import json, sys
cases = json.load(open(sys.argv[1]))
assert len(cases) == 16
assert cases[1]["title"]["ja"] and cases[1]["maturity"] == "partly"' "$T/out"
ok $? 'is JSON with both languages'

run "$H" case show 2; is $rc 0 'show'
out_has 'files.watching' 'names the controls'
out_has 'Consult the information-security officer' 'and the steps'
run "$H" --json case show 2
python3 -c 'import json, sys
c = json.load(open(sys.argv[1]))
assert len(c["controls"]) == 16 and len(c["steps"]) > 30
for k in c["controls"] + c["steps"]:
    t = k.get("text") or k["title"]
    assert t["en"] and t["ja"] and t["en"] != t["ja"], k["id"]' "$T/out"
ok $? 'every control and step stands in both languages'
run "$H" case show 3; is $rc 0 'another case'
out_has 'Consult the officer' 'calls what cases share'

run "$H" --json case rows 2; is $rc 0 'rows'
python3 -c 'import json, sys
rows = {r["id"]: r for r in json.load(open(sys.argv[1]))}
want = ["G0-1", "G0-2"] + ["C02-" + x for x in
        "R1 R2 R3 R4 P1 P2a P2b P3 P4 U1 U2".split()]
assert not [w for w in want if w not in rows]
for r in rows.values():
    # A question never meets what the machine must do.
    if r["must_be_automatic"] and not r["consider"]:
        assert r["met"] == r["automatic"], r["id"]
assert rows["C02-P2b"]["asked"] and not rows["C02-P2b"]["met"]' "$T/out"
ok $? 'a question meets no row that the machine must meet'

run "$H" case check; is $rc 0 'check'
out_has '16 cases' 'counts'
cp -r "$HB_SOURCE_ROOT/casebook" "$T/book"
sed -i 's/next: hold$/next: hodl/' "$T/book/02-defacement/playbook.yaml"
line=$(grep -n 'next: hodl' "$T/book/02-defacement/playbook.yaml" | cut -d: -f1)
run "$H" case check "$T/book"; is $rc 1 'a mistake in a playbook'
err_has "playbook.yaml:$line:" 'is shown with its line'
err_has 'did you mean "hold"' 'and the nearest name'
sed -i 's/next: hodl$/next: hold/' "$T/book/02-defacement/playbook.yaml"
mv "$T/book/02-defacement" "$T/book/02-defaced"
run "$H" case check "$T/book"; is $rc 1 'a folder of another name'
run "$H" case check /nonexistent; is $rc 1 'no folder'

mv "$T/book/02-defaced" "$T/book/02-defacement"
cp -r "$T/book/16-payment-fraud" "$T/book/17-seventeenth"
sed -i -e 's/^number: 16/number: 17/' -e 's/^id: payment-fraud$/id: seventeenth/' \
    -e 's/C16-/C17-/g' "$T/book/17-seventeenth"/*.yaml
run "$H" case check "$T/book"; is $rc 0 'a seventeenth case is data only'
out_has '17 cases' 'and counted'

# Which case a report is: proposed with its reasons, or asked.
echo '取引先から振込先の口座が変わったというメールが来て送金しました' >"$T/report"
run "$H" case propose "$T/report"; is $rc 0 'propose from a file'
out_has 'Proposed: case 16' 'proposes'
out_has 'A bank account and a change (口座, 変わ)' 'and says why'
run "$H" case propose - <"$T/report"; is $rc 0 'propose from standard input'
out_has 'Proposed: case 16' 'proposes the same'
run env LANG=ja_JP.UTF-8 LANGUAGE=ja "$H" case propose <"$T/report"
out_has '提案: 事例 16' 'speaks Japanese'
echo 'メールが変です' >"$T/report"
run "$H" case propose "$T/report"; is $rc 0 'a report that says too little'
out_has 'Which of these is true' 'is asked about'
is "$(grep -c '^  ? ' "$T/out")" 4 'with three questions, and one for none'
run "$H" --json case propose "$T/report"
python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
assert r["verdict"] == "ask" and r["case"] is None and not r["cut"]
for c in r["candidates"]:
    assert c["question"]["en"] and c["question"]["ja"] and c["percent"] < 90
    for w in c["reasons"]:
        assert w["why"]["ja"] and w["words"] and w["weight"] > 0' "$T/out"
ok $? 'as JSON too'
: >"$T/report"
run "$H" case propose "$T/report"; is $rc 0 'an empty report'
out_has 'Nothing in it points to a case' 'points nowhere'
run "$H" case propose "$T/none"; is $rc 1 'no such file'
run "$H" case propose "$T"; is $rc 1 'a folder'
run "$H" case propose a b; is $rc 2 'two files'

run "$H" case show; is $rc 2 'show without a number'
run "$H" case show 99; is $rc 2 'show of a case that is not there'
run "$H" case frob; is $rc 2 'an unknown word'
run "$H" case list x; is $rc 2 'too many words'
finish
