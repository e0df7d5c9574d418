#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tools/po_names.py finds a translation that lost or turned what is filled in,
# and says nothing of one that did not.
tool=$HB_SOURCE_ROOT/tools/po_names.py
po=$(mktemp) || exit 1
trap 'rm -f "$po"' EXIT
n=0
head='msgid ""
msgstr "Language: ja\\n"
'
# try NAME TEXT-BY-PRINTF: "bad" in NAME must be found, other text not.
try() {
    n=$((n + 1))
    printf '%s\n' "$head" "$2" >"$po"
    out=$(python3 "$tool" "$po" 2>&1)
    case $1 in bad*) [ -n "$out" ] ;; *) [ -z "$out" ] ;; esac &&
        echo "ok $n - $1" || { echo "not ok $n - $1"; echo "# $out"; }
}

echo 1..10
try 'good: the same' 'msgid "a {name} %s"
msgstr "%s {name}"'
try 'bad: another name' 'msgid "a {name}"
msgstr "{nam}"'
try 'bad: no name' 'msgid "a {name}"
msgstr "a"'
try 'bad: one name more' 'msgid "a"
msgstr "{name}"'
try 'bad: conversions turned' 'msgid "%s %d"
msgstr "%d %s"'
try 'good: turned and numbered' 'msgid "%s %d"
msgstr "%2$d %1$s"'
try 'bad: in several lines, another size' 'msgid ""
"%s "
"%zu"
msgstr ""
"%s "
"%d"'
try 'bad: a plural without its number' 'msgid "one"
msgid_plural "%zu"
msgstr[0] "x"'
try 'good: per cent, and nothing translated' 'msgid "5 % de %d%%"
msgstr "%d %%"

msgid "%s"
msgstr ""'
try 'good: an obsolete entry' 'msgid "a"
msgstr "b"

#~ msgid "%s"
#~ msgstr "x"'
