/* SPDX-License-Identifier: MIT */
/*
 * The proxy's sockets, by addresses as libmw writes them.
 */
#ifndef MWT_PROXY_SOCKET_H
#define MWT_PROXY_SOCKET_H

enum { MWT_ADDRESS_MAX = 160 };

/** Connect to a unix socket or a port of the loopback.  -1: nobody listens. */
int mwt_socket_connect(const char *target);

/** Listen where there is an address of the same kind as the target's. */
int mwt_socket_listen(const char *target, char ret_address[MWT_ADDRESS_MAX]);
void mwt_socket_unlisten(int fd, const char *address);

/** Accept a connection; -1: there is none. */
int mwt_socket_accept(int listener);

/** Close a connection so that its peer sees the end, also behind bytes that
 * nobody has read. */
void mwt_socket_end(int fd);

#endif
