/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.h - pages from templates (web/), escaped for the place where each value
 * lands (the idea: M. Samuel et al., "Context-sensitive auto-sanitization in
 * web templating languages using type qualifiers", CCS 2011).
 *
 *     {{name}}                      a value
 *     {{_(TEXT)}}                    a text of the catalogue; {name} in it is
 *                                   a value
 *     {{#if name}} {{#if !name}} {{else}} {{/if}}
 *     {{#each rows}} {{/each}}      names are looked for in the row, then
 *                                   outside of it
 *     {{>name}}                     another template
 *
 * A value may stand between tags and in an attribute's double quotes.  In an
 * attribute that is a URL (href, src, action, ...) it is either the whole, and
 * must be one without a script (escape.h), or a part of the path, the query or
 * the fragment behind text of the template, and is percent-encoded; it never
 * makes a scheme or a host.  Anywhere else (a script, a style, a comment, a
 * tag's or an attribute's name, without quotes, an attribute that begins with
 * "on", style, srcdoc, http-equiv) the template is refused when it is read,
 * which is when the program starts, and in a test.  So is a script without
 * src, which the policy (serve.h) would stop, and a block in a name.
 * So is one whose tags do not fit each other.  A name that has no value when
 * the page is made is an error, never an empty place.
 */
#ifndef HB_HTML_PAGE_H
#define HB_HTML_PAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/i18n.h"

/* A file of web/ in the program (tools/embed_web.py). */
struct hb_web_file {
    const char *name; /* "share/link.html", "hinoban.css" */
    const void *p;
    size_t n;
    const char *hash; /* of its contents, 16 hex digits */
};
extern const struct hb_web_file hb_web_files[]; /* name NULL ends */

struct hb_pages;

/* Reads the templates among FILES (names that end in ".html").  ZONE_MINUTES
 * and ZONE_NAME are for times. */
int hb_pages_new(const struct hb_web_file *files, int zone_minutes,
                 const char *zone_name, struct hb_pages **ret,
                 struct hb_err *err) HB_WUR;
void hb_pages_free(struct hb_pages *p);
/* A file that is no template by its public name, "hinoban-0123456789abcdef.css"
 * (hb_pages_public()); NULL none.  *RET_TYPE is for Content-Type. */
const struct hb_web_file *hb_pages_file(const struct hb_pages *p,
                                        const char *name,
                                        const char **ret_type);
/* "/static/hinoban-0123456789abcdef.css" of "hinoban.css", in A. */
const char *hb_pages_public(const struct hb_pages *p, struct hb_arena *a,
                            const char *name);

/* ---- values ---- */

struct hb_view;

/* All is kept in A; names are borrowed.  What fails for want of memory is told
 * by hb_page(). */
struct hb_view *hb_view_new(const struct hb_pages *p, struct hb_arena *a,
                            enum hb_lang lang) HB_WUR;
/* VALUE NULL is "". */
void hb_view_str(struct hb_view *v, const char *name, const char *value);
void hb_view_int(struct hb_view *v, const char *name, int64_t value);
void hb_view_bool(struct hb_view *v, const char *name, bool value);
/* NAME in the zone, NAME_iso for <time datetime>. */
void hb_view_time(struct hb_view *v, const char *name, int64_t ns);
/* "1.4 MB". */
void hb_view_size(struct hb_view *v, const char *name, int64_t bytes);
/* A list without rows; rows are added at its end. */
void hb_view_list(struct hb_view *v, const char *name);
struct hb_view *hb_view_row(struct hb_view *v, const char *name);
enum hb_lang hb_view_lang(const struct hb_view *v);

/* Appends the page.  -ENOENT no such template, or a name without a value: ERR
 * says which; -ENOMEM, -EFBIG. */
int hb_page(const struct hb_pages *p, const char *name, const struct hb_view *v,
            struct hb_buf *b, struct hb_err *err) HB_WUR;

#endif
