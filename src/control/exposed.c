/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exposed.c - does a service that nobody should reach from outside listen at
 * an address that others can reach?
 *
 * Runs in check, whose own network namespace is empty: the sockets are those
 * of process 1 (/proc/1/net, readable for everybody).  What a firewall lets
 * through is another question (firewall.default_deny).
 */
#include "control/check.h"

#include "base/i18n.h"
#include "base/num.h"

#define TABLE      (8u << 20) /* some 50,000 sockets */
#define TCP_LISTEN 0x0au
#define UDP_OPEN   0x07u

/* Whether every address of FROM to TO is a service of that name. */
struct danger {
    uint16_t from, to;
    bool udp;
    const char *name;
};

static int table(const struct hb_machine *m, const char *path, bool udp,
                 bool *seen, struct hb_found *ret);
static bool loopback(const uint32_t *words, size_t n);
static int hex(struct hb_slice s, uint32_t *ret);

static const struct danger dangers[] = {
    {21, 21, false, "FTP"},
    {23, 23, false, "telnet"},
    {69, 69, true, "TFTP"},
    {111, 111, false, "rpcbind"},
    {111, 111, true, "rpcbind"},
    {137, 138, true, "NetBIOS"},
    {139, 139, false, "SMB"},
    {445, 445, false, "SMB"},
    {512, 514, false, "rsh/rlogin/rexec"},
    {2049, 2049, false, "NFS"},
    {2049, 2049, true, "NFS"},
    {2375, 2375, false, "Docker"},
    {3306, 3306, false, "MySQL"},
    {3389, 3389, false, "RDP"},
    {5432, 5432, false, "PostgreSQL"},
    {5900, 5909, false, "VNC"},
    {6379, 6379, false, "Redis"},
    {9200, 9200, false, "Elasticsearch"},
    {11211, 11211, false, "memcached"},
    {11211, 11211, true, "memcached"},
    {27017, 27017, false, "MongoDB"},
};

void hb_check_exposed(const struct hb_machine *m, struct hb_found *ret)
{
    static const struct {
        const char *path;
        bool udp;
    } tables[] = {{"/proc/1/net/tcp", false},
                  {"/proc/1/net/tcp6", false},
                  {"/proc/1/net/udp", true},
                  {"/proc/1/net/udp6", true}};
    bool seen[HB_ARRAY_LEN(dangers)] = {false};

    for (size_t i = 0; i < HB_ARRAY_LEN(tables); i++) {
        int rc = table(m, tables[i].path, tables[i].udp, seen, ret);

        /* Without IPv6 the kernel has no such table. */
        if (rc < 0 && !(rc == -ENOENT && hb_ends_with(tables[i].path, "6")))
            hb_found_set(ret, HB_CHECK_UNKNOWN,
                         N_("Which ports this machine listens at could not "
                            "be read."));
    }
    hb_found_set(ret, HB_CHECK_PASS,
                 N_("No service that should stay inside listens at an address "
                    "that others can reach."));
}

int hb_listen_parse(struct hb_slice line, bool udp, struct hb_listen *ret)
{
    struct hb_slice local, state;
    uint32_t words[4], port, st;
    const char *colon;
    size_t n;

    (void)hb_next_word(&line);
    local = hb_next_word(&line);
    (void)hb_next_word(&line);
    state = hb_next_word(&line);
    colon = local.n > 0 ? memchr(local.p, ':', local.n) : NULL;
    if (colon == NULL || hex(state, &st) < 0)
        return -EBADMSG;
    n = (size_t)(colon - local.p);
    if ((n != 8 && n != 32) || local.n != n + 5 ||
        hex(hb_slice(colon + 1, 4), &port) < 0)
        return -EBADMSG;
    for (size_t i = 0; i < n / 8; i++)
        if (hex(hb_slice(local.p + 8 * i, 8), &words[i]) < 0)
            return -EBADMSG;
    *ret = (struct hb_listen){.port = (uint16_t)port,
                              .open = st == (udp ? UDP_OPEN : TCP_LISTEN),
                              .local = loopback(words, n / 8)};
    return 0;
}

static int table(const struct hb_machine *m, const char *path, bool udp,
                 bool *seen, struct hb_found *ret)
{
    struct hb_slice text, line;
    int rc = hb_machine_read(m, path, TABLE, &text);

    if (rc < 0)
        return rc;
    (void)hb_next_line(&text, &line); /* the heading */
    while (hb_next_line(&text, &line)) {
        struct hb_listen one;

        if (hb_listen_parse(line, udp, &one) < 0)
            return -EBADMSG;
        for (size_t i = 0; i < HB_ARRAY_LEN(dangers); i++) {
            const struct danger *d = &dangers[i];
            char text_of[64];

            if (!one.open || one.local || d->udp != udp || seen[i] ||
                one.port < d->from || one.port > d->to)
                continue;
            seen[i] = true;
            (void)snprintf(text_of, sizeof(text_of), "%s (%s %u)", d->name,
                           udp ? "udp" : "tcp", one.port);
            hb_found_name(ret, text_of);
            hb_found_set(ret, HB_CHECK_FAIL,
                         N_("A service that should stay inside listens at an "
                            "address that others can reach."));
        }
    }
    return 0;
}

/* The words of an address as the kernel prints them: the bytes of the network
 * order, read as a number of this machine. */
static bool loopback(const uint32_t *words, size_t n)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    unsigned char b[16] = {0}, one[16] = {[15] = 1};

    memcpy(b, words, n * sizeof(*words));
    if (n == 1)
        return b[0] == 127;
    return memcmp(b, one, sizeof(b)) == 0 ||
           (memcmp(b, mapped, sizeof(mapped)) == 0 && b[12] == 127);
}

static int hex(struct hb_slice s, uint32_t *ret)
{
    uint32_t v = 0;

    if (s.n == 0 || s.n > 8)
        return -EBADMSG;
    for (size_t i = 0; i < s.n; i++) {
        int digit = hb_hex_digit(s.p[i]);

        if (digit < 0)
            return -EBADMSG;
        v = v << 4 | (uint32_t)digit;
    }
    *ret = v;
    return 0;
}
