#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Events a second through the shipped rules, one thread.
top=$(dirname "$0")/..
exec "${HB_BUILD:-$top/build}/bench/bench-detect" "$top/rules"
