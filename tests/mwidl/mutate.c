/* SPDX-License-Identifier: MIT */
/*
 * Feeds the fuzzer's entry without a fuzzer.
 *
 *     mutate FILE...                   each file as it is
 *     mutate -n COUNT [-s SEED] FILE...  COUNT mutations of them as well
 *
 * Mutations work on bytes and on tokens, and are the same for the same seed.
 * On a crash the input is in the file mutate.idl of the working directory.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_parse.h"

enum { FILES_MAX = 256, INPUT_MAX = 1 << 16 };

typedef struct input {
    char *data;
    size_t len; /* bytes */
} input;

static input files[FILES_MAX];
static size_t n_files;
static uint64_t state;

/* SplitMix64. */
static uint64_t
next_random(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static size_t
below(size_t n)
{
    return n == 0 ? 0 : (size_t) (next_random() % n);
}

static void
read_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    input *file = &files[n_files];

    file->data = malloc(INPUT_MAX);
    if (in == NULL || file->data == NULL || n_files == FILES_MAX - 1) {
        fprintf(stderr, "mutate: cannot read %s\n", path);
        exit(2);
    }
    file->len = fread(file->data, 1, INPUT_MAX, in);
    fclose(in);
    n_files++;
}

/* Replaces `old` bytes at `at` by others, if there is room. */
static void
splice(input *in, size_t at, size_t old, const char *data, size_t len)
{
    if (in->len - old + len > INPUT_MAX) {
        return;
    }
    memmove(in->data + at + len, in->data + at + old, in->len - at - old);
    memmove(in->data + at, data, len);
    in->len = in->len - old + len;
}

static bool
is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_';
}

/* A word or a character of a file, at random. */
static void
random_token(const input *in, size_t *ret_at, size_t *ret_len)
{
    size_t at = below(in->len);
    size_t end = at;

    while (at > 0 && is_word(in->data[at]) && is_word(in->data[at - 1])) {
        at--;
    }
    while (end < in->len && is_word(in->data[end])) {
        end++;
    }
    *ret_at = at;
    *ret_len = end > at ? end - at : in->len > 0;
}

static void
mutate_byte(input *in)
{
    static const char special[] = "{}()[]<>;:,@\"'/*#\\\n\0_=-~.0\x80\xff";
    char c = below(2) == 0 ? (char) next_random()
                           : special[below(sizeof(special) - 1)];
    size_t at = below(in->len);

    switch (below(3)) {
    case 0:
        splice(in, at, in->len > 0, &c, 1);
        break;
    case 1:
        splice(in, at, 0, &c, 1);
        break;
    default:
        splice(in, at, in->len > 0, "", 0);
        break;
    }
}

static void
mutate_token(input *in)
{
    static const char *const words[] = { "sequence<", "18446744073709551615",
        "-1", "0", "struct", "::", "in", "oneway", "@id(1)", "@key", ">>",
        "@default(1)", "const long", "<< 63", "~0", "1e308 * 10", "//", "/*",
        "unsigned", "string<", "[2]", ": Base", "union", "16777216", "1.5",
        "\"\\x\"", "_struct", "module", "#include \"mutate.idl\"", "((((",
        "map<", "valuetype V;", "public ", "switch (long) {",
        "case 0: ", "default: ", "@external ", "@optional ", "@mw::unique ",
        "@mutable ", "@position(3) ", "@bit_bound(8) ", "@mw::writes(\"*\") ",
        "@mw::writes(\"m.x\") ", "inout ", " | A" };
    const input *other = &files[below(n_files)];
    size_t at;
    size_t len;
    size_t from;
    size_t from_len;

    random_token(in, &at, &len);
    switch (below(4)) {
    case 0:
        splice(in, at, len, "", 0);
        break;
    case 1:
        random_token(other, &from, &from_len);
        splice(in, at, below(2) == 0 ? len : 0, other->data + from, from_len);
        break;
    case 2:
        from = below(sizeof(words) / sizeof(*words));
        splice(
            in, at, below(2) == 0 ? len : 0, words[from], strlen(words[from]));
        break;
    default:
        /* A piece of some length, perhaps many times over. */
        random_token(other, &from, &from_len);
        from_len = below(other->len - from + 1) % 200;
        for (size_t n = below(8) == 0 ? 80 : 1; n > 0; n--) {
            splice(in, at, 0, other->data + from, from_len);
        }
        break;
    }
}

static void
run_mutation(input *in)
{
    const input *base = &files[below(n_files)];

    memcpy(in->data, base->data, base->len);
    in->len = base->len;
    for (size_t n = 1 + below(4); n > 0; n--) {
        if (below(3) == 0) {
            mutate_byte(in);
        } else {
            mutate_token(in);
        }
    }
    FILE *out = fopen("mutate.idl", "wb");

    if (out == NULL || fwrite(in->data, 1, in->len, out) != in->len ||
        fclose(out) != 0) {
        fprintf(stderr, "mutate: cannot write mutate.idl\n");
        exit(2);
    }
    LLVMFuzzerTestOneInput((const uint8_t *) in->data, in->len);
}

int
main(int argc, char **argv)
{
    unsigned long long seed = 1;
    unsigned long count = 0;
    input in = { .data = malloc(INPUT_MAX) };
    int c;

    while ((c = getopt(argc, argv, "n:s:")) != -1) {
        if (c == 'n') {
            count = strtoul(optarg, NULL, 10);
        } else if (c == 's') {
            seed = strtoull(optarg, NULL, 0);
        } else {
            return 2;
        }
    }
    for (int i = optind; i < argc; i++) {
        read_file(argv[i]);
    }
    if (n_files == 0 || in.data == NULL) {
        fprintf(stderr, "usage: mutate [-n count] [-s seed] file...\n");
        return 2;
    }
    printf("seed %llu, %lu mutations of %zu files\n", seed, count, n_files);
    fflush(stdout);
    state = seed;
    for (size_t i = 0; i < n_files; i++) {
        LLVMFuzzerTestOneInput((const uint8_t *) files[i].data, files[i].len);
    }
    for (unsigned long i = 0; i < count; i++) {
        run_mutation(&in);
    }
    for (size_t i = 0; i < n_files; i++) {
        free(files[i].data);
    }
    free(in.data);
    remove("mutate.idl");
    return 0;
}
