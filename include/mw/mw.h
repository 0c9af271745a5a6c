/* SPDX-License-Identifier: MIT */
/*
 * libmw: remote procedure calls with parameters passed by reference.
 * All public headers at once.
 */
#ifndef MW_MW_H
#define MW_MW_H

#include "mw/base.h"
#include "mw/call.h"
#include "mw/client.h"
#include "mw/ctx.h"
#include "mw/desc.h"
#include "mw/hooks.h"
#include "mw/log.h"
#include "mw/map.h"
#include "mw/memory.h"
#include "mw/mirror.h"
#include "mw/node.h"
#include "mw/object.h"
#include "mw/pending.h"
#include "mw/seq.h"
#include "mw/server.h"
#include "mw/stats.h"
#include "mw/status.h"
#include "mw/stub.h"
#include "mw/tls.h"
#include "mw/trace.h"
#include "mw/union.h"

#endif
