#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The outside view from another machine, which is a network namespace here:
# whoever broke in shows the machine itself the true page and visitors from
# elsewhere another.  The role outside sees nothing; the other machine does,
# and what it says opens an incident.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all 'needs root'
for p in nginx setpriv ip nsenter; do
    command -v $p >/dev/null || skip_all "needs $p"
done
if [ -z "${HB_INSIDE:-}" ]; then
    unshare -n true 2>/dev/null || skip_all 'no network namespaces here'
    HB_INSIDE=1 exec unshare -n "$0" "$@"
fi
case $T in /tmp/*) rm -rf "$T"; T=$(mktemp -d /var/tmp/hb-box-XXXXXX)
    chmod 755 "$T"; mkdir "$T/share" ;; esac
cp -r "$HB_SOURCE_ROOT/casebook" "$HB_SOURCE_ROOT/rules" "$T/share/"
export HINOBAN_DATADIR=$T/share HINOBAN_ROOT=$T/root
cp "$H" "$T/hinoban"; H=$T/hinoban; chmod 755 "$H"

# ---- two machines and a wire ---------------------------------------------------
unshare -n sleep 1000 & far=$!; children=$far
until_true 10 sh -c "[ \$(readlink /proc/$far/ns/net) != \
    \$(readlink /proc/self/ns/net) ]"; ok $? 'there is another machine'
ip link set lo up
ip link add hb0 type veth peer name hb1 netns $far
ip addr add 10.77.0.1/24 dev hb0; ip link set hb0 up
there() { run nsenter -t $far -n "$@"; }
there ip addr add 10.77.0.2/24 dev hb1; there ip link set hb1 up

mkdir -p "$T/web/docs" "$T/nginx" "$T/root" "$T/away"
for page in index docs/news; do
    printf '<html><body><h1>%s</h1>\n<p>Town hall</p></body></html>\n' \
        $page >"$T/web/$page.html"
done
cp -r "$T/web" "$T/evil"
sed -i 's|</body>|<script src="https://evil.example/x.js"></script></body>|' \
    "$T/evil/index.html"
conf() { # conf ROOT-FOR-OTHERS
    cat >"$T/nginx/nginx.conf" <<CONF
pid $T/nginx/pid; error_log $T/nginx/error.log; user root;
events { worker_connections 64; }
http {
    types { text/html html; } access_log off;
    client_body_temp_path $T/nginx/b; proxy_temp_path $T/nginx/p;
    fastcgi_temp_path $T/nginx/f; uwsgi_temp_path $T/nginx/u;
    scgi_temp_path $T/nginx/s;
    map \$remote_addr \$where { default $T/web; 10.77.0.2 $1; }
    server { listen 8765; root \$where; index index.html; }
}
CONF
}
conf "$T/web"
nginx -c "$T/nginx/nginx.conf" -g 'daemon off;' 2>"$T/nginx/start" &
nginx=$!; children="$children $nginx"
"$H" init --no-passphrase --organisation Box --site box --site-root "$T/web" \
    --url http://10.77.0.1:8765/ >"$T/out" 2>"$T/err"; ok $? 'init'
run "$H" site vantage box "$T/away/box"; is "$rc" 1 'nothing is published yet'
err_has 'no baseline yet' 'and says so'
"$H" person add o --roles officer,admin --uid 61890 --no-passphrase \
    --key-to "$T/o.key" >/dev/null 2>&1
"$H" site publish box "$T/web" --quiet >/dev/null 2>&1; ok $? 'published'

# ---- the copy ------------------------------------------------------------------
run "$H" site vantage box "$T/away/box"; is "$rc" 0 'a copy for elsewhere'
out_has 'hinoban vantage' 'says what to do with it'
! find "$T/away/box" -name '*.key' | grep -q .; ok $? 'it holds no private key'
echo mine >"$T/away/mine"; run "$H" site vantage box "$T/away"
is "$rc" 1 'a directory of somebody is not overwritten'
[ -e "$T/away/mine" ]; ok $? 'and is as it was'
mkdir "$T/away/other.new"; echo mine >"$T/away/other.new/mine"
run "$H" site vantage box "$T/away/other/"; is "$rc" 0 'a slash at the end'
[ -e "$T/away/other.new/mine" ]; ok $? 'nothing beside it is touched'
is "$(ls -A "$T/away" | grep -c hinoban)" 0 'nothing is left over'
mkdir "$T/away/shared"; chmod 777 "$T/away/shared"
run "$H" site vantage box "$T/away/shared/box"
is "$rc" 1 'where others may rename'; err_has 'yours alone' 'is refused'
for d in . .. /; do run "$H" site vantage box $d; is "$rc" 1 "nor $d"; done
is "$(stat -c %a "$T/away/box")" 700 'the copy is its owner'\''s alone'
chown -R 65534:65534 "$T/away/box" "$T/away/forged" 2>/dev/null; chmod 755 "$T/away"
look() { there setpriv --reuid 65534 --regid 65534 --clear-groups \
    env -u HINOBAN_ROOT -u HINOBAN_DATADIR "$H" vantage "$@"; }
look "$T/away/box"; is "$rc" 0 'seen from there all is as published'
out_has 'as published' 'page by page'
grep -c '^as published' "$T/out" >"$T/n"; is "$(cat "$T/n")" 3 'each page once'

# ---- what only others see --------------------------------------------------------
conf "$T/evil"; kill -HUP "$nginx"
injected() { look "$T/away/box"; grep -q '^SOMETHING WAS PUT IN' "$T/out"; }
until_true 30 injected; ok $? 'what only others are shown is seen'
is "$rc" 1 'the status says so'
out_has 'evil.example' 'and where it loads from'
run "$H" vantage "$T/away/box" --url http://127.0.0.1:8765/
is "$rc" 0 'on the machine itself nothing is to be seen'
look "$T/away/box" --json; cp "$T/out" "$T/events"
is "$(grep -c '"class_uid":4002' "$T/events")" 3 'as JSON: events'

# ---- handed in -------------------------------------------------------------------
run "$H" event send vantage <"$T/events"; is "$rc" 1 'without the service'
err_has 'does the service run' 'it says what is wrong'
"$H" supervise >"$T/log" 2>&1 & sup=$!; children="$children $sup"
officer() { setpriv --reuid 61890 --regid 61890 --clear-groups "$H" "$@"; }
until_true 60 [ -S "$T/root/run/hinoban/producer.sock" ]
ok $? 'the service runs'
opened() { officer incident list --json | grep -q '"case":2'; }
sed 's/"uid":"[^"]*"/"uid":"00000000-0000-7000-8000-000000000001"/' \
    "$T/events" | head -1 >"$T/others"
run setpriv --reuid 33 --regid 33 --clear-groups "$H" event send vantage \
    <"$T/others"; is "$rc" 0 'anybody may hand in events'
until_true 30 sh -c "'$H' --root '$T/root' event producer/vantage | grep -q ."
opened; is $? 1 'but nobody opens an incident with another machine'\''s name'
run "$H" event send vantage <"$T/events"; is "$rc" 0 'root hands them in'
out_has '3 events are stored' 'all of them'
until_true 30 opened; ok $? 'an incident of case 2 is open'
echo '{"no":"event"}' >"$T/bad"; run "$H" event send vantage <"$T/bad"
is "$rc" 1 'what is no event'; err_has '-:1:' 'is told with its line'
run "$H" event send 'Not A Name' </dev/null; is "$rc" 2 'a bad name'

# ---- many, and ill-formed ones ---------------------------------------------------
python3 - "$T/events" >"$T/many" <<'END'
import json, sys, uuid
e = json.loads(open(sys.argv[1]).readline())
for i in range(3000):
    e['metadata']['uid'] = '%08x-0000-7000-8000-%012x' % (i, i)
    e['status'] = 'same'
    print(json.dumps(e))
END
run "$H" event send vantage <"$T/many"; is "$rc" 0 'more than the ring holds'
out_has '3000 events are stored' 'is stored whole'
python3 - "$T/events" >"$T/fat" <<'END'
import json, sys
e = json.loads(open(sys.argv[1]).readline())
e['metadata']['uid'] = 'ffffffff-0000-7000-8000-000000000000'
e['class_uid'], e['category_uid'], e['type_uid'] = 1001, 1, 100103
e['file'] = {'path': '/' + 'x' * 40000, 'type_id': 1}
print(json.dumps(e))
END
run timeout 60 "$H" event send vantage <"$T/fat"
is "$rc" 1 'one that grows too large'; err_has '-:1' 'is told'
printf '\0nul\n' >"$T/nul"; run "$H" event send vantage <"$T/nul"
is "$rc" 1 'a NUL is no event'

# ---- a copy that somebody changed --------------------------------------------------
cp -r "$T/away/box" "$T/away/forged"
printf X | dd of="$(ls "$T/away/forged/box/"*.base)" bs=1 seek=200 \
    conv=notrunc status=none
chown -R 65534:65534 "$T/away/box" "$T/away/forged" 2>/dev/null; chmod 755 "$T/away"
look "$T/away/forged"; is "$rc" 1 'a forged baseline counts for nothing'
out_has 'no page could be compared' 'and says so'
cp "$T/root/etc/hinoban/keys/publish.pub" "$T/pub"; chmod 644 "$T/pub"
"$H" init --root "$T/other" --no-passphrase --organisation X >/dev/null 2>&1
cp -r "$T/away/box" "$T/away/swapped"; chown -R 65534 "$T/away/swapped"
look "$T/away/swapped" --pub "$T/pub"
out_has 'Compared with release 1' 'with the key kept apart'
look "$T/away/swapped" --pub "$T/other/etc/hinoban/keys/publish.pub"
is "$rc" 1 'another key fits nothing'
echo '{}' >"$T/away/forged/vantage.json"; look "$T/away/forged"
is "$rc" 1 'a broken copy'; err_has 'no directory that' 'is told'
look "$T/nowhere"; is "$rc" 1 'no copy at all'

# ---- a new release -----------------------------------------------------------------
conf "$T/web"; kill -HUP "$nginx"
echo '<p>second</p>' >"$T/web/index.html"
"$H" site publish box "$T/web" --quiet >/dev/null 2>&1; ok $? 'a release'
run "$H" site vantage box "$T/away/box"; is "$rc" 0 'a new copy in its place'
chown -R 65534:65534 "$T/away/box" "$T/away/forged" 2>/dev/null; chmod 755 "$T/away"
back() { look "$T/away/box"; [ "$rc" = 0 ]; }
until_true 30 back; ok $? 'is what is seen'
finish
