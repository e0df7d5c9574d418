/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqli_lex.h - tokens of a piece of SQL, for sqli.c.
 */
#ifndef HB_GUARD_WAF_SQLI_LEX_H
#define HB_GUARD_WAF_SQLI_LEX_H

#include "base/base.h"

/* Classes are letters, so that a row of them is a string that people and the
 * grammar read alike. */
enum hb_sqli_class {
    HB_SQLI_END = 0,
    HB_SQLI_NUMBER = '1', /* also NULL */
    HB_SQLI_TRUTH = 't',  /* TRUE, FALSE */
    HB_SQLI_STRING = 's',
    HB_SQLI_NAME = 'n',
    HB_SQLI_VARIABLE = 'v', /* @x, @@x, CURRENT_USER ... */
    HB_SQLI_OP = 'o',       /* arithmetic */
    HB_SQLI_COMPARE = '=',  /* = < > LIKE IN BETWEEN ... */
    HB_SQLI_NOT = '!',      /* NOT ! ~ : only in front of something */
    HB_SQLI_LOGIC = '&',    /* AND OR XOR && || */
    HB_SQLI_SELECT = 'S',
    HB_SQLI_VERB = 'E',    /* INSERT, DROP, EXEC ...: begins a statement */
    HB_SQLI_UNION = 'U',   /* UNION, EXCEPT, INTERSECT, MINUS, with ALL */
    HB_SQLI_TAIL = 'B',    /* ORDER BY, GROUP BY, HAVING, LIMIT */
    HB_SQLI_FROM = 'F',    /* FROM, WHERE, INTO */
    HB_SQLI_FILE = 'I',    /* INTO OUTFILE */
    HB_SQLI_WAIT = 'W',    /* WAITFOR DELAY */
    HB_SQLI_IF = 'T',      /* IF, CASE */
    HB_SQLI_DECLARE = 'D', /* DECLARE, SET: wants a variable */
    HB_SQLI_WORD = 'k',    /* any other keyword */
    HB_SQLI_FUNC = 'f',    /* a function of a database, before '(' */
    HB_SQLI_CHAR = 'h',    /* CHAR(), CHR(): a text of numbers */
    HB_SQLI_INFO = 'i',    /* VERSION(), USER(): what the server is */
    HB_SQLI_EFFECT = 'x',  /* one that waits, reads files, runs, leaks */
    HB_SQLI_OPEN = '(',
    HB_SQLI_CLOSE = ')',
    HB_SQLI_COMMA = ',',
    HB_SQLI_SEMI = ';',
    HB_SQLI_DOT = '.',
    HB_SQLI_CAST = ':',    /* :: of PostgreSQL */
    HB_SQLI_COMMENT = 'c', /* cuts the rest off */
    HB_SQLI_HIDDEN = 'X',  /* a keyword within an executable comment */
    HB_SQLI_NOTHING = '_', /* the end of an executable comment */
    HB_SQLI_OTHER = '?',
};

struct hb_sqli_lex {
    const char *p, *end;
    bool mysql;  /* "--" wants a space behind it, '#' is a comment */
    bool hidden; /* within a comment of MySQL that is executed */
    /* Ends that were looked for in vain: not looked for again, so that a row
     * of openings costs no more than one pass. */
    bool no_tick, no_bracket;
    unsigned no_tag;
    /* Found on the way, for the caller: what the two dialects read apart. */
    bool dialect;
};

struct hb_sqli_token {
    char cls;             /* an hb_sqli_class; 0 at the end */
    struct hb_slice text; /* as it stands in the value */
    bool open;            /* a string without its closing quote */
    bool spaced;          /* behind a space */
};

void hb_sqli_lex_init(struct hb_sqli_lex *l, struct hb_slice value, bool mysql);
struct hb_sqli_token hb_sqli_next(struct hb_sqli_lex *l);
/* The rest of a string that began before the value: up to its QUOTE. */
struct hb_sqli_token hb_sqli_string(struct hb_sqli_lex *l, char quote);

/* The class of a word (case does not matter), HB_SQLI_NAME if it is none of
 * SQL's.  Functions come out as such wherever they stand. */
char hb_sqli_word(struct hb_slice word);

#endif
