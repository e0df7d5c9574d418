# SPDX-License-Identifier: Apache-2.0
# lib.sh - TAP for shell tests: ok, is, like, run; sourced.  A test prints its
# plan at the end (finish).  Everything lies below $T, which is removed.
H=$HB_BUILD_ROOT/src/hinoban
n=0
T=$(mktemp -d "${TMPDIR:-/tmp}/hb-box-XXXXXX") || exit 1
chmod 755 "$T"
children=
clean() {
    for p in $children; do kill "$p" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf --one-file-system "$T"
}
trap clean EXIT
# The test's own language and no settings of the caller's.
unset LANGUAGE LC_ALL LC_MESSAGES HINOBAN_ROOT HINOBAN_LOG
export LANG=C.UTF-8 HINOBAN_LOCALEDIR="$HB_BUILD_ROOT/po"
# Other accounts may be unable to enter the source tree.
mkdir "$T/share"
cp -r "$HB_SOURCE_ROOT/casebook" "$HB_SOURCE_ROOT/rules" "$T/share/"
export HINOBAN_DATADIR=$T/share

ok() { # ok STATUS NAME
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"
    else
        echo "not ok $n - $2"
        [ ! -s "$T/out" ] || sed 's/^/# out: /' "$T/out" | head -20
        [ ! -s "$T/err" ] || sed 's/^/# err: /' "$T/err" | head -20
    fi
}
is() { # is GOT WANTED NAME
    if [ "$1" = "$2" ]; then ok 0 "$3"
    else ok 1 "$3"; echo "# got \"$1\", wanted \"$2\""; fi
}
# run COMMAND...: output into $T/out and $T/err, status into $rc.
run() { "$@" >"$T/out" 2>"$T/err"; rc=$?; }
out_has() { grep -qF -- "$1" "$T/out"; ok $? "$2"; }
err_has() { grep -qF -- "$1" "$T/err"; ok $? "$2"; }
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
finish() { echo "1..$n"; exit 0; }
# until_true SECONDS COMMAND...: waits for it, generously (slow machines).
until_true() {
    local i=0 max=$(($1 * 20)); shift
    while [ $i -lt $max ]; do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.05; i=$((i + 1))
    done
    return 1
}
