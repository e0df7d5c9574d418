/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_share.c - whether the section "share" makes sense: see config.h.
 */
#include <ctype.h>

#include "base/i18n.h"
#include "base/num.h"
#include "config/config.h"

#define HOST_CHARS "abcdefghijklmnopqrstuvwxyz0123456789.-"

static const struct hb_yaml *at(const struct hb_yaml *map, const char *key);
static int check_url(const struct hb_conf_share *s, const struct hb_yaml *map,
                     struct hb_err *err);
static int check_listen(const struct hb_conf_share *s,
                        const struct hb_yaml *map, struct hb_err *err);
static int check_numbers(const struct hb_conf_share *s,
                         const struct hb_yaml *map, struct hb_err *err);
static int check_domains(const struct hb_strs *v, const struct hb_yaml *seq,
                         bool addresses, bool domains, struct hb_err *err);
static bool domain(const char *z);
static bool local_part(const char *z, size_t n);
static bool loopback(const char *listen);

int hb_config_check_share(const struct hb_config *c, struct hb_err *err)
{
    const struct hb_yaml *map = hb_yaml_get(c->yaml, "share");
    const struct hb_conf_share *s = &c->share;
    const struct {
        const char *name;
        const struct hb_strs *v;
        bool addresses, domains;
    } lists[] = {
        {"staff", &s->staff, true, true},
        {"approvers", &s->approvers, true, false},
        {"partners", &s->partners, false, true},
        {"allowed", &s->allowed, false, true},
        {"blocked", &s->blocked, false, true},
        {"freemail", &s->freemail, false, true},
    };
    int r = check_numbers(s, map, err);

    for (size_t i = 0; r == 0 && i < HB_ARRAY_LEN(lists); i++)
        r = check_domains(lists[i].v, hb_yaml_get(map, lists[i].name),
                          lists[i].addresses, lists[i].domains, err);
    if (r < 0 || s->listen.n == 0)
        return r;
    r = check_url(s, map, err);
    return r < 0 ? r : check_listen(s, map, err);
}

/* ---- static ---- */

static int check_url(const struct hb_conf_share *s, const struct hb_yaml *map,
                     struct hb_err *err)
{
    const char *host = strncmp(s->url, "https://", 8) == 0  ? s->url + 8
                       : strncmp(s->url, "http://", 7) == 0 ? s->url + 7
                                                            : "";
    size_t n = strspn(host, HOST_CHARS);
    const char *port = host + n;

    if (*port == ':')
        port += 1 + strspn(port + 1, "0123456789");
    if (n == 0 || !hb_streq(port, "/"))
        return hb_yaml_err(
            at(map, "url"), err, -EINVAL,
            _("the portal needs its address in \"url\", in small "
              "letters and with a slash at its end: "
              "https://share.example.jp/"));
    if (s->url[4] != 's' && !(n == 9 && (strncmp(host, "127.0.0.1", n) == 0 ||
                                         strncmp(host, "localhost", n) == 0)))
        return hb_yaml_err(at(map, "url"), err, -EINVAL,
                           _("the portal's address must be https://: links and "
                             "codes would cross the network readable"));
    if ((s->certificate[0] == '\0') != (s->key[0] == '\0'))
        return hb_yaml_err(at(map, "key"), err, -EINVAL,
                           _("certificate and key belong together"));
    if (s->staff.n == 0)
        return hb_yaml_err(
            map, err, -EINVAL,
            _("nobody could share anything: \"staff\" names your "
              "own domains"));
    return 0;
}

static int check_listen(const struct hb_conf_share *s,
                        const struct hb_yaml *map, struct hb_err *err)
{
    for (size_t i = 0; i < s->listen.n; i++) {
        const char *z = s->listen.v[i], *colon = strrchr(z, ':');
        uint64_t port = 0;

        if (colon == NULL || colon == z ||
            hb_parse_u64(hb_slice_z(colon + 1), &port) < 0 || port == 0 ||
            port > 65535 ||
            strspn(z, "0123456789abcdefABCDEF.:[]") != strlen(z) ||
            (z[0] == '[') != (colon[-1] == ']'))
            return hb_yaml_err(at(map, "listen"), err, -EINVAL,
                               _("\"%s\" is no address with a port: "
                                 "192.0.2.10:443, [2001:db8::1]:443"),
                               z);
        if (s->certificate[0] == '\0' && !loopback(z))
            return hb_yaml_err(at(map, "listen"), err, -EINVAL,
                               _("without a certificate the portal listens on "
                                 "this machine only (127.0.0.1 or [::1])"));
    }
    return 0;
}

static int check_numbers(const struct hb_conf_share *s,
                         const struct hb_yaml *map, struct hb_err *err)
{
    if (s->days > s->days_max)
        return hb_yaml_err(at(map, "days"), err, -EINVAL,
                           _("\"days\" is more than \"days_max\""));
    if (s->downloads > s->downloads_max)
        return hb_yaml_err(at(map, "downloads"), err, -EINVAL,
                           _("\"downloads\" is more than \"downloads_max\""));
    if (s->file_size > s->share_size || s->share_size > s->owner_space ||
        s->owner_space > s->space)
        return hb_yaml_err(map, err, -EINVAL,
                           _("a file fits into a share, that into its owner's "
                             "space, and that into the space of all"));
    return 0;
}

static int check_domains(const struct hb_strs *v, const struct hb_yaml *seq,
                         bool addresses, bool domains, struct hb_err *err)
{
    for (size_t i = 0; i < v->n; i++) {
        const char *z = v->v[i], *at = strchr(z, '@');
        bool ok = at == NULL ? domains && domain(z)
                             : addresses && local_part(z, (size_t)(at - z)) &&
                                   domain(at + 1);

        if (!ok)
            return hb_yaml_err(seq, err, -EINVAL,
                               addresses && domains
                                   ? _("\"%s\" is neither a domain nor a mail "
                                       "address, in small letters")
                               : addresses
                                   ? _("\"%s\" is no mail address, in small "
                                       "letters")
                                   : _("\"%s\" is no domain, in small letters "
                                       "(international ones as xn--)"),
                               z);
    }
    return 0;
}

static bool domain(const char *z)
{
    return isalnum((unsigned char)z[0]) && strchr(z, '.') != NULL &&
           z[strspn(z, HOST_CHARS)] == '\0' && strstr(z, "..") == NULL &&
           strlen(z) <= 253;
}

static bool local_part(const char *z, size_t n)
{
    return n > 0 && n <= 64 &&
           strspn(z,
                  "abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+-/=?^_`{|}~") ==
               n;
}

/* Where KEY stands, for the error; the section where it does not. */
static const struct hb_yaml *at(const struct hb_yaml *map, const char *key)
{
    const struct hb_yaml *node = hb_yaml_get(map, key);

    return node != NULL ? node : map;
}

static bool loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]:", 6) == 0;
}
