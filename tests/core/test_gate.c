/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A firewall of ours passes only while an attack of our own was stopped
 * lately, with these settings.
 */
#include "box.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "casebook/proof.h"

static char yaml[600], proofs[600];

static int make(void **state)
{
    int r = box_make(state);

    if (r < 0 || hb_key_generate(&core.evidence_key) < 0 ||
        hb_key_pub(core.evidence_key, &core.evidence_pub) < 0)
        return -1;
    (void)snprintf(yaml, sizeof(yaml), "%s/hinoban.yaml", scratch);
    (void)snprintf(proofs, sizeof(proofs), "%s/proofs/gate", scratch);
    ctx.config_path = yaml;
    return hb_file_write(yaml, "a: 1\n", 5, 0600) < 0 ||
                   hb_mkdirs(proofs, 0700) < 0
               ? -1
               : 0;
}

static int drop(void **state)
{
    hb_key_free(core.evidence_key);
    hb_pub_free(core.evidence_pub);
    return box_drop(state);
}

static enum hb_control_status judged(void)
{
    enum hb_control_status was = HB_CS_PASS;
    const char *reason = "by the check";

    hb_core_gate_doubt(&core, &was, &reason);
    assert_int_equal(was == HB_CS_PASS, hb_streq(reason, "by the check"));
    return was;
}

static void attack(bool stopped, int64_t ago, const struct hb_key *key)
{
    const struct hb_proof_part part = {.name = "www",
                                       .state = stopped ? HB_PART_PASSED
                                                        : HB_PART_FAILED,
                                       .expected = "stopped",
                                       .seen = "",
                                       .took_ns = -1};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_proof_binding b = {0};
    struct hb_proof p = {.kind = HB_PROOF_GATE,
                         .number = 1,
                         .at = hb_now() - ago,
                         .version = HB_VERSION,
                         .parts = &part,
                         .parts_n = 1};
    const char *assets[4];

    assert_int_equal(hb_core_binding(a, yaml, &config, core.book, &b), 0);
    memcpy(p.config, b.config, sizeof(p.config));
    memcpy(p.casebook, b.casebook, sizeof(p.casebook));
    memcpy(assets, b.assets, b.assets_n * sizeof(*assets));
    p.assets = assets;
    p.assets_n = b.assets_n;
    hb_id_new(p.run);
    assert_int_equal(hb_proof_save(proofs, &p, key, NULL), 0);
}

static void test_doubt(void **state)
{
    static struct hb_conf_gate_host host = {.name = "www.example.jp",
                                            .mode = HB_GATE_HOST_BLOCK};
    struct hb_key *other;

    /* Not ours, or one that the check itself says only watches. */
    config.gate.mode = HB_GATE_DETECT;
    assert_int_equal(judged(), HB_CS_PASS);
    config.gate.mode = HB_GATE_BLOCK;
    assert_int_equal(judged(), HB_CS_UNKNOWN);
    config.gate.mode = HB_GATE_DETECT;
    config.gate.hosts = (struct hb_conf_list){.v = &host, .n = 1};
    assert_int_equal(judged(), HB_CS_UNKNOWN);
    config.gate.hosts.n = 0;
    config.gate.mode = HB_GATE_BLOCK;

    assert_int_equal(hb_key_generate(&other), 0);
    attack(true, 0, other);
    hb_key_free(other);
    assert_int_equal(judged(), HB_CS_UNKNOWN);
    attack(true, 49 * (int64_t)(3600 * HB_S), core.evidence_key);
    assert_int_equal(judged(), HB_CS_UNKNOWN);
    attack(true, 0, core.evidence_key);
    assert_int_equal(judged(), HB_CS_PASS);
    attack(false, 0, core.evidence_key);
    assert_int_equal(judged(), HB_CS_FAIL);
    attack(true, 0, core.evidence_key);
    assert_int_equal(judged(), HB_CS_PASS);
    assert_int_equal(hb_file_write(yaml, "a: 2\n", 5, 0600), 0);
    assert_int_equal(judged(), HB_CS_UNKNOWN);
}

/* What the check says goes through it. */
static void test_taken(void **state)
{
    struct hb_err err = {0};
    struct hb_stmt *q;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e =
        hb_event_new(a, HB_EV_COMPLIANCE_FINDING, 1, HB_SEV_INFO, "control");

    config.gate.mode = HB_GATE_BLOCK;
    assert_int_equal(hb_event_strz(e, HB_F_FINDING_TITLE, "web.waf"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_COMPLIANCE_CONTROL, "web.waf"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_COMPLIANCE_STATUS, "pass"), 0);
    assert_int_equal(
        hb_core_take(&core, (const struct hb_event *const *)&e, 1, &err), 0);
    assert_int_equal(hb_db_stmt(core.state.db,
                                "SELECT status FROM control_result WHERE "
                                "control = 'web.waf'",
                                &q),
                     0);
    assert_int_equal(hb_stmt_step(q), 1);
    assert_int_equal(hb_stmt_col_int(q, 0), HB_CS_UNKNOWN);
    hb_stmt_reset(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_doubt, make, drop),
        cmocka_unit_test_setup_teardown(test_taken, make, drop),
    };

    return hb_tap_run("core/gate", tests);
}
