#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# evidence_export.sh - a package of evidence in a stranger's hands: checked by
# its own script under a POSIX shell, by hand with sha256sum and openssl, and
# by `hinoban evidence verify` on the store; every kind of forgery is noticed.
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
out_has 'of other incidents' 'and says what is sealed'
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
grep -q 'sha256sum' "$P/README.txt" && grep -q '検証' "$P/README.txt"
ok $? 'the README speaks both languages'
is "$(grep -c 'of another incident' -r "$P/files" | grep -vc ':0')" 0 \
    'nothing of another incident is in it'
is "$(grep -c '/w/other' -r "$P" | grep -vc ':0')" 0 'not even its name'
is "$(grep -cE '^v2 2 [0-9a-f]{64} [0-9a-f]{64}$' "$P/log")" 1 \
    'its line stands sealed in the log'
fresh; check; out_has 'of other incidents, sealed: 1' 'and is told'
seal=$(sed -n 2p "$B/store/log" | cut -d' ' -f5- | sha256sum | cut -d' ' -f1)
is "$(sed -n 2p "$P/log" | cut -d' ' -f4)" "$seal" 'whoever has it can show it'
next=$(sed -n 2p "$P/log" | cut -d' ' -f1-4 | sha256sum | cut -d' ' -f1)
is "$(sed -n 3p "$P/log" | cut -d' ' -f3)" "$next" 'by hand the chain holds'
is "$(wc -l <"$P/ITEMS.txt" | tr -d ' ')" "$(grep -c . "$P/ITEMS.txt")" \
    'a file name with a line feed makes no line of its own'

# Each file of the package, one byte changed.
bad=0
while read -r f; do
    fresh; size=$(stat -c %s "$T/p/$f")
    at=$((size / 2)); old=$(od -An -tu1 -j $at -N1 "$T/p/$f" | tr -d ' ')
    printf "\\$(printf %03o $((old ^ 1)))" |
        dd of="$T/p/$f" bs=1 seek=$at conv=notrunc 2>/dev/null
    # The script itself may be forged too: the stranger has the true one.
    (cd / && cp "$P/VERIFY.sh" "$T/true.sh" && cd "$T/p" &&
        { [ "$f" = VERIFY.sh ] || sh VERIFY.sh; } >"$T/out" 2>&1) &&
        [ "$f" != VERIFY.sh ] && { bad=$((bad + 1)); echo "# $f"; }
done < <(cd "$P" && find . -type f ! -name VERIFY.sh -printf '%P\n')
is $bad 0 'a changed byte in any file is noticed'

# A forger who makes all of it anew with a key of their own.
openssl genpkey -algorithm ed25519 -out "$T/forged.key" 2>/dev/null
forge() { # [KEY]: signs what is in $T/p with it, or a new one
    local key=${1:-$T/forged.key}
    openssl pkey -in "$key" -pubout -out "$T/p/evidence.pub"
    (cd "$T/p" && find . -type f ! -name 'SHA256SUMS*' -printf '%P\0' |
        xargs -0 sha256sum >SHA256SUMS
    { echo hinoban-export-v1; cat SHA256SUMS; } >SHA256SUMS.signed
    openssl pkeyutl -sign -inkey "$key" -rawin \
        -in SHA256SUMS.signed -out SHA256SUMS.sig)
}
fresh; forge; check
is $rc 1 'signatures of another key in the log are noticed'
fresh; sed -i '/"kind":"checkpoint"/d' "$T/p/log"; forge; check
is $rc 1 'so is a log without them'
out_has 'does not follow' 'because the chain is broken'
# The whole chain made anew, as one who has root can.
fresh
python3 - "$T/p/log" "$T/forged.key" <<'PY'
import base64, hashlib, json, subprocess, sys
prev = "0" * 64
lines = []
def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()
for n, line in enumerate(open(sys.argv[1], encoding="utf-8")):
    head = f"v2 {n + 1} {prev} "
    words = line.rstrip("\n").split(" ", 5)
    if len(words) == 4:
        head += words[3]
        lines.append(head + "\n")
    else:
        o = json.loads(words[5])
        if o["kind"] == "checkpoint":
            with open(sys.argv[2] + ".message", "w") as f:
                f.write(f"hinoban-checkpoint-v1\n{n} {prev} {o['time']}\n")
            o["sig"] = base64.b64encode(subprocess.run(
                ["openssl", "pkeyutl", "-sign", "-inkey", sys.argv[2],
                 "-rawin", "-in", sys.argv[2] + ".message"], check=True,
                stdout=subprocess.PIPE).stdout).decode()
        else:
            o["source"] = "forged"
        rest = words[4] + " " + json.dumps(
            o, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        head += sha(rest + "\n")
        lines.append(head + " " + rest + "\n")
    prev = sha(head + "\n")
open(sys.argv[1], "w", encoding="utf-8").writelines(lines)
PY
forge; check
is $rc 0 'a whole new chain with a whole new key is whole in itself'
check --anchor "$B/anchor"; is $rc 1 'but not with the anchor'
out_has 'rewritten' 'which says why'
check --key "$id"; is $rc 1 'nor with the name of the key'
fresh; echo evil >"$T/p/files/$(printf evil | sha256sum | cut -d' ' -f1)"
check; is $rc 1 'a file that no line names is noticed'
fresh; printf 'x' >>"$T/p/log"; check
is $rc 1 'a log that does not end with a line, too'

# The whole log, and one that version 1 began; changed by who has the key, so
# that the chain alone shows it.
for name in whole old/package; do
    B2=$B; [ $name = whole ] || B2=$B/old
    key=$B/evidence.key; rm -rf "$T/p"; cp -a "$B/$name" "$T/p"; chmod -R u+w "$T/p"
    check --anchor "$B2/anchor"; is $rc 0 "$name verifies"
    run "$H" evidence verify --key "$B/evidence.pub" --anchor "$B2/anchor" \
        "$T/p"
    is $rc 0 'also with hinoban'
    cp "$T/p/log" "$T/log"; bad=''
    for k in $(seq "$(wc -l <"$T/log")"); do
        # A digit of the line changed, and the line out.
        sed "${k}s/[0-8]\([^0-9]*\)$/9\1/" "$T/log" >"$T/p/log"; forge "$key"; check
        [ $rc = 1 ] || cmp -s "$T/log" "$T/p/log" || bad="$bad c$k"
        # What is cut off at the end only a checkpoint from outside shows.
        [ $k != "$(wc -l <"$T/log")" ] || continue
        sed "${k}d" "$T/log" >"$T/p/log"; forge "$key"; check
        [ $rc = 1 ] || bad="$bad d$k"
    done
    # An old line before old ones that were left out: nothing of the chain
    # that is here names it; the signature over the package does (0007).
    [ $name = whole ] || bad=${bad# c2}
    is "$bad" '' 'each line that is changed or taken out is noticed'
done
is "$(grep -c six -r "$B/old/package" | grep -vc ':0')" 0 \
    'of old lines of another incident nothing goes along'
sed 's/^v2 8 .*/gap 8 8 '"$(printf %064d 0)"'/' "$T/log" >"$T/p/log"
forge "$key"; check; is $rc 1 'a gap hides no line of now'
out_has 'taken out' 'and that is said'
rm "$T/p/files/"*; cp "$T/log" "$T/p/log"; forge "$key"; check
out_has 'content of line' 'a content that is missing is told'

# A digest that is a pattern: root, who has the key, leaves all out up to the
# checkpoint that somebody keeps, and writes what follows anew.
python3 - "$T/p/log" "$key" <<'PY'
import base64, hashlib, subprocess, sys
log, key = sys.argv[1:]
time = '2026-11-30T00:00:00.000000000Z'
with open(log + '.message', 'w') as f:
    f.write(f'hinoban-checkpoint-v1\n4 .* {time}\n')
sig = base64.b64encode(subprocess.run(
    ['openssl', 'pkeyutl', '-sign', '-inkey', key, '-rawin', '-in',
     log + '.message'], check=True, stdout=subprocess.PIPE).stdout).decode()
rest = '0' * 32 + f' {{"kind":"checkpoint","sig":"{sig}","time":"{time}"}}'
seal = hashlib.sha256((rest + '\n').encode()).hexdigest()
with open(log, 'w') as f:
    f.write(f'gap 1 4 .*\nv2 5 .* {seal} {rest}\n')
PY
rm -f "$T/p/log.message" "$T/p/files/"*; forge "$key"
check --anchor "$B/old/anchor"
is $rc 1 'a digest that is a pattern matches nothing'

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
run "$H" evidence; is $rc 2 'no word: usage'
run "$H" evidence export x; is $rc 2 'a word that is no number: usage'
run "$H" evidence export --incident x "$T/new"
is "$rc $([ -e "$T/new" ] && echo made)" '2 ' 'also of --incident'
run "$H" evidence export --incident 1 --whole; is $rc 2 'one or all'
finish
