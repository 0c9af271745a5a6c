/* SPDX-License-Identifier: MIT */
/*
 * The same headers from C++20, with an options macro.
 */
#include <cstdio>
#include <cstring>

#include "mw/introspect_client.mw.h"
#include "mw/mw.h"

#include "tally_client.mw.h"

int
main()
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 1000);
    tally_Count count{};
    mw_client *client;

    if (mw_client_open(&client, "unix:/no/such/socket",
            MW_CLIENT(.timeout_ms = 1000, .lazy = true), &ctx.error) < 0) {
        std::fprintf(stderr, "open: %s\n", mw_ctx_error(&ctx));
        return 1;
    }
    mw_status status = tally_Counter_add(client, &ctx, &count, 2);
    std::printf("expected failure: %s\n", mw_ctx_error(&ctx));
    mw_client_close(client);
    return status == MW_EUNAVAILABLE && count.value == 0 ? 0 : 1;
}
