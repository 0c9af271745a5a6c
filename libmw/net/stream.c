/* SPDX-License-Identifier: MIT */
#include "net/stream.h"

#include <assert.h>
#include <string.h>

enum mwi_io
mwi_stream_handshake(struct mwi_stream *s, mw_error *reterr)
{
    return s->ops->handshake(s, reterr);
}

enum mwi_io
mwi_stream_read(struct mwi_stream *s, void *bytes, size_t len, size_t *ret_n,
    mw_error *reterr)
{
    assert(len > 0);
    return s->ops->read(s, bytes, len, ret_n, reterr);
}

enum mwi_io
mwi_stream_write(struct mwi_stream *s, const void *bytes, size_t len,
    size_t *ret_n, mw_error *reterr)
{
    assert(len > 0);
    return s->ops->write(s, bytes, len, ret_n, reterr);
}

enum mwi_io
mwi_stream_flush(struct mwi_stream *s, mw_error *reterr)
{
    return s->ops->flush(s, reterr);
}

bool
mwi_stream_is_dry(struct mwi_stream *s)
{
    return s->ops->is_dry != NULL && s->ops->is_dry(s);
}

bool
mwi_stream_has_unread(struct mwi_stream *s)
{
    return s->ops->has_unread != NULL && s->ops->has_unread(s);
}

void
mwi_stream_rest(struct mwi_stream *s)
{
    if (s->ops->rest != NULL) {
        s->ops->rest(s);
    }
}

void
mwi_stream_shutdown(struct mwi_stream *s)
{
    s->ops->shutdown(s);
}

void
mwi_stream_close(struct mwi_stream *s)
{
    if (s != NULL) {
        s->ops->close(s);
    }
}

int
mwi_stream_fd(const struct mwi_stream *s)
{
    return s->ops->fd(s);
}

void
mwi_stream_peer(const struct mwi_stream *s, mw_peer *ret_peer)
{
    memset(ret_peer, 0, sizeof(*ret_peer));
    s->ops->peer(s, ret_peer);
}
