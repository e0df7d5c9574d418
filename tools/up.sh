#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# up.sh [--site DIR --url URL] [--keep] [--once] - Hinoban in the foreground,
# guarding a sample site that it serves with nginx on loopback (or a real one).
# `./dev up` calls this as root.  Everything lies below ./var (or, where other
# accounts cannot enter this folder, below /var/tmp with a link from ./var)
# and is removed at the end; --keep leaves it and the next run goes on with it.
# HB_BUILD: which build to run (default ./build); HB_VAR: instead of ./var.
# Before the sample stands the firewall: the build's module in nginx, with
# Debian's Core Rule Set, in mode block.
# --once: start, deface the sample, see it healed and an incident open; attack
# it, see that stopped, told and allowed; stop.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
build=${HB_BUILD:-$top/build}
var=${HB_VAR:-$top/var} show=./var/bin
[ -z "${HB_VAR:-}" ] || show=$var/bin
keep= once= site= url=
while [ $# -gt 0 ]; do
    case $1 in
    --keep) keep=1 ;;
    --once) once=1 ;;
    --site) site=$(realpath "${2:?--site DIR}"); shift ;;
    --url) url=${2:?--url URL}; shift ;;
    *) echo "up: what is $1? (--site DIR, --url URL, --keep, --once)" >&2
       exit 2 ;;
    esac
    shift
done
[ -z "$site" ] || [ -d "$site" ] || { echo "up: $site is no folder" >&2; exit 2; }

say() { printf '%s\n' "$*"; }
die() { printf 'up: %s\n' "$*" >&2; exit 1; }
officer_uid=61890 deputy_uid=61891

# ---- where ---------------------------------------------------------------
mkdir -p "$var"
if [ -e "$var/up" ]; then
    base=$(readlink -f "$var/up")
elif setpriv --reuid 65534 --regid 65534 --clear-groups \
    test -x "$var" 2>/dev/null; then
    base=$var/up; mkdir -p "$base"
else
    base=$(mktemp -d /var/tmp/hinoban.XXXXXX); ln -s "$base" "$var/up"
fi
chmod 755 "$base"
exec 9>"$base/lock"
flock -n 9 || die "another ./dev up runs in $base; stop it first"
[ -n "$keep" ] || find "$base" -mindepth 1 -maxdepth 1 ! -name lock \
    -exec rm -rf {} +

root=$base/root web=$base/web nginx=$base/nginx
tls=$root/etc/hinoban/tls
export HINOBAN_ROOT=$root HINOBAN_DATADIR=$base/share
export HINOBAN_LOCALEDIR=$base/locale
mkdir -p "$root" "$base/share" "$base/bin" "$base/locale" "$nginx"
cp -r casebook rules drills "$base/share/"
cp -r "$build/po/." "$base/locale/" 2>/dev/null || true
cp "$build/src/hinoban" "$base/bin/hinoban.bin"
cat >"$base/bin/hinoban" <<EOF
#!/bin/sh
# The installation of ./dev up, as whoever calls.
export HINOBAN_ROOT=$root HINOBAN_DATADIR=$base/share
export HINOBAN_LOCALEDIR=$base/locale
exec $base/bin/hinoban.bin "\$@"
EOF
for who in officer deputy; do
    id=$officer_uid; [ $who = officer ] || id=$deputy_uid
    cat >"$base/bin/$who" <<EOF
#!/bin/sh
# The same as the sample's $who, a throw-away account (uid $id).
export HINOBAN_KEY=$base/$who.key
exec setpriv --reuid $id --regid $id --clear-groups $base/bin/hinoban "\$@"
EOF
done
chmod 755 "$base/bin"/*
hinoban=$base/bin/hinoban
ln -sfn "$base/bin" "$var/bin"

# ---- stop ------------------------------------------------------------------
sup= web_pid= mail_pid=
finish() {
    trap - EXIT INT TERM
    [ -z "$sup" ] || { kill -TERM "$sup" 2>/dev/null || true
        wait "$sup" 2>/dev/null || true; }
    [ -z "$web_pid" ] || { kill -TERM "$web_pid" 2>/dev/null || true
        wait "$web_pid" 2>/dev/null || true; }
    [ -z "$mail_pid" ] || { kill -TERM "$mail_pid" 2>/dev/null || true
        wait "$mail_pid" 2>/dev/null || true; }
    if [ -z "$keep" ]; then
        find "$base" -xdev -type f -exec chattr -i {} + 2>/dev/null || true
        rm -rf "$base" "$var/up" "$var/bin"
        rmdir "$var" 2>/dev/null || true
    fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the sample site and its web server -------------------------------------
# free_port FIRST: of that and the next 99.
free_port() {
    local p
    for p in $(seq "$1" $(($1 + 99))); do
        (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }
    done
    die "no free port between $1 and $(($1 + 99))"
}
gate= module=$build/src/guard/nginx/ngx_http_hinoban_module.so
crs=/usr/share/modsecurity-crs
gate_dir=$root/var/lib/hinoban/gate gate_log=$gate_dir/gate.log
if [ -z "$site" ]; then
    if [ ! -e "$module" ]; then
        say "Without the firewall: $build has no module for nginx."
    elif [ ! -e $crs/rules/REQUEST-901-INITIALIZATION.conf ]; then
        say "Without the firewall: it needs the package modsecurity-crs."
    else
        gate=1; cp "$module" "$base/bin/"
        module=$base/bin/${module##*/}
    fi
    port=$(free_port 8480)
    url=${url:-http://127.0.0.1:$port/}
    site=$web
    if [ ! -d "$web" ]; then cp -r drills/site "$web"; fi
    chown -R root:root "$web"; chmod -R u=rwX,go=rX "$web"
    mkdir -p "$nginx/logs" "$nginx/tmp"
    user=www-data; id -u $user >/dev/null 2>&1 || user=nobody
    cat >"$nginx/nginx.conf" <<EOF
${gate:+load_module $module;}
user $user;
worker_processes 1;
pid $nginx/nginx.pid;
error_log $nginx/logs/error.log;
events { worker_connections 64; }
http {
    types { text/html html; text/css css; text/plain txt; }
    default_type application/octet-stream;
    access_log $nginx/logs/access.log;
    client_body_temp_path $nginx/tmp/body;
    proxy_temp_path $nginx/tmp/proxy;
    fastcgi_temp_path $nginx/tmp/fastcgi;
    uwsgi_temp_path $nginx/tmp/uwsgi;
    scgi_temp_path $nginx/tmp/scgi;
    server_tokens off;
    ${gate:+include $gate_dir/http.conf;}
    server {
        listen 127.0.0.1:$port;
        root $web;
        index index.html;
        include $root/var/lib/hinoban/private/sample.con[f];
        location ~ /\. { return 404; }
    }
}
EOF
fi

# ---- mailboxes of the sample, for the share portal --------------------------
# Python is what builds the tree; without it the portal is left out.
locker=$top/drills/lib/locker.py mails=$base/mail share_url=
if command -v python3 >/dev/null; then
    mkdir -p "$mails"
    python3 "$locker" mailboxes "$mails" >"$base/mail.port" 2>"$base/mail.log" &
    mail_pid=$!
    for _ in $(seq 50); do [ ! -s "$base/mail.port" ] || break; sleep 0.1; done
    mail_port=$(cat "$base/mail.port")
    share_port=$(cat "$base/share.port" 2>/dev/null || free_port 8680)
    echo "$share_port" >"$base/share.port"
    share_url=https://localhost:$share_port
fi

# ---- Hinoban --------------------------------------------------------------------
if [ ! -e "$root/etc/hinoban/hinoban.yaml" ]; then
    mkdir -p "$base/anchor"; chmod 777 "$base/anchor"
    "$hinoban" init --no-passphrase --organisation "Sample town hall" \
        --site sample --site-root "$site" ${url:+--url "$url"} \
        --anchor "file:$base/anchor/checkpoint" >/dev/null
    if [ -n "$gate" ]; then
        cat >>"$root/etc/hinoban/hinoban.yaml" <<EOF
gate:
  mode: block
  rules: $crs
  log: $gate_log
  check: [$(command -v nginx), -t, -q, -c, $nginx/nginx.conf]
  reload: [$(command -v nginx), -s, reload, -c, $nginx/nginx.conf]
EOF
    fi
    if [ -n "$share_url" ]; then
        "$hinoban" certificate new localhost 127.0.0.1 >/dev/null
        cat >>"$root/etc/hinoban/hinoban.yaml" <<EOF
share:
  listen: ["127.0.0.1:$share_port"]
  url: $share_url/
  certificate: $tls/portal.pem
  key: $tls/portal.key
  staff: [city.example]
EOF
    fi
    "$hinoban" person add officer --full-name "Sample officer" \
        --roles officer,admin --uid $officer_uid --no-passphrase \
        --key-to "$base/officer.key" >/dev/null
    "$hinoban" person add deputy --full-name "Sample deputy" \
        --roles manager,admin --deputy-of officer --uid $deputy_uid \
        --no-passphrase --key-to "$base/deputy.key" >/dev/null
    "$hinoban" site publish sample "$site" --quiet
    HINOBAN_KEY=$base/officer.key "$hinoban" reflex allow --officer officer \
        --site sample --reason "sample: restore at once" >/dev/null
fi
if [ -n "$share_url" ]; then # another port than the last time
    sed -i -E "s|^(organisation:)\$|\1\n  mail_relay: smtp://127.0.0.1:$mail_port|
        /^  mail_relay: /d" "$root/etc/hinoban/hinoban.yaml"
fi
if [ -n "$gate" ]; then
    # The role that reads it is a member of adm, as for Debian's logs.
    : >>"$gate_log"; chgrp adm "$gate_log"; chmod 640 "$gate_log"
    "$hinoban" gate build --no-reload >"$base/gate.out" 2>&1 ||
        { cat "$base/gate.out" >&2; die "the firewall's rules do not build"; }
fi
if [ -e "$nginx/nginx.conf" ]; then
    nginx -c "$nginx/nginx.conf" -g 'daemon off;' 2>"$nginx/start.log" &
    web_pid=$!
fi
"$hinoban" supervise >"$base/log" 2>&1 &
sup=$!
ready=
for _ in $(seq 150); do
    kill -0 $sup 2>/dev/null || { tail -20 "$base/log" >&2
        die "Hinoban did not start; the log is above"; }
    # The first whole scan has ended: the site is known to be as published.
    if "$base/bin/officer" event --limit 1 '"change":"scan"' 2>/dev/null |
        grep -q 'sense/files'; then ready=1; break; fi
    sleep 0.2
done
[ -n "$ready" ] || { tail -20 "$base/log" >&2
    die "Hinoban was not ready within 30 s; the log is above"; }

# attack [OPTION...]: a request that the firewall stops; its status and number.
attack='?q=1+union+select+password+from+users'
attack() {
    curl -s -o /dev/null -w '%{http_code} %header{x-request-id}\n' "$@" \
        "$url$attack"
}
number=
if [ -n "$gate" ]; then
    command -v curl >/dev/null && read -r stopped number < <(attack) || true
fi
month=$(date -d '+30 days' +%F)
# As the timer does each day: web.waf rests on it.
tested=
[ -z "$gate" ] || tested=$("$hinoban" gate selftest 2>&1) ||
    { printf '%s\n' "$tested" >&2; tail -5 "$nginx/logs/error.log" >&2
      die "the firewall does not pass its self-test"; }

say "Hinoban guards $site${url:+ ($url)}"
say ""
"$base/bin/officer" status || die "status failed"
say ""
say "Deface it:         echo hacked | sudo tee $site/index.html"
say "See it healed:     curl -s ${url:-URL} ; cat $site/index.html"
say "The incident:      $show/officer incident list"
say "                   $show/officer incident show 1"
say "What waits:        $show/officer task list"
if [ -n "$gate" ]; then
    say "Attack it:         curl -i '$url$attack'"
    say "                   # stopped: ${stopped:-403}, number ${number:-in X-Request-Id}"
    say "Its self-test:     $tested"
    say "What was stopped:  sudo $show/hinoban gate findings"
    say "Allow that one:    sudo $show/hinoban gate allow ${number:-NUMBER}" \
        "--person officer --key $base/officer.key" \
        "--reason 'a search for SQL' --until $month"
fi
link=
if [ -n "$share_url" ]; then
    link=$(python3 "$locker" share "$share_url" "$tls/authority.pem" "$mails") ||
        { tail -20 "$base/log" >&2; die "no share could be made"; }
    say "A share to try:    $share_url/s/$link"
    say "                   # its code comes as mail to $mails"
    say "Share yourself:    $share_url/ as sato@city.example"
    say "                   # certificate: $tls/authority.pem"
fi
say "The first report:  $show/officer document D01 1"
say "日本語で:           LANG=ja_JP.UTF-8 $show/officer status"

if [ -z "$once" ]; then
    say ""
    say "Ctrl-C stops everything${keep:+ (kept in $base)}."
    wait $sup
    exit 0
fi

# ---- --once: does it heal? -------------------------------------------------
page=$site/index.html
[ -e "$page" ] || page=$(find "$site" -type f | head -1)
want=$(sha256sum <"$page")
began=$(date +%s%N)
echo 'hacked by nobody in particular' >"$page"
healed=
for _ in $(seq 500); do
    if [ "$(sha256sum <"$page")" = "$want" ]; then healed=1; break; fi
    sleep 0.01
done
took=$((($(date +%s%N) - began) / 1000000))
[ -n "$healed" ] || { tail -20 "$base/log" >&2; die "the page was not healed"; }
incident=
for _ in $(seq 50); do
    if "$base/bin/officer" incident list --json | grep -q '"case":2'; then
        incident=1; break; fi
    sleep 0.1
done
[ -n "$incident" ] || die "no incident of case 2 was opened"
say ""
say "once: defaced, healed within $took ms (as seen by this script), incident open"
"$base/bin/officer" incident show 1

# ---- --once: does a share reach its recipient? ------------------------------
if [ -n "$link" ]; then
    python3 "$locker" fetch "$share_url" "$tls/authority.pem" "$mails" "$link" ||
        die "the share did not reach its recipient"
    say ""
    say "once: the share reached whoever proved the mailbox"
fi

# ---- --once: is an attack stopped, told, and let through when allowed? ----------
[ -n "$gate" ] || exit 0
until_status() {
    local got=
    for _ in $(seq 300); do
        read -r got number < <(attack) || true
        [ "$got" != "$1" ] || return 0
        sleep 0.1
    done
    tail -5 "$nginx/logs/error.log" >&2
    die "$2: $got instead of $1"
}
plain=$(curl -s -o /dev/null -w '%{http_code}' "$url")
[ "$plain" = 200 ] || die "the firewall stops the normal page: $plain"
until_status 403 "the attack was not stopped"
told=
for _ in $(seq 300); do
    if "$base/bin/officer" event --limit 20 '"guard/gate"' 2>/dev/null |
        grep -q '"class_uid":2004'; then told=1; break; fi
    sleep 0.1
done
[ -n "$told" ] || { tail -20 "$base/log" >&2
    die "the attack that was stopped became no event"; }
"$hinoban" gate allow "$number" --person officer --key "$base/officer.key" \
    --reason 'a search for SQL' --until "$month" --yes >"$base/gate.out" 2>&1 ||
    { cat "$base/gate.out" >&2; die "the attack could not be allowed"; }
until_status 200 "what was allowed is still stopped"
ls "$root"/var/lib/hinoban/state/proofs/gate/*.sig >/dev/null ||
    die "the self-test left no proof"
say ""
say "once: the attack was stopped, told, and let through once it was allowed"
