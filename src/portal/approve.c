/* SPDX-License-Identifier: Apache-2.0 */
/*
 * approve.c - a third person looks at what others share, and how they prove
 * that it is them: see http.h.
 *
 *     GET  /approve             what waits
 *     GET  /approve/ID          one of them
 *     POST /approve/ID/read     a file of it
 *     POST /approve/ID/yes|no
 *     GET  /factor, POST /factor/begin|code
 */
#include <ctype.h>

#include "base/buf.h"
#include "base/log.h"
#include "guard/share/content.h"
#include "html/doc.h"
#include "portal/desk.h"

#define LIST_MAX 200u

static void list(struct portal_visit *x);
static hb_share_fn add_waiting;
static hb_share_file_fn add_file;
static void show(struct portal_visit *x, int64_t id, int status,
                 const char *error);
static void read_file(struct portal_visit *x, int64_t id);
static void yes(struct portal_visit *x, int64_t id);
static void no(struct portal_visit *x, int64_t id);
static const char *code_error(int r);
static void add_qr(struct portal_visit *x, struct hb_view *v,
                   const char *secret);
static void show_factor(struct portal_visit *x, const char *secret,
                        const char *error);

void portal_approve(struct portal_visit *x)
{
    int64_t id = x->parts > 1 ? portal_number(x->part[1]) : 0;
    bool get = hb_request_method(x->r) == HB_GET;
    const char *deed = x->parts == 3 ? x->part[2] : "";

    if (!portal_person(x) || (!get && !portal_ours(x)))
        return;
    if (!x->person.approves)
        portal_gone(x);
    else if (get && x->parts == 1)
        list(x);
    else if (get && x->parts == 2)
        show(x, id, 200, NULL);
    else if (get)
        hb_answer_method(x->r, "POST");
    else if (hb_streq(deed, "read"))
        read_file(x, id);
    else if (hb_streq(deed, "yes"))
        yes(x, id);
    else if (hb_streq(deed, "no"))
        no(x, id);
    else
        portal_gone(x);
}

void portal_factor(struct portal_visit *x)
{
    bool get = hb_request_method(x->r) == HB_GET;
    const char *deed = x->parts == 2 ? x->part[1] : "";
    const char *code = hb_request_field(x->r, "code");
    char secret[HB_SHARE_TOTP_TEXT] = "";
    bool set = false;
    int r;

    if (!portal_person(x) || (!get && !portal_ours(x)))
        return;
    if (get) {
        show_factor(x, "", NULL);
    } else if (hb_streq(deed, "begin")) {
        r = hb_share_totp_begin(x->p->store, x->person.address, x->from,
                                secret);
        if (r < 0 && r != -EEXIST)
            portal_failed(x, r);
        else
            show_factor(x, secret, NULL);
        explicit_bzero(secret, sizeof(secret));
    } else if (hb_streq(deed, "code")) {
        r = hb_share_totp_try(x->p->store, x->session,
                              hb_slice_z(code != NULL ? code : ""), x->from,
                              &set);
        if (r == 0 && set)
            r = portal_letter_factor(x->p, x->person.address, x->from);
        if (r == 0)
            hb_answer_redirect(x->r, "/factor");
        else if (code_error(r) != NULL)
            show_factor(x, "", code_error(r));
        else
            portal_failed(x, r);
    } else {
        portal_gone(x);
    }
}

/* ---- static ---- */

struct waiting {
    struct portal_visit *x;
    unsigned n;
    struct {
        int64_t id, files, personal;
        const char *owner;
    } row[LIST_MAX];
};

static int add_waiting(void *arg, const struct hb_share *sh)
{
    struct waiting *w = arg;

    /* Nobody approves their own. */
    if (hb_streq(sh->owner, w->x->person.address))
        return 0;
    if (w->n == LIST_MAX)
        return 1;
    w->row[w->n].id = sh->id;
    w->row[w->n].files = sh->files;
    w->row[w->n].personal = sh->personal;
    w->row[w->n].owner = hb_arena_strdup(w->x->a, sh->owner);
    if (w->row[w->n].owner == NULL)
        return -ENOMEM;
    w->n++;
    return 0;
}

static void list(struct portal_visit *x)
{
    struct waiting *w = HB_NEW(x->a, struct waiting);
    struct hb_view *v;
    int r;

    if (w == NULL)
        return;
    w->x = x;
    w->n = 0;
    r = hb_share_each_waiting(x->p->store, add_waiting, w);
    if (r < 0) {
        portal_failed(x, r);
        return;
    }
    v = portal_view(x, _("To approve"));
    hb_view_list(v, "shares");
    for (unsigned i = 0; i < w->n; i++) {
        struct hb_view *row = hb_view_row(v, "shares");

        hb_view_int(row, "id", w->row[i].id);
        hb_view_int(row, "files", w->row[i].files);
        hb_view_int(row, "personal", w->row[i].personal);
        hb_view_str(row, "owner", w->row[i].owner);
        hb_view_str(row, "whom", portal_whom(x, w->row[i].id));
    }
    portal_show(x, 200, "desk/approve.html");
}

/* What waits and is not theirs. */
static bool waits(struct portal_visit *x, int64_t id, struct hb_share *ret)
{
    return id > 0 && hb_share_get(x->p->store, x->a, id, ret) == 0 &&
           ret->state == HB_SHARE_WAITING &&
           !hb_streq(ret->owner, x->person.address);
}

static int add_file(void *arg, const struct hb_share_file *f)
{
    struct hb_view *row = hb_view_row(arg, "files");

    hb_view_int(row, "id", f->id);
    hb_view_str(row, "name", f->name);
    hb_view_size(row, "size", f->size);
    return 0;
}

static void show(struct portal_visit *x, int64_t id, int status,
                 const char *error)
{
    struct hb_share sh;
    struct hb_view *v;
    int r;

    if (!waits(x, id, &sh)) {
        portal_gone(x);
        return;
    }
    v = portal_view(x, _("A share to approve"));
    hb_view_int(v, "share", id);
    hb_view_int(v, "edition", sh.edition);
    hb_view_str(v, "owner", sh.owner);
    hb_view_str(v, "error", error);
    hb_view_time(v, "until", sh.expires);
    hb_view_bool(v, "expires", sh.expires != 0);
    hb_view_int(v, "personal", sh.personal);
    hb_view_bool(v, "factor", x->person.factor);
    hb_view_bool(v, "enrolled", x->person.enrolled);
    portal_recipients_view(x, id);
    hb_view_list(v, "files");
    r = hb_share_viewed(x->p->store, id,
                        &(struct hb_share_who){x->person.address, x->from});
    if (r == 0)
        r = hb_share_each_file(x->p->store, id, add_file, v);
    if (r < 0)
        portal_failed(x, r);
    else
        portal_show(x, status, "desk/look.html");
}

static void read_file(struct portal_visit *x, int64_t id)
{
    int64_t file = portal_number(hb_request_field(x->r, "file"));
    struct hb_share_download *d = NULL;
    struct hb_share_file f;
    struct hb_share sh;
    int r;

    if (!waits(x, id, &sh) ||
        hb_share_file_get(x->p->store, x->a, file, &f) < 0 || f.share != id) {
        portal_gone(x);
        return;
    }
    r = hb_share_fetch(x->p->store, file,
                       &(struct hb_share_who){x->person.address, x->from}, &d);
    if (r == 0)
        portal_stream(x, &f, d, 0, false);
    else if (r == -EACCES)
        portal_gone(x);
    else
        portal_failed(x, r);
}

static void yes(struct portal_visit *x, int64_t id)
{
    const struct hb_share_who who = {x->person.address, x->from};
    const char *code = hb_request_field(x->r, "code");
    int64_t edition = portal_number(hb_request_field(x->r, "edition"));
    struct hb_share_verdict v;
    bool set;
    int r = 0;

    if (code != NULL)
        r = hb_share_totp_try(x->p->store, x->session, hb_slice_z(code),
                              x->from, &set);
    if (r == 0)
        r = hb_share_approve(x->p->store, x->session, x->from, id, edition, &v);
    if (r == 0)
        r = portal_letter_links(x->p, id, &who);
    if (r == 0)
        r = portal_letter_news(x->p, id, PORTAL_NEWS_APPROVED, who.name, "");
    if (r == 0)
        hb_answer_redirect(x->r, "/approve");
    else if (code_error(r) != NULL)
        show(x, id, 403, code_error(r));
    else if (r == -ESTALE)
        show(x, id, 409,
             _("It was changed after you opened this page. Look at it as it "
               "is now."));
    else if (r == -EBUSY)
        portal_gone(x);
    else
        portal_failed(x, r);
}

static void no(struct portal_visit *x, int64_t id)
{
    const struct hb_share_who who = {x->person.address, x->from};
    const char *why = hb_request_field(x->r, "why");
    struct hb_share sh;
    int r;

    if (!waits(x, id, &sh)) {
        portal_gone(x);
        return;
    }
    if (why == NULL || why[0] == '\0') {
        show(x, id, 422, _("Say why."));
        return;
    }
    r = hb_share_decline(x->p->store, id, &who, why);
    if (r == 0)
        r = portal_letter_news(x->p, id, PORTAL_NEWS_DECLINED, who.name, why);
    if (r == 0)
        hb_answer_redirect(x->r, "/approve");
    else if (r == -EINVAL)
        show(x, id, 422,
             _("The reason is too long, or holds signs that "
               "cannot be seen."));
    else
        portal_failed(x, r);
}

static const char *code_error(int r)
{
    switch (r) {
    case -EPERM:
    case -EACCES:
        return _("That is not the code that your authenticator shows now, or "
                 "it was used already; wait for the next one.");
    case -ENOENT:
        return _("Set up an authenticator first.");
    case -EAGAIN:
        return _("Too many wrong codes. Try again in an hour.");
    default:
        return NULL;
    }
}

/* As authenticators read it with a camera (otpauth://). */
static void add_qr(struct portal_visit *x, struct hb_view *v,
                   const char *secret)
{
    _cleanup_buf_ struct hb_buf path = HB_BUF_INIT, uri = HB_BUF_INIT;
    unsigned size = 0;
    int r;

    /* The address is of the characters that address.h takes; "@" and ":" are
     * what a label is made of. */
    hb_buf_addf(&uri, "otpauth://totp/Hinoban:");
    for (const char *z = x->person.address; *z != '\0'; z++)
        hb_buf_addf(&uri, isalnum((unsigned char)*z) ? "%c" : "%%%02X",
                    (unsigned char)*z);
    hb_buf_addf(&uri, "?secret=%s&issuer=Hinoban", secret);
    r = hb_buf_err(&uri);
    if (r == 0)
        r = hb_qr_path(&path, hb_buf_slice(&uri), &size);
    if (uri.p != NULL)
        explicit_bzero(uri.p, uri.n);
    if (r < 0)
        return; /* the key is there to be typed */
    hb_view_str(v, "qr", hb_buf_z(&path));
    hb_view_int(v, "qr_size", size);
}

static void show_factor(struct portal_visit *x, const char *secret,
                        const char *error)
{
    struct hb_view *v = portal_view(x, _("Authenticator"));

    hb_view_str(v, "secret", secret);
    if (secret[0] != '\0')
        add_qr(x, v, secret);
    hb_view_str(v, "error", error);
    hb_view_bool(v, "enrolled", x->person.enrolled);
    portal_show(x, error != NULL ? 403 : 200, "desk/factor.html");
}
