/* SPDX-License-Identifier: MIT */
/* Where the text comes from: a small prose machine, or a file. */
#include "text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCE_MAX = 512 }; /* bytes */

static const char *const people[] = { "the ferryman", "our neighbour",
    "a retired clockmaker", "Zoë", "the tallest of the bakers", "Señor Ibáñez",
    "the night porter", "my aunt Łucja", "the new apprentice", "Jürgen",
    "nobody in particular", "the keeper of the lighthouse" };
static const char *const deeds[] = { "carried", "painted", "sold", "forgot",
    "repaired", "measured", "described", "borrowed", "dreamt of", "polished",
    "hid", "photographed" };
static const char *const things[] = { "the green bicycle", "seven lanterns",
    "a crate of mandarins", "the café’s only umbrella", "an unfinished map",
    "the harbour bell", "a drawer full of keys", "a jar of crème fraîche",
    "the ladder", "two accordions", "the smörgåsbord menu", "a long letter" };
static const char *const times[] = { "before breakfast", "until dusk",
    "on the coldest day of March", "while the kettle sang",
    "in the last hour of the fair", "as soon as the fog had lifted",
    "at 21 °C in the shade", "twice a year", "between two showers",
    "on the eve of the holidays", "in spite of the wind", "without a word" };
static const char *const sayings[] = { "It was not the first time.",
    "Prices ranged from 3 € to 15 €.", "The town’s clock struck eleven.",
    "Nobody was surprised.", "A gull watched from the roof.",
    "So the afternoon passed, slowly and well.",
    "The river had no opinion on it.", "Somebody laughed.",
    "There was tea for everyone." };
static const char *const slips[] = { "\"That will do,\" said teh miller.",
    "Rain -- what else?", "They were to recieve it at another adress.",
    "It wasn't neccessary.", "\"Naïve,\" they called it.",
    "Nothing  else had occured.", "It was the begining of a seperate story.",
    "The goverment -- so they beleive -- was asleep.",
    "Untill then, teh harbour was quiet.", "One asked wich  day it was." };

#define PICK(list, random) \
    ((list)[next(random) % (sizeof(list) / sizeof(list)[0])])

static uint32_t
next(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return *random >> 16;
}

/* Writes a sentence or two, and the space after them. */
static size_t
write_sentence(char *to, uint32_t *random)
{
    const char *person = PICK(people, random), *deed = PICK(deeds, random);
    const char *thing = PICK(things, random), *time = PICK(times, random);
    uint32_t mood = next(random) % 40;
    int len;

    len =
        snprintf(to, SENTENCE_MAX, "%s %s %s, %s. ", person, deed, thing, time);
    if (to[0] >= 'a' && to[0] <= 'z') {
        to[0] = (char) (to[0] - 'a' + 'A');
    }
    if (mood < 10) {
        len += snprintf(to + len, SENTENCE_MAX - (size_t) len, "%s ",
            mood < 2 ? PICK(slips, random) : PICK(sayings, random));
    }
    return (size_t) len;
}

char *
text_write(size_t len, unsigned seed)
{
    char *text = malloc(len + SENTENCE_MAX);
    uint32_t random = seed;
    size_t used = 0;

    if (text == NULL) {
        return NULL;
    }
    text[0] = '\0';
    while (used < len) {
        used += write_sentence(text + used, &random);
        if (next(&random) % 8 == 0) {
            text[used - 1] = '\n';
        }
    }
    return text;
}

static char *
read_stream(FILE *stream)
{
    size_t len = 0, cap = 1 << 16, got;
    char *text = malloc(cap), *grown;

    while (text != NULL) {
        got = fread(text + len, 1, cap - len - 1, stream);
        len += got;
        if (got == 0) {
            break;
        }
        if (len + 1 == cap) {
            cap *= 2;
            grown = realloc(text, cap);
            if (grown == NULL) {
                free(text);
            }
            text = grown;
        }
    }
    if (text == NULL) {
        return NULL;
    }
    text[len] = '\0';
    if (ferror(stream) || strlen(text) != len) {
        errno = EILSEQ;
        free(text);
        return NULL;
    }
    return text;
}

char *
text_read(const char *path)
{
    FILE *stream = fopen(path, "rb");
    char *text = NULL;

    if (stream != NULL) {
        text = read_stream(stream);
    }
    if (text == NULL) {
        perror(path);
    }
    if (stream != NULL) {
        fclose(stream);
    }
    return text;
}
