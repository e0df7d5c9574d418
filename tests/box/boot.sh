#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# boot.sh - the Debian package on a bare Debian 12 with systemd as PID 1: from
# `apt install` over a defacement, dead roles, a reboot and an upgrade to
# `apt purge`.  Only in ./dev test full.
#
# The container has process, mount, network and cgroup namespaces of its own,
# and dies with this script.  Commands reach it by files only: a service in it
# (the agent) runs what is put into a directory that both see.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
. "$HB_SOURCE_ROOT/tests/box/bare.sh" || exit 1
[ -n "${HB_FULL:-}" ] || skip_all 'only in ./dev test full'
[ "$(id -u)" = 0 ] || skip_all 'needs root'
bare_needs systemd-nspawn dpkg-buildpackage dh
box=$HB_SOURCE_ROOT/var/boot
roles='core helper compare watch intake outside check gate'

# ---- outside: packages and root, then the namespaces ------------------------
group() { # the control group that the container lives in
    mkdir -p "$T/cgroup"
    mount -t cgroup2 none "$T/cgroup" || skip_all 'no cgroup2 here'
    for cgroup in "$T"/cgroup/hinoban-boot-*; do # of one that was killed
        [ ! -d "$cgroup" ] || [ -d "/proc/${cgroup##*-}" ] ||
            emptied "$cgroup" 2>/dev/null
    done
    cgroup=$T/cgroup/hinoban-boot-$$
    mkdir "$cgroup" || skip_all 'no control group can be made here'
}
# Dying takes a moment.
emptied() { find "$1" -depth -type d -exec rmdir {} \; ; [ ! -d "$1" ]; }
ungroup() { until_true 30 emptied "$cgroup"; umount "$T/cgroup"; }
lint_package() {
    if ! command -v lintian >/dev/null; then
        n=$((n + 1)); echo "ok $n - lintian # SKIP no lintian"; return
    fi
    run lintian --allow-root --fail-on error,warning \
        "$bare"/packages/0.1.0/*.changes
    is $rc 0 'lintian finds nothing that is not explained'
}
agent() { # agent ROOT
    cat >"$1/usr/local/sbin/hb-agent" <<'SH'
#!/bin/sh
cd /hb-agent || exit 1
while :; do
    for f in *.cmd; do
        [ -e "$f" ] || continue
        i=${f%.cmd}
        mv "$f" "$i.sh"
        sh "./$i.sh" >"$i.out" 2>"$i.err" </dev/null
        echo $? >"$i.rc.tmp"; mv "$i.rc.tmp" "$i.rc"
    done
    sleep 0.05
done
SH
    chmod 755 "$1/usr/local/sbin/hb-agent"
    cat >"$1/etc/systemd/system/hb-agent.service" <<'UNIT'
[Service]
ExecStart=/usr/local/sbin/hb-agent
Environment=LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root
[Install]
WantedBy=multi-user.target
UNIT
    ln -s ../hb-agent.service \
        "$1/etc/systemd/system/multi-user.target.wants/hb-agent.service"
    mkdir "$1/hb-agent"
}
prepare() {
    rm -rf --one-file-system "$box"; mkdir -p "$box/agent"
    bare_root "$box/root"
    for v in 0.1.0 0.1.1; do
        bare_package $v; cp "$package" "$box/root/root/$v.deb"
    done
    lint_package
    # Fetched now, for inside there is no network.
    bare_fetch "$box/root" nginx curl modsecurity-crs /root/0.1.0.deb
    ok $rc 'what it depends on is found'
    umount "$box/root/proc"
    agent "$box/root"
}
if [ -z "${HB_LEVEL:-}" ]; then
    rm -rf "$T" # it gets another one
    HB_LEVEL=1 exec unshare -m --propagation private "$0" "$@"
elif [ "$HB_LEVEL" = 1 ]; then
    group
    prepare
    (
        echo $BASHPID >"$cgroup/cgroup.procs" || exit 1
        HB_LEVEL=2 HB_N=$n exec unshare -m -p -f -C -n --mount-proc \
            --kill-child --propagation private "$0" "$@"
    )
    rc=$?
    ungroup
    rm -rf --one-file-system "$box"
    exit $rc
fi

# ---- inside the namespaces, outside the container ---------------------------
n=$HB_N
ip link set lo up
mount -t tmpfs none /run
mount -t cgroup2 none /sys/fs/cgroup
pid= sent=0
# With this shell, the first process here, all others end.
trap '[ -z "$pid" ] || kill -KILL $pid 2>/dev/null; clean' EXIT
boot() {
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn -q -M hinoban-boot \
        -D "$box/root" --bind="$box/agent:/hb-agent" --register=no \
        --keep-unit --link-journal=no --resolv-conf=off --timezone=off \
        --system-call-filter="fanotify_init fanotify_mark open_by_handle_at" \
        --boot --console=pipe </dev/null >"$T/console" 2>&1 &
    pid=$!
}
down() { # the container has ended with this status
    until_true 120 sh -c "! kill -0 $pid"
    wait $pid; rc=$?
}
answered() { [ -e "$box/agent/$sent.rc" ] || ! kill -0 $pid; }
inside() { # inside SECONDS COMMANDS: run by the container's shell
    sent=$((sent + 1))
    { cat "$HB_SOURCE_ROOT/tests/box/boot-inside.sh"; printf '%s\n' "$2"; } \
        >"$box/agent/$sent.tmp"
    mv "$box/agent/$sent.tmp" "$box/agent/$sent.cmd"
    until_true "$1" answered
    rc=$(cat "$box/agent/$sent.rc" 2>/dev/null || echo 'no answer')
    cat "$box/agent/$sent.out" >"$T/out" 2>/dev/null
    cat "$box/agent/$sent.err" >"$T/err" 2>/dev/null
}
does() { # does NAME COMMANDS: they end well
    inside 300 "$2"; is "$rc" 0 "$1"
}
says() { # says NAME WANTED COMMANDS: they print that
    inside 300 "$3"; is "$(cat "$T/out")" "$2" "$1"
}
# Nothing that follows could hold.
give_up() {
    inside 60 'systemctl --no-pager --failed; systemctl list-jobs
        journalctl --no-pager -n 100 -u "hinoban*"'
    sed 's/^/# /' "$T/console" "$T/out"
    finish
}
roles_are_up() { # roles_are_up WHEN
    local r
    for r in $roles; do
        does "$1: $r runs" "wait_for 60 systemctl is-active hinoban-$r"
    done
}

boot
says 'systemd is PID 1' systemd 'cat /proc/1/comm'
[ "$rc" = 0 ] || give_up
does 'the machine comes up' 'systemctl is-system-running --wait'

# ---- install ----------------------------------------------------------------
does 'apt installs it' 'apt-get install -y -q /root/0.1.0.deb'
[ "$rc" = 0 ] || give_up
says 'its units wait for a configuration' '' \
    'systemctl --failed --plain --no-legend; pgrep -a hinoban'
does 'with nginx and a site' 'apt-get install -y -q curl nginx
    mkdir -p $site/deep; echo "<h1>town hall</h1>" >$site/index.html
    echo "<p>open from nine</p>" >$site/deep/hours.html
    useradd -m officer'
does 'init sets it up' 'hinoban init --no-passphrase --organisation Box \
    --site site --site-root $site --url http://127.0.0.1/ &&
    hinoban person add officer --full-name Officer --roles officer,admin \
        --uid $(id -u officer) --no-passphrase --key-to /home/officer/key &&
    chown officer /home/officer/key && hinoban site publish site $site --quiet &&
    HINOBAN_KEY=/home/officer/key hinoban reflex allow --officer officer \
        --site site --reason "restore at once"'
for d in state:700:hinoban-core:hinoban baseline:750:root:hinoban \
    helper:700:root:root private:755:root:root pending:700:hinoban-compare:hinoban
do
    says "init leaves ${d%%:*} as closed as the package made it" "${d#*:}" \
        "stat -c %a:%U:%G /var/lib/hinoban/${d%%:*}"
done
does 'nginx serves the site with our include' '
    cat >/etc/nginx/sites-enabled/default <<CONF
server { listen 127.0.0.1:80; root $site;
    include /var/lib/hinoban/private/site.conf; }
CONF
    nginx -t -q && systemctl restart nginx && wait_for 20 shows "" "town hall"'
does 'it starts as init says' 'systemctl daemon-reload &&
    systemctl start hinoban.target'
roles_are_up 'started'
does 'status answers' 'wait_for 30 officer status'
does 'its file system is watched as a whole' 'wait_for 60 event "watched by: file system"'
does 'and was scanned' 'wait_for 60 event "\"change\":\"scan\""'

# ---- deface -----------------------------------------------------------------
heals() { # heals WHEN
    does "$1: a defaced page heals" 'echo hacked >$site/index.html
        echo hacked >$site/deep/hours.html; echo x >$site/deep/shell.php
        wait_for 30 shows "" "town hall" &&
        wait_for 30 shows deep/hours.html "from nine" &&
        wait_for 30 test ! -e $site/deep/shell.php'
}
heals 'first'
does 'an incident stands open' 'wait_for 30 sh -c "hinoban incident list --json |
    grep -q \"\\\"case\\\":2\""'
does 'and tells who wrote' 'wait_for 30 sh -c "hinoban incident show 1 |
    grep -q \"index.html was changed.* by .*dash (pid\""'
does 'the evidence is whole' 'hinoban evidence verify'
does 'a mount over a directory is taken off' 'mkdir -p $site/deep
    mount -t tmpfs none $site/deep && wait_for 60 sh -c "! mountpoint -q $site/deep"'

# ---- reload -----------------------------------------------------------------
again='systemctl reload hinoban-core hinoban-helper hinoban-compare hinoban-watch'
inside 30 "for r in $roles; do pid_of \$r; done"; cp "$T/out" "$T/pids"
does 'a wrong setting is refused on reload' "cd /etc/hinoban; cp hinoban.yaml /root/
    echo 'nonsense: 1' >>hinoban.yaml; $again
    wait_for 30 event 'the old settings stay in force'"
heals 'and the old ones work'
does 'a right one is taken' "cp /root/hinoban.yaml /etc/hinoban/; $again"
heals 'and works'
inside 30 "for r in $roles; do pid_of \$r; done"
is "$(cat "$T/out")" "$(cat "$T/pids")" 'without a restart'

# ---- a fight ----------------------------------------------------------------
does 'the officer allows more' '
    sed -i "s/^    number: 1/    loop_restores: 5\n    freeze_writer: true\n&/" \
        /etc/hinoban/hinoban.yaml && hinoban config check &&
    HINOBAN_KEY=/home/officer/key hinoban reflex allow --officer officer \
        --site site --reason fights --actions \
        file.restore,file.remove,path.deny,path.allow,writer.freeze &&
    systemctl restart hinoban.target && wait_for 60 officer status'
fights() { # fights NAME
    does "$1" '
    systemd-run -q --unit=fighter sh -c \
        "while :; do echo HACKED >$site/index.html; sleep 0.05; done"
    wait_for 60 grep -qx "frozen 1" \
        /sys/fs/cgroup/system.slice/fighter.service/cgroup.events'
}
fights 'a service that fights for a page is frozen'
does 'the page is as it was' 'wait_for 30 shows "" "town hall"'
does 'and the officer lets it go' '
    deed=$(officer undo 1 --json | grep -o "\"deed\":[0-9]*" | cut -d: -f2)
    officer undo 1 $deed && grep -qx "frozen 0" \
        /sys/fs/cgroup/system.slice/fighter.service/cgroup.events &&
        systemctl stop fighter && wait_for 60 shows "" "town hall"'

# ---- dead roles -------------------------------------------------------------
for r in $roles; do
    does "$r comes back after kill -9" "old=\$(pid_of $r)
        kill -9 \$old; wait_for 60 sh -c '
            [ \$(systemctl show -P MainPID hinoban-$r) -ne 0 ] &&
            [ \$(systemctl show -P MainPID hinoban-$r) != '\$old' ] &&
            systemctl is-active hinoban-$r'"
done
heals 'after that'

# ---- reboot -----------------------------------------------------------------
incidents='wait_for 60 officer status
    officer incident list --json | grep -o "\"uid\":\"[^\"]*\"" | sort'
inside 90 "$incidents"; before=$(cat "$T/out")
[ -n "$before" ]; ok $? 'incidents are kept'
inside 30 'systemctl reboot --no-block'
down; is $rc 133 'the machine reboots'
boot
roles_are_up 'after the reboot'
says 'the incidents still stand' "$before" "$incidents"
heals 'after the reboot'
does 'backup works' 'hinoban backup /root/b'
does 'the evidence is still whole' 'hinoban evidence verify'

# ---- upgrade, and not down ---------------------------------------------------
pids="for r in $roles; do pid_of \$r; done | sort"
inside 90 "$incidents"; before=$(cat "$T/out")
inside 30 "$pids"; cp "$T/out" "$T/pids"
does 'an upgrade goes through' 'apt-get install -y -q /root/0.1.1.deb'
says 'it is the newer one' 'hinoban 0.1.1' 'hinoban --version'
roles_are_up 'upgraded'
inside 30 "$pids"; is "$(comm -12 "$T/out" "$T/pids")" '' 'all were restarted'
says 'the incidents still stand' "$before" "$incidents"
heals 'after the upgrade'
inside 300 'apt-get install -y -q /root/0.1.0.deb'
is "$rc" 100 'apt does not go down to an older version'
out_has DOWNGRADED 'for that reason'
inside 300 'dpkg -i /root/0.1.0.deb'
is "$rc" 1 'nor does dpkg'
err_has 'HINOBAN_DOWNGRADE=yes' 'which says why, and how'
says 'the newer one is whole' 'install ok installed' \
    'dpkg-query -W -f "\${Status}" hinoban'
roles_are_up 'still'

# ---- remove and purge --------------------------------------------------------
does 'a second site is taken off by a program of ours' '
    mkdir -p /var/www/two
    printf "#!/bin/sh\necho \$1 >/root/two\n" >/usr/local/sbin/off
    chmod 755 /usr/local/sbin/off
    cat >>/etc/hinoban/hinoban.yaml <<CONF
  - name: two
    number: 2
    root: /var/www/two
    private_driver: command
    private_command: /usr/local/sbin/off
CONF
    hinoban config check && hinoban site publish two /var/www/two --quiet &&
    hinoban units --drop-ins --dir /etc/systemd/system &&
    systemctl daemon-reload && systemctl restart hinoban.target
    touch /var/lib/hinoban/private/two.flag; wait_for 30 grep -qx on /root/two'
does 'the firewall comes before it' '
    apt-get install -y -q modsecurity-crs
    ln -s /usr/share/nginx/modules-available/mod-http-hinoban.conf \
        /etc/nginx/modules-enabled/70-waf.conf
    printf "gate:\n  mode: block\n" >>/etc/hinoban/hinoban.yaml
    hinoban gate build --no-reload &&
    echo "include /var/lib/hinoban/gate/http.conf;" \
        >/etc/nginx/conf.d/waf.conf
    nginx -t -q && systemctl reload nginx && wait_for 20 attacked 403'
does 'and stops an attack of our own' 'hinoban gate selftest'
does 'a site can be off the air' 'touch /var/lib/hinoban/private/site.flag
    wait_for 20 shows "" "Temporarily unavailable"'
fights 'and a service frozen'
does 'it is removed' 'apt-get remove -y -q hinoban'
does 'the service goes on' 'grep -qx "frozen 0" \
        /sys/fs/cgroup/system.slice/fighter.service/cgroup.events &&
    systemctl stop fighter && echo "<h1>town hall</h1>" >$site/index.html'
says 'the program put the second site back' off 'cat /root/two'
says 'nothing of it runs' '' 'pgrep -a hinoban
    systemctl list-units --plain --no-legend "hinoban*"'
does 'no site stays off the air' 'wait_for 20 shows "" "town hall"'
does 'the records stay' 'test -e /var/lib/hinoban/state/state.db'
does 'nginx can start again' 'systemctl restart nginx; nginx -t -q &&
    wait_for 20 shows "" "town hall"'
does 'without the firewall' 'attacked 200'
does 'it is installed again' 'apt-get install -y -q /root/0.1.1.deb'
does 'the firewall is before it again' 'wait_for 20 attacked 403'
roles_are_up 'again'
says 'with its records' "$before" "$incidents"
does 'and able to take the site off again' '
    touch /var/lib/hinoban/private/site.flag
    wait_for 20 shows "" "Temporarily unavailable"
    ok=$?; rm /var/lib/hinoban/private/site.flag; [ $ok = 0 ] &&
    wait_for 20 shows "" "town hall"'
does 'it is purged without an answer' 'apt-get purge -y -q hinoban'
out_has 'stay in' 'which says that records stay'
does 'and they do' 'test -e /var/lib/hinoban/state/state.db &&
    test -e /etc/hinoban/hinoban.yaml'
does 'installed for the last time' 'apt-get install -y -q /root/0.1.1.deb'
does 'purged with a yes' 'HINOBAN_PURGE=yes apt-get purge -y -q hinoban'
says 'only the includes that nginx names are left' \
    '/var/lib/hinoban/gate/http.conf
/var/lib/hinoban/private/site.conf' \
    'find / -xdev -name "*hinoban*" ! -path "/root/*" ! -path "/proc/*" \
        ! -path "/var/cache/*" ! -path "/hb-agent/*" 2>/dev/null |
        while read -r f; do find "$f" ! -type d; done | sort -u'
says 'and no unit has failed' '' 'systemctl --failed --plain --no-legend'

inside 30 'systemctl poweroff --no-block'
down; is $rc 0 'the machine goes down'
finish
