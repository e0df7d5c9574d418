/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private_retry.h - the seconds that Retry-After may say.  nginx reads its
 * configuration once, so the number is chosen among these by a flag file.
 */
#ifndef HB_RESPOND_PRIVATE_RETRY_H
#define HB_RESPOND_PRIVATE_RETRY_H

#define HB_PRIVATE_RETRIES 6u
extern const unsigned hb_private_retry[HB_PRIVATE_RETRIES];

#endif
