#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# package.sh [--version V] [--out DIR] - builds the Debian package from a clean
# copy of HEAD into ./var/package, or from the tree as it stands into DIR and
# with V on top of the changelog (how tests get a newer one).
set -euo pipefail
cd "$(dirname "$0")/.."
version= out=
while [ $# -gt 0 ]; do
    case $1 in
    --version) version=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    *) echo "package.sh: no option $1" >&2; exit 2 ;;
    esac
done
from=${out:+tree}
out=${out:-$PWD/var/package}
rm -rf "$out"; mkdir -p "$out/src"
if [ -n "$from" ]; then
    git ls-files -z -c -o --exclude-standard |
        while IFS= read -r -d '' f; do
            [ ! -e "$f" ] || printf '%s\0' "$f"
        done | tar -c --null -T - | tar -x -C "$out/src"
else git archive HEAD | tar -x -C "$out/src"
fi
cd "$out/src"
if [ -n "$version" ] &&
    [ "$version" != "$(dpkg-parsechangelog -S Version)" ]; then
    { printf 'hinoban (%s) bookworm; urgency=medium\n\n' "$version"
      printf '  * Made for a test.\n\n'
      sed -n '/^ -- /{p;q}' debian/changelog; echo
      cat debian/changelog; } >../changelog
    mv ../changelog debian/changelog
    echo "$version" >VERSION
fi
dpkg-buildpackage -b -us -uc -d >"$out/build.log" 2>&1 ||
    { tail -40 "$out/build.log" >&2; exit 1; }
rm -rf "$out/src"
ls -l "$out"
