#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# cli.sh - the dispatcher from outside: exit statuses, help of every command,
# near misses, global options anywhere, completion, both languages.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1

run "$H"; is $rc 2 'no command is wrong usage'
err_has 'name a command' 'and says so'
is "$(cat "$T/out")" '' 'on standard error only'

run "$H" --version; is $rc 0 'the version'
is "$(cat "$T/out")" "hinoban $(cat "$HB_SOURCE_ROOT/VERSION")" 'is VERSION'

run "$H" --help; is $rc 0 'help'
out_has 'Usage: hinoban' 'shows how to call it'
commands=$(sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' "$T/out")
[ -n "$commands" ]; ok $? 'help lists commands'
# The line below the usage, which may go on over more lines.
summary() { sed 1d | grep -m1 '^[^ ]'; }
for c in $commands; do
    run "$H" "$c" --help
    [ $rc = 0 ] && grep -q "^Usage: hinoban $c" "$T/out"
    ok $? "$c explains itself"
    [ "$(LANG=ja_JP.UTF-8 "$H" "$c" --help | summary)" != \
        "$("$H" "$c" --help | summary)" ]
    ok $? "$c explains itself in Japanese"
done

run "$H" confg; is $rc 2 'an unknown command'
err_has 'did you mean "config"?' 'names the nearest'
run "$H" zzzzzzzz; is $rc 2 'a far one'
! grep -q 'did you mean' "$T/err"; ok $? 'names none'
run "$H" --frobnicate; is $rc 2 'an unknown option'
err_has '--frobnicate' 'is named'
run "$H" --root; is $rc 2 'an option without its value'
run "$H" help no-such; is $rc 2 'help of an unknown command'
run "$H" help a b; is $rc 2 'help of two'

run "$H" config; is $rc 2 'a command without its argument'
err_has 'Usage: hinoban config' 'shows its usage'
run "$H" config frob; is $rc 2 'a wrong argument'
run "$H" config check a b; is $rc 2 'too many arguments'
run "$H" config man extra; is $rc 2 'also here'
run "$H" role; is $rc 2 'a role without a name'
run "$H" role intak; is $rc 2 'an unknown role'
err_has 'did you mean "intake"?' 'names the nearest role'
run "$H" supervise --bogus; is $rc 2 'supervise with a wrong option'
run "$H" completion x; is $rc 2 'completion takes nothing'

mkdir -p "$T/r/etc/hinoban"
printf 'organisation:\n  name: x\n' >"$T/r/etc/hinoban/hinoban.yaml"
for how in "--root $T/r config check" "config --root $T/r check" \
    "config check --root=$T/r"; do
    # shellcheck disable=SC2086
    run "$H" $how; is $rc 0 "the root is found in: ${how//$T/DIR}"
done
HINOBAN_ROOT=$T/r run "$H" config check; is $rc 0 'and in the environment'
(cd "$T" && "$H" --root r config check >/dev/null); ok $? 'and relative'

"$H" completion >"$T/completion"
bash -n "$T/completion"; ok $? 'the completion is bash'
complete_words() { # what the completion offers for the words given
    bash -c '. "$1"; shift; COMP_WORDS=(hinoban "$@")
        COMP_CWORD=$#; _hinoban; echo "${COMPREPLY[@]}"' - "$T/completion" "$@"
}
is "$(cd "$T/r" && complete_words conf)" config 'it completes a command'
is "$(cd "$T/r" && complete_words config du)" dump 'and its words'
is "$(cd "$T/r" && complete_words --root "$T/r/e")" "$T/r/etc" 'and folders'

"$H" config man >/dev/full 2>"$T/err"; is $? 1 'a full disk is a failure'
err_has 'standard output' 'that is told'

LANG=ja_JP.UTF-8 run "$H" confg
err_has '「config」のことですか' 'Japanese by LANG'
LANGUAGE=ja run "$H" confg
err_has '「config」のことですか' 'Japanese by LANGUAGE'
LC_ALL=en_US.UTF-8 LANG=ja_JP.UTF-8 run "$H" confg
err_has 'did you mean "config"?' 'LC_ALL wins'
finish
