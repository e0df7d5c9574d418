/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_document.c - papers of an incident: written for whoever asks, and kept
 * where a playbook demands them.
 *
 * Runs in core.  A paper that is kept lies in state/documents, its hash in
 * the evidence log and in the table `document`.  It is made anew only where
 * more is known than the last one says: to see that, it is written once more
 * with the time of the last one.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/num.h"
#include "core/play_port.h"
#include "incident/document.h"
#include "incident/document_mark.h"

/* One paper in one language and form. */
struct paper {
    struct hb_core *core;
    int64_t incident;
    const char *name; /* "D01" */
    const char *form; /* "ja.html" */
    const char *url;
    enum hb_lang lang;
    bool text, letter; /* as struct hb_document_opts has them */
};

static int write_at(const struct paper *p, const char *made_by, int64_t now,
                    struct hb_buf *out, struct hb_err *err);
static bool same(const struct paper *p, const char *file, int64_t made,
                 const char *sha256);
static int keep(const struct paper *p, const char *file, int64_t now,
                const struct hb_buf *text);
static int record(const struct paper *p, int64_t now, const char *sha256);
static int tell(const struct paper *p, int64_t now);
static void hash(const struct hb_buf *b, char ret[65]);

int hb_core_document(struct hb_core *c, int64_t incident, const char *name,
                     enum hb_lang lang, enum hb_document_form form,
                     const struct hb_person *by, struct hb_buf *out,
                     struct hb_err *err)
{
    struct paper p = {.core = c,
                      .incident = incident,
                      .name = name,
                      .lang = lang,
                      .text = form != HB_DOCUMENT_HTML,
                      .letter = form == HB_DOCUMENT_LETTER};

    return write_at(&p, by != NULL ? by->full_name : NULL, hb_now(), out, err);
}

int hb_core_document_keep(struct hb_core *c, int64_t incident, const char *name,
                          enum hb_lang lang, bool text, struct hb_err *err)
{
    struct hb_buf out = HB_BUF_INIT;
    char form[16], file[96], sha256[65], why[128];
    struct paper p = {.core = c,
                      .incident = incident,
                      .name = name,
                      .form = form,
                      .lang = lang,
                      .text = text};
    int64_t made = 0, now = hb_now();
    int r;

    (void)snprintf(form, sizeof(form), "%s.%s", hb_lang_code(lang),
                   text ? "txt" : "html");
    r = snprintf(file, sizeof(file), "%lld-%s.%s", (long long)incident, name,
                 form);
    if (r < 0 || (size_t)r >= sizeof(file) || strchr(name, '/') != NULL)
        return -EINVAL;
    r = hb_document_last(&c->state, incident, name, form, sha256, &made);
    if (r == 1 && same(&p, file, made, sha256))
        return 0;
    if (r >= 0)
        r = write_at(&p, NULL, now, &out, err);
    if (r == 0)
        r = keep(&p, file, now, &out);
    hb_buf_done(&out);
    if (r < 0)
        return hb_err_set(err, r, "%s: %s", file,
                          hb_errno_text(r, why, sizeof(why)));
    return 0;
}

static int write_at(const struct paper *p, const char *made_by, int64_t now,
                    struct hb_buf *out, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_conf_org *org = &p->core->ctx->config->organisation;
    const struct hb_conf_site *site;
    struct hb_document_opts o = {
        .lang = (int)p->lang,
        .organisation = org->name,
        .zone_name = org->zone_name,
        .zone_minutes = (int)org->zone_minutes,
        .text = p->text,
        .letter = p->letter,
        .made_by = made_by,
        .now = now,
    };
    struct hb_incident i;

    if (a == NULL)
        return -ENOMEM;
    if (hb_incident_get(&p->core->state, a, p->incident, &i) == 0) {
        site = hb_config_site(p->core->ctx->config, i.object);
        o.url = site != NULL ? site->url : NULL;
    }
    return hb_document_write(&p->core->state, p->incident, p->name, &o, out,
                             err);
}

/* Nothing new is known since MADE, and the file is still there as it was. */
static bool same(const struct paper *p, const char *file, int64_t made,
                 const char *sha256)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_buf again = HB_BUF_INIT;
    struct hb_slice there = {0};
    uint8_t digest[HB_SHA256_SIZE];
    char path[HB_MAX_PATH], now[65], old[65] = "";
    int r = snprintf(path, sizeof(path), "%s/documents/%s",
                     p->core->ctx->state_dir, file);

    if (a == NULL || r < 0 || (size_t)r >= sizeof(path))
        return false;
    if (hb_file_read(a, path, HB_MAX_BUF, &there) == 0) {
        hb_sha256(there.p, there.n, digest);
        hb_hex(digest, sizeof(digest), old);
    }
    r = write_at(p, NULL, made, &again, NULL);
    hash(&again, now);
    hb_buf_done(&again);
    return r == 0 && hb_streq(now, sha256) && hb_streq(old, sha256);
}

static int keep(const struct paper *p, const char *file, int64_t now,
                const struct hb_buf *text)
{
    struct hb_evidence_item item = {.incident = p->incident,
                                    .kind = "document",
                                    .name = file,
                                    .taken_by = "role:core",
                                    .source = "written from the case book"};
    char path[HB_MAX_PATH], sha256[65];
    int r =
        snprintf(path, sizeof(path), "%s/documents", p->core->ctx->state_dir);

    if (r < 0 || (size_t)r >= sizeof(path))
        return -ENAMETOOLONG;
    r = hb_mkdirs(path, 0700);
    if (r < 0)
        return r;
    r = snprintf(path, sizeof(path), "%s/documents/%s", p->core->ctx->state_dir,
                 file);
    if (r < 0 || (size_t)r >= sizeof(path))
        return -ENAMETOOLONG;
    r = 0;
    if (p->core->state.evidence != NULL)
        r = hb_evidence_add_bytes(p->core->state.evidence, &item,
                                  hb_buf_slice(text));
    if (r == 0)
        r = hb_file_write(path, text->p, text->n, 0600);
    hash(text, sha256);
    return r < 0 ? r : record(p, now, sha256);
}

static int record(const struct paper *p, int64_t now, const char *sha256)
{
    struct hb_db *db = p->core->state.db;
    bool own = !hb_db_in_transaction(db);
    int r = own ? hb_db_begin(db) : 0;

    if (r < 0)
        return r;
    r = hb_db_exec(db,
                   "INSERT INTO document(incident, name, lang, made, sha256)"
                   " VALUES(?1, ?2, ?3, ?4, ?5)",
                   "ittit", p->incident, p->name, p->form, now, sha256);
    /* Two forms of one paper are one thing to tell. */
    if (r == 0 && !p->text)
        r = tell(p, now);
    if (r == 0 && own)
        r = hb_db_commit(db);
    if (r < 0 && own)
        hb_db_rollback(db);
    return r;
}

static int tell(const struct paper *p, int64_t now)
{
    struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;
    int r;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "name", p->name);
    hb_jw_str(&w, "lang", p->lang == HB_LANG_JA ? "Japanese" : "English");
    hb_jw_str(&w, "lang_ja", p->lang == HB_LANG_JA ? "日本語" : "英語");
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args);
    if (r == 0)
        r = hb_timeline_add(&p->core->state, p->incident, now, "document.made",
                            "role:core", hb_buf_z(&args), "");
    hb_buf_done(&args);
    return r;
}

static void hash(const struct hb_buf *b, char ret[65])
{
    uint8_t digest[HB_SHA256_SIZE];

    hb_sha256(b->p, b->n, digest);
    hb_hex(digest, sizeof(digest), ret);
}
