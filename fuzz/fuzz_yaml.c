/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_yaml.c - the strict YAML reader.  A tree that was read is written in
 * flow style with quoted texts and reads back to the same tree; places lie
 * within the text; messages are valid UTF-8.
 */
#include "base/buf.h"
#include "base/num.h"
#include "base/show.h"
#include "base/utf8.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hb_yaml *parse(struct hb_arena *a, struct hb_slice text)
{
    struct hb_yaml *root = NULL;
    struct hb_err err = {0};
    int rc = hb_yaml_parse(a, "fuzz", text, &root, &err);

    HB_ASSERT((rc == 0) == (root != NULL));
    HB_ASSERT(rc == 0 || err.code == rc);
    HB_ASSERT(hb_utf8_valid(err.message, strlen(err.message)));
    HB_ASSERT(err.line <= text.n + 1 && err.column <= text.n + 1);
    return root;
}

static void write_text(struct hb_buf *b, const char *z)
{
    size_t n = strlen(z);

    hb_buf_addc(b, '"');
    for (size_t at = 0; at < n;) {
        uint32_t cp = 0;
        size_t len = hb_utf8_get(z + at, n - at, &cp);

        HB_ASSERT(len > 0);
        if (hb_show_hidden(cp))
            hb_buf_addf(b, "\\U%08x", (unsigned)cp);
        else if (cp == '"' || cp == '\\')
            hb_buf_addf(b, "\\%c", (char)cp);
        else
            hb_buf_add(b, z + at, len);
        at += len;
    }
    hb_buf_addc(b, '"');
}

static void write_tree(struct hb_buf *b, const struct hb_yaml *node)
{
    if (node->type == HB_YAML_SCALAR) {
        write_text(b, node->text);
        return;
    }
    hb_buf_addc(b, node->type == HB_YAML_SEQ ? '[' : '{');
    HB_YAML_EACH (child, node) {
        if (node->type == HB_YAML_MAP) {
            /* "? " carries keys of any length; libyaml's short form ends
             * at 1,024 characters. */
            hb_buf_addz(b, "? ");
            write_text(b, child->key);
            hb_buf_addz(b, " : ");
        }
        write_tree(b, child);
        hb_buf_addz(b, ",\n");
    }
    hb_buf_addc(b, node->type == HB_YAML_SEQ ? ']' : '}');
}

static bool same(const struct hb_yaml *a, const struct hb_yaml *b, bool map)
{
    const struct hb_yaml *d = b->first;

    if (a->type != b->type || a->count != b->count)
        return false;
    if (map && (strcmp(a->key, b->key) != 0 || a->key_line == 0))
        return false;
    if (a->type == HB_YAML_SCALAR)
        return strcmp(a->text, b->text) == 0;
    HB_YAML_EACH (c, a) {
        if (!same(c, d, a->type == HB_YAML_MAP))
            return false;
        d = d->next;
    }
    return d == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_slice text = {(const char *)data, size};
    struct hb_yaml *root = parse(a, text), *back;

    if (root == NULL)
        return 0;
    HB_ASSERT(root->line >= 1 && root->column >= 1);
    write_tree(&b, root);
    HB_ASSERT(hb_buf_err(&b) == 0);
    if (b.n > HB_MAX_YAML)
        return 0;
    back = parse(a, hb_buf_slice(&b));
    HB_ASSERT(back != NULL && same(root, back, false));
    return 0;
}
