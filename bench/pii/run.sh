#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh HINOBAN [dev|test] - makes that half (dev), looks at it with `HINOBAN
# inspect`, scores it, and says how fast plain text goes through one core.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
hinoban=$(readlink -f "${1:?usage: run.sh HINOBAN [dev|test]}")
half=${2:-dev}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$here/make.py" "$dir/set" "$half"
(cd "$dir/set" && "$hinoban" inspect --json --values "$half"/*) \
    >"$dir/results.jsonl"
"$here/score.py" "$dir/set/index.json" "$dir/results.jsonl" --half "$half"

# Plain text: the set's own documents, as UTF-8, again and again.
python3 - "$dir" "$half" <<'PY'
import json
import sys

top, half = sys.argv[1:]
codecs = {'utf-16le': 'utf-16', 'iso-2022-jp': 'iso2022_jp_ext',
          'euc-jp': 'euc_jp'}
text = b''
with open(f'{top}/set/index.json', encoding='utf-8') as f:
    for d in json.load(f)['documents']:
        if d['half'] == half and d['path'].endswith('.txt'):
            with open(f'{top}/set/{d["path"]}', 'rb') as g:
                codec = codecs.get(d['encoding'], d['encoding'])
                text += g.read().decode(codec, 'replace').encode()
with open(f'{top}/plain', 'wb') as f:
    for _ in range(100_000_000 // len(text) + 1):
        f.write(text)
PY
cat "$dir/plain" >/dev/null
size=$(stat -c %s "$dir/plain")
TIMEFORMAT='%U %S'
for _ in 1 2 3 4 5; do
    { time "$hinoban" inspect --json "$dir/plain" >/dev/null; } 2>&1
done | awk -v size="$size" '{ t = $1 + $2; if (!best || t < best) best = t }
    END { printf "plain text: %.0f MB/s of processor time, best of %d\n",
        size / best / 1e6, NR }'
