# SPDX-License-Identifier: Apache-2.0
# bare.sh - a bare Debian 12 root, made by debootstrap from the mirror that
# this machine's own apt uses, kept below ./var/bare; sourced after lib.sh.
# Nothing outside $T and ./var is changed; mounts need a namespace of the
# caller's own.
bare=$HB_SOURCE_ROOT/var/bare

# The address and the files of apt's sources that name bookworm.
bare_sources() {
    local f
    for f in /etc/apt/sources.list.d/*.sources; do
        [ ! -e "$f" ] || awk -v f="$f" '
            function give() { if (uri && suite && main) { print uri, f; done = 1 } }
            NF == 0 { give(); uri = suite = main = 0; if (done) exit }
            tolower($1) == "uris:" { uri = $2 }
            tolower($1) == "suites:" { suite = / bookworm( |$)/ }
            tolower($1) == "components:" { main = / main( |$)/ }
            END { if (!done) give() }' "$f"
    done
    for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -e "$f" ] || awk -v f="$f" '$1 == "deb" {
            sub(/\[[^]]*\] */, "")
            if ($3 == "bookworm" && $4 == "main") { print $2, f; exit } }' "$f"
    done
}

# Ends the test where no root can be made here.
bare_needs() {
    local tool
    for tool in debootstrap "$@"; do
        command -v $tool >/dev/null || skip_all "needs $tool"
    done
    [ -n "$(bare_sources)" ] ||
        skip_all 'no mirror of Debian 12 in this machine'\''s apt sources'
    unshare -m --propagation private true 2>/dev/null ||
        skip_all 'no mounts of our own here (a chroot?)'
    # One at a time; who runs itself again holds it already.
    if [ -z "${HB_BARE:-}" ]; then
        mkdir -p "$bare"; exec 9>"$bare/lock"; flock 9; export HB_BARE=1
    fi
}

in_bare() { # in_bare ROOT COMMAND...: with the machine's network
    local root=$1; shift
    run env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root \
        DEBIAN_FRONTEND=noninteractive \
        ${http_proxy:+http_proxy="$http_proxy"} \
        ${https_proxy:+https_proxy="$https_proxy"} chroot "$root" "$@"
}

# The settings of this machine's apt, so that the root asks the same mirror.
bare_apt() { # bare_apt ROOT
    local f key
    rm -f "$1/etc/apt/sources.list"
    bare_sources | while read -r _ f; do
        cp "$f" "$1${f%/*}/"
        sed -n 's/^Signed-By: *\(\/.*\)/\1/p; s/^deb \[.*signed-by=\([^] ]*\).*/\1/p' \
            "$f" | while read -r key; do
            [ -e "$1$key" ] || { mkdir -p "$1${key%/*}"; cp "$key" "$1$key"; }
        done
    done
    for f in /etc/apt/apt.conf.d/99*; do
        [ ! -e "$f" ] || cp "$f" "$1/etc/apt/apt.conf.d/"
    done
    cp -L /etc/resolv.conf /etc/hosts "$1/etc/" 2>/dev/null
    true
}

# bare_root DIR: a copy of the root, its package lists fresh.  Ends the test
# where the mirror does not answer.
bare_root() {
    local mirror want
    mirror=$(bare_sources | awk '{ print $1; exit }')
    want="systemd-sysv,dbus,ca-certificates $mirror"
    if [ "$(cat "$bare/stamp" 2>/dev/null)" != "$want" ]; then
        rm -rf "$bare/root" "$bare/archives" "$bare/stamp"
        mkdir -p "$bare/archives"
        run debootstrap --variant=minbase --include="${want% *}" bookworm \
            "$bare/root" "$mirror"
        [ $rc -eq 0 ] || skip_all "debootstrap: $(tail -1 "$T/out")"
        printf '%s' "$want" >"$bare/stamp"
    fi
    rm -rf "$1"; cp -a --reflink=auto "$bare/root" "$1"
    bare_apt "$1"
    cp "$bare"/archives/*.deb "$1/var/cache/apt/archives/" 2>/dev/null
    mount -t proc proc "$1/proc"
    in_bare "$1" apt-get update -q
    [ $rc -eq 0 ] || skip_all 'the mirror does not answer'
}

# bare_fetch DIR PACKAGE...: fetches them with all that they depend on, and
# keeps them for the next time.
bare_fetch() {
    local root=$1; shift
    in_bare "$root" apt-get install -y -q --download-only "$@"
    cp -n "$root"/var/cache/apt/archives/*.deb "$bare/archives/" 2>/dev/null
}

# bare_package VERSION: $package, made of the tree as it stands; kept while the
# tree stays so.
bare_package() {
    local dir=$bare/packages/$1 now
    # Tests and pages do not go into it.
    now=$(cd "$HB_SOURCE_ROOT" && git ls-files -z -c -o --exclude-standard |
        grep -zvE '^(tests|fuzz|bench|doc)/|^[^/]*\.md$|^dev$' |
        while IFS= read -r -d '' f; do
            [ ! -e "$f" ] || printf '%s\0' "$f"
        done | xargs -0 sha256sum | sha256sum)
    if [ "$(cat "$dir/.sources" 2>/dev/null)" != "$now" ]; then
        run "$HB_SOURCE_ROOT/tools/package.sh" --version "$1" --out "$dir"
        [ $rc -ne 0 ] || printf '%s' "$now" >"$dir/.sources"
    fi
    package=$(ls "$dir"/hinoban_*.deb 2>/dev/null)
    [ -e "$dir/.sources" ] && [ -n "$package" ]; ok $? "the package $1 is built"
}
