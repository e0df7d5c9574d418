/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.c - Sigma's field names onto the event's (OCSF) fields.  A rule may
 * also write the OCSF path itself ("file.path").
 */
#include "detect/rule.h"

static const struct {
    const char *name;
    unsigned field;
} names[] = {
    {"ActivityId", HB_RF_ACTIVITY},
    {"Area", HB_F_POLICY_AREA},
    {"Change", HB_F_SITE_CHANGE},
    {"CommandLine", HB_F_ACTOR_PROCESS_CMD_LINE},
    {"Control", HB_F_COMPLIANCE_CONTROL},
    {"ControlStatus", HB_F_COMPLIANCE_STATUS},
    {"Count", HB_F_EVENT_COUNT},
    {"Diff", HB_F_FILE_DIFF},
    {"DstIp", HB_F_DST_ENDPOINT_IP},
    {"DstPort", HB_F_DST_ENDPOINT_PORT},
    {"FileName", HB_F_FILE_NAME},
    {"FileType", HB_F_FILE_TYPE_ID},
    {"Hashes", HB_F_FILE_HASHES},
    {"HttpStatus", HB_F_HTTP_STATUS},
    {"Image", HB_F_ACTOR_PROCESS_FILE_PATH},
    {"Message", HB_F_MESSAGE},
    {"Method", HB_F_HTTP_METHOD},
    {"ProcessName", HB_F_ACTOR_PROCESS_NAME},
    {"Reasons", HB_F_SITE_REASONS},
    {"Resource", HB_F_RESOURCE_NAME},
    {"Service", HB_F_SERVICE_NAME},
    {"Severity", HB_RF_SEVERITY},
    {"Site", HB_F_SITE},
    {"Source", HB_RF_SOURCE},
    {"SourceIp", HB_F_SRC_ENDPOINT_IP},
    {"Status", HB_F_STATUS},
    {"StatusDetail", HB_F_STATUS_DETAIL},
    {"TargetFilename", HB_F_FILE_PATH},
    {"TargetUserName", HB_F_USER_NAME},
    {"TargetUserSid", HB_F_USER_UID},
    {"Url", HB_F_HTTP_URL},
    {"User", HB_F_ACTOR_USER_NAME},
    {"UserId", HB_F_ACTOR_USER_UID},
};

unsigned hb_rule_field(struct hb_slice name)
{
    enum hb_field f;

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        if (hb_slice_eq(hb_slice_z(names[i].name), name))
            return names[i].field;
    }
    f = hb_field_find(name);
    return f != HB_F_COUNT ? (unsigned)f : (unsigned)HB_RF_END;
}

const char *hb_rule_field_near(const char *z)
{
    const char *list[HB_ARRAY_LEN(names)];

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++)
        list[i] = names[i].name;
    return hb_nearest(z, list, HB_ARRAY_LEN(names));
}
