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
for _ in 1 2 3; do
    begin=$(date +%s%N)
    "$hinoban" inspect --json "$dir/plain" >/dev/null
    end=$(date +%s%N)
    size=$(stat -c %s "$dir/plain")
    echo "plain text: $((size * 1000 / (end - begin))) MB/s"
done
