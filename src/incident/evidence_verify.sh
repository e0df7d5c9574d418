#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks this package: sh VERIFY.sh [--anchor FILE] [--key NAME]
# Needs openssl 3.0 or later, sha256sum and awk. README.txt says what is
# checked. Ends with status 0 and the word GOOD only where all of it holds;
# 1 something does not, or is not proven; 2 it could not be checked here.
#
# For any POSIX sh. Whoever made the package may have forged every word of it:
# a word is compared with = or case only, is printed through say(), and a file
# is opened only where it is a regular one. That each line is written as
# Hinoban writes lines is checked first (shape), so the rest may cut it up by
# texts such as ,"sig":" which cannot stand inside a JSON string: there each
# quote has a backslash before.
LC_ALL=C; export LC_ALL
# One line, whatever is in it: a name with a line feed could say GOOD.
say() { printf '%s' "$*" | tr -c '[:print:]' '?'; echo; }
cannot() { say "This machine cannot check the package: $1"; exit 2; }
anchor=; key=
while [ $# -gt 0 ]; do
    case $1 in
    --anchor) anchor=${2:?}; shift 2 ;;
    --key) key=${2:?}; shift 2 ;;
    *) say "usage: sh VERIFY.sh [--anchor FILE] [--key NAME]"
       exit 2 ;;
    esac
done
for tool in openssl sha256sum awk cmp comm cut grep head mktemp od sort tail \
    tr wc; do
    command -v "$tool" >/dev/null ||
        cannot "it lacks $tool (openssl 3.0 or later, sha256sum, awk)"
done
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
bad=0
fail() { say "BAD: $1"; bad=1; }
sum() { sha256sum | cut -d' ' -f1; }
size() { wc -c <"$1" | tr -d ' \t'; }
regular() { [ -f "$1" ] && [ ! -L "$1" ]; }
signed() { # KEY MESSAGE-FILE SIGNATURE-FILE
    openssl pkeyutl -verify -pubin -inkey "$1" -rawin \
        -in "$2" -sigfile "$3" >/dev/null 2>&1
}
checkpoint() { # NUMBER DIGEST TIME SIGNATURE
    printf 'hinoban-checkpoint-v1\n%s %s %s\n' "$1" "$2" "$3" \
        >"$tmp/message"
    printf '%s\n' "$4" | openssl base64 -d -A >"$tmp/sig" 2>/dev/null
    signed "$tmp/key" "$tmp/message" "$tmp/sig"
}
hex64() {
    case $1 in *[!0-9a-f]*) return 1 ;; esac
    [ ${#1} = 64 ]
}
number() { # from 1, as we write it; more digits are nobody's log
    case $1 in ''|0*|*[!0-9]*|????????????*) return 1 ;; esac
}
part() { # NAME: the value of a member of $line, in v
    v=${line#*,\""$1"\":\"}; v=${v%%\"*}
}

# Whether this openssl can do it at all: a signature of RFC 8032 that holds
# (7.1, test 2), and for another message does not.
{ echo '-----BEGIN PUBLIC KEY-----'
  echo 'MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw='
  echo '-----END PUBLIC KEY-----'; } >"$tmp/key"
echo 'kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2M
OHsurrQwKu6wDSkWErsMAA==' | tr -d '\n' |
    openssl base64 -d -A >"$tmp/sig" 2>/dev/null
printf r >"$tmp/yes"; printf s >"$tmp/no"
if ! signed "$tmp/key" "$tmp/yes" "$tmp/sig" ||
    signed "$tmp/key" "$tmp/no" "$tmp/sig"; then
    cannot 'openssl 3.0 or later is needed (pkeyutl -rawin with Ed25519)'
fi

# The checkpoints in a text on standard input, one a line: NUMBER DIGEST TIME
# SIGNATURE. The text may be that line, or a mail with it, as it was saved,
# quoted, as HTML, in quoted-printable or in base64.
anchors() { awk '
function word(w, mark) {
    if (mark && w ~ /^[0-9]+$/) {
        sub(/^0+/, "", w)
        number = w == "" ? "0" : w; digest = sig = ""; want = 1
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

: >"$tmp/anchors"; : >"$tmp/held"; : >"$tmp/named"
if [ -n "$anchor" ]; then
    anchors <"$anchor" >"$tmp/anchors" || exit 2
    [ -s "$tmp/anchors" ] ||
        fail "$anchor holds no checkpoint: nothing was compared with it"
    [ "$(wc -l <"$tmp/anchors")" -le 64 ] ||
        fail "$anchor holds too many checkpoints"
fi
cd "$(dirname -- "$0")" || exit 2

# 1. What is read below is there, and is text.
for f in SHA256SUMS SHA256SUMS.signed SHA256SUMS.sig evidence.pub log; do
    regular "$f" || fail "$f is missing or no regular file"
done
if [ -L files ] || [ ! -d files ]; then fail 'files/ is missing'; fi
[ "$bad" = 0 ] || exit 1
for f in SHA256SUMS log; do
    [ "$(tr -d '\000' <"$f" | wc -c)" -eq "$(wc -c <"$f")" ] ||
        fail "$f holds zero bytes"
    [ -z "$(tail -c 1 "$f")" ] || fail "$f does not end with a line's end"
done

# 2. The key is an Ed25519 one (RFC 8410), and nothing else is in its file.
openssl pkey -pubin -in evidence.pub -outform DER >"$tmp/der" 2>/dev/null
openssl pkey -pubin -in evidence.pub -out "$tmp/key" 2>/dev/null ||
    : >"$tmp/key"
head=$(head -c 12 "$tmp/der" | od -An -v -tx1 | tr -d ' \n')
if [ "$(size "$tmp/der")" != 44 ] ||
    [ "$head" != 302a300506032b6570032100 ] ||
    ! cmp -s "$tmp/key" evidence.pub; then
    fail 'evidence.pub is not an Ed25519 key alone'
    exit 1
fi
name=$(tail -c 32 "$tmp/der" | sum | cut -c1-16)
if [ -n "$key" ] && [ "$key" != "$name" ]; then
    fail "the key is $name"
fi

# 3. The files are those that were listed, and the list is signed.
{ echo hinoban-export-v1; cat SHA256SUMS; } | cmp -s - SHA256SUMS.signed ||
    fail 'SHA256SUMS.signed is not SHA256SUMS'
signed "$tmp/key" SHA256SUMS.signed SHA256SUMS.sig ||
    fail 'the signature of SHA256SUMS does not hold'
plain() { # NAME: one of this directory or of files/, and no option
    v=${1#files/}
    case $v in ''|[!0-9A-Za-z_]*|*[!0-9A-Za-z_.-]*) return 1 ;; esac
    [ ${#1} -lt 128 ]
}
listed=
while IFS= read -r line; do
    h=${line%%  *}; f=${line#*  }
    if ! hex64 "$h" || [ "$h  $f" != "$line" ] || ! plain "$f"; then
        fail "SHA256SUMS holds a line that is none: $line"
    elif ! regular "$f" || [ "$(sum <"$f")" != "$h" ]; then
        fail "$f is not as it was signed"
    elif [ "$f" = log ]; then
        listed=1
    fi
done <SHA256SUMS
[ -n "$listed" ] || fail 'the log is not in SHA256SUMS'

# 4. Each line of the log is written as Hinoban writes lines.
N='[1-9][0-9]{0,10}'; I='(0|[1-9][0-9]{0,15})'; H='[0-9a-f]{64}'
S='([^"\\[:cntrl:]]|\\["\\bfnrt]|\\u00[01][0-9a-f]'
S="\"$S|$(printf '\177'))*\"" # JSON has DEL as it is
T='"[0-9-]{10}T[0-9:]{8}\.[0-9]{9}Z"'
G='"[A-Za-z0-9+/]{86}=="'
item() { # MORE: what version 1 has between
    printf '%s' '\{"incident":'"$I"',"kind":'"$S"',"name":'"$S" \
        '(,"name_hex":"([0-9a-f]{2})+")?'"$1"'(,"sha256":"'"$H"'","size":' \
        "$I"')?,"source":'"$S"',"taken_by":'"$S"',"time":'"$T"'\}'
}
check() {
    printf '%s' '\{"kind":"checkpoint"'"$1"',"sig":'"$G"',"time":'"$T"'\}'
}
old=',"number":'"$N"',"prev":"'"$H"'"'
shape="^(v2 $N $H $H( [0-9a-f]{32} ($(item '')|$(check '')))?"
shape="$shape|gap $N $N $H|$(item "$old")|$(check "$old"))\$"
v=$(grep -nvE -e "$shape" log | head -n 1)
if [ -n "$v" ]; then
    fail "line ${v%%:*} of the file log is not written as Hinoban writes lines"
fi

# 5. The chain of the log and its checkpoints.
digest=$(printf '%064d' 0)
number=0; signatures=0; sealed=0; gaps=0; version=1
first=0; last=0; newest=; gap=
: >"$tmp/unproven"
place() { # NUMBER PREV: what the line says of its place
    [ "$2" = "$digest" ] ||
        fail "line $((number + 1)) does not follow line $number"
    [ "$1" = "$((number + 1))" ] ||
        fail "line $((number + 1)) is not in its place"
}
content() { # TEXT: an item; a content that it names must be here
    case $1 in
    *',"kind":"checkpoint",'*)
        fail "line $((number + 1)) is not written as Hinoban writes lines" ;;
    esac
    [ "$first" != 0 ] || first=$((number + 1))
    last=$((number + 1))
    case $1 in
    *',"sha256":"'*',"size":'*)
        v=${1#*,\"sha256\":\"}; h=${v%%\"*}
        v=${1#*,\"size\":}; v=${v%%[!0-9]*}
        hex64 "$h" && echo "$h $v $((number + 1))" >>"$tmp/named" ;;
    esac
}
checked() { # TEXT of a checkpoint
    line=$1; signatures=$((signatures + 1))
    part time; t=$v; part sig
    checkpoint "$number" "$digest" "$t" "$v" ||
        fail "the signature in line $((number + 1)) does not hold"
}
# Which checkpoints from outside name the line that was read. What stands
# before it, up to a gap, is proven by them.
held() {
    [ -s "$tmp/anchors" ] || return 0
    while read -r n d t s; do
        [ "$n $d" = "$number $digest" ] || continue
        echo "$n $d $t $s" >>"$tmp/held"
        checkpoint "$n" "$d" "$t" "$s" || continue
        first=0; newest=$number
    done <"$tmp/anchors"
}
held
while IFS= read -r line; do
    next=
    [ ${#line} -lt 65536 ] || fail "line $((number + 1)) is too long"
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
        # Of version 1 only. What stands behind it covers its digest; nothing
        # covers the lines before it.
        [ "$version" = 1 ] || fail "lines behind line $number were taken out"
        [ -z "$gap" ] || fail "there are two gaps behind line $number"
        rest=${line#gap }; n=${rest%% *}
        rest=${rest#* }; end=${rest%% *}
        next=${rest#* }
        place "$n" "$digest"
        if ! number "$n" || ! number "$end" || [ "$end" -lt "$n" ] ||
            [ "$n" != "$((number + 1))" ] || ! hex64 "$next"; then
            fail "the gap behind line $number is none"
            end=$((number + 1)); next=
        fi
        [ "$first" = 0 ] || echo "$first $last" >>"$tmp/unproven"
        first=0; gap="$n to $end"
        gaps=$((gaps + end - number)); number=$((end - 1)) ;;
    *)
        [ "$version" = 1 ] || fail "line $((number + 1)) is of an old form"
        full=$line; part prev; prev=$v
        n=${line#*,\"number\":}; n=${n%%,*}
        place "$n" "$prev"
        # So what was left out before it was of an old form, too.
        gap=
        case $line in
        '{"kind":"checkpoint",'*) checked "$line" ;;
        *) content "$line" ;;
        esac
        next=$(printf '%s\n' "$full" | sum) ;;
    esac
    number=$((number + 1))
    digest=$next
    held
done <log
[ "$signatures" -gt 0 ] || fail 'nothing in the log is signed'

# 6. Every content that the log names is here, as long as it says, and its
# hash is its name; and no file is here that it does not name.
: >"$tmp/names"; : >"$tmp/there"
awk '!seen[$1 " " $2]++' "$tmp/named" >"$tmp/sorted"
while read -r h s n; do
    echo "$h" >>"$tmp/names"
    if ! regular "files/$h"; then
        fail "the content of line $n is missing"
    elif [ "$(size "files/$h")" != "$s" ]; then
        fail "the content of line $n is not as long as it says"
    fi
done <"$tmp/sorted"
for f in files/* files/.[!.]* files/..?*; do
    h=${f#files/}
    [ -e "$f" ] || [ -L "$f" ] || continue
    if ! hex64 "$h" || ! regular "$f"; then
        fail "$f is not in the log"
    elif [ "$(sum <"$f")" != "$h" ]; then
        fail "$f is not its name"
    fi
    hex64 "$h" && echo "$h" >>"$tmp/there"
done
sort -u "$tmp/names" >"$tmp/sorted"; sort -u "$tmp/there" >"$tmp/names"
for h in $(comm -13 "$tmp/sorted" "$tmp/names"); do
    fail "files/$h is not in the log"
done

# 7. The checkpoints from outside.
compared=0
while read -r n d t s; do
    found=; compared=$((compared + 1))
    while IFS= read -r line; do
        [ "$line" != "$n $d $t $s" ] || found=1
    done <"$tmp/held"
    if [ -z "$found" ]; then
        fail "the log was rewritten or cut since the checkpoint of line $n"
    elif ! checkpoint "$n" "$d" "$t" "$s"; then
        fail "the checkpoint of line $n is signed by another key"
    else
        say "the checkpoint of line $n matches"
    fi
done <"$tmp/anchors"

say "lines $number, checkpoints $signatures, key $name"
[ "$sealed" = 0 ] || say "not of this incident, sealed: $sealed"
[ "$gaps" = 0 ] ||
    say "said to be old and not of this incident, left out: $gaps"
[ -z "$gap" ] || say "lines $gap were left out; nothing here shows" \
    "that they were of an older version"
unproven=0
while read -r f l; do
    if [ "$compared" = 0 ]; then
        say "lines $f to $l stand before lines that were left out: only the" \
            "signature of the package vouches for them"
    else
        say "lines $f to $l are not proven by this checkpoint: behind them" \
            "lines were left out, and nothing that is here names them;" \
            "ask for the whole log"
        unproven=1
    fi
done <"$tmp/unproven"
[ -z "$newest" ] || [ "$first" = 0 ] ||
    say "lines $first to $last are newer than the checkpoint of line" \
        "$newest: it says nothing of them"
[ -n "$key" ] || say 'key not compared (--key NAME): anybody could have' \
    'signed this'
[ "$compared" != 0 ] || say 'no checkpoint compared (--anchor FILE): who' \
    'controlled the machine, and so had the key, could have made all of this'
[ "$bad" = 0 ] || exit 1
if [ "$unproven" = 1 ]; then
    say 'Nothing that is proven was changed; the lines named above are not.'
    exit 1
fi
echo GOOD
