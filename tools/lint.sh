#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# lint.sh BUILD - what a reviewer would say before reading: form, layers,
# width, size, texts, static analysis.  Prints TAP; `fast` leaves the
# analysers out (the tests run that).
set -u
build=$1 fast=${2:-}
cd "$(dirname "$0")/.." || exit 1
n=0 bad=0
files() { git ls-files "$@" | while read -r f; do [ -e "$f" ] && echo "$f"; done; }
# check NAME COMMAND...: passes when the command prints nothing and exits 0.
check() {
    local name=$1 out rc; shift; n=$((n + 1))
    out=$("$@" 2>&1); rc=$?
    if [ $rc -eq 0 ] && [ -z "$out" ]; then echo "ok $n - $name"
    else bad=$((bad + 1)); echo "not ok $n - $name"
        printf '%s\n' "$out" | head -60 | sed 's/^/# /'; fi
}
# Characters, not bytes: awk of Debian counts bytes in Japanese lines.
wide() { files '*.c' '*.h' '*.def' |
    LC_ALL=C.UTF-8 xargs grep -nE "^.{81}|$(printf '\t')" |
    sed -E 's/^([^:]*:[0-9]+):.*/\1: over 80 columns, or a tab/'; }
long() { files '*.c' '*.h' | while read -r f; do
    awk -v f="$f" 'END { max = f ~ /^src.*\.h$/ ? 300 : 1200
        if (NR > max) print f ": " NR " lines" }' "$f"; done; }
marks() { files '*.c' '*.h' '*.py' '*.sh' |
    grep -v '^tools/lint.sh$' | xargs grep -nE '\b(TODO|FIXME|XXX)\b' ; true; }
spdx() { files '*.c' '*.h' '*.py' '*.sh' | xargs grep -L 'SPDX-License'; true; }
# A template without texts beyond ASCII has no charset of its own.
# What stands in templates comes after what stands in C.
pot() {
    local web; web=$(mktemp --suffix=.c) || return 1
    python3 tools/web_texts.py web >"$web"
    xgettext --from-code=UTF-8 --keyword=_ --keyword=N_ --keyword=P_:1,2 \
        -f po/POTFILES -o - "$web" 2>/dev/null |
        sed 's/charset=CHARSET/charset=UTF-8/'
    rm -f "$web"
}
texts() {
    msgfmt --check -o /dev/null po/ja.po || return 1
    pot | msgcmp --use-untranslated po/ja.po - 2>&1 |
        grep -vE '^$|this message is not used'
    pot | msgmerge -q --no-fuzzy-matching po/ja.po - -o - |
        msgattrib --untranslated --no-obsolete | grep '^msgid "..*' ; true
}
names() { python3 tools/po_names.py po/ja.po; }
potfiles() { for f in $(files 'src/*.c' 'src/*.h'); do
    grep -qE '(^|[^a-zA-Z_])(_|N_|P_)\("' "$f" || continue
    [ "$f" = src/base/i18n.h ] && continue
    grep -qx "$f" po/POTFILES || echo "$f has texts, not in po/POTFILES"; done; }
# The words of commands and options, which no language changes.
manual() { [ "$(grep '^\.It' man/hinoban.8)" = \
    "$(grep '^\.It' man/ja/hinoban.8)" ] || echo 'man/ja/hinoban.8 differs'; }
control() { [ -e debian/control ] || return 0
    awk '$1 == "build" { print $2 }' packaging/packages.txt | while read -r p; do
        grep -qE "(^|[ ,])$p([ ,(]|$)" debian/control ||
            echo "debian/control lacks build dependency $p"; done; }
form() { files '*.c' '*.h' | xargs clang-format --dry-run 2>&1 |
    grep -E 'warning:' | head -20; true; }

# The compile commands without what only gcc knows; what is no C of ours (a
# header that is missing) is a finding too.
tidy() {
    local db; db=$(mktemp -d) || return 1
    sed -E 's/ -f(trivial-auto-var-init=zero|zero-call-used-regs=[a-z-]*)//g
        s/ -f(stack-clash-protection|cf-protection)//g' \
        "$build/compile_commands.json" >"$db/compile_commands.json" || return 1
    git ls-files ${TIDY_FILES:-'src/*.c'} |
        xargs -P2 -n4 clang-tidy --quiet -p "$db" 2>/dev/null |
        grep -E 'warning:|error:' | sort -u
    rm -rf "$db"
}

# memleak: cppcheck does not know _cleanup_; the tests run with LeakSanitizer.
total=11; [ -n "$fast" ] || total=14
echo "1..$total"
check 'includes go downwards only' python3 tools/layers.py check .
check 'no line over 80 columns, no tab' wide
check 'no file over its ceiling' long
check 'no mark of unfinished work' marks
check 'every file names its licence' spdx
check 'every text stands in the catalogue' potfiles
check 'the catalogue is complete in Japanese' texts
check 'translations keep names and conversions' names
check 'the manual stands in both languages' manual
check 'debian/control agrees with the package list' control
check 'shell scripts parse' sh -c 'for f in $(git ls-files "*.sh" dev .ci/run);
    do bash -n "$f"; done'
if [ -z "$fast" ]; then
    check 'clang-format' form
    check 'cppcheck' sh -c "cppcheck --quiet --std=c11 --inline-suppr \
        --enable=warning,performance,portability --error-exitcode=1 \
        --suppress=missingIncludeSystem --suppress=unknownMacro \
        --suppress=normalCheckLevelMaxBranches \
        --suppress=memleak -DHB_PRINTF\(a,b\)= -j2 \
        -I src src 2>&1"
    check 'clang-tidy' tidy
fi
exit $((bad > 0))
