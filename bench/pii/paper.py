# SPDX-License-Identifier: Apache-2.0
"""From a template's text to a file and its truth: labels, encodings, index.

A template writes labelled text as tag(class, shown, value) into any string; the
marks come out here, so that the offsets are right whatever stood around them.
Both halves use this and values.py; it holds no words and no templates."""
import json
import os
import re
import unicodedata

import values

# Private use: no template writes these, and no encoding must carry them.
_OPEN, _MID, _CLOSE = '\ue000', '\ue001', '\ue002'
_MARK = re.compile(f'{_OPEN}([^{_MID}]*){_MID}([^{_MID}]*){_MID}'
                   f'([^{_CLOSE}]*){_CLOSE}')
BULK = 1000


def tag(cls, shown, value=None):
    """`shown` with its label.  '-phone' is neutral: neither right nor wrong."""
    return f'{_OPEN}{cls}{_MID}{shown if value is None else value}{_MID}' \
           f'{shown}{_CLOSE}'


def bare(text):
    """The text without labels, as it will stand in the file."""
    return _MARK.sub(r'\3', text)


def value_of(tagged):
    """The value of a text that is one label and nothing else."""
    return _MARK.fullmatch(tagged).group(2)


def each_shown(text, how):
    """`how` over all text, labelled or not (escapes of JSON or HTML)."""
    out, end = [], 0
    for m in _MARK.finditer(text):
        out += [how(text[end:m.start()]),
                tag(m.group(1), how(m.group(3)), m.group(2))]
        end = m.end()
    return ''.join(out + [how(text[end:])])


def page(ext, text, persons=None, listed=False, crlf=None):
    """What a template gives back.  `persons` only where it is a list."""
    return {'ext': ext, 'text': text, 'persons': persons, 'listed': listed,
            'crlf': crlf}


_HALF = {unicodedata.normalize('NFKC', chr(c)): chr(c)
         for c in range(0xff61, 0xff9e)}
_HALF.update({'\u3099': '\uff9e', '\u309a': '\uff9f'})
FULL = {c: c + 0xfee0 for c in range(0x21, 0x7f)}


def katakana(hiragana):
    return ''.join(chr(ord(c) + 0x60) if '\u3041' <= c <= '\u3096' else c
                   for c in hiragana)


def half_kana(s):
    """Half-width kana of hiragana or katakana; other characters stay."""
    return ''.join(_HALF.get(c, c) for c in
                   unicodedata.normalize('NFD', katakana(s)))


# --- encodings as Windows writes them -------------------------------------

def _windows_rows():
    """Character -> two bytes of JIS, with NEC's row 13 and the NEC-selected
    IBM extensions (rows 89-92): what CP50221 and CP51932 hold of CP932."""
    rows = {}
    for lead in [*range(0x81, 0xa0), *range(0xe0, 0xef)]:
        for trail in [*range(0x40, 0x7f), *range(0x80, 0xfd)]:
            try:
                c = bytes((lead, trail)).decode('cp932')
            except UnicodeDecodeError:
                continue
            row = (lead - (0x81 if lead < 0xa0 else 0xc1)) * 2 + 0x21
            cell = trail - (0x1f if trail < 0x7f else 0x20)
            if trail >= 0x9f:
                row, cell = row + 1, trail - 0x7e
            rows.setdefault(c, bytes((row, cell)))
    return rows


ROWS = _windows_rows()
# Same length each, so that offsets stay: a form that Windows' encodings hold.
_FIT = {'\u2013': '\u2010', '\u2011': '\u2010', '\u2014': '\u2015',
        '\u2212': '\uff0d', '\u301c': '\uff5e', '\u00a5': '\uffe5',
        '\u00e9': 'e', '\u00fc': 'u', '\u00e3': 'a', '\u00e7': 'c',
        '\u00a9': '\uff08', '\u2022': '\u30fb', '\U00020bb7': '\u5409',
        '\u00a0': ' ', '\u00b5': '\u03bc', '\u00b2': '2',
        '\u329e': '\u5370'}


def _half_kana(c):
    return 0xff61 <= ord(c) <= 0xff9f


def _fits(c):
    return ord(c) < 0x80 or _half_kana(c) or c in ROWS


def fit(text):
    """The text in characters of CP932; an unknown one is a template's fault."""
    text = ''.join(c if _fits(c) or '\ue000' <= c <= '\ue002'
                   else _FIT.get(c, c) for c in text)
    lost = {c for c in text if not _fits(c) and not '\ue000' <= c <= '\ue002'}
    if lost:
        raise ValueError(f'not in CP932: {sorted(lost)}')
    return text


def _euc(text):
    out = bytearray()
    for c in text:
        if ord(c) < 0x80:
            out.append(ord(c))
        elif _half_kana(c):
            out += bytes((0x8e, ord(c) - 0xff61 + 0xa1))
        else:
            out += bytes(b | 0x80 for b in ROWS[c])
    return bytes(out)


def _jis(text):
    """ISO-2022-JP of CP50221: ASCII again before each end of line."""
    out, now = bytearray(), b'\x1b(B'
    for c in text:
        if ord(c) < 0x80:
            want, code = b'\x1b(B', bytes((ord(c),))
        elif _half_kana(c):
            want, code = b'\x1b(I', bytes((ord(c) - 0xff61 + 0x21,))
        else:
            want, code = b'\x1b$B', ROWS[c]
        if want != now:
            out += want
            now = want
        out += code
    return bytes(out + (b'' if now == b'\x1b(B' else b'\x1b(B'))


ENCODERS = {
    'utf-8': lambda t: t.encode('utf-8'),
    'utf-8-sig': lambda t: t.encode('utf-8-sig'),
    'cp932': lambda t: t.encode('cp932'),
    'euc-jp': _euc,
    'iso-2022-jp': _jis,
    'utf-16le': lambda t: b'\xff\xfe' + t.encode('utf-16-le'),
}
SMALL = ('cp932', 'euc-jp', 'iso-2022-jp')
# Of twenty documents, in the order in which a template's documents take them.
TURNS = ('cp932', 'utf-8', 'iso-2022-jp', 'utf-8', 'euc-jp', 'cp932',
         'utf-16le', 'utf-8-sig', 'cp932', 'utf-8', 'iso-2022-jp', 'utf-16le',
         'cp932', 'utf-8', 'euc-jp', 'utf-8-sig', 'iso-2022-jp', 'utf-8',
         'cp932', 'utf-16le')


# --- the truth -------------------------------------------------------------

def _strip(text):
    """The text of the file, and [(class, value, offset)] in its order."""
    out, labels, at, end = [], [], 0, 0
    for m in _MARK.finditer(text):
        out += [text[end:m.start()], m.group(3)]
        at += m.start() - end
        labels.append((m.group(1), m.group(2), at))
        at += len(m.group(3))
        end = m.end()
    out.append(text[end:])
    return ''.join(out), labels


_RUN = re.compile(r'(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])')


def _chance_cards(text):
    """Cards by form alone: neutral, unless a label says yes."""
    for m in _RUN.finditer(unicodedata.normalize('NFKC', text)):
        v = values.digits(m.group())
        if values.is_card(v):
            yield '-card', v, 0


def _truth(labels, bulk):
    truth, ignore = {}, {}
    for cls, value, at in labels:
        key = cls.lstrip('-')
        if key not in values.CLASSES:
            raise ValueError(f'no class {cls!r}')
        v = values.norm(key, value)
        if cls.startswith('-'):
            ignore.setdefault(key, {})[v] = True
            continue
        one = truth.setdefault(key, {}).setdefault(v, {'value': v})
        if not bulk:
            one.setdefault('at', []).append(at)
    ignore = {k: [v for v in seen if v not in truth.get(k, {})]
              for k, seen in ignore.items()}
    return ({k: list(v.values()) for k, v in truth.items()},
            {k: v for k, v in ignore.items() if v})


def write(top, half, number, kind, made, encoding):
    """Writes one document below `top`; returns its entry of the index."""
    text = made['text']
    if not text.endswith('\n'):
        text += '\n'
    crlf = made['crlf']
    if crlf is None:
        crlf = encoding in ('cp932', 'utf-16le', 'utf-8-sig')
    if crlf:
        text = text.replace('\n', '\r\n')
    if encoding in SMALL:
        text = fit(text)
    text, labels = _strip(text)
    if '\ue000' <= max(text) <= '\ue002':
        raise ValueError(f'{kind}: a mark inside a mark')
    data = ENCODERS[encoding](text)
    if max(data) < 0x80 and b'\x1b' not in data:
        encoding = 'ascii'
    path = f'{half}/{number:04}.{made["ext"]}'
    with open(os.path.join(top, path), 'wb') as f:
        f.write(data)
    bulk = len(labels) > BULK
    truth, ignore = _truth(labels + list(_chance_cards(text)), bulk)
    persons = made['persons']
    if persons is None:
        persons = len(truth.get('person', []))
    return {'path': path, 'half': half, 'encoding': encoding, 'kind': kind,
            'bytes': len(data), 'list': made['listed'], 'persons': persons,
            'bulk': bulk, 'truth': truth, 'ignore': ignore}


def write_half(top, half, made):
    """`made`: [(kind, page)], already in their order."""
    os.makedirs(os.path.join(top, half), exist_ok=True)
    turn, index = {}, []
    for n, (kind, one) in enumerate(made):
        # Templates begin at different places, or small ones saw UTF-8 only.
        t = turn.get(kind, 7 * len(turn))
        turn[kind] = t + 1
        index.append(write(top, half, n, kind, one, TURNS[t % len(TURNS)]))
    return index


def write_index(top, seed, documents):
    with open(os.path.join(top, 'index.json'), 'w', encoding='utf-8') as f:
        f.write('{"seed": %s, "documents": [\n' % json.dumps(seed))
        f.write(',\n'.join(json.dumps(d, ensure_ascii=False, sort_keys=True)
                           for d in documents))
        f.write('\n]}\n')
