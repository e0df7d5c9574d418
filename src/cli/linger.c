/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linger.c - see linger.h.
 *
 * Runs as root in `hinoban site window run`.  A tracer without CAP_SYS_PTRACE
 * would take set-user-ID programs their rights; ours has it.  What is traced
 * already cannot be debugged in there.
 */
#include "cli/linger.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define HOLD_US 10000u

static void stopped(pid_t pid, int status);

int hb_linger_seize(pid_t pid)
{
    const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                         PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT;

    return ptrace(PTRACE_SEIZE, pid, NULL, options) < 0 ? -errno : 0;
}

int hb_linger_wait(pid_t pid, int *ret_status)
{
    for (;;) {
        int status = 0;
        pid_t p = waitpid(-1, &status, __WALL);

        if (p < 0 && errno == EINTR)
            continue;
        if (p < 0)
            return -errno;
        if (WIFSTOPPED(status)) {
            stopped(p, status);
        } else if (p == pid) {
            *ret_status = status;
            return 0;
        }
    }
}

/* One that died meanwhile answers ESRCH, and is waited for. */
static void stopped(pid_t pid, int status)
{
    unsigned event = (unsigned)status >> 16;
    int sig = WSTOPSIG(status);

    if (event == PTRACE_EVENT_EXIT)
        (void)usleep(HOLD_US);
    if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
        (void)ptrace(PTRACE_LISTEN, pid, NULL, 0); /* as Ctrl-Z stops it */
    else /* with 0: a signal that is to be delivered, it is */
        (void)ptrace(PTRACE_CONT, pid, NULL, event == 0 ? (long)sig : 0);
}
