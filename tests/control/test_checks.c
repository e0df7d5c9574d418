/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every check has a machine that passes, one that fails and one that it cannot
 * tell about: a check that cannot fail would be worth nothing.
 */
#include <string.h>
#include <sys/stat.h>

#include "guard/gate/grant.h"
#include "tree.h"

#define NGINX_GOOD                                                             \
    "user www-data;\nhttp {\n  server_tokens off;\n"                           \
    "  include /etc/nginx/sites-enabled/*;\n}\n"
#define SITE_GOOD                                                              \
    "server {\n  listen 80;\n  root /srv/www;\n"                               \
    "  location ~ /\\. { deny all; }\n}\n"

static void lastlog(struct tree *t, uint32_t uid, int64_t at)
{
    char full[512], record[292] = {0};
    uint32_t s = (uint32_t)(at / (int64_t)HB_S);
    int fd;

    put(t, "/var/log/.keep", "", 0644);
    (void)snprintf(full, sizeof(full), "%s/var/log/lastlog", t->path);
    fd = open(full, O_WRONLY | O_CREAT, 0644);
    assert_true(fd >= 0);
    memcpy(record, &s, sizeof(s));
    assert_int_equal(
        hb_pwrite_all(fd, record, sizeof(record), (off_t)uid * 292), 0);
    (void)close(fd);
}

static void test_admins(void **state)
{
    const int64_t day = 86400 * (int64_t)HB_S;
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_admins), HB_CHECK_UNKNOWN);
    lastlog(&t, 1000, t.m.now - 3 * day);
    assert_int_equal(ask(&t, hb_check_admins), HB_CHECK_PASS);
    lastlog(&t, 1000, t.m.now - 91 * day);
    assert_int_equal(ask(&t, hb_check_admins), HB_CHECK_FAIL);
    assert_non_null(strstr(hb_buf_z(&t.f.detail), "hanako"));
    lastlog(&t, 1000, t.m.now - 3 * day);

    /* A second root, a shared name, one closed, and nobody but root. */
    put(&t, "/etc/passwd",
        "root:x:0:0::/root:/bin/bash\nr00t:x:0:0::/:/bin/sh\n", 0644);
    assert_int_equal(ask(&t, hb_check_admins), HB_CHECK_FAIL);
    assert_non_null(strstr(hb_buf_z(&t.f.detail), "r00t"));
    put(&t, "/etc/passwd",
        "root:x:0:0::/root:/bin/bash\nadmin:x:1000:27::/:/bin/sh\n", 0644);
    assert_int_equal(ask(&t, hb_check_admins), HB_CHECK_FAIL);
    put(&t, "/etc/passwd",
        "root:x:0:0::/root:/bin/bash\nadmin:x:1000:27::/:/usr/sbin/nologin\n",
        0644);
    assert_int_equal(ask(&t, hb_check_admins), HB_CHECK_UNKNOWN);
    /* Lines that are none are no accounts. */
    put(&t, "/etc/passwd", "root:x:0:0\n::::\nx\nb:x:-1:0::/:/bin/sh\n", 0644);
    assert_int_equal(ask(&t, hb_check_admins), HB_CHECK_UNKNOWN);
    gone(&t, "/etc/passwd");
    assert_int_equal(ask(&t, hb_check_admins), HB_CHECK_UNKNOWN);
    tree_done(&t);
}

static void test_password_policy(void **state)
{
    static const char pam[] =
        "password requisite pam_pwquality.so retry=3\n"
        "password [success=1 default=ignore] pam_unix.so obscure yescrypt\n";
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_password_policy), HB_CHECK_UNKNOWN);
    put(&t, "/etc/pam.d/common-password", "password required pam_unix.so\n",
        0644);
    assert_int_equal(ask(&t, hb_check_password_policy), HB_CHECK_FAIL);
    put(&t, "/etc/pam.d/common-password", pam, 0644);
    assert_int_equal(ask(&t, hb_check_password_policy), HB_CHECK_FAIL);
    put(&t, "/etc/security/pwquality.conf", "# minlen = 20\nminlen = 12\n",
        0644);
    assert_int_equal(ask(&t, hb_check_password_policy), HB_CHECK_PASS);
    /* Credits make a shorter one enough; a later file wins. */
    put(&t, "/etc/security/pwquality.conf.d/50.conf", "dcredit = 1\n", 0644);
    assert_int_equal(ask(&t, hb_check_password_policy), HB_CHECK_FAIL);
    put(&t, "/etc/security/pwquality.conf.d/60.conf", "minlen=14\n", 0644);
    assert_int_equal(ask(&t, hb_check_password_policy), HB_CHECK_PASS);
    put(&t, "/etc/security/pwquality.conf.d/70.conf", "enforcing = 0\n", 0644);
    assert_int_equal(ask(&t, hb_check_password_policy), HB_CHECK_FAIL);
    gone(&t, "/etc/security/pwquality.conf.d/70.conf");
    /* The module's own argument wins. */
    put(&t, "/etc/pam.d/common-password",
        "password requisite pam_pwquality.so minlen=6\n"
        "password required pam_unix.so\n",
        0644);
    assert_int_equal(ask(&t, hb_check_password_policy), HB_CHECK_FAIL);
    /* Asked after the password was taken, or in a comment only. */
    put(&t, "/etc/pam.d/common-password",
        "password sufficient pam_unix.so\n"
        "password required pam_pwquality.so minlen=14\n",
        0644);
    assert_int_equal(ask(&t, hb_check_password_policy), HB_CHECK_FAIL);
    put(&t, "/etc/pam.d/common-password",
        "# password requisite pam_pwquality.so minlen=14\n", 0644);
    assert_int_equal(ask(&t, hb_check_password_policy), HB_CHECK_FAIL);
    tree_done(&t);
}

static enum hb_check_status sshd(struct tree *t, const char *text)
{
    put(t, "/etc/ssh/sshd_config", text, 0644);
    return ask(t, hb_check_sshd);
}

static void test_sshd(void **state)
{
    static const char good[] = "PermitRootLogin no\n"
                               "PasswordAuthentication no\n"
                               "KbdInteractiveAuthentication no\n";
    char text[512];
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_sshd), HB_CHECK_PASS);
    put(&t, "/usr/sbin/sshd", "", 0755);
    assert_int_equal(ask(&t, hb_check_sshd), HB_CHECK_UNKNOWN);
    assert_int_equal(sshd(&t, good), HB_CHECK_PASS);
    assert_int_equal(sshd(&t, ""), HB_CHECK_FAIL);
    assert_int_equal(sshd(&t, "PermitRootLogin no\n"), HB_CHECK_FAIL);
    assert_int_equal(sshd(&t, "PermitRootLogin=no\n\tpasswordauthentication "
                              "\"no\"\nKbdInteractiveAuthentication = no\n"),
                     HB_CHECK_PASS);
    /* The first value holds, so what stands later changes nothing. */
    (void)snprintf(text, sizeof(text), "PasswordAuthentication yes\n%s", good);
    assert_int_equal(sshd(&t, text), HB_CHECK_FAIL);
    (void)snprintf(text, sizeof(text), "%sPasswordAuthentication yes\n", good);
    assert_int_equal(sshd(&t, text), HB_CHECK_PASS);
    (void)snprintf(text, sizeof(text),
                   "%sMatch User x\n PasswordAuthentication yes\n", good);
    assert_int_equal(sshd(&t, text), HB_CHECK_FAIL);
    (void)snprintf(text, sizeof(text), "%sMatch Host x\nPermitRootLogin yes\n",
                   good);
    assert_int_equal(sshd(&t, text), HB_CHECK_FAIL);
    (void)snprintf(text, sizeof(text), "PermitEmptyPasswords yes\n%s", good);
    assert_int_equal(sshd(&t, text), HB_CHECK_FAIL);
    /* A password beside a key is no password alone. */
    assert_int_equal(sshd(&t, "PermitRootLogin no\n"
                              "AuthenticationMethods publickey,password "
                              "publickey,keyboard-interactive\n"),
                     HB_CHECK_PASS);
    assert_int_equal(sshd(&t, "PermitRootLogin no\n"
                              "AuthenticationMethods publickey password\n"),
                     HB_CHECK_FAIL);
    /* Included first, so it holds. */
    put(&t, "/etc/ssh/sshd_config.d/50.conf", "PasswordAuthentication yes\n",
        0644);
    (void)snprintf(text, sizeof(text), "Include sshd_config.d/*.conf\n%s",
                   good);
    assert_int_equal(sshd(&t, text), HB_CHECK_FAIL);
    put(&t, "/etc/ssh/sshd_config.d/50.conf", "PasswordAuthentication no\n",
        0644);
    assert_int_equal(sshd(&t, text), HB_CHECK_PASS);
    /* A file that includes itself ends, and what is unread is unknown. */
    put(&t, "/etc/ssh/sshd_config.d/50.conf",
        "Include /etc/ssh/sshd_config.d/*.conf\n", 0644);
    assert_int_equal(sshd(&t, text), HB_CHECK_UNKNOWN);
    tree_done(&t);
}

static void test_patch_pending(void **state)
{
    static const char none[] = "#!/bin/sh\necho 'NOTE: simulation'\n";
    static const char some[] =
        "#!/bin/sh\n"
        "echo 'Inst tzdata [1] (2 Debian:12.5/stable [all])'\n"
        "echo 'Inst libssl3 [3.0.1] (3.0.2 Debian-Security:12/stable-security "
        "[amd64])'\n";
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_patch_pending), HB_CHECK_UNKNOWN);
    put(&t, "/usr/bin/apt-get", none, 0755);
    assert_int_equal(ask(&t, hb_check_patch_pending), HB_CHECK_UNKNOWN);
    put(&t, "/var/lib/apt/lists/deb_dists_bookworm_InRelease", "", 0644);
    assert_int_equal(ask(&t, hb_check_patch_pending), HB_CHECK_UNKNOWN);
    put(&t, "/var/lib/apt/lists/deb_dists_bookworm-security_InRelease", "",
        0644);
    assert_int_equal(ask(&t, hb_check_patch_pending), HB_CHECK_PASS);
    put(&t, "/usr/bin/apt-get", some, 0755);
    assert_int_equal(ask(&t, hb_check_patch_pending), HB_CHECK_FAIL);
    assert_string_equal(hb_buf_z(&t.f.detail), "libssl3");
    /* Old lists tell nothing good; what waits still waits. */
    t.m.now += 4 * 86400 * (int64_t)HB_S;
    assert_int_equal(ask(&t, hb_check_patch_pending), HB_CHECK_FAIL);
    put(&t, "/usr/bin/apt-get", none, 0755);
    assert_int_equal(ask(&t, hb_check_patch_pending), HB_CHECK_UNKNOWN);
    t.m.now -= 4 * 86400 * (int64_t)HB_S;
    put(&t, "/usr/bin/apt-get", "#!/bin/sh\nexit 100\n", 0755);
    assert_int_equal(ask(&t, hb_check_patch_pending), HB_CHECK_UNKNOWN);
    tree_done(&t);
}

static void test_patch_unattended(void **state)
{
    static const char on[] =
        "#!/bin/sh\ncat <<'E'\n"
        "APT::Periodic::Update-Package-Lists \"1\";\n"
        "APT::Periodic::Unattended-Upgrade \"1\";\n"
        "Unattended-Upgrade::Origins-Pattern:: \"label=Debian-Security\";\nE\n";
    static const char off[] =
        "#!/bin/sh\ncat <<'E'\n"
        "APT::Periodic::Update-Package-Lists \"1\";\n"
        "APT::Periodic::Unattended-Upgrade \"0\";\n"
        "Unattended-Upgrade::Origins-Pattern:: \"label=Debian-Security\";\nE\n";
    static const char other[] = "#!/bin/sh\ncat <<'E'\n"
                                "APT::Periodic::Update-Package-Lists \"1\";\n"
                                "APT::Periodic::Unattended-Upgrade \"1\";\nE\n";
    char link[256];
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_patch_unattended), HB_CHECK_UNKNOWN);
    put(&t, "/usr/bin/apt-config", on, 0755);
    assert_int_equal(ask(&t, hb_check_patch_unattended), HB_CHECK_FAIL);
    put(&t, "/usr/bin/unattended-upgrade", "", 0755);
    assert_int_equal(ask(&t, hb_check_patch_unattended), HB_CHECK_PASS);
    put(&t, "/usr/bin/apt-config", off, 0755);
    assert_int_equal(ask(&t, hb_check_patch_unattended), HB_CHECK_FAIL);
    put(&t, "/usr/bin/apt-config", other, 0755);
    assert_int_equal(ask(&t, hb_check_patch_unattended), HB_CHECK_FAIL);
    put(&t, "/usr/bin/apt-config", "#!/bin/sh\nexit 1\n", 0755);
    assert_int_equal(ask(&t, hb_check_patch_unattended), HB_CHECK_UNKNOWN);
    put(&t, "/usr/bin/apt-config", on, 0755);
    put(&t, "/etc/systemd/system/x", "", 0644);
    (void)snprintf(link, sizeof(link),
                   "%s/etc/systemd/system/apt-daily-upgrade.timer", t.path);
    assert_int_equal(symlink("/dev/null", link), 0);
    assert_int_equal(ask(&t, hb_check_patch_unattended), HB_CHECK_FAIL);
    tree_done(&t);
}

/* N pools of PHP-FPM, each with a user of its own from 2000 on. */
static void many_pools(struct tree *t, int n)
{
    struct hb_buf b = HB_BUF_INIT;

    hb_buf_addz(&b, "www-data:x:33:33::/:/bin/false\n");
    for (int i = 0; i < n; i++) {
        char name[80], text[64];

        hb_buf_addf(&b, "pool%d:x:%d:%d::/:/bin/false\n", i, 2000 + i,
                    2000 + i);
        (void)snprintf(name, sizeof(name), "/etc/php/8.2/fpm/pool.d/%d.conf",
                       i);
        (void)snprintf(text, sizeof(text), "[p%d]\nuser = pool%d\n", i, i);
        put(t, name, text, 0644);
    }
    put(t, "/etc/passwd", hb_buf_z(&b), 0644);
    hb_buf_done(&b);
}

static void test_docroot(void **state)
{
    struct hb_conf_area area = {.path = "upload"};
    char path[256];
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_UNKNOWN);
    put(&t, "/srv/www/index.html", "x", 0644);
    put(&t, "/srv/www/a/b.html", "x", 0644);
    assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_PASS);
    put(&t, "/srv/www/a/b.html", "x", 0666);
    assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_FAIL);
    assert_non_null(strstr(hb_buf_z(&t.f.detail), "a/b.html"));
    put(&t, "/srv/www/a/b.html", "x", 0644);
    (void)snprintf(path, sizeof(path), "%s/srv/www/a", t.path);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_FAIL);
    assert_int_equal(chmod(path, 0755), 0);
    /* The folder above: another tree could be put in its place. */
    (void)snprintf(path, sizeof(path), "%s/srv", t.path);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_FAIL);
    assert_int_equal(chmod(path, 0755), 0);
    /* What programs are meant to write to is left out. */
    put(&t, "/srv/www/upload/x", "x", 0666);
    assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_FAIL);
    t.site.areas.v = &area;
    t.site.areas.n = 1;
    assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_PASS);
    if (geteuid() == 0) {
        (void)snprintf(path, sizeof(path), "%s/srv/www/index.html", t.path);
        assert_int_equal(chown(path, 33, 33), 0);
        assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_FAIL);
        /* The user that nginx names, not only the usual one. */
        assert_int_equal(chown(path, 1000, 0), 0);
        assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_PASS);
        put(&t, "/etc/nginx/nginx.conf", "user hanako;\n", 0644);
        assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_FAIL);
        /* Through a group that a user is a member of. */
        put(&t, "/etc/nginx/nginx.conf", "user www-data;\n", 0644);
        put(&t, "/etc/group", "www-data:x:33:\nweb:x:50:www-data\n", 0644);
        assert_int_equal(chown(path, 0, 50), 0);
        assert_int_equal(chmod(path, 0664), 0);
        assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_FAIL);
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_PASS);
        /* However many pools there are, each one's user counts. */
        many_pools(&t, 10);
        assert_int_equal(chown(path, 2009, 0), 0);
        assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_FAIL);
        assert_int_equal(chown(path, 0, 0), 0);
        assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_PASS);
        many_pools(&t, 80);
        assert_int_equal(ask(&t, hb_check_docroot), HB_CHECK_UNKNOWN);
    }
    tree_done(&t);
}

/* The one that runs, where it was started with a file of its own.  A file that
 * cannot be read is not answered by another one. */
static void test_nginx_running(void **state)
{
    static const struct {
        const char *title, *user; /* user NULL: unknown */
    } titles[] = {
        {"nginx: master process /usr/sbin/nginx -c /etc/own/n.conf -g x;",
         "own"},
        {"nginx: master process nginx -c/etc/own/n.conf", "own"},
        {"nginx: master process nginx -qc /etc/own/n.conf", "own"},
        {"nginx: master process nginx -p /etc -c own/n.conf", "own"},
        {"nginx: master process nginx -p/etc/own/ -g daemon off; -c n.conf",
         "own"},
        {"nginx: master process nginx -g pid /x; -e -c", "usual"},
        {"nginx: master process nginx", "usual"},
        {"nginx: master process nginx -p /etc/own", "usual"},
        {"nginx: master process nginx -c /etc/own/gone.conf", NULL},
        {"nginx: master process nginx -c relative.conf", NULL},
        {"nginx: master process nginx -p own -c n.conf", NULL},
        {"nginx: worker process -c /etc/own/n.conf", "usual"},
        {"evil nginx: master process nginx -c /etc/own/n.conf", "usual"},
    };
    struct tree t;

    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < HB_ARRAY_LEN(titles); i++) {
        struct hb_ngx *root = NULL;

        tree_open(&t);
        put(&t, "/etc/nginx/nginx.conf", "user usual;\n", 0644);
        put(&t, "/etc/own/n.conf", "include part.conf;\n", 0644);
        put(&t, "/etc/own/part.conf", "user own;\n", 0644);
        put(&t, "/proc/77/cmdline", titles[i].title, 0444);
        print_message("# %s\n", titles[i].title);
        if (titles[i].user == NULL) {
            assert_true(hb_ngx_load(&t.m, &root) < 0);
            assert_int_equal(ask(&t, hb_check_nginx), HB_CHECK_UNKNOWN);
            /* Beside one that has no file of its own, that one counts. */
            put(&t, "/proc/78/cmdline", "nginx: master process nginx", 0444);
            assert_int_equal(hb_ngx_load(&t.m, &root), 0);
            tree_done(&t);
            continue;
        }
        assert_int_equal(hb_ngx_load(&t.m, &root), 0);
        /* What an include brings stands below it. */
        assert_non_null(hb_ngx_next(root, NULL, "user"));
        assert_true(hb_slice_is(hb_ngx_next(root, NULL, "user")->args[0],
                                titles[i].user));
        tree_done(&t);
    }
}

static void test_nginx(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_nginx), HB_CHECK_UNKNOWN);
    put(&t, "/etc/nginx/nginx.conf", NGINX_GOOD, 0644);
    assert_int_equal(ask(&t, hb_check_nginx), HB_CHECK_UNKNOWN);
    put(&t, "/etc/nginx/sites-enabled/www", SITE_GOOD, 0644);
    assert_int_equal(ask(&t, hb_check_nginx), HB_CHECK_PASS);
    put(&t, "/etc/nginx/sites-enabled/other",
        "server { server_tokens on; return 301 /; }\n", 0644);
    assert_int_equal(ask(&t, hb_check_nginx), HB_CHECK_FAIL);
    put(&t, "/etc/nginx/sites-enabled/other",
        "server { location /x { autoindex on; } return 301 /; }\n", 0644);
    assert_int_equal(ask(&t, hb_check_nginx), HB_CHECK_FAIL);
    put(&t, "/etc/nginx/sites-enabled/other", "server { root /srv/x; }\n",
        0644);
    assert_int_equal(ask(&t, hb_check_nginx), HB_CHECK_FAIL);
    assert_non_null(strstr(t.f.why, ".git"));
    gone(&t, "/etc/nginx/sites-enabled/other");
    put(&t, "/etc/nginx/nginx.conf", "http { include sites-enabled/*; }\n",
        0644);
    assert_int_equal(ask(&t, hb_check_nginx), HB_CHECK_FAIL);
    put(&t, "/etc/nginx/nginx.conf", "http { server {\n", 0644);
    assert_int_equal(ask(&t, hb_check_nginx), HB_CHECK_UNKNOWN);
    /* It includes itself: refused, not followed for ever. */
    put(&t, "/etc/nginx/nginx.conf", "include nginx.conf;\n", 0644);
    assert_int_equal(ask(&t, hb_check_nginx), HB_CHECK_UNKNOWN);
    tree_done(&t);
}

static void test_waf(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_waf), HB_CHECK_UNKNOWN);
    put(&t, "/etc/nginx/nginx.conf", NGINX_GOOD, 0644);
    put(&t, "/etc/nginx/sites-enabled/www", SITE_GOOD, 0644);
    assert_int_equal(ask(&t, hb_check_waf), HB_CHECK_FAIL);
    put(&t, "/etc/nginx/nginx.conf",
        "http { modsecurity on; modsecurity_rules_file /etc/m.conf; }\n", 0644);
    assert_int_equal(ask(&t, hb_check_waf), HB_CHECK_PASS);
    put(&t, "/etc/nginx/nginx.conf",
        "http { modsecurity on; modsecurity_rules_file /etc/m.conf;"
        " server { location / { modsecurity off; } } }\n",
        0644);
    assert_int_equal(ask(&t, hb_check_waf), HB_CHECK_FAIL);
    put(&t, "/etc/nginx/nginx.conf",
        "http { hinoban_waf_rules /r.conf; hinoban_waf block; }\n", 0644);
    assert_int_equal(ask(&t, hb_check_waf), HB_CHECK_PASS);
    put(&t, "/etc/nginx/nginx.conf",
        "http { hinoban_waf_rules /r.conf; hinoban_waf detect; }\n", 0644);
    assert_int_equal(ask(&t, hb_check_waf), HB_CHECK_FAIL);
    put(&t, "/etc/nginx/nginx.conf",
        "http { hinoban_waf_rules /r.conf; hinoban_waf block;"
        " server { hinoban_waf off; } }\n",
        0644);
    assert_int_equal(ask(&t, hb_check_waf), HB_CHECK_FAIL);
    put(&t, "/etc/nginx/nginx.conf", "http { hinoban_waf block; }\n", 0644);
    assert_int_equal(ask(&t, hb_check_waf), HB_CHECK_FAIL);
    put(&t, "/etc/nginx/nginx.conf", "# modsecurity on;\nhttp { }\n", 0644);
    assert_int_equal(ask(&t, hb_check_waf), HB_CHECK_FAIL);
    tree_done(&t);
}

static void patch(struct tree *t, const char *approved_by, int64_t until,
                  const struct hb_key *key)
{
    struct hb_grant g = {.kind = HB_GRANT_PATCH,
                         .number = 1,
                         .by = "akiko",
                         .approved_by = approved_by,
                         .reason = "r",
                         .about = "",
                         .reference = "",
                         .advisory = "CVE-2026-1",
                         .expert = "e",
                         .from = until - 86400,
                         .until = until,
                         .rules = HB_SLICE("SecAction \"id:8500001\"")};
    char dir[512];

    (void)snprintf(dir, sizeof(dir), "%s/var/lib/hinoban/gate", t->m.prefix);
    assert_int_equal(hb_grant_save(dir, &g, key, NULL), 0);
}

static void test_virtual_patch(void **state)
{
    struct hb_key *key = NULL;
    char pub[512];
    struct tree t;
    int64_t now;

    (void)state;
    tree_open(&t);
    now = t.m.now / 1000000000;
    assert_int_equal(ask(&t, hb_check_virtual_patch), HB_CHECK_UNKNOWN);
    put(&t, "/var/lib/hinoban/gate/rules.conf", "", 0644);
    assert_int_equal(ask(&t, hb_check_virtual_patch), HB_CHECK_PASS);
    put(&t, "/etc/hinoban/people/akiko.json", "{\"roles\":\"officer\"}", 0644);
    (void)snprintf(pub, sizeof(pub), "%s/etc/hinoban/people/akiko.pub",
                   t.m.prefix);
    assert_int_equal(hb_key_generate(&key), 0);
    assert_int_equal(hb_pub_save(key, pub, NULL), 0);
    patch(&t, "", now + 86400, NULL); /* a proposal */
    assert_int_equal(ask(&t, hb_check_virtual_patch), HB_CHECK_PASS);
    patch(&t, "akiko", now + 60, key);
    assert_int_equal(ask(&t, hb_check_virtual_patch), HB_CHECK_PASS);
    patch(&t, "akiko", now, key); /* over */
    assert_int_equal(ask(&t, hb_check_virtual_patch), HB_CHECK_FAIL);
    patch(&t, "akiko", now + 60, NULL); /* nobody signed it */
    assert_int_equal(ask(&t, hb_check_virtual_patch), HB_CHECK_FAIL);
    hb_key_free(key);
    tree_done(&t);
}

static void test_worst_answer_stays(void **state)
{
    struct hb_found f = {0};

    (void)state;
    hb_found_set(&f, HB_CHECK_PASS, "a");
    hb_found_set(&f, HB_CHECK_UNKNOWN, "b");
    assert_int_equal(f.status, HB_CHECK_UNKNOWN);
    hb_found_set(&f, HB_CHECK_PASS, "c");
    assert_string_equal(f.why, "b");
    hb_found_set(&f, HB_CHECK_FAIL, "d");
    hb_found_set(&f, HB_CHECK_UNKNOWN, "e");
    assert_string_equal(f.why, "d");
    assert_int_equal(f.status, HB_CHECK_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_admins),
        cmocka_unit_test(test_password_policy),
        cmocka_unit_test(test_sshd),
        cmocka_unit_test(test_patch_pending),
        cmocka_unit_test(test_patch_unattended),
        cmocka_unit_test(test_docroot),
        cmocka_unit_test(test_nginx),
        cmocka_unit_test(test_nginx_running),
        cmocka_unit_test(test_waf),
        cmocka_unit_test(test_virtual_patch),
        cmocka_unit_test(test_worst_answer_stays),
    };

    return hb_tap_run("control/checks", tests);
}
