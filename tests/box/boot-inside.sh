# SPDX-License-Identifier: Apache-2.0
# boot-inside.sh - stands before every command that boot.sh gives the
# container: what its tests say often.
site=/var/www/site
wait_for() { # wait_for SECONDS COMMAND...
    local i=0 max=$(($1 * 10)); shift
    while [ $i -lt $max ]; do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.1; i=$((i + 1))
    done
    echo "not within the time: $*" >&2
    return 1
}
# The site as a visitor sees it.
served() { curl -s "http://127.0.0.1/$1"; }
shows() { served "$1" | grep -q "$2"; }
attacked() { # attacked STATUS: what an attack is answered with
    [ "$(curl -s -o /dev/null -w '%{http_code}' \
        "http://127.0.0.1/?q=1+union+select+a+from+b")" = "$1" ]
}
officer() { # a command of the officer's account
    setpriv --reuid officer --regid officer --clear-groups \
        env HINOBAN_KEY=/home/officer/key hinoban "$@"
}
incidents() { officer incident list --json; }
event() { hinoban event --limit 1 "$1" | grep -qF "$1"; }
pid_of() { systemctl show -P MainPID "hinoban-$1"; }
