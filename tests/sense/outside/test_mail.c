/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To whom a notice may go: registered people, at their registered address.
 */
#include "../../tap.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "net/mail.h"
#include "sense/outside/mail.h"

static char dir[64];

static int make(void **state)
{
    (void)snprintf(dir, sizeof(dir), "/tmp/hb-test-mail-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int drop(void **state)
{
    return hb_rmtree(AT_FDCWD, dir);
}

static int notify(const char *name)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    /* Port 1 of this machine: whoever gets as far is refused there. */
    const struct hb_conf_org org = {.mail_relay = "smtp://127.0.0.1:1",
                                    .mail_from = "hinoban@example.jp",
                                    .mail_user = "",
                                    .mail_password = "",
                                    .mail_ca = "",
                                    .anchor = ""};
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    char answer[HB_MAIL_ANSWER];
    struct hb_err err = {0};
    struct hb_json *command = NULL;
    struct hb_jw w;
    int r;

    hb_jw_init(&w, &text);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "person", name);
    hb_jw_str(&w, "to", "x@evil.example");
    hb_jw_str(&w, "mail", "x@evil.example");
    hb_jw_str(&w, "subject", "s");
    hb_jw_str(&w, "text", "t\n");
    hb_jw_end_obj(&w);
    assert_int_equal(hb_json_parse(a, hb_buf_slice(&text), &command, NULL), 0);
    r = hb_outside_notify(&org, dir, command, answer, &err);
    assert_true(r < 0 && err.message[0] != '\0');
    return r;
}

static void put(const char *name, const char *json)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(hb_file_write(path, json, strlen(json), 0644), 0);
}

static void test_registered_only(void **state)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/people", dir);
    assert_int_equal(mkdir(path, 0755), 0);
    put("people/sato.json", "{\"mail\":\"sato@example.jp\"}");
    put("people/off.json", "{\"mail\":\"off@example.jp\",\"active\":false}");
    put("people/none.json", "{\"mail\":\"\"}");
    put("people/bad.json", "{\"mail\":\"a@b\\r\\nRCPT TO:<x@y>\"}");
    put("people/torn.json", "{\"mail\":");
    put("outer.json", "{\"mail\":\"x@evil.example\"}");
    assert_int_equal(notify("sato"), -ECONNREFUSED);
    assert_int_equal(notify("off"), -ENOENT);
    assert_int_equal(notify("none"), -ENOENT);
    assert_int_equal(notify("nobody"), -ENOENT);
    assert_int_equal(notify("../outer"), -ENOENT);
    assert_int_equal(notify("x@evil.example"), -ENOENT);
    assert_int_equal(notify(""), -ENOENT);
    assert_int_equal(notify("bad"), -EINVAL);
    assert_true(notify("torn") < 0 && notify("torn") != -ECONNREFUSED);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_registered_only),
    };

    return hb_tap_run("sense/outside/mail", tests);
}
