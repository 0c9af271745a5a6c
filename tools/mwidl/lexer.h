/* SPDX-License-Identifier: MIT */
/*
 * From characters to tokens.  Doc comments come with the token they precede;
 * preprocessor lines that only guard against double inclusion vanish here.
 */
#ifndef MWIDL_LEXER_H
#define MWIDL_LEXER_H

#include "source.h"

/* The words of IDL, libmw's and those it knows to reject. */
#define WORD_MAP(X)               \
    X(ABSTRACT, "abstract")       \
    X(ANY, "any")                 \
    X(ATTRIBUTE, "attribute")     \
    X(BITMASK, "bitmask")         \
    X(BITSET, "bitset")           \
    X(BOOLEAN, "boolean")         \
    X(CASE, "case")               \
    X(CHAR, "char")               \
    X(COMPONENT, "component")     \
    X(CONST, "const")             \
    X(CONTEXT, "context")         \
    X(CUSTOM, "custom")           \
    X(DEFAULT, "default")         \
    X(DOUBLE, "double")           \
    X(ENUM, "enum")               \
    X(EXCEPTION, "exception")     \
    X(FACTORY, "factory")         \
    X(FALSE, "FALSE")             \
    X(FIXED, "fixed")             \
    X(FLOAT, "float")             \
    X(HOME, "home")               \
    X(IMPORT, "import")           \
    X(IN, "in")                   \
    X(INOUT, "inout")             \
    X(INT16, "int16")             \
    X(INT32, "int32")             \
    X(INT64, "int64")             \
    X(INT8, "int8")               \
    X(INTERFACE, "interface")     \
    X(LOCAL, "local")             \
    X(LONG, "long")               \
    X(MAP, "map")                 \
    X(MODULE, "module")           \
    X(NATIVE, "native")           \
    X(OBJECT, "Object")           \
    X(OCTET, "octet")             \
    X(ONEWAY, "oneway")           \
    X(OUT, "out")                 \
    X(PRIVATE, "private")         \
    X(PUBLIC, "public")           \
    X(RAISES, "raises")           \
    X(READONLY, "readonly")       \
    X(SEQUENCE, "sequence")       \
    X(SHORT, "short")             \
    X(STRING, "string")           \
    X(STRUCT, "struct")           \
    X(SUPPORTS, "supports")       \
    X(SWITCH, "switch")           \
    X(TEMPLATE, "template")       \
    X(TRUE, "TRUE")               \
    X(TRUNCATABLE, "truncatable") \
    X(TYPEDEF, "typedef")         \
    X(TYPEID, "typeid")           \
    X(TYPENAME, "typename")       \
    X(TYPEPREFIX, "typeprefix")   \
    X(UINT16, "uint16")           \
    X(UINT32, "uint32")           \
    X(UINT64, "uint64")           \
    X(UINT8, "uint8")             \
    X(UNION, "union")             \
    X(UNSIGNED, "unsigned")       \
    X(VALUEBASE, "ValueBase")     \
    X(VALUETYPE, "valuetype")     \
    X(VOID, "void")               \
    X(WCHAR, "wchar")             \
    X(WSTRING, "wstring")

typedef enum word {
    WORD_NONE = 0, /* not a word of IDL: a name */
#define WORD_ENUMERATOR(name, spelling) WORD_##name,
    WORD_MAP(WORD_ENUMERATOR)
#undef WORD_ENUMERATOR
} word;

typedef enum token_kind {
    TOKEN_END,     /* of the file */
    TOKEN_NAME,    /* a name or a word of IDL */
    TOKEN_INTEGER, /* .integer */
    TOKEN_FLOAT,   /* .number */
    TOKEN_STRING,  /* .string, adjacent literals joined */
    TOKEN_CHAR,    /* 'x': not used by libmw's IDL */
    TOKEN_INCLUDE, /* #include: .string is the file, .system its brackets */
    TOKEN_PUNCT,   /* .punct */
} token_kind;

enum { PUNCT_SCOPE = 256, PUNCT_SHIFT_LEFT = 257 }; /* "::" and "<<" */

typedef struct token {
    token_kind kind;
    word word;    /* TOKEN_NAME */
    bool escaped; /* TOKEN_NAME: was written with a leading '_' */
    bool system;  /* TOKEN_INCLUDE */
    bool joined;  /* nothing between this and the token before */
    int punct;    /* TOKEN_PUNCT: the character or a PUNCT_ */
    place at;
    size_t end;         /* offset behind it */
    const char *name;   /* TOKEN_NAME: without the '_' of an escape */
    const char *string; /* TOKEN_STRING, TOKEN_INCLUDE */
    uint64_t integer;
    double number;
    const char *doc;       /* of the comments before it; lines end in '\n' */
    const char *doc_after; /* of a "///<" before it, on what precedes that */
} token;

typedef enum guard_state {
    GUARD_START,  /* nothing seen yet */
    GUARD_IFNDEF, /* #ifndef NAME just seen */
    GUARD_OPEN,   /* the rest of a guarded file */
    GUARD_CLOSED, /* #endif seen */
    GUARD_NONE,   /* a file without a guard */
} guard_state;

typedef struct lexer {
    arena *mem;
    diag *diag;
    const source *file;
    size_t pos; /* offset of the next character */
    guard_state guard;
    const char *guard_name;
    place guard_at;
    text doc;       /* collected for the next token */
    text doc_after; /* likewise */
} lexer;

void lexer_init(lexer *lex, arena *mem, diag *errors, const source *file);
void lexer_free(lexer *lex);
token lexer_next(lexer *lex);

/* The kind of the next token but one character at most is read ahead: tells
 * whether the punctuation c follows, without moving. */
bool lexer_sees(const lexer *lex, char c);

/* What a token is, for "found ..." in messages. */
const char *token_text(arena *mem, const token *tok);

/* How a word is spelled. */
const char *word_text(word w);

/* The word that equals a name but for case. */
word word_find(const char *name);

#endif
