/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow.c - see flow.h.  Whoever attacks chooses addresses and kinds: the
 * table is small enough to be walked, and no choice of theirs makes it grow.
 */
#include "guard/gate/flow.h"

#include <arpa/inet.h>

#define LINE 8192u /* a longer one is kept only where there is none yet */

struct row {
    bool used;
    uint8_t address[16];
    uint8_t attack;
    bool let_through;
    uint64_t told;  /* when it was last told */
    uint64_t count; /* since then */
    char *line;
    size_t n;
};

struct hb_flow {
    struct row row[HB_FLOW_ROOM];
    struct row many; /* those that found no room */
    uint64_t minute; /* when it began */
    uint32_t first;  /* told at once in it */
    char *said;      /* the line that was told last */
};

static void address_of(const char *client, uint8_t ret[16]);
static struct row *find(struct hb_flow *f, uint64_t now,
                        const uint8_t address[16], uint8_t attack,
                        bool let_through);
static void keep(struct row *r, struct hb_slice line);

struct hb_flow *hb_flow_new(void)
{
    return calloc(1, sizeof(struct hb_flow));
}

void hb_flow_free(struct hb_flow *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < HB_FLOW_ROOM; i++)
        free(f->row[i].line);
    free(f->many.line);
    free(f->said);
    free(f);
}

bool hb_flow_take(struct hb_flow *f, uint64_t now, const char *client,
                  enum hb_waf_attack attack, bool let_through,
                  struct hb_slice line)
{
    uint8_t address[16];
    struct row *r;

    address_of(client, address);
    r = find(f, now, address, (uint8_t)attack, let_through);
    if (r != NULL && r->used) {
        keep(r, line);
        return false;
    }
    if (now - f->minute >= HB_FLOW_NS) {
        f->minute = now;
        f->first = 0;
    }
    if (r == NULL || f->first >= HB_FLOW_FIRST) {
        if (!f->many.used) {
            f->many.used = true;
            f->many.told = now;
        }
        keep(&f->many, line);
        return false;
    }
    f->first++;
    r->used = true;
    memcpy(r->address, address, sizeof(address));
    r->attack = (uint8_t)attack;
    r->let_through = let_through;
    r->told = now;
    r->count = 0;
    return true;
}

bool hb_flow_due(struct hb_flow *f, uint64_t now, struct hb_flow_said *ret)
{
    for (size_t i = 0; i <= HB_FLOW_ROOM; i++) {
        struct row *r = i < HB_FLOW_ROOM ? &f->row[i] : &f->many;

        if (!r->used || now - r->told < HB_FLOW_NS)
            continue;
        if (r->count == 0) {
            r->used = false; /* it is quiet: the next is told at once */
            continue;
        }
        free(f->said);
        f->said = r->line;
        *ret = (struct hb_flow_said){hb_slice(r->line, r->n), r->count,
                                     r == &f->many};
        r->line = NULL;
        r->n = 0;
        r->count = 0;
        r->told = now;
        return true;
    }
    return false;
}

uint64_t hb_flow_next(const struct hb_flow *f)
{
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i <= HB_FLOW_ROOM; i++) {
        const struct row *r = i < HB_FLOW_ROOM ? &f->row[i] : &f->many;

        if (r->used && r->count > 0)
            next = HB_MIN(next, r->told + HB_FLOW_NS);
    }
    return next;
}

/* What is no address is one of its own: all zero. */
static void address_of(const char *client, uint8_t ret[16])
{
    memset(ret, 0, 16);
    if (inet_pton(AF_INET6, client, ret) == 1) {
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

        if (memcmp(ret, mapped, sizeof(mapped)) != 0)
            memset(ret + 8, 0, 8);
        return;
    }
    memset(ret, 0, 16);
    if (inet_pton(AF_INET, client, ret + 12) == 1)
        ret[10] = ret[11] = 0xff;
}

/* Its row, else a free one, else one that was quiet for a minute; NULL. */
static struct row *find(struct hb_flow *f, uint64_t now,
                        const uint8_t address[16], uint8_t attack,
                        bool let_through)
{
    struct row *free_row = NULL;

    for (size_t i = 0; i < HB_FLOW_ROOM; i++) {
        struct row *r = &f->row[i];

        if (r->used && r->count == 0 && now - r->told >= HB_FLOW_NS)
            r->used = false;
        if (!r->used) {
            free_row = free_row != NULL ? free_row : r;
            continue;
        }
        if (r->attack == attack && r->let_through == let_through &&
            memcmp(r->address, address, 16) == 0)
            return r;
    }
    return free_row;
}

/* Without memory the line that is there stays; the count is right. */
static void keep(struct row *r, struct hb_slice line)
{
    r->count++;
    if (line.n > LINE && r->line != NULL)
        return;
    if (line.n != r->n || r->line == NULL) {
        char *more = realloc(r->line, line.n + 1);

        if (more == NULL)
            return;
        r->line = more;
    }
    if (line.n > 0)
        memcpy(r->line, line.p, line.n);
    r->n = line.n;
}
