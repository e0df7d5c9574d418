#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make.py DIR [dev|test|all]: the documents and DIR/index.json (README.md).

DIR is made, or must be empty: an index beside files of another run would lie.
A half has the same bytes whether it is made alone or with the other one."""
import os
import sys

import paper


def main():
    which = sys.argv[2] if len(sys.argv) == 3 else 'all'
    if len(sys.argv) not in (2, 3) or which not in ('dev', 'test', 'all'):
        sys.stderr.write('usage: make.py DIR [dev|test|all]\n')
        return 2
    top = sys.argv[1]
    os.makedirs(top, exist_ok=True)
    if os.listdir(top):
        sys.stderr.write(f'{top} is not empty\n')
        return 1
    documents, seeds = [], {}
    # Each half is loaded only when asked for: dev needs no test.py.
    if which in ('dev', 'all'):
        import dev
        seeds['dev'] = dev.SEED
        documents += paper.write_half(top, 'dev', dev.documents())
    if which in ('test', 'all'):
        import test
        seeds['test'] = test.SEED
        documents += paper.write_half(top, 'test', test.documents())
    paper.write_index(top, seeds, documents)
    return 0


if __name__ == '__main__':
    sys.exit(main())
