#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plain.py DIR: the floor.  What patterns and check digits find without looking
at what stands around a number, as lines for score.py.

It is told the encoding, knows no names, and says "list" from ten values of one
class on.  A detector that is not clearly better has not earned its code."""
import json
import os
import re
import sys
import unicodedata

import values

CODECS = {'utf-16le': 'utf-16', 'iso-2022-jp': 'iso2022_jp_ext'}
DASH = '[-\u2010\u2013\u2212\u30fc]'
MY_NUMBER = re.compile(r'(?<!\d)\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)')
CARD = re.compile(r'(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)')
PHONE = re.compile(r'(?<![\w-])(?:0\d{1,4}|\(0\d{1,4}\)|\+81)'
                   f'(?:{DASH}|\\()?\\d{{1,4}}(?:{DASH}|\\))\\d{{3,4}}'
                   r'(?![\w-])')
MAIL = re.compile(r'[\w.+-]+@[\w-]+(?:\.[\w-]+)+', re.A)
ACCOUNT = re.compile(r'(?<!\d)\d{7}(?!\d)')
ADDRESS = re.compile(r'(?:..[都道府]|..県|...県)?[一-龠々ケ]{1,5}[市区町村]'
                     r'[^\s,"<|]{1,20}?\d+(?:(?:' + DASH +
                     r'|丁目|番地?の?|号)\d*)+')
WORD = re.compile('マイナンバー|個人番号|通知カード|My Number|Individual Number')


def look(text):
    numbers = {values.digits(m) for m in MY_NUMBER.findall(text)}
    cards = {values.digits(m) for m in CARD.findall(text)}
    return {
        'my_number': {n for n in numbers if values.is_my_number(n)}
        if WORD.search(text) else set(),
        'card': {n for n in cards if values.is_card(n)},
        'phone': set(PHONE.findall(text)),
        'mail': set(MAIL.findall(text)),
        'bank_account': set(ACCOUNT.findall(text)) if '口座' in text else set(),
        'address': set(ADDRESS.findall(text))}


def main():
    if len(sys.argv) != 2:
        sys.stderr.write('usage: plain.py DIR\n')
        return 2
    top = sys.argv[1]
    with open(os.path.join(top, 'index.json'), encoding='utf-8') as f:
        documents = json.load(f)['documents']
    for d in documents:
        with open(os.path.join(top, d['path']), 'rb') as f:
            data = f.read()
        codec = CODECS.get(d['encoding'], d['encoding'])
        found = look(unicodedata.normalize('NFKC',
                                           data.decode(codec, 'replace')))
        most = max(len(v) for v in found.values())
        print(json.dumps({
            'path': d['path'], 'encoding': d['encoding'], 'list': most >= 10,
            'persons': most, 'classes': {c: sorted(v)
                                         for c, v in found.items()}}))
    return 0


if __name__ == '__main__':
    sys.exit(main())
