#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# CPU time of a request in the web application firewall, with libmodsecurity as
# the peer where it is there.
top=$(dirname "$0")/..
export HB_SOURCE_ROOT="${HB_SOURCE_ROOT:-$top}"
exec "${HB_BUILD:-$top/build}/bench/bench-waf-engine" "$@"
