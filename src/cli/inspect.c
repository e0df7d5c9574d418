/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.c - `hinoban inspect FILE...`: which personal data files hold.
 *
 * Runs as whoever calls, without the service; the files are foreign.  What was
 * found is counted: values are printed only where --values asks, so that no
 * log holds Individual Numbers by accident.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/show.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "inspect/inspect.h"

#define READ_BYTES 65536u

struct inspected {
    const char *path;
    enum hb_encoding encoding;
    struct hb_personal_report report;
    struct hb_buf values[HB_CLASSES]; /* an array of JSON each, or text */
    bool json;
};

static int inspect(const struct hb_cli *cli, const char *path, bool values);
static int read_all(int fd, struct hb_inspect *in);
static void found(void *arg, enum hb_class c, struct hb_slice value,
                  uint64_t offset);
static void print_json(const struct inspected *f, bool values,
                       struct hb_buf *out);
static void print_text(const struct inspected *f, bool values,
                       struct hb_buf *out);
static const char *class_text(enum hb_class c);

int hb_cmd_inspect(struct hb_cli *cli, int argc, char **argv)
{
    bool values = hb_client_flag(&argc, argv, "--values");
    int r = HB_EXIT_OK;

    if (argc < 2)
        return hb_cli_usage(cli, _("say which files: FILE..."));
    for (int i = 1; i < argc; i++)
        if (inspect(cli, argv[i], values) != HB_EXIT_OK)
            r = HB_EXIT_FAILED;
    return r == HB_EXIT_OK ? hb_cli_flush() : r;
}

static int inspect(const struct hb_cli *cli, const char *path, bool values)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    struct inspected f = {.path = path, .json = cli->json};
    struct hb_inspect *in = NULL;
    int r;

    if (fd < 0)
        return hb_cli_fail_code(path, -errno);
    for (size_t i = 0; i < HB_CLASSES; i++)
        hb_buf_init(&f.values[i], 0);
    r = hb_inspect_new(values ? found : NULL, &f, &in);
    if (r == 0)
        r = read_all(fd, in);
    if (r == 0)
        r = hb_inspect_end(in, &f.encoding, &f.report);
    hb_inspect_free(in);
    if (r == 0 && cli->json)
        print_json(&f, values, &out);
    else if (r == 0)
        print_text(&f, values, &out);
    for (size_t i = 0; i < HB_CLASSES; i++) {
        if (r == 0)
            r = hb_buf_err(&f.values[i]);
        hb_buf_done(&f.values[i]);
    }
    if (r == 0)
        r = hb_buf_err(&out);
    if (r < 0)
        return hb_cli_fail_code(path, r);
    (void)fwrite(out.p, 1, out.n, stdout);
    return HB_EXIT_OK;
}

static int read_all(int fd, struct hb_inspect *in)
{
    char *p = malloc(READ_BYTES);
    int r = p != NULL ? 0 : -ENOMEM;

    while (r == 0) {
        ssize_t n = read(fd, p, READ_BYTES);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            r = n < 0 ? -errno : 0;
            break;
        }
        r = hb_inspect_add(in, hb_slice(p, (size_t)n));
    }
    free(p);
    return r;
}

static void found(void *arg, enum hb_class c, struct hb_slice value,
                  uint64_t offset)
{
    struct inspected *f = arg;
    struct hb_buf *b = &f->values[c];

    (void)offset;
    if (f->json) {
        hb_buf_addc(b, b->n == 0 ? '[' : ',');
        hb_json_quote(b, value);
    } else {
        hb_buf_addz(b, "    ");
        hb_show(b, value);
        hb_buf_addc(b, '\n');
    }
}

static void print_json(const struct inspected *f, bool values,
                       struct hb_buf *out)
{
    struct hb_jw w;

    hb_jw_init(&w, out);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "path", f->path);
    hb_jw_str(&w, "encoding", hb_encoding_name(f->encoding));
    hb_jw_bool(&w, "list", f->report.list);
    hb_jw_int(&w, "persons", (int64_t)f->report.persons);
    hb_jw_obj(&w, "classes");
    for (unsigned c = 0; c < HB_CLASSES; c++) {
        const struct hb_buf *b = &f->values[c];

        if (!values) {
            hb_jw_int(&w, hb_class_name(c), (int64_t)f->report.count[c]);
            continue;
        }
        hb_jw_arr(&w, hb_class_name(c));
        if (b->n > 1)
            hb_buf_add(out, b->p + 1, b->n - 1);
        hb_jw_end_arr(&w);
    }
    hb_jw_end_obj(&w);
    hb_jw_end_obj(&w);
    hb_buf_addc(out, '\n');
}

static void print_text(const struct inspected *f, bool values,
                       struct hb_buf *out)
{
    bool any = false;

    hb_show(out, hb_slice_z(f->path));
    hb_buf_addf(out, " (%s): ", hb_encoding_name(f->encoding));
    if (f->report.list)
        hb_buf_addf(out, _("a list of %llu persons"),
                    (unsigned long long)f->report.persons);
    else
        hb_buf_addz(out, _("no list of persons"));
    hb_buf_addc(out, '\n');
    for (unsigned c = 0; c < HB_CLASSES; c++) {
        if (f->report.count[c] == 0)
            continue;
        any = true;
        hb_buf_addf(out, "  %s: %llu\n", class_text(c),
                    (unsigned long long)f->report.count[c]);
        if (values)
            hb_buf_add(out, hb_buf_z(&f->values[c]), f->values[c].n);
    }
    if (!any)
        hb_buf_addf(out, "  %s\n", _("nothing found"));
}

static const char *class_text(enum hb_class c)
{
    static const char *const texts[HB_CLASSES] = {
        [HB_CLASS_MY_NUMBER] = N_("Individual Numbers (My Number)"),
        [HB_CLASS_CARD] = N_("payment cards"),
        [HB_CLASS_ACCOUNT] = N_("bank accounts"),
        [HB_CLASS_PHONE] = N_("telephone numbers"),
        [HB_CLASS_ADDRESS] = N_("addresses"),
        [HB_CLASS_MAIL] = N_("mail addresses"),
        [HB_CLASS_PERSON] = N_("names of persons"),
    };

    return _(texts[c]);
}
