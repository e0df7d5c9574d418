/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why.h - inside net/: why a transfer of libcurl failed, as a code of ours and
 * in words that a person can act on; libcurl's own are of English alone.
 */
#ifndef HB_NET_WHY_H
#define HB_NET_WHY_H

#include <curl/curl.h>

#include "base/err.h"

/* C of CURL's last transfer (not CURLE_OK) into ERR; returns the code.
 * CA_FILE (NULL: the system's) is what the setting named SETTING says. */
int hb_net_why(CURL *curl, CURLcode c, const char *ca_file, const char *setting,
               struct hb_err *err);

#endif
