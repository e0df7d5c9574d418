/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk.c - our own people: signing in, what they share, a new share; see
 * http.h.
 */
#include <ctype.h>
#include <stdio.h>

#include "base/log.h"
#include "base/num.h"
#include "guard/share/address.h"
#include "portal/desk.h"

#define SESSION "desk"
#define A_PAGE  50u
#define WHOM    3u /* addresses that a list shows of a share */

static void show_signin(struct portal_visit *x, const char *address, bool asked,
                        const char *error);
static void sign_in(struct portal_visit *x);
static void list(struct portal_visit *x);
static hb_share_fn add_share;
static hb_share_recipient_fn add_whom;
static void show_new(struct portal_visit *x, enum hb_share_kind kind,
                     const char *error);
static void make(struct portal_visit *x, enum hb_share_kind kind);
static int add_recipients(struct portal_visit *x, int64_t share,
                          const char *text, const char **ret_error);

bool portal_person(struct portal_visit *x)
{
    const char *token = hb_request_cookie(x->r, SESSION);
    int r = token == NULL
                ? -EACCES
                : hb_share_session(x->p->store, hb_slice_z(token), &x->person);

    x->signed_in = r == 0;
    if (r == 0) {
        x->session = hb_slice_z(token);
        return true;
    }
    if (r == -EACCES)
        hb_answer_redirect(x->r, "/signin");
    else
        portal_failed(x, r);
    return false;
}

void portal_signin(struct portal_visit *x)
{
    const char *address = hb_request_field(x->r, "address");
    struct hb_share_code code;
    int r;

    if (hb_request_method(x->r) == HB_GET) {
        show_signin(x, "", false, NULL);
        return;
    }
    if (!portal_ours(x))
        return;
    address = address != NULL ? address : "";
    if (x->parts == 2 && hb_streq(x->part[1], "code")) {
        sign_in(x);
        return;
    }
    r = hb_share_signin_ask(x->p->store, hb_slice_z(address),
                            hb_slice_z(x->nonce), x->from, &code);
    if (r == 0 && code.mail[0] != '\0')
        r = portal_letter_code(x->p, hb_request_lang(x->r), code.mail,
                               code.digits);
    explicit_bzero(code.digits, sizeof(code.digits));
    if (r == 0)
        show_signin(x, address, true, NULL);
    else if (r == -EINVAL)
        show_signin(x, address, false, _("That is no mail address."));
    else if (r == -EAGAIN)
        portal_wait(x);
    else if (r == -EBADMSG)
        hb_answer_redirect(x->r, "/signin");
    else
        portal_failed(x, r);
}

void portal_signout(struct portal_visit *x)
{
    const char *token = hb_request_cookie(x->r, SESSION);
    int r;

    if (hb_request_method(x->r) != HB_POST) {
        hb_answer_method(x->r, "POST");
        return;
    }
    if (!portal_ours(x))
        return;
    r = token != NULL
            ? hb_share_session_end(x->p->store, hb_slice_z(token), x->from)
            : 0;
    if (r < 0 && r != -EBADMSG) {
        portal_failed(x, r);
        return;
    }
    hb_answer_cookie(x->r, SESSION, "", 0);
    hb_answer_redirect(x->r, "/signin");
}

void portal_shares(struct portal_visit *x)
{
    bool post = hb_request_method(x->r) == HB_POST;
    bool invite = x->parts == 2 && hb_streq(x->part[1], "invite");
    enum hb_share_kind kind = invite ? HB_SHARE_IN : HB_SHARE_OUT;

    if (!portal_person(x) ||
        (hb_request_method(x->r) != HB_GET && !portal_ours(x)))
        return;
    if (x->parts == 1)
        list(x);
    else if (x->parts == 2 && (invite || hb_streq(x->part[1], "new")))
        post ? make(x, kind) : show_new(x, kind, NULL);
    else
        portal_desk_share(x);
}

const char *portal_whom(struct portal_visit *x, int64_t share)
{
    struct hb_buf b = HB_BUF_INIT;
    struct portal_whom w = {.b = &b};
    const char *z;

    if (hb_share_each_recipient(x->p->store, share, add_whom, &w) < 0 ||
        b.err < 0)
        hb_buf_reset(&b);
    if (w.n > WHOM)
        hb_buf_addf(&b, _(" and %u more"), w.n - WHOM);
    z = hb_arena_strdup(x->a, b.n > 0 ? hb_buf_z(&b) : _("(nobody yet)"));
    hb_buf_done(&b);
    return z != NULL ? z : "";
}

/* ---- signing in ---- */

static void show_signin(struct portal_visit *x, const char *address, bool asked,
                        const char *error)
{
    struct hb_view *v = portal_view(x, _("Sign in"));

    hb_view_str(v, "address", address);
    hb_view_bool(v, "asked", asked);
    hb_view_str(v, "error", error);
    portal_show(x, error != NULL ? 403 : 200, "desk/signin.html");
}

static void sign_in(struct portal_visit *x)
{
    const char *address = hb_request_field(x->r, "address");
    const char *code = hb_request_field(x->r, "code");
    char session[HB_SHARE_TOKEN_TEXT];
    bool place = false;
    int r = address == NULL || code == NULL
                ? -EBADMSG
                : hb_share_signin_try(x->p->store, hb_slice_z(address),
                                      hb_slice_z(x->nonce), hb_slice_z(code),
                                      x->from, session, &place);

    switch (r) {
    case 0:
        hb_answer_cookie(x->r, SESSION, session, 0);
        explicit_bzero(session, sizeof(session));
        if (place && portal_letter_place(x->p, address, x->from) < 0)
            hb_log(HB_LOG_WARNING, "%s",
                   _("nobody could be told of a sign-in from a new place"));
        hb_answer_redirect(x->r, "/shares");
        return;
    case -EACCES:
    case -EBADMSG:
        show_signin(x, address != NULL ? address : "", true,
                    _("That is not the code. Look at the newest mail and type "
                      "it again."));
        return;
    case -ETIME:
        show_signin(x, address, false,
                    _("This code is too old, or was tried too often. Let "
                      "another one be sent."));
        return;
    case -EAGAIN:
        portal_wait(x);
        return;
    default:
        portal_failed(x, r);
    }
}

/* ---- what they share ---- */

struct listing {
    struct portal_visit *x;
    unsigned n;
    int64_t id[A_PAGE];
    struct hb_share sh[A_PAGE];
};

static int add_share(void *arg, const struct hb_share *sh)
{
    struct listing *l = arg;

    if (l->n == A_PAGE)
        return 1;
    l->sh[l->n] = *sh; /* strings of it are not looked at later */
    l->n++;
    return 0;
}

static int add_whom(void *arg, const struct hb_share_recipient *r)
{
    struct portal_whom *w = arg;

    if (w->n++ < WHOM)
        hb_buf_addf(w->b, "%s%s", w->n > 1 ? ", " : "", r->mail);
    return 0;
}

static void list(struct portal_visit *x)
{
    struct listing *l = HB_NEW(x->a, struct listing);
    struct hb_view *v;
    int r;

    if (l == NULL)
        return;
    l->x = x;
    l->n = 0;
    r = hb_share_each(x->p->store, x->person.address,
                      portal_number(hb_request_field(x->r, "before")),
                      add_share, l);
    if (r < 0) {
        portal_failed(x, r);
        return;
    }
    v = portal_view(x, _("My shares"));
    hb_view_list(v, "shares");
    for (unsigned i = 0; i < l->n; i++) {
        struct hb_view *row = hb_view_row(v, "shares");

        hb_view_int(row, "id", l->sh[i].id);
        hb_view_str(row, "whom", portal_whom(x, l->sh[i].id));
        hb_view_int(row, "files", l->sh[i].files);
        hb_view_time(row, "until", l->sh[i].expires);
        hb_view_bool(row, "expires", l->sh[i].expires != 0);
        portal_state_view(row, l->sh[i].state);
    }
    hb_view_int(v, "before", r == 1 ? l->sh[l->n - 1].id : 0);
    portal_show(x, 200, "desk/shares.html");
}

/* ---- a new one ---- */

/* A field, its line breaks as ours (browsers send CR LF). */
static const char *given(struct portal_visit *x, const char *name,
                         const char *dflt)
{
    const char *z = hb_request_field(x->r, name);
    char *copy = z != NULL ? hb_arena_strdup(x->a, z) : NULL, *to = copy;

    if (copy == NULL)
        return dflt;
    for (const char *from = copy; *from != '\0'; from++)
        if (from[0] != '\r' || from[1] != '\n')
            *to++ = *from;
    *to = '\0';
    return copy;
}

static void show_new(struct portal_visit *x, enum hb_share_kind kind,
                     const char *error)
{
    const struct hb_share_rules *rules = &x->p->rules;
    struct hb_view *v =
        portal_view(x, kind == HB_SHARE_OUT ? _("Share files")
                                            : _("Ask somebody for files"));
    char days[24], most[24];

    (void)snprintf(days, sizeof(days), "%lld", (long long)rules->days);
    (void)snprintf(most, sizeof(most), "%lld", (long long)rules->most);
    hb_view_str(v, "kind", kind == HB_SHARE_OUT ? "new" : "invite");
    hb_view_bool(v, "sending", kind == HB_SHARE_OUT);
    hb_view_str(v, "to", given(x, "to", ""));
    hb_view_str(v, "note", given(x, "note", ""));
    hb_view_str(v, "days", given(x, "days", days));
    hb_view_str(v, "most", given(x, "most", most));
    hb_view_int(v, "days_max", rules->days_max);
    hb_view_int(v, "most_max", rules->most_max);
    hb_view_str(v, "error", error);
    portal_show(x, error != NULL ? 422 : 200, "desk/new.html");
}

static void make(struct portal_visit *x, enum hb_share_kind kind)
{
    const struct hb_share_who who = {x->person.address, x->from};
    struct hb_share_draft d = {
        .kind = kind,
        .note = given(x, "note", ""),
        .days = portal_number(hb_request_field(x->r, "days")),
        .most = portal_number(hb_request_field(x->r, "most")),
    };
    const char *error = NULL;
    int64_t id = 0;
    int r = hb_share_new(x->p->store, &who, &d, &id);

    if (r == 0)
        r = add_recipients(x, id, given(x, "to", ""), &error);
    if (r < 0 && id > 0 && hb_share_delete(x->p->store, id, &who) < 0)
        hb_log(HB_LOG_WARNING, "%s", _("a draft could not be taken back"));
    if (r == 0)
        hb_answer_redirect(
            x->r, hb_arena_printf(x->a, "/shares/%lld", (long long)id));
    else if (r == -EINVAL || r == -EILSEQ || r == -E2BIG || r == -EEXIST)
        show_new(x, kind,
                 error != NULL ? error
                               : _("The note is too long, or holds signs that "
                                   "cannot be seen."));
    else
        portal_failed(x, r);
}

/* One a line, or with commas between. */
static int add_recipients(struct portal_visit *x, int64_t share,
                          const char *text, const char **ret_error)
{
    const struct hb_share_who who = {x->person.address, x->from};
    unsigned n = 0;

    for (;;) {
        char one[HB_SHARE_ADDRESS + 16];
        int64_t id;
        size_t len;
        int r;

        text += strspn(text, " \t\r\n,;");
        len = strcspn(text, "\r\n,;");
        if (len == 0)
            break;
        if (len >= sizeof(one)) {
            *ret_error = _("An address is too long.");
            return -EINVAL;
        }
        (void)snprintf(one, sizeof(one), "%.*s", (int)len, text);
        r = hb_share_add_recipient(x->p->store, share, &who, one, &id);
        if (r == -EEXIST)
            r = 0; /* twice is once */
        if (r == -EINVAL || r == -EILSEQ)
            *ret_error = hb_arena_printf(
                x->a,
                r == -EINVAL ? _("\"%s\" is no mail address.")
                             : _("Write the domain of \"%s\" with xn--."),
                one);
        if (r == -E2BIG)
            *ret_error = _("Those are more recipients than the rules allow.");
        if (r < 0)
            return r;
        n++;
        text += len;
    }
    if (n > 0)
        return 0;
    *ret_error = _("Say for whom it is.");
    return -EINVAL;
}
