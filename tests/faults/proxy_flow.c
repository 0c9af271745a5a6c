/* SPDX-License-Identifier: MIT */
#include "faults/proxy_flow.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"

/* The cursor. */

bool
mwt_cursor_is_at(const struct mwt_cursor *c, const struct mwt_plan *place)
{
    return c->messages == place->messages && c->offset == place->bytes;
}

static void
end_message(struct mwt_cursor *c)
{
    if (c->messages < MWT_LENGTHS) {
        c->lengths[c->messages] = c->offset;
    }
    c->messages++;
    c->offset = 0;
}

/* A byte of the head of a byte string; RFC 8949 section 3. */
static void
pass_head(struct mwt_cursor *c, uint8_t byte)
{
    if (c->offset == 1) {
        unsigned more = byte & 31;

        if (byte >> 5 != 2 || more > 27) {
            c->is_framed = false; /* damaged: no more messages are found */
            return;
        }
        c->n_head = more < 24 ? 0 : 1u << (more - 24);
        c->left = more < 24 ? more : 0;
    } else {
        c->left = c->left << 8 | byte;
        c->n_head--;
    }
    if (c->n_head == 0 && c->left == 0) {
        end_message(c);
    }
}

size_t
mwt_cursor_pass(struct mwt_cursor *c, const uint8_t *bytes, size_t len,
    const struct mwt_plan *place)
{
    size_t n = 0;

    while (n < len && (place == NULL || !mwt_cursor_is_at(c, place))) {
        bool is_head = c->offset == 0 || c->n_head > 0;

        c->offset++;
        c->bytes++;
        if (c->is_framed && is_head) {
            pass_head(c, bytes[n]);
        } else if (c->is_framed && --c->left == 0) {
            end_message(c);
        }
        n++;
    }
    return n;
}

/* The flow. */

static void
pass_on(struct mwt_relay *relay, const struct mwt_plan *plan)
{
    relay->passed +=
        mwt_cursor_pass(&relay->cursor, relay->bytes + relay->passed,
            relay->end - relay->passed, relay->may_strike ? plan : NULL);
}

static bool
would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

bool
mwt_relay_read(struct mwt_relay *relay, const struct mwt_plan *plan)
{
    ssize_t n;

    if (mwt_relay_wants_read(relay) == 0) {
        return true;
    }
    n = recv(relay->from, relay->bytes, sizeof(relay->bytes), MSG_DONTWAIT);
    if (n < 0) {
        return would_block();
    }
    if (n == 0) {
        relay->state = relay->is_swallowed ? MWT_FLOW_ENDED : MWT_FLOW_ENDING;
        return true;
    }
    if (relay->is_swallowed) {
        return true;
    }
    relay->start = relay->passed = 0;
    relay->end = (size_t) n;
    relay->held_until = mwi_deadline_in(plan->delay_ms);
    pass_on(relay, plan);
    return true;
}

static bool
write_some(struct mwt_relay *relay, const struct mwt_plan *plan)
{
    size_t len = relay->passed - relay->start;
    ssize_t n;

    if (plan->chunk > 0 && len > plan->chunk) {
        len = plan->chunk;
    }
    n = send(relay->to, relay->bytes + relay->start, len,
        MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
        return would_block();
    }
    relay->start += (size_t) n;
    if (plan->delay_ms > 0 && relay->start < relay->end) {
        relay->held_until = mwi_deadline_in(plan->delay_ms);
    }
    return true;
}

bool
mwt_relay_write(struct mwt_relay *relay, const struct mwt_plan *plan)
{
    if (relay->is_swallowed) {
        return true;
    }
    pass_on(relay, plan);
    if (relay->start < relay->passed && !relay->is_stalled &&
        relay->held_until <= mwi_now() && !write_some(relay, plan)) {
        return false;
    }
    if (relay->state == MWT_FLOW_ENDING && relay->start == relay->end) {
        (void) shutdown(relay->to, SHUT_WR);
        relay->state = MWT_FLOW_ENDED;
    }
    return true;
}

bool
mwt_relay_is_due(const struct mwt_relay *relay, const struct mwt_plan *plan)
{
    return relay->may_strike && relay->start == relay->passed &&
           mwt_cursor_is_at(&relay->cursor, plan);
}

bool
mwt_relay_corrupt(struct mwt_relay *relay, const struct mwt_plan *plan)
{
    if (relay->passed == relay->end) {
        return false;
    }
    relay->bytes[relay->passed] ^= plan->flip;
    return true;
}

short
mwt_relay_wants_read(const struct mwt_relay *relay)
{
    return relay->state == MWT_FLOW_OPEN && !relay->is_stalled &&
                   (relay->start == relay->end || relay->is_swallowed)
               ? POLLIN
               : 0;
}

short
mwt_relay_wants_write(const struct mwt_relay *relay, int64_t now)
{
    return relay->start < relay->passed && !relay->is_stalled &&
                   !relay->is_swallowed && relay->held_until <= now
               ? POLLOUT
               : 0;
}
