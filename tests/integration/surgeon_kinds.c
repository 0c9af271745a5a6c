/* SPDX-License-Identifier: MIT */
/*
 * Handlers that change their arguments at random, as the seed says that they
 * are told, so that a test can do the same to a copy.
 */
#include <stdlib.h>
#include <string.h>

#include "integration/surgeon.h"
#include "lib/random_graph.h"
#include "lib/random_value.h"
#include "rpc/call.h"

enum { PARAMS_MAX = MWT_ROOTS_MAX };

/* A parameter that is changed. */
struct param {
    const mw_type *type;
    void *at;
    bool is_out;
};

void
mwt_mutate_roots(mw_call *call, struct mwt_graph *graph, uint64_t seed)
{
    struct mwi_place place = mwi_call_place(call);
    struct mwt_prng prng = { .state = seed };
    size_t counts[MWT_CHANGES] = { 0 };

    if (graph->n_roots == 1 &&
        (graph->roots[0].type->flags & MW_TYPE_REFS) == 0) {
        mwt_mutate(&prng, &place, graph->roots[0].type, graph->roots[0].at);
    } else {
        mwt_mutate_graph(&prng, &place, graph, counts);
    }
}

uint64_t
mwt_settings_seed(const graph_Settings *s)
{
    return s->depth + (uint64_t) s->flags * 31 + s->recent.len;
}

/* Under a contract nodes are not released, since it does not allow that. */
static void
mutate(mw_call *call, const struct param *params, size_t n, uint64_t seed)
{
    struct mwt_graph graph;

    mwt_graph_init(&graph);
    for (size_t i = 0; i < n; i++) {
        mwt_graph_add_root(&graph, params[i].type, params[i].at);
        graph.roots[i].is_out = params[i].is_out;
    }
    mwt_graph_discover(&graph);
    mwt_mutate_roots(call, &graph, seed);
    for (size_t i = 0; i < graph.n_nodes; i++) {
        if (graph.nodes[i].is_released && call->op->method->writes == NULL) {
            mw_release(call, graph.nodes[i].at);
        }
    }
    mwt_graph_fini(&graph);
}

static mw_status
mutate_one(mw_call *call, const mw_type *type, void *param, const char *what)
{
    struct param params[] = { { type, param, false } };
    char *end;
    uint64_t seed = strtoull(what, &end, 10);

    if (*end != '\0' || end == what) {
        return mw_call_fail(call, MW_EINVAL, "'%s' is no seed", what);
    }
    mutate(call, params, 1, seed);
    return MW_OK;
}

static mw_status
all(mw_call *call, graph_Node_seq *roots, const char *what)
{
    return mutate_one(call, &graph_Node_seq_type, roots, what);
}

static mw_status
links(mw_call *call, graph_Node_by_string *roots, const char *what)
{
    return mutate_one(call, &graph_Node_by_string_type, roots, what);
}

/* What a handler must not leave behind. */
static mw_status
spoil(mw_call *call, graph_Doc *doc, const char *what)
{
    if (strcmp(what, "range") == 0 && doc->lines.len > 0) {
        doc->lines.items[doc->lines.len - 1].quantity = 1001;
    } else if (strcmp(what, "nan") == 0) {
        doc->settings.fade = 0.0 / 0.0;
    } else if (strcmp(what, "no box") == 0) {
        doc->info = NULL;
    } else if (strcmp(what, "order") == 0 && doc->totals.len > 1) {
        mw_f64_by_string_entry first = doc->totals.items[0];

        doc->totals.items[0] = doc->totals.items[1];
        doc->totals.items[1] = first;
    } else if (strcmp(what, "text") == 0) {
        return mw_set_string(call, &doc->title, "\xff");
    } else {
        return mw_call_fail(call, MW_EINVAL, "'%s' is unknown", what);
    }
    return MW_OK;
}

static bool
is_seed(const char *what)
{
    return what[0] != '\0' && strspn(what, "0123456789") == strlen(what);
}

static mw_status
doc(mw_call *call, graph_Doc *doc, const char *what)
{
    return is_seed(what) ? mutate_one(call, &graph_Doc_type, doc, what)
                         : spoil(call, doc, what);
}

static mw_status
settings(mw_call *call, graph_Settings *s)
{
    struct param params[] = { { &graph_Settings_type, s, false } };

    mutate(call, params, 1, mwt_settings_seed(s));
    return MW_OK;
}

static mw_status
shape(mw_call *call, graph_Shape *s, uint32_t what)
{
    struct param params[] = { { &graph_Shape_type, s, false } };

    mutate(call, params, 1, what);
    return MW_OK;
}

static mw_status
choice(mw_call *call, graph_Choice *c, int32_t what)
{
    struct param params[] = { { &graph_Choice_type, c, false } };

    mutate(call, params, 1, (uint64_t) what);
    return MW_OK;
}

static mw_status
totals(mw_call *call, mw_f64_by_string *t, const char *what)
{
    return mutate_one(call, &mw_f64_by_string_type, t, what);
}

static mw_status
lines(mw_call *call, graph_Line_by_u32 *t, const char *what)
{
    return mutate_one(call, &graph_Line_by_u32_type, t, what);
}

static mw_status
flags(mw_call *call, graph_Flags *f, graph_Rights r)
{
    struct param params[] = { { &graph_Flags_type, f, false } };

    mutate(call, params, 1, r);
    return MW_OK;
}

/* mixed(): something to each kind. */

static mw_status
mix_texts(mw_call *call, graph_Doc *doc)
{
    char *longer =
        mw_sprintf(call, "%s, revised", doc->title != NULL ? doc->title : "");
    mw_status status = MW_ENOMEM;

    if (longer != NULL) {
        status = mw_set_string(call, &doc->title, longer);
    }
    if (call == NULL) {
        free(longer);
    }
    if (status < 0) {
        return status;
    }
    doc->flags ^= graph_Flags_LOCKED | graph_Flags_ARCHIVED;
    doc->rights ^= graph_Rights_OWN;
    doc->settings.depth++;
    doc->settings.has_scale = !doc->settings.has_scale;
    doc->settings.scale = doc->settings.has_scale ? 2.5 : 0;
    return mw_set_string(call, &doc->info->author, "somebody with a long name");
}

static mw_status
mix_maps(mw_call *call, graph_Doc *doc)
{
    double *total = mw_f64_by_string_put(call, &doc->totals, "new");
    graph_Line *line = graph_Line_by_u32_put(call, &doc->by_number, 77);
    mw_seq_string *words =
        mw_seq_string_by_graph_Colour_put(call, &doc->words, graph_Colour_BLUE);
    char **word;

    if (total == NULL || line == NULL || words == NULL) {
        return MW_ENOMEM;
    }
    *total += 1;
    line->number = 77;
    line->quantity = line->quantity % 1000 + 1;
    (void) mw_f64_by_string_remove(call, &doc->totals, "gone");
    word = mw_seq_string_add(call, words);
    return word != NULL ? mw_set_string(call, word, "azure") : MW_ENOMEM;
}

static mw_status
mix_unions(mw_call *call, graph_Doc *doc)
{
    graph_Form form = doc->shape.tag == graph_Form_LABEL ? graph_Form_BOXED
                                                         : graph_Form_LABEL;
    mw_status status = graph_Shape_select(call, &doc->shape, form);

    if (status < 0) {
        return status;
    }
    if (form == graph_Form_LABEL) {
        status = mw_set_string(call, &doc->shape.label, "a label");
    } else {
        doc->shape.boxed->rating = 3;
    }
    if (status < 0) {
        return status;
    }
    return graph_Choice_select(
        call, &doc->choice, doc->choice.tag == 0 ? 5 : 0);
}

/* The first node moves behind a new one, which everything leads to. */
static mw_status
mix_nodes(mw_call *call, graph_Doc *doc, graph_Node **root, graph_Shape *shape,
    graph_Node_by_string *index)
{
    graph_Node *node = graph_Node_new(call);
    graph_Node **entry;
    graph_Node *old = *root;

    if (node == NULL) {
        return MW_ENOMEM;
    }
    node->next = old;
    *root = node;
    doc->start = node;
    if (old != NULL) {
        old->weight += 1;
    }
    entry = graph_Node_by_string_put(call, index, "first");
    if (entry == NULL) {
        return MW_ENOMEM;
    }
    *entry = node;
    if (graph_Shape_select(call, shape, graph_Form_REFERENCE) < 0) {
        return MW_ENOMEM;
    }
    shape->node = old;
    return mw_set_string(call, &node->name, "the first");
}

mw_status
mwt_mix(mw_call *call, graph_Doc *doc, graph_Node **root, graph_Shape *shape,
    graph_Node_by_string *index)
{
    mw_status status = mix_nodes(call, doc, root, shape, index);

    if (status == MW_OK) {
        status = mix_texts(call, doc);
    }
    if (status == MW_OK) {
        status = mix_maps(call, doc);
    }
    return status == MW_OK ? mix_unions(call, doc) : status;
}

static mw_status
mixed(mw_call *call, graph_Doc *doc, graph_Node **root, graph_Shape *shape,
    graph_Node_by_string *index, const char *what)
{
    struct param params[PARAMS_MAX] = {
        { &graph_Doc_type, doc, false },
        { &graph_Node_ref_type, root, false },
        { &graph_Shape_type, shape, true },
        { &graph_Node_by_string_type, index, true },
    };

    if (is_seed(what)) {
        mutate(call, params, PARAMS_MAX, strtoull(what, NULL, 10));
        return MW_OK;
    }
    return mwt_mix(call, doc, root, shape, index);
}

/* Under a contract. */

/* One quantity more, where the contract allows it, and a title. */
static mw_status
partial(mw_call *call, graph_Doc *doc, const char *what)
{
    const struct mwt_surgery *s = mw_call_user(call);

    if (s->meanwhile != NULL) {
        s->meanwhile(s->meanwhile_user);
    }
    if (is_seed(what)) {
        return mutate_one(call, &graph_Doc_type, doc, what);
    }
    for (size_t i = 0; i < doc->lines.len; i++) {
        doc->lines.items[i].quantity++;
    }
    if (strcmp(what, "swapped") == 0 && doc->lines.len > 2) {
        graph_Line line = doc->lines.items[1];

        doc->lines.items[1] = doc->lines.items[2];
        doc->lines.items[2] = line;
    }
    return mw_set_string(call, &doc->title, what);
}

static mw_status
change_doc(mw_call *call, graph_Doc *doc, const char *what)
{
    return mutate_one(call, &graph_Doc_type, doc, what);
}

static mw_status
relink(mw_call *call, graph_Node_seq *roots, const char *what)
{
    if (strcmp(what, "release") == 0 && roots->len > 0) {
        mw_release(call, roots->items[0]);
        roots->len = 0;
        return MW_OK;
    }
    return mutate_one(call, &graph_Node_seq_type, roots, what);
}

static mw_status
unshared_all(mw_call *call, graph_Node_seq *roots, const char *what)
{
    if (strcmp(what, "count") == 0) {
        for (size_t i = 0; i < roots->len; i++) {
            roots->items[i]->weight += 1;
        }
        return MW_OK;
    }
    return mutate_one(call, &graph_Node_seq_unique_type, roots, what);
}

static mw_status
raise_node(mw_call *call, const graph_Node *n)
{
    graph_Cut cut = { .shape = { .tag = graph_Form_REFERENCE } };
    graph_Node **entry;

    if (n == NULL || strcmp(n->name, "cut") != 0) {
        return graph_Broken_raise(
            call, &(graph_Broken){ .node = (graph_Node *) (uintptr_t) n,
                      .why = (char[]){ "it is a test" } });
    }
    entry = graph_Node_by_string_put(call, &cut.loose, "end");
    if (entry == NULL) {
        return MW_ENOMEM;
    }
    *entry = n->next;
    cut.shape.node = (graph_Node *) (uintptr_t) n;
    return graph_Cut_raise(call, &cut);
}

static mw_status
note(mw_call *call, const graph_Node *n)
{
    (void) call;
    (void) n;
    return MW_OK;
}

void
mwt_add_kinds(graph_Surgery_ops *ops)
{
    ops->all = all;
    ops->links = links;
    ops->doc = doc;
    ops->settings = settings;
    ops->shape = shape;
    ops->choice = choice;
    ops->totals = totals;
    ops->lines = lines;
    ops->flags = flags;
    ops->mixed = mixed;
    ops->partial = partial;
    ops->look = change_doc;
    ops->relink = relink;
    ops->deep = change_doc;
    ops->unshared_all = unshared_all;
    ops->raise_node = raise_node;
    ops->note = note;
}
