#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# package.sh - install, upgrade, remove and purge of the Debian package where
# no systemd runs (a container, a chroot): in ./dev test full in a bare Debian
# 12, by apt, of a package made of this tree; else in a throw-away copy
# (overlay) of this machine's root, of $HB_PACKAGE or what `./dev package`
# left.  Nothing of this machine changes.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
. "$HB_SOURCE_ROOT/tests/box/bare.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all 'needs root'
if [ -z "${HB_FULL:-}" ]; then
    deb=${HB_PACKAGE:-$(ls "$HB_SOURCE_ROOT"/var/package/hinoban_*.deb \
        2>/dev/null | tail -1)}
    [ -n "$deb" ] || skip_all 'no package (./dev package, or ./dev test full)'
    command -v nginx >/dev/null || skip_all 'needs nginx'
else bare_needs dpkg-buildpackage dh
fi

# From here in a mount namespace of our own.
if [ -z "${HB_INSIDE:-}" ]; then
    rm -rf "$T" # it gets another one
    HB_INSIDE=1 exec unshare -m --propagation private "$0" "$@"
fi
copy_of_this_machine() {
    mkdir "$T/layer" "$T/root"
    # Overlay cannot lie on an overlay: its own tmpfs.
    mount -t tmpfs none "$T/layer" && mkdir "$T/layer/up" "$T/layer/work" &&
        mount -t overlay none "$T/root" \
            -o "lowerdir=/,upperdir=$T/layer/up,workdir=$T/layer/work" ||
        skip_all 'no overlay file system here'
    mount -t proc proc "$T/root/proc"
    trap 'umount -l "$T/root" "$T/layer"; clean' EXIT
}
bare_debian() {
    trap 'umount -l "$T"/root/{proc,dev,run,tmp}; clean' EXIT
    bare_root "$T/root"
    bare_package 0.1.0; deb=$package
    bare_fetch "$T/root" nginx
    in_bare "$T/root" apt-get install -y -q nginx
    is $rc 0 'nginx is installed in the bare root'
}
if [ -n "${HB_FULL:-}" ]; then bare_debian; else copy_of_this_machine; fi
mount --rbind /dev "$T/root/dev"
mount -t tmpfs none "$T/root/run"; mount -t tmpfs none "$T/root/tmp"
cp "$deb" "$T/root/tmp/hinoban.deb"
printf '#!/bin/sh\nexit 101\n' >"$T/root/usr/sbin/policy-rc.d"
chmod 755 "$T/root/usr/sbin/policy-rc.d"
in_root() {
    run env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive ${PURGE:+HINOBAN_PURGE=$PURGE} \
        chroot "$T/root" "$@"
}
# Links lead into the copy, so they are not followed from here.
there() { [ -e "$T/root$1" ] || [ -L "$T/root$1" ]; ok $? "${2:-$1 is there}"; }
gone() { [ ! -e "$T/root$1" ] && [ ! -L "$T/root$1" ]; ok $? "${2:-$1 is gone}"; }
install() {
    if [ -z "${HB_FULL:-}" ]; then
        in_root dpkg --force-depends -i /tmp/hinoban.deb
    else in_root apt-get install -y -q --reinstall /tmp/hinoban.deb
    fi
}

rm -rf "$T/root/etc/hinoban" "$T/root/var/lib/hinoban"
install; is $rc 0 'it installs'
in_root hinoban --version; is $rc 0 'and runs'
for u in core watch compare intake; do
    in_root id -u hinoban-$u; is $rc 0 "the user hinoban-$u was made"
done
in_root stat -c %a:%U /var/lib/hinoban/state
is "$(cat "$T/out")" 700:hinoban-core 'the state is the core'\''s alone'
there /etc/systemd/system/multi-user.target.wants/hinoban.target \
    'it is enabled'
there /usr/share/man/ja/man5/hinoban.yaml.5.gz
there /usr/share/man/ja/man8/hinoban.8.gz
there /usr/share/hinoban/casebook/02-defacement
there /usr/share/hinoban/casebook/rules/jp.yaml

mkdir -p "$T/root/srv/site"; echo hello >"$T/root/srv/site/index.html"
in_root hinoban init --no-passphrase --organisation Box --site box \
    --site-root /srv/site
is $rc 0 'init works from the installed files'
in_root hinoban config check; is $rc 0 'and its configuration is right'
private=/var/lib/hinoban/private
echo 'if (-f /nonexistent) { return 503; }' >"$T/root$private/box.conf"
cat >"$T/root/etc/nginx/nginx.conf" <<CONF
events { }
http { server { listen 127.0.0.1:8599; root /srv/site;
    include $private/box.conf; } }
CONF
in_root nginx -t -q; is $rc 0 'nginx takes our include'

install; is $rc 0 'an upgrade goes through'
there /etc/hinoban/hinoban.yaml 'with the configuration'
there /etc/systemd/system/hinoban-helper.service.d/50-sites.conf \
    'and the document roots for the units'
grep -q '"-/srv"' \
    "$T/root/etc/systemd/system/hinoban-helper.service.d/50-sites.conf"
ok $? 'as the configuration names them'
printf 'organisation:\n  nmae: x\n' >"$T/wrong"
cp "$T/root/etc/hinoban/hinoban.yaml" "$T/right"
cp "$T/wrong" "$T/root/etc/hinoban/hinoban.yaml"
install; is $rc 0 'a wrong configuration does not stop an upgrade'
# apt gives on what the scripts of packages say to its standard output.
grep -qF hinoban.yaml:2:3 "$T/out" "$T/err"; ok $? 'but is told with its place'
cp "$T/right" "$T/root/etc/hinoban/hinoban.yaml"

touch "$T/root$private/box.flag"
in_root dpkg -r hinoban; is $rc 0 'it is removed'
there /etc/hinoban/hinoban.yaml 'the configuration stays'
there /var/lib/hinoban/baseline 'and the data'
gone $private/box.flag 'no site stays off the air'
there $private/box.conf 'the include that nginx names stays'
! grep -q 503 "$T/root$private/box.conf"; ok $? 'without effect'
in_root nginx -t -q; is $rc 0 'so nginx can start'

install; grep -q 503 "$T/root$private/box.conf"
ok $? 'installed again, the include can take the site off'
in_root nginx -t -q; is $rc 0 'and nginx takes it'
in_root dpkg -P hinoban; is $rc 0 'it is purged without an answer'
there /etc/hinoban/hinoban.yaml 'which keeps all records'
err_has 'stay in' 'and says so'
install; PURGE=yes in_root dpkg -P hinoban; is $rc 0 'purged with a yes'
gone /etc/hinoban
gone /var/lib/hinoban/state
gone /var/lib/hinoban/baseline
there $private/box.conf 'the include that nginx names stays'
in_root nginx -t -q; is $rc 0 'so nginx can start'
sed -i '/include/d' "$T/root/etc/nginx/nginx.conf"
install; PURGE=yes in_root dpkg -P hinoban
gone /var/lib/hinoban 'without that line nothing is left'
gone /etc/systemd/system/hinoban-helper.service.d
gone /lib/systemd/system/hinoban.target
finish
