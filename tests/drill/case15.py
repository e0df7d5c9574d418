#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Drill 15 as a test; see gate.py."""
import sys

import gate

sys.exit(gate.main('15', 13, firewall=False))
