/* SPDX-License-Identifier: MIT */
#include "mw/base.h"

const char *
mw_version(void)
{
    return MW_VERSION;
}
