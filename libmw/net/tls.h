/* SPDX-License-Identifier: MIT */
/*
 * net: TLS 1.3 (RFC 8446) with OpenSSL, over any stream.
 */
#ifndef MWI_NET_TLS_H
#define MWI_NET_TLS_H

#include "mw/tls.h"

#include "net/stream.h"

/* ALPN protocol identifier (RFC 7301) of this wire protocol. */
#define MWI_ALPN "mw/1"

/* Certificates, key, trust and policy, shared by all connections of a client
 * or server, and a client's sessions.  Reference-counted; thread-safe once
 * made. */
struct mwi_tls_config;

/** Load what the options name.
 *
 * @retval MW_EINVAL  a file is missing or unusable; the text names it and has
 *                    OpenSSL's reason
 * @retval MW_ENOMEM  out of memory
 */
MW_MUST_USE mw_status mwi_tls_client_config(struct mwi_tls_config **ret_config,
    const mw_tls_options *options, mw_error *reterr);
MW_MUST_USE mw_status mwi_tls_server_config(struct mwi_tls_config **ret_config,
    const mw_tls_options *options, mw_error *reterr);

/** Free.  Streams made with it go on.  NULL allowed. */
void mwi_tls_config_free(struct mwi_tls_config *config);

/** TLS as a client over lower, for a server that must prove to be host (a DNS
 * name or an IP address; the configuration's server_name goes before it).
 *
 * @param lower  [take] on success only
 */
MW_MUST_USE mw_status mwi_tls_client_stream(struct mwi_stream **ret_stream,
    struct mwi_stream *lower, struct mwi_tls_config *config, const char *host,
    mw_error *reterr);

/** TLS as a server over lower.
 *
 * @param lower  [take] on success only
 */
MW_MUST_USE mw_status mwi_tls_server_stream(struct mwi_stream **ret_stream,
    struct mwi_stream *lower, struct mwi_tls_config *config, mw_error *reterr);

#endif
