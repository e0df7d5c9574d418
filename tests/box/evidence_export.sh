#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# evidence_export.sh - a package of evidence in a stranger's hands: checked by
# its own script under a POSIX shell, by hand with sha256sum and openssl, and
# by `hinoban evidence verify`, also on the store.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
maker=$HB_BUILD_ROOT/tests/test-incident-package
command -v openssl >/dev/null || skip_all 'openssl is not installed'
mkdir "$T/box"
"$maker" make "$T/box" || { echo 'Bail out! no package was made'; exit 1; }
B=$T/box P=$T/box/package
fresh() { rm -rf "$T/p"; cp -a "$P" "$T/p"; chmod -R u+w "$T/p"; }
# check [OPTION...]: VERIFY.sh of $T/p, status in $rc.
check() { (cd / && run sh "$T/p/VERIFY.sh" "$@"; exit $rc); rc=$?; }

fresh; check
is $rc 0 'the package verifies'
run "$H" evidence verify --key "$B/evidence.pub" --anchor "$B/anchor" "$P"
is $rc 0 '"hinoban evidence verify" agrees'
out_has 'not of this incident' 'and says what is sealed'
check
out_has GOOD 'and says so'
check --anchor "$B/anchor"; is $rc 0 'with the anchor, too'
id=$(openssl pkey -pubin -in "$B/evidence.pub" -outform DER | tail -c 32 |
    sha256sum | cut -c1-16)
out_has 'the checkpoint of line 2 matches' 'which is told'
# The mail that carried it, as relays, mail programs and people leave it.
python3 - "$B/anchor" "$T/mails" <<'PY'
import base64, os, quopri, sys
line = open(sys.argv[1]).read()
number, digest, time, sig = line.split()
mark = 'hinoban-checkpoint: '
text = 'Checkpoint of X = Y\n\nKeep this mail.\n\n'
mail = text + ''.join(mark + p + '\n' for p in (
    number, digest[:32], digest[32:], time, sig[:44], sig[44:]))
every = [f'={b:02X}' if i % 2 or b == 61 else chr(b)
         for i, b in enumerate(mail.replace('\n', '\r\n').encode())]
crlf = mail.replace('\n', '\r\n')
kinds = {
    'plain': mail, 'crlf': crlf,
    'quoted': ''.join(f'> >> {l}\n' for l in mail.split('\n')),
    'html': '<p>' + mail.replace('\n', '<br>') + '</p>',
    'qp': 'Content-Transfer-Encoding: quoted-printable\n\n' +
          quopri.encodestring(mail.encode()).decode(),
    'qp-all': ''.join(''.join(every[i:i + 30]) + '=\r\n'
                      for i in range(0, len(every), 30)),
    'base64': 'Subject: x\n\n' + base64.encodebytes(crlf.encode()).decode(),
    'long-line': text + mark + line,
    'folded': crlf.replace(': ', ':\r\n '),
    'typed': number + '\n' + ' '.join(
        digest[i:i + 8] for i in range(0, 64, 8)) + f'\n{time}\n' +
        ' '.join(sig[i:i + 8] for i in range(0, 88, 8)),
}
os.mkdir(sys.argv[2])
for name, body in kinds.items():
    with open(f'{sys.argv[2]}/{name}', 'w', newline='') as f:
        f.write(body)
PY
missed=''
for f in "$T"/mails/*; do
    check --anchor "$f"
    { [ $rc = 0 ] && grep -q 'line 2 matches' "$T/out"; } ||
        missed="$missed ${f##*/}"
    run "$H" evidence verify --key "$B/evidence.pub" --anchor "$f" "$B/store"
    [ $rc = 0 ] || missed="$missed hinoban:${f##*/}"
done
is "$missed" '' 'a saved mail matches whatever was made of it'
echo 'good morning' >"$T/other"; check --anchor "$T/other"
is $rc 1 'a file without a checkpoint proves nothing'
out_has 'holds no checkpoint' 'and says so'
sed 6d "$T/mails/plain" >"$T/changed"; check --anchor "$T/changed"
is $rc 1 'nor does one whose checkpoint was broken'
sed 's/: 2$/: 3/' "$T/mails/plain" >"$T/changed"; check --anchor "$T/changed"
is $rc 1 'a checkpoint of another chain is noticed'
out_has 'rewritten or cut' 'and said'
(cd "$T/mails" && run sh "$T/p/VERIFY.sh" --anchor qp; exit $rc)
is $? 0 'a file is found from where the caller stands'
check --key "$id"; is $rc 0 'and with the name of the key'
grep -qF "$id" "$P/README.txt"; ok $? 'which stands in the README'
check --key 0123456789abcdef; is $rc 1 'another name is refused'
if command -v busybox >/dev/null; then
    (cd / && run busybox sh "$T/p/VERIFY.sh" --anchor "$B/anchor"; exit $rc)
    is $? 0 'under busybox, too'
fi

# By hand, as README.txt says.
(cd "$T/p" && sha256sum --quiet -c SHA256SUMS) >"$T/out" 2>&1
ok $? 'sha256sum agrees'
(cd "$T/p" && openssl pkeyutl -verify -pubin -inkey evidence.pub -rawin \
    -in SHA256SUMS.signed -sigfile SHA256SUMS.sig) >"$T/out" 2>&1
ok $? 'openssl agrees'
# The commands that stand there, in the half that is English.
read -r N D TIME SIG <"$B/anchor"
sed -n '/^-----/,$p' "$P/README.txt" | sed -n 's/^  //p' |
    sed "s|NUMBER|$N|; s|DIGEST|$D|; s|TIME|$TIME|; s|SIGNATURE|$SIG|
        s|/tmp/|$T/|g; s/v2 N /v2 3 /" >"$T/hand.sh"
# Each one alone must succeed; a pipe is as good as its end.
(cd "$T/p" && run sh -e "$T/hand.sh"; exit $rc); is $? 0 'so do its commands'
is "$(grep -c 'Verified Successfully' "$T/out")" 2 \
    'two signatures hold, of the list and of the checkpoint'
out_has ED25519 'the kind of the key'
out_has "$id" 'and its name'
out_has "$(sed -n 3p "$P/log" | cut -d' ' -f4)" 'the seal of a line'
grep -q 'sha256sum' "$P/README.txt" && grep -q '検証' "$P/README.txt"
ok $? 'the README speaks both languages'
is "$(grep -c 'of another incident' -r "$P/files" | grep -vc ':0')" 0 \
    'nothing of another incident is in it'
is "$(grep -c '/w/other' -r "$P" | grep -vc ':0')" 0 'not even its name'
is "$(grep -cE '^v2 2 [0-9a-f]{64} [0-9a-f]{64}$' "$P/log")" 1 \
    'its line stands sealed in the log'
fresh; check; out_has 'not of this incident, sealed: 1' 'and is told'
seal=$(sed -n 2p "$B/store/log" | cut -d' ' -f5- | sha256sum | cut -d' ' -f1)
is "$(sed -n 2p "$P/log" | cut -d' ' -f4)" "$seal" 'whoever has it can show it'
next=$(sed -n 2p "$P/log" | cut -d' ' -f1-4 | sha256sum | cut -d' ' -f1)
is "$(sed -n 3p "$P/log" | cut -d' ' -f3)" "$next" 'by hand the chain holds'
is "$(wc -l <"$P/ITEMS.txt" | tr -d ' ')" "$(grep -c . "$P/ITEMS.txt")" \
    'a file name with a line feed makes no line of its own'

# The whole log, and one that version 1 began; who forged them is the business
# of evidence_forgery.py.
for name in whole old/package; do
    rm -rf "$T/p"; cp -a "$B/$name" "$T/p"; chmod -R u+w "$T/p"
    check; is $rc 0 "$name verifies"
    run "$H" evidence verify --key "$B/evidence.pub" "$T/p"
    is $rc 0 'also with hinoban'
    out_has 'This is a package' 'which says what it read'
done
is "$(grep -c six -r "$B/old/package" | grep -vc ':0')" 0 \
    'of old lines of another incident nothing goes along'

# The store itself.
run "$H" evidence verify --key "$B/evidence.pub" "$B/store"
is $rc 0 'the store verifies'
out_has 'unchanged' 'and says so'
out_has 'Not compared' 'and that no anchor was named'
run "$H" evidence verify --key "$B/evidence.pub" --anchor "$B/anchor" \
    "$B/store"
is $rc 0 'with the anchor'
LANG=ja_JP.UTF-8 run "$H" evidence verify --key "$B/evidence.pub" "$B/store"
out_has '証拠は変えられていません' 'in Japanese'
run "$H" evidence verify --json --key "$B/evidence.pub" "$B/store"
is "$(python3 -c 'import json,sys; print(json.load(sys.stdin)["good"])' \
    <"$T/out")" True 'as JSON'
: >"$T/empty"
run "$H" evidence verify --key "$B/evidence.pub" --anchor "$T/empty" \
    "$B/store"
is $rc 1 'an empty anchor is no anchor'
run "$H" evidence verify --key "$B/evidence.pub" --anchor /nonexistent \
    "$B/store"
is $rc 1 'nor is one that is missing'
sed -i '2s/other/0ther/' "$B/store/log"
run "$H" evidence verify --key "$B/evidence.pub" "$B/store"
is $rc 1 'a changed line is noticed'
out_has 'Line 2 ' 'at the line itself'
out_has 'CHANGED' 'and said plainly'
run "$H" evidence verify --key "$B/evidence.pub" "$T/nowhere"
is $rc 1 'a store that is not there'
# Whoever is root could put a package where the store was, and leave lines out.
R=$T/r/var/lib/hinoban/state/evidence
mkdir -p "${R%/*}"; cp -a "$B/old/store" "$R"
run "$H" --root "$T/r" evidence verify --key "$B/evidence.pub"
is $rc 0 'without a directory it is the store of this machine'
out_has 'This is an evidence store' 'and that is said'
rm -rf "$R"; cp -a "$B/old/package" "$R"
run "$H" --root "$T/r" evidence verify --key "$B/evidence.pub"
is $rc 1 'a package in its place is none'
run "$H" evidence; is $rc 2 'no word: usage'
run "$H" evidence export x; is $rc 2 'a word that is no number: usage'
run "$H" evidence export --incident x "$T/new"
is "$rc $([ -e "$T/new" ] && echo made)" '2 ' 'also of --incident'
run "$H" evidence export --incident 1 --whole; is $rc 2 'one or all'
finish
