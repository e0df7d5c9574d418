#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Drill 14 as a test; see gate.py."""
import sys

import gate

sys.exit(gate.main('14', 16))
