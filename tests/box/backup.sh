#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# backup.sh - `hinoban backup` and `restore` from outside: there and back, the
# key, refusals with a sentence, both languages.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
command -v sqlite3 >/dev/null || skip_all 'needs sqlite3'

S=$T/r/var/lib/hinoban/state
mkdir -p "$S/evidence" "$S/proofs" "$T/r/etc/hinoban/keys"
sqlite3 "$S/state.db" 'PRAGMA journal_mode=WAL; CREATE TABLE
    hb_schema(version INTEGER PRIMARY KEY); INSERT INTO hb_schema VALUES(1);
    CREATE TABLE t(x); INSERT INTO t VALUES(42);' >/dev/null
echo '<?php ?>' >"$S/evidence/shell"
echo '{}' >"$S/proofs/2.json"
G=$T/r/var/lib/hinoban/gate
mkdir -p "$G/grants"
echo '{"a":1}' >"$G/grants/a0001.json"; echo sig >"$G/grants/a0001.sig"
echo made >"$G/rules.conf"
h() { run "$H" --root "$T/r" "$@"; }

h backup; is $rc 2 'a backup needs a name'
h backup "$T/b" extra; is $rc 2 'and only one'
h restore "$T/none"; is $rc 1 'nothing to restore'
h backup "$T/b"; is $rc 0 'a backup'
out_has 'read back' 'was read back'
err_has 'backup.key' 'and a key was made'
err_has 'apart' 'to be kept apart'
K=$T/r/etc/hinoban/keys/backup.key
is "$(stat -c %a "$K" "$T/b" | tr '\n' ' ')" '600 600 ' 'both for root alone'
! grep -q 'php' "$T/b"; ok $? 'what it holds does not show'
h backup "$T/b"; is $rc 0 'again, over it'
is "$(cat "$T/err")" '' 'with the same key'
h --json backup "$T/b"
python3 -c 'import json,sys; d=json.load(open(sys.argv[1]))
assert d["files"] == 5 and d["schema"] == 1' "$T/out"; ok $? 'as JSON'

h restore --check "$T/b"; is $rc 0 'it is whole'
h restore "$T/b"; is $rc 1 'a state that is there is not overwritten'
err_has '--force' 'and the message says how'
echo changed >"$S/evidence/shell"
rm "$G/grants/a0001.sig"; echo '{"a":2}' >"$G/grants/a0001.json"
echo newer >"$G/rules.conf"
h restore --force "$T/b"; is $rc 0 'with --force it is restored'
is "$(cat "$S/evidence/shell")" '<?php ?>' 'the evidence as it was'
is "$(sqlite3 "$S/state.db" 'SELECT x FROM t')" 42 'the state as it was'
is "$(cat "$S/before-restore-1/evidence/shell")" changed \
    'what stood there is beside it'
out_has 'hinoban gate build' 'what the firewall was allowed is told'
is "$(cat "$G/grants/a0001.json" "$G/grants/a0001.sig")" "$(printf \
    '{"a":1}\nsig')" 'and back, with its signature'
is "$(stat -c '%a' "$G/grants" "$G/grants/a0001.json" | tr '\n' ' ')" \
    '755 644 ' 'for the roles to read'
is "$(cat "$G/grants.before-restore-1/a0001.json")" '{"a":2}' \
    'what was allowed since is beside it'
is "$(cat "$G/rules.conf")" newer 'what is built is left alone'

flock "$S/state.db.lock" sleep 60 & children=$!
until_true 20 sh -c "! flock -n '$S/state.db.lock' true"
h restore --force "$T/b"; is $rc 1 'not while the service runs'
err_has 'stop it first' 'which the message says'
kill $children; wait $children 2>/dev/null; children=

mkdir -p "$T/new/etc/hinoban/keys"
run "$H" --root "$T/new" restore "$T/b"; is $rc 1 'not without the key'
run "$H" --root "$T/new" restore "$T/b" --key "$K"
is $rc 0 'with it, on another machine'
is "$(sqlite3 "$T/new/var/lib/hinoban/state/state.db" 'SELECT x FROM t')" 42 \
    'all is there'
is "$(cat "$T/new/var/lib/hinoban/gate/grants/a0001.sig")" sig \
    'what the firewall was allowed, too'

head -c -1 "$T/b" >"$T/cut"
h restore --check "$T/cut"; is $rc 1 'one that was cut off'
err_has 'cut off' 'is told as such'
LANG=ja_JP.UTF-8 run "$H" --root "$T/r" restore --check "$T/cut"
err_has '途中で切れて' 'also in Japanese'
run "$H" --root "$T/r" restore --check "$HB_SOURCE_ROOT/VERSION"
is $rc 1 'what is no backup is refused'
finish
