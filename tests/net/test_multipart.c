/* SPDX-License-Identifier: Apache-2.0 */
/* Forms with files: in pieces of any size, and what is no form. */
#include "../tap.h"

#include "base/buf.h"
#include "base/fault.h"
#include "net/multipart.h"

#define TYPE "multipart/form-data; boundary=edge"

struct got {
    struct hb_buf text; /* "name|file|data;" */
    int64_t at;         /* of the last part */
    int fail;           /* data() says so */
};

static int on_part(void *arg, const char *name, const char *file, int64_t at)
{
    struct got *g = arg;

    hb_buf_addf(&g->text, ";%s|%s|", name, file != NULL ? file : "-");
    g->at = at;
    return 0;
}

static int on_data(void *arg, const void *p, size_t n)
{
    struct got *g = arg;

    hb_buf_add(&g->text, p, n);
    return g->fail;
}

/* What is made of BODY in pieces of STEP; the text in *G. */
static int read_form(const char *type, const char *body, size_t n, size_t step,
                     struct got *g)
{
    const struct hb_multipart_fn fn = {on_part, on_data, g};
    struct hb_multipart *m = NULL;
    int r = hb_multipart_new(type, &fn, &m);

    hb_buf_reset(&g->text);
    for (size_t i = 0; r == 0 && i < n; i += step)
        r = hb_multipart_feed(m, body + i, HB_MIN(step, n - i));
    if (r == 0)
        r = hb_multipart_end(m);
    hb_multipart_free(m);
    return r;
}

static const char form[] =
    "--edge\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n"
    "--edge\r\nContent-Disposition: form-data; name=\"file\"; "
    "filename=\"見積 %22.pdf\"\r\nContent-Type: application/pdf\r\n\r\n"
    "x\r\n--edg\r\n--edge \r\n--edge\r\n"
    "content-disposition:form-data;name=\"b\"\r\n\r\n\r\n--edge--\r\n";

static void test_pieces(void **state)
{
    struct got g = {.text = HB_BUF_INIT};

    (void)state;
    /* "--edge " is data: a delimiter ends with CR LF or "--". */
    for (size_t step = 1; step < sizeof(form); step++) {
        int r = read_form(TYPE, form, sizeof(form) - 1, step, &g);

        assert_int_equal(r, -EBADMSG);
    }
    hb_buf_done(&g.text);
}

static const char good[] =
    "--edge\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n"
    "--edge\r\nContent-Type: application/pdf\r\nContent-Disposition: "
    "form-data; name=\"file\"; filename=\"見積 %22.pdf\"\r\n\r\n"
    "x\r\n--edg\r\n-edge--edge\r\n--edge\r\n"
    "content-disposition:form-data;name=\"b\"\r\n\r\n\r\n--edge--\r\n";

static void test_good(void **state)
{
    struct got g = {.text = HB_BUF_INIT};

    (void)state;
    for (size_t step = 1; step < sizeof(good); step++) {
        assert_int_equal(read_form(TYPE, good, sizeof(good) - 1, step, &g), 0);
        assert_string_equal(hb_buf_z(&g.text),
                            ";csrf|-|abc;file|見積 %22.pdf|x\r\n--edg\r\n"
                            "-edge--edge;b|-|");
    }
    /* Where a last part begins tells how long it is. */
    assert_int_equal((int)g.at,
                     (int)(sizeof(good) - 1 - strlen("\r\n--edge--\r\n")));
    /* Without the last line's end: curl and browsers write it, others not. */
    assert_int_equal(read_form("multipart/form-data; boundary=\"edge\"", good,
                               sizeof(good) - 3, 7, &g),
                     0);
    hb_buf_done(&g.text);
}

static void test_tail(void **state)
{
    struct got g = {.text = HB_BUF_INIT};
    const struct hb_multipart_fn fn = {on_part, on_data, &g};
    struct hb_multipart *m = NULL;

    (void)state;
    assert_int_equal(hb_multipart_new(TYPE, &fn, &m), 0);
    assert_int_equal(hb_multipart_tail(m), strlen("\r\n--edge--\r\n"));
    hb_multipart_free(m);
}

/* Large data leave the window as they come. */
static void test_large(void **state)
{
    static const char head[] = "--edge\r\nContent-Disposition: form-data; "
                               "name=\"f\"; filename=\"a\"\r\n\r\n";
    static const char tail[] = "\r\n--edge--\r\n";
    struct got g = {.text = HB_BUF_INIT};
    size_t n = sizeof(head) + 300000 + sizeof(tail);
    char *body = malloc(n);

    (void)state;
    assert_non_null(body);
    memcpy(body, head, sizeof(head) - 1);
    memset(body + sizeof(head) - 1, '\r', 300000);
    memcpy(body + sizeof(head) - 1 + 300000, tail, sizeof(tail) - 1);
    n = sizeof(head) - 1 + 300000 + sizeof(tail) - 1;
    for (size_t step = 60000; step < 70000; step += 997) {
        assert_int_equal(read_form(TYPE, body, n, step, &g), 0);
        assert_int_equal(g.text.n, 300000 + strlen(";f|a|"));
    }
    free(body);
    hb_buf_done(&g.text);
}

#define PART(head) "--edge\r\n" head "\r\n\r\nx\r\n--edge--\r\n"
#define CD         "Content-Disposition: form-data; "

static void test_bad(void **state)
{
    static const char *const bad[] = {
        "",
        "--edge",
        "--edge\r\n",
        "x--edge\r\n" CD "name=\"a\"\r\n\r\nx\r\n--edge--\r\n",
        "--other\r\n" CD "name=\"a\"\r\n\r\nx\r\n--other--\r\n",
        "--edge--",
        PART("Content-Type: text/plain"),
        PART(CD "name=\"a\"\r\n" CD "name=\"b\""),
        PART(CD "name=\"a\"; name=\"b\""),
        PART(CD "name=\"a\"; filename=\"b\"; filename=\"c\""),
        PART(CD "name=\"a\"; filename*=UTF-8''x"),
        PART(CD "name=a"),
        PART(CD "name=\"a"),
        PART(CD "filename=\"a\""),
        PART(CD "name=\"a\" filename=\"b\""),
        PART(CD "name=\"\xff\""),
        PART("Content-Disposition: attachment; name=\"a\""),
        PART(CD "name=\"a\";\r\n filename=\"b\""),
        PART(CD "name=\"a\"") "more",
        PART(CD "name=\"a\"") "--edge--\r\n",
        "--edge\r\n" CD "name=\"a\"\r\n\r\nx\r\n--edge-",
        "--edge\r\n" CD "name=\"a\"\r\n\r\nx",
    };
    struct got g = {.text = HB_BUF_INIT};

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        for (size_t step = 1; step < 50; step += 7) {
            int r = read_form(TYPE, bad[i], strlen(bad[i]), step, &g);

            if (strcmp(bad[i], "--edge--") == 0)
                assert_int_equal(r, 0); /* a form without a field */
            else if (r != -EBADMSG)
                fail_msg("%zu, step %zu: %d", i, step, r);
        }
    hb_buf_done(&g.text);
}

static void test_types(void **state)
{
    static const char *const bad[] = {
        "multipart/form-data",
        "multipart/form-data; charset=utf-8",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=a b",
        "multipart/form-data; boundary=a\"",
        "multipart/mixed; boundary=a",
        "text/plain",
        "multipart/form-data; "
        "boundary=01234567890123456789012345678901234567890"
        "12345678901234567890123456789x",
    };
    struct got g = {.text = HB_BUF_INIT};

    (void)state;
    assert_int_equal(read_form(NULL, "", 0, 1, &g), -EINVAL);
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        assert_int_equal(read_form(bad[i], "", 0, 1, &g), -EINVAL);
    hb_buf_done(&g.text);
}

static void test_limits(void **state)
{
    struct got g = {.text = HB_BUF_INIT};
    struct hb_buf b = HB_BUF_INIT;

    (void)state;
    for (unsigned i = 0; i < HB_MULTIPART_PARTS + 1; i++)
        hb_buf_addz(&b, "--edge\r\n" CD "name=\"a\"\r\n\r\nx\r\n");
    hb_buf_addz(&b, "--edge--\r\n");
    assert_int_equal(read_form(TYPE, b.p, b.n, 1000, &g), -EBADMSG);
    hb_buf_reset(&b);
    hb_buf_addz(&b, "--edge\r\nX: ");
    for (unsigned i = 0; i < 5000; i++)
        hb_buf_addc(&b, 'x');
    assert_int_equal(read_form(TYPE, b.p, b.n, 1000, &g), -EBADMSG);
    hb_buf_done(&b);
    hb_buf_done(&g.text);
}

static void test_stops(void **state)
{
    struct got g = {.text = HB_BUF_INIT, .fail = -ENOSPC};

    (void)state;
    assert_int_equal(read_form(TYPE, good, sizeof(good) - 1, 10, &g), -ENOSPC);
    hb_fault_set(HB_FAULT_ALLOC, 1);
    assert_int_equal(read_form(TYPE, good, sizeof(good) - 1, 10, &g), -ENOMEM);
    hb_fault_set(HB_FAULT_ALLOC, 0);
    hb_buf_done(&g.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces), cmocka_unit_test(test_good),
        cmocka_unit_test(test_tail),   cmocka_unit_test(test_large),
        cmocka_unit_test(test_bad),    cmocka_unit_test(test_types),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_stops),
    };

    return hb_tap_run("net/multipart", tests);
}
