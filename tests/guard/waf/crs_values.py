#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""crs_values.py RULE DATA - the values that one rule of the OWASP CRS hands to
its operator, for every stage of the regression tests, with their verdicts.

RULE is 942100, 942101, 941100 or 941101; DATA is the folder with
regression-v4.28.0.json and verdicts-modsecurity-3.0.9.json, or a file of
arguments, one a line, that are no attack.  One line a stage (an argument):

    id stage expected recorded kind:base64 kind:base64 ...

expected: 1 must fire, 0 must not, - the test says nothing of this rule.
recorded: 1 or 0, what ModSecurity 3.0.9 logged.  The values are transformed as
the rule says (every step of it for multiMatch), each once.
"""
import base64
import json
import os
import re
import sys
import unicodedata
import xml.parsers.expat

CHAIN_SQL = ['utf8toUnicode', 'urlDecodeUni', 'removeNulls']
CHAIN_XSS = ['utf8toUnicode', 'urlDecodeUni', 'htmlEntityDecode', 'jsDecode',
             'cssDecode', 'removeNulls']
ALL = {'cookie', 'cookie-name', 'agent', 'arg', 'arg-name', 'xml'}
RULES = {
    942100: (ALL | {'referer'}, CHAIN_SQL, True),
    942101: ({'basename', 'filename'}, CHAIN_SQL, False),
    941100: (ALL, CHAIN_XSS, False),
    941101: ({'filename', 'referer'}, CHAIN_XSS, False),
}
HEX = b'0123456789abcdefABCDEF'


def url_decode(v):
    v = v.replace(b'+', b' ')
    return re.sub(rb'%([0-9a-fA-F]{2})',
                  lambda m: bytes([int(m.group(1), 16)]), v)


def low_byte(cp):
    """What code page 20127 (US-ASCII) makes of a character."""
    if cp < 0x100:
        return cp
    if 0xff01 <= cp <= 0xff5e:
        return cp - 0xfee0
    flat = unicodedata.normalize('NFKD', chr(cp))[:1]
    if cp < 0x2000 and flat and 0x20 < ord(flat) < 0x7f:
        return ord(flat)
    return {0x2018: 0x27, 0x2019: 0x27, 0x2032: 0x27, 0x02b9: 0x27,
            0x02bc: 0x27, 0x201c: 0x22, 0x201d: 0x22,
            0x2329: 0x3c, 0x3008: 0x3c, 0x232a: 0x3e,
            0x3009: 0x3e}.get(cp, cp & 0xff)


def utf8toUnicode(v):
    out, i = bytearray(), 0
    while i < len(v):
        n = 1 if v[i] < 0x80 else 2 if 0xc0 <= v[i] < 0xe0 else \
            3 if 0xe0 <= v[i] < 0xf0 else 4 if 0xf0 <= v[i] < 0xf8 else 1
        try:
            cp = ord(v[i:i + n].decode('utf-8')) if n > 1 else 0
        except (UnicodeDecodeError, TypeError):
            n = 1
        out += v[i:i + 1] if n == 1 else b'%%u%04x' % cp
        i += n
    return bytes(out)


def urlDecodeUni(v):
    def one(m):
        t = m.group(0)
        if t == b'+':
            return b' '
        if t[1:2] in b'uU':
            return bytes([low_byte(int(t[2:], 16))])
        return bytes([int(t[1:], 16)])
    return re.sub(rb'%[uU][0-9a-fA-F]{4}|%[0-9a-fA-F]{2}|\+', one, v)


def htmlEntityDecode(v):
    named = {b'quot': b'"', b'amp': b'&', b'lt': b'<', b'gt': b'>',
             b'nbsp': b'\xa0'}

    def one(m):
        if m.group(1):
            return bytes([int(m.group(1), 16) & 0xff])
        if m.group(2):
            return bytes([int(m.group(2)) & 0xff])
        return named.get(m.group(3).lower(), m.group(0))
    return re.sub(rb'&(?:#[xX]([0-9a-fA-F]+)|#([0-9]+)|([a-zA-Z]+));?', one, v)


def jsDecode(v):
    simple = {b'a': 7, b'b': 8, b'f': 12, b'n': 10, b'r': 13, b't': 9,
              b'v': 11}

    def one(m):
        t = m.group(1)
        if t[:1] == b'u' and len(t) == 5:
            cp = int(t[1:], 16)
            return bytes([cp - 0xfee0 if 0xff01 <= cp <= 0xff5e
                          else cp & 0xff])
        if t[:1] == b'x' and len(t) == 3:
            return bytes([int(t[1:], 16)])
        if t[:1] in b'01234567':
            return bytes([int(t, 8) & 0xff])
        return bytes([simple[t]]) if t in simple else t
    return re.sub(rb'(?s)\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-3][0-7]{2}|'
                  rb'[0-7]{1,2}|.)', one, v)


def cssDecode(v):
    def one(m):
        t = m.group(1)
        if t == b'\n':
            return b''
        if t[:1] and t[:1] in HEX:
            cp = int(t.strip(), 16)
            return bytes([cp - 0xfee0 if 0xff01 <= cp <= 0xff5e
                          else cp & 0xff])
        return t
    return re.sub(rb'(?s)\\([0-9a-fA-F]{1,6}[ \t\r\n\f\v]?|.|$)', one, v)


def removeNulls(v):
    return v.replace(b'\0', b'')


def pairs(text, kind):
    for part in text.split(b'&'):
        if part:
            name, _, value = part.partition(b'=')
            yield kind + '-name', url_decode(name)
            yield kind, url_decode(value)


def cookies(text):
    for part in text.split(b';'):
        name, eq, value = part.strip(b' ').partition(b'=')
        if name or eq:
            yield 'cookie-name', name
            yield 'cookie', value


def json_values(node, name):
    if isinstance(node, dict):
        for k, v in node.items():
            yield from json_values(v, name + '.' + k)
    elif isinstance(node, list):
        for i, v in enumerate(node):
            yield from json_values(v, '%s.array_%d' % (name, i))
    else:
        text = node if isinstance(node, str) else json.dumps(node)
        yield 'arg-name', name.encode()
        yield 'arg', text.encode('utf-8', 'surrogatepass')


def xml_values(body):
    texts, attrs = [], []
    p = xml.parsers.expat.ParserCreate()
    p.CharacterDataHandler = texts.append
    p.StartElementHandler = lambda name, a: attrs.extend(a.values())
    try:
        p.Parse(body, True)
    except xml.parsers.expat.ExpatError:
        return
    yield 'xml', ''.join(texts).encode()
    for a in attrs:
        yield 'xml', a.encode()


def multipart_values(body, ctype):
    m = re.search(rb'boundary="?([^";]+)', ctype)
    for part in body.split(b'--' + m.group(1).strip())[1:] if m else []:
        head, _, value = part.lstrip(b'\r\n').partition(b'\r\n\r\n')
        name = re.search(rb'[;\s]name="?((?:[^"\\;]|\\.)*)', head, re.I)
        if name and not re.search(rb'filename\*?=', head, re.I):
            yield 'arg-name', name.group(1)
            yield 'arg', value[:-2] if value.endswith(b'\r\n') else value


def body_values(body, ctype):
    low = ctype.lower()
    if low.startswith(b'application/x-www-form-urlencoded'):
        yield from pairs(body, 'arg')
    elif low.startswith(b'multipart/form-data'):
        yield from multipart_values(body, ctype)
    elif re.match(rb'application/(json|[a-z0-9.-]+\+json)', low):
        try:
            yield from json_values(json.loads(body), 'json')
        except ValueError:
            return
    elif re.match(rb'(application/(soap\+|)|text/)xml', low):
        yield from xml_values(body)


def values(request):
    head, _, body = request.partition(b'\r\n\r\n')
    lines = head.split(b'\r\n')
    words = lines[0].split(b' ')
    target = b' '.join(words[1:-1]) if len(words) > 2 else words[-1]
    path, _, query = target.partition(b'#')[0].partition(b'?')
    path = re.sub(rb'%([0-9a-fA-F]{2})',
                  lambda m: bytes([int(m.group(1), 16)]), path)
    yield 'filename', path
    yield 'basename', re.split(rb'[/\\]', path)[-1]
    yield from pairs(query, 'arg')
    ctype = b''
    for line in lines[1:]:
        name, _, value = line.partition(b':')
        value = value.strip(b' \t')
        name = name.lower()
        if name == b'cookie':
            yield from cookies(value)
        elif name == b'user-agent':
            yield 'agent', value
        elif name == b'referer':
            yield 'referer', value
        elif name == b'content-type':
            ctype = value
    yield from body_values(body, ctype)


def transformed(value, chain, each):
    out = [value]
    for step in chain:
        value = globals()[step](value)
        out.append(value)
    return out if each else out[-1:]


def encoded(pairs_of, rule):
    """Those that RULE looks at, transformed, each once."""
    kinds, chain, each = RULES[rule]
    seen, out = set(), []
    for kind, value in pairs_of:
        for v in transformed(value, chain, each) if kind in kinds else []:
            if v not in seen:
                seen.add(v)
                out.append(kind + ':' + base64.b64encode(v).decode())
    return out


def main():
    rule, data = int(sys.argv[1]), sys.argv[2]
    if os.path.isfile(data):
        with open(data, 'rb') as f:
            for n, line in enumerate(f.read().split(b'\n'), 1):
                if line:
                    print(n, 0, 0, 0, *encoded([('arg', line)], rule))
        return
    with open(data + '/regression-v4.28.0.json') as f:
        tests = json.load(f)
    with open(data + '/verdicts-modsecurity-3.0.9.json') as f:
        recorded = {t['id']: t['stages'] for t in json.load(f)}
    for t in tests:
        for i, stage in enumerate(t['stages']):
            e = stage['expect']
            want = '1' if rule in e.get('expect_ids', []) else \
                '0' if rule in e.get('no_expect_ids', []) else '-'
            request = base64.b64decode(stage['request_b64'])
            print(t['id'], i, want, int(rule in recorded[t['id']][i]),
                  *encoded(values(request), rule))


if __name__ == '__main__':
    main()
