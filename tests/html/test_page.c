/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: what each place does to hostile values, and what is refused. */
#include "../tap.h"

#include "base/fault.h"
#include "html/page.h"

#define EVIL "<b>\"'&</script>\u202ex"

static char made[16384];

/* What TEMPLATE makes of V's values; the error's code. */
static int make(const char *template, const char *part,
                void (*fill)(struct hb_view *v))
{
    const struct hb_web_file files[] = {
        {"a.html", template, strlen(template), "0"},
        {"part/p.html", part, strlen(part), "0"},
        {NULL, NULL, 0, NULL},
    };
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_pages *p = NULL;
    struct hb_err err = {0};
    struct hb_view *v;
    int r = hb_pages_new(files, 540, "JST", &p, &err);

    made[0] = '\0';
    if (r == 0 && a == NULL) {
        hb_pages_free(p);
        return -ENOMEM;
    }
    if (r < 0) {
        assert_true(err.message[0] != '\0' || r == -ENOMEM);
        return r;
    }
    v = hb_view_new(p, a, HB_LANG_EN);
    if (fill != NULL)
        fill(v);
    r = hb_page(p, "a.html", v, &b, &err);
    if (r == 0)
        (void)snprintf(made, sizeof(made), "%s", hb_buf_z(&b));
    hb_pages_free(p);
    return r;
}

static void evil(struct hb_view *v)
{
    struct hb_view *row;

    hb_view_str(v, "x", EVIL);
    hb_view_str(v, "empty", "");
    hb_view_str(v, "js", "javascript:alert(1)");
    hb_view_str(v, "url", "/a?b=c d");
    hb_view_str(v, "lines", "one\n<two>");
    hb_view_str(v, "typed", "\n\ta\r\n&b\u200d\n");
    hb_view_str(v, "id", "a b/../:?&\"\u706b@c");
    hb_view_int(v, "n", -5);
    hb_view_bool(v, "yes", true);
    hb_view_bool(v, "no", false);
    hb_view_list(v, "none");
    hb_view_size(v, "size", 1536);
    hb_view_time(v, "when", INT64_C(1764547200000000000));
    row = hb_view_row(v, "rows");
    hb_view_str(row, "x", "1");
    row = hb_view_row(v, "rows");
    hb_view_str(row, "y", "2");
    hb_view_str(hb_view_row(row, "deep"), "z", "3");
}

static void test_places(void **state)
{
    static const struct {
        const char *template, *want;
    } rows[] = {
        {"<p>{{x}}</p>", "<p>&lt;b&gt;\"'&amp;&lt;/script&gt;\\u202ex</p>"},
        {"<p title=\"{{x}}\"></p>",
         "<p title=\"&lt;b&gt;&quot;&#39;&amp;&lt;/script&gt;\\u202ex\"></p>"},
        {"<a href=\"{{js}}\">x</a>", "<a href=\"#\">x</a>"},
        {"<a href=\"{{url}}\">x</a>", "<a href=\"/a?b=c%20d\">x</a>"},
        {"<form action=\"{{js}}\"></form>", "<form action=\"#\"></form>"},
        {"<textarea>{{lines}}</textarea>",
         "<textarea>\none\n&lt;two&gt;</textarea>"},
        /* As it was typed: the browser drops one line break, no other. */
        {"<textarea>{{typed}}</textarea>",
         "<textarea>\n\n\ta\r\n&amp;b\u200d\n</textarea>"},
        {"<textarea>x{{lines}}{{lines}}</textarea>",
         "<textarea>\nxone\n&lt;two&gt;one\n&lt;two&gt;</textarea>"},
        {"<textarea>{{#if no}}{{n}}{{/if}}{{typed}}</textarea>",
         "<textarea>\n\n\ta\r\n&amp;b\u200d\n</textarea>"},
        {"<textarea>{{_(\"{n} {lines}\")}}</textarea>",
         "<textarea>\n-5 one\n&lt;two&gt;</textarea>"},
        {"<textarea>\n{{n}}</textarea>", "<textarea>\n-5</textarea>"},
        {"<script src=\"{{url}}\" defer></script>",
         "<script src=\"/a?b=c%20d\" defer></script>"},
        /* Behind text of the template a value is a part of a URL. */
        {"<a href=\"/x/{{id}}?y={{id}}#{{n}}\">x</a>",
         "<a href=\"/x/a%20b%2F..%2F%3A%3F%26%22%E7%81%AB@c?y="
         "a%20b%2F..%2F%3A%3F%26%22%E7%81%AB@c#-5\">x</a>"},
        {"<a href=\"/{{js}}\">x</a>",
         "<a href=\"/javascript%3Aalert%281%29\">x</a>"},
        {"<a href=\"mailto:{{id}}\">x</a>",
         "<a href=\"mailto:a%20b%2F..%2F%3A%3F%26%22%E7%81%AB@c\">x</a>"},
        {"<a href=\"HTTPS://a.example/{{n}}\">x</a>",
         "<a href=\"HTTPS://a.example/-5\">x</a>"},
        {"<a href=\"{{url}}#{{n}}\">x</a>", "<a href=\"/a?b=c%20d#-5\">x</a>"},
        {"<a href=\"/{{n}}{{n}}?{{n}}\">x</a>", "<a href=\"/-5-5?-5\">x</a>"},
        {"<a href=\"a.html?x\">x</a>", "<a href=\"a.html?x\">x</a>"},
        {"<p data-x=\"java{{n}}\"></p>", "<p data-x=\"java-5\"></p>"},
        {"<p>{{lines}}</p>", "<p>one\\n&lt;two&gt;</p>"},
        {"<p>{{n}} {{size}}</p>", "<p>-5 1.5 KB</p>"},
        {"<time datetime=\"{{when_iso}}\">{{when}}</time>",
         "<time datetime=\"2025-12-01T00:00:00.000Z\">2025-12-01 09:00:00 "
         "JST</time>"},
        {"<p>{{_(\"a {n} \\\"b\\\" {x}\")}}</p>",
         "<p>a -5 \"b\" "
         "&lt;b&gt;\"'&amp;&lt;/script&gt;\\u202ex</p>"},
        {"<p title=\"{{_(\"{x}\")}}\"></p>",
         "<p title=\"&lt;b&gt;&quot;&#39;&amp;&lt;/script&gt;\\u202ex\"></p>"},
        {"{{#if yes}}a{{else}}b{{/if}}{{#if no}}a{{else}}b{{/if}}"
         "{{#if !no}}c{{/if}}{{#if empty}}d{{/if}}{{#if rows}}e{{/if}}"
         "{{#if none}}f{{/if}}{{#if n}}g{{/if}}",
         "abceg"},
        {"{{#each rows}}[{{x}}{{#if yes}}{{n}}{{/if}}]{{/each}}"
         "{{#each none}}no{{/each}}",
         "[1-5][&lt;b&gt;\"'&amp;&lt;/script&gt;\\u202ex-5]"},
        {"<ul>{{>part/p}}</ul>", "<ul><li>-5</li></ul>"},
        {"<input disabled value=\"{{n}}\"><br/>",
         "<input disabled value=\"-5\"><br/>"},
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        int r = make(rows[i].template, "<li>{{n}}</li>", evil);

        if (r < 0)
            fail_msg("%s: %d", rows[i].template, r);
        assert_string_equal(made, rows[i].want);
    }
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "<script>{{x}}</script>",
        "<style>p{}</style>",
        "<p style=\"color:red\"></p>",
        "<p onclick=\"x()\"></p>",
        "<iframe srcdoc=\"x\"></iframe>",
        "<p onclick></p>",
        "<p ONCLICK=\"x()\"></p>",
        "<p title=\"a\"onclick=\"x()\"></p>",
        "<p/onclick=\"x()\"></p>",
        "<script>x()</script>",
        "<script></script>",
        "<script type=\"module\">x()</script>",
        "<script src=\"/a\">x()</script>",
        "<script src=\"/a\"><b></b></script>",
        "<script {{#if yes}}src=\"/a\" {{/if}}></script>",
        "<meta http-equiv=\"refresh\" content=\"0;url={{x}}\">",
        /* A block in a name makes two names. */
        "<p o{{#if no}}x{{/if}}nclick=\"x()\"></p>",
        "<a h{{#if no}}x{{/if}}ref=\"{{js}}\">x</a>",
        "<p a{{#each rows}}b{{/each}}></p>",
        "<p title={{#if yes}}\"a\"{{/if}}></p>",
        "<s{{#if no}}x{{/if}}cript src=\"/a\"></script>",
        /* Text and value make one scheme, or one host. */
        "<a href=\"java{{x}}\">x</a>",
        "<a href=\"javascript:{{x}}\">x</a>",
        "<a href=\"javascript:x()\">x</a>",
        "<a href=\" javascript:x()\">x</a>",
        "<a href=\"java\nscript:x()\">x</a>",
        "<a href=\"java&#115;cript:x()\">x</a>",
        "<a href=\"data:text/html,{{x}}\">x</a>",
        "<a href=\"{{x}}script:x()\">x</a>",
        "<a href=\"{{x}}:y\">x</a>",
        "<a href=\"{{x}}&#58;y\">x</a>",
        "<a href=\"{{x}}{{x}}\">x</a>",
        "<a href=\"{{x}}/a\">x</a>",
        "<a href=\"/{{x}}/a\">x</a>",
        "<a href=\"https:///{{x}}\">x</a>",
        "<a href=\"//{{x}}\">x</a>",
        "<a href=\"//{{x}}/a\">x</a>",
        "<a href=\"/\\{{x}}\">x</a>",
        "<a href=\"https:{{x}}\">x</a>",
        "<a href=\"https://{{x}}/\">x</a>",
        "<a href=\"https://a{{x}}/\">x</a>",
        "<a href=\"https://a?{{#if no}}x{{/if}}&#{{x}}\\\">x</a>",
        "<a href=\"{{#if no}}/{{/if}}{{x}}\">x</a>",
        "<a href=\"ht{{#if no}}x{{/if}}tp:\">x</a>",
        "<a href=\"{{_(\"x\")}}\">x</a>",
        "<object data=\"java{{x}}\"></object>",
        "<video poster=\"java{{x}}\"></video>",
        "<img srcset=\"java{{x}}\">",
        "<button formaction=\"java{{x}}\"></button>",
        "<form action=\"java{{x}}\"></form>",
        "<a ping=\"java{{x}}\">x</a>",
        "<body background=\"java{{x}}\"></body>",
        "<p title={{x}}></p>",
        "<p title='{{x}}'></p>",
        "<p {{x}}></p>",
        "<p {{x}}=\"a\"></p>",
        "<{{x}}></p>",
        "<!-- {{x}} -->",
        "<!-- a -->",
        "<![CDATA[x]]>",
        "<p>",
        "</p>",
        "<p></div>",
        "<p><b></p></b>",
        "<br></br>",
        "<p/>",
        "<p>{{#if yes}}</p>{{/if}}",
        "<p {{#if yes}}>{{/if}}</p>",
        "{{#if yes}}<p>{{else}}</p>{{/if}}",
        "{{#if yes}}",
        "{{/if}}",
        "{{else}}",
        "{{#each rows}}{{/if}}",
        "{{#each rows}}{{else}}{{/each}}",
        "{{#if yes}}{{else}}{{else}}{{/if}}",
        "{{x",
        "{{}}",
        "{{X}}",
        "{{x y}}",
        "{{>nothing}}",
        "{{>a}}",
        "{{_(x)}}",
        "{{_(\"x}}",
        "{{_(\"a\"b\")}}",
        "{{_(\"a\\n\")}}",
        "a > b",
        "<p title=\"a",
        "<p",
    };
    struct hb_buf deep = HB_BUF_INIT;

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        if (make(bad[i], "", evil) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
    for (unsigned i = 0; i < 20; i++)
        hb_buf_addz(&deep, "{{#if yes}}");
    assert_int_equal(make(hb_buf_z(&deep), "", evil), -EINVAL);
    hb_buf_reset(&deep);
    for (unsigned i = 0; i < 3000; i++)
        hb_buf_addz(&deep, "{{n}}");
    assert_int_equal(make(hb_buf_z(&deep), "", evil), -EINVAL);
    hb_buf_reset(&deep);
    for (unsigned i = 0; i < 200; i++)
        hb_buf_addz(&deep, "<b>");
    assert_int_equal(make(hb_buf_z(&deep), "", evil), -EINVAL);
    hb_buf_done(&deep);
}

/* A name without a value is a bug that shows. */
static void test_missing(void **state)
{
    static const char *const bad[] = {
        "{{nothing}}",
        "{{#if nothing}}{{/if}}",
        "{{#each nothing}}{{/each}}",
        "{{#each x}}{{/each}}",
        "{{rows}}",
        "{{yes}}",
        "{{_(\"{nothing}\")}}",
        "{{#each rows}}{{y}}{{/each}}",
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        if (make(bad[i], "", evil) != -ENOENT)
            fail_msg("taken: %s", bad[i]);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (int i = 1; i < 30; i++) {
        int r;

        hb_fault_set(HB_FAULT_ALLOC, (unsigned)i);
        r = make("<p>{{x}}{{#each rows}}{{n}}{{/each}}</p>", "", NULL);
        hb_fault_set(HB_FAULT_ALLOC, 0);
        assert_true(r == -ENOMEM || r == -ENOENT);
    }
}

static void test_files(void **state)
{
    static const struct hb_web_file files[] = {
        {"a.css", "p{}", 3, "0123456789abcdef"},
        {"b.html", "x", 1, "0"},
        {NULL, NULL, 0, NULL},
    };
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_pages *p = NULL;
    struct hb_err err = {0};
    const char *type = NULL;

    (void)state;
    assert_int_equal(hb_pages_new(files, 0, "UTC", &p, &err), 0);
    assert_string_equal(hb_pages_public(p, a, "a.css"),
                        "/static/a-0123456789abcdef.css");
    assert_ptr_equal(hb_pages_file(p, "a-0123456789abcdef.css", &type),
                     &files[0]);
    assert_string_equal(type, "text/css; charset=utf-8");
    assert_null(hb_pages_file(p, "a.css", &type));
    assert_null(hb_pages_file(p, "a-0123456789abcdee.css", &type));
    assert_null(hb_pages_file(p, "a-0123456789abcdef.cssx", &type));
    assert_null(hb_pages_file(p, "b-0.html", &type));
    assert_null(hb_pages_file(p, "", &type));
    hb_pages_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_missing), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_files),
    };

    return hb_tap_run("html/page", tests);
}
