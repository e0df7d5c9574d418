#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""web_texts.py WEB - the texts of the templates (src/html/page.h) as C for
xgettext, which reads no HTML: {{_("...")}} wherever it stands."""
import os
import re
import sys

top = sys.argv[1]
for folder, _, names in sorted(os.walk(top)):
    for name in sorted(names):
        if not name.endswith('.html'):
            continue
        path = os.path.join(folder, name)
        with open(path, encoding='utf-8') as f:
            for number, line in enumerate(f, 1):
                for text in re.findall(r'\{\{_\(("(?:[^"\\]|\\.)*")\)\}\}', line):
                    print(f'#line {number} "{os.path.relpath(path, top)}"\n'
                          f'_({text});')
