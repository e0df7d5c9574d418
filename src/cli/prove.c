/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prove.c - see prove.h.  Runs as root: the evidence key is core's.
 */
#include "cli/prove.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/num.h"
#include "cli/client.h"
#include "config/config.h"
#include "core/core.h"

static int bind_proof(const struct hb_cli *cli, struct hb_arena *a,
                      struct hb_proof *p, struct hb_err *err);

int hb_cli_prove(const struct hb_cli *cli, struct hb_arena *a,
                 enum hb_proof_kind kind, unsigned number,
                 const struct hb_proof_part *parts, size_t n,
                 struct hb_err *err)
{
    struct hb_proof p = {.kind = kind,
                         .number = number,
                         .at = hb_now(),
                         .version = HB_VERSION,
                         .parts = parts,
                         .parts_n = n};
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT, args = HB_BUF_INIT;
    char path[HB_MAX_PATH], hex[2 * HB_SIG_SIZE + 1];
    const struct hb_json *answer;
    uint8_t sig[HB_SIG_SIZE];
    struct hb_key *key = NULL;
    struct hb_jw w;
    int r = bind_proof(cli, a, &p, err);

    hb_id_new(p.run);
    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_ETC, "keys/evidence.key", path);
    if (r == 0)
        r = hb_key_load(path, NULL, &key, err);
    if (r < 0)
        return r;
    r = hb_proof_sign(&p, key, &text, sig);
    hb_key_free(key);
    if (r < 0)
        return r;
    hb_hex(sig, sizeof(sig), hex);
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "run", p.run);
    hb_jw_str(&w, "kind", kind == HB_PROOF_GATE ? "gate" : "");
    hb_jw_slice(&w, "json", hb_buf_slice(&text));
    hb_jw_str(&w, "sig", hex);
    hb_jw_end_obj(&w);
    return hb_client_call(cli, a, "proof.add", hb_buf_z(&args), &answer, err);
}

static int bind_proof(const struct hb_cli *cli, struct hb_arena *a,
                      struct hb_proof *p, struct hb_err *err)
{
    _cleanup_config_ struct hb_config *c = NULL;
    struct hb_proof_binding b = {0};
    struct hb_casebook *book = NULL;
    char dir[HB_MAX_PATH];
    int r = hb_config_load(cli->config, &c, err);

    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_DATA, "casebook", dir);
    if (r == 0)
        r = hb_casebook_load(dir, &book, err);
    if (r < 0)
        return r;
    r = hb_core_binding(a, cli->config, c, book, &b);
    hb_casebook_free(book);
    if (r < 0)
        return r;
    memcpy(p->config, b.config, sizeof(p->config));
    memcpy(p->casebook, b.casebook, sizeof(p->casebook));
    /* The encoder sorts them, so it wants a list of its own. */
    p->assets_n = b.assets_n;
    p->assets = HB_NEW_N(a, const char *, b.assets_n + 1);
    if (p->assets == NULL)
        return -ENOMEM;
    memcpy(p->assets, b.assets, b.assets_n * sizeof(*p->assets));
    return 0;
}
