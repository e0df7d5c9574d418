#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The share portal beside nginx with the same certificate; see bench/share.py.
set -euo pipefail
export HB_BUILD="${HB_BUILD:-$PWD/build}"
exec python3 bench/share.py
