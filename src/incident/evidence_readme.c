/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_readme.c - README.txt of a package of evidence.
 *
 * Runs in core.  Its reader trusts neither us nor the machine that the package
 * came from: it says what each part proves, what it does not, and how to check
 * all of it without a program of ours.  tests/box/evidence_export.sh runs the
 * commands that stand here.
 */
#include "base/i18n.h"
#include "incident/evidence_log.h"

static const char *const readme_text[] = {
    N_("Evidence package\n"
       "This package holds copies of evidence and the log of their taking. "
       "Together with a checkpoint that left the machine it shows that what "
       "is older than that checkpoint was not changed since. To check it, "
       "openssl 3.0 or later and sha256sum are needed (for VERIFY.sh awk, "
       "too).\n"),
    N_("files/ holds the contents; each file's name is its SHA-256. "
       "ITEMS.txt says what each of them was, where it came from and when it "
       "was taken (UTC). They may be malicious: do not open or execute them "
       "on a machine that you need.\n"),
    N_("log holds one entry a line: v2, its number, the digest of the line "
       "before, its seal, and then a salt and what it says. The digest of a "
       "line is the SHA-256 of its first four words and a line feed; the seal "
       "is the SHA-256 of the rest, \"SALT TEXT\" and a line feed. So no line "
       "can be changed, taken out or put in without changing all that "
       "follow. Entries of kind \"checkpoint\" are signed.\n"),
    N_("In lines that are not of this incident the salt and the text are left "
       "out: they are others' data. They are still counted and chained, and "
       "whoever has them can show that they fit. Notes of the service that "
       "the store itself was tampered with stand in clear.\n"),
    N_("Older lines begin with { and name the line before as \"prev\", the "
       "SHA-256 of that whole line; those not of this incident are left out "
       "as \"gap FIRST LAST DIGEST\". DIGEST is the SHA-256 of the last of "
       "these lines, without a salt: whoever guesses what it says can try "
       "that.\n"),
    N_("Only what stands behind a gap vouches for it, and nothing behind a "
       "gap names the lines before it: these are proven only by a checkpoint "
       "that stands between them and the gap. Nothing shows that a gap right "
       "before a line with v2 was of older lines. Where that matters, ask for "
       "the whole log.\n"),
    N_("To check everything at once: sh VERIFY.sh\n"
       "With a checkpoint that was kept elsewhere (the mail as it was saved, "
       "or its line): sh VERIFY.sh --anchor FILE\n"
       "With the key's name, learnt from the organisation by another way: "
       "sh VERIFY.sh --key NAME\n"
       "Whoever forged the package may have forged VERIFY.sh, too.\n"),
    N_("To check by hand, in this directory (look at SHA256SUMS first: it "
       "must name only what lies here):\n"
       "  sha256sum -c SHA256SUMS\n"
       "  openssl pkeyutl -verify -pubin -inkey evidence.pub -rawin \\\n"
       "      -in SHA256SUMS.signed -sigfile SHA256SUMS.sig\n"
       "SHA256SUMS.signed is the line \"hinoban-export-v1\" followed by "
       "SHA256SUMS. The digest of line N of the log, which must stand in line "
       "N+1 as the third word, and its seal, which is its own fourth word:\n"
       "  grep '^v2 N ' log | cut -d' ' -f1-4 | sha256sum\n"
       "  grep '^v2 N ' log | cut -d' ' -f5- | sha256sum\n"),
    N_("The key must be of the kind ED25519; its name is that of the second "
       "command:\n"
       "  openssl pkey -pubin -in evidence.pub -noout -text | head -n 1\n"
       "  openssl pkey -pubin -in evidence.pub -outform DER |\n"
       "      tail -c 32 | sha256sum | cut -c1-16\n"),
    N_("A checkpoint from outside is NUMBER DIGEST TIME SIGNATURE. DIGEST must "
       "be the digest of the line with that number, and the signature must "
       "hold:\n"
       "  printf 'hinoban-checkpoint-v1\\n%s %s %s\\n' \\\n"
       "      NUMBER DIGEST TIME >/tmp/message\n"
       "  echo SIGNATURE | openssl base64 -d -A >/tmp/signature\n"
       "  openssl pkeyutl -verify -pubin -inkey evidence.pub -rawin \\\n"
       "      -in /tmp/message -sigfile /tmp/signature\n"
       "A checkpoint in the log signs the same of the line before it, with "
       "its \"time\" and \"sig\".\n"),
    N_("What this does not show: whoever became root on the machine could "
       "make a whole new log and sign it with the genuine key. The key's name "
       "tells only that nobody else made the package. That the log was not "
       "made anew is shown by a checkpoint alone that left the machine before, "
       "and only for what is older than it. Ask whoever received the "
       "organisation's checkpoints for one, and the organisation for the "
       "key's name, by another way than you got this package.\n"),
};

/* In both languages: nobody knows which one the stranger reads. */
void hb_evid_readme(struct hb_buf *b, const char *key_id)
{
    static const enum hb_lang order[] = {HB_LANG_JA, HB_LANG_EN};

    for (size_t k = 0; k < HB_ARRAY_LEN(order); k++) {
        if (k > 0)
            hb_buf_addz(b, "\n----------------------------------------\n\n");
        for (size_t i = 0; i < HB_ARRAY_LEN(readme_text); i++) {
            hb_buf_addz(b, hb_tr(order[k], readme_text[i]));
            hb_buf_addc(b, '\n');
        }
        hb_buf_addf(b, hb_tr(order[k], N_("The key's name: %s\n")), key_id);
    }
}
