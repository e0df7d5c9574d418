/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_mail.c - `hinoban report mail`: one mail on standard input becomes a
 * report.
 *
 * The mail system runs it by an alias, as its own unprivileged user, for
 * whatever anybody sends: the mail is read here, in a process that holds
 * nothing, and core gets text.  Attachments stay in the original, of which the
 * beginning goes along.  A mail is never lost: until core has stored it, the
 * status tells the mail system to keep it.
 */
#include "cli/report_mail.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/letter.h"
#include "base/mime.h"
#include "base/num.h"
#include "cli/client.h"
#include "crypto/crypto.h"
#include "incident/report.h"

/* More is read to its end, so that the mail system is not cut off, and
 * dropped. */
#define MESSAGE_MAX (4u << 20)

static int read_message(struct hb_buf *b, bool *ret_cut);
static void write_request(struct hb_buf *b, struct hb_slice message,
                          const struct hb_letter *l, bool cut);
static void write_text(struct hb_jw *w, const struct hb_letter *l);
static void write_notes(struct hb_jw *w, const struct hb_letter *l, bool cut);
static void write_uid(struct hb_jw *w, const struct hb_letter *l);
static int later(const struct hb_err *err);

int hb_cli_report_mail(const struct hb_cli *cli)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf message, request = HB_BUF_INIT;
    const struct hb_json *answer = NULL;
    struct hb_letter letter;
    struct hb_err err = {0};
    bool cut = false;
    int r;

    hb_buf_init(&message, MESSAGE_MAX);
    r = a == NULL ? -ENOMEM : read_message(&message, &cut);
    if (r == 0)
        r = hb_letter_read(a, hb_slice(hb_buf_z(&message), message.n), &letter);
    if (r == 0) {
        write_request(&request, hb_buf_slice(&message), &letter, cut);
        r = hb_buf_err(&request);
    }
    if (r < 0) {
        (void)hb_cli_fail_code("report mail", r);
        return EX_TEMPFAIL;
    }
    if (hb_client_call(cli, a, "report.mail", hb_buf_z(&request), &answer,
                       &err) < 0)
        return later(&err);
    /* It is stored: a full disk behind standard output changes nothing. */
    (void)hb_client_show(cli, answer);
    return HB_EXIT_OK;
}

static int later(const struct hb_err *err)
{
    (void)hb_cli_fail(err);
    return EX_TEMPFAIL;
}

static int read_message(struct hb_buf *b, bool *ret_cut)
{
    static char part[65536];
    size_t n;

    while ((n = fread(part, 1, sizeof(part), stdin)) > 0) {
        size_t room = MESSAGE_MAX - 1 - b->n;

        hb_buf_add(b, part, HB_MIN(n, room));
        *ret_cut = *ret_cut || n > room;
    }
    return ferror(stdin) ? -EIO : hb_buf_err(b);
}

static void write_request(struct hb_buf *b, struct hb_slice message,
                          const struct hb_letter *l, bool cut)
{
    _cleanup_buf_ struct hb_buf code = HB_BUF_INIT;
    struct hb_jw w;

    hb_base64_encode(&code, message.p,
                     HB_MIN(message.n, (size_t)HB_REPORT_ORIGINAL));
    hb_jw_init(&w, b);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "from", l->from);
    hb_jw_int(&w, "date_ns", HB_MAX(l->date, (int64_t)0));
    write_text(&w, l);
    write_notes(&w, l, cut || message.n > HB_REPORT_ORIGINAL);
    write_uid(&w, l);
    hb_jw_slice(&w, "original", hb_buf_slice(&code));
    hb_jw_end_obj(&w);
}

/* The subject is a sentence of the report as much as any other. */
static void write_text(struct hb_jw *w, const struct hb_letter *l)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_buf_addf(&b, "%s%s%s", l->subject,
                l->subject[0] != '\0' && l->text[0] != '\0' ? "\n\n" : "",
                l->text);
    hb_jw_str(w, "text", b.n > 0 ? hb_buf_z(&b) : "-");
}

static void write_notes(struct hb_jw *w, const struct hb_letter *l, bool cut)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    if (cut || (l->flags & HB_LETTER_CUT) != 0)
        hb_buf_addz(&b, "cut ");
    if ((l->flags & HB_LETTER_HTML) != 0)
        hb_buf_addz(&b, "html ");
    if ((l->flags & HB_LETTER_CHARSET) != 0)
        hb_buf_addz(&b, "charset ");
    if ((l->flags & HB_LETTER_BROKEN) != 0)
        hb_buf_addz(&b, "broken ");
    if (l->attachments > 0)
        hb_buf_addf(&b, "attachments:%u ", l->attachments);
    hb_jw_slice(w, "note", hb_buf_slice(&b));
}

/* The same mail again, after a retry, has the same; a Message-ID alone could
 * be taken by somebody who knows it before. */
static void write_uid(struct hb_jw *w, const struct hb_letter *l)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    uint8_t hash[HB_SHA256_SIZE];
    char hex[2 * HB_SHA256_SIZE + 1];

    hb_buf_addf(&b, "%s\n%s\n%lld\n%s\n%s", l->message_id, l->from,
                (long long)l->date, l->subject, l->text);
    hb_sha256(hb_buf_z(&b), b.n, hash);
    hb_hex(hash, sizeof(hash), hex);
    hb_jw_str(w, "uid", hex);
}
