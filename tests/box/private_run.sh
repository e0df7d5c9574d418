#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The driver "command": flags that the helper writes, and what is run for them.
. "$HB_SOURCE_ROOT/tests/box/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all 'needs root'
R=$T/root
mkdir -p "$R/etc/hinoban" "$R/run/hinoban" "$R/var/lib/hinoban/private" \
    "$T/a" "$T/b"
private=$R/var/lib/hinoban/private
cat >"$T/program" <<END
#!/bin/sh
[ ! -e "$T/broken" ] || { echo "no such server" >&2; exit 3; }
echo "\$@" >>"$T/log"
[ ! -e "$T/again" ] || { rm -f "$T/again" "$private/a.flag"; }
END
chmod +x "$T/program"
cat >"$R/etc/hinoban/hinoban.yaml" <<END
organisation:
  name: Box
sites:
  - name: a
    number: 1
    root: $T/a
    private_driver: command
    private_command: $T/program
  - name: b
    number: 2
    root: $T/b
    private_driver: nginx
END
once() { run "$H" --root "$R" private-run; }
said() { is "$(cat "$T/log" 2>/dev/null)" "$1" "$2"; rm -f "$T/log"; }

once; is "$rc" 0 'no flag'; said '' 'nothing is run'
touch "$private/a.flag" "$private/b.flag"
once; is "$rc" 0 'a flag'; said 'on a' 'the program takes that site off'
once; said '' 'once'
rm "$private/a.flag"
once; said 'off a' 'the flag goes: back again'
once; said '' 'once'

# What fails is tried again by the unit.
touch "$private/a.flag" "$T/broken"
once; is "$rc" 1 'a program that fails'
err_has 'ended with status 3: no such server' 'is told with its own words'
rm "$T/broken"
once; is "$rc" 0 'and tried again'; said 'on a' 'with what is due'
rm "$private/a.flag"; once; rm -f "$T/log"

# A flag that changes meanwhile is not lost.
touch "$private/a.flag" "$T/again"
once; said "$(printf 'on a\noff a')" 'a change while it runs'

sed -i "s|$T/program|$T/gone|" "$R/etc/hinoban/hinoban.yaml"
touch "$private/a.flag"
once; is "$rc" 1 'a program that is not there'
err_has 'no such file' 'is told'
run "$H" --root "$R" private-run x; is "$rc" 2 'a word too much: exit 2'
finish
