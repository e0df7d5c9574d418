#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# drill.sh N [A|B] [--json] - rehearses case N in a sandbox of its own; exit 0
# only where everything expected happened.  Called by `./dev drill` as root.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { echo "drill: say which case: ./dev drill 2 [A|B]" >&2; exit 2; }
export HINOBAN_LOCALEDIR=$PWD/build/po HINOBAN_DATADIR=$PWD
exec build/src/hinoban drill "$@"
