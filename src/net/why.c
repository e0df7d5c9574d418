/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why.c - failures of libcurl in our words.
 */
#include "net/why.h"

#include <openssl/x509_vfy.h>

#include "base/i18n.h"

static int certificate(CURL *curl, const char *setting, struct hb_err *err);

int hb_net_why(CURL *curl, CURLcode c, const char *ca_file, const char *setting,
               struct hb_err *err)
{
    switch (c) {
    case CURLE_URL_MALFORMAT:
        return hb_err_set(err, -EINVAL, "%s", curl_easy_strerror(c));
    case CURLE_COULDNT_RESOLVE_HOST:
        return hb_err_set(err, -ENOENT, _("there is no such name"));
    case CURLE_COULDNT_CONNECT:
        return hb_err_set(err, -ECONNREFUSED,
                          _("nobody answers at this address"));
    case CURLE_OPERATION_TIMEDOUT:
        return hb_err_set(err, -ETIMEDOUT, _("no answer in time"));
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
        return hb_err_set(err, -EPROTO, _("the answer ended too early"));
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
        return hb_err_set(err, -EKEYREJECTED,
                          _("no TLS connection could be made"));
    case CURLE_SSL_CACERT_BADFILE:
        return hb_err_set(err, -EKEYREJECTED,
                          _("the authorities in %s cannot be read"),
                          ca_file != NULL ? ca_file : "/etc/ssl");
    case CURLE_PEER_FAILED_VERIFICATION:
        return certificate(curl, setting, err);
    case CURLE_OUT_OF_MEMORY:
    case CURLE_WRITE_ERROR:
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    default:
        return hb_err_set(err, -EPROTO, "%s", curl_easy_strerror(c));
    }
}

static int certificate(CURL *curl, const char *setting, struct hb_err *err)
{
    const int r = -EKEYREJECTED;
    long why = X509_V_OK;

    (void)curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &why);
    switch (why) {
    case X509_V_OK: /* libcurl looks at the name before it asks for more */
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return hb_err_set(err, r, _("the certificate is for another name"));
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return hb_err_set(err, r, _("the certificate has expired"));
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return hb_err_set(err, r, _("the certificate is not valid yet"));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return hb_err_set(err, r,
                          _("the certificate is signed by nobody who is "
                            "trusted here (%s)"),
                          setting);
    default:
        return hb_err_set(err, r, _("the certificate is refused: %s"),
                          X509_verify_cert_error_string(why));
    }
}
