/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_codec.c - events out as OCSF JSON and in again: nothing is lost, and
 * what contradicts itself is refused with the attribute's name.
 */
#include "tap.h"

#include "base/num.h"
#include "event/event.h"

#define HEAD                                                                   \
    "\"activity_id\":3,\"category_uid\":1,\"class_uid\":1001,\"metadata\":{"   \
    "\"product\":{\"name\":\"Hinoban\"},"                                      \
    "\"uid\":\"01900000-0000-7000-8000-000000000001\",\"version\":\"1.4.0\"}," \
    "\"severity_id\":4,\"time\":1790000000123,\"type_uid\":100103"

static struct hb_arena *arena;
static struct hb_buf out;

static int setup(void **state)
{
    arena = hb_arena_new(0);
    hb_buf_init(&out, 0);
    return arena != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    hb_buf_done(&out);
    hb_arena_free(arena);
    return 0;
}

static struct hb_event *again(const struct hb_event *e)
{
    struct hb_event *ret = NULL;
    struct hb_err err = {0};
    int r;

    hb_buf_reset(&out);
    assert_int_equal(hb_event_encode(&out, e), 0);
    r = hb_event_decode(arena, hb_buf_slice(&out), &ret, &err);
    if (r != 0)
        fail_msg("%s: %s", err.message, hb_buf_z(&out));
    return ret;
}

static void same(const struct hb_event *a, const struct hb_event *b)
{
    assert_string_equal(a->uid, b->uid);
    assert_int_equal(a->class_uid, b->class_uid);
    assert_int_equal(a->activity, b->activity);
    assert_int_equal(a->severity, b->severity);
    assert_true(a->time == b->time && a->mono == b->mono);
    assert_string_equal(a->source, b->source);
    for (const struct hb_event_field *f = a->first; f != NULL; f = f->next) {
        const struct hb_event_field *g = hb_event_get(b, f->field);

        assert_non_null(g);
        assert_true(f->integer == g->integer);
        assert_true(hb_slice_eq(f->str, g->str));
        assert_true(hb_slice_eq(f->raw, g->raw));
    }
}

static void test_round_trip(void **state)
{
    struct hb_event *e =
        hb_event_new(arena, HB_EV_FILE_ACTIVITY, 3, HB_SEV_HIGH, "sense/files");
    struct hb_json *obj = hb_json_new(arena, HB_JSON_OBJ);
    struct hb_event *back;

    assert_non_null(e);
    assert_non_null(hb_json_add_str(arena, obj, "sha256", "ab"));
    for (int i = 0; i < HB_F_COUNT; i++) {
        if (i == HB_F_UNMAPPED)
            continue;
        switch (hb_field_type(i)) {
        case HB_FT_STR:
            assert_int_equal(hb_event_strz(e, i, "\xe7\x81\xab \"\\\n\x01 end"),
                             0);
            break;
        case HB_FT_INT:
            assert_int_equal(hb_event_int(e, i, -i * 1000000007LL), 0);
            break;
        case HB_FT_BOOL:
            assert_int_equal(hb_event_bool(e, i, i % 2 == 0), 0);
            break;
        case HB_FT_JSON:
            assert_int_equal(hb_event_json(e, i, obj), 0);
            break;
        }
    }
    e->time = 1790000000123456789;
    e->mono = UINT64_MAX;
    back = again(e);
    same(e, back);
    same(back, again(back));
}

static void test_times_before_1970(void **state)
{
    static const int64_t times[] = {-1, -1000000, -1000001, 0, 999999};
    struct hb_event *e =
        hb_event_new(arena, HB_EV_APP_LIFECYCLE, 3, HB_SEV_INFO, "core");

    for (size_t i = 0; i < HB_ARRAY_LEN(times); i++) {
        e->time = times[i];
        assert_true(again(e)->time == times[i]);
    }
}

static void test_raw_bytes_come_back(void **state)
{
    struct hb_event *e =
        hb_event_new(arena, HB_EV_FILE_ACTIVITY, 1, HB_SEV_LOW, "sense/files");

    assert_int_equal(
        hb_event_str(e, HB_F_FILE_PATH, HB_SLICE("/srv/\xff\xfe\0.php")), 0);
    same(e, again(e));
    assert_non_null(strstr(hb_buf_z(&out),
                           "\"raw\":{\"file.path\":\"2f7372762ffffe002e706870"
                           "\""));
    assert_true(hb_utf8_valid(out.p, out.n));
}

static void test_shape_on_the_wire(void **state)
{
    struct hb_event *e =
        hb_event_new(arena, HB_EV_FILE_ACTIVITY, 3, HB_SEV_HIGH, "sense/files");
    struct hb_json *j;

    assert_int_equal(hb_event_strz(e, HB_F_FILE_PATH, "/srv/www/a.html"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_ACTOR_PROCESS_NAME, "sh"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_SITE, "corp"), 0);
    e->time = 1790000000123456789;
    assert_int_equal(hb_event_encode(&out, e), 0);
    assert_null(memchr(out.p, '\n', out.n));
    assert_int_equal(hb_json_parse(arena, hb_buf_slice(&out), &j, NULL), 0);
    assert_int_equal(hb_json_int(j, "type_uid", 0), 100103);
    assert_int_equal(hb_json_int(j, "category_uid", 0), 1);
    assert_true(hb_json_int(j, "time", 0) == 1790000000123);
    assert_int_equal(hb_json_path(j, "unmapped.time_ns")->integer, 456789);
    assert_string_equal(hb_json_path(j, "unmapped.site")->str.p, "corp");
    assert_string_equal(hb_json_path(j, "file.name")->str.p, "a.html");
    assert_string_equal(hb_json_path(j, "actor.process.name")->str.p, "sh");
    assert_null(hb_json_path(j, "actor.user")); /* nothing was invented */
    assert_string_equal(hb_json_path(j, "metadata.product.feature.name")->str.p,
                        "sense/files");
    assert_string_equal(hb_json_path(j, "metadata.product.vendor_name")->str.p,
                        "Hinoban");
    assert_non_null(hb_json_path(j, "device.hostname"));
}

static void test_unknown_is_kept(void **state)
{
    static const char in[] =
        "{" HEAD ",\"file\":{\"name\":\"a\",\"company_name\":\"x\"},"
        "\"cloud\":{\"region\":[1,{\"a\":null}]},\"file.path\":\"trap\","
        "\"status\":null,\"class_name\":\"File System Activity\","
        "\"unmapped\":{\"foo\":1,\"other\":{\"old\":true}}}";
    struct hb_event *e = NULL, *f;
    struct hb_err err = {0};
    const char *other;

    if (hb_event_decode(arena, hb_slice_z(in), &e, &err) != 0)
        fail_msg("%s", err.message);
    other = hb_event_getz(e, HB_F_UNMAPPED, "");
    assert_non_null(strstr(other, "\"file.company_name\":\"x\""));
    assert_non_null(strstr(other, "\"cloud\":{\"region\":[1,{\"a\":null}]}"));
    assert_non_null(strstr(other, "\"file.path\":\"trap\""));
    assert_non_null(strstr(other, "\"class_name\":\"File System Activity\""));
    assert_non_null(strstr(other, "\"unmapped.foo\":1"));
    assert_non_null(strstr(other, "\"old\":true"));
    assert_null(hb_event_get(e, HB_F_STATUS));
    assert_null(hb_event_get(e, HB_F_FILE_PATH));
    assert_string_equal(e->source, "Hinoban");
    f = again(e);
    assert_string_equal(hb_event_getz(f, HB_F_UNMAPPED, ""), other);
}

static void test_other_products(void **state)
{
    static const char in[] =
        "{\"activity_id\":1,\"category_uid\":4,\"class_uid\":4002,"
        "\"metadata\":{\"product\":{\"name\":\"nginx\",\"vendor_name\":"
        "\"F5\"},\"uid\":\"01900000-0000-7000-8000-000000000002\","
        "\"version\":\"1.1.0\"},\"severity_id\":1,\"time\":5,"
        "\"type_uid\":400201,\"http_request\":{\"url\":{\"url_string\":"
        "\"/\"}}}";
    struct hb_event *e = NULL;

    assert_int_equal(hb_event_decode(arena, hb_slice_z(in), &e, NULL), 0);
    assert_string_equal(e->source, "nginx");
    assert_non_null(strstr(hb_event_getz(e, HB_F_UNMAPPED, ""),
                           "\"metadata.product.vendor_name\":\"F5\""));
    assert_true(e->time == 5000000 && e->mono == 0);
}

static void test_refused(void **state)
{
    static const struct {
        const char *json, *says;
    } t[] = {
        {"", ""},
        {"[]", "object"},
        {"{}", "activity_id"},
        {"{" HEAD "}", "file.name"},
        {"{" HEAD ",\"file\":\"x\"}", "file"},
        {"{" HEAD ",\"file\":{\"name\":1}}", "file.name"},
        {"{" HEAD ",\"file\":{\"name\":\"a\",\"size\":\"1\"}}", "file.size"},
        {"{" HEAD ",\"file\":{\"name\":\"a\",\"size\":1.5}}", "file.size"},
        {"{" HEAD ",\"file\":{\"name\":\"a\",\"hashes\":\"x\"}}",
         "file.hashes"},
        {"{" HEAD ",\"file\":{\"name\":\"a\"},\"unmapped\":{\"other\":1}}",
         "unmapped.other"},
        {"{" HEAD ",\"file\":{\"name\":\"a\"},\"unmapped\":{\"time_ns\":"
         "1000000}}",
         "time"},
        {"{" HEAD ",\"file\":{\"name\":\"a\"},\"unmapped\":{\"mono\":\"-1\"}}",
         "time"},
        {"{" HEAD ",\"file\":{\"name\":\"a\"},\"unmapped\":{\"raw\":"
         "{\"file.name\":\"zz\"}}}",
         "unmapped.raw"},
        {"{" HEAD ",\"file\":{\"name\":\"a\"},\"unmapped\":{\"raw\":"
         "{\"file.name\":\"ff\"}}}",
         "unmapped.raw"}, /* the bytes say something else */
        {"{" HEAD ",\"file\":{\"name\":\"a\"},\"unmapped\":{\"raw\":"
         "{\"file.path\":\"ff\"}}}",
         "unmapped.raw"},
        {"{" HEAD ",\"file\":{\"name\":\"a\"},\"a\":{\"b\":1},\"unmapped\":"
         "{\"other\":{\"a\":2}}}",
         "a"},
        {"{" HEAD ",\"file\":{\"name\":\"a\"}} x", ""},
        {"{\"activity_id\":3,\"category_uid\":2,\"class_uid\":1001,"
         "\"metadata\":{\"product\":{\"name\":\"Hinoban\"},\"uid\":"
         "\"01900000-0000-7000-8000-000000000001\",\"version\":\"1.4.0\"},"
         "\"severity_id\":4,\"time\":1,\"type_uid\":100103}",
         "category_uid"},
        {"{\"activity_id\":3,\"category_uid\":1,\"class_uid\":1001,"
         "\"metadata\":{\"product\":{\"name\":\"Hinoban\"},\"uid\":"
         "\"01900000-0000-7000-8000-000000000001\",\"version\":\"1.4.0\"},"
         "\"severity_id\":4,\"time\":1,\"type_uid\":100104}",
         "type_uid"},
        {"{\"activity_id\":3,\"category_uid\":1,\"class_uid\":1001,"
         "\"metadata\":{\"product\":{\"name\":\"Hinoban\"},\"uid\":"
         "\"../../etc/passwd\",\"version\":\"1.4.0\"},"
         "\"severity_id\":4,\"time\":1,\"type_uid\":100103}",
         "metadata.uid"},
        {"{\"activity_id\":3,\"category_uid\":1,\"class_uid\":1001,"
         "\"metadata\":{\"product\":{\"name\":\"Hinoban\"},\"uid\":"
         "\"01900000-0000-7000-8000-000000000001\",\"version\":\"2.0\"},"
         "\"severity_id\":4,\"time\":1,\"type_uid\":100103}",
         "metadata.version"},
        {"{\"activity_id\":3,\"category_uid\":1,\"class_uid\":1001,"
         "\"metadata\":{\"product\":{\"name\":\"Hinoban\"},\"uid\":"
         "\"01900000-0000-7000-8000-000000000001\",\"version\":\"1.4.0\"},"
         "\"severity_id\":7,\"time\":1,\"type_uid\":100103}",
         "severity_id"},
        {"{\"activity_id\":3,\"category_uid\":1,\"class_uid\":1001,"
         "\"metadata\":{\"product\":{\"name\":\"Hinoban\"},\"uid\":"
         "\"01900000-0000-7000-8000-000000000001\",\"version\":\"1.4.0\"},"
         "\"severity_id\":1,\"time\":9223372036854775807,\"type_uid\":"
         "100103}",
         "time"},
        {"{\"activity_id\":1,\"category_uid\":9,\"class_uid\":9999,"
         "\"metadata\":{\"product\":{\"name\":\"Hinoban\"},\"uid\":"
         "\"01900000-0000-7000-8000-000000000001\",\"version\":\"1.4.0\"},"
         "\"severity_id\":1,\"time\":1,\"type_uid\":999901}",
         "9999"},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(t); i++) {
        struct hb_event *e = NULL;
        struct hb_err err = {0};

        if (hb_event_decode(arena, hb_slice_z(t[i].json), &e, &err) != -EBADMSG)
            fail_msg("accepted: %s", t[i].json);
        assert_null(e);
        if (err.code >= 0 || strstr(err.message, t[i].says) == NULL)
            fail_msg("\"%s\" does not name %s", err.message, t[i].says);
    }
}

static void test_too_many_unknown(void **state)
{
    struct hb_event *e = NULL;
    struct hb_err err = {0};

    hb_buf_addz(&out, "{" HEAD ",\"file\":{\"name\":\"a\"}");
    for (int i = 0; i < 300; i++)
        hb_buf_addf(&out, ",\"k%d\":1", i);
    hb_buf_addc(&out, '}');
    assert_int_equal(hb_event_decode(arena, hb_buf_slice(&out), &e, &err),
                     -EBADMSG);
    assert_non_null(strstr(err.message, "256"));
}

static void test_too_deep(void **state)
{
    struct hb_event *e = NULL;

    hb_buf_addz(&out, "{" HEAD ",\"file\":{\"name\":\"a\"},\"x\":");
    for (int i = 0; i < 28; i++)
        hb_buf_addc(&out, '[');
    for (int i = 0; i < 28; i++)
        hb_buf_addc(&out, ']');
    hb_buf_addc(&out, '}');
    assert_int_equal(hb_event_decode(arena, hb_buf_slice(&out), &e, NULL),
                     -EBADMSG);
}

static void test_size_has_a_ceiling(void **state)
{
    struct hb_event *e = hb_event_new(arena, HB_EV_APP_LIFECYCLE, 3,
                                      HB_SEV_INFO, "core"),
                    *back = NULL;
    char *big = malloc(HB_MAX_EVENT + 1);

    assert_non_null(big);
    memset(big, 'm', HB_MAX_EVENT + 1);
    assert_int_equal(hb_event_str(e, HB_F_MESSAGE, hb_slice(big, HB_MAX_EVENT)),
                     0);
    hb_buf_addz(&out, "before");
    assert_int_equal(hb_event_encode(&out, e), -EFBIG);
    assert_string_equal(hb_buf_z(&out), "before");
    assert_int_equal(hb_event_str(e, HB_F_MESSAGE, hb_slice(big, 60000)), 0);
    assert_int_equal(hb_event_encode(&out, e), 0);
    memset(big, ' ', HB_MAX_EVENT + 1);
    assert_int_equal(
        hb_event_decode(arena, hb_slice(big, HB_MAX_EVENT + 1), &back, NULL),
        -EBADMSG);
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_times_before_1970, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_raw_bytes_come_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_shape_on_the_wire, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unknown_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_products, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_deep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_size_has_a_ceiling, setup,
                                        teardown),
    };

    return hb_tap_run("event/codec", tests);
}
