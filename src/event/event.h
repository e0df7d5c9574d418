/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.h - the one language of guards, sensors, controls and rules: a record
 * of OCSF 1.x (https://schema.ocsf.io) with typed fields in an arena.
 *
 * An event is a class, an activity, a severity, a time and a sparse list of
 * fields.  Which fields exist, their OCSF path and type stand in one table
 * (fields.def), which the codec, the schema check, the rules and the
 * documentation read.  What has no place in OCSF goes below "unmapped".
 */
#ifndef HB_EVENT_EVENT_H
#define HB_EVENT_EVENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/json.h"

/* Values are OCSF class_uid. */
enum hb_event_class {
    HB_EV_FILE_ACTIVITY = 1001,
    HB_EV_PROCESS_ACTIVITY = 1007,
    HB_EV_VULNERABILITY_FINDING = 2002,
    HB_EV_COMPLIANCE_FINDING = 2003,
    HB_EV_DETECTION_FINDING = 2004,
    HB_EV_INCIDENT_FINDING = 2005,
    HB_EV_ACCOUNT_CHANGE = 3001,
    HB_EV_AUTHENTICATION = 3002,
    HB_EV_NETWORK_ACTIVITY = 4001,
    HB_EV_HTTP_ACTIVITY = 4002,
    HB_EV_EMAIL_ACTIVITY = 4009,
    HB_EV_APP_LIFECYCLE = 6002, /* our own health: start, stop, drops */
    HB_EV_REMEDIATION = 7001,
    HB_EV_FILE_REMEDIATION = 7002
};

enum hb_severity { /* OCSF severity_id */
                   HB_SEV_UNKNOWN = 0,
                   HB_SEV_INFO = 1,
                   HB_SEV_LOW = 2,
                   HB_SEV_MEDIUM = 3,
                   HB_SEV_HIGH = 4,
                   HB_SEV_CRITICAL = 5,
                   HB_SEV_FATAL = 6
};

enum hb_field_type { HB_FT_STR, HB_FT_INT, HB_FT_BOOL, HB_FT_JSON };

/* One name a row of fields.def: HB_F_FILE_PATH for "file.path", ... */
enum hb_field {
#define HB_FIELD(id, path, type) HB_F_##id,
#include "event/fields.def"
#undef HB_FIELD
    HB_F_COUNT
};

struct hb_event_field {
    enum hb_field field;
    struct hb_slice str; /* STR, and JSON as its text */
    struct hb_slice raw; /* the bytes where STR is not UTF-8 */
    int64_t integer;     /* INT; BOOL as 0 or 1 */
    struct hb_event_field *next;
};

struct hb_event {
    char uid[HB_ID_SIZE]; /* metadata.uid: duplicates are dropped */
    enum hb_event_class class_uid;
    int activity; /* OCSF activity_id of the class */
    enum hb_severity severity;
    int64_t time;       /* ns UTC; OCSF carries ms, and we keep
                           the rest in unmapped.time_ns */
    uint64_t mono;      /* ns CLOCK_BOOTTIME at the producer */
    const char *source; /* metadata.product.feature.name: module */
    struct hb_event_field *first, *last;
    struct hb_arena *arena; /* borrowed: owns all of it */
};

/* A new event with uid, time and mono of now, in A; NULL without memory.
 * SOURCE is the module's name ("sense/files"). */
struct hb_event *hb_event_new(struct hb_arena *a, enum hb_event_class c,
                              int activity, enum hb_severity sev,
                              const char *source) HB_WUR;

/* Setting a field twice replaces it.  Values are copied; invalid UTF-8 (and
 * NUL) in VALUE is kept as U+FFFD and the raw bytes go to unmapped.raw.<path>
 * as hex where the field is a path, a name or a command line.  0 or -ENOMEM,
 * -EINVAL (wrong type; JSON that is no object or array, or too deep). */
int hb_event_str(struct hb_event *e, enum hb_field f, struct hb_slice value);
int hb_event_strz(struct hb_event *e, enum hb_field f, const char *value);
int hb_event_int(struct hb_event *e, enum hb_field f, int64_t value);
int hb_event_bool(struct hb_event *e, enum hb_field f, bool value);
int hb_event_json(struct hb_event *e, enum hb_field f,
                  const struct hb_json *value);

/* NULL where the field is not set. */
const struct hb_event_field *hb_event_get(const struct hb_event *e,
                                          enum hb_field f);
const char *hb_event_getz(const struct hb_event *e, enum hb_field f,
                          const char *dflt);

/* The field whose OCSF path is PATH, or HB_F_COUNT. */
enum hb_field hb_field_find(struct hb_slice path);
const char *hb_field_path(enum hb_field f);
enum hb_field_type hb_field_type(enum hb_field f);

/* One line of OCSF JSON without the newline; -EFBIG above HB_MAX_EVENT. */
int hb_event_encode(struct hb_buf *b, const struct hb_event *e) HB_WUR;
/* Reads one; unknown attributes are kept in unmapped.other under their path,
 * wrong types, a bad uid or a missing required attribute are errors
 * (-EBADMSG). */
int hb_event_decode(struct hb_arena *a, struct hb_slice json,
                    struct hb_event **ret, struct hb_err *err) HB_WUR;
/* 0 where it has what its OCSF class requires, else -EBADMSG.  What the
 * encoder fills in by itself (device, type ids, finding_info.uid, command_uid,
 * app) need not be set; doc/events.md has the table. */
int hb_event_check(const struct hb_event *e, struct hb_err *err) HB_WUR;

#endif
