/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.c - names of rows within a run: made from where a walk is, and found
 * again from a name alone.
 *
 * Runs in core.  Places come from our own store, or from a person who names
 * one to undo or resume it: whatever does not lead to a step is -ENOENT.
 */
#include "base/num.h"
#include "playbook/run.h"

static int find_in(struct hb_arena *a, const struct hb_scope *sc,
                   const char *part, size_t n, bool undo,
                   const struct hb_step **ret, struct hb_scope **ret_scope);
static int scope_set(struct hb_walk *w, const struct hb_scope *sc,
                     struct hb_scope *ret, const char *path);

const char *hb_place_make(struct hb_arena *a, const struct hb_scope *sc,
                          const struct hb_step *s)
{
    const char *z = hb_arena_printf(a, "%s%s%s", sc->prefix, s->id, sc->path);

    return z != NULL && strlen(z) < HB_PLACE_MAX ? z : NULL;
}

bool hb_place_is_undo(const char *place)
{
    size_t n = strlen(place), k = sizeof(HB_PLAY_UNDO) - 1;

    return n > k && hb_streq(place + n - k, HB_PLAY_UNDO);
}

int hb_place_find(struct hb_arena *a, const struct hb_playbook *top,
                  const char *place, const struct hb_scope **ret_scope,
                  const struct hb_step **ret_step)
{
    bool undo = hb_place_is_undo(place);
    struct hb_scope *sc = HB_NEW(a, struct hb_scope), *in;
    const struct hb_step *s = NULL;
    const char *part = place;
    int r;

    if (sc == NULL)
        return -ENOMEM;
    if (top == NULL || strlen(place) >= HB_PLACE_MAX)
        return -ENOENT;
    *sc = (struct hb_scope){.pb = top, .prefix = "", .path = ""};
    for (;;) {
        size_t n = strcspn(part, "/");
        bool last = part[n] == '\0';

        r = find_in(a, sc, part, n, undo && last, &s, &in);
        if (r < 0)
            return r;
        if (last)
            break;
        if (s->type != HB_STEP_PLAYBOOK || s->playbook == NULL ||
            in->depth + 1 > HB_PLAY_DEPTH_MAX)
            return -ENOENT;
        sc = HB_NEW(a, struct hb_scope);
        if (sc == NULL)
            return -ENOMEM;
        sc->pb = s->playbook;
        sc->prefix = hb_arena_dup(a, place, (size_t)(part - place) + n + 1);
        sc->path = "";
        sc->depth = in->depth + 1;
        sc->up = in;
        if (sc->prefix == NULL)
            return -ENOMEM;
        part += n + 1;
    }
    *ret_scope = in;
    *ret_step = s;
    return 0;
}

int hb_scope_round(struct hb_walk *w, const struct hb_scope *sc, int64_t round,
                   struct hb_scope *ret)
{
    return scope_set(
        w, sc, ret,
        hb_arena_printf(w->a, "#%lld%s", (long long)round, sc->path));
}

int hb_scope_exception(struct hb_walk *w, const struct hb_scope *sc,
                       const struct hb_step *s, struct hb_scope *ret)
{
    int r =
        scope_set(w, sc, ret, hb_arena_printf(w->a, "@%s%s", s->id, sc->path));

    if (r == 0)
        ret->exception = true;
    return r;
}

int hb_scope_call(struct hb_walk *w, const struct hb_scope *sc,
                  const struct hb_step *s, struct hb_scope *ret)
{
    const char *prefix =
        hb_arena_printf(w->a, "%s%s%s/", sc->prefix, s->id, sc->path);

    if (prefix == NULL)
        return -ENOMEM;
    *ret = (struct hb_scope){
        .pb = s->playbook,
        .prefix = prefix,
        .path = "",
        .depth = sc->depth + 1,
        .up = sc,
    };
    return 0;
}

bool hb_scope_loops(const struct hb_scope *sc, const struct hb_playbook *pb)
{
    if (pb == NULL || sc->depth + 1 > HB_PLAY_DEPTH_MAX)
        return true;
    for (; sc != NULL; sc = sc->up)
        if (sc->pb == pb)
            return true;
    return false;
}

/* The step that N bytes at PART name, and the scope with its path. */
static int find_in(struct hb_arena *a, const struct hb_scope *sc,
                   const char *part, size_t n, bool undo,
                   const struct hb_step **ret, struct hb_scope **ret_scope)
{
    struct hb_scope *in = HB_NEW(a, struct hb_scope);
    char *id = hb_arena_dup(a, part, n), *path, *tail;
    size_t id_n;

    if (in == NULL || id == NULL)
        return -ENOMEM;
    tail = strchr(id, '~'); /* "~undo", "~12": behind the path */
    if (tail != NULL)
        *tail = '\0';
    tail = strpbrk(id, "!?"); /* a task about the step */
    if (tail != NULL)
        *tail = '\0';
    id_n = strcspn(id, "#@");
    path = hb_arena_strdup(a, id + id_n);
    if (path == NULL)
        return -ENOMEM;
    id[id_n] = '\0';
    *ret = hb_step_find(sc->pb, id);
    if (*ret != NULL && undo)
        *ret = (*ret)->undo;
    if (*ret == NULL)
        return -ENOENT;
    *in = *sc;
    in->path = path;
    in->exception = strchr(path, '@') != NULL;
    *ret_scope = in;
    return 0;
}

static int scope_set(struct hb_walk *w, const struct hb_scope *sc,
                     struct hb_scope *ret, const char *path)
{
    if (path == NULL)
        return -ENOMEM;
    *ret = *sc;
    ret->path = path;
    return 0;
}
