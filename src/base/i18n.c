/* SPDX-License-Identifier: Apache-2.0 */
/*
 * i18n.c - the message catalogue, read by ourselves.
 *
 * Runs in every process that speaks to people.  gettext(3) needs a generated
 * locale for each language; a bare Debian has only C.UTF-8, and one process
 * prints documents in both languages.  So we read the compiled catalogue
 * (GNU .mo, gettext manual 10.3) into memory once and look messages up there:
 * no file is opened later, under a sandbox or in another thread.
 * The file is ours (root's, or a developer's), yet every offset is checked.
 */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>

#include "base/file.h"
#include "base/i18n.h"

#define MO_MAGIC   0x950412deu
#define MO_SWAPPED 0xde120495u
#define MO_MAX     ((size_t)4 << 20)

struct catalogue {
    struct hb_arena *arena;
    const char *p;
    size_t size;
    bool swapped;
    uint32_t count, ids, texts; /* entries; offsets of the two tables */
};

static void set_locale(void);
static enum hb_lang lang_of_environment(void);
static bool lang_of_name(const char *name, size_t n, enum hb_lang *ret);
static int catalogue_load(struct catalogue *c, const char *path);
static bool catalogue_sound(const struct catalogue *c);
static uint32_t word_at(const struct catalogue *c, size_t at);
static bool string_at(const struct catalogue *c, uint32_t table, uint32_t i,
                      struct hb_slice *ret);
static const char *lookup(const struct catalogue *c, const char *msgid);

static const char *const codes[HB_LANG_COUNT] = {"en", "ja"};

/* English stands in the code and needs none. */
static struct catalogue catalogues[HB_LANG_COUNT];
static enum hb_lang current;

void hb_i18n_open(void)
{
    const char *dir = secure_getenv("HINOBAN_LOCALEDIR");

    if (dir == NULL || dir[0] == '\0')
        dir = HB_LOCALEDIR;
    set_locale();
    current = lang_of_environment();
    for (int i = HB_LANG_EN + 1; i < HB_LANG_COUNT; i++) {
        char path[HB_MAX_PATH];
        int n = snprintf(path, sizeof(path), "%s/%s/LC_MESSAGES/hinoban.mo",
                         dir, codes[i]);

        hb_arena_freep(&catalogues[i].arena);
        catalogues[i] = (struct catalogue){0};
        /* Without a catalogue we speak English: no reason to stop. */
        if (n > 0 && (size_t)n < sizeof(path) &&
            catalogue_load(&catalogues[i], path) < 0)
            catalogues[i] = (struct catalogue){0};
    }
}

enum hb_lang hb_i18n_lang(void)
{
    return current;
}

void hb_i18n_use(enum hb_lang lang)
{
    HB_ASSERT(lang < HB_LANG_COUNT);
    current = lang;
}

const char *hb_lang_code(enum hb_lang lang)
{
    HB_ASSERT(lang < HB_LANG_COUNT);
    return codes[lang];
}

const char *hb_tr(enum hb_lang lang, const char *msgid)
{
    const char *text;

    HB_ASSERT(lang < HB_LANG_COUNT);
    text = lookup(&catalogues[lang], msgid);
    return text != NULL ? text : msgid;
}

const char *hb_trn(enum hb_lang lang, const char *one, const char *many,
                   unsigned long n)
{
    const char *text;

    HB_ASSERT(lang < HB_LANG_COUNT);
    text = lookup(&catalogues[lang], one);
    if (text != NULL)
        return text; /* Japanese has one form, the first */
    return n == 1 ? one : many;
}

const char *hb_gettext(const char *msgid)
{
    return hb_tr(current, msgid);
}

const char *hb_ngettext(const char *one, const char *many, unsigned long n)
{
    return hb_trn(current, one, many, n);
}

static void set_locale(void)
{
    /* The locale may not be generated, or not be UTF-8; all our text is. */
    if (setlocale(LC_ALL, "") == NULL ||
        !hb_streq(nl_langinfo(CODESET), "UTF-8"))
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    /* A decimal comma would break JSON and every other machine format. */
    (void)setlocale(LC_NUMERIC, "C");
}

static enum hb_lang lang_of_environment(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *value = NULL, *list = getenv("LANGUAGE");
    enum hb_lang lang = HB_LANG_EN;

    for (size_t i = 0; i < HB_ARRAY_LEN(names) && value == NULL; i++) {
        value = getenv(names[i]);
        if (value != NULL && value[0] == '\0')
            value = NULL;
    }
    /* As in gettext(3): the C locale speaks English, whatever LANGUAGE. */
    if (value == NULL || hb_streq(value, "C") || hb_streq(value, "POSIX"))
        return HB_LANG_EN;
    while (list != NULL && *list != '\0') {
        size_t n = strcspn(list, ":");

        if (lang_of_name(list, n, &lang))
            return lang;
        list += n + (list[n] == ':');
    }
    (void)lang_of_name(value, strlen(value), &lang);
    return lang;
}

/* "ja", "ja_JP.UTF-8", "en@quot"; false for a language that we have not. */
static bool lang_of_name(const char *name, size_t n, enum hb_lang *ret)
{
    for (int i = 0; i < HB_LANG_COUNT; i++) {
        size_t len = strlen(codes[i]);

        if (n >= len && memcmp(name, codes[i], len) == 0 &&
            (n == len || memchr("_.@", name[len], 3) != NULL)) {
            *ret = (enum hb_lang)i;
            return true;
        }
    }
    return false;
}

static int catalogue_load(struct catalogue *c, const char *path)
{
    struct hb_slice file;
    uint32_t magic;
    int r;

    c->arena = hb_arena_new(MO_MAX + 4096);
    if (c->arena == NULL)
        return -ENOMEM;
    r = hb_file_read(c->arena, path, MO_MAX, &file);
    if (r == 0 && file.n < 20)
        r = -EBADMSG;
    if (r < 0)
        goto fail;
    c->p = file.p;
    c->size = file.n;
    magic = word_at(c, 0);
    c->swapped = magic == MO_SWAPPED;
    c->count = word_at(c, 8);
    c->ids = word_at(c, 12);
    c->texts = word_at(c, 16);
    if ((magic == MO_MAGIC || magic == MO_SWAPPED) &&
        word_at(c, 4) >> 16 == 0 && catalogue_sound(c))
        return 0;
    r = -EBADMSG;
fail:
    hb_arena_freep(&c->arena);
    return r;
}

/* Both tables and all strings lie in the file, are terminated and stand in
 * order, so that a look-up need not check again. */
static bool catalogue_sound(const struct catalogue *c)
{
    struct hb_slice id, text, before = {"", 0};
    size_t table = (size_t)c->count * 8;

    if (table > c->size || c->ids > c->size - table ||
        c->texts > c->size - table)
        return false;
    for (uint32_t i = 0; i < c->count; i++) {
        if (!string_at(c, c->ids, i, &id) || !string_at(c, c->texts, i, &text))
            return false;
        if (i > 0 && strcmp(before.p, id.p) >= 0)
            return false;
        before = id;
    }
    return true;
}

static uint32_t word_at(const struct catalogue *c, size_t at)
{
    uint32_t v;

    memcpy(&v, c->p + at, sizeof(v));
    return c->swapped ? __builtin_bswap32(v) : v;
}

static bool string_at(const struct catalogue *c, uint32_t table, uint32_t i,
                      struct hb_slice *ret)
{
    size_t n = word_at(c, table + (size_t)i * 8);
    size_t at = word_at(c, table + (size_t)i * 8 + 4);

    if (at >= c->size || n >= c->size - at || c->p[at + n] != '\0')
        return false;
    *ret = hb_slice(c->p + at, n);
    return true;
}

/* NULL where MSGID is not there.  The identifier of a plural is followed by
 * its second form, which strcmp() does not see. */
static const char *lookup(const struct catalogue *c, const char *msgid)
{
    uint32_t low = 0, high = c->count;
    struct hb_slice s;

    /* "" is the catalogue's own header. */
    if (msgid[0] == '\0')
        return NULL;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order;

        if (!string_at(c, c->ids, middle, &s))
            return NULL;
        order = strcmp(msgid, s.p);
        if (order == 0)
            return string_at(c, c->texts, middle, &s) && s.n != 0 ? s.p : NULL;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
