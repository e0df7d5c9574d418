#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Reports of a whole installation: mails that the mail system's user pipes in,
# one by word, and what the officer makes of them.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all 'needs root'
command -v nginx >/dev/null || skip_all 'no nginx'
cd "$HB_SOURCE_ROOT" || exit 1

# ---- the slip on paper --------------------------------------------------------
run "$H" report form; is "$rc" 0 'a slip'
out_has '報告票 / Report slip' 'in both languages'
out_has 'Whom did you tell?' 'asks'
out_has '[  ] はい Yes' 'has boxes'
run "$H" report form --html; is "$rc" 0 'as a page to print'
out_has '</html>' 'to its end'
! grep -qiE '<form|<script|mailto:' "$T/out"; ok $? 'which sends nothing'

# ---- nobody listens: the mail system keeps the mail -------------------------
run "$H" --root "$T/none" report mail <<<'From: a'
is "$rc" 75 'without a service: try again later'
err_has 'is Hinoban running' 'and why'

HB_VAR=$T/var HB_BUILD=$HB_BUILD_ROOT tools/up.sh >"$T/up.log" 2>&1 &
children=$!
until_true 60 grep -q 'stops everything' "$T/up.log"
ok $? 'a whole installation starts'
officer=$T/var/bin/officer root=$T/var/bin/hinoban
pipe() { # pipe FILE: as Postfix does for an alias of root's
    run setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$root" report mail <"$1"
}
python3 - "$T" <<'END'
import base64, sys
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.mime.application import MIMEApplication
m = MIMEMultipart()
m['From'] = '=?iso-2022-jp?B?GyRCMEJJdBsoQg==?= <abe@city.example>'
m['Subject'] = '=?iso-2022-jp?B?GyRCMnhMRBsoQg==?='
m['Message-ID'] = '<1@city.example>'
m.attach(MIMEText('振込先の口座が変わったというメールを信じて送金しました\n',
                  'plain', 'iso-2022-jp'))
m.attach(MIMEApplication(b'MZ evil'))
open(sys.argv[1] + '/mail', 'wb').write(b'From abe Mon Nov 30\n' + bytes(m))
with open(sys.argv[1] + '/large', 'wb') as f:
    f.write(b'From: big@x\nSubject: large\n\n')
    for i in range(100):
        f.write(b'0123456789abcde\n' * 65536)
open(sys.argv[1] + '/bytes', 'wb').write(bytes(range(256)) * 10)
open(sys.argv[1] + '/fake', 'wb').write(
    b'From: x\nSubject: =?utf-8?Q?a=0AIncident_1_is_closed=1B[31m?=\n\nt\n')
END

# ---- mails --------------------------------------------------------------------
pipe "$T/mail"; is "$rc" 0 'a mail is stored'
out_has 'Report 1 is kept' 'as report 1'
pipe "$T/mail"; is "$rc" 0 'the same again'
run "$officer" report list --json
is "$(python3 -c 'import json,sys; print(len(json.load(open(sys.argv[1]))))' \
    "$T/out")" 1 'is no second one'
run "$officer" report show 1; is "$rc" 0 'the officer reads it'
out_has '振込先の口座が変わった' 'its text'
out_has '怪鳴' 'its subject'
out_has '安部 <abe@city.example> (handed in by uid:65534)' 'and both senders'
out_has '1 attachment was not read' 'an attachment is only counted'
! grep -q 'evil' "$T/out"; ok $? 'and not read'
grep -qE 'Proposed: case|Which of these' "$T/out"
ok $? 'the classifier proposes or asks'
run "$officer" incident list --json; is "$(cat "$T/out")" '[]' 'nothing opened'
start=$SECONDS
pipe "$T/large"; is "$rc" 0 'a mail of 100 MB'
[ $((SECONDS - start)) -lt 60 ]; ok $? 'in bounded time'
run "$officer" report show 2; out_has 'It was longer' 'is cut and says so'
pipe "$T/bytes"; is "$rc" 0 'no mail at all'
run "$officer" report show 3; out_has 'not a well-formed mail' 'is kept too'
pipe "$T/fake"; is "$rc" 0 'a subject with a line end and an escape'
run "$officer" report show 4
! grep -qE $'^Incident 1 is closed|\e' "$T/out"; ok $? 'stays on its line'
pipe /dev/null; is "$rc" 0 'an empty one'
run setpriv --reuid 65534 --regid 65534 --clear-groups "$root" report list
is "$rc" 1 'the mail user reads nothing'

# ---- by word ------------------------------------------------------------------
run "$officer" report new 'a colleague phoned' --from 'Ito' \
    --known-at 2026-01-05T09:00:00+09:00
is "$rc" 0 'by word'
run "$officer" report new; is "$rc" 2 'without words: exit 2'
run "$officer" report new x --known-at soon; is "$rc" 2 'no time: exit 2'
run "$officer" report show 99; is "$rc" 1 'no such report'
run "$officer" report open 1 x y; is "$rc" 2 'no number: exit 2'
run "$officer" status; out_has '6 reports wait' 'the status counts them'
run env LANG=ja_JP.UTF-8 LANGUAGE=ja "$officer" status
out_has '報告が 6 件' 'in Japanese too'
run "$officer" report open 6 10 PC-7; is "$rc" 0 'an incident of it'
out_has 'Incident 1 is open' 'is open'
run "$officer" fact list 1
out_has 'Ito' 'knows the reporter'
out_has '2026-01-05' 'and since when'
run "$officer" report join 1 1; is "$rc" 0 'the mail joins it'
run "$officer" report close 2 'no incident'; is "$rc" 0 'another is closed'
run "$officer" report close 2 'again'; is "$rc" 1 'once'
run "$officer" evidence list 1
out_has 'report-6.txt' 'the words are evidence'
out_has 'report-1.eml' 'and the mail as it came'
run "$root" evidence verify; is "$rc" 0 'which verifies'

# ---- a case by hand -------------------------------------------------------------
run "$officer" case open 10 'a macro was opened'; is "$rc" 0 'case open'
out_has 'Incident 2 is open' 'with its number'
out_has 'First of all' 'and what waits first'
run "$officer" case open 10 PC-9 'another one'; is "$rc" 0 'of an object'
run "$officer" case open 10; is "$rc" 2 'without words: exit 2'
run "$officer" case open 99 x; is "$rc" 1 'no such case'
finish
