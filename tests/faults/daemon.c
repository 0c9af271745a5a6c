/* SPDX-License-Identifier: MIT */
#include "faults/daemon.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/pki.h"

static void
check(bool is_fine, const char *what)
{
    if (!is_fine) {
        perror(what);
        abort();
    }
}

/* In the child: become the server. */
static _Noreturn void
become_server(int output, int ledger, const char *listen)
{
    const struct mwt_pki *pki = mwt_pki_get();
    bool has_tls = strncmp(listen, "tls:", 4) == 0;
    char fd[16];

    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void) snprintf(fd, sizeof(fd), "%d", ledger);
    if (dup2(output, STDOUT_FILENO) >= 0) {
        (void) execl(MWT_LEDGER_SERVER, "ledger-server", fd, listen,
            has_tls ? pki->server.cert : NULL, pki->server.key, pki->ca, NULL);
    }
    perror(MWT_LEDGER_SERVER);
    _exit(127);
}

void
mwt_daemon_start(struct mwt_daemon *daemon, const struct mwt_ledger *ledger,
    const char *listen)
{
    int output[2];
    FILE *lines;

    (void) mwt_pki_get(); /* not in the child */
    check(pipe2(output, O_CLOEXEC) == 0, "pipe2");
    daemon->pid = fork();
    check(daemon->pid >= 0, "fork");
    if (daemon->pid == 0) {
        become_server(output[1], ledger->fd, listen);
    }
    (void) close(output[1]);
    lines = fdopen(output[0], "r");
    check(lines != NULL, "fdopen");
    check(fgets(daemon->address, sizeof(daemon->address), lines) != NULL,
        "a server that starts");
    daemon->address[strcspn(daemon->address, "\n")] = '\0';
    (void) fclose(lines);
}

static int
end(struct mwt_daemon *daemon, int signal)
{
    int status;

    check(kill(daemon->pid, signal) == 0, "kill");
    check(waitpid(daemon->pid, &status, 0) == daemon->pid, "waitpid");
    daemon->pid = 0;
    return status;
}

void
mwt_daemon_kill(struct mwt_daemon *daemon)
{
    (void) end(daemon, SIGKILL);
}

bool
mwt_daemon_stop(struct mwt_daemon *daemon)
{
    int status = end(daemon, SIGTERM);

    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/* A file or folder of a process in /proc. */
static void
path_of(char path[64], pid_t pid, const char *what)
{
    if (pid == 0) {
        (void) snprintf(path, 64, "/proc/self/%s", what);
    } else {
        (void) snprintf(path, 64, "/proc/%ld/%s", (long) pid, what);
    }
}

long
mwt_process_number(pid_t pid, const char *name)
{
    char path[64];
    char line[256];
    long number = -1;
    size_t len = strlen(name);
    FILE *file;

    path_of(path, pid, "status");
    file = fopen(path, "re");
    check(file != NULL, path);
    while (number < 0 && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, len) == 0 && line[len] == ':') {
            number = strtol(line + len + 1, NULL, 10);
        }
    }
    (void) fclose(file);
    return number;
}

long
mwt_process_descriptors(pid_t pid)
{
    char path[64];
    long n = 0;
    const struct dirent *entry;
    DIR *dir;

    path_of(path, pid, "fd");
    dir = opendir(path);
    check(dir != NULL, path);
    while ((entry = readdir(dir)) != NULL) {
        n += entry->d_name[0] != '.';
    }
    (void) closedir(dir);
    return pid == 0 ? n - 1 : n; /* without the folder itself */
}
