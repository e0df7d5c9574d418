/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_schema.c - what we send is OCSF: the required attributes of each class
 * in an own table (https://schema.ocsf.io/1.4.0), checked on the JSON of an
 * event that carries no more than its producer knows.
 */
#include "tap.h"

#include "event/event.h"

#define NONE HB_F_COUNT

enum kind { INT, STR, OBJ, ARR };

struct need {
    const char *path;
    enum kind kind;
};

static const struct need every[] = {
    {"activity_id", INT},
    {"category_uid", INT},
    {"class_uid", INT},
    {"metadata.product.name", STR},
    {"metadata.product.vendor_name", STR},
    {"metadata.version", STR},
    {"severity_id", INT},
    {"time", INT},
    {"type_uid", INT},
    /* The device's own requirements, wherever it stands. */
    {"device.type_id", INT},
    {"device.hostname", STR},
    {NULL, INT},
};

/* SET is what a producer must say (text, or INTEGER's sign), NEEDS what OCSF
 * wants to see then; MISSING is the first of SET that cannot be left out. */
static const struct {
    enum hb_event_class class_uid;
    int category;
    enum hb_field set[4];
    struct need needs[8];
} classes[] = {
    {HB_EV_FILE_ACTIVITY,
     1,
     {HB_F_FILE_PATH, NONE},
     {{"actor", OBJ},
      {"device", OBJ},
      {"file.name", STR},
      {"file.type_id", INT}}},
    {HB_EV_PROCESS_ACTIVITY,
     1,
     {HB_F_PROCESS_PID, NONE},
     {{"actor", OBJ}, {"device", OBJ}, {"process", OBJ}}},
    {HB_EV_VULNERABILITY_FINDING,
     2,
     {HB_F_FINDING_TITLE, HB_F_VULNERABILITIES, NONE},
     {{"finding_info.uid", STR},
      {"finding_info.title", STR},
      {"vulnerabilities", ARR}}},
    {HB_EV_COMPLIANCE_FINDING,
     2,
     {HB_F_FINDING_TITLE, NONE},
     {{"finding_info.uid", STR},
      {"finding_info.title", STR},
      {"compliance.standards", ARR}}},
    {HB_EV_DETECTION_FINDING,
     2,
     {HB_F_FINDING_TITLE, HB_F_FINDING_RULE, NONE},
     {{"finding_info.uid", STR},
      {"finding_info.title", STR},
      {"finding_info.analytic.type_id", INT}}},
    {HB_EV_INCIDENT_FINDING,
     2,
     {HB_F_INCIDENT_UID, NONE},
     {{"finding_info_list", ARR}, {"status_id", INT}}},
    {HB_EV_ACCOUNT_CHANGE, 3, {HB_F_USER_NAME, NONE}, {{"user", OBJ}}},
    {HB_EV_AUTHENTICATION,
     3,
     {HB_F_USER_NAME, HB_F_SERVICE_NAME, NONE},
     {{"user", OBJ}, {"service", OBJ}}},
    {HB_EV_NETWORK_ACTIVITY,
     4,
     {HB_F_DST_ENDPOINT_IP, NONE},
     {{"dst_endpoint", OBJ}}},
    {HB_EV_HTTP_ACTIVITY, 4, {HB_F_HTTP_URL, NONE}, {{"http_request", OBJ}}},
    {HB_EV_EMAIL_ACTIVITY,
     4,
     {HB_F_DIRECTION_ID, HB_F_EMAIL_FROM, NONE},
     {{"direction_id", INT}, {"email", OBJ}}},
    {HB_EV_APP_LIFECYCLE,
     6,
     {NONE},
     {{"app.name", STR}, {"app.vendor_name", STR}}},
    {HB_EV_REMEDIATION, 7, {NONE}, {{"command_uid", STR}}},
    {HB_EV_FILE_REMEDIATION,
     7,
     {HB_F_FILE_PATH, NONE},
     {{"command_uid", STR}, {"file.name", STR}, {"file.type_id", INT}}},
};

static struct hb_arena *arena;

static int setup(void **state)
{
    arena = hb_arena_new(0);
    return arena != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    hb_arena_free(arena);
    return 0;
}

static void set(struct hb_event *e, enum hb_field f)
{
    struct hb_json *list = hb_json_new(arena, HB_JSON_ARR);

    switch (hb_field_type(f)) {
    case HB_FT_STR:
        assert_int_equal(hb_event_strz(e, f, "/srv/x"), 0);
        break;
    case HB_FT_INT:
        assert_int_equal(hb_event_int(e, f, 1), 0);
        break;
    case HB_FT_BOOL:
        assert_int_equal(hb_event_bool(e, f, true), 0);
        break;
    case HB_FT_JSON:
        assert_non_null(hb_json_add(arena, list, NULL, HB_JSON_OBJ));
        assert_int_equal(hb_event_json(e, f, list), 0);
        break;
    }
}

/* The class's event with all that its row sets but number WITHOUT. */
static struct hb_event *make(size_t row, int without)
{
    struct hb_event *e =
        hb_event_new(arena, classes[row].class_uid, 1, HB_SEV_MEDIUM, "test");

    assert_non_null(e);
    for (int i = 0; classes[row].set[i] != NONE; i++)
        if (i != without)
            set(e, classes[row].set[i]);
    return e;
}

static void look_for(const struct hb_json *j, const struct need *need,
                     int class_uid)
{
    static const enum hb_json_type types[] = {[INT] = HB_JSON_INT,
                                              [STR] = HB_JSON_STR,
                                              [OBJ] = HB_JSON_OBJ,
                                              [ARR] = HB_JSON_ARR};
    const struct hb_json *at = hb_json_path(j, need->path);

    if (at == NULL || at->type != types[need->kind])
        fail_msg("class %d: %s", class_uid, need->path);
    if (at->type == HB_JSON_STR && at->str.n == 0)
        fail_msg("class %d: %s is empty", class_uid, need->path);
    if (at->type == HB_JSON_OBJ || at->type == HB_JSON_ARR)
        assert_true(at->count > 0);
}

static void test_classes(void **state)
{
    for (size_t row = 0; row < HB_ARRAY_LEN(classes); row++) {
        struct hb_buf b = HB_BUF_INIT;
        struct hb_event *e = make(row, -1), *back = NULL;
        struct hb_err err = {0};
        struct hb_json *j;
        int class_uid = (int)classes[row].class_uid;

        if (hb_event_check(e, &err) != 0)
            fail_msg("class %d: %s", class_uid, err.message);
        assert_int_equal(hb_event_encode(&b, e), 0);
        assert_int_equal(hb_json_parse(arena, hb_buf_slice(&b), &j, NULL), 0);
        for (size_t i = 0; every[i].path != NULL; i++)
            look_for(j, &every[i], class_uid);
        for (size_t i = 0; classes[row].needs[i].path != NULL; i++)
            look_for(j, &classes[row].needs[i], class_uid);
        assert_int_equal(hb_json_int(j, "category_uid", 0),
                         classes[row].category);
        assert_int_equal(hb_json_int(j, "type_uid", 0), class_uid * 100 + 1);
        assert_int_equal(hb_event_decode(arena, hb_buf_slice(&b), &back, &err),
                         0);
        hb_buf_done(&b);
    }
}

/* Nothing that a row sets can be left out, except what only leads to another
 * attribute (the rule of a finding). */
static void test_required_is_required(void **state)
{
    for (size_t row = 0; row < HB_ARRAY_LEN(classes); row++)
        for (int i = 0; classes[row].set[i] != NONE; i++) {
            struct hb_err err = {0};

            if (classes[row].set[i] == HB_F_FINDING_RULE)
                continue;
            if (hb_event_check(make(row, i), &err) != -EBADMSG)
                fail_msg("class %d without %s", (int)classes[row].class_uid,
                         hb_field_path(classes[row].set[i]));
            assert_true(err.message[0] != '\0');
        }
}

static void test_bad_heads(void **state)
{
    struct hb_event *e = make(0, -1);

    e->activity = 100;
    assert_int_equal(hb_event_check(e, NULL), -EBADMSG);
    e = make(0, -1);
    e->severity = 7;
    assert_int_equal(hb_event_check(e, NULL), -EBADMSG);
    e = make(0, -1);
    e->class_uid = 1002;
    assert_int_equal(hb_event_check(e, NULL), -EBADMSG);
    e = make(0, -1);
    e->uid[0] = 'x';
    assert_int_equal(hb_event_check(e, NULL), -EBADMSG);
}

/* What the encoder adds never hides what was said. */
static void test_said_wins(void **state)
{
    struct hb_event *e = make(0, -1);
    struct hb_buf b = HB_BUF_INIT;

    assert_int_equal(hb_event_strz(e, HB_F_FILE_NAME, "other"), 0);
    assert_int_equal(hb_event_int(e, HB_F_FILE_TYPE_ID, 7), 0);
    assert_int_equal(hb_event_strz(e, HB_F_DEVICE_HOSTNAME, "web1"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_ACTOR_USER_UID, "33"), 0);
    assert_int_equal(hb_event_encode(&b, e), 0);
    assert_non_null(strstr(b.p, "\"name\":\"other\""));
    assert_non_null(strstr(b.p, "\"type_id\":7"));
    assert_non_null(strstr(b.p, "\"hostname\":\"web1\""));
    assert_non_null(strstr(b.p, "\"actor\":{\"user\":{\"uid\":\"33\"}}"));
    hb_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_classes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_required_is_required, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_bad_heads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_said_wins, setup, teardown),
    };

    return hb_tap_run("event/schema", tests);
}
