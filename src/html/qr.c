/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr.c - a QR code (ISO/IEC 18004) on a paper, by libqrencode: inline SVG in
 * HTML, half blocks in plain text.
 *
 * The squares are black on white whatever the reader's setting is, with the
 * quiet zone of four squares that readers need.
 */
#include <limits.h>
#include <qrencode.h>

#include "html/doc.h"
#include "html/escape.h"

#define QUIET 4u

static QRcode *encode(struct hb_slice text);
/* What is dark; the library keeps more in the other bits. */
static bool dark(const QRcode *code, unsigned x, unsigned y);
static void svg(struct hb_buf *b, const QRcode *code, const char *label);
static void path(struct hb_buf *b, const QRcode *code);
static void blocks(struct hb_buf *b, const QRcode *code);

void hb_doc_qr(struct hb_doc *d, const char *label, struct hb_slice text)
{
    QRcode *code = encode(text);

    hb_doc_end_part(d);
    if (code == NULL) {
        if (d->err == 0)
            d->err = errno == ENOMEM ? -ENOMEM : -EFBIG;
        return;
    }
    if (d->html != NULL)
        svg(d->html, code, label);
    if (d->text != NULL)
        blocks(d->text, code);
    QRcode_free(code);
}

int hb_qr_path(struct hb_buf *b, struct hb_slice text, unsigned *ret_size)
{
    QRcode *code = encode(text);

    if (code == NULL)
        return errno == ENOMEM ? -ENOMEM : -EFBIG;
    path(b, code);
    *ret_size = (unsigned)code->width + 2 * QUIET;
    QRcode_free(code);
    return hb_buf_err(b);
}

static QRcode *encode(struct hb_slice text)
{
    return text.n > 0 && text.n <= INT_MAX
               ? QRcode_encodeData((int)text.n, (const unsigned char *)text.p,
                                   0, QR_ECLEVEL_M)
               : NULL;
}

static bool dark(const QRcode *code, unsigned x, unsigned y)
{
    unsigned w = (unsigned)code->width;

    return x >= QUIET && y >= QUIET && x < w + QUIET && y < w + QUIET &&
           (code->data[(y - QUIET) * w + x - QUIET] & 1) != 0;
}

static void svg(struct hb_buf *b, const QRcode *code, const char *label)
{
    unsigned all = (unsigned)code->width + 2 * QUIET;

    hb_buf_addf(b,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
                "width=\"70mm\" height=\"70mm\" viewBox=\"0 0 %u %u\" "
                "shape-rendering=\"crispEdges\" aria-label=\"",
                all, all);
    hb_html_attr(b, hb_slice_z(label));
    hb_buf_addf(b,
                "\"><rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>"
                "<path fill=\"#000\" d=\"",
                all, all);
    path(b, code);
    hb_buf_addz(b, "\"/></svg>\n");
}

/* Each run of dark squares in a row is a rectangle of it. */
static void path(struct hb_buf *b, const QRcode *code)
{
    unsigned all = (unsigned)code->width + 2 * QUIET;

    for (unsigned y = 0; y < all; y++)
        for (unsigned x = 0; x < all; x++) {
            unsigned n = 0;

            while (dark(code, x + n, y))
                n++;
            if (n > 0)
                hb_buf_addf(b, "M%u %uh%uv1h-%uz", x, y, n, n);
            x += n;
        }
}

/* Two rows a line.  A terminal's ground is dark as a rule, and readers want
 * light around the code: what is light is written. */
static void blocks(struct hb_buf *b, const QRcode *code)
{
    static const char *const half[] = {"\xe2\x96\x88", "\xe2\x96\x80",
                                       "\xe2\x96\x84", " "};
    unsigned all = (unsigned)code->width + 2 * QUIET;

    hb_buf_addc(b, '\n');
    for (unsigned y = 0; y < all; y += 2) {
        for (unsigned x = 0; x < all; x++) {
            unsigned up = dark(code, x, y), down = dark(code, x, y + 1);

            if (y + 1 >= all)
                down = 1;
            hb_buf_addz(b, half[2 * up + down]);
        }
        hb_buf_addc(b, '\n');
    }
}
