/* SPDX-License-Identifier: MIT */
#include "shapes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "bench.mw.h"

/* One of n that are spread evenly over len. */
static size_t
spread(size_t i, size_t n, size_t len)
{
    return (size_t) ((double) len * (double) i / (double) n);
}

static void *
zeros(size_t n, size_t size)
{
    void *block = calloc(n, size);

    bench_must(block != NULL, "out of memory");
    return block;
}

static char *
text_of(const char *name, uint64_t number)
{
    char *text = NULL;

    bench_must(asprintf(&text, "%s %08" PRIu64, name, number % 100000000) >= 0,
        "out of memory");
    return text;
}

/* A text in the arena that is as long as those of text_of(). */
static char *
text_in(struct mwi_place *place, const char *name, uint64_t number)
{
    char text[64];
    int len =
        snprintf(text, sizeof(text), "%s %08" PRIu64, name, number % 100000000);
    char *copy = mwi_place_strndup(place, text, (size_t) len);

    bench_must(copy != NULL, "out of memory");
    return copy;
}

/* Records and items have the same members. */
#define FILL(record, i)                                                \
    do {                                                               \
        (record)->stamp = UINT64_C(1700000000000) + (i);               \
        (record)->name = text_of("record", bench_random());            \
        (record)->price = (double) (bench_random() % 100000) / 100;    \
        (record)->count = (uint32_t) (bench_random() % 1000);          \
        (record)->rank = -(int32_t) (bench_random() % 1000);           \
        (record)->open = (i) % 3 == 0;                                 \
        (record)->shard = (uint16_t) (bench_random() % 4096);          \
        (record)->note =                                               \
            text_of("as it was written down, number", bench_random()); \
    } while (0)

/* A number and a text. */
#define CHANGE(place, record)                                      \
    do {                                                           \
        (record)->count = (uint32_t) (bench_random() % 1000);      \
        (record)->name = text_in(place, "record", bench_random()); \
    } while (0)

static void
fill_records(void *object, size_t n)
{
    bench_Records *records = object;

    records->all.items = zeros(n, sizeof(*records->all.items));
    records->all.len = records->all.cap = n;
    for (size_t i = 0; i < n; i++) {
        FILL(&records->all.items[i], i);
    }
}

static void
change_records(struct mwi_place *place, void *object, size_t n)
{
    bench_Records *records = object;

    for (size_t i = 0; i < n; i++) {
        CHANGE(place, &records->all.items[spread(i, n, records->all.len)]);
    }
}

/* For every two, one is removed and one is put in further on: what is between
 * shifts. */
static void
shift_records(struct mwi_place *place, void *object, size_t n)
{
    bench_Records *records = object;
    size_t len = records->all.len;
    size_t pairs = (n + 1) / 2;
    bench_Record *items =
        mwi_place_alloc(place, len, sizeof(*items), _Alignof(bench_Record));

    bench_must(items != NULL, "out of memory");
    for (size_t i = 0; i < pairs; i++) {
        size_t from = spread(i, pairs, len);
        size_t last = spread(i + 1, pairs, len) - 1;

        memcpy(&items[from], &records->all.items[from + 1],
            (last - from) * sizeof(*items));
        items[last] = records->all.items[from];
        items[last].stamp += len;
        CHANGE(place, &items[last]);
    }
    records->all.items = items;
}

static void
fill_items(void *object, size_t n)
{
    bench_Items *items = object;

    items->all.items = zeros(n, sizeof(*items->all.items));
    items->all.len = items->all.cap = n;
    for (size_t i = 0; i < n; i++) {
        FILL(&items->all.items[i], i);
    }
}

/* Each is changed and changes places with another one. */
static void
change_items(struct mwi_place *place, void *object, size_t n)
{
    bench_Items *items = object;
    bench_Item *all = items->all.items;
    size_t len = items->all.len;

    for (size_t i = 0; i < n; i++) {
        bench_Item *one = &all[spread(i, n, len)];
        bench_Item *other = &all[bench_random() % len];
        bench_Item item = *one;

        *one = *other;
        *other = item;
        CHANGE(place, other);
    }
}

static void
fill_samples(void *object, size_t n)
{
    bench_Samples *samples = object;

    samples->all.items = zeros(n, sizeof(double));
    samples->all.len = samples->all.cap = n;
    for (size_t i = 0; i < n; i++) {
        samples->all.items[i] = (double) bench_random();
    }
}

static void
change_samples(struct mwi_place *place, void *object, size_t n)
{
    bench_Samples *samples = object;

    (void) place;
    for (size_t i = 0; i < n; i++) {
        samples->all.items[spread(i, n, samples->all.len)] =
            (double) bench_random();
    }
}

static void
fill_prices(void *object, size_t n)
{
    bench_Prices *prices = object;

    prices->all.items = zeros(n, sizeof(*prices->all.items));
    prices->all.len = prices->all.cap = n;
    for (size_t i = 0; i < n; i++) {
        prices->all.items[i].key = text_of("article", 2 * i);
        prices->all.items[i].value = (double) bench_random();
    }
}

/* Every fourth goes, and another one comes. */
static void
change_prices(struct mwi_place *place, void *object, size_t n)
{
    bench_Prices *prices = object;

    for (size_t i = 0; i < n; i++) {
        mw_f64_by_string_entry *entry =
            &prices->all.items[spread(i, n, prices->all.len)];

        entry->value = (double) bench_random();
        if (i % 4 == 0) {
            char *key =
                mwi_place_strndup(place, entry->key, strlen(entry->key));

            bench_must(key != NULL, "out of memory");
            /* Still between its neighbours. */
            key[strlen(key) - 1] = (char) (key[strlen(key) - 1] ^ 1);
            entry->key = key;
        }
    }
}

enum { WORD = 8 }; /* letters, the blank among them */

static void
write_word(char *at)
{
    uint64_t letters = bench_random();

    for (size_t i = 0; i + 1 < WORD; i++) {
        at[i] = (char) ('a' + letters % 26);
        letters /= 26;
    }
    at[WORD - 1] = ' ';
}

static void
fill_text(void *object, size_t n)
{
    bench_Text *text = object;

    text->all = zeros(n * WORD + 1, 1);
    for (size_t i = 0; i < n; i++) {
        write_word(text->all + i * WORD);
    }
}

/* Words are replaced, some with a letter more and some with one less. */
static void
change_text(struct mwi_place *place, void *object, size_t n)
{
    bench_Text *text = object;
    size_t len = strlen(text->all);
    size_t words = len / WORD;
    char *changed = mwi_place_alloc(place, len + n + 1, 1, 1);
    size_t from = 0;
    size_t to = 0;

    bench_must(changed != NULL, "out of memory");
    n = n < words ? n : words;
    for (size_t i = 0; i < n; i++) {
        size_t at = spread(i, n, words) * WORD;
        size_t more = bench_random() >> 63;

        memcpy(changed + to, text->all + from, at - from);
        to += at - from;
        write_word(changed + to);
        to += WORD - 1 + more;
        from = at + WORD - more;
    }
    memcpy(changed + to, text->all + from, len - from);
    text->all = changed;
}

const struct shape shapes[] = {
    { "records", &bench_Records_type, 104, fill_records, change_records },
    { "shifted", &bench_Records_type, 104, fill_records, shift_records },
    { "keyed", &bench_Items_type, 104, fill_items, change_items },
    { "doubles", &bench_Samples_type, 8, fill_samples, change_samples },
    { "map", &bench_Prices_type, 34, fill_prices, change_prices },
    { "text", &bench_Text_type, WORD, fill_text, change_text },
};
const size_t n_shapes = sizeof(shapes) / sizeof(*shapes);
