/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book_work.h - one incident of the real case book, worked through from its
 * opening to the end of its run, by an actor and two persons who do what a
 * script says.
 *
 * What they do next follows from what is in the store and in the actor's
 * journal and from nothing else, so that a run that was killed anywhere and
 * begun again must come to the same end as one that nobody disturbed.
 */
#ifndef HB_TESTS_FAULT_BOOK_WORK_H
#define HB_TESTS_FAULT_BOOK_WORK_H

#include "casebook/casebook.h"

enum book_way {
    BOOK_YES,  /* everything is agreed to, done, and works */
    BOOK_NO,   /* every question is answered with no, all else declined, and
                  every action fails */
    BOOK_MIXED /* and up: now so, now so; another mixture for each number */
};

#define BOOK_PLAYBOOKS 64u
#define BOOK_STEPS     128u

struct book_script {
    const struct hb_casebook *book;
    const struct hb_case *kase;
    unsigned way;
    /* Steps that any run reached, by their place in the book; may be NULL. */
    unsigned char (*seen)[BOOK_STEPS];
};

/* Works in DIR to the end and returns the number of boundaries, or dies by
 * SIGKILL at the N-th (0: never).  Ends the process, with words on stderr,
 * where something goes wrong: for a child. */
unsigned book_work(const struct book_script *s, const char *dir, unsigned n);

/* Everything in DIR that must not depend on where the process died: steps,
 * tasks, facts, variables, timeline, evidence, and the actor's journal.
 * Returns how much stands there more than once, or is otherwise not as it
 * may be in any run; the text says "wrong:". */
unsigned book_summary(const struct book_script *s, const char *dir,
                      struct hb_buf *out);

#endif
