#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks this package: sh VERIFY.sh [--anchor FILE] [--key NAME]
# Needs sha256sum, openssl and awk. README.txt says what is checked.
# Ends with status 0 and the word GOOD only where all of it holds.
#
# For any POSIX sh. "time" and "sig" are found by the text ,"sig":" which
# cannot stand inside a JSON string: there each quote has a backslash before.
LC_ALL=C; export LC_ALL
anchor=; key=
while [ $# -gt 0 ]; do
    case $1 in
    --anchor) anchor=${2:?}; shift 2 ;;
    --key) key=${2:?}; shift 2 ;;
    *) echo "usage: sh VERIFY.sh [--anchor FILE] [--key NAME]"
       exit 2 ;;
    esac
done
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
bad=0
fail() { echo "BAD: $1"; bad=1; }
sum() { sha256sum | cut -d' ' -f1; }
signed() { # MESSAGE-FILE SIGNATURE-FILE
    openssl pkeyutl -verify -pubin -inkey evidence.pub -rawin \
        -in "$1" -sigfile "$2" >/dev/null 2>&1
}
checkpoint() { # NUMBER DIGEST TIME SIGNATURE
    printf 'hinoban-checkpoint-v1\n%s %s %s\n' "$1" "$2" "$3" \
        >"$tmp/message"
    printf '%s\n' "$4" | openssl base64 -d -A >"$tmp/sig" 2>/dev/null
    signed "$tmp/message" "$tmp/sig"
}
part() { # NAME: the value of a member of $line, in v
    v=${line#*,\""$1"\":\"}; v=${v%%\"*}
}

# The checkpoints in a text on standard input, one a line: NUMBER DIGEST TIME
# SIGNATURE. The text may be that line, or a mail with it, as it was saved,
# quoted, as HTML, in quoted-printable or in base64.
anchors() { awk '
function word(w, mark) {
    if (mark && w ~ /^[0-9]+$/) {
        number = w; digest = sig = ""; want = 1
    } else if (want == 1 && w ~ /^[0-9a-fA-F]+$/ && length(digest w) <= 64) {
        digest = digest tolower(w)
        if (length(digest) == 64) want = 2
    } else if (want == 2 && w ~ /^[0-9-]+T[0-9:.]+Z$/) {
        time = w; want = 3
    } else if (want == 3 && w ~ "^[A-Za-z0-9+/=]+$" && length(sig w) <= 88) {
        sig = sig w
        if (length(sig) < 88) return
        w = number " " digest " " time " " sig
        if (!(w in seen)) print w
        seen[w] = 1; want = 0
    } else want = 0
}
function line(l,   n, i, w, after) {
    gsub(/<[^<>]*>/, " ", l); gsub(/[<>\r\t]/, " ", l)
    gsub(/hinoban-checkpoint:/, " \001 ", l)
    n = split(l, w, " ")
    for (i = 1; i <= n; i++) {
        if (w[i] == "\001") { mark = any = 1; continue }
        word(w[i], mark); mark = 0
    }
}
function hex(c) { return index("0123456789ABCDEF", toupper(c)) - 1 }
function plain(l,   out, at, a, b) {
    while ((at = index(l, "="))) {
        out = out substr(l, 1, at - 1)
        a = hex(substr(l, at + 1, 1)); b = hex(substr(l, at + 2, 1))
        if (length(l) >= at + 2 && a >= 0 && b >= 0 && a + b > 0) {
            out = out sprintf("%c", a * 16 + b); l = substr(l, at + 3)
        } else { out = out "="; l = substr(l, at + 1) }
    }
    return out l
}
function both(text, n,   i, l, soft) {
    want = mark = 0
    for (i = 1; i <= n; i++) line(text[i])
    want = mark = 0
    for (i = 1; i <= n; i++) {
        soft = soft text[i]
        if (soft ~ /=[ \t\r]*$/ && i < n) {
            sub(/=[ \t\r]*$/, "", soft); continue
        }
        l = plain(soft); soft = ""
        line(l)
    }
}
function base64(s,   i, c, v, bits, out, n, text) {
    for (i = 1; i <= length(s); i++) {
        c = index("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
            "0123456789+/", substr(s, i, 1)) - 1
        if (c < 0) break
        v = (v * 64 + c) % 16777216; bits += 6
        if (bits < 8) continue
        bits -= 8; c = int(v / 2 ^ bits) % 256
        if (c > 0) out = out sprintf("%c", c)
    }
    n = split(out, text, "\n")
    both(text, n)
}
{ all[NR] = $0 }
END {
    both(all, NR)
    for (i = 1; i <= NR + 1; i++) {
        l = all[i]; sub(/[ \t\r]+$/, "", l)
        if (l ~ "^[A-Za-z0-9+/=]+$" && (run != "" || length(l) >= 16)) {
            run = run l; continue
        }
        if (run != "") base64(run)
        run = ""
    }
    if (any) exit
    # Typed: no mark says where it begins.
    for (i = 1; i <= NR; i++) {
        n = split(all[i], w, " ")
        for (j = 1; j <= n; j++) typed[++count] = w[j]
    }
    for (i = 1; i <= count && i <= 1000; i++) {
        word(typed[i], 1)
        for (j = i + 1; want && j <= count; j++) word(typed[j], 0)
        want = 0
    }
}'; }

: >"$tmp/anchors"; : >"$tmp/held"
if [ -n "$anchor" ]; then
    anchors <"$anchor" >"$tmp/anchors" || exit 2
    [ -s "$tmp/anchors" ] ||
        fail "$anchor holds no checkpoint: nothing was compared with it"
fi
cd "$(dirname -- "$0")" || exit 2

# 1. The files are those that were listed, and the list is signed.
sha256sum --quiet -c SHA256SUMS || fail 'SHA256SUMS does not hold'
{ echo hinoban-export-v1; cat SHA256SUMS; } | cmp -s - SHA256SUMS.signed ||
    fail 'SHA256SUMS.signed is not SHA256SUMS'
signed SHA256SUMS.signed SHA256SUMS.sig ||
    fail 'the signature of SHA256SUMS does not hold'
name=$(openssl pkey -pubin -in evidence.pub -outform DER | tail -c 32 |
    sum | cut -c1-16)
if [ -n "$key" ] && [ "$key" != "$name" ]; then
    fail "the key is $name"
fi

# 2. Every file is named in the log, and bears its hash as name.
for f in files/*; do
    [ -e "$f" ] || continue
    h=${f#files/}
    grep -qF ",\"sha256\":\"$h\"," log || fail "$f is not in the log"
    [ "$(sum <"$f")" = "$h" ] || fail "$f is not its name"
done

# 3. The chain of the log and its checkpoints.
digest=$(printf '%064d' 0)
number=0; signatures=0; sealed=0; gaps=0; version=1
place() { # NUMBER PREV: what the line says of its place
    [ "$2" = "$digest" ] || fail "line $1 does not follow line $number"
    [ "$1" = "$((number + 1))" ] || fail "line $1 is not in its place"
}
content() { # TEXT: a content that it names must be here
    case $1 in
    *',"sha256":"'*)
        v=${1#*,\"sha256\":\"}; v=${v%%\"*}
        [ -e "files/$v" ] || fail "the content of line $((number + 1)) is missing"
    esac
}
checked() { # TEXT of a checkpoint
    line=$1; signatures=$((signatures + 1))
    part time; t=$v; part sig
    checkpoint "$number" "$digest" "$t" "$v" ||
        fail "the signature in line $((number + 1)) does not hold"
}
while IFS= read -r line; do
    next=
    case $line in
    'v2 '*)
        version=2
        rest=${line#v2 }; n=${rest%% *}
        rest=${rest#* }; prev=${rest%% *}
        rest=${rest#* }; seal=${rest%% *}
        place "$n" "$prev"
        if [ "$rest" = "$seal" ]; then
            sealed=$((sealed + 1))
        else
            rest=${rest#* }
            [ "$(printf '%s\n' "$rest" | sum)" = "$seal" ] ||
                fail "the seal of line $((number + 1)) does not hold"
            rest=${rest#* }
            case $rest in
            '{"kind":"checkpoint",'*) checked "$rest" ;;
            *) content "$rest" ;;
            esac
        fi
        next=$(printf 'v2 %s %s %s\n' "$n" "$prev" "$seal" | sum) ;;
    'gap '*)
        # Of version 1 only; the signatures behind it cover its digest.
        [ "$version" = 1 ] || fail "lines behind line $number were taken out"
        rest=${line#gap }; n=${rest%% *}
        rest=${rest#* }; last=${rest%% *}
        place "$n" "$digest"
        case $last in
        ''|*[!0-9]*|????????????*) fail 'a gap without an end'; last=$n ;;
        esac
        gaps=$((gaps + last - number)); number=$((last - 1))
        next=${rest#* }
        # The one digest that is not computed here: no pattern, no blank.
        case $next in
        *[!0-9a-f]*) fail "the digest of line $last is none"; next=none ;;
        esac ;;
    *)
        [ "$version" = 1 ] || fail "line $((number + 1)) is of an old form"
        full=$line; part prev
        n=${line#*,\"number\":}; n=${n%%,*}
        place "$n" "$v"
        case $line in
        '{"kind":"checkpoint",'*) checked "$line" ;;
        *) content "$line" ;;
        esac
        next=$(printf '%s\n' "$full" | sum) ;;
    esac
    number=$((number + 1))
    digest=$next
    [ ! -s "$tmp/anchors" ] ||
        grep "^$number $digest " "$tmp/anchors" >>"$tmp/held"
done <log
[ -z "$(tail -c 1 log)" ] || fail 'the log does not end with a line'
[ "$signatures" -gt 0 ] || fail 'nothing in the log is signed'

# 4. The checkpoints from outside.
while read -r n d t s; do
    if ! grep -qF "$n $d $t $s" "$tmp/held"; then
        fail "the log was rewritten or cut since the checkpoint of line $n"
    elif ! checkpoint "$n" "$d" "$t" "$s"; then
        fail "the checkpoint of line $n is signed by another key"
    else
        echo "the checkpoint of line $n matches"
    fi
done <"$tmp/anchors"

echo "lines $number, checkpoints $signatures, key $name"
[ "$sealed" = 0 ] || echo "of other incidents, sealed: $sealed"
[ "$gaps" = 0 ] || echo "of other incidents, old and left out: $gaps" \
    "(what old lines before them say, only this package's signature vouches" \
    "for; the whole log would show it)"
[ "$bad" = 0 ] || exit 1
echo GOOD
