/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.c - reads a template: blocks, and where in the page each value
 * lands; see page.h.  What is not certainly safe is refused.
 */
#include "html/template.h"

#include <ctype.h>
#include <strings.h>

#include "base/num.h"

#define NAME_MAX_BYTES 32u
#define TAGS           128u /* open at a time */

/* Where in HTML the reader stands (a part of WHATWG HTML, 13.2.5, that is
 * enough for pages written by hand). */
enum state {
    TEXT,
    TAG,       /* behind "<" and in the tag's name */
    IN_TAG,    /* between attributes */
    ATTR_NAME, /* */
    ATTR_GAP,  /* behind "=" */
    VALUE,     /* in double quotes */
    DECLARATION
};

/* Where in a URL (WHATWG URL, 4.4): what may still become its scheme or its
 * host is no place for a value. */
enum url {
    URL_NONE,        /* the attribute is no URL */
    URL_BEGIN,       /* */
    URL_SCHEME,      /* in what a colon would make a scheme */
    URL_COLON,       /* behind "https:" */
    URL_COLON_SLASH, /* */
    URL_SLASH,       /* behind one "/" at the beginning */
    URL_SLASH_VALUE, /* ... and a value, which may be empty */
    URL_HOST_BEGIN,  /* behind "//" */
    URL_HOST,        /* */
    URL_WHOLE,       /* behind a value that is a whole URL */
    URL_PART         /* in the path, the query or the fragment */
};

struct where {
    enum state state;
    bool closing, self;
    bool src; /* the tag has this attribute */
    enum url url;
    char tag[NAME_MAX_BYTES], attr[NAME_MAX_BYTES], scheme[NAME_MAX_BYTES];
};

struct block {
    enum template_op op; /* OP_IF, OP_EACH */
    size_t at;           /* its step, or the jump of its "else" */
    bool has_else;
    struct where where; /* at its beginning: so it must be at its end */
    size_t tags;
};

struct reading {
    struct hb_arena *a;
    const struct hb_web_file *files, *file;
    struct template_step step[TEMPLATE_STEPS];
    size_t n;
    struct where where;
    struct block block[TEMPLATE_DEPTH];
    size_t blocks;
    char tags[TAGS][NAME_MAX_BYTES];
    size_t tags_n;
    unsigned depth; /* of includes */
    struct hb_err *err;
};

struct source {
    const struct hb_web_file *file;
    size_t at;
};

static int read_all(struct reading *r, const char *name);
static int literal(struct reading *r, struct hb_slice text);
static int add_literal(struct reading *r, struct hb_slice text);
static int character(struct reading *r, struct hb_slice rest);
static int attribute_named(struct reading *r);
static int url_character(struct reading *r, char c);
static int tag_ended(struct reading *r);
static bool innermost(const struct reading *r, const char *tag);
static int hole(struct reading *r, struct hb_slice inside);
static int begin_block(struct reading *r, enum template_op op,
                       struct hb_slice name);
static int else_block(struct reading *r);
static int end_block(struct reading *r, enum template_op op);
static int message(struct reading *r, struct hb_slice inside);
static int value(struct reading *r, struct hb_slice name);
static int place_of(struct reading *r, enum template_place *ret);
static struct template_step *add(struct reading *r, enum template_op op);
static const char *name_of(struct reading *r, struct hb_slice z);
static bool same(const struct where *a, const struct where *b);
static bool starts(struct hb_slice *s, const char *with);
static int bad(struct reading *r, const char *why);

int template_read(struct hb_arena *a, const struct hb_web_file *files,
                  const char *name, struct template *ret, struct hb_err *err)
{
    struct reading *r = calloc(1, sizeof(*r));
    int rc = r == NULL ? hb_err_set(err, -ENOMEM, _("out of memory")) : 0;

    if (rc == 0) {
        *r = (struct reading){.a = a, .files = files, .err = err};
        rc = read_all(r, name);
    }
    if (rc == 0 && (r->blocks > 0 || r->tags_n > 0 || r->where.state != TEXT))
        rc = bad(r, "something is not closed at the end");
    if (rc == 0) {
        ret->name = name;
        ret->n = r->n;
        ret->step = HB_NEW_N(a, struct template_step, r->n);
        if (ret->step != NULL)
            memcpy(ret->step, r->step, r->n * sizeof(*r->step));
        else
            rc = hb_err_set(err, -ENOMEM, _("out of memory"));
    }
    free(r);
    return rc;
}

const struct hb_web_file *template_file(const struct hb_web_file *files,
                                        const char *name)
{
    for (; files->name != NULL; files++)
        if (hb_streq(files->name, name))
            return files;
    return NULL;
}

/* ---- static ---- */

/* The file and, in place, those that it includes: a stack, no recursion. */
static int read_all(struct reading *r, const char *name)
{
    struct source stack[TEMPLATE_DEPTH];
    size_t depth = 1;
    int rc = 0;

    stack[0] = (struct source){template_file(r->files, name), 0};
    if (stack[0].file == NULL)
        return hb_err_set(r->err, -ENOENT, "%s: no such template", name);
    while (rc == 0 && depth > 0) {
        struct source *s = &stack[depth - 1];
        const char *p = (const char *)s->file->p + s->at;
        size_t left = s->file->n - s->at;
        const char *open = memmem(p, left, "{{", 2), *close;
        size_t n = open != NULL ? (size_t)(open - p) : left;
        struct hb_slice inside;

        r->file = s->file;
        rc = literal(r, hb_slice(p, n));
        s->at += n;
        if (open == NULL)
            depth--;
        if (rc < 0 || open == NULL)
            continue;
        close = memmem(open, left - n, "}}", 2);
        if (close == NULL)
            return bad(r, "{{ without }}");
        inside = hb_slice(open + 2, (size_t)(close - open) - 2);
        s->at += inside.n + 4;
        if (inside.n > 0 && inside.p[0] == '>') {
            const char *other =
                name_of(r, hb_slice(inside.p + 1, inside.n - 1));

            if (other != NULL)
                other = hb_arena_printf(r->a, "%s.html", other);
            if (other == NULL || depth == TEMPLATE_DEPTH ||
                template_file(r->files, other) == NULL)
                return bad(r, "an include that is not there, or of itself");
            stack[depth++] = (struct source){template_file(r->files, other), 0};
        } else {
            rc = hole(r, inside);
        }
    }
    return rc;
}

static int literal(struct reading *r, struct hb_slice text)
{
    size_t from = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < text.n; i++) {
        bool tag = r->where.state != TEXT;

        rc = character(r, hb_slice(text.p + i, text.n - i));
        /* A browser drops a line break that a textarea begins with. */
        if (rc == 0 && tag && r->where.state == TEXT && !r->where.closing &&
            innermost(r, "textarea") &&
            (i + 1 == text.n || text.p[i + 1] != '\n')) {
            rc = add_literal(r, hb_slice(text.p + from, i + 1 - from));
            if (rc == 0)
                rc = add_literal(r, hb_slice("\n", 1));
            from = i + 1;
        }
    }
    return rc < 0 ? rc : add_literal(r, hb_slice(text.p + from, text.n - from));
}

static int add_literal(struct reading *r, struct hb_slice text)
{
    struct template_step *s;

    if (text.n == 0)
        return 0;
    s = add(r, OP_LITERAL);
    if (s == NULL)
        return bad(r, "too many steps");
    s->text = text;
    return 0;
}

static void append(char name[NAME_MAX_BYTES], char c)
{
    size_t n = strlen(name);

    if (n + 1 < NAME_MAX_BYTES) {
        name[n] = (char)tolower((unsigned char)c);
        name[n + 1] = '\0';
    }
}

/* The first of REST. */
static int character(struct reading *r, struct hb_slice rest)
{
    struct where *w = &r->where;
    char c = rest.p[0];
    bool space = c == ' ' || c == '\n';

    switch (w->state) {
    case TEXT:
        if (c == '<')
            *w = (struct where){.state = TAG};
        else if (innermost(r, "script"))
            return bad(r, "a script in the page");
        return c == '>' ? bad(r, "> outside of a tag") : 0;
    case TAG:
        if (c == '!' && w->tag[0] == '\0') {
            w->state = DECLARATION;
            return rest.n >= 14 &&
                           strncasecmp(rest.p, "!DOCTYPE html>", 14) == 0
                       ? 0
                       : bad(r, "a comment, or another declaration");
        }
        if (c == '/' && w->tag[0] == '\0' && !w->closing)
            w->closing = true;
        else if ((space || c == '/') && w->tag[0] != '\0') {
            w->state = IN_TAG;
            w->self = c == '/';
        } else if (c == '>' && w->tag[0] != '\0')
            return tag_ended(r);
        else if (isalnum((unsigned char)c))
            append(w->tag, c);
        else
            return bad(r, "no name of a tag");
        return 0;
    case IN_TAG:
        if (c == '>')
            return tag_ended(r);
        if (c == '/')
            w->self = true;
        else if (isalpha((unsigned char)c) && !w->closing) {
            w->attr[0] = '\0';
            append(w->attr, c);
            w->state = ATTR_NAME;
        } else if (!space)
            return bad(r, "no attribute");
        return 0;
    case ATTR_NAME:
        if (c == '=')
            w->state = ATTR_GAP;
        else if (space || c == '>')
            w->state = IN_TAG;
        else if (isalnum((unsigned char)c) || c == '-')
            append(w->attr, c);
        else
            return bad(r, "no name of an attribute");
        if (w->state != ATTR_NAME && attribute_named(r) < 0)
            return -EINVAL;
        return c == '>' ? tag_ended(r) : 0;
    case ATTR_GAP:
        if (c != '"')
            return bad(r, "a value without double quotes");
        w->state = VALUE;
        return 0;
    case VALUE:
        if (c != '"')
            return w->url == URL_NONE ? 0 : url_character(r, c);
        w->state = IN_TAG;
        w->url = URL_NONE;
        return 0;
    case DECLARATION:
        if (c == '>')
            w->state = TEXT;
        return 0;
    }
    return 0;
}

static int attribute_named(struct reading *r)
{
    static const char *const runs[] = {"style", "srcdoc", "http-equiv"};
    static const char *const urls[] = {
        "href",     "src",    "action",      "formaction", "data",
        "poster",   "srcset", "imagesrcset", "ping",       "background",
        "longdesc", "cite",   "manifest",
    };
    struct where *w = &r->where;

    if (strncmp(w->attr, "on", 2) == 0)
        return bad(r, "an attribute that runs something");
    for (size_t i = 0; i < HB_ARRAY_LEN(runs); i++)
        if (hb_streq(w->attr, runs[i]))
            return bad(r, "an attribute that runs something");
    w->src = w->src || (hb_streq(w->attr, "src") && w->state == ATTR_GAP);
    w->url = URL_NONE;
    w->scheme[0] = '\0';
    for (size_t i = 0; i < HB_ARRAY_LEN(urls); i++)
        if (hb_streq(w->attr, urls[i]))
            w->url = URL_BEGIN;
    return 0;
}

/* Text of the template in a URL; it may be "&amp;" only where it can change
 * neither scheme nor host. */
static int url_character(struct reading *r, char c)
{
    struct where *w = &r->where;
    bool ends = c == '/' || c == '?' || c == '#';

    if ((unsigned char)c <= ' ' || c == 0x7f || c == '\\')
        return bad(r, "a blank or a backslash in a URL");
    if (c == '&' && w->url != URL_PART)
        return bad(r, "an & before the path of a URL");
    switch (w->url) {
    case URL_BEGIN:
    case URL_SCHEME:
        if (c == ':') {
            if (hb_streq(w->scheme, "mailto"))
                w->url = URL_PART;
            else if (hb_streq(w->scheme, "http") ||
                     hb_streq(w->scheme, "https"))
                w->url = URL_COLON;
            else
                return bad(r, "a URL of another scheme");
        } else if (ends) {
            w->url = c == '/' && w->url == URL_BEGIN ? URL_SLASH : URL_PART;
        } else {
            append(w->scheme, c);
            w->url = URL_SCHEME;
        }
        return 0;
    case URL_COLON:
    case URL_COLON_SLASH:
        if (c != '/')
            return bad(r, "a URL without a host");
        w->url = w->url == URL_COLON ? URL_COLON_SLASH : URL_HOST_BEGIN;
        return 0;
    case URL_SLASH:
        w->url = c == '/' ? URL_HOST_BEGIN : URL_PART;
        return 0;
    case URL_SLASH_VALUE:
    case URL_WHOLE:
        if (c == '/' || (w->url == URL_WHOLE && !ends))
            return bad(r, "text that may change the URL before it");
        w->url = URL_PART;
        return 0;
    case URL_HOST_BEGIN:
    case URL_HOST:
        if (ends && w->url == URL_HOST_BEGIN)
            return bad(r, "a URL without a host");
        w->url = ends ? URL_PART : URL_HOST;
        return 0;
    case URL_NONE:
    case URL_PART:
        break;
    }
    return 0;
}

static bool innermost(const struct reading *r, const char *tag)
{
    return r->tags_n > 0 && hb_streq(r->tags[r->tags_n - 1], tag);
}

static int tag_ended(struct reading *r)
{
    static const char *const empty[] = {"meta", "link", "input", "br", "hr",
                                        "img",  "wbr",  "col",   NULL};
    struct where *w = &r->where;

    w->state = TEXT;
    /* Scripts and styles are files of their own. */
    if (hb_streq(w->tag, "style"))
        return bad(r, "a style in the page");
    if (!w->closing &&
        ((hb_streq(w->tag, "script") && !w->src) || innermost(r, "script")))
        return bad(r, "a script in the page");
    for (size_t i = 0; empty[i] != NULL; i++)
        if (hb_streq(w->tag, empty[i]))
            return w->closing ? bad(r, "this tag has no end") : 0;
    if (w->self)
        return bad(r, "only tags without contents end with />");
    if (!w->closing) {
        if (r->tags_n == TAGS)
            return bad(r, "too many open tags");
        memcpy(r->tags[r->tags_n++], w->tag, NAME_MAX_BYTES);
        return 0;
    }
    if (r->tags_n == 0 || !hb_streq(r->tags[r->tags_n - 1], w->tag) ||
        (r->blocks > 0 && r->tags_n == r->block[r->blocks - 1].tags))
        return bad(r, "an end that fits no beginning");
    r->tags_n--;
    return 0;
}

static int hole(struct reading *r, struct hb_slice z)
{
    if (starts(&z, "#if !"))
        return begin_block(r, OP_UNLESS, z);
    if (starts(&z, "#if "))
        return begin_block(r, OP_IF, z);
    if (starts(&z, "#each "))
        return begin_block(r, OP_EACH, z);
    if (z.n == 4 && starts(&z, "else"))
        return else_block(r);
    if (z.n == 3 && starts(&z, "/if"))
        return end_block(r, OP_IF);
    if (z.n == 5 && starts(&z, "/each"))
        return end_block(r, OP_EACH);
    if (starts(&z, "_("))
        return message(r, z);
    return value(r, z);
}

static int begin_block(struct reading *r, enum template_op op,
                       struct hb_slice name)
{
    struct template_step *s = add(r, op);
    struct block *b = &r->block[r->blocks];
    enum state at = r->where.state;

    /* In a name it would make two, of which one was looked at. */
    if (at != TEXT && at != IN_TAG && at != VALUE)
        return bad(r, "a block in a name");
    if (s == NULL || r->blocks == TEMPLATE_DEPTH)
        return bad(r, "too many steps, or blocks in blocks");
    s->name = name_of(r, name);
    if (s->name == NULL)
        return bad(r, "no name");
    *b = (struct block){
        .op = op == OP_UNLESS ? OP_IF : op,
        .at = r->n - 1,
        .where = r->where,
        .tags = r->tags_n,
    };
    r->blocks++;
    return 0;
}

static int else_block(struct reading *r)
{
    struct block *b = r->blocks > 0 ? &r->block[r->blocks - 1] : NULL;

    if (b == NULL || b->op != OP_IF || b->has_else)
        return bad(r, "an {{else}} without {{#if}}");
    if (!same(&b->where, &r->where) || b->tags != r->tags_n)
        return bad(r, "a block that ends elsewhere than it began");
    if (add(r, OP_JUMP) == NULL)
        return bad(r, "too many steps");
    r->step[b->at].to = r->n;
    b->at = r->n - 1;
    b->has_else = true;
    return 0;
}

static int end_block(struct reading *r, enum template_op op)
{
    struct block *b = r->blocks > 0 ? &r->block[r->blocks - 1] : NULL;
    struct template_step *s;

    if (b == NULL || b->op != op)
        return bad(r, "an end of another block");
    if (!same(&b->where, &r->where) || b->tags != r->tags_n)
        return bad(r, "a block that ends elsewhere than it began");
    if (op == OP_EACH) {
        s = add(r, OP_NEXT);
        if (s == NULL)
            return bad(r, "too many steps");
        s->to = b->at;
    }
    r->step[b->at].to = r->n;
    r->blocks--;
    return 0;
}

/* _("text") with C's \" and \\, as xgettext reads it. */
static int message(struct reading *r, struct hb_slice z)
{
    struct template_step *s;
    enum template_place place = PLACE_TEXT;
    char *text;
    size_t n = 0, i;
    int rc = place_of(r, &place);

    if (rc < 0)
        return rc;
    if (place == PLACE_URL || place == PLACE_URL_PART)
        return bad(r, "a text is no URL");
    if (z.n < 3 || z.p[0] != '"' || z.p[z.n - 2] != '"' || z.p[z.n - 1] != ')')
        return bad(r, "a text is _(\"...\")");
    text = hb_arena_alloc(r->a, z.n);
    s = add(r, OP_MESSAGE);
    if (text == NULL || s == NULL)
        return bad(r, "too many steps");
    for (i = 1; i < z.n - 2; i++) {
        if (z.p[i] == '"' || z.p[i] == '\n')
            return bad(r, "a text in one line, quotes as \\\"");
        if (z.p[i] == '\\' &&
            (++i >= z.n - 2 || (z.p[i] != '"' && z.p[i] != '\\')))
            return bad(r, "only \\\" and \\\\ are escapes");
        text[n++] = z.p[i];
    }
    text[n] = '\0';
    s->name = text;
    s->place = place;
    return 0;
}

static int value(struct reading *r, struct hb_slice name)
{
    enum template_place place = PLACE_TEXT;
    struct template_step *s;
    int rc = place_of(r, &place);

    if (rc < 0)
        return rc;
    s = add(r, OP_VALUE);
    if (s == NULL)
        return bad(r, "too many steps");
    s->name = name_of(r, name);
    s->place = place;
    return s->name != NULL ? 0 : bad(r, "no name");
}

/* Where a value would land. */
static int place_of(struct reading *r, enum template_place *ret)
{
    struct where *w = &r->where;

    if (w->state == TEXT) {
        if (innermost(r, "script"))
            return bad(r, "a value in a script");
        *ret = innermost(r, "textarea") ? PLACE_LINES : PLACE_TEXT;
        return 0;
    }
    if (w->state != VALUE)
        return bad(r, "a value stands between tags or in double quotes");
    *ret = PLACE_ATTR;
    if (w->url == URL_NONE)
        return 0;
    *ret = w->url == URL_BEGIN ? PLACE_URL : PLACE_URL_PART;
    if (w->url == URL_BEGIN)
        w->url = URL_WHOLE;
    else if (w->url == URL_SLASH)
        w->url = URL_SLASH_VALUE;
    else if (w->url != URL_SLASH_VALUE && w->url != URL_PART)
        return bad(r, "a value that would change a URL's scheme or host");
    return 0;
}

static struct template_step *add(struct reading *r, enum template_op op)
{
    if (r->n == TEMPLATE_STEPS)
        return NULL;
    r->step[r->n] = (struct template_step){.op = op};
    return &r->step[r->n++];
}

static const char *name_of(struct reading *r, struct hb_slice z)
{
    if (z.n == 0 || z.n > NAME_MAX_BYTES)
        return NULL;
    for (size_t i = 0; i < z.n; i++)
        if (!islower((unsigned char)z.p[i]) &&
            !isdigit((unsigned char)z.p[i]) && z.p[i] != '_' && z.p[i] != '/')
            return NULL;
    return hb_arena_printf(r->a, "%.*s", (int)z.n, z.p);
}

static bool same(const struct where *a, const struct where *b)
{
    return a->state == b->state &&
           (a->state == TEXT || hb_streq(a->tag, b->tag)) &&
           (a->state == TEXT || a->src == b->src) &&
           (a->state != VALUE ||
            (hb_streq(a->attr, b->attr) && a->url == b->url &&
             hb_streq(a->scheme, b->scheme)));
}

static bool starts(struct hb_slice *s, const char *with)
{
    size_t n = strlen(with);

    if (s->n < n || memcmp(s->p, with, n) != 0)
        return false;
    *s = hb_slice(s->p + n, s->n - n);
    return true;
}

static int bad(struct reading *r, const char *why)
{
    return hb_err_set(r->err, -EINVAL, "%s: %s (tag \"%s\", step %zu)",
                      r->file != NULL ? r->file->name : "?", why, r->where.tag,
                      r->n);
}
