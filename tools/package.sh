#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# package.sh - builds the Debian package from a clean copy of HEAD into
# ./var/package.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/var/package
rm -rf "$out"; mkdir -p "$out/src"
git archive HEAD | tar -x -C "$out/src"
cd "$out/src"
dpkg-buildpackage -b -us -uc -d >"$out/build.log" 2>&1 ||
    { tail -40 "$out/build.log" >&2; exit 1; }
rm -rf "$out/src"
ls -l "$out"
