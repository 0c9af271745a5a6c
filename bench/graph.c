/* SPDX-License-Identifier: MIT */
/*
 * What graphs of nodes cost, per node: copy-in, which is the encoding at the
 * client, the decoding at the server and the snapshot, and delta-out, which is
 * the difference, the staging and the commit.
 *
 * A turn is a call, as in delta.c; the next one goes on with the graph as it is
 * then.  Nodes lie in memory as malloc() has placed them, in the order of their
 * ids at first.
 */
#include <stdlib.h>
#include <string.h>

#include "mw/node.h"

#include "bench.h"
#include "graphs.h"
#include "lib/call.h"

enum phase { ENCODE, DECODE, SNAPSHOT, DIFF, STAGE, COMMIT, PHASES };

enum { TURNS_MIN = 3, TURNS_MAX = 500, FEW = 10 };

/* What the handler does. */
enum change { NOTHING, CHANGE_FEW, CHANGE_TENTH, CHANGE_ALL, RENEW, CHANGES };

static const char *const change_names[] = {
    "nothing",
    "10.changed",
    "10%.changed",
    "all.changed",
    "1%.renewed",
};

/* A graph, and what was measured of calls with it. */
struct run {
    const struct graph_shape *shape;
    size_t n;
    void *root;   /* the caller's */
    void **nodes; /* the handler's, by id */
    struct bench_series at[PHASES];
    struct bench_series in;
    struct bench_series out;
    size_t request;
    size_t reply;
};

static void
make(struct run *run)
{
    run->nodes = calloc(run->n, sizeof(*run->nodes));
    bench_must(run->nodes != NULL, "out of memory");
    for (size_t i = 0; i < run->n; i++) {
        run->nodes[i] = mw_node_new(NULL, run->shape->node);
        bench_must(run->nodes[i] != NULL, "out of memory");
        ((struct node_head *) run->nodes[i])->id = (uint32_t) i;
    }
    run->shape->link(run->nodes, run->n);
    run->root = run->nodes[0];
}

/* Find the handler's nodes. */
static void
find_nodes(struct run *run, const struct mwt_call *call)
{
    const struct mwi_node_table *table = &call->server_nodes.tables[0];

    bench_must(mwi_node_count(table) == run->n, "nodes are lost");
    for (size_t i = 0; i < run->n; i++) {
        struct node_head *node = mwi_node_at(table, i);

        run->nodes[node->id] = node;
    }
}

static void
change_values(struct run *run, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct node_head *node = run->nodes[i * (run->n / n)];

        node->value = (int64_t) (bench_random() >> 32);
    }
}

/* Replace and release a hundredth of the nodes. */
static void
renew(struct run *run, struct mwt_call *call)
{
    size_t n = run->n / 100;
    size_t first = run->shape->first_leaf(run->n);
    size_t stride = (run->n - first) / n / 2 * 2;

    call->released = calloc(n, sizeof(*call->released));
    bench_must(call->released != NULL, "out of memory");
    for (size_t i = 0; i < n; i++) {
        size_t id = first + i * stride;
        struct node_head *node = mwt_call_alloc(call, run->shape->node->size);

        node->id = (uint32_t) id;
        node->value = 1;
        run->shape->replace(run->nodes, id, node);
        call->released[call->n_released++] = run->nodes[id];
    }
}

static void
handle(struct run *run, struct mwt_call *call, enum change change)
{
    find_nodes(run, call);
    switch (change) {
    case CHANGE_FEW:
        change_values(run, FEW);
        break;
    case CHANGE_TENTH:
        change_values(run, run->n / 10);
        break;
    case CHANGE_ALL:
        change_values(run, run->n);
        break;
    case RENEW:
        renew(run, call);
        break;
    default:
        break;
    }
}

static double
timed(void (*step)(struct mwt_call *), struct mwt_call *call)
{
    double start = bench_now();

    step(call);
    return bench_now() - start;
}

static void
turn(struct run *run, enum change change, bool is_noted)
{
    double at[PHASES];
    struct mwt_call call;

    mwt_call_open(&call, run->shape->ref, &run->root);
    at[ENCODE] = timed(mwt_call_write_request, &call);
    at[DECODE] = timed(mwt_call_read_request, &call);
    at[SNAPSHOT] = timed(mwt_call_take_snapshot, &call);
    handle(run, &call, change);
    at[DIFF] = timed(mwt_call_write_reply, &call);
    at[STAGE] = timed(mwt_call_stage, &call);
    at[COMMIT] = timed(mwt_call_commit, &call);
    run->request = mwi_buf_len(&call.request);
    run->reply = mwi_buf_len(&call.reply);
    mwt_call_close(&call);
    if (!is_noted) {
        return;
    }
    for (size_t i = 0; i < PHASES; i++) {
        bench_add(&run->at[i], at[i]);
    }
    bench_add(&run->in, at[ENCODE] + at[DECODE] + at[SNAPSHOT]);
    bench_add(&run->out, at[DIFF] + at[STAGE] + at[COMMIT]);
}

/* Microseconds of the whole to nanoseconds per node. */
static double
per_node(const struct run *run, struct bench_series *series)
{
    double ns = bench_median(series) * 1000 / (double) run->n;

    bench_series_fini(series);
    return ns;
}

static void
add_row(struct bench_table *table, struct run *run, enum change change)
{
    double in = per_node(run, &run->in);
    double out = per_node(run, &run->out);

    bench_cell(table, "%zu", run->n);
    bench_cell(table, "%s", change_names[change]);
    bench_cell(table, "%zu", run->request);
    bench_cell(table, "%zu", run->reply);
    for (size_t i = 0; i < PHASES; i++) {
        bench_cell(table, "%.2f", per_node(run, &run->at[i]));
    }
    bench_cell(table, "%.1f", in);
    bench_cell(table, "%.1f", out);
    bench_cell(table, "%.2f", 1000 / in);
    bench_cell(table, "%.2f", 1000 / out);
}

static void
run_size(struct bench_table *table, const struct bench_options *options,
    const struct graph_shape *shape, size_t n)
{
    struct run run = { .shape = shape, .n = n };

    make(&run);
    for (enum change change = 0; change < CHANGES; change++) {
        double start = bench_now();

        for (size_t turns = 0; turns < TURNS_MAX; turns++) {
            if (options->quick
                    ? turns > 1
                    : turns > TURNS_MIN &&
                          bench_now() - start > options->seconds * 1e6) {
                break;
            }
            turn(&run, change, turns > 0);
        }
        add_row(table, &run, change);
    }
    bench_must(mw_graph_clear(shape->ref, &run.root) == MW_OK, "out of memory");
    free(run.nodes);
}

int
main(int argc, char **argv)
{
    struct bench_options options = bench_options_of(argc, argv);

    (void) printf("Graphs.  Nanoseconds per node of the whole graph, medians; "
                  "in: encoding to snapshot; out: diff to commit;\nM/s: "
                  "millions of nodes per second.\n");
    for (size_t s = 0; s < n_graph_shapes; s++) {
        struct bench_table table;

        if (!bench_is_wanted(&options, graph_shapes[s].name)) {
            continue;
        }
        bench_table_init(&table, graph_shapes[s].name,
            "nodes handler request reply encode decode snapshot diff stage "
            "commit in out in.M/s out.M/s");
        for (size_t n = 1000; n <= (options.quick ? 10000 : 1000000); n *= 10) {
            run_size(&table, &options, &graph_shapes[s], n);
        }
        bench_table_print(&table, &options);
    }
    return 0;
}
