/* SPDX-License-Identifier: MIT */
#ifndef CORRECT_H
#define CORRECT_H

#include <mw/mw.h>

#include "document.mw.h"

/* Corrects a text.  This is the handler of document::Corrector::correct, and
 * as good as any other function in a program that has the text at hand: with
 * call NULL it works on the heap. */
mw_status correct(mw_call *call, char **text, document_Tally *ret_tally);

#endif
