#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
r"""requests.py FILE - ordinary Japanese requests (tuning.jsonl, measure.jsonl)
as the bytes that a browser sends, one a line, for test_japanese.c.

A line has five fields with tabs between them:

    id place type charset request

place: "admin" (the management of a site, by host and path), "code" (of the
others those with a tag, or two or more of the signs { } [ ] $ \ `, which stand
in programs and passwords), "computers" (that speak of them, by a word of a
list), else "plain".  All but "computers" was settled before any rule had seen
a request; that was split off when the tuning set had been looked at, and the
measured one had not.  request: base64.

A site that uses Shift_JIS or EUC-JP declares that for a whole host
(hinoban.yaml: gate: hosts: charset:), so requests of these character sets go
to a host of their own.  How forms are encoded: WHATWG URL, 5; HTML,
4.10.21.7 and .8; what a character set lacks becomes "&#NNNN;".
"""
import base64
import json
import re
import sys

AGENT = ('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 '
         '(KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36')
COOKIE = ('PHPSESSID=q3v0h1n8k2m4p6r8t0b5c7d9f1; '
          '_ga=GA1.1.1234567890.1711900000; '
          '_ga_4ZK1X9Q2WD=GS1.1.1711900000.3.1.1711900420.0.0.0')
BOUNDARY = '----WebKitFormBoundaryq7Zt3mB1xKcV9eLs'
HOSTS = {'cp932': 'sjis.example.jp', 'euc-jp': 'eucjp.example.jp'}
ADMIN = re.compile(r'^(?:cms\.[^/]*/|[^/]*/(?:wp-admin/|wp-login|wp-json/wp/|'
                   r'admin/))')
TAG = re.compile(r'</?[A-Za-z!?]')
SIGNS = re.compile(r'[][{}$\\`]')

TOPIC = re.compile(
    r'(?i)(?<![a-z])(?:sql|mysql|php|html|css|xml|json|javascript|java|python|'
    r'linux|unix|ubuntu|windows|mac ?os|excel|vba|apache|nginx|wordpress|git|'
    r'npm|node|docker|shell|bash|powershell|select|regex|htaccess|localhost|'
    r'http [45]\d\d)(?![a-z])|プログラ|スクリプト|データベース|サーバ|'
    r'コマンド|ターミナル|マクロ|正規表現|変数|関数|配列|クエリ|コンパイル|デバッグ|'
    r'文字コード|情報I|DNS|VPN')


def place(d):
    values = d['fields'].values()
    if ADMIN.match(d['host'] + d['path']):
        return 'admin'
    if any(TAG.search(v) or len(SIGNS.findall(v)) > 1 for v in values):
        return 'code'
    if any(TOPIC.search(v) for v in values):
        return 'computers'
    return 'plain'


def encoded(text, charset):
    return text.encode(charset, 'xmlcharrefreplace')


def escaped(text, charset):
    out = []
    for byte in encoded(text, charset):
        c = chr(byte)
        if byte < 0x80 and (c.isalnum() or c in '*-._'):
            out.append(c)
        else:
            out.append('+' if c == ' ' else '%%%02X' % byte)
    return ''.join(out)


def form(fields, charset):
    return '&'.join(escaped(k, charset) + '=' + escaped(v, charset)
                    for k, v in fields.items())


def multipart(fields, charset):
    """With a file that nobody chose: a form is sent so because it has one."""
    out = []
    for name, value in fields.items():
        out.append(b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'
                   b'%s\r\n' % (BOUNDARY.encode(), encoded(name, charset),
                                encoded(value, charset)))
    out.append(b'--%s\r\nContent-Disposition: form-data; name="attachment"; '
               b'filename=""\r\nContent-Type: application/octet-stream\r\n'
               b'\r\n\r\n--%s--\r\n' % (BOUNDARY.encode(), BOUNDARY.encode()))
    return b''.join(out)


def content(d):
    """The URI, the type of the body and the body."""
    charset, fields = d['charset'], d['fields']
    if d['type'] == 'query':
        return d['path'] + '?' + form(fields, charset), None, b''
    if d['type'] == 'form':
        return (d['path'], 'application/x-www-form-urlencoded',
                form(fields, charset).encode())
    if d['type'] == 'multipart':
        return (d['path'], 'multipart/form-data; boundary=' + BOUNDARY,
                multipart(fields, charset))
    return (d['path'], 'application/json',
            json.dumps(fields, ensure_ascii=False,
                       separators=(',', ':')).encode())


def headers(d, host, kind, length):
    script = d['type'] == 'json'
    h = {'Host': host, 'Connection': 'keep-alive'}
    if kind is not None:
        h['Content-Length'] = str(length)
    h['sec-ch-ua'] = ('"Chromium";v="124", "Google Chrome";v="124", '
                      '"Not-A.Brand";v="99"')
    h['sec-ch-ua-mobile'] = '?0'
    h['sec-ch-ua-platform'] = '"Windows"'
    if not script:
        h['Upgrade-Insecure-Requests'] = '1'
    if kind is not None:
        h['Origin'] = 'https://' + host
        h['Content-Type'] = kind
    h['User-Agent'] = AGENT
    h['Accept'] = ('application/json, text/plain, */*' if script else
                   'text/html,application/xhtml+xml,application/xml;q=0.9,'
                   'image/avif,image/webp,image/apng,*/*;q=0.8,'
                   'application/signed-exchange;v=b3;q=0.7')
    h['Sec-Fetch-Site'] = 'same-origin'
    h['Sec-Fetch-Mode'] = 'cors' if script else 'navigate'
    if not script:
        h['Sec-Fetch-User'] = '?1'
    h['Sec-Fetch-Dest'] = 'empty' if script else 'document'
    h['Referer'] = 'https://' + host + '/'
    h['Accept-Encoding'] = 'gzip, deflate, br, zstd'
    h['Accept-Language'] = 'ja,en-US;q=0.9,en;q=0.8'
    h['Cookie'] = COOKIE
    h.update(d.get('headers', {}))
    return h


def request(d):
    host = HOSTS.get(d['charset'], d['host'])
    uri, kind, body = content(d)
    head = ['%s %s HTTP/1.1' % (d['method'], uri)]
    head += ['%s: %s' % kv for kv in headers(d, host, kind, len(body)).items()]
    return '\r\n'.join(head).encode() + b'\r\n\r\n' + body


def main():
    with open(sys.argv[1], encoding='utf-8') as f:
        for line in f:
            d = json.loads(line)
            print(d['id'], place(d), d['type'],
                  d['charset'], base64.b64encode(request(d)).decode(),
                  sep='\t')


if __name__ == '__main__':
    main()
