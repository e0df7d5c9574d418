/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - what OCSF 1.4 requires of each class that we speak, and what of
 * it is filled in for the producer.
 *
 * Runs wherever an event is made, sent or received.  Two tables decide: the
 * attributes required (https://schema.ocsf.io/1.4.0, "Required"), and the
 * ones that have one honest value where nobody gave another: the machine's
 * own name, "unknown" for an actor that the kernel did not tell, 0 (Unknown)
 * for a type.
 */
#include "event/shape.h"

#include "base/i18n.h"
#include "event/event.h"

#define ANY       0
#define PLAIN_MAX 64u

enum fill { INT, STR, JSON, HOSTNAME, EVENT_UID, BASENAME, INCIDENTS };

static void fill_in(const struct hb_event *e, struct hb_event_shape *s,
                    size_t row);
static struct hb_slice hostname(void);
static bool plain(struct hb_slice s);

static const int known[] = {
    HB_EV_FILE_ACTIVITY,      HB_EV_PROCESS_ACTIVITY,
    HB_EV_COMPLIANCE_FINDING, HB_EV_VULNERABILITY_FINDING,
    HB_EV_DETECTION_FINDING,  HB_EV_INCIDENT_FINDING,
    HB_EV_ACCOUNT_CHANGE,     HB_EV_AUTHENTICATION,
    HB_EV_NETWORK_ACTIVITY,   HB_EV_HTTP_ACTIVITY,
    HB_EV_EMAIL_ACTIVITY,     HB_EV_APP_LIFECYCLE,
    HB_EV_REMEDIATION,        HB_EV_FILE_REMEDIATION};

/* Required, beyond what every event has.  An object is there where anything
 * below it is; EITHER is the other half of an at_least_one constraint; WHEN
 * is the object that makes it required. */
static const struct {
    int class_uid;
    const char *path, *either, *when;
} required[] = {
    {HB_EV_FILE_ACTIVITY, "actor"},
    {HB_EV_FILE_ACTIVITY, "device"},
    {HB_EV_FILE_ACTIVITY, "file.name"},
    {HB_EV_FILE_ACTIVITY, "file.type_id"},
    {HB_EV_PROCESS_ACTIVITY, "actor"},
    {HB_EV_PROCESS_ACTIVITY, "device"},
    {HB_EV_PROCESS_ACTIVITY, "process"},
    {HB_EV_VULNERABILITY_FINDING, "finding_info.uid"},
    {HB_EV_VULNERABILITY_FINDING, "finding_info.title"},
    {HB_EV_VULNERABILITY_FINDING, "vulnerabilities"},
    {HB_EV_COMPLIANCE_FINDING, "finding_info.uid"},
    {HB_EV_COMPLIANCE_FINDING, "finding_info.title"},
    {HB_EV_COMPLIANCE_FINDING, "compliance.standards"},
    {HB_EV_DETECTION_FINDING, "finding_info.uid"},
    {HB_EV_DETECTION_FINDING, "finding_info.title"},
    {HB_EV_INCIDENT_FINDING, "finding_info_list"},
    {HB_EV_INCIDENT_FINDING, "status_id"},
    {HB_EV_ACCOUNT_CHANGE, "user"},
    {HB_EV_AUTHENTICATION, "user"},
    {HB_EV_AUTHENTICATION, "service", "dst_endpoint"},
    {HB_EV_NETWORK_ACTIVITY, "dst_endpoint", "src_endpoint"},
    {HB_EV_HTTP_ACTIVITY, "http_request", "http_response"},
    {HB_EV_EMAIL_ACTIVITY, "direction_id"},
    {HB_EV_EMAIL_ACTIVITY, "email"},
    {HB_EV_APP_LIFECYCLE, "app.name"},
    {HB_EV_APP_LIFECYCLE, "app.vendor_name"},
    {HB_EV_REMEDIATION, "command_uid"},
    {HB_EV_FILE_REMEDIATION, "command_uid"},
    {HB_EV_FILE_REMEDIATION, "file.name"},
    {HB_EV_FILE_REMEDIATION, "file.type_id"},
    {ANY, "file.name", NULL, "file"},
    {ANY, "finding_info.uid", NULL, "finding_info"},
};

/* FIELD gets HOW's value where it is not set, the class is CLASS_UID, IF is
 * present (NULL: always) and UNLESS is not (NULL: nothing prevents it). */
static const struct {
    int class_uid;
    const char *when, *unless;
    enum hb_field field;
    enum fill how;
    const char *text;
    int64_t integer;
} fills[] = {
    {HB_EV_FILE_ACTIVITY, NULL, "actor", HB_F_ACTOR_USER_NAME, STR, "unknown"},
    {HB_EV_PROCESS_ACTIVITY, NULL, "actor", HB_F_ACTOR_USER_NAME, STR,
     "unknown"},
    {ANY, NULL, "device.hostname", HB_F_DEVICE_HOSTNAME, HOSTNAME, NULL},
    {ANY, NULL, NULL, HB_F_DEVICE_TYPE_ID, INT, NULL, 0},
    {ANY, "file.path", NULL, HB_F_FILE_NAME, BASENAME, NULL},
    {ANY, "file", NULL, HB_F_FILE_TYPE_ID, INT, NULL, 0},
    {ANY, "finding_info.analytic", NULL, HB_F_FINDING_ANALYTIC_TYPE, INT, NULL,
     1 /* Rule */},
    {HB_EV_VULNERABILITY_FINDING, NULL, NULL, HB_F_FINDING_UID, EVENT_UID,
     NULL},
    {HB_EV_COMPLIANCE_FINDING, NULL, NULL, HB_F_FINDING_UID, EVENT_UID, NULL},
    {HB_EV_DETECTION_FINDING, NULL, NULL, HB_F_FINDING_UID, EVENT_UID, NULL},
    {HB_EV_COMPLIANCE_FINDING, NULL, NULL, HB_F_COMPLIANCE_STANDARDS, JSON,
     "[\"Hinoban\"]"},
    {HB_EV_INCIDENT_FINDING, "unmapped.incident", NULL, HB_F_FINDING_INFO_LIST,
     INCIDENTS, NULL},
    {HB_EV_INCIDENT_FINDING, NULL, NULL, HB_F_STATUS_ID, INT, NULL, 0},
    {HB_EV_APP_LIFECYCLE, NULL, NULL, HB_F_APP_NAME, STR, HB_EVENT_VENDOR},
    {HB_EV_APP_LIFECYCLE, NULL, NULL, HB_F_APP_VENDOR, STR, HB_EVENT_VENDOR},
    {HB_EV_REMEDIATION, NULL, NULL, HB_F_COMMAND_UID, EVENT_UID, NULL},
    {HB_EV_FILE_REMEDIATION, NULL, NULL, HB_F_COMMAND_UID, EVENT_UID, NULL},
};

bool hb_event_class_known(int64_t class_uid)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(known); i++)
        if (known[i] == class_uid)
            return true;
    return false;
}

void hb_event_shape(const struct hb_event *e, struct hb_event_shape *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (const struct hb_event_field *i = e->first; i != NULL; i = i->next)
        if (i->field < HB_F_COUNT)
            ret->set[i->field] = i;
    for (size_t i = 0; i < HB_ARRAY_LEN(fills); i++) {
        if (fills[i].class_uid != ANY &&
            fills[i].class_uid != (int)e->class_uid)
            continue;
        if (ret->set[fills[i].field] != NULL)
            continue;
        if (fills[i].when != NULL && !hb_event_shape_has(ret, fills[i].when))
            continue;
        if (fills[i].unless != NULL && hb_event_shape_has(ret, fills[i].unless))
            continue;
        fill_in(e, ret, i);
    }
}

bool hb_event_shape_has(const struct hb_event_shape *s, const char *path)
{
    size_t n = strlen(path);

    for (size_t i = 0; i < HB_F_COUNT; i++) {
        const char *p = hb_field_path((enum hb_field)i);

        if (s->set[i] != NULL && strncmp(p, path, n) == 0 &&
            (p[n] == '\0' || p[n] == '.'))
            return true;
    }
    return false;
}

int hb_event_check(const struct hb_event *e, struct hb_err *err)
{
    struct hb_event_shape s;

    if (!hb_id_valid(hb_slice_z(e->uid)))
        return hb_err_set(err, -EBADMSG, _("the event has no valid uid"));
    if (!hb_event_class_known(e->class_uid))
        return hb_err_set(err, -EBADMSG, _("event class %d is not known"),
                          (int)e->class_uid);
    if (e->activity < 0 || e->activity > 99)
        return hb_err_set(err, -EBADMSG,
                          _("activity %d is not one of event class %d"),
                          e->activity, (int)e->class_uid);
    if (e->severity < HB_SEV_UNKNOWN || e->severity > HB_SEV_FATAL)
        return hb_err_set(err, -EBADMSG, _("severity %d does not exist"),
                          (int)e->severity);
    hb_event_shape(e, &s);
    for (size_t i = 0; i < HB_ARRAY_LEN(required); i++) {
        const char *either = required[i].either, *when = required[i].when;

        if (required[i].class_uid != ANY &&
            required[i].class_uid != (int)e->class_uid)
            continue;
        if (hb_event_shape_has(&s, required[i].path))
            continue;
        if (either != NULL && hb_event_shape_has(&s, either))
            continue;
        if (when != NULL && !hb_event_shape_has(&s, when))
            continue;
        return hb_err_set(err, -EBADMSG,
                          _("event class %d requires the attribute %s"),
                          (int)e->class_uid, required[i].path);
    }
    return 0;
}

static void fill_in(const struct hb_event *e, struct hb_event_shape *s,
                    size_t row)
{
    struct hb_event_field *f = &s->filled[fills[row].field];
    const struct hb_event_field *from;

    f->field = fills[row].field;
    switch (fills[row].how) {
    case INT:
        f->integer = fills[row].integer;
        break;
    case STR:
    case JSON:
        f->str = hb_slice_z(fills[row].text);
        break;
    case HOSTNAME:
        f->str = hostname();
        break;
    case EVENT_UID:
        f->str = hb_slice_z(e->uid);
        break;
    case BASENAME:
        from = s->set[HB_F_FILE_PATH];
        if (from == NULL)
            return; /* the check will miss it */
        f->str = from->str;
        for (size_t i = from->str.n; i-- > 0;)
            if (from->str.p[i] == '/' && i + 1 < from->str.n) {
                f->str.p = from->str.p + i + 1;
                f->str.n = from->str.n - i - 1;
                break;
            }
        break;
    case INCIDENTS:
        from = s->set[HB_F_INCIDENT_UID];
        if (from == NULL || !plain(from->str))
            return; /* the check will miss it */
        (void)snprintf(s->list, sizeof(s->list), "[{\"uid\":\"%s\"}]",
                       from->str.p);
        f->str = hb_slice_z(s->list);
        break;
    }
    s->set[f->field] = f;
}

/* Read once: a name that changes while we run comes with the restart. */
static struct hb_slice hostname(void)
{
    static char name[65];

    if (name[0] == '\0') {
        if (gethostname(name, sizeof(name) - 1) < 0 || name[0] == '\0')
            memcpy(name, "localhost", sizeof("localhost"));
        for (char *p = name; *p != '\0'; p++)
            if (*p < '!' || *p > '~')
                *p = '?';
    }
    return hb_slice_z(name);
}

/* Whether it can stand between quotes as it is. */
static bool plain(struct hb_slice s)
{
    if (s.n == 0 || s.n > PLAIN_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '\\')
            return false;
    return true;
}
