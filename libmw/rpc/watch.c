/* SPDX-License-Identifier: MIT */
#include "rpc/watch.h"

#include "base/clock.h"
#include "rpc/client.h"

void
mwi_watch_begin(struct mwi_request *q)
{
    (void) mwi_meter_begin(&mwi_client_meter(q->client)->calls);
}

void
mwi_watch_end(struct mwi_request *q, mw_status status)
{
    struct mwi_meter *meter = &mwi_client_meter(q->client)->calls;

    mwi_meter_end(meter, mwi_now() - q->began, q->stats.bytes_received,
        q->stats.bytes_sent);
    if (status < 0) {
        mwi_meter_fail(meter, status);
    }
    if (q->attempts > 1) {
        mwi_count(&meter->retried, q->attempts - 1);
    }
}
