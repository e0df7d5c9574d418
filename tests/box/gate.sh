#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# gate.sh - `hinoban gate` from outside: a set is built, a request tried, one
# that was stopped is allowed by its number and forbidden again, a virtual
# patch goes from proposal to its end; and what a mistake, a full disk, a
# second builder and a hostile log leave in place.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
export HINOBAN_ROOT=$T/root
G=$T/root/var/lib/hinoban/gate
conf=$T/root/etc/hinoban/hinoban.yaml
log=$T/gate.log
ja() { LANG=ja_JP.UTF-8 LANGUAGE=ja "$@"; }
json() { python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert eval("(" + sys.argv[2] + ")"), d' "$T/out" "$1"; ok $? "$2"; }
in_force() { sha256sum <"$G/rules.conf"; }
day() { date -d "$1" +%F; }

# A small set of rules in the place of the CRS.
mkdir -p "$T/crs/rules" "$T/bin"
cat >"$T/crs/rules/REQUEST-901-INITIALIZATION.conf" <<'END'
SecComponentSignature "OWASP_CRS/0.0.1"
SecRule ARGS "@rx union select" "id:942100,phase:2,block,t:none,t:lowercase,severity:2,tag:'attack-sqli',msg:'SQL Injection',setvar:tx.inbound_anomaly_score_pl1=+%{tx.critical_anomaly_score}"
SecRule TX:inbound_anomaly_score_pl1 "@ge %{tx.inbound_anomaly_score_threshold}" "id:949110,phase:2,deny,status:403,t:none,severity:2,msg:'sum'"
END
printf '#!/bin/sh\necho "$*" >>%s/reloads\n[ ! -e %s/broken ]\n' "$T" "$T" \
    >"$T/bin/nginx"
chmod 755 "$T/bin/nginx"

run "$H" init --organisation Test --no-passphrase; is $rc 0 'init'
cat >>"$conf" <<END
gate:
  mode: block
  rules: $T/crs
  log: $log
  check: [$T/bin/nginx, -t]
  reload: [$T/bin/nginx, -s, reload]
END
run "$H" config check; is $rc 0 'the settings are right'
[ -d "$T/root/etc/hinoban/people" ] || mkdir "$T/root/etc/hinoban/people"
run "$H" person add akiko --roles officer --key-to "$T/akiko.key" \
    --no-passphrase
is $rc 0 'an officer'
run "$H" person add ryu --roles staff --key-to "$T/ryu.key" --no-passphrase
is $rc 0 'a member of staff'
me="--person akiko --key $T/akiko.key"

run "$H" gate; is $rc 0 'status without rules'
out_has 'No rules were built yet' 'says so'
run "$H" gate try --url http://www.example.jp/; is $rc 1 'nothing to try with'
run "$H" gate build; is $rc 0 'build'
out_has 'OWASP_CRS/0.0.1, mode block, paranoia 1' 'says of what'
is "$(tr '\n' ';' <"$T/reloads")" '-t;-s reload;' 'the server tries, then reads'
is "$(stat -c %a "$G")" 750 'the rules are not for everybody'
is "$(stat -c %G:%a "$log")" adm:640 'the log is for the role that reads it'
grep -q 'hinoban_waf block;' "$G/http.conf"; ok $? 'lines for nginx'
run "$H" gate status
out_has 'Mode: block' 'status tells the mode'
out_has 'OWASP_CRS/0.0.1' 'and the rules'
run ja "$H" gate status; is $rc 0 'status in Japanese'
grep -qP '\p{Han}' "$T/out"; ok $? 'is Japanese'

# A request on paper.
run "$H" gate try --url 'http://www.example.jp/f?q=1+union+select+a'
is $rc 0 'try'
out_has 'It is stopped (answer 403)' 'what would happen'
out_has 'a piece of SQL' 'why'
out_has '942100' 'by which rule'
out_has 'ctl:ruleRemoveTargetById=942100;ARGS:q' 'what would allow it'
printf 'POST /f HTTP/1.1\nHost: www.example.jp\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 7\n\nq=hello' >"$T/req"
run "$H" gate try --file "$T/req"; is $rc 0 'try a file'
out_has 'It is let through.' 'nothing found'
run "$H" --json gate try --url http://h/ --data q=union+select --type x
json 'd["stops"] is False' 'a body of no known type'
run "$H" --json gate try --url http://h/ --data q=union+select
json 'd["stops"] and d["rule"] == 949110 and d["score"] == 5' 'as JSON'
printf 'nonsense\n' >"$T/req"
run "$H" gate try --file "$T/req"; is $rc 1 'no request'
run "$H" gate try; is $rc 2 'try without a request'

# Allow this.
finding() { # finding ID URI VARIABLE
    printf '{"time":"2026-12-01T02:13:50.000Z","id":"%s","client":"192.0.2.7","host":"www.example.jp","method":"GET","uri":"%s","mode":"block","action":"denied","status":403,"rule":949110,"hits":[{"rule":942100,"phase":2,"severity":2,"disruptive":false,"msg":"SQL","logdata":"","variable":"%s","value":"1 union select"},{"rule":949110,"phase":2,"severity":2,"disruptive":true,"msg":"sum","logdata":"","variable":"TX:inbound_anomaly_score_pl1","value":"5"}]}\n' "$@" >>"$log"
}
until=$(day +30days)
run "$H" gate allow 7K3M-9QX2-4TDP --reason r --until "$until" --yes $me
is $rc 1 'an empty log'
finding 7K3M-9QX2-4TDP '/f?q=1+union+select+a' ARGS:q
run "$H" gate allow 7K3M-9QX2-XXXX --reason r --until "$until" --yes $me
is $rc 1 'an unknown number'
run "$H" gate allow 7K3M-9QX2-4TDP --until "$until" --yes $me
is $rc 2 'no reason'
run "$H" gate allow 7K3M-9QX2-4TDP --reason r --until 2020-01-01 --yes $me
is $rc 1 'an end that is over'
run "$H" gate allow 7K3M-9QX2-4TDP --reason r --until "$(day +500days)" --yes $me
is $rc 1 'an end too far'
run "$H" gate allow 7K3M-9QX2-4TDP --reason r --until "$until" --yes \
    --person ryu --key "$T/ryu.key"
is $rc 1 'staff may not'
err_has 'neither officer nor administrator' 'says why'
run "$H" gate allow 7K3M-9QX2-4TDP --reason r --until "$until" --yes \
    --person akiko --key "$T/ryu.key"
is $rc 1 "nor with the officer's name"
err_has 'not the key of akiko' 'says why'
before=$(in_force)
run "$H" gate allow 7K3M-9QX2-4TDP --reason 'library search' \
    --until "$until" $me </dev/null
is $rc 1 'without --yes it only shows'
out_has 'ctl:ruleRemoveTargetById=942100;ARGS:q' 'what it would be'
is "$(in_force)" "$before" 'and changes nothing'
run "$H" gate allow 7K3M-9QX2-4TDP --reason 'library search' \
    --until "$until" --yes $me
is $rc 0 'allow'
out_has 'Allowed: a0001' 'with a number'
out_has 'a piece of SQL' 'and the sentence'
err_has 'service does not run' 'says that nobody heard'
run "$H" --json gate try --url 'http://www.example.jp/f?q=1+union+select+a'
json 'd["stops"] is False' 'it is allowed'
for u in 'http://other.example.jp/f?q=1+union+select+a' \
    'http://www.example.jp/g?q=1+union+select+a' \
    'http://www.example.jp/f?p=1+union+select+a'; do
    run "$H" --json gate try --url "$u"
    json 'd["stops"]' "but not $u"
done
run "$H" gate allowed
out_has "a0001  until $until  by akiko  GET www.example.jp/f" 'listed'
out_has 'library search' 'with its reason'
# Somebody changes it.
cp "$G/grants/a0001.json" "$T/kept.json"
sed -i 's/ARGS:q/ARGS/' "$G/grants/a0001.json"
run "$H" gate build; is $rc 0 'build without what is not believed'
out_has 'a0001 was left out' 'says so'
run "$H" gate allowed; out_has 'NOT BELIEVED' 'the list, too'
run "$H" --json gate try --url 'http://www.example.jp/f?q=1+union+select+a'
json 'd["stops"]' 'and it holds no more'
cp "$T/kept.json" "$G/grants/a0001.json"
run "$H" gate build; is $rc 0 'the true one comes back'
run "$H" gate forbid 1; is $rc 0 'forbid'
run "$H" --json gate try --url 'http://www.example.jp/f?q=1+union+select+a'
json 'd["stops"]' 'stopped again'
run "$H" gate forbid 1; is $rc 1 'once'
run "$H" gate forbid x; is $rc 2 'no number'

# What strangers put into a log.
finding EVIL-0000-0001 '/f%22%0aSecRuleEngine%20Off%0a?q=1' 'ARGS:x\",ctl:ruleEngine=Off,\"'
finding EVIL-0000-0002 '/f' 'ARGS:\u0000x'
printf '{"id":"EVIL-0000-0003","action":"denied","hits":"x' >>"$log"
run "$H" gate allow EVIL-0000-0001 --reason r --until "$until" --yes $me
is $rc 0 'a hostile name is only a name'
out_has 'Allowed: a0002' 'with the next number'
run "$H" --json gate try --url 'http://www.example.jp/f?q=1+union+select+a'
json 'd["stops"]' 'and allows nothing else'
run "$H" gate allow EVIL-0000-0002 --reason r --until "$until" --yes $me
is $rc 1 'a name that is no UTF-8'
err_has 'by hand' 'is said'
run "$H" gate allow EVIL-0000-0003 --reason r --until "$until" --yes $me
is $rc 1 'half a line'
run "$H" gate allow '../../etc/passwd' --reason r --until "$until" --yes $me
is $rc 1 'no number at all'

# What was stopped, put together.
echo >>"$log"
finding SAME-0000-0001 '/f?q=2' ARGS:q
finding SAME-0000-0002 '/f?q=3' ARGS:q
run "$H" gate findings; is $rc 0 'findings'
out_has '3 times  www.example.jp/f  rule 942100  (last: SAME-0000-0002)' \
    'the same rule at the same place is one line'
out_has 'a piece of SQL' 'with its sentence'
out_has 'could not be read' 'half a line is counted'
! grep -q "$(printf '\033')" "$T/out"; ok $? 'nothing of a stranger reaches the terminal'
run "$H" --json gate findings --limit 1
json 'len(d) == 1 and d[0]["count"] == 3 and d[0]["let_through"] == 0' 'as JSON'
run "$H" gate findings x; is $rc 2 'too many words'

# Virtual patches.
cat >"$T/patch.conf" <<'END'
SecRule REQUEST_FILENAME "@beginsWith /old.cgi" \
    "id:8500001,phase:1,deny,status:403,log,msg:'CVE-2026-1234'"
END
run "$H" gate patch propose "$T/patch.conf" --advisory CVE-2026-1234 \
    --reason 'no update yet' --until "$until" --person ryu
is $rc 2 'a patch without an expert'
run "$H" gate patch propose "$T/patch.conf" --advisory CVE-2026-1234 \
    --expert 'M. Suzuki (vendor)' --reason 'no update yet' --until "$until" \
    --person ryu
is $rc 0 'propose'
out_has 'p0001' 'its number'
run "$H" gate build
run "$H" --json gate try --url http://h/old.cgi
json 'd["stops"] is False' 'a proposal does nothing'
run "$H" gate status; out_has 'p0001  proposed, not in force' 'and is shown'
run "$H" gate patch approve p1 --yes --person ryu --key "$T/ryu.key"
is $rc 1 'staff cannot approve'
run "$H" gate patch approve p1 --yes $me; is $rc 0 'the officer can'
run "$H" --json gate try --url http://h/old.cgi
json 'd["stops"] and d["rule"] == 8500001' 'it holds'
run "$H" gate patch approve p1 --yes $me; is $rc 1 'once'
run "$H" gate patch list
out_has 'proposed by ryu, approved by akiko, asked: M. Suzuki' 'who and whom'
printf 'SecRuleEngine Off\n' >"$T/bad.conf"
run "$H" gate patch propose "$T/bad.conf" --advisory CVE-1 --expert e \
    --reason r --until "$until" --person ryu
is $rc 1 'a patch that switches off'
err_has 'bad.conf:1' 'is refused with its place'
sed 's/M. Suzuki/N. Suzuki/' "$G/grants/p0001.json" >"$T/x"
cp "$G/grants/p0001.json" "$T/kept.json"; cp "$T/x" "$G/grants/p0001.json"
run "$H" gate status; out_has 'p0001  NOT BELIEVED' 'a changed one'
cp "$T/kept.json" "$G/grants/p0001.json"
if python3 -c 'import ctypes' && command -v faketime >/dev/null; then
    run faketime "$(day +31days)" "$H" gate status
    out_has 'p0001  EXPIRED' 'the day after its end'
fi
run "$H" gate patch revoke p1 --person ryu --key "$T/ryu.key"
is $rc 1 'staff cannot take it away'
run "$H" gate patch revoke p1 $me; is $rc 0 'the officer can'
run "$H" --json gate try --url http://h/old.cgi
json 'd["stops"] is False' 'and it is gone'

# Mistakes leave what was there.
before=$(in_force)
mkdir -p "$T/root/etc/hinoban/gate/before"
printf '# mine\nSecRule ARGS "@rx (" "id:10,phase:2,deny"\n' \
    >"$T/root/etc/hinoban/gate/before/mine.conf"
run "$H" gate build; is $rc 1 'a rule that is wrong'
err_has 'before/mine.conf:2:' 'is shown with file and line'
is "$(in_force)" "$before" 'and the old set stays'
printf 'SecRule ARGS "@rx x" "id:10,phase:2,deny"\n' \
    >"$T/root/etc/hinoban/gate/before/mine.conf"
(trap '' XFSZ; ulimit -f 0; exec "$H" gate build) >"$T/out" 2>"$T/err"
is $? 1 'a disk that takes nothing'
is "$(in_force)" "$before" 'leaves the old set'
touch "$T/broken"
run "$H" gate build; is $rc 1 'a server that does not like it'
is "$(in_force)" "$before" 'gets the old set back'
finding GOOD-0000-0001 '/f?q=1+union+select+a' ARGS:q
run "$H" gate allow GOOD-0000-0001 --reason r --until "$until" --yes $me
is $rc 1 'and nothing is allowed meanwhile'
run "$H" gate allowed
! grep -q a0003 "$T/out"; ok $? 'not even on paper'
rm "$T/broken"
"$H" gate build >"$T/o1" 2>&1 & p1=$!
"$H" gate build >"$T/o2" 2>&1 & p2=$!
wait $p1; r1=$?; wait $p2; r2=$?
is "$r1$r2" 00 'two builds at once come one after the other'
run "$H" gate status; is $rc 0 'and leave a set'
(exec 9>"$G/.lock"; flock 9; exec sleep 30) & children=$!
until_true 5 sh -c "! flock -n '$G/.lock' true"
run "$H" gate build; is $rc 1 'a builder that never ends'
err_has 'right now' 'is told'
kill $children; children=

mkdir "$T/empty"
sed -i "s|rules: $T/crs|rules: $T/empty|" "$conf"
run "$H" gate build; is $rc 1 'no Core Rule Set'
err_has 'modsecurity-crs' 'what to install is named'
run "$H" gate frob; is $rc 2 'an unknown word'
run "$H" help gate; is $rc 0 'help'
out_has 'patch propose FILE' 'names the verbs'
sed -i 's/mode: block/mode: blok/' "$conf"
run "$H" gate status; is $rc 1 'a mode that is none'
finish
