#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A visitor gets something else than was published although every file is
# whole: nginx is pointed at a copy with a script put in.  The role outside
# notices, opens an incident, and answers well again when it is over.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all "needs root"
command -v nginx >/dev/null || skip_all "needs nginx"
command -v setpriv >/dev/null || skip_all "needs setpriv"
case $T in /tmp/*) rm -rf "$T"; T=$(mktemp -d /var/tmp/hb-box-XXXXXX)
    chmod 755 "$T" ;; esac
export HINOBAN_ROOT=$T/root
cp "$H" "$T/hinoban"; H=$T/hinoban; chmod 755 "$H"
mkdir -p "$T/share"; cp -r "$HB_SOURCE_ROOT/casebook" \
    "$HB_SOURCE_ROOT/rules" "$T/share/"
export HINOBAN_DATADIR=$T/share
port=
for p in $(seq 8700 8799); do
    (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { port=$p; break; }
done
mkdir -p "$T/web" "$T/nginx/tmp" "$T/root"
for page in index news; do
    printf '<html><body><h1>%s</h1>\n<p>The town hall.</p></body></html>\n' \
        $page >"$T/web/$page.html"
done
cp -r "$T/web" "$T/evil"
sed -i 's|</body>|<script src="https://Evil.example/x.js"></script></body>|' \
    "$T/evil/index.html"
conf() { # conf ROOT [LINE]
    cat >"$T/nginx/nginx.conf" <<CONF
pid $T/nginx/nginx.pid;
error_log $T/nginx/error.log;
events { worker_connections 64; }
http {
    types { text/html html; }
    access_log off;
    client_body_temp_path $T/nginx/tmp/body;
    proxy_temp_path $T/nginx/tmp/proxy;
    fastcgi_temp_path $T/nginx/tmp/fastcgi;
    uwsgi_temp_path $T/nginx/tmp/uwsgi;
    scgi_temp_path $T/nginx/tmp/scgi;
    server { listen 127.0.0.1:$port; root $1; index index.html; $2 }
}
CONF
}
reload() { kill -HUP "$nginx"; }
conf "$T/web"
nginx -c "$T/nginx/nginx.conf" -g 'daemon off;' 2>"$T/nginx/start" &
nginx=$!; children="$children $nginx"
"$H" init --no-passphrase --organisation Box --site box --site-root "$T/web" \
    --url "http://localhost:$port/" >"$T/out" 2>"$T/err"; ok $? "init"
sed -i 's|^\( *\)url:.*|&\n\1outside_every: 10s|' \
    "$T/root/etc/hinoban/hinoban.yaml"
run "$H" config check; ok "$rc" "the configuration is right"
"$H" person add o --full-name O --roles officer,admin --uid 61890 \
    --no-passphrase --key-to "$T/o.key" >/dev/null 2>"$T/err"
"$H" site publish box "$T/web" --quiet >"$T/out" 2>"$T/err"
ok $? "published"
"$H" supervise >"$T/log" 2>&1 &
sup=$!; children="$children $sup"
officer() { HINOBAN_KEY=$T/o.key setpriv --reuid 61890 --regid 61890 \
    --clear-groups "$H" "$@"; }
seen() { officer event --limit 50 sense/outside 2>/dev/null |
    grep -q "\"status\":\"$1\""; }
wait_for() { for _ in $(seq 450); do "$@" && return 0; sleep 0.2; done
    tail -20 "$T/log" | sed 's/^/# /'; return 1; }
incidents() { officer incident list --json 2>/dev/null; }
opened() { incidents | grep -q '"case":2'; }
status_of() { officer status --json 2>/dev/null; }

wait_for seen same; ok $? "what visitors see is as published"
opened; is $? 1 "and nothing has happened"

conf "$T/evil"; reload
wait_for seen injected; ok $? "a script that was put in is noticed"
officer event --limit 50 sense/outside >"$T/out" 2>"$T/err"
out_has 'evil.example' "with the host that it loads from"
wait_for opened; ok $? "an incident of case 2 is open"
incidents >"$T/out"
cmp -s "$T/web/index.html" "$T/evil/index.html"
is $? 1 "though no file of the site was touched"

conf "$T/web" "return 302 http://127.0.0.2:$port/;"; reload
wait_for seen redirected; ok $? "being sent to another host is noticed"

conf "$T/web" "return 500;"; reload
wait_for seen unreachable; ok $? "an error is no change of content"

conf "$T/web"; reload
again() { officer event --limit 3 sense/outside 2>/dev/null |
    grep -q '"status":"same"'; }
wait_for again; ok $? "when it is over, it is as published again"
kill -TERM "$sup"; wait "$sup"; is $? 0 "and everything stops in order"
finish
