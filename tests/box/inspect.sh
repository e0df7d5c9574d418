#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# inspect.sh - `hinoban inspect` from outside: no service, counts without
# values, what the scorer of bench/pii reads, both languages.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1

{ echo '氏名,電話番号,個人番号'
  for i in 10 11 12 13 14 15 16 17 18 19 20 21; do
      echo "山田健$i,090-1234-56$i,023456789013"
      echo "鈴木 太郎,090-1234-57$i,"
  done; } | sed 's/健1[0-9]/健一/; s/健2[0-9]/健二/' >"$T/list.csv"
iconv -f UTF-8 -t CP932 "$T/list.csv" >"$T/list932.csv"
echo 'nothing here' >"$T/plain.txt"

run "$H" inspect "$T/list932.csv"; is $rc 0 'a list in CP932'
out_has 'cp932' 'its encoding'
out_has 'a list of 24 persons' 'as many as its rows'
out_has 'telephone numbers: 24' 'their telephones'
! grep -q 023456789013 "$T/out"; ok $? 'no Individual Number without --values'
run "$H" inspect --values "$T/list.csv"
out_has 023456789013 'with --values it is there'
run env LANG=ja_JP.UTF-8 LANGUAGE=ja "$H" inspect "$T/list.csv"
out_has '24 人の名簿' 'in Japanese'

run "$H" --json inspect "$T/list.csv" "$T/plain.txt"; is $rc 0 'as JSON'
python3 -c 'import json, sys
a, b = [json.loads(x) for x in open(sys.argv[1])]
assert a["encoding"] == "utf-8" and a["list"] and a["persons"] == 24
assert a["classes"]["my_number"] == 1 and a["classes"]["phone"] == 24
assert b["encoding"] == "ascii" and not b["list"]
assert set(b["classes"].values()) == {0}' "$T/out"
ok $? 'a line a file, numbers only'
run "$H" --json inspect --values "$T/list.csv"
python3 -c 'import json, sys
a = json.load(open(sys.argv[1]))
assert a["classes"]["my_number"] == ["023456789013"]
assert a["classes"]["card"] == []' "$T/out"
ok $? 'values where they are asked for'

run "$H" inspect "$T/plain.txt"; out_has 'nothing found' 'nothing is nothing'
run "$H" inspect "$T/missing"; is $rc 1 'a file that is not there'
run "$H" inspect; is $rc 2 'no file'
finish
