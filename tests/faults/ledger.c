/* SPDX-License-Identifier: MIT */
#include "faults/ledger.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
check(bool is_fine, const char *what)
{
    if (!is_fine) {
        perror(what);
        abort();
    }
}

void
mwt_ledger_open(struct mwt_ledger *ledger, int fd)
{
    void *mapped;

    ledger->fd = fd;
    if (fd < 0) {
        /* Inherited by servers that are started later. */
        ledger->fd = memfd_create("ledger", 0);
        check(ledger->fd >= 0, "memfd_create");
        check(ftruncate(ledger->fd, MWT_LEDGER_IDS) == 0, "ftruncate");
    }
    mapped = mmap(NULL, MWT_LEDGER_IDS, PROT_READ | PROT_WRITE, MAP_SHARED,
        ledger->fd, 0);
    check(mapped != MAP_FAILED, "mmap");
    ledger->runs = mapped;
}

void
mwt_ledger_close(struct mwt_ledger *ledger)
{
    check(munmap((void *) (uintptr_t) ledger->runs, MWT_LEDGER_IDS) == 0,
        "munmap");
    (void) close(ledger->fd);
}

void
mwt_ledger_note(struct mwt_ledger *ledger, uint64_t id)
{
    check(id < MWT_LEDGER_IDS, "an id of the ledger");
    if (atomic_load(&ledger->runs[id]) < UINT8_MAX) {
        atomic_fetch_add(&ledger->runs[id], 1);
    }
}

unsigned
mwt_ledger_runs(const struct mwt_ledger *ledger, uint64_t id)
{
    return atomic_load(&ledger->runs[id]);
}

/* Accounts. */

void
mwt_account_make(faults_Account *account, uint64_t id)
{
    size_t n = id % 5;

    *account = (faults_Account){ .serial = id, .owner = strdup("somebody") };
    account->entries.items = calloc(n + 1, sizeof(*account->entries.items));
    check(account->entries.items != NULL, "calloc");
    account->entries.len = n;
    account->entries.cap = n + 1;
    for (size_t i = 0; i < n; i++) {
        account->entries.items[i].id = i;
        account->entries.items[i].text = strdup("an entry");
    }
}

mw_status
mwt_account_change(mw_call *call, faults_Account *account, uint64_t id)
{
    faults_Entry *entry;
    char text[32];

    account->serial++;
    (void) snprintf(text, sizeof(text), "by %llu", (unsigned long long) id);
    entry = faults_Entry_seq_insert(
        call, &account->entries, account->entries.len, 1);
    if (entry == NULL || mw_set_string(call, &entry->text, text) < 0) {
        return MW_ENOMEM;
    }
    entry->id = 1000 + id;
    if (account->entries.len > 2) {
        faults_Entry_seq_remove(call, &account->entries, 0, 1);
    }
    return MW_OK;
}

/* The handlers. */

static mw_status
post(mw_call *call, uint64_t id, uint64_t *ret_value)
{
    mwt_ledger_note(mw_call_user(call), id);
    *ret_value = id;
    return MW_OK;
}

static mw_status
change(mw_call *call, faults_Account *account, uint64_t id)
{
    mwt_ledger_note(mw_call_user(call), id);
    return mwt_account_change(call, account, id);
}

static mw_status
tell(mw_call *call, uint64_t id)
{
    mwt_ledger_note(mw_call_user(call), id);
    return MW_OK;
}

static mw_status
linger(mw_call *call, uint64_t id, uint32_t ms)
{
    mwt_ledger_note(mw_call_user(call), id);
    (void) poll(NULL, 0, (int) ms);
    return MW_OK;
}

static mw_status
fill(mw_call *call, uint32_t size, mw_seq_u8 *ret_value)
{
    ret_value->items = mw_alloc(call, size);
    if (ret_value->items == NULL) {
        return MW_ENOMEM;
    }
    for (uint32_t i = 0; i < size; i++) {
        ret_value->items[i] = (uint8_t) i;
    }
    ret_value->len = size;
    return MW_OK;
}

static mw_status
remaining(mw_call *call, uint32_t *ret_value)
{
    *ret_value = mw_call_remaining_ms(call);
    return MW_OK;
}

const faults_Ledger_ops mwt_ledger_ops = {
    .post = post,
    .change = change,
    .tell = tell,
    .linger = linger,
    .fill = fill,
    .remaining = remaining,
};
