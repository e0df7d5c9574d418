/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqli.c - see sqli.h.  A reading keeps a short row of token classes.  What
 * carries no meaning is folded away while it is read: grouping parentheses,
 * signs, arithmetic between literals, qualified names, neighbouring strings.
 * When the row is full or the value ends, it is held against the shapes below.
 *
 * Prose is what must not fire.  So a bare name never decides (it may be any
 * word), a function of SQL counts only with its parenthesis at once behind it,
 * and a quoted AND is a quotation where blanks stand around the quotes.
 */
#include "guard/waf/sqli.h"
#include "guard/waf/sqli_lex.h"

#define ROW 14u /* classes that are kept */

/* Tokens that are read at most.  Text of any length fills the row within a few
 * dozen; only what folds goes on: arithmetic, signs, parentheses. */
#define TOKENS (1u << 14)

struct reading {
    struct hb_sqli_lex lex;
    char quote; /* 0, ' or ": what the value stands in */
    char row[ROW + 1];
    size_t n;
    unsigned groups;              /* grouping parentheses that are open */
    struct hb_sqli_token last;    /* as read, before folding */
    struct hb_slice first, third; /* texts of row[0] and row[2] */
    struct hb_slice comment;
    bool third_open;
    unsigned sums; /* arithmetic that was folded away */
    bool cut;      /* TOKENS were read and the row was not full */
};

static bool judge(struct hb_slice value, char quote, char *why);
static bool read_as(struct reading *r, struct hb_slice value, char quote,
                    bool mysql);
static void push(struct reading *r, struct hb_sqli_token t);
static char folded(struct reading *r, const struct hb_sqli_token *t);
static bool guilty(const struct reading *r, struct hb_slice value);
static void explain(const struct reading *r, char *why);

/*
 * The shapes.  A letter is its class; the others:
 *     #  a value: number, TRUE, string, variable     @  that, or a name
 *     y  any function        %  the end, a comment or ';'      $  the end
 * A shape fits where the row begins with it.
 */
struct shape {
    char text[10];
};

/* Inside quotes; the string that the value closes is the s. */
static const struct shape quoted[] = {
    {"s&t$"},   {"s&tc"},    {"s&t;c"}, {"s&t;$"},  {"s&1$"},   {"s&1c"},
    {"s&1;c"},  {"s&1U"},    {"s&1B"},  {"s&#=#"},  {"s&#=y("}, {"s&#=S"},
    {"s&n=1"},  {"s&n=s"},   {"s&n=v"}, {"s&n=y("}, {"s&n=S"},  {"s&sc"},
    {"s&y("},   {"s&S"},     {"s&v"},   {"s&X"},    {"s&T("},   {"s&Tk"},
    {"s&k("},   {"s&#U"},    {"sX"},    {"s=x("},   {"s=y("},   {"s=S"},
    {"s=1c"},   {"s=1&#=#"}, {"s=s&"},  {"s=sc"},   {"s=X"},    {"so1c"},
    {"soS"},    {"sox("},    {"soy("},  {"soX"},    {"sx("},    {"s(S"},
    {"s(x("},   {"sUS"},     {"sUk"},   {"sI"},     {"sWs"},    {"sWn"},
    {"sB1%"},   {"sB1="},    {"sB1B"},  {"sB1,"},   {"sBnc"},   {"sBnB"},
    {"sBy("},   {"sB1o"},    {"s;EF"},  {"s;Ex("},  {"s;Ens"},  {"s;Ec"},
    {"s;kx("},  {"s&#=Tk"},  {"s;Ek"},  {"s;EnD"},  {"s;Ex#"},  {"s;Ev"},
    {"s;Dv"},   {"s;Ws"},    {"s;x("},  {"s;Sx("},  {"s;Sy("},  {"s;S#"},
    {"s;SnF"},  {"s;S*F"},   {"s;T("},  {"s,S"},    {"s,x("},   {"s,y(S"},
    {"s&s&s="}, {"so1&#="},  {"s;EnF"}, {"s;En("},  {"s&#=n("},
};

/* As it stands. */
static const struct shape plain[] = {
    {"1&#=#"},  {"1&#=y("}, {"1&#=S"}, {"1&t"},      {"1&1c"},      {"1&1U"},
    {"1&1B"},   {"1&sc"},   {"1&n=s"}, {"1&n=S"},    {"1&y("},      {"1&S"},
    {"1&v"},    {"1&X"},    {"1&T("},  {"1&k("},     {"n&#=#"},     {"n&x("},
    {"n&S"},    {"1X"},     {"nX"},    {"X"},        {"SX"},        {"1ox("},
    {"1oS"},    {"1oX"},    {"1=S"},   {"1=x("},     {"1x("},       {"1US"},
    {"1U("},    {"nUS#"},   {"nUS*"},  {"nUSn,"},    {"nUSnF@"},    {"nUSy("},
    {"nUX"},    {"1UX"},    {"vUS"},   {"US#"},      {"US*"},       {"USn,"},
    {"USnF@"},  {"USy("},   {"UX"},    {"1I"},       {"nIs"},       {"1Ws"},
    {"nWs"},    {"1B1%"},   {"1B1="},  {"1B1,"},     {"1By("},      {"1BT("},
    {"1;EF"},   {"1;Ex("},  {"1;Ens"}, {"1;Ec"},     {"1;kx("},     {"1&#=Tk"},
    {"1;Ek"},   {"1;EnD"},  {"1;Ex#"}, {"1;Ev"},     {"1;Dv"},      {"1;Ws"},
    {"1;x("},   {"1;S#"},   {"1;Sy("}, {"1;S*F"},    {"1;SnF"},     {"1;T("},
    {"n;EF"},   {"n;Ekn"},  {"n;Ex#"}, {"n;Dv"},     {"n;Ws"},      {"n;Sy("},
    {"n;S*F"},  {"x(1)%"},  {"x(1)o"}, {"x(1)&"},    {"x(1)="},     {"x(1,"},
    {"x(s"},    {"x(S"},    {"x(y("},  {"h(1)$"},    {"f(S"},       {"f(@,S"},
    {"f(k,S"},  {"f(f(i("}, {"f(i("},  {"i()&"},     {"i()="},      {"Sx(@"},
    {"Sx(y"},   {"Sy(1"},   {"Sy(s"},  {"Sy(y("},    {"Sy(S"},      {"Sy(@,"},
    {"Sy(*"},   {"Si()"},   {"S*FnF"}, {"SnF("},     {"S1F("},      {"Ss&"},
    {"Sv"},     {"ST(1="},  {"ST(y("}, {"SnFnFn=#"}, {"SnFnFn=y("}, {"S1FnF"},
    {"S1,1,"},  {"FnFy("},  {"Ex#"},   {"Ex("},      {"Ev="},       {"1,S1"},
    {"1,Sx("},  {"1,Sy("},  {"1,ST"},  {"1,S*"},     {"n,S1F"},     {"n,Sx("},
    {"n,Sy("},  {"n,STk"},  {"n,S*F"}, {"1Uk"},      {"1;EnF"},     {"1;En("},
    {"1&#=n("},
};

/* Wherever they stand in the row of a value as it is. */
static const char *const anywhere[] = {"n=1&1=1", "1US1,", "1US#F", "1USy("};

bool hb_waf_sqli(struct hb_slice value, char ret_why[HB_WAF_WHY])
{
    if (value.n < 2)
        return false;
    if (judge(value, 0, ret_why))
        return true;
    if (memchr(value.p, '\'', value.n) != NULL && judge(value, '\'', ret_why))
        return true;
    return memchr(value.p, '"', value.n) != NULL && judge(value, '"', ret_why);
}

/* In both dialects, where they differ. */
static bool judge(struct hb_slice value, char quote, char *why)
{
    struct reading r;
    bool found = read_as(&r, value, quote, false);

    if (!found && r.lex.dialect)
        found = read_as(&r, value, quote, true);
    if (found)
        explain(&r, why);
    return found;
}

static bool read_as(struct reading *r, struct hb_slice value, char quote,
                    bool mysql)
{
    struct hb_sqli_token t;

    *r = (struct reading){.quote = quote};
    hb_sqli_lex_init(&r->lex, value, mysql);
    if (quote != 0)
        push(r, hb_sqli_string(&r->lex, quote));
    for (size_t i = 0; r->n < ROW; i++) {
        t = hb_sqli_next(&r->lex);
        r->cut = i == TOKENS && t.cls != HB_SQLI_END;
        if (t.cls == HB_SQLI_END || r->cut)
            break;
        if (t.cls != HB_SQLI_NOTHING)
            push(r, t);
    }
    return guilty(r, value);
}

static bool in(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_letter(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           c == '_' || (unsigned char)c >= 0x80;
}

static char top(const struct reading *r, size_t back)
{
    return r->n > back ? r->row[r->n - 1 - back] : '\0';
}

static bool word_is(struct hb_slice w, const char *low)
{
    size_t n = strlen(low);

    if (w.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((w.p[i] | 0x20) != low[i])
            return false;
    return true;
}

/* Two words that are one: true when T was taken into the row's last. */
static bool joined(struct reading *r, const struct hb_sqli_token *t)
{
    char *last = &r->row[r->n - 1];

    if (r->last.cls == HB_SQLI_STRING)
        return t->cls == HB_SQLI_STRING && *last == HB_SQLI_STRING;
    if (word_is(t->text, "by") &&
        (word_is(r->last.text, "order") || word_is(r->last.text, "group")))
        *last = HB_SQLI_TAIL;
    else if (word_is(r->last.text, "waitfor") &&
             (word_is(t->text, "delay") || word_is(t->text, "time")))
        *last = HB_SQLI_WAIT;
    else if (word_is(r->last.text, "into") &&
             (word_is(t->text, "outfile") || word_is(t->text, "dumpfile")))
        *last = HB_SQLI_FILE;
    else if (*last == HB_SQLI_UNION &&
             (word_is(t->text, "all") || word_is(t->text, "distinct")))
        ;
    else if (*last == HB_SQLI_COMPARE &&
             (t->cls == HB_SQLI_COMPARE || t->cls == HB_SQLI_NOT))
        ;
    else if (*last == HB_SQLI_NOT && t->cls == HB_SQLI_COMPARE)
        *last = HB_SQLI_COMPARE;
    else if (*last == HB_SQLI_SELECT &&
             (word_is(t->text, "distinct") || word_is(t->text, "all")))
        ;
    else
        return false;
    return true;
}

/* What stands where an operand is awaited: at the beginning, behind an
 * operator, a parenthesis, a keyword. */
static bool operand_next(const struct reading *r)
{
    return r->n == 0 || in(top(r, 0), "&=o!(,;SUBTkEFID");
}

/* A name behind a dot makes one name of both, whatever words they were; the
 * type behind '::' is none. */
static bool qualified(struct reading *r, const struct hb_sqli_token *t)
{
    if (top(r, 0) == HB_SQLI_CAST) {
        r->n--;
        return true;
    }
    if (top(r, 0) != HB_SQLI_DOT)
        return false;
    while (top(r, 0) == HB_SQLI_DOT)
        r->n--;
    if (r->n == 0) {
        r->row[r->n++] = HB_SQLI_NAME;
        return true;
    }
    /* The package or the routine: DBMS_PIPE.X(), MASTER..XP_Y(). */
    if (r->row[r->n - 1] != HB_SQLI_EFFECT)
        r->row[r->n - 1] = in(t->cls, "xfhi") ? t->cls : HB_SQLI_NAME;
    return true;
}

/* A function without its parenthesis was a name. */
static void settle(struct reading *r, const struct hb_sqli_token *t)
{
    char *last;

    if (r->n == 0)
        return;
    last = &r->row[r->n - 1];
    if (in(*last, "fhi") && (t->cls != '(' || (t->spaced && r->n < 2)))
        *last = HB_SQLI_NAME;
    if (*last == HB_SQLI_EFFECT && !in(t->cls, "(.") &&
        !(r->n > 1 && r->row[r->n - 2] == HB_SQLI_VERB))
        *last = HB_SQLI_NAME;
}

/* Arithmetic between values is a value; the string of the context stays. */
static bool arithmetic(struct reading *r, char cls)
{
    char a = top(r, 1);

    if (top(r, 0) != HB_SQLI_OP || !in(cls, "1nvt") || !in(a, "1nvt"))
        return false;
    r->sums++;
    r->n--;
    if (cls == HB_SQLI_NAME)
        r->row[r->n - 1] = HB_SQLI_NAME;
    return true;
}

/* Parentheses that only group, and such as close what the value did not
 * open. */
static bool grouping(struct reading *r, char cls)
{
    if (cls == '(' && (r->n == 0 || in(top(r, 0), "&=o!(,SU;"))) {
        r->groups++;
        return true;
    }
    if (cls != ')')
        return false;
    if (r->groups > 0 && top(r, 0) != '(') {
        r->groups--;
        return true;
    }
    return r->n <= 1;
}

static void push(struct reading *r, struct hb_sqli_token t)
{
    char cls;

    settle(r, &t);
    cls = r->n > 0 && joined(r, &t) ? '\0' : folded(r, &t);
    r->last = t;
    if (cls != '\0') {
        if (r->n == 0)
            r->first = t.text;
        if (r->n == 2) {
            r->third = t.text;
            r->third_open = t.open;
        }
        if (cls == HB_SQLI_COMMENT)
            r->comment = t.text;
        r->row[r->n++] = cls;
    }
    r->row[r->n] = '\0'; /* folding takes classes away, too */
}

/* The class that T adds to the row, 0 if it went into what is there. */
static char folded(struct reading *r, const struct hb_sqli_token *t)
{
    char c = t->cls;

    if (in(c, "nkSEUFTDBfhix&=ot") && is_letter(*t->text.p) && qualified(r, t))
        return '\0';
    if (c == HB_SQLI_OP && word_is(t->text, "*") && in(top(r, 0), "S,(."))
        c = '*';
    if (c == '*' && top(r, 0) == HB_SQLI_DOT) {
        r->n--;
        return '\0';
    }
    if (in(c, "o!") && operand_next(r) && (c == '!' || in(*t->text.p, "+-")))
        return '\0';
    if (grouping(r, c) || arithmetic(r, c))
        return '\0';
    /* WAITFOR DELAY ' : nothing came, so nothing waits. */
    if (c == HB_SQLI_STRING && t->open && t->text.n <= 1 && in(top(r, 0), "WI"))
        return HB_SQLI_OTHER;
    return c;
}

static inline bool is_value(char c)
{
    return c == '1' || c == 't' || c == 's' || c == 'v';
}

/* Whether letter C of a row is letter SHAPE of a shape, which is no end. */
static inline bool is_one(char c, char shape)
{
    switch (shape) {
    case '#':
        return is_value(c);
    case '@':
        return is_value(c) || c == 'n';
    case 'y':
        return c == 'f' || c == 'h' || c == 'i' || c == 'x';
    default:
        return c == shape;
    }
}

static bool fits(const char *row, const char *shape)
{
    for (; *shape != '\0'; row++, shape++) {
        if (*shape == '$')
            return *row == '\0';
        if (*shape == '%')
            return *row == '\0' || *row == 'c' || *row == ';';
        if (!is_one(*row, *shape))
            return false;
    }
    return true;
}

static bool any(const char *row, const struct shape *shapes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_one(row[0], shapes[i].text[0]) && fits(row, shapes[i].text))
            return true;
    return false;
}

/* a'or'a: the word stands bare between two strings, the second of which goes
 * on with a letter.  It is a quotation in "the word 'or' is ..." and {'or', 1}.
 * '=' alone is name = ''='', which is true. */
static bool bare_logic(const struct reading *r)
{
    struct hb_slice a = r->first, b = r->third;

    if (fits(r->row, "s=s$") && a.n == 0 && b.n == 0)
        return true;
    if (!fits(r->row, "s&s&") &&
        !(r->third_open && (fits(r->row, "s&s$") || fits(r->row, "s=s$"))))
        return false;
    return b.n > 0 ? is_letter(b.p[0]) || b.p[0] == '%'
                   : a.n > 0 && is_letter(a.p[a.n - 1]);
}

/* admin'-- : a comment behind the quote, and nothing in it. */
static bool cut_off(const struct reading *r)
{
    const char *p = r->comment.p;
    size_t n = r->comment.n;

    if (!fits(r->row, "sc$") && !fits(r->row, "s;c$"))
        return false;
    while (n > 0 && in(p[n - 1], " \t\r\n-+"))
        n--;
    return n == 0 ||
           (n <= 2 && (p[0] == '#' || p[0] == '/') && in(p[-1], "'\")") &&
            r->first.n > 0 && !in(r->first.p[r->first.n - 1], " ("));
}

/* '+...+' : the value goes on in the string that it left. */
static bool spliced(const struct reading *r, struct hb_slice value)
{
    size_t n = value.n;

    if (r->first.n > 0 || r->n < 3 || r->row[2] == 's' ||
        !(r->row[1] == 'o' || r->row[1] == '&'))
        return false;
    while (n > 0 && in(value.p[n - 1], " \t\r\n"))
        n--;
    if (n < 4 || value.p[n - 1] != r->quote)
        return false;
    for (n--; n > 0 && in(value.p[n - 1], " \t\r\n");)
        n--;
    return n > 1 && in(value.p[n - 1], "+|");
}

/* Thousands of tokens without a meaning are there to hide what comes behind
 * them: 1+1+1+... OR 1=1.  Lines of dashes in a text begin with no value. */
static bool padded(const struct reading *r)
{
    return r->cut &&
           (r->sums > TOKENS / 4 ||
            (in(r->row[0], "1sv") && (r->n == 1 || in(r->row[1], "o&=;US("))));
}

static bool guilty(const struct reading *r, struct hb_slice value)
{
    const char *hit;

    if (padded(r))
        return true;
    if (r->quote != 0)
        return any(r->row, quoted, HB_ARRAY_LEN(quoted)) || bare_logic(r) ||
               cut_off(r) || spliced(r, value) ||
               strstr(r->row, "=1&s") != NULL;
    if (any(r->row, plain, HB_ARRAY_LEN(plain)))
        return true;
    for (size_t i = 0; i < HB_ARRAY_LEN(anywhere); i++)
        for (const char *p = r->row; *p != '\0'; p++)
            if (fits(p, anywhere[i]))
                return true;
    hit = in(r->row[0], "TS") ? strstr(r->row, "x(") : NULL;
    return hit != NULL && hit[2] != '\0';
}

static void explain(const struct reading *r, char *why)
{
    why[0] = r->quote != 0 ? r->quote : 'n';
    why[1] = ':';
    memcpy(why + 2, r->row, r->n);
    why[r->n + 2] = '\0';
}
