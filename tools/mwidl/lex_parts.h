/* SPDX-License-Identifier: MIT */
/*
 * What the files of the scanner share.
 */
#ifndef MWIDL_LEX_PARTS_H
#define MWIDL_LEX_PARTS_H

#include "lexer.h"

/* The character `ahead` of the next one; NUL beyond the end. */
char lex_peek(const lexer *lex, size_t ahead);
place lex_here(const lexer *lex);

/* Skips white space and comments, and collects the doc comments. */
void lex_skip_space(lexer *lex);

/* At a '#': reads that line.  True when it was one to go on behind; for an
 * #include false, with tok->kind, string, system and end (where the '#' is)
 * set.  False also when there is no '#'. */
bool lex_directive(lexer *lex, token *tok);

/* At the end of the file: is the guard closed? */
void lex_finish_guard(lexer *lex);

#endif
