/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nft.c - the files of nft(8), as far as one question needs them: is what
 * comes in refused unless a rule allows it?
 *
 * Runs in check.  Only base chains of the hook "input" count; each stands for
 * itself, as a packet has to pass them all.  A rule without a condition ends a
 * chain for everything (accept, drop, reject); else its policy holds.  What a
 * condition that is always true hides is not seen.
 */
#include "control/check.h"

#define DEPTH 16u /* of braces */
#define WORDS 24u /* of a statement; what follows does not matter here */

enum end { END_NONE, END_ACCEPT, END_DENY, END_UNCLEAR };

struct chain {
    enum end end;       /* of the first rule without a condition */
    bool input, denies; /* hook; policy */
    bool v4, v6;
};

struct reader {
    struct hb_slice rest;
    struct hb_nft *nft;
    hb_nft_include_fn *include;
    void *arg;
    struct hb_slice words[WORDS];
    size_t n;
    unsigned depth, in_table, in_chain; /* depth of the block, 0: outside */
    bool v4, v6;
    struct chain chain;
};

static struct hb_slice token(struct hb_slice *rest);
static void opened(struct reader *r);
static void closed(struct reader *r);
static void statement(struct reader *r);
static void base_chain(struct reader *r);
static enum end verdict(const struct reader *r);
static size_t skip_harmless(const struct reader *r, size_t i);
static bool word_is(const struct reader *r, size_t i, const char *z);

void hb_nft_parse(struct hb_slice text, struct hb_nft *nft,
                  hb_nft_include_fn *include, void *arg)
{
    struct reader r = {
        .rest = text, .nft = nft, .include = include, .arg = arg};
    struct hb_slice t;

    while ((t = token(&r.rest)).n > 0) {
        if (hb_slice_is(t, "{")) {
            opened(&r);
        } else if (hb_slice_is(t, "}")) {
            closed(&r);
        } else if (hb_slice_is(t, ";") || hb_slice_is(t, "\n")) {
            /* Lines within the braces of a rule do not end it. */
            if (r.in_chain == 0 || r.depth == r.in_chain)
                statement(&r);
        } else if (r.n < WORDS) {
            r.words[r.n++] = t;
        }
    }
    statement(&r);
    if (r.depth > 0)
        nft->bad = true;
}

/* A word, "{", "}", ";", or the end of a line; {"", 0} at the end.  Quotes are
 * taken off. */
static struct hb_slice token(struct hb_slice *rest)
{
    const char *p = rest->p, *end = rest->p + rest->n, *start;
    struct hb_slice t;

    for (; p < end; p++) {
        if (*p == '#')
            while (p + 1 < end && p[1] != '\n')
                p++;
        else if (*p == '\\' && p + 1 < end && p[1] == '\n')
            p++;
        else if (*p != ' ' && *p != '\t' && *p != '\r' && *p != '\0')
            break;
    }
    start = p;
    if (p < end && *p == '"') {
        const char *close = memchr(p + 1, '"', (size_t)(end - p - 1));

        /* An empty string is a word too, and never the end. */
        p = close != NULL ? close + 1 : end;
        t = close != NULL && close > start + 1
                ? hb_slice(start + 1, (size_t)(close - start - 1))
                : hb_slice(start, 1);
    } else {
        if (p < end && strchr("{};\n", *p) != NULL)
            p++;
        else
            while (p < end && memchr(" \t\r\n{};#\"", *p, 9) == NULL &&
                   *p != '\0')
                p++;
        t = hb_slice(start, (size_t)(p - start));
    }
    *rest = hb_slice(p, (size_t)(end - p));
    return t;
}

/* "table inet filter {", "chain input {", "add chain inet filter input {"; or
 * a set within a rule. */
static void opened(struct reader *r)
{
    size_t i = word_is(r, 0, "add") || word_is(r, 0, "create");

    if (r->depth >= DEPTH)
        r->nft->bad = true;
    r->depth++;
    if (r->in_chain != 0)
        return;
    if (word_is(r, i, "table") || word_is(r, i, "chain")) {
        bool chain = word_is(r, i, "chain");
        bool named = word_is(r, i + 1, "inet") || word_is(r, i + 1, "ip6") ||
                     word_is(r, i + 1, "ip") || word_is(r, i + 1, "arp") ||
                     word_is(r, i + 1, "bridge") || word_is(r, i + 1, "netdev");

        /* The family "ip" is what none stands for. */
        if (!chain || r->in_table == 0) {
            r->v4 =
                !named || word_is(r, i + 1, "inet") || word_is(r, i + 1, "ip");
            r->v6 = word_is(r, i + 1, "inet") || word_is(r, i + 1, "ip6");
        }
        if (chain) {
            r->chain = (struct chain){.v4 = r->v4, .v6 = r->v6};
            r->in_chain = r->depth;
        } else {
            r->in_table = r->depth;
        }
    }
    r->n = 0;
}

static void closed(struct reader *r)
{
    if (r->depth == 0) {
        r->nft->bad = true;
        return;
    }
    if (r->in_chain == r->depth && r->in_chain != 0) {
        const struct chain *c = &r->chain;
        bool deny;

        statement(r);
        deny = c->end == END_DENY || (c->denies && c->end != END_ACCEPT);
        if (c->input) {
            r->nft->input = true;
            r->nft->v4 = r->nft->v4 || (deny && c->v4);
            r->nft->v6 = r->nft->v6 || (deny && c->v6);
            r->nft->unclear =
                r->nft->unclear || (!deny && c->end == END_UNCLEAR);
        }
        r->in_chain = 0;
    }
    if (r->in_table == r->depth)
        r->in_table = 0;
    if (r->in_chain == 0)
        r->n = 0;
    r->depth--;
}

static void statement(struct reader *r)
{
    if (r->n > 0 && r->in_chain != 0 && r->depth == r->in_chain) {
        if (word_is(r, 0, "type") || word_is(r, 0, "policy"))
            base_chain(r);
        else if (r->chain.end == END_NONE)
            r->chain.end = verdict(r);
    } else if (r->depth == 0 && word_is(r, 0, "flush") &&
               word_is(r, 1, "ruleset") && r->n == 2) {
        /* Whatever stood before is gone. */
        r->nft->input = r->nft->v4 = r->nft->v6 = r->nft->unclear = false;
    } else if (word_is(r, 0, "include") && r->n > 1) {
        if (r->include != NULL)
            r->include(r->arg, r->nft, r->words[1]);
    } else if (r->depth == 0 &&
               (word_is(r, 0, "add") || word_is(r, 0, "insert")) &&
               word_is(r, 1, "rule")) {
        /* A rule for a chain that stands elsewhere. */
        r->nft->unclear = true;
    }
    r->n = 0;
}

/* "type filter hook input priority 0", "policy drop". */
static void base_chain(struct reader *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (word_is(r, i, "hook"))
            r->chain.input = word_is(r, i + 1, "input");
        if (word_is(r, i, "policy"))
            r->chain.denies = word_is(r, i + 1, "drop");
    }
}

/* Of a rule without a condition; END_NONE where it has one. */
static enum end verdict(const struct reader *r)
{
    size_t i = skip_harmless(r, 0);

    if (word_is(r, i, "drop") || word_is(r, i, "reject"))
        return END_DENY;
    if (word_is(r, i, "accept"))
        return END_ACCEPT;
    if (word_is(r, i, "jump") || word_is(r, i, "goto"))
        return END_UNCLEAR;
    return END_NONE;
}

/* "counter packets 0 bytes 0", "log prefix X level warn", "comment X". */
static size_t skip_harmless(const struct reader *r, size_t i)
{
    static const char *const pairs[] = {"packets", "bytes", "prefix", "level",
                                        "flags",   "group", "comment"};

    while (i < r->n) {
        size_t step = word_is(r, i, "counter") || word_is(r, i, "log");

        for (size_t k = 0; step == 0 && k < HB_ARRAY_LEN(pairs); k++)
            if (word_is(r, i, pairs[k]))
                step = 2;
        if (step == 0)
            break;
        i += step;
    }
    return i;
}

static bool word_is(const struct reader *r, size_t i, const char *z)
{
    return i < r->n && hb_slice_is(r->words[i], z);
}
