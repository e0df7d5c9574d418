/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prove.h - what a drill or an attack of our own showed, signed with the
 * evidence key, bound to what runs now (casebook/proof.h), handed to core.
 */
#ifndef HB_CLI_PROVE_H
#define HB_CLI_PROVE_H

#include "casebook/proof.h"
#include "cli/cli.h"

/* ERR tells where there is no key, or no service that takes it. */
int hb_cli_prove(const struct hb_cli *cli, struct hb_arena *a,
                 enum hb_proof_kind kind, unsigned number,
                 const struct hb_proof_part *parts, size_t n,
                 struct hb_err *err) HB_WUR;

#endif
