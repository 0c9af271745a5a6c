/* SPDX-License-Identifier: MIT */
#include "base/cpu.h"

#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

uint32_t
mwi_cpu_count(void)
{
    static _Atomic uint32_t known;
    uint32_t n = atomic_load_explicit(&known, memory_order_relaxed);
    cpu_set_t set;

    if (n == 0) {
        CPU_ZERO(&set);
        if (sched_getaffinity(0, sizeof(set), &set) == 0) {
            n = (uint32_t) CPU_COUNT(&set);
        } /* else there are more than a set holds */
        n = n > 0 ? n : 2;
        atomic_store_explicit(&known, n, memory_order_relaxed);
    }
    return n;
}

bool
mwi_cpu_is_single(void)
{
    return sysconf(_SC_NPROCESSORS_ONLN) == 1;
}
