/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.h - the state of a search, and the detectors that look at a span of a
 * line or a row: numbers.c, look.c, table.c.  Included by these and personal.c
 * only.
 */
#ifndef HB_INSPECT_LOOK_H
#define HB_INSPECT_LOOK_H

#include "inspect/address.h"
#include "inspect/names.h"
#include "inspect/number.h"
#include "inspect/personal.h"
#include "inspect/persons.h"
#include "inspect/row.h"
#include "inspect/words.h"

#define HB_LINES_ABOVE  3u  /* in which a word still counts */
#define HB_SHORT_LINE   60u /* letters of a line that could be of a list */
#define HB_PENDING      128u
#define HB_LINES_COLUMN (HB_COLUMNS + 1u) /* numbers beside names in lines */
#define HB_VALUE_BYTES  512u              /* of one value */

struct hb_line {
    struct hb_letters l;
    uint64_t base; /* bytes before it */
    unsigned near; /* enum hb_near */
    bool near_known;
};

/* Individual Numbers whose word stands above, or that stand in a column
 * without heading: chance would let one in ten pass, so the others decide. */
struct hb_pending {
    char digits[HB_PENDING][12];
    uint64_t at[HB_PENDING];
    uint8_t column[HB_PENDING]; /* HB_COLUMNS: of no column */
    size_t n;
};

struct hb_column {
    enum hb_label label;
    bool explained;     /* some heading stands over it */
    uint32_t good, bad; /* numbers of 12 digits, right and wrong */
    uint32_t full;      /* cells that are names */
    uint32_t words;     /* cells of two words in kana or Latin */
    uint32_t cells;
    bool live; /* its numbers are Individual Numbers */
};

struct hb_table {
    uint32_t separator; /* 0: no table */
    bool headed;
    unsigned near; /* of its headings */
    size_t columns, rows;
    uint32_t persons; /* rows with a person */
    struct hb_column column[HB_COLUMNS];
};

/* 記号 of ゆうちょ that waits for its 番号. */
struct hb_symbol {
    char digits[5];
    size_t line;
    uint64_t at;
    bool open;
};

/* A surname or given name by its key, that waits for the other. */
struct hb_half {
    char value[HB_NAME_LETTERS * 2];
    size_t n, line;
    bool open, surname;
};

struct hb_personal {
    hb_personal_fn *found;
    void *arg;
    struct hb_words *words;
    struct hb_names *names;
    struct hb_line line[HB_LINES_ABOVE + 1]; /* a ring */
    size_t lines;                            /* begun so far */
    uint64_t base;                           /* bytes read so far */
    char *rest;                              /* a line that a piece cut */
    size_t rest_n;
    size_t joined; /* lines that make the row that is open */
    struct hb_table table;
    struct hb_pending pending;
    uint32_t lone_good, lone_bad; /* of these, beside a name in a line */
    uint32_t bare_good, bare_bad; /* numbers of 12 digits, nothing said */
    struct hb_symbol symbol;
    struct hb_half half;
    struct hb_set seen[HB_CLASSES];
    struct hb_persons persons;
    struct hb_personal_report report;
    uint64_t about;    /* attributes of this row so far */
    uint64_t row_name; /* a name within a cell of this row, 0 none */
    size_t name_line;  /* of the name that text held last */
    int err;           /* the first failure */
};

/* A span of the line that is looked at. */
struct hb_span {
    struct hb_line *line;
    size_t begin, end; /* letters */
    enum hb_label label;
    bool explained; /* a heading stands over it, whatever it says */
    size_t column;  /* HB_COLUMNS: of no table */
    bool in_row;
};

static inline struct hb_line *hb_look_line(struct hb_personal *p)
{
    return &p->line[p->lines % (HB_LINES_ABOVE + 1)];
}

/* Numbers that begin with the digit at letter AT; the letter behind. */
size_t hb_look_number(struct hb_personal *p, const struct hb_span *s,
                      size_t at);
/* Everything in a span; names in running text only where NAMES. */
void hb_look(struct hb_personal *p, const struct hb_span *s, bool names);
/* Tells of VALUE once; what it says of the person at hand is kept. */
void hb_look_tell(struct hb_personal *p, enum hb_class c, const char *value,
                  size_t n, uint64_t at);
/* A name of letters CP; its hash, 0 where it is none. */
uint64_t hb_look_person(struct hb_personal *p, const struct hb_line *line,
                        size_t begin, size_t end);
/* Bits of enum hb_near of the line and those above. */
unsigned hb_look_near(struct hb_personal *p, const struct hb_span *s);
void hb_look_pending(struct hb_personal *p, size_t column, bool yes);

/* Whether the row holds headings; takes them. */
bool hb_table_headings(struct hb_personal *p, struct hb_line *l,
                       const struct hb_cell *cells, size_t n);
void hb_table_row(struct hb_personal *p, struct hb_line *l,
                  const struct hb_cell *cells, size_t n);
void hb_table_end(struct hb_personal *p);

#endif
