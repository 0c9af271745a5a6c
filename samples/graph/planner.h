/* SPDX-License-Identifier: MIT */
#ifndef PLANNER_H
#define PLANNER_H

#include "graph_server.mw.h"

/* The handlers of graph::Planner.  They share nothing. */
extern const graph_Planner_ops planner_ops;

#endif
