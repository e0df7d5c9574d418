/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.c - see inspect.h: encoding.c and personal.c, one behind the other.
 */
#include "inspect/inspect.h"

#define CHUNK 65536u /* bytes of UTF-8 at a time */

struct hb_inspect {
    struct hb_personal *personal;
    struct hb_decode decode;
    bool told; /* the encoding is known */
    char head[HB_ENC_WINDOW];
    size_t head_n;
    char cut[4]; /* of a character, from the piece before */
    size_t cut_n;
    char text[CHUNK];
};

static int begin(struct hb_inspect *in);
static int decode(struct hb_inspect *in, struct hb_slice bytes, bool last);
static int feed(struct hb_inspect *in, struct hb_slice bytes, bool last);

int hb_inspect_new(hb_personal_fn *found, void *arg, struct hb_inspect **ret)
{
    struct hb_inspect *in = calloc(1, sizeof(*in));
    int r = in != NULL ? 0 : -ENOMEM;

    if (r == 0)
        r = hb_personal_new(found, arg, &in->personal);
    if (r < 0) {
        free(in);
        return r;
    }
    *ret = in;
    return 0;
}

void hb_inspect_free(struct hb_inspect *in)
{
    if (in == NULL)
        return;
    hb_personal_free(in->personal);
    free(in);
}

int hb_inspect_add(struct hb_inspect *in, struct hb_slice bytes)
{
    int r = 0;

    if (!in->told) {
        size_t n = HB_MIN(bytes.n, sizeof(in->head) - in->head_n);

        memcpy(in->head + in->head_n, bytes.p, n);
        in->head_n += n;
        bytes = hb_slice(bytes.p + n, bytes.n - n);
        if (in->head_n < sizeof(in->head))
            return 0;
        r = begin(in);
    }
    return r < 0 || bytes.n == 0 ? r : decode(in, bytes, false);
}

int hb_inspect_end(struct hb_inspect *in, enum hb_encoding *ret_encoding,
                   struct hb_personal_report *ret)
{
    int r = in->told ? 0 : begin(in);

    if (r == 0)
        r = decode(in, hb_slice(NULL, 0), true);
    if (r == 0)
        r = hb_personal_end(in->personal, ret);
    if (r == 0)
        *ret_encoding = in->decode.encoding;
    return r;
}

static int begin(struct hb_inspect *in)
{
    struct hb_slice head = hb_slice(in->head, in->head_n);

    in->told = true;
    in->decode.encoding = hb_encoding_guess(head);
    if (in->decode.encoding == HB_ENC_UTF8_BOM)
        head = hb_slice(head.p + 3, head.n - 3);
    return decode(in, head, false);
}

static int decode(struct hb_inspect *in, struct hb_slice bytes, bool last)
{
    int r = 0;

    if (hb_encoding_plain(in->decode.encoding))
        return hb_personal_add(in->personal, bytes);
    /* The character that was cut, byte by byte until it is whole. */
    while (r == 0 && in->cut_n > 0 && (bytes.n > 0 || last)) {
        char two[8];
        size_t n = in->cut_n, used, made;

        memcpy(two, in->cut, n);
        while (n < sizeof(in->cut) && bytes.n > 0) {
            two[n++] = bytes.p[0];
            bytes = hb_slice(bytes.p + 1, bytes.n - 1);
        }
        used = hb_decode(&in->decode, hb_slice(two, n), last && bytes.n == 0,
                         in->text, sizeof(in->text), &made);
        in->cut_n = n - used;
        memmove(in->cut, two + used, in->cut_n);
        r = hb_personal_add(in->personal, hb_slice(in->text, made));
        if (used == 0)
            break;
    }
    return r < 0 ? r : feed(in, bytes, last);
}

static int feed(struct hb_inspect *in, struct hb_slice bytes, bool last)
{
    int r = 0;

    while (bytes.n > 0 && r == 0) {
        size_t made;
        size_t used = hb_decode(&in->decode, bytes, last, in->text,
                                sizeof(in->text), &made);

        bytes = hb_slice(bytes.p + used, bytes.n - used);
        r = hb_personal_add(in->personal, hb_slice(in->text, made));
        if (used == 0) {
            memcpy(in->cut, bytes.p, HB_MIN(bytes.n, sizeof(in->cut)));
            in->cut_n = HB_MIN(bytes.n, sizeof(in->cut));
            break;
        }
    }
    return r;
}
