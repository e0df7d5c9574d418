#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Deploy windows without a manifest: what the deployer changes waits, what
# others change is undone at once; accepted or rejected by a person, also after
# a restart.  Real roles, as an administrator works.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all 'needs root'
command -v setpriv >/dev/null || skip_all 'no setpriv'
R=$T/root W=$T/web
mkdir -p "$W/app"
for f in index.html old.html app/config.php; do echo "<p>$f" >"$W/$f"; done
chmod -R a+rwX "$W"
hb() { run "$H" --root "$R" "$@"; }
hb init --no-passphrase --organisation Box --site www --site-root "$W"
for who in officer:61890 deputy:61891; do
    hb person add "${who%:*}" --roles officer,admin --uid "${who#*:}" \
        --no-passphrase --key-to "$T/${who%:*}.key"
done
hb site publish www "$W" --quiet; is "$rc" 0 'the site is published'
hb reflex allow --officer officer --reason box --key "$T/officer.key"
is "$rc" 0 'restoring is approved'
start() {
    "$H" --root "$R" supervise >>"$T/log" 2>&1 &
    sup=$! children=$!
    until_true 60 scanned; ok $? "$1"
}
scanned() { "$H" --root "$R" event '"change":"scan"' --limit 1 | grep -q scan; }
stop() { kill "$sup"; wait "$sup" 2>/dev/null; children=; }
# The order of options is what people type.
opts="--user daemon --key $T/officer.key --person officer"
# Who has ended at once cannot be asked who it was; "window run" sees to that.
as() { setpriv --reuid "$1" --regid "$1" --clear-groups sh -c "$2"; }
pending() { "$H" --root "$R" site pending www --json |
    python3 -c 'import json,sys
for p in json.load(sys.stdin): print(p["kind"], p["path"], p["executes"])'; }
waits() { pending | grep -qx "$1"; }
daemon=$(id -u daemon)
start 'the roles are at work'

# ---- without a window ---------------------------------------------------------
as "$daemon" "echo new >$W/index.html"
until_true 20 grep -q '<p>index' "$W/index.html"
ok $? 'without a window the change is undone'
hb site pending www; out_has 'Nothing waits' 'nothing waits'

# ---- a command as the window ---------------------------------------------------
cat >"$T/deploy" <<END
#!/bin/sh
echo '<p>release' >$W/index.html
echo '<p>new' >$W/new.html
echo '<?php' >$W/new.php
chmod 666 $W/new.html
rm $W/old.html
sleep 3
exit 7
END
chmod 755 "$T/deploy"
"$H" --root "$R" site window run www $opts -- "$T/deploy" >"$T/run" 2>&1 &
deploy=$!
until_true 30 waits 'changed index.html False'; ok $? 'a changed file waits'
until_true 20 waits 'added new.html False'; ok $? 'a new one'
until_true 20 waits 'added new.php True'; ok $? 'one that the server runs'
until_true 20 waits 'removed old.html False'; ok $? 'one that went'
hb site window open www $opts; is "$rc" 1 'no second window'
err_has 'close it first' 'is opened over it'
# The same user, but not of the command's tree; and another user.
as "$daemon" "echo evil >$W/app/config.php"
until_true 20 grep -q '<p>app' "$W/app/config.php"
ok $? 'the same user outside of the command is undone'
as 33 "echo evil >$W/planted.php"
until_true 20 sh -c "[ ! -e $W/planted.php ]"
ok $? 'a file by another user is taken out at once'
wait "$deploy"; is "$?" 7 'the status is that of the command'
grep -q 'is closed' "$T/run"; ok $? 'the window closes with it'
hb site window show www; out_has 'No deploy window' 'none is open'
as "$daemon" "echo late >$W/app/config.php"
until_true 20 grep -q '<p>app' "$W/app/config.php"
ok $? 'afterwards everything is undone again'
grep -q release "$W/index.html"; ok $? 'what waits stays'
as 33 "echo evil >$W/new.html"
until_true 20 sh -c "! grep -q evil $W/new.html"
ok $? 'but not what others make of it'
# It was no signed file that could be put back, so it is gone.
hb event '"status":"pending"' --limit 9
out_has new.php 'the events name what waits'
: >"$T/out"
until_true 20 sh -c "'$H' --root '$R' event 'wait for a person' | grep -q site"
ok $? 'people are told that changes wait'

hb status; out_has '4 changes of a deploy wait' 'and on the one screen'

# ---- a restart -------------------------------------------------------------------
stop; start 'the roles are restarted'
sleep 1
grep -q release "$W/index.html"; ok $? 'what waits survives a restart'
[ -e "$W/new.php" ] && [ ! -e "$W/old.html" ]; ok $? 'all of it'

# ---- compare is killed ---------------------------------------------------------------
compare() { pgrep -P "$sup" -f 'role compare' | head -1; }
old=$(compare); kill -9 "$old"; ok $? 'compare is killed'
fresh() { new=$(compare); [ -n "$new" ] && [ "$new" != "$old" ]; }
until_true 30 fresh; ok $? 'and started again'
as 33 "echo evil >$W/app/config.php"
until_true 30 grep -q '<p>app' "$W/app/config.php"
ok $? 'it goes on undoing what others do'
[ -e "$W/new.php" ] && grep -q release "$W/index.html" && [ ! -e "$W/old.html" ]
ok $? 'and what waits still waits'

# ---- accept and reject --------------------------------------------------------------
hb site accept www; is "$rc" 0 'accept'
out_has 'still wait' 'what the server runs is left out'
pending >"$T/p"
until_true 20 sh -c "! '$H' --root '$R' site pending www | grep -q index.html"
ok $? 'what was accepted waits no more'
waits 'added new.php True'; ok $? 'what runs does'
as 33 "echo evil >$W/index.html"
until_true 20 grep -q release "$W/index.html"
ok $? 'it is put back to the accepted state'
"$H" --root "$R" site window open www $opts >"$T/out" 2>"$T/err"
as "$daemon" "echo '<?php' >$W/app/deep.jpg; sleep 1"
until_true 20 waits 'added app/deep.jpg True'; ok $? 'one in a directory'
hb site accept www app --executables; is "$rc" 1 'a directory names none'
err_has 'app/deep.jpg' 'of the files that run'
# A role that was taken over forges the list.
sleep 2
L=$R/var/lib/hinoban/pending/www/pending.json
sed -i 's/"executes":true/"executes":false/g' "$L"
hb site accept www; is "$rc" 1 'a list that calls them harmless'
err_has 'accepted expressly' 'is not believed'
hb site accept www app app/deep.jpg --executables
is "$rc" 0 'its own path does'
hb site window close www; is "$rc" 0 'the window is closed'
hb site accept www new.php; is "$rc" 1 'by its name alone it is refused'
err_has 'accepted expressly' 'and says what to do'
hb site accept www --executables; is "$rc" 2 'all of them at once are refused'
hb site reject www nothing.html; is "$rc" 1 'what does not wait'
err_has 'does not wait' 'is said'
hb site reject www new.php; is "$rc" 0 'reject'
until_true 30 sh -c "[ ! -e $W/new.php ]"; ok $? 'it is taken out'
until_true 30 sh -c "'$H' --root '$R' evidence list | grep -q new.php"
ok $? 'and kept as evidence'
until_true 30 sh -c "! '$H' --root '$R' status | grep -q 'deploy wait'"
ok $? 'nothing is said to wait any more'

# ---- by user, for a time ------------------------------------------------------------
hb site window open www $opts --for 4s; is "$rc" 0 'a window for a time'
out_has 'wait for you' 'says what it means'
sleep 1
as "$daemon" "echo '<?php 2' >$W/second.php; sleep 1"
until_true 20 waits 'added second.php True'; ok $? 'what the user changes waits'
hb site accept www second.php --executables
is "$rc" 0 'expressly accepted'
until_true 20 sh -c "! '$H' --root '$R' site pending www | grep -q second"
ok $? 'and signed'
sleep 4
as "$daemon" "echo late >$W/index.html"
until_true 20 grep -q release "$W/index.html"
ok $? 'when the time is over changes are undone'

# ---- lists and windows that nobody made ----------------------------------------------
echo '{"site":"www","window":"x","paths":"no"}' \
    >"$R/var/lib/hinoban/pending/www/pending.json"
hb site pending www; is "$rc" 1 'a broken list is an error'
rm "$R/var/lib/hinoban/pending/www/pending.json"
hb site window open www --user daemon --key "$T/deputy.key" --person officer
is "$rc" 0 'a window signed with another key'
sleep 1
as "$daemon" "echo '<p>forged' >$W/index.html"
until_true 20 grep -q release "$W/index.html"
ok $? 'counts for nothing'
hb site window close www; is "$rc" 0 'close'
hb site window open www --user nobody-here --person officer
is "$rc" 1 'an unknown user'; err_has 'no user' 'is said'
hb site window open nowhere $opts; is "$rc" 1 'an unknown site'
hb site window open www --person officer; is "$rc" 1 'no user'
err_has '--user' 'is said'
hb site window run www $opts; is "$rc" 2 'nothing to run'
hb site window open www $opts --for 2d; is "$rc" 1 'longer than a day'
hb site window; is "$rc" 2 'no verb'
stop
finish
