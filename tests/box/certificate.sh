#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# hinoban certificate: openssl and a TLS server of its own judge what it makes.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
command -v openssl >/dev/null || skip_all 'no openssl'
R=$T/root
tls=$R/etc/hinoban/tls
hb() { run "$H" --root "$R" "$@"; }
hb init --no-passphrase --organisation '火の見町'
is "$rc" 0 'an installation'
hb certificate; is "$rc" 2 'what to do has to be said'
hb certificate new; is "$rc" 2 'a name is needed'
err_has 'names' 'and it says so'
hb certificate new 'no name'; [ "$rc" != 0 ]; ok $? 'a name with a blank is refused'
[ ! -e "$tls/portal.pem" ]; ok $? 'and nothing is made'

hb certificate new share.example.jp 192.0.2.7
is "$rc" 0 'a certificate for a name and an address'
out_has "$tls/portal.pem" 'what to write into the settings is shown'
is "$(stat -c %a "$tls/portal.key" "$tls/authority.key" | tr '\n' ' ')" \
    '600 600 ' 'keys are their owner'"'"'s'
verify() { run openssl verify -purpose sslserver -CAfile "$tls/authority.pem" "$@"; }
verify -verify_hostname share.example.jp "$tls/portal.pem"
is "$rc" 0 'openssl believes it for the name'
verify -verify_ip 192.0.2.7 "$tls/portal.pem"; is "$rc" 0 'and for the address'
verify -verify_hostname other.example.jp "$tls/portal.pem"
[ "$rc" != 0 ]; ok $? 'not for another name'
run openssl pkey -in "$tls/portal.key" -noout; is "$rc" 0 'its key is one'
run bash -c "cmp <(openssl x509 -in '$tls/portal.pem' -noout -pubkey) \
    <(openssl pkey -in '$tls/portal.key' -pubout)"
is "$rc" 0 'and belongs to it'

# ---- the authority can do nothing else -----------------------------------------
run openssl x509 -in "$tls/authority.pem" -noout -text
out_has 'Name Constraints: critical' 'the authority is bound to its names'
out_has 'pathlen:0' 'and makes no other authority'
cat >"$T/evil.cnf" <<'CNF'
[req]
distinguished_name = dn
prompt = no
[dn]
CN = bank.example
[ext]
subjectAltName = DNS:bank.example
CNF
run openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$T/evil.key" -out "$T/evil.csr" -config "$T/evil.cnf"
run openssl x509 -req -in "$T/evil.csr" -CA "$tls/authority.pem" \
    -CAkey "$tls/authority.key" -extfile "$T/evil.cnf" -extensions ext \
    -out "$T/evil.pem" -days 1
is "$rc" 0 'whoever has its key signs for a bank'
verify -verify_hostname bank.example "$T/evil.pem"
[ "$rc" != 0 ]; ok $? 'and nobody believes it'

# ---- again: the same authority, another certificate -----------------------------
cp "$tls/authority.pem" "$T/authority.before"
cp "$tls/portal.pem" "$T/portal.before"
hb certificate new share.example.jp 192.0.2.7
is "$rc" 0 'it is renewed'
cmp -s "$tls/authority.pem" "$T/authority.before"
ok $? 'by the authority that browsers trust already'
! cmp -s "$tls/portal.pem" "$T/portal.before"; ok $? 'and it is another one'
hb certificate new www.other.example
is "$rc" 0 'a name that the authority may not sign'
! cmp -s "$tls/authority.pem" "$T/authority.before"
ok $? 'gets an authority of its own'
verify -verify_hostname www.other.example "$tls/portal.pem"
is "$rc" 0 'which openssl believes'

# ---- show ------------------------------------------------------------------------
hb certificate show
is "$rc" 0 'show'
sum=$(openssl x509 -in "$tls/authority.pem" -outform der | sha256sum | cut -d' ' -f1)
tr -d ':\n ' <"$T/out" | grep -qi "$sum"; ok $? 'with the fingerprint that openssl computes'
hb --json certificate show
python3 -c 'import json, sys; d = json.load(sys.stdin)
sys.exit(not (d[0]["until"] > 1800000000 and len(d[0]["sha256"].replace(":", "")) == 64))' \
    <"$T/out"
ok $? 'and for programs'
echo broken >"$tls/authority.pem"
hb certificate new share.example.jp
[ "$rc" != 0 ]; ok $? 'a broken authority is an error'
[ "$(cat "$tls/authority.pem")" = broken ]; ok $? 'and is left as it is'
finish
