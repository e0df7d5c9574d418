#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""peer.py DIR - the same requests judged by libmodsecurity 3, to compare with.

DIR has the rule sets that test_japanese.c wrote there (HB_WAF_CONF=DIR
HB_FULL=1): only those without our profile, whose conditions are ours alone.
Prints sums.
"""
import base64
import ctypes as c
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Intervention(c.Structure):
    _fields_ = [('status', c.c_int), ('pause', c.c_int), ('url', c.c_char_p),
                ('log', c.c_char_p), ('disruptive', c.c_int)]


# Without one the library prints what it found, of the measured set, too.
QUIET = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p)(lambda data, line: None)


def library():
    lib = c.CDLL('libmodsecurity.so.3')
    for name in ('init', 'create_rules_set', 'new_transaction'):
        getattr(lib, 'msc_' + name).restype = c.c_void_p
    return lib


def requests(name):
    out = subprocess.run(
        [sys.executable, os.path.join(HERE, 'requests.py'),
         os.path.join(HERE, name + '.jsonl')],
        check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        yield line.split('\t')[1], base64.b64decode(line.split('\t')[4])


def stopped(lib, msc, rules, request):
    head, body = request.split(b'\r\n\r\n', 1)
    first, *headers = head.split(b'\r\n')
    method, uri, version = first.split(b' ')
    t = c.c_void_p(lib.msc_new_transaction(msc, rules, None))
    lib.msc_process_connection(t, b'127.0.0.1', 40000, b'127.0.0.1', 80)
    lib.msc_process_uri(t, uri, method, version[5:])
    for h in headers:
        k, v = h.split(b': ', 1)
        lib.msc_add_n_request_header(t, k, c.c_size_t(len(k)), v,
                                     c.c_size_t(len(v)))
    it = Intervention(200)
    lib.msc_process_request_headers(t)
    hit = lib.msc_intervention(t, c.byref(it))
    if not hit:
        lib.msc_append_request_body(t, body, c.c_size_t(len(body)))
        lib.msc_process_request_body(t)
        hit = lib.msc_intervention(t, c.byref(it))
    lib.msc_transaction_cleanup(t)
    return hit != 0


def main():
    lib = library()
    msc = c.c_void_p(lib.msc_init())
    lib.msc_set_log_cb(msc, QUIET)
    for path in sorted(glob.glob(os.path.join(sys.argv[1], '*-bare.conf'))):
        rules = c.c_void_p(lib.msc_create_rules_set())
        why = c.c_char_p()
        if lib.msc_rules_add_file(rules, path.encode(), c.byref(why)) < 0:
            sys.exit('%s: %s' % (path, why.value))
        for name in ('tuning', 'measure'):
            n = bad = plain = bad_plain = 0
            for place, request in requests(name):
                hit = stopped(lib, msc, rules, request)
                n, bad = n + 1, bad + hit
                plain += place == 'plain'
                bad_plain += hit and place == 'plain'
            print('%s %s: %d of %d stopped; plain %d of %d'
                  % (os.path.basename(path), name, bad, n, bad_plain, plain))


if __name__ == '__main__':
    main()
