/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_xml.c - XML 1.0 by libxml2's events: no tree, no network, nothing else
 * is loaded, and no entity but the five of XML itself is ever expanded.
 *
 * The text of all elements goes one behind the other into xml_text, which is
 * what XPath's string value of the root element is; attributes (without the
 * declarations of namespaces) into xml_attr.
 *
 * Otherwise than the reference on purpose: it expands entities that a body
 * declares.  Here what an entity is declared to be is text once, where it is
 * declared, so that rules see it; a body that uses one is broken, since what
 * its reader makes of it is not seen here.
 *
 * libxml2 compares each attribute of an element with all others of it, and
 * each word of an enumeration in a document type with all others: attributes
 * are counted before it sees them, and a document type is short.  Encodings
 * in which the count could be hidden are refused.
 */
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <strings.h>

#include "guard/waf/body_int.h"

/* libxml2 itself goes no deeper than 256. */
#define DEPTH_MAX      255u
#define ATTRIBUTES_MAX 256u        /* of one element */
#define DOCTYPE_MAX    (16u << 10) /* bytes of a document type */
/* The worst document takes libxml2 80 ms a mebibyte, some twenty times what
 * the other parsers take. */
#define BODY_MAX (256u << 10)
#define TEXT_MIN 256u

struct xml {
    struct hb_waf_reader *r;
    xmlParserCtxtPtr parser;
    uint64_t depth;
    char *text;
    size_t text_n, text_room;
    bool entity;   /* one of the body's own is used */
    bool declared; /* one was declared just now */
    int rc;
};

static int check(struct hb_waf_reader *r);
static int narrow(struct hb_waf_reader *r, struct hb_slice *ret);
static bool encoding_known(struct hb_slice s);
static bool crowded(struct hb_slice s);
static const char *past_blanks(const char *p, const char *end);
static xmlSAXHandler handlers(void);
static void doctype(void *arg, const xmlChar *name, const xmlChar *public_id,
                    const xmlChar *system_id);
static bool doctype_short(const char *p, size_t n);
static void element(void *arg, const xmlChar *name, const xmlChar **attribute);
static void element_end(void *arg, const xmlChar *name);
static int attribute_add(struct xml *x, const char *name, const char *value);
static void characters(void *arg, const xmlChar *p, int n);
static void entity_declared(void *arg, const xmlChar *name, int type,
                            const xmlChar *public_id, const xmlChar *system_id,
                            xmlChar *content);
static xmlEntityPtr entity_used(void *arg, const xmlChar *name);
static void entity_left(void *arg, const xmlChar *name);
static void text(struct xml *x, const char *p, size_t n);
static void stop(struct xml *x, int rc);
static int verdict(struct xml *x);

int hb_waf_body_xml(struct hb_waf_reader *r)
{
    struct xml x = {.r = r};
    xmlSAXHandler sax = handlers(), *own;
    int rc = check(r);

    if (rc != 0)
        return rc;
    /* Without a byte it is broken: so the reference sees it. */
    if (r->body.n == 0)
        return hb_waf_body_broken(r, _("this is no XML"), 0);
    if (r->limits.depth > DEPTH_MAX)
        r->limits.depth = DEPTH_MAX;
    x.parser = xmlCreateMemoryParserCtxt(r->body.p, (int)r->body.n);
    if (x.parser == NULL)
        return -ENOMEM;
    (void)xmlCtxtUseOptions(x.parser, XML_PARSE_NONET);
    own = x.parser->sax;
    x.parser->sax = &sax;
    x.parser->userData = &x;
    (void)xmlParseDocument(x.parser);
    r->ret->xml_text = hb_slice(x.text != NULL ? x.text : "", x.text_n);
    rc = verdict(&x);
    x.parser->sax = own;
    xmlFreeDoc(x.parser->myDoc);
    x.parser->myDoc = NULL;
    xmlFreeParserCtxt(x.parser);
    return rc;
}

/* What libxml2 must not get. */
static int check(struct hb_waf_reader *r)
{
    struct hb_slice s;
    int rc;

    if (r->body.n > BODY_MAX)
        return hb_waf_body_limit(r, _("the XML body is too long"));
    rc = narrow(r, &s);
    if (rc != 0)
        return rc;
    if (!encoding_known(s))
        return hb_waf_body_broken(
            r, _("the XML body is of an encoding that is not read"), 0);
    if (crowded(s))
        return hb_waf_body_limit(
            r, _("an element of the XML body has too many attributes"));
    return 0;
}

/* The body as bytes in which ASCII stands for itself: of UTF-16 one byte each
 * character, whatever is not ASCII being 0x80. */
static int narrow(struct hb_waf_reader *r, struct hb_slice *ret)
{
    struct hb_slice s = r->body;
    bool big, little;
    char *out;

    if (s.n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0)
        s = hb_slice(s.p + 3, s.n - 3);
    big = s.n >= 2 &&
          (memcmp(s.p, "\xfe\xff", 2) == 0 || memcmp(s.p, "\0<", 2) == 0);
    little = s.n >= 2 &&
             (memcmp(s.p, "\xff\xfe", 2) == 0 || memcmp(s.p, "<\0", 2) == 0);
    *ret = s;
    if (!big && !little)
        return 0;
    out = hb_arena_alloc(r->a, s.n / 2);
    if (out == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < s.n / 2; i++) {
        char c = s.p[2 * i + big], high = s.p[2 * i + little];

        out[i] = (char)(high == 0 && (uint8_t)c < 0x80 ? c : 0x80);
    }
    /* The mark of the byte order. */
    *ret = hb_slice(out, s.n / 2);
    if (ret->n > 0 && (uint8_t)out[0] == 0x80)
        *ret = hb_slice(out + 1, ret->n - 1);
    return 0;
}

/* No shift states (ISO-2022, UTF-7), no EBCDIC, no UCS-4: ASCII is ASCII. */
static bool encoding_known(struct hb_slice s)
{
    static const char *const known[] = {
        "utf-8",      "utf8",   "us-ascii",   "ascii",       "iso-8859-",
        "windows-12", "utf-16", "shift_jis",  "windows-31j", "cp932",
        "euc-jp",     "euc-kr", "iso_8859-1", "latin1",
    };
    const char *end, *p;

    if (s.p == NULL)
        return true;
    end = s.p + HB_MIN(s.n, 256u);
    p = past_blanks(s.p, end);
    if (p == end || *p != '<')
        return p == end;
    if (end - p < 6 || memcmp(p, "<?xml", 5) != 0 || !hb_waf_body_blank(p[5]))
        return end - p < 2 || p[1] != '\0';
    s = hb_slice(p, (size_t)(end - p));
    p = memmem(s.p, s.n, "?>", 2);
    if (p == NULL)
        return false;
    s.n = (size_t)(p - s.p);
    end = p;
    p = memmem(s.p, s.n, "encoding", 8);
    if (p == NULL)
        return true;
    p = past_blanks(p + 8, end);
    p = past_blanks(p + (p < end && *p == '='), end);
    p += p < end;
    for (size_t i = 0; i < HB_ARRAY_LEN(known); i++)
        if ((size_t)(end - p) > strlen(known[i]) &&
            strncasecmp(p, known[i], strlen(known[i])) == 0)
            return true;
    return false;
}

/* An element with too many attributes.  Each '<' is tried for itself, up to
 * the next one, which stands in no tag: so nothing in front of a tag hides
 * it. */
static bool crowded(struct hb_slice s)
{
    const char *end = s.p + s.n, *p = s.p, *stop;

    while (p < end && (p = memchr(p, '<', (size_t)(end - p))) != NULL) {
        p++;
        stop = memchr(p, '<', (size_t)(end - p));
        if (stop == NULL)
            stop = end;
        while (p < stop && !hb_waf_body_blank(*p) && *p != '>')
            p++;
        for (size_t n = 0; p < stop; n++) {
            const char *q;

            p = past_blanks(p, stop);
            while (p < stop && !hb_waf_body_blank(*p) &&
                   memchr("=<>\"'/", *p, 6) == NULL)
                p++;
            p = past_blanks(p, stop);
            if (p == stop || *p != '=')
                break;
            p = past_blanks(p + 1, stop);
            if (p == stop || (*p != '"' && *p != '\''))
                break;
            if (n >= ATTRIBUTES_MAX)
                return true;
            q = memchr(p + 1, *p, (size_t)(stop - p - 1));
            p = q != NULL ? q + 1 : stop;
        }
        p = stop;
    }
    return false;
}

static const char *past_blanks(const char *p, const char *end)
{
    while (p < end && hb_waf_body_blank(*p))
        p++;
    return p;
}

/* The older kind of events, without namespaces: nobody here asks for them,
 * and looking each of them up costs libxml2 time.  Without a handler of errors
 * it says nothing of them. */
static xmlSAXHandler handlers(void)
{
    return (xmlSAXHandler){
        .initialized = 1,
        .internalSubset = doctype,
        .startElement = element,
        .endElement = element_end,
        .characters = characters,
        .ignorableWhitespace = characters,
        .cdataBlock = characters,
        .entityDecl = entity_declared,
        .getEntity = entity_used,
        .getParameterEntity = entity_used,
        .reference = entity_left,
    };
}

/* Called where a '[' may follow. */
static void doctype(void *arg, const xmlChar *name, const xmlChar *public_id,
                    const xmlChar *system_id)
{
    struct xml *x = arg;
    const xmlParserInput *in = x->parser->input;

    if (!doctype_short((const char *)in->cur, (size_t)(in->end - in->cur)))
        stop(x, hb_waf_body_limit(
                    x->r, _("the XML body has too long a document type")));
}

/* Whether the declarations at P end before they are too many. */
static bool doctype_short(const char *p, size_t n)
{
    const char *end = p + HB_MIN(n, DOCTYPE_MAX);

    p = past_blanks(p, end);
    if (p < end && *p != '[')
        return true;
    while (p < end && *p != ']') {
        size_t left = (size_t)(end - p);
        const char *q = p + 1;

        if (*p == '"' || *p == '\'')
            q = memchr(p + 1, *p, left - 1);
        else if (left >= 4 && memcmp(p, "<!--", 4) == 0)
            q = memmem(p + 4, left - 4, "--", 2);
        else if (left >= 2 && memcmp(p, "<?", 2) == 0)
            q = memmem(p + 2, left - 2, "?>", 2);
        if (q == NULL)
            return false;
        p = q + (q > p + 1 || *p == '"' || *p == '\'');
    }
    return p < end;
}

static void element(void *arg, const xmlChar *name, const xmlChar **attribute)
{
    struct xml *x = arg;

    if (++x->depth > x->r->limits.depth) {
        stop(x, hb_waf_body_limit(x->r, _("the XML body is nested too deep")));
        return;
    }
    for (; attribute != NULL && attribute[0] != NULL && x->rc == 0;
         attribute += 2)
        stop(x, attribute_add(x, (const char *)attribute[0],
                              (const char *)attribute[1]));
}

static void element_end(void *arg, const xmlChar *name)
{
    struct xml *x = arg;

    x->depth--;
}

static int attribute_add(struct xml *x, const char *name, const char *value)
{
    struct hb_slice n = hb_slice_z(name), v = hb_slice_z(value);
    char *copy;
    size_t to = 0;

    if (strncmp(name, "xmlns", 5) == 0 && (n.n == 5 || name[5] == ':'))
        return 0;
    n.p = hb_arena_dup(x->r->a, n.p, n.n);
    copy = hb_arena_dup(x->r->a, v.p, v.n);
    if (n.p == NULL || copy == NULL)
        return -ENOMEM;
    /* An '&' comes as a reference where entities are not expanded. */
    for (size_t i = 0; i < v.n; i++) {
        copy[to++] = v.p[i];
        if (v.p[i] == '&' && v.n - i >= 5 && memcmp(v.p + i, "&#38;", 5) == 0)
            i += 4;
    }
    return hb_waf_body_add(x->r, &x->r->ret->xml_attr, n, hb_slice(copy, to));
}

static void characters(void *arg, const xmlChar *p, int n)
{
    text(arg, (const char *)p, (size_t)n);
}

static void entity_declared(void *arg, const xmlChar *name, int type,
                            const xmlChar *public_id, const xmlChar *system_id,
                            xmlChar *content)
{
    struct xml *x = arg;

    x->declared = true;
    if (content != NULL)
        text(arg, (const char *)content, strlen((const char *)content));
    if (system_id != NULL)
        text(arg, (const char *)system_id, strlen((const char *)system_id));
}

static xmlEntityPtr entity_used(void *arg, const xmlChar *name)
{
    struct xml *x = arg;

    /* libxml2 looks whether it knows now what was declared. */
    x->entity |= !x->declared;
    x->declared = false;
    return NULL;
}

static void entity_left(void *arg, const xmlChar *name)
{
    struct xml *x = arg;

    x->entity = true;
}

static void text(struct xml *x, const char *p, size_t n)
{
    if (x->rc != 0)
        return;
    if (n > x->text_room - x->text_n) {
        size_t room = HB_MAX(x->text_n + n, HB_MAX(2 * x->text_room, TEXT_MIN));
        char *more = hb_arena_alloc(x->r->a, room);

        if (more == NULL) {
            stop(x, -ENOMEM);
            return;
        }
        if (x->text_n > 0)
            memcpy(more, x->text, x->text_n);
        x->text = more;
        x->text_room = room;
    }
    if (n > 0)
        memcpy(x->text + x->text_n, p, n);
    x->text_n += n;
}

/* No more events where RC is not 0. */
static void stop(struct xml *x, int rc)
{
    if (rc == 0 || x->rc != 0)
        return;
    x->rc = rc;
    xmlStopParser(x->parser);
}

/* What came of it: see body_int.h. */
static int verdict(struct xml *x)
{
    const xmlError *e = xmlCtxtGetLastError(x->parser);
    const xmlParserInput *in = x->parser->input;

    if (x->rc != 0)
        return x->rc;
    if (e != NULL && e->code == XML_ERR_NO_MEMORY)
        return -ENOMEM;
    if (x->entity)
        return hb_waf_body_broken(
            x->r, _("the XML body uses entities of its own"), 0);
    /* A NUL is the end for libxml2. */
    if (!x->parser->wellFormed || (in != NULL && in->cur < in->end))
        return hb_waf_body_broken(x->r, _("this is no XML"), 0);
    return 0;
}
