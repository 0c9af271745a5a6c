/* SPDX-License-Identifier: MIT */
/*
 * A subject written in C++: a class whose objects are connections, with the
 * calls as member functions.  What it throws ends the program.
 */
#ifndef PEER_H
#define PEER_H

#include <cstdlib>
#include <string>

#include "subject.h"

template <class Connection> struct Peer {
    static Connection *of(void *connection)
    {
        return static_cast<Connection *>(connection);
    }

    static void *open(const subject_options *options)
    {
        return new Connection(options);
    }

    static void close(void *connection)
    {
        delete of(connection);
    }

    static void echo(void *connection)
    {
        of(connection)->echo();
    }

    static void touch(void *connection)
    {
        of(connection)->touch();
    }

    static void octets(void *connection, size_t n)
    {
        of(connection)->octets(n);
    }

    static void doubles(void *connection, size_t n)
    {
        of(connection)->doubles(n);
    }

    static void nap(void *connection, unsigned ms)
    {
        of(connection)->nap(ms);
    }

    static void stream(void *connection, const subject_flow *flow)
    {
        of(connection)->stream(*flow);
    }

    /** All but naps, which a subject may add. */
    static subject describe(const char *name, const char *variants,
        void (*serve)(const subject_options *))
    {
        subject subject = {};

        subject.name = name;
        subject.variants = variants;
        subject.serve = serve;
        subject.open = open;
        subject.close = close;
        subject.echo = echo;
        subject.touch = touch;
        subject.octets = octets;
        subject.doubles = doubles;
        subject.nap = nap;
        subject.stream = stream;
        return subject;
    }

    /** For a subject that can have calls of nap under way at once. */
    static void naps(void *connection, size_t n, unsigned ms)
    {
        of(connection)->naps(n, ms);
    }
};

/** Path and text of a file in the folder of certificates. */
inline std::string
cert_path(const subject_options *options, const char *name)
{
    return std::string(options->certs) + "/" + name;
}

inline std::string
cert_text(const subject_options *options, const char *name)
{
    char *text = subject_cert_text(options, name);
    std::string copy(text);

    free(text);
    return copy;
}

#endif
