#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tree's own rules; HB_FULL adds the analysers.
cd "$HB_SOURCE_ROOT" || exit 1
if [ -n "${HB_FULL:-}" ]; then exec tools/lint.sh "$HB_BUILD_ROOT"; fi
exec tools/lint.sh "$HB_BUILD_ROOT" fast
