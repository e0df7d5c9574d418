/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - main() of a fuzz target where there is no libFuzzer (gcc): runs
 * each file of the corpus directory argv[1] through the target, in the order
 * of names, and prints TAP.  A target that crashes ends the program, which
 * the plan then shows.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"

#define INPUT_MAX ((size_t)8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_file(const struct dirent *e);
static int replay(int dirfd, const char *name);

int main(int argc, char **argv)
{
    struct dirent **names;
    int failed = 0, n, dirfd;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
        return 2;
    }
    dirfd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    n = scandir(argv[1], &names, is_file, alphasort);
    if (dirfd < 0 || n <= 0) {
        (void)printf("1..1\nnot ok 1 - no files in %s\n", argv[1]);
        return 1;
    }
    (void)printf("1..%d\n", n);
    for (int i = 0; i < n; i++) {
        int r;

        /* Should the target crash, what went before is already out. */
        (void)fflush(stdout);
        r = replay(dirfd, names[i]->d_name);
        (void)printf("%sok %d - %s\n", r == 0 ? "" : "not ", i + 1,
                     names[i]->d_name);
        failed += r != 0;
        free(names[i]);
    }
    free(names);
    (void)close(dirfd);
    return failed != 0;
}

static int is_file(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int replay(int dirfd, const char *name)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(2 * INPUT_MAX);
    struct hb_slice file;
    uint8_t *exact;
    int r;

    if (a == NULL)
        return -ENOMEM;
    r = hb_file_read_at(a, dirfd, name, INPUT_MAX, &file);
    if (r < 0)
        return r;
    /* A block of just this size: the sanitizer sees one byte too far. */
    exact = malloc(file.n != 0 ? file.n : 1);
    if (exact == NULL)
        return -ENOMEM;
    if (file.n != 0)
        memcpy(exact, file.p, file.n);
    r = LLVMFuzzerTestOneInput(exact, file.n);
    free(exact);
    return r;
}
