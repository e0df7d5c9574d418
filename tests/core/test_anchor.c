/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_anchor.c - checkpoints that cannot leave: told once, tried again ever
 * more rarely, made up for; and a core that starts anew knows all of it.
 */
#include "core/box.h"

#include "base/clock.h"

#define MINUTE ((int64_t)(60 * HB_S))
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* Stands in for the role outside. */
struct outside {
    struct hb_bus *bus;
    bool refuse;
    int mails;
    char lines[1024];
};
static struct outside role;
static int64_t shifted;

static void later(int64_t ns)
{
    hb_clock_shift(ns);
    shifted += ns;
}

static void on_command(void *arg, const struct hb_json *command)
{
    const char *key = hb_json_str(command, "key", "");

    assert_string_equal(hb_json_str(command, "cmd", ""), "mail");
    role.mails++;
    (void)hb_copyz(role.lines, sizeof(role.lines),
                   hb_json_str(command, "lines", ""));
    assert_int_equal(hb_bus_answer(role.bus, key,
                                   role.refuse ? "failed" : "done", "{}",
                                   role.refuse ? "no relay" : ""),
                     0);
}

static void role_up(void)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e =
        hb_event_new(a, HB_EV_APP_LIFECYCLE, 99, HB_SEV_INFO, "sense/outside");

    assert_non_null(e);
    assert_int_equal(hb_event_strz(e, HB_F_STATUS, "ready"), 0);
    assert_int_equal(
        hb_bus_new(core.loop, event_path, "sense/outside", 1u << 20, &role.bus),
        0);
    hb_bus_on_command(role.bus, on_command, NULL);
    assert_int_equal(hb_bus_send(role.bus, e), 0);
    turn(5);
    assert_true(hb_core_connected(&core, "sense/outside"));
}

static int make(void **state)
{
    char path[600];

    role = (struct outside){0};
    if (box_make(state) < 0 || hb_key_generate(&core.evidence_key) < 0 ||
        hb_key_pub(core.evidence_key, &core.evidence_pub) < 0)
        return -1;
    hb_evidence_close(core.state.evidence);
    (void)snprintf(path, sizeof(path), "%s/evidence", scratch);
    if (hb_evidence_open(path, core.evidence_key, &core.state.evidence, NULL) <
        0)
        return -1;
    config.organisation.anchor = "mail:officer@example.jp";
    return 0;
}

static int drop(void **state)
{
    hb_bus_free(role.bus);
    hb_key_free(core.evidence_key);
    hb_pub_free(core.evidence_pub);
    hb_clock_shift(-shifted);
    shifted = 0;
    return box_drop(state);
}

/* The timer of ten minutes. */
static void tick(void)
{
    struct hb_err err = {0};

    (void)!hb_core_checkpoint(&core, HB_SEND_DUE, NULL, &err);
    turn(5);
}

static int count_one(void *arg, const char *uid, int64_t time,
                     struct hb_slice json)
{
    ++*(int *)arg;
    return 0;
}

static int events(const char *status)
{
    struct hb_events_query q = {.text = status, .limit = 1000};
    int n = 0;

    assert_int_equal(hb_events_find(core.events, &q, count_one, &n, NULL), 0);
    return n;
}

/* What the control says, English. */
static const char *reason(void)
{
    static char out[512];
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_stmt *q;

    hb_core_own_controls(&core);
    assert_int_equal(hb_db_stmt(core.state.db,
                                "SELECT reason FROM control_result"
                                " WHERE control = 'evidence.anchored'",
                                &q),
                     0);
    assert_int_equal(hb_stmt_step(q), 1);
    hb_control_reason(&b, hb_stmt_col_text(q, 0), false);
    hb_stmt_reset(q);
    (void)hb_copyz(out, sizeof(out), hb_buf_z(&b));
    return out;
}

static int64_t status(void)
{
    hb_core_own_controls(&core);
    return box_number("SELECT status FROM control_result"
                      " WHERE control = 'evidence.anchored'");
}

/* As after a restart: nothing but the stores is left. */
static void forget(void)
{
    core.mailing = false;
    core.mailing_items = 0;
    core.paper_seen = (struct hb_core_paper){0};
}

/* A new content of the log, and nothing of the table of what was staged. */
static void evidence(void)
{
    static unsigned n;
    struct hb_evidence_item item = {.incident = 1,
                                    .kind = "document",
                                    .name = "n",
                                    .taken_by = "role:core",
                                    .source = "s"};
    char text[32];

    (void)snprintf(text, sizeof(text), "piece %u", ++n);
    assert_int_equal(
        hb_evidence_add_bytes(core.state.evidence, &item, hb_slice_z(text)), 0);
}

/* What was staged and stands in the log already is no more evidence. */
static void staged(void)
{
    assert_int_equal(hb_db_exec(core.state.db,
                                "INSERT INTO staged(key, incident, path,"
                                " event_uid, evidence) VALUES(lower(hex("
                                "randomblob(16))), 1, '/w', 'u', 1)",
                                ""),
                     0);
}

static void test_mail_goes_seldom(void **state)
{
    role_up();
    tick();
    assert_int_equal(role.mails, 1);
    assert_non_null(strstr(role.lines, "hinoban-checkpoint: "));
    assert_int_equal(status(), HB_CS_PASS);
    for (int i = 0; i < 10; i++) {
        later(10 * MINUTE);
        tick();
    }
    assert_int_equal(role.mails, 1);
    staged();
    tick();
    assert_int_equal(role.mails, 1);
    evidence();
    tick();
    assert_int_equal(role.mails, 2);
    evidence();
    later(50 * MINUTE);
    tick();
    assert_int_equal(role.mails, 2);
    later(10 * MINUTE);
    tick();
    assert_int_equal(role.mails, 3);
    later(DAY);
    tick();
    assert_int_equal(role.mails, 4);
    assert_int_equal(events("anchored"), 0);
}

/* A checkpoint after a checkpoint says nothing: a log of years stays short
 * enough to be verified by a stranger's shell. */
static void test_nothing_new(void **state)
{
    static char anchor[600];
    struct hb_evidence_item item = {.incident = 1,
                                    .kind = "note",
                                    .name = "n",
                                    .taken_by = "role:core",
                                    .source = "s"};
    int64_t lines;

    (void)snprintf(anchor, sizeof(anchor), "file:%s/anchor", scratch);
    config.organisation.anchor = anchor;
    tick();
    lines = hb_evidence_lines(core.state.evidence);
    assert_int_equal(lines, 1);
    for (int i = 0; i < 3 * 24 * 6; i++) {
        later(10 * MINUTE);
        tick();
        assert_int_equal(status(), HB_CS_PASS);
    }
    assert_in_range(hb_evidence_lines(core.state.evidence), 3, 4);
    lines = hb_evidence_lines(core.state.evidence);
    assert_int_equal(hb_evidence_note(core.state.evidence, &item), 0);
    tick();
    tick();
    assert_int_equal(hb_evidence_lines(core.state.evidence), lines + 2);
    /* A person gets one whenever they ask. */
    assert_int_equal(hb_core_checkpoint(&core, HB_SEND_NOW, NULL, NULL), 0);
    assert_int_equal(hb_evidence_lines(core.state.evidence), lines + 3);
    /* One on paper was not written where the anchor is. */
    assert_int_equal(hb_core_checkpoint(&core, HB_SEND_PAPER, NULL, NULL), 0);
    tick();
    tick();
    lines++;
    assert_int_equal(hb_evidence_lines(core.state.evidence), lines + 4);
    lines++;
    /* A clock that goes back does not hold it up. */
    later(-40 * DAY);
    tick();
    assert_int_equal(hb_evidence_lines(core.state.evidence), lines + 4);
}

static void test_restart(void **state)
{
    role_up();
    tick();
    for (int i = 0; i < 3; i++) {
        later(MINUTE);
        forget();
        tick();
    }
    assert_int_equal(role.mails, 1);
    /* Nor does it forget that there is something to tell. */
    evidence();
    later(HOUR);
    forget();
    tick();
    assert_int_equal(role.mails, 2);
    /* A clock that was wrong does not keep it silent. */
    later(-30 * DAY);
    forget();
    tick();
    assert_int_equal(role.mails, 3);
}

static void test_back_off(void **state)
{
    int before = 0;
    int64_t waited = 0, longest = 0;

    role.refuse = true;
    role_up();
    for (int i = 0; i < 6 * 48; i++) { /* two days */
        tick();
        if (role.mails != before) {
            longest = HB_MAX(longest, waited);
            waited = 0;
            before = role.mails;
        }
        if (i == 5)
            assert_int_equal(role.mails, 3); /* at 0, 10, 30 minutes */
        if (i == 100)
            forget();
        later(10 * MINUTE);
        waited += 10 * MINUTE;
    }
    assert_in_range(role.mails, 11, 14);
    assert_in_range(longest, 6 * HOUR, 6 * HOUR + 20 * MINUTE);
    assert_int_equal(events("\"not-anchored\""), 1);
    assert_int_equal(events("\"anchored-again\""), 0);
    assert_int_equal(status(), HB_CS_FAIL);
    assert_non_null(strstr(reason(), "none could since 20"));
    /* A person need not wait. */
    before = role.mails;
    assert_int_equal(hb_core_checkpoint(&core, HB_SEND_NOW, NULL, NULL), 0);
    turn(5);
    assert_int_equal(role.mails, before + 1);
    role.refuse = false;
    later(6 * HOUR);
    tick();
    assert_int_equal(events("\"anchored-again\""), 1);
    assert_int_equal(status(), HB_CS_PASS);
    assert_string_equal(reason(), "Checkpoints of the evidence leave this "
                                  "machine.");
    tick();
    assert_int_equal(events("\"anchored-again\""), 1);
    assert_int_equal(events("\"not-anchored\""), 1);
    /* The next row is told anew, and the last that left is named. */
    role.refuse = true;
    later(DAY);
    tick();
    assert_int_equal(events("\"not-anchored\""), 2);
    assert_int_equal(status(), HB_CS_PASS);
    assert_non_null(strstr(reason(), "but none could since 20"));
    later(2 * DAY);
    assert_int_equal(status(), HB_CS_FAIL);
    assert_non_null(strstr(reason(), "has left this machine since 20"));
}

/* The role that mails is away: the same. */
static void test_nobody_to_mail(void **state)
{
    for (int i = 0; i < 12; i++) {
        tick();
        later(10 * MINUTE);
    }
    assert_int_equal(events("\"not-anchored\""), 1);
    later(6 * HOUR);
    role_up();
    tick();
    assert_int_equal(role.mails, 1);
    assert_int_equal(events("\"anchored-again\""), 1);
}

static void test_file(void **state)
{
    static char anchor[600];
    char share[600];

    (void)snprintf(anchor, sizeof(anchor), "file:%s/share/box", scratch);
    config.organisation.anchor = anchor;
    for (int i = 0; i < 5; i++) {
        tick();
        later(10 * MINUTE);
    }
    assert_int_equal(events("\"not-anchored\""), 1);
    (void)snprintf(share, sizeof(share), "%s/share", scratch);
    assert_int_equal(mkdir(share, 0700), 0);
    tick();
    assert_int_equal(events("\"anchored-again\""), 1);
    assert_int_equal(status(), HB_CS_PASS);
}

/* At the end of core nobody would hear that a mail was taken. */
static void test_stop(void **state)
{
    role_up();
    assert_int_equal(hb_core_checkpoint(&core, HB_SEND_NO_MAIL, NULL, NULL), 0);
    turn(5);
    assert_int_equal(role.mails, 0);
}

/* "NUMBER-DIGITS" of a checkpoint that is printed now. */
static const char *printed(void)
{
    static char code[64];
    _cleanup_buf_ struct hb_buf line = HB_BUF_INIT;
    struct hb_err err = {0};
    const char *z;

    assert_int_equal(hb_core_checkpoint(&core, HB_SEND_PAPER, &line, &err), 0);
    z = hb_buf_z(&line);
    (void)snprintf(code, sizeof(code), "%.*s-%.12s", (int)strcspn(z, " "), z,
                   strchr(z, ' ') + 1);
    return code;
}

static int kept(const char *code)
{
    const struct hb_person sato = {.name = "sato"};
    struct hb_err err = {0};
    int r = hb_core_anchor_paper(&core, &sato, code, "safe, room 2", &err);

    assert_int_equal(r < 0, err.message[0] != '\0');
    return r;
}

static int see_anchor(void *arg, const struct hb_evidence_item *i)
{
    if (hb_streq(i->kind, "anchor") && hb_streq(i->taken_by, "person:sato") &&
        hb_streq(i->source, "safe, room 2"))
        ++*(int *)arg;
    return 0;
}

/* A paper counts once a person says that it was put away, and covers what was
 * taken before it. */
static void test_paper(void **state)
{
    char code[64], other[64];
    int notes = 0;

    config.organisation.anchor = "";
    evidence();
    (void)hb_copyz(code, sizeof(code), printed());
    assert_int_equal(status(), HB_CS_FAIL);
    (void)hb_copyz(other, sizeof(other), code);
    other[strlen(other) - 1] ^= 1;
    assert_int_equal(kept(other), -EUCLEAN);
    assert_int_equal(kept("99-0123456789ab"), -EUCLEAN);
    assert_int_equal(kept("99"), -EINVAL);
    assert_int_equal(kept("0-01"), -EINVAL);
    assert_int_equal(kept("0-000000000000"), -EINVAL);
    assert_int_equal(kept("-1-000000000000"), -EINVAL);
    assert_int_equal(kept(""), -EINVAL);
    assert_int_equal(status(), HB_CS_FAIL);
    assert_int_equal(kept(code), 0);
    assert_int_equal(status(), HB_CS_PASS);
    assert_non_null(strstr(reason(), "of the evidence of 20"));
    assert_int_equal(
        hb_evidence_each(core.state.evidence, 0, see_anchor, &notes), 0);
    assert_int_equal(notes, 1);
    /* Nothing more was taken: it stays true, whatever else is counted. */
    later(300 * DAY);
    forget();
    staged();
    assert_int_equal(status(), HB_CS_PASS);
    /* What is taken later is not on it: two days are left for the next. */
    evidence();
    assert_int_equal(status(), HB_CS_PASS);
    later(2 * DAY - MINUTE);
    evidence();
    assert_int_equal(status(), HB_CS_PASS);
    later(MINUTE);
    assert_int_equal(status(), HB_CS_FAIL);
    assert_non_null(strstr(reason(), "has left this machine since 20"));
}

/* Saying it again, or late, makes nothing of a sheet that it does not hold. */
static void test_old_paper(void **state)
{
    char first[64], second[64];

    config.organisation.anchor = "";
    evidence();
    (void)hb_copyz(first, sizeof(first), printed());
    evidence();
    later(3 * DAY);
    assert_int_equal(kept(first), 0);
    assert_int_equal(status(), HB_CS_FAIL);
    (void)hb_copyz(second, sizeof(second), printed());
    assert_int_equal(kept(second), 0);
    assert_int_equal(status(), HB_CS_PASS);
    /* The older one takes nothing away. */
    assert_int_equal(kept(first), 0);
    assert_int_equal(status(), HB_CS_PASS);
    evidence();
    later(3 * DAY);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kept(second), 0);
        forget();
        assert_int_equal(status(), HB_CS_FAIL);
    }
    /* A clock that goes back makes it no newer. */
    later(-30 * DAY);
    assert_int_equal(status(), HB_CS_FAIL);
    later(30 * DAY);
    assert_int_equal(kept(printed()), 0);
    later(3 * DAY);
    assert_int_equal(status(), HB_CS_PASS);
}

/* Every line has a digest; what is printed are checkpoints. */
static void test_no_checkpoint(void **state)
{
    struct hb_evidence_at at = {0};
    char hex[2 * HB_SHA256_SIZE + 1], code[64];

    config.organisation.anchor = "";
    evidence();
    evidence();
    (void)printed();
    assert_int_equal(hb_evidence_at(core.state.evidence, 1, &at), 0);
    hb_hex(at.digest, sizeof(at.digest), hex);
    (void)snprintf(code, sizeof(code), "1-%.12s", hex);
    assert_int_equal(kept(code), -EUCLEAN);
    assert_int_equal(status(), HB_CS_FAIL);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_mail_goes_seldom),
        MADE(test_restart),
        MADE(test_back_off),
        MADE(test_nobody_to_mail),
        MADE(test_file),
        MADE(test_stop),
        MADE(test_paper),
        MADE(test_old_paper),
        MADE(test_no_checkpoint),
        MADE(test_nothing_new),
    };

    return hb_tap_run("core/anchor", tests);
}
