/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a machine is set up beyond its web server: each check has a machine that
 * passes, one that fails and one that it cannot tell about.
 */
#include <string.h>
#include <sys/stat.h>

#include "tree.h"

#define TCP_HEAD "  sl  local_address rem_address   st\n"
#define TAIL     " 00000000:0000 0A 0 0\n"

/* The detail names WORD. */
static bool says(const struct tree *t, const char *word)
{
    return strstr(hb_buf_z(&t->f.detail), word) != NULL;
}

static void link_to(struct tree *t, const char *name, const char *to)
{
    char full[512];

    put(t, name, "", 0644);
    (void)snprintf(full, sizeof(full), "%s%s", t->path, name);
    assert_int_equal(unlink(full), 0);
    assert_int_equal(symlink(to, full), 0);
}

/* As `systemctl enable` does. */
static void switch_on(struct tree *t, const char *unit)
{
    char name[256];

    (void)snprintf(name, sizeof(name), "/usr/lib/systemd/system/%s", unit);
    put(t, name, "[Unit]\n", 0644);
    (void)snprintf(name, sizeof(name),
                   "/etc/systemd/system/multi-user.target.wants/%s", unit);
    link_to(t, name, "/usr/lib/systemd/system/gone");
}

static void test_unit(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_false(hb_unit_on(&t.m, "a.service"));
    put(&t, "/lib/systemd/system/a.service", "", 0644);
    assert_false(hb_unit_on(&t.m, "a.service"));
    assert_string_equal(hb_unit_file(&t.m, "a.service"),
                        "/lib/systemd/system/a.service");
    switch_on(&t, "a.service");
    assert_true(hb_unit_on(&t.m, "a.service"));
    link_to(&t, "/etc/systemd/system/a.service", "/dev/null");
    assert_false(hb_unit_on(&t.m, "a.service"));
    /* What a removed package leaves starts nothing. */
    switch_on(&t, "b.service");
    gone(&t, "/usr/lib/systemd/system/b.service");
    assert_false(hb_unit_on(&t.m, "b.service"));
    tree_done(&t);
}

static void test_exposed(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_UNKNOWN);
    put(&t, "/proc/1/net/tcp",
        TCP_HEAD "   0: 00000000:0016" TAIL "   1: 0100007F:0CEA" TAIL
                 /* A connection to somebody's MySQL is no server. */
                 "   2: 0202000A:0CEA 0102000A:1234 01 0 0\n",
        0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_UNKNOWN);
    put(&t, "/proc/1/net/udp", TCP_HEAD, 0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_PASS);
    put(&t, "/proc/1/net/tcp6",
        TCP_HEAD "   0: 00000000000000000000000001000000:18EB" TAIL
                 "   1: 0000000000000000FFFF00000100007F:18EB" TAIL,
        0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_PASS);
    put(&t, "/proc/1/net/tcp6",
        TCP_HEAD "   0: 00000000000000000000000000000000:18EB" TAIL
                 "   1: 00000000000000000000000000000000:1710" TAIL,
        0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_FAIL);
    assert_true(says(&t, "Redis (tcp 6379), VNC (tcp 5904)"));
    /* TCP 2049 and UDP 2049 are two doors; UDP's state is another. */
    put(&t, "/proc/1/net/tcp6", TCP_HEAD, 0444);
    put(&t, "/proc/1/net/udp",
        TCP_HEAD "  9: 0A00A8C0:0801 00000000:0000 07 0 0\n", 0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_FAIL);
    assert_string_equal(hb_buf_z(&t.f.detail), "NFS (udp 2049)");
    put(&t, "/proc/1/net/udp",
        TCP_HEAD "  9: 0A00A8C0:0801 0100A8C0:0801 01 0 0\n", 0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_PASS);
    put(&t, "/proc/1/net/udp", TCP_HEAD "  9: 0A00A8C0:08011 x 07\n", 0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_UNKNOWN);
    tree_done(&t);
}

#define NFT_HEAD "#!/usr/sbin/nft -f\nflush ruleset\n"
#define NFT_HOOK "type filter hook input priority 0;"

static const struct {
    const char *text;
    enum hb_check_status want;
} nfts[] = {
    {NFT_HEAD "table inet filter {\n chain input {\n  " NFT_HOOK
              " policy drop;\n  iif lo accept\n  tcp dport { 22,\n 80 } "
              "accept\n }\n}\n",
     HB_CHECK_PASS},
    /* Debian's own: three chains that let everything in. */
    {NFT_HEAD "table inet filter {\n\tchain input {\n\t\ttype filter hook "
              "input priority filter;\n\t}\n\tchain forward {\n\t\ttype "
              "filter hook forward priority filter; policy drop;\n\t}\n}\n",
     HB_CHECK_FAIL},
    /* The last rule refuses. */
    {"table inet f { chain i { " NFT_HOOK
     " ct state established accept; counter packets 1 bytes 2 log prefix "
     "\"x: \" reject with icmpx type admin-prohibited } }",
     HB_CHECK_PASS},
    /* A rule for everything comes first. */
    {"table inet f { chain i { " NFT_HOOK " policy drop; counter accept } }",
     HB_CHECK_FAIL},
    {"table inet f { chain i { " NFT_HOOK "\n accept\n drop\n } }",
     HB_CHECK_FAIL},
    /* IPv4 alone, and both in two tables. */
    {"table f { chain i { " NFT_HOOK " policy drop; } }", HB_CHECK_FAIL},
    {"table ip f { chain i { " NFT_HOOK " policy drop; } }\n"
     "table ip6 f { chain i { " NFT_HOOK " policy drop; } }",
     HB_CHECK_PASS},
    {"add table inet f\nadd chain inet f i { " NFT_HOOK " policy drop; }\n",
     HB_CHECK_PASS},
    /* What is flushed afterwards is not there. */
    {"table inet f { chain i { " NFT_HOOK " policy drop; } }\n"
     "flush ruleset\n",
     HB_CHECK_FAIL},
    {"# policy drop\ntable inet f { chain i { " NFT_HOOK " } }", HB_CHECK_FAIL},
    {"table inet f { chain i { " NFT_HOOK "\n jump more\n } }",
     HB_CHECK_UNKNOWN},
    {"table inet f { chain i { " NFT_HOOK " policy drop;", HB_CHECK_UNKNOWN},
    {"}\n", HB_CHECK_UNKNOWN},
    {"", HB_CHECK_FAIL},
    {"include \"/etc/nftables.d/*.nft\"\n", HB_CHECK_PASS},
    {"include \"nftables.d/own.nft\"\n", HB_CHECK_PASS},
    {"include \"nftables.conf\"\n", HB_CHECK_UNKNOWN},
};

static void test_nftables(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_FAIL);
    /* There, but not switched on. */
    put(&t, "/etc/nftables.conf", nfts[0].text, 0755);
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_FAIL);
    switch_on(&t, "nftables.service");
    put(&t, "/etc/nftables.d/own.nft",
        "table inet f { chain i { " NFT_HOOK " policy drop; } }\n", 0644);
    for (size_t i = 0; i < HB_ARRAY_LEN(nfts); i++) {
        put(&t, "/etc/nftables.conf", nfts[i].text, 0755);
        print_message("# %s\n", nfts[i].text);
        assert_int_equal(ask(&t, hb_check_firewall), nfts[i].want);
        assert_string_equal(hb_buf_z(&t.f.detail), "nftables");
    }
    gone(&t, "/etc/nftables.conf");
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_UNKNOWN);
    tree_done(&t);
}

static void test_firewalls(void **state)
{
    static const char rules[] = "*nat\n:INPUT ACCEPT [0:0]\nCOMMIT\n*filter\n"
                                ":INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\n"
                                "COMMIT\n";
    struct tree t;

    (void)state;
    tree_open(&t);
    switch_on(&t, "ufw.service");
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_UNKNOWN);
    put(&t, "/etc/ufw/ufw.conf", "#ENABLED=yes\nENABLED=no\n", 0644);
    put(&t, "/etc/default/ufw", "DEFAULT_INPUT_POLICY=\"DROP\"\n", 0644);
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_FAIL);
    put(&t, "/etc/ufw/ufw.conf", "ENABLED=yes\n", 0644);
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_PASS);
    put(&t, "/etc/default/ufw", "DEFAULT_INPUT_POLICY=\"ACCEPT\"\n", 0644);
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_FAIL);
    tree_done(&t);

    tree_open(&t);
    switch_on(&t, "firewalld.service");
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_UNKNOWN);
    put(&t, "/etc/firewalld/firewalld.conf", "LogDenied=off\n", 0644);
    put(&t, "/usr/lib/firewalld/zones/public.xml", "<zone></zone>", 0644);
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_PASS);
    put(&t, "/etc/firewalld/zones/open.xml", "<zone target=\"ACCEPT\"/>", 0644);
    put(&t, "/etc/firewalld/firewalld.conf", "DefaultZone=open\n", 0644);
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_FAIL);
    tree_done(&t);

    tree_open(&t);
    switch_on(&t, "netfilter-persistent.service");
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_FAIL);
    put(&t, "/etc/iptables/rules.v4", rules, 0644);
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_FAIL);
    assert_non_null(strstr(t.f.why, "IPv6"));
    put(&t, "/etc/iptables/rules.v6", rules, 0644);
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_PASS);
    put(&t, "/etc/iptables/rules.v6",
        "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j REJECT\n", 0644);
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_PASS);
    put(&t, "/etc/iptables/rules.v6",
        "*filter\n:INPUT DROP [0:0]\n-A INPUT -j ACCEPT\n", 0644);
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_FAIL);
    switch_on(&t, "ferm.service");
    assert_int_equal(ask(&t, hb_check_firewall), HB_CHECK_UNKNOWN);
    tree_done(&t);
}

static void test_time(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_time), HB_CHECK_FAIL);
    switch_on(&t, "systemd-timesyncd.service");
    assert_int_equal(ask(&t, hb_check_time), HB_CHECK_UNKNOWN);
    put(&t, "/run/systemd/timesync/x", "", 0644);
    assert_int_equal(ask(&t, hb_check_time), HB_CHECK_UNKNOWN);
    t.m.now += 2 * 3600 * (int64_t)HB_S;
    assert_int_equal(ask(&t, hb_check_time), HB_CHECK_FAIL);
    put(&t, "/run/systemd/timesync/synchronized", "", 0644);
    assert_int_equal(ask(&t, hb_check_time), HB_CHECK_PASS);
    link_to(&t, "/etc/systemd/system/systemd-timesyncd.service", "/dev/null");
    assert_int_equal(ask(&t, hb_check_time), HB_CHECK_FAIL);
    switch_on(&t, "chrony.service");
    assert_int_equal(ask(&t, hb_check_time), HB_CHECK_PASS);
    assert_string_equal(hb_buf_z(&t.f.detail), "chrony.service");
    put(&t, "/run/systemd/container", "lxc", 0644);
    assert_int_equal(ask(&t, hb_check_time), HB_CHECK_UNKNOWN);
    tree_done(&t);
}

static const struct {
    const char *text;
    enum hb_check_status want;
    const char *who;
} sudos[] = {
    {"Defaults env_reset\nDefaults use_pty\nroot ALL=(ALL:ALL) ALL\n"
     "%sudo ALL=(ALL:ALL) ALL\n",
     HB_CHECK_PASS, ""},
    {"%sudo ALL=(ALL:ALL) ALL\n", HB_CHECK_PASS, "use_pty: no"},
    {"hanako ALL=(ALL) NOPASSWD:ALL\n", HB_CHECK_FAIL, "hanako"},
    {"hanako ALL = NOPASSWD : ALL\n", HB_CHECK_FAIL, "hanako"},
    {"hanako ALL=(root, www-data) NOPASSWD: SETENV: ALL\n", HB_CHECK_FAIL,
     "hanako"},
    {"hanako ALL=(ALL) NOPASSWD: /bin/x, \\\n ALL\n", HB_CHECK_FAIL, "hanako"},
    {"#1000 ALL=TIMEOUT=5m NOPASSWD: ALL # why\n", HB_CHECK_FAIL, "#1000"},
    {"hanako web=/bin/x : db=(root) NOPASSWD: ALL\n", HB_CHECK_FAIL, "hanako"},
    {"hanako ALL=NOPASSWD: ALL_OF_IT\nCmnd_Alias ALL_OF_IT = /bin/x, ALL\n",
     HB_CHECK_FAIL, "hanako"},
    /* Not everything, not root, asked again, or not in force. */
    {"hanako ALL=NOPASSWD: /usr/bin/apt update\n", HB_CHECK_PASS, NULL},
    {"hanako ALL=(postgres) NOPASSWD: ALL\n", HB_CHECK_PASS, NULL},
    {"hanako ALL=NOPASSWD: /bin/x, PASSWD: ALL\n", HB_CHECK_PASS, NULL},
    {"hanako web=NOPASSWD: /bin/x : db=ALL\n", HB_CHECK_PASS, NULL},
    {"# hanako ALL=NOPASSWD: ALL\nroot ALL=NOPASSWD: ALL\n", HB_CHECK_PASS,
     NULL},
    {"Defaults:hanako use_pty, !authenticate\n", HB_CHECK_FAIL, ""},
    {"Defaults !syslog\n", HB_CHECK_FAIL, NULL},
    {"Defaults !syslog, logfile=/var/log/sudo.log\n", HB_CHECK_PASS, NULL},
    {"@includedir /etc/sudoers.d\n", HB_CHECK_FAIL, "taro"},
    {"#includedir sudoers.d\n", HB_CHECK_FAIL, "taro"},
    {"@include \"/etc/sudoers.d/own\"\n", HB_CHECK_FAIL, "taro"},
    {"@include /etc/sudoers\n", HB_CHECK_UNKNOWN, NULL},
    {"@include gone\n", HB_CHECK_UNKNOWN, NULL},
};

static void test_sudo(void **state)
{
    char path[256];
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_sudo), HB_CHECK_PASS);
    put(&t, "/usr/bin/sudo", "", 0755);
    assert_int_equal(ask(&t, hb_check_sudo), HB_CHECK_UNKNOWN);
    assert_non_null(strstr(t.f.why, "setfacl"));
    put(&t, "/etc/sudoers.d/own", "taro ALL=NOPASSWD: ALL\n", 0440);
    /* A name with a dot is left out. */
    put(&t, "/etc/sudoers.d/old.bak", "jiro ALL=NOPASSWD: ALL\n", 0440);
    for (size_t i = 0; i < HB_ARRAY_LEN(sudos); i++) {
        gone(&t, "/etc/sudoers");
        put(&t, "/etc/sudoers", sudos[i].text, 0440);
        print_message("# %s\n", sudos[i].text);
        assert_int_equal(ask(&t, hb_check_sudo), sudos[i].want);
        if (sudos[i].who != NULL)
            assert_int_equal(strncmp(hb_buf_z(&t.f.detail), sudos[i].who,
                                     strlen(sudos[i].who)),
                             0);
    }
    /* The modes are seen even where the content is not. */
    gone(&t, "/etc/sudoers");
    put(&t, "/etc/sudoers", "Defaults use_pty\n", 0664);
    assert_int_equal(ask(&t, hb_check_sudo), HB_CHECK_FAIL);
    assert_string_equal(hb_buf_z(&t.f.detail), "/etc/sudoers");
    put(&t, "/etc/sudoers", "Defaults use_pty\n", 0440);
    assert_int_equal(ask(&t, hb_check_sudo), HB_CHECK_PASS);
    (void)snprintf(path, sizeof(path), "%s/etc/sudoers.d", t.path);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(ask(&t, hb_check_sudo), HB_CHECK_FAIL);
    assert_int_equal(chmod(path, 0755), 0);
    if (geteuid() == 0) {
        (void)snprintf(path, sizeof(path), "%s/etc/sudoers", t.path);
        assert_int_equal(chown(path, 1000, 0), 0);
        assert_int_equal(ask(&t, hb_check_sudo), HB_CHECK_FAIL);
    }
    tree_done(&t);
}

static void test_backup(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_FAIL);
    /* Comments, other words and other jobs are none. */
    put(&t, "/etc/cron.d/rsnapshot", "# 0 4 * * * root rsnapshot daily\n",
        0644);
    put(&t, "/etc/cron.daily/dpkg", "#!/bin/sh\nrsyncd=1 /usr/lib/borgs\n",
        0755);
    put(&t, "/etc/crontab", "0 1 * * * root hinoban backup /srv/h.bak\n", 0644);
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_FAIL);
    assert_non_null(strstr(t.f.why, "Hinoban"));
    put(&t, "/etc/cron.d/rsnapshot", "0 4 * * * root /usr/bin/rsnapshot d\n",
        0644);
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_PASS);
    assert_string_equal(hb_buf_z(&t.f.detail), "rsnapshot");
    /* A script that a job starts. */
    put(&t, "/etc/cron.d/rsnapshot",
        "0 4 * * * root test -x /usr/local/sbin/b&&/usr/local/sbin/b\n", 0644);
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_FAIL);
    put(&t, "/usr/local/sbin/b", "#!/bin/sh\nRESTIC=1 restic backup /srv\n",
        0755);
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_PASS);
    assert_string_equal(hb_buf_z(&t.f.detail), "restic");
    gone(&t, "/usr/local/sbin/b");
    /* Started whether there is a task or not. */
    put(&t, "/etc/cron.d/backupninja", "0 * * * * root backupninja\n", 0644);
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_FAIL);
    put(&t, "/etc/backup.d/10.sys", "", 0600);
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_PASS);
    gone(&t, "/etc/cron.d/backupninja");
    /* A user's own, where it may be read. */
    put(&t, "/var/spool/cron/crontabs/root", "@daily borg create\n", 0600);
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_PASS);
    tree_done(&t);
}

static void test_backup_timer(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    put(&t, "/lib/systemd/system/x.service", "[Service]\nDescription=restic\n",
        0644);
    switch_on(&t, "x.timer");
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_FAIL);
    put(&t, "/lib/systemd/system/x.service",
        "[Service]\nExecStart=-/usr/bin/restic backup\n", 0644);
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_PASS);
    link_to(&t, "/etc/systemd/system/x.timer", "/dev/null");
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_FAIL);
    /* One of many, and a timer for another service. */
    switch_on(&t, "y@home.timer");
    gone(&t, "/usr/lib/systemd/system/y@home.timer");
    put(&t, "/usr/lib/systemd/system/y@.timer", "[Timer]\nUnit=x.service\n",
        0644);
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_PASS);
    assert_string_equal(hb_buf_z(&t.f.detail), "restic");
    gone(&t, "/usr/lib/systemd/system/y@.timer");
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_FAIL);
    switch_on(&t, "bacula-fd.service");
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_PASS);
    tree_done(&t);
}

/* As the role is: what only root may read is not known. */
static void test_backup_unread(void **state)
{
    struct tree t;
    char path[256];

    (void)state;
    tree_open(&t);
    put(&t, "/var/spool/cron/crontabs/.keep", "", 0600);
    assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_FAIL);
    (void)snprintf(path, sizeof(path), "%s/var/spool/cron/crontabs", t.path);
    assert_int_equal(chmod(path, 01730), 0);
    if (geteuid() == 0) {
        assert_int_equal(setresuid(65534, 65534, 0), 0);
        assert_int_equal(ask(&t, hb_check_backup), HB_CHECK_UNKNOWN);
        assert_int_equal(setresuid(0, 0, 0), 0);
    }
    assert_int_equal(chmod(path, 0700), 0);
    tree_done(&t);
}

#define TLS                                                                    \
    "smtpd_tls_security_level = may\n"                                         \
    "smtpd_tls_cert_file = /etc/ssl/x.pem\n"

static const struct {
    const char *text;
    enum hb_check_status want;
} postfixes[] = {
    {TLS, HB_CHECK_PASS},
    {"", HB_CHECK_FAIL},
    {"inet_interfaces = loopback-only\n", HB_CHECK_PASS},
    {"smtpd_use_tls=yes\nsmtpd_tls_cert_file=/x\n", HB_CHECK_PASS},
    {TLS "smtpd_tls_cert_file = none\n", HB_CHECK_FAIL},
    {TLS "smtpd_tls_security_level = none\n", HB_CHECK_FAIL},
    {TLS "smtpd_sasl_auth_enable = yes\n", HB_CHECK_FAIL},
    {TLS "smtpd_sasl_auth_enable = yes\nsmtpd_tls_auth_only = yes\n",
     HB_CHECK_PASS},
    /* Whom it trusts. */
    {TLS "mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128\n",
     HB_CHECK_PASS},
    {TLS "mynetworks = 127.0.0.0/8,\n# why\n  0.0.0.0/0\n", HB_CHECK_FAIL},
    {TLS "mynetworks = 10.0.0.0/8\n#\t0.0.0.0/0\n\t# 0.0.0.0/0\n  10.1.1.1\n",
     HB_CHECK_PASS},
    {TLS "mynetworks = [::]/0\n", HB_CHECK_FAIL},
    {TLS "mynetworks = cidr:/etc/postfix/x\n", HB_CHECK_UNKNOWN},
    {TLS "mynetworks_style = class\n", HB_CHECK_FAIL},
    /* For whom it passes on. */
    {TLS "smtpd_relay_restrictions = permit_mynetworks "
         "permit_sasl_authenticated defer_unauth_destination\n",
     HB_CHECK_PASS},
    {TLS "smtpd_relay_restrictions = permit, reject_unauth_destination\n",
     HB_CHECK_FAIL},
    {TLS "smtpd_relay_restrictions =\n", HB_CHECK_FAIL},
    {TLS "smtpd_relay_restrictions =\nsmtpd_recipient_restrictions =\n"
         "  permit_mynetworks,\n  reject_unauth_destination\n",
     HB_CHECK_PASS},
    {TLS "smtpd_relay_restrictions = $own\n", HB_CHECK_UNKNOWN},
};

static void test_postfix(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_PASS);
    assert_non_null(strstr(t.f.why, "No mail server"));
    put(&t, "/usr/sbin/postfix", "", 0755);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_UNKNOWN);
    for (size_t i = 0; i < HB_ARRAY_LEN(postfixes); i++) {
        put(&t, "/etc/postfix/main.cf", postfixes[i].text, 0644);
        print_message("# %s\n", postfixes[i].text);
        assert_int_equal(ask(&t, hb_check_mail), postfixes[i].want);
    }
    tree_done(&t);
}

static void test_dovecot(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    put(&t, "/usr/sbin/dovecot", "", 0755);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_UNKNOWN);
    put(&t, "/etc/dovecot/dovecot.conf",
        "!include_try none.conf\n!include conf.d/*.conf\n", 0644);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_PASS);
    put(&t, "/etc/dovecot/conf.d/10-auth.conf",
        "#disable_plaintext_auth = no\n", 0644);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_PASS);
    put(&t, "/etc/dovecot/conf.d/10-auth.conf",
        "disable_plaintext_auth=no\n disable_plaintext_auth = no\n", 0644);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_FAIL);
    put(&t, "/etc/dovecot/conf.d/20.conf", "disable_plaintext_auth = yes\n",
        0644);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_PASS);
    put(&t, "/etc/dovecot/conf.d/30.conf",
        "remote 10.0.0.0/8 {\n disable_plaintext_auth = no\n}\n", 0644);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_FAIL);
    put(&t, "/etc/dovecot/conf.d/30.conf", "auth_allow_cleartext = yes\n",
        0644);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_FAIL);
    put(&t, "/etc/dovecot/conf.d/30.conf", "!include conf.d/30.conf\n", 0644);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_UNKNOWN);
    tree_done(&t);
}

static void test_exim(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    put(&t, "/usr/sbin/exim4", "", 0755);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_UNKNOWN);
    put(&t, "/etc/exim4/update-exim4.conf.conf",
        "dc_local_interfaces='127.0.0.1 ; ::1'\n", 0644);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_PASS);
    put(&t, "/etc/exim4/update-exim4.conf.conf", "dc_local_interfaces=''\n",
        0644);
    assert_int_equal(ask(&t, hb_check_mail), HB_CHECK_UNKNOWN);
    tree_done(&t);
}

static void test_disk(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_disk), HB_CHECK_UNKNOWN);
    put(&t, "/proc/self/mounts",
        "overlay / overlay rw 0 0\n/dev/sda1 /boot ext4 rw 0 0\n", 0444);
    assert_int_equal(ask(&t, hb_check_disk), HB_CHECK_UNKNOWN);
    put(&t, "/proc/self/mounts",
        "/dev/mapper/vg-root / ext4 rw 0 0\n/dev/sda1 /boot ext4 rw 0 0\n"
        "/dev/loop3 /snap/x squashfs ro 0 0\n",
        0444);
    assert_int_equal(ask(&t, hb_check_disk), HB_CHECK_FAIL);
    /* A volume on an encrypted device. */
    put(&t, "/sys/block/dm-1/dm/name", "vg-root\n", 0444);
    put(&t, "/sys/block/dm-1/dm/uuid", "LVM-x\n", 0444);
    put(&t, "/sys/block/dm-1/slaves/dm-0", "", 0444);
    assert_int_equal(ask(&t, hb_check_disk), HB_CHECK_FAIL);
    put(&t, "/sys/block/dm-0/dm/uuid", "CRYPT-LUKS2-x\n", 0444);
    assert_int_equal(ask(&t, hb_check_disk), HB_CHECK_PASS);
    /* One half of it lies elsewhere. */
    put(&t, "/sys/block/dm-1/slaves/sdb", "", 0444);
    assert_int_equal(ask(&t, hb_check_disk), HB_CHECK_FAIL);
    gone(&t, "/sys/block/dm-1/slaves/sdb");
    put(&t, "/proc/self/mounts",
        "/dev/dm-0 / ext4 rw 0 0\n/dev/sdb1 /srv ext4 rw 0 0\n"
        "/dev/sdb1 /mnt ext4 rw 0 0\n",
        0444);
    assert_int_equal(ask(&t, hb_check_disk), HB_CHECK_FAIL);
    assert_string_equal(hb_buf_z(&t.f.detail), "/dev/sdb1");
    /* A ring ends. */
    put(&t, "/proc/self/mounts", "/dev/dm-1 / ext4 rw 0 0\n", 0444);
    put(&t, "/sys/block/dm-1/slaves/dm-1", "", 0444);
    gone(&t, "/sys/block/dm-1/slaves/dm-0");
    assert_int_equal(ask(&t, hb_check_disk), HB_CHECK_FAIL);
    tree_done(&t);
}

static void test_logs_kept(void **state)
{
    static const struct {
        const char *text;
        enum hb_check_status want;
    } rotations[] = {
        /* Debian's own: four weeks. */
        {"/var/log/syslog\n/var/log/auth.log\n{\n\trotate 4\n\tweekly\n}\n",
         HB_CHECK_FAIL},
        {"/var/log/auth.log {\n rotate 13\n}\n", HB_CHECK_PASS},
        {"/var/log/auth.log {\n rotate 90\n daily\n}\n", HB_CHECK_PASS},
        {"/var/log/auth.log {\n rotate 12\n monthly\n maxage 30\n}\n",
         HB_CHECK_FAIL},
        {"monthly\nrotate 4\n/var/log/auth.log {\n missingok\n}\n",
         HB_CHECK_PASS},
        /* Of another file, or in a comment. */
        {"/var/log/x {\n rotate 99\n}\n/var/log/auth.log {\n rotate 4\n}\n",
         HB_CHECK_FAIL},
        {"/var/log/auth.log {\n# rotate 99\n}\n", HB_CHECK_FAIL},
    };
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_logs_kept), HB_CHECK_FAIL);
    assert_non_null(strstr(t.f.why, "restarted"));
    switch_on(&t, "rsyslog.service");
    for (size_t i = 0; i < HB_ARRAY_LEN(rotations); i++) {
        put(&t, "/etc/logrotate.d/rsyslog", rotations[i].text, 0644);
        print_message("# %s\n", rotations[i].text);
        assert_int_equal(ask(&t, hb_check_logs_kept), rotations[i].want);
    }
    put(&t, "/var/log/journal/id/system@1.journal", "", 0640);
    assert_int_equal(ask(&t, hb_check_logs_kept), HB_CHECK_UNKNOWN);
    t.m.now += 91 * 86400 * (int64_t)HB_S;
    assert_int_equal(ask(&t, hb_check_logs_kept), HB_CHECK_PASS);
    put(&t, "/etc/systemd/journald.conf.d/x.conf",
        "[Journal]\nStorage=volatile\n", 0644);
    assert_int_equal(ask(&t, hb_check_logs_kept), HB_CHECK_FAIL);
    tree_done(&t);
}

static void test_lockout(void **state)
{
    static const char pam[] = "auth required pam_faillock.so preauth\n"
                              "auth [success=1 default=ignore] pam_unix.so\n"
                              "auth [default=die] pam_faillock.so authfail\n";
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_lockout), HB_CHECK_UNKNOWN);
    put(&t, "/etc/pam.d/common-auth", "auth required pam_unix.so\n", 0644);
    assert_int_equal(ask(&t, hb_check_lockout), HB_CHECK_FAIL);
    put(&t, "/etc/pam.d/common-auth", "auth x pam_faillock.so preauth\n", 0644);
    assert_int_equal(ask(&t, hb_check_lockout), HB_CHECK_FAIL);
    put(&t, "/etc/pam.d/common-auth", pam, 0644);
    assert_int_equal(ask(&t, hb_check_lockout), HB_CHECK_PASS);
    put(&t, "/etc/security/faillock.conf", "# deny = 0\ndeny = 5\n", 0644);
    assert_int_equal(ask(&t, hb_check_lockout), HB_CHECK_PASS);
    assert_string_equal(hb_buf_z(&t.f.detail), "deny=5");
    put(&t, "/etc/security/faillock.conf", "deny = 0\n", 0644);
    assert_int_equal(ask(&t, hb_check_lockout), HB_CHECK_FAIL);
    put(&t, "/etc/security/faillock.conf", "deny=50\n", 0644);
    assert_int_equal(ask(&t, hb_check_lockout), HB_CHECK_FAIL);
    tree_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unit),
        cmocka_unit_test(test_exposed),
        cmocka_unit_test(test_nftables),
        cmocka_unit_test(test_firewalls),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_sudo),
        cmocka_unit_test(test_backup),
        cmocka_unit_test(test_backup_timer),
        cmocka_unit_test(test_backup_unread),
        cmocka_unit_test(test_postfix),
        cmocka_unit_test(test_dovecot),
        cmocka_unit_test(test_exim),
        cmocka_unit_test(test_disk),
        cmocka_unit_test(test_logs_kept),
        cmocka_unit_test(test_lockout),
    };

    return hb_tap_run("control/setup", tests);
}
