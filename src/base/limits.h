/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - every ceiling of the product in one place, with its reason.
 * Nothing that grows with foreign input grows past one of these.
 */
#ifndef HB_BASE_LIMITS_H
#define HB_BASE_LIMITS_H

#define HB_MAX_PATH       4096u        /* PATH_MAX, kernel's own limit */
#define HB_MAX_NAME       255u         /* NAME_MAX */
#define HB_MAX_FRAME      (256u << 10) /* one message between processes */
#define HB_MAX_FRAME_FDS  32u          /* descriptors that ride on one */
#define HB_MAX_JSON       (4u << 20)   /* one JSON text */
#define HB_MAX_JSON_DEPTH 32u
#define HB_MAX_JSON_NODES (200u << 10)
#define HB_MAX_YAML       (1u << 20) /* one YAML file */
#define HB_MAX_YAML_DEPTH 24u
#define HB_MAX_YAML_NODES (64u << 10)
#define HB_MAX_EVENT      (64u << 10)  /* one event as JSON */
#define HB_MAX_BUF        (64u << 20)  /* default ceiling of hb_buf */
#define HB_MAX_ARENA      (256u << 20) /* default ceiling of hb_arena */
#define HB_MAX_CHILD_OUT  (1u << 20)   /* what we read from a child */
#define HB_MAX_ERR        512u         /* one error message */

#endif
