#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# configure.sh SRC DIR CONFIG HEADERS - what Debian's nginx was configured to
# be, as the two headers that nginx-dev does not hold: its own configure, with
# Debian's flags, in DIR.  The signature of a module is made of them.
set -eu
src=$1 dir=$(realpath -m "$2") config=$(realpath -m "$3")
headers=$(realpath -m "$4")
cd "$src"
# shellcheck disable=SC1091
. ./conf_flags
rm -rf "$dir"
mkdir -p "$dir"
CC=cc ./configure --with-cc-opt=-fPIC "${NGX_CONF_FLAGS[@]}" \
    --builddir="$dir" >"$dir/configure.log" 2>&1 ||
    { tail -20 "$dir/configure.log" >&2; exit 1; }
cp "$dir/ngx_auto_config.h" "$config"
cp "$dir/ngx_auto_headers.h" "$headers"
