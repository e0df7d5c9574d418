/* SPDX-License-Identifier: Apache-2.0 */
/*
 * executes.c - names and content that run.
 */
#include "baseline/executes.h"

#include <sys/stat.h>

#include "base/file.h"

/* Endings that web servers, interpreters or Windows clients execute; one of
 * them anywhere among the dots counts (Apache's mod_mime takes
 * "shell.php.jpg" for PHP). */
static const char *const endings[] = {
    "php",  "php3", "php4",  "php5", "php7", "php8", "pht",   "phtml",
    "phar", "phps", "phpt",  "pgif", "cgi",  "fcgi", "pl",    "pm",
    "py",   "pyc",  "pyw",   "rb",   "lua",  "sh",   "bash",  "zsh",
    "ksh",  "csh",  "asp",   "aspx", "asa",  "asax", "ascx",  "ashx",
    "asmx", "cer",  "cdx",   "jsp",  "jspx", "jspf", "jsw",   "jsv",
    "war",  "jar",  "class", "cfm",  "cfml", "cfc",  "shtml", "shtm",
    "stm",  "exe",  "dll",   "so",   "com",  "bat",  "cmd",   "ps1",
    "psm1", "vbs",  "vbe",   "hta",  "wsf",  "wsh",  "scr",   "msi",
};

/* Names that servers obey. */
static const char *const names[] = {
    ".htaccess", ".htpasswd", ".user.ini", "php.ini", "web.config",
};

static struct hb_slice base_name(struct hb_slice path);
static bool equal_nocase(struct hb_slice a, const char *z);
static struct hb_slice trimmed(struct hb_slice name);

bool hb_executes_name(struct hb_slice path)
{
    struct hb_slice name = trimmed(base_name(path));
    size_t start = 0;

    if (hb_obeyed_name(path))
        return true;
    for (size_t i = 0; i <= name.n; i++) {
        if (i < name.n && name.p[i] != '.')
            continue;
        /* Not the part before the first dot: "com/so" are words too. */
        if (start > 0 &&
            hb_word_in(trimmed(hb_slice(name.p + start, i - start)), endings,
                       HB_ARRAY_LEN(endings)))
            return true;
        start = i + 1;
    }
    return false;
}

bool hb_executes_content(const void *p, size_t n)
{
    const uint8_t *b = p;

    if (n >= 2 && ((b[0] == '#' && b[1] == '!') || memcmp(b, "MZ", 2) == 0))
        return true;
    if (n >= 4 && memcmp(b,
                         "\x7f"
                         "ELF",
                         4) == 0)
        return true;
    for (size_t i = 0; i + 3 <= n; i++) {
        unsigned text = 0;

        if (b[i] != '<' || b[i + 1] != '?')
            continue;
        if (i + 5 <= n && (b[i + 2] | 32) == 'p' && (b[i + 3] | 32) == 'h' &&
            (b[i + 4] | 32) == 'p')
            return true;
        if (b[i + 2] != '=')
            continue;
        /* Three bytes come up in pictures by chance; amid text they do
         * not. */
        for (size_t k = i; k < n && k < i + 16; k++)
            text += (b[k] >= 32 && b[k] < 127) || b[k] == '\n' ||
                    b[k] == '\r' || b[k] == '\t';
        if (text == HB_MIN((size_t)16, n - i))
            return true;
    }
    return false;
}

bool hb_obeyed_name(struct hb_slice path)
{
    return hb_word_in(trimmed(base_name(path)), names, HB_ARRAY_LEN(names));
}

bool hb_executes_file(struct hb_slice path, mode_t mode, uint64_t size, int fd)
{
    size_t want = (size_t)HB_MIN(size, (uint64_t)HB_EXECUTES_HEAD);
    _cleanup_free_ uint8_t *head = NULL;
    ssize_t n = 0;

    if (hb_executes_name(path) || (mode & 06111) != 0)
        return true;
    if (size == 0)
        return false;
    head = malloc(want);
    if (head != NULL)
        n = hb_pread_full(fd, head, want, 0);
    return head == NULL || n < 0 || hb_executes_content(head, (size_t)n);
}

struct hb_slice hb_name_ending(struct hb_slice path)
{
    struct hb_slice name = trimmed(base_name(path));

    for (size_t i = name.n; i-- > 0;)
        if (name.p[i] == '.')
            return hb_slice(name.p + i + 1, name.n - i - 1);
    return hb_slice("", 0);
}

bool hb_word_in(struct hb_slice word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (equal_nocase(word, list[i]))
            return true;
    return false;
}

/* --- static --- */

static struct hb_slice base_name(struct hb_slice path)
{
    for (size_t i = path.n; i-- > 0;)
        if (path.p[i] == '/')
            return hb_slice(path.p + i + 1, path.n - i - 1);
    return path;
}

static bool equal_nocase(struct hb_slice a, const char *z)
{
    size_t n = strlen(z);

    if (a.n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = a.p[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if (c != z[i])
            return false;
    }
    return true;
}

/* Without trailing dots, blanks and control bytes, which some servers drop. */
static struct hb_slice trimmed(struct hb_slice name)
{
    while (name.n > 0 && (name.p[name.n - 1] == '.' ||
                          (unsigned char)name.p[name.n - 1] <= ' '))
        name.n--;
    return name;
}
