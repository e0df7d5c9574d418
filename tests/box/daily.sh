#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The README's story of case 2, line by line, as the sample officer of a whole
# installation: real roles, real helper, real nginx.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all 'needs root'
command -v nginx >/dev/null || skip_all 'no nginx'
command -v curl >/dev/null || skip_all 'no curl'
cd "$HB_SOURCE_ROOT" || exit 1

HB_VAR=$T/var HB_BUILD=$HB_BUILD_ROOT tools/up.sh >"$T/up.log" 2>&1 &
up=$!
children=$up
until_true 60 grep -q 'stops everything' "$T/up.log"
ok $? 'a whole installation starts'
base=$(readlink -f "$T/var/up")
officer=$T/var/bin/officer deputy=$T/var/bin/deputy root=$T/var/bin/hinoban
web=$base/web page=$base/web/index.html
url=$(sed -n 's/^Hinoban guards .* (\(http[^)]*\))$/\1/p' "$T/up.log")
json() { python3 -c 'import json,sys; json.load(sys.stdin)'; }
valid() { # valid NAME COMMAND...: succeeds and prints JSON, nothing else
    local name=$1; shift
    run "$@" --json
    [ $rc = 0 ] && json <"$T/out"
    ok $? "--json: $name"
}
http() { curl -s -o "$T/page" -w '%{http_code}' "$url"; }
# task WORDS: number of the waiting task whose English title begins so.
task() {
    "$officer" task list --json | python3 -c '
import json, sys
for t in json.load(sys.stdin):
    if t["title_en"].startswith(sys.argv[1]) and t["state"] == 1:
        print(t["id"]); break
else:
    sys.exit(1)' "$1"
}
done_task() { # done_task WORDS ANSWER [WHO]: waits for it, answers it
    until_true 60 task "$1" || { ok 1 "asked: $1"; return; }
    run "${3:-$officer}" task done "$(task "$1")" "$2"
    ok $rc "done: $1"
}
healed() { [ "$(sha256sum <"$page")" = "$want" ]; }
step() { "$officer" incident show 1 | grep -qF -- "$1"; }

# ---- deface, notice, restore ----------------------------------------------
want=$(sha256sum <"$page")
is "$(http)" 200 'nginx serves the site, with the include in place'
echo hacked >"$page"
until_true 20 healed; ok $? 'the page is as before'
until_true 20 eval '"$officer" incident list | grep -q defaced'
ok $? 'an incident stands open'
run "$officer" incident show 1
out_has 'was changed' 'the timeline tells the change'
out_has 'put back as published' 'and the deed'
out_has "$page" 'and the file'
run "$officer" undo 1; out_has 'publish it' 'undo says what to do instead'
until_true 20 eval '"$officer" undo 1 adopt 2>&1 | grep -q "publish it"'
ok $? 'and of the step that took it over too'
run "$officer" undo 1 adopt; is "$rc" 1 'which is refused'
is "$(sha256sum <"$page")" "$want" 'and changes nothing'
run "$officer" incident show 99; is "$rc" 1 'no such incident: exit 1'
err_has 'no incident 99' 'and says so'
run "$officer" incident show x; is "$rc" 2 'no number: exit 2'
run "$officer" incident list superfluous; is "$rc" 2 'a word too much: exit 2'
run "$officer" incident note 1 $'red \e[31mtext'
is "$rc" 0 'a note'
run "$officer" incident show 1
! grep -q $'\e' "$T/out"; ok $? 'shown without its escape sequence'
run "$officer" incident note 99 x; is "$rc" 1 'no note without an incident'

# ---- who may what ----------------------------------------------------------
run "$root" task done 1 yes; is "$rc" 1 'root answers no task'
err_has 'root is nobody' 'and is told why'
run setpriv --reuid 65534 --regid 65534 --clear-groups "$root" status
is "$rc" 1 'an unknown account sees nothing'
run "$root" status; is "$rc" 0 'root may look'
out_has 'Guarded sites' 'at the status'

# ---- tasks --------------------------------------------------------------------
until_true 20 task 'Consult'; ok $? 'the officer is asked'
run "$officer" task assign "$(task Consult)" nobody
is "$rc" 1 'assign to nobody is refused'
run "$officer" task assign "$(task Consult)" deputy; is "$rc" 0 'assign'
out_has 'Sample deputy' 'says to whom'
run "$officer" task assign "$(task Consult)" officer; is "$rc" 0 'and back'
run "$officer" task done "$(task Consult)" ''
is "$rc" 1 'an empty answer is refused'
done_task 'Consult' yes
run "$officer" task done 1 yes; is "$rc" 1 'twice is refused'
run "$officer" task decline 99 why; is "$rc" 1 'decline what is not there'
run "$officer" fact set 1 summary 'Pages were changed.' \
    noticed_at 2026-04-01T09:30:00+09:00 systems 'the site' business_impact '?' \
    --from 'the desk'
is "$rc" 0 'what the first report prints is recorded'
done_task 'Put together what is known' see
done_task 'Hand the first report' sent
done_task 'May the attacker read our mail' no
done_task 'Is the way in still open' yes
done_task 'May personal data' no

# ---- private and public -----------------------------------------------------
done_task 'Decide whether to take the site private' yes
until_true 20 task 'Approve: Show the maintenance'
ok $? 'the machine wants an approval'
is "$(http)" 200 'nothing happened yet'
run env HINOBAN_KEY=/nonexistent setpriv --reuid 61890 --regid 61890 \
    --clear-groups "$root" approve 1
is "$rc" 1 'approve without a key is refused'
run "$officer" approve 1; is "$rc" 0 'hinoban approve 1'
out_has 'Approved' 'says what'
private() { [ "$(http)" = 503 ]; }
public() { [ "$(http)" = 200 ]; }
until_true 20 private; ok $? 'the site answers 503 through nginx'
grep -q '閲覧できません' "$T/page"; ok $? 'with the page for visitors'
curl -sI "$url" | grep -qi '^retry-after: 3600'; ok $? 'and Retry-After'
until_true 20 step 'taken off the net'; ok $? 'the timeline tells it'
step 'maintenance page) by Sample officer'; ok $? 'and who approved it'
run "$officer" approve 1; out_has 'Nothing of incident 1' 'nothing more to approve'

# ---- publish ------------------------------------------------------------------
cp -r "$web" "$T/release"
mkdir "$T/release/new"
for i in $(seq 200); do echo "page $i" >"$T/release/new/$i.html"; done
findings() {
    "$officer" incident show 1 --json | python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["findings"])'
}
before=$(findings)
run "$root" site publish sample "$T/release" --quiet
is "$rc" 0 'a release of 200 files is published'
echo planted >"$web/shell.php"
there() { [ -e "$web/new/200.html" ]; }
gone() { [ ! -e "$web/shell.php" ]; }
until_true 60 there; ok $? 'the guard itself put the new files in place'
until_true 60 gone; ok $? 'and took out what was planted meanwhile'
caught() { step 'shell.php'; }
until_true 20 caught; ok $? 'which the incident tells'
is "$(findings)" $((before + 1)) '0 alerts for the release, 1 for the foreign'
run "$root" site publish nosuch "$T/release"; is "$rc" 1 'no such site'

# ---- reflex --------------------------------------------------------------------
run "$root" reflex list; out_has 'sample: restore at once' 'reflex list'
id=$(awk 'NR == 1 {print $1}' "$T/out")
run "$root" reflex revoke "$id"; is "$rc" 0 'revoke'
run "$root" reflex revoke "$id"; is "$rc" 1 'twice is refused'
echo 'hacked again' >"$page"
asked() { step 'waits for an approval'; }
until_true 20 asked; ok $? 'without a reflex the change is asked about'
is "$(cat "$page")" 'hacked again' 'and not undone'
run env HINOBAN_KEY="$base/officer.key" "$root" reflex allow \
    --officer officer --site sample --reason 'test'
is "$rc" 0 'reflex allow'
run "$officer" site scan sample; is "$rc" 0 'site scan'
until_true 30 healed; ok $? 'restores it'
run "$officer" site scan nosuch; is "$rc" 1 'scan of no site'

# ---- the rest of the playbook, to public again ---------------------------------
# Roles that are not there are given up after 20 s each: patience.
run_on() { # answers whatever stands between here and the approval
    local i t k
    for i in $(seq 900); do
        if task 'Approve: Show the site' >/dev/null; then return 0; fi
        for t in 'Collect the logs' 'Look for what' 'Keep what was left' \
            'Test one hypothesis'; do
            k=$(task "$t") && "$officer" task done "$k" 'yes, see #1'
        done
        k=$(task 'Close the way in') && "$officer" task done "$k" no
        sleep 0.2
    done
    return 1
}
run run_on; is "$rc" 0 'the playbook comes to taking the page away'
run "$officer" approve 1; is "$rc" 0 'approve again'
until_true 20 public; ok $? 'the site is public'
until_true 20 step 'is public again'; ok $? 'the timeline tells it'

# ---- evidence and papers -------------------------------------------------------
run "$officer" evidence list; out_has "$page" 'evidence list'
run "$officer" evidence checkpoint; is "$rc" 0 'checkpoint'
out_has "The key's name: " 'and the name of the key that signed it'
run "$root" evidence verify --anchor "$base/anchor/checkpoint"
is "$rc" 0 'evidence verify with the anchor'
run "$officer" evidence export 1; is "$rc" 0 'evidence export'
dir=$(sed -n 's/^The package is in \([^ ]*\) .*/\1/p' "$T/out")
[ -e "$dir/SHA256SUMS" ] && (cd "$dir" && sha256sum -c --quiet SHA256SUMS)
ok $? 'which sha256sum verifies'
run "$officer" evidence export --incident 1 "$T/nowhere/handed"
is "$rc" 1 'a package goes nowhere'
mkdir "$T/mine"; chown 61880 "$T/mine" 2>/dev/null; chmod 777 "$T" "$T/mine"
run "$officer" evidence export --incident 1 "$T/mine/handed"
is "$rc" 0 'the officer gets the package where they want it'
run sh "$T/mine/handed/VERIFY.sh" --anchor "$base/anchor/checkpoint"
is "$rc" 0 'and a stranger verifies it'
run "$root" evidence verify --anchor "$base/anchor/checkpoint" "$T/mine/handed"
is "$rc" 0 'as hinoban does'
run "$officer" evidence export --incident 1 "$T/mine/handed"
is "$rc" 1 'over nothing that is there'
run "$officer" evidence export --whole "$T/mine/all"; is "$rc" 0 'all of it, too'
left=1
for _ in $(seq 100); do
    [ -n "$(find "$(dirname "$dir")" -maxdepth 1 -name 'export-*.out')" ] ||
        { left=0; break; }
    sleep 0.1
done
[ $left = 0 ] && [ -e "$dir/SHA256SUMS" ]
ok $? 'what was fetched does not stay with the service'
[ "$(grep -c 'person:.*: package for a stranger' "$T/mine/all/ITEMS.txt")" = 3 ] &&
    ! grep -q 'role:core: package for' "$T/mine/all/ITEMS.txt"
ok $? 'and it is written down who took each'
run "$officer" evidence export 99; is "$rc" 1 'no package of nothing'
for d in D01 D02; do
    run "$officer" document $d 1; is "$rc" 0 "document $d"
    run env LANG=ja_JP.UTF-8 "$officer" document $d 1
    [ $rc = 0 ] && LC_ALL=C grep -q $'\xe3\x81' "$T/out"; ok $? "document $d in Japanese"
    run "$officer" document $d 1 --html
    [ $rc = 0 ] && grep -qi '<!doctype html' "$T/out"; ok $? "$d as HTML"
done
run "$officer" document D99 1; is "$rc" 1 'no such paper'

# ---- decisions and people -----------------------------------------------------
run "$officer" decide control:web.waf accepted 'behind a provider'
is "$rc" 0 'decide'
run env HINOBAN_KEY="$base/deputy.key" setpriv --reuid 61890 --regid 61890 \
    --clear-groups "$root" decide control:web.waf accepted 'not my key'
is "$rc" 1 'with the wrong key it is refused'
run "$officer" decide nonsense accepted why; is "$rc" 1 'about nothing'
run "$root" person add new --roles staff --uid 61892 --no-passphrase \
    --key-to "$base/new.key"
is "$rc" 0 'person add'
new() { setpriv --reuid 61892 --regid 61892 --clear-groups "$root" "$@"; }
run new incident list; is "$rc" 0 'who may look'
run new incident state 1 closed; is "$rc" 1 'but not close'
run "$root" person off new; is "$rc" 0 'person off'
run new incident list; is "$rc" 1 'and no more'
run "$root" person add newer --roles staff --uid 61892 --no-passphrase \
    --key-to "$base/newer.key"
run new incident list; is "$rc" 0 'the account may be another person'"'"'s'
run "$root" person off nosuch; is "$rc" 1 'off without such a person'

# ---- programs read it too --------------------------------------------------------
valid status "$officer" status
valid 'incident list' "$officer" incident list --all
valid 'incident show' "$officer" incident show 1
valid 'incident note' "$officer" incident note 1 noted
valid 'task list' "$officer" task list --all
valid 'event' "$officer" event --limit 20
valid 'control list' "$officer" control list
valid 'evidence list' "$officer" evidence list
valid 'evidence verify' "$root" evidence verify
valid 'document' "$officer" document D01 1
valid 'approve' "$officer" approve 1
valid 'person list' "$root" person list
valid 'person add' "$root" person add jo --roles staff --no-passphrase \
    --key-to "$base/jo.key"
valid 'person off' "$root" person off jo
valid 'reflex list' "$root" reflex list
valid 'site list' "$root" site list
valid 'site publish' "$root" site publish sample "$T/release"
valid 'site scan' "$officer" site scan sample
valid 'site private-setup' "$root" site private-setup sample
valid 'init' "$root" init --no-passphrase

# ---- nobody there -----------------------------------------------------------------
cp -r "$base/bin" "$T/bin"
kill -TERM "$up"; wait "$up"; children=
sed -i "s|exec .*/hinoban.bin|exec $T/bin/hinoban.bin|" "$T/bin/hinoban"
run "$T/bin/hinoban" status; is "$rc" 1 'without the service status fails'
err_has 'is Hinoban running' 'and says what to do'
run "$T/bin/hinoban" status --json
[ $rc = 1 ] && [ ! -s "$T/out" ]; ok $? 'also for programs'
[ ! -e "$T/var/up" ]; ok $? 'nothing is left behind'
finish
