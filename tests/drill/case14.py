#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Drill 14 as a test; see gate.py.  It waits for the end of a patch: a minute,
so only in ./dev test full."""
import os
import sys

import gate

if not os.environ.get('HB_FULL'):
    print('1..0 # skipped: only in ./dev test full')
    sys.exit(0)
sys.exit(gate.main('14', 17))
