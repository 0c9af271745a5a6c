/* SPDX-License-Identifier: MIT */
#include "integration/surgeon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 64 }; /* fewer than this can be edited */

static void
must(mw_status status, const mw_error *error)
{
    if (status < 0) {
        (void) fprintf(stderr, "surgeon: %s\n",
            error != NULL ? error->text : mw_status_text(status));
        abort();
    }
}

/* A node with a name of its own. */
static graph_Node *
make_node(mw_call *call, uint64_t id)
{
    graph_Node *node = graph_Node_new(call);

    if (node != NULL) {
        node->id = id;
        node->name = mw_sprintf(call, "node %llu", (unsigned long long) id);
    }
    return node;
}

graph_Node *
mwt_make(mw_call *call, uint32_t n, bool ring)
{
    graph_Node *first = NULL;
    graph_Node **at = &first;

    for (uint32_t i = 1; i <= n; i++) {
        *at = make_node(call, i);
        if (*at == NULL) {
            return NULL;
        }
        at = &(*at)->next;
    }
    if (ring) {
        *at = first;
    }
    return first;
}

void
mwt_reverse(graph_Node **list)
{
    graph_Node *done = NULL;
    graph_Node *at = *list;

    while (at != NULL) {
        graph_Node *next = at->next;

        at->next = done;
        done = at;
        at = next;
    }
    *list = done;
}

static void
release(mw_call *call, graph_Node *node)
{
    if (call != NULL) {
        graph_Node_release(call, node);
    } else {
        graph_Node_free(node);
    }
}

/* The nodes of a list or ring, at most NODES_MAX. */
static size_t
walk(graph_Node *list, graph_Node **ret_nodes)
{
    size_t n = 0;

    while (list != NULL && n < NODES_MAX && (n == 0 || list != ret_nodes[0])) {
        ret_nodes[n++] = list;
        list = list->next;
    }
    return n;
}

typedef mw_status (*edit_fn)(
    mw_call *call, graph_Node **root, graph_Node **nodes, size_t n);

static mw_status
edit_nothing(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    (void) call;
    (void) root;
    (void) nodes;
    (void) n;
    return MW_OK;
}

static mw_status
edit_reverse(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    (void) call;
    if (n > 0 && nodes[n - 1]->next != NULL) {
        return MW_EINVAL; /* a ring */
    }
    mwt_reverse(root);
    return MW_OK;
}

static mw_status
edit_values(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    (void) root;
    for (size_t i = 0; i < n; i += 2) {
        char *name = mw_sprintf(call, "%s!", nodes[i]->name);
        mw_status status;

        if (name == NULL) {
            return MW_ENOMEM;
        }
        nodes[i]->weight += 0.5;
        status = mw_set_string(call, &nodes[i]->name, name);
        if (call == NULL) {
            free(name);
        }
        if (status < 0) {
            return status;
        }
    }
    return MW_OK;
}

/* New nodes before and behind the first, which refer to each other. */
static mw_status
edit_grow(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    graph_Node *before = make_node(call, 1000);
    graph_Node *behind = make_node(call, 1001);
    graph_Node **edge;

    (void) nodes;
    if (before == NULL || behind == NULL) {
        return MW_ENOMEM;
    }
    edge = graph_Node_seq_add(call, &before->edges);
    if (edge == NULL) {
        return MW_ENOMEM;
    }
    *edge = behind;
    before->next = *root;
    if (n > 0) {
        behind->next = (*root)->next;
        (*root)->next = behind;
    } else {
        behind->next = before;
        before->next = behind;
    }
    *root = before;
    return MW_OK;
}

static mw_status
edit_unlink(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    (void) call;
    (void) root;
    if (n < 2) {
        return MW_EINVAL;
    }
    nodes[0]->next = nodes[1]->next;
    return MW_OK;
}

/* Whether nodes are referred to by more than the list. */
static bool
has_edges(graph_Node **nodes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (nodes[i]->edges.len > 0 || nodes[i]->links.len > 0) {
            return true;
        }
    }
    return false;
}

static mw_status
edit_release(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    (void) root;
    if (n < 2 || has_edges(nodes, n)) {
        return MW_EINVAL;
    }
    nodes[0]->next = nodes[1]->next;
    release(call, nodes[1]);
    return MW_OK;
}

static mw_status
edit_release_all(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    if (has_edges(nodes, n)) {
        return MW_EINVAL;
    }
    for (size_t i = 0; i < n; i++) {
        release(call, nodes[i]);
    }
    *root = NULL;
    return MW_OK;
}

/* The second half becomes an edge of the first node. */
static mw_status
edit_split(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    graph_Node **edge;

    (void) root;
    if (n < 2) {
        return MW_EINVAL;
    }
    edge = graph_Node_seq_add(call, &nodes[0]->edges);
    if (edge == NULL) {
        return MW_ENOMEM;
    }
    *edge = nodes[n / 2];
    nodes[n / 2 - 1]->next = NULL;
    return MW_OK;
}

/* What hangs from the first node's last edge goes to the end of the list. */
static mw_status
edit_merge(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    size_t last;

    (void) root;
    if (n == 0 || nodes[0]->edges.len == 0 || nodes[n - 1]->next != NULL) {
        return MW_EINVAL;
    }
    last = nodes[0]->edges.len - 1;
    nodes[n - 1]->next = nodes[0]->edges.items[last];
    graph_Node_seq_remove(call, &nodes[0]->edges, last, 1);
    return MW_OK;
}

/* First and last change places, by pointers. */
static mw_status
edit_swap(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    graph_Node *tail;

    (void) call;
    if (n < 3) {
        return MW_EINVAL;
    }
    tail = nodes[n - 1]->next == nodes[0] ? nodes[n - 1] : NULL;
    nodes[n - 1]->next = nodes[1];
    nodes[n - 2]->next = nodes[0];
    nodes[0]->next = tail;
    *root = nodes[n - 1];
    return MW_OK;
}

/* Everyone gets an edge to everyone, and a name for it. */
static mw_status
edit_mesh(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    (void) root;
    n = n < 6 ? n : 6;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            graph_Node **edge = graph_Node_seq_add(call, &nodes[i]->edges);
            graph_Node **link = graph_Node_by_string_put(
                call, &nodes[i]->links, nodes[j]->name);

            if (edge == NULL || link == NULL) {
                return MW_ENOMEM;
            }
            *edge = nodes[j];
            *link = nodes[n - 1 - j];
        }
    }
    return MW_OK;
}

/* Ends meet, or are parted. */
static mw_status
edit_ring(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    (void) call;
    if (n == 0) {
        return MW_EINVAL;
    }
    nodes[n - 1]->next = nodes[n - 1]->next == NULL ? *root : NULL;
    return MW_OK;
}

static mw_status
edit_info(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    (void) root;
    for (size_t i = 0; i < n; i++) {
        if (nodes[i]->info != NULL) {
            nodes[i]->info->rating = (nodes[i]->info->rating + 1) % 11;
            continue;
        }
        nodes[i]->info = mw_alloc(call, sizeof(*nodes[i]->info));
        if (nodes[i]->info == NULL ||
            mw_set_string(call, &nodes[i]->info->author, "somebody") < 0) {
            return MW_ENOMEM;
        }
    }
    return MW_OK;
}

static mw_status
edit_forget(mw_call *call, graph_Node **root, graph_Node **nodes, size_t n)
{
    (void) call;
    (void) nodes;
    (void) n;
    *root = NULL;
    return MW_OK;
}

static const struct {
    const char *what;
    edit_fn edit;
} edits[] = {
    { "nothing", edit_nothing },
    { "reverse", edit_reverse },
    { "values", edit_values },
    { "grow", edit_grow },
    { "unlink", edit_unlink },
    { "release", edit_release },
    { "release all", edit_release_all },
    { "split", edit_split },
    { "merge", edit_merge },
    { "swap", edit_swap },
    { "mesh", edit_mesh },
    { "ring", edit_ring },
    { "info", edit_info },
    { "forget", edit_forget },
};

const char *const mwt_edits[] = { "nothing", "reverse", "values", "grow",
    "unlink", "release", "release all", "split", "merge", "swap", "mesh",
    "ring", "info", "forget", NULL };

mw_status
mwt_edit(mw_call *call, graph_Node **root, const char *what)
{
    graph_Node *nodes[NODES_MAX];
    size_t n = walk(*root, nodes);

    if (n == NODES_MAX) {
        return MW_EINVAL; /* a ring that one gets into but not around */
    }
    for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
        if (strcmp(edits[i].what, what) == 0) {
            return edits[i].edit(call, root, nodes, n);
        }
    }
    return MW_EINVAL;
}

mw_status
mwt_rotate(mw_call *call, graph_Tree **root, const char *what)
{
    graph_Tree *top = *root;
    graph_Tree *pivot;

    if (strcmp(what, "insert") == 0) {
        pivot = graph_Tree_new(call);
        if (pivot == NULL) {
            return MW_ENOMEM;
        }
        pivot->left = top;
        *root = pivot;
        return mw_set_string(call, &pivot->value, "inserted");
    }
    if (top == NULL) {
        return MW_EINVAL;
    }
    if (strcmp(what, "remove") == 0) {
        *root = top->left;
        if (call != NULL) {
            graph_Tree_release(call, top);
        } else {
            graph_Tree_free(top);
        }
        return MW_OK;
    }
    if (strcmp(what, "left") == 0 && top->right != NULL) {
        pivot = top->right;
        top->right = pivot->left;
        pivot->left = top;
    } else if (strcmp(what, "right") == 0 && top->left != NULL) {
        pivot = top->left;
        top->left = pivot->right;
        pivot->right = top;
    } else {
        return MW_EINVAL;
    }
    *root = pivot;
    return MW_OK;
}

/* The handlers. */

static mw_status
reverse(mw_call *call, graph_Node **list)
{
    (void) call;
    mwt_reverse(list);
    return MW_OK;
}

static void
meanwhile(mw_call *call)
{
    const struct mwt_surgery *s = mw_call_user(call);

    if (s->meanwhile != NULL) {
        s->meanwhile(s->meanwhile_user);
    }
}

static mw_status
edit(mw_call *call, graph_Node **root, const char *what)
{
    graph_Node *nodes[NODES_MAX];
    size_t n = walk(*root, nodes);

    meanwhile(call);
    /* What a handler must not do. */
    if (strcmp(what, "release the first") == 0) {
        graph_Node_release(call, *root);
        return MW_OK;
    }
    if (strcmp(what, "release twice") == 0 && n > 1) {
        nodes[n - 2]->next = NULL;
        graph_Node_release(call, nodes[n - 1]);
        graph_Node_release(call, nodes[n - 1]);
        return MW_OK;
    }
    if (strcmp(what, "release anyway") == 0 && n > 1) {
        nodes[0]->next = nodes[1]->next;
        graph_Node_release(call, nodes[1]);
        return MW_OK;
    }
    if (strcmp(what, "middle") == 0) {
        (*root)->next = (graph_Node *) (void *) ((char *) *root + 8);
        return MW_OK;
    }
    if (strcmp(what, "fail") == 0) {
        if (mwt_edit(call, root, "grow") < 0) {
            return MW_ENOMEM;
        }
        graph_Node_release(call, nodes[0]);
        return mw_call_fail(call, MW_EABORTED, "on second thought");
    }
    return mwt_edit(call, root, what);
}

static mw_status
two(mw_call *call, graph_Node **a, graph_Node **b)
{
    graph_Node *first = *a;

    *a = *b;
    *b = first;
    if (*a != NULL) {
        (*a)->weight += 1;
    }
    if (*b != NULL) {
        (*b)->weight += 10;
        (*b)->next = *a;
    }
    (void) call;
    return MW_OK;
}

static mw_status
find(mw_call *call, const graph_Node *root, uint64_t id, graph_Node **hit)
{
    const graph_Node *at = root;

    (void) call;
    while (at != NULL && at->id != id) {
        at = at->next != root ? at->next : NULL;
    }
    *hit = (graph_Node *) (uintptr_t) at;
    return MW_OK;
}

static mw_status
make(mw_call *call, uint32_t n, graph_Node **list)
{
    *list = mwt_make(call, n, false);
    return *list != NULL || n == 0 ? MW_OK : MW_ENOMEM;
}

static mw_status
count(mw_call *call, const graph_Node *root, uint64_t *ret_value)
{
    graph_Node *nodes[NODES_MAX];

    (void) call;
    *ret_value = walk((graph_Node *) (uintptr_t) root, nodes);
    return MW_OK;
}

static mw_status
echo(mw_call *call, const graph_Node *root, graph_Node **ret_value)
{
    (void) call;
    *ret_value = (graph_Node *) (uintptr_t) root;
    return MW_OK;
}

static mw_status
rename_nodes(mw_call *call, graph_Node **root, const char *what)
{
    graph_Node *nodes[NODES_MAX];
    size_t n = walk(*root, nodes);

    for (size_t i = 0; i < n; i++) {
        nodes[i]->weight = (double) i;
        if (mw_set_string(call, &nodes[i]->name, what) < 0) {
            return MW_ENOMEM;
        }
        nodes[i]->id += 100; /* which the contract does not allow */
    }
    *root = NULL; /* nor this */
    return MW_OK;
}

mw_status
mwt_surgery_serve(mw_server *server, struct mwt_surgery *s)
{
    s->ops = (graph_Surgery_ops){
        .reverse = reverse,
        .edit = edit,
        .two = two,
        .find = find,
        .make = make,
        .count = count,
        .echo = echo,
        .rotate = mwt_rotate,
        .rename = rename_nodes,
        .unshared = mwt_rotate,
    };

    mwt_add_kinds(&s->ops);
    return graph_Surgery_serve(server, &s->ops, s);
}

static void *
run(void *user)
{
    struct mwt_surgery *s = user;
    mw_error error;

    must(mw_server_run(s->server, &error), &error);
    return NULL;
}

void
mwt_surgery_open(struct mwt_surgery *s, const mw_client_options *options)
{
    mw_error error;

    s->meanwhile = NULL;
    must(mw_server_open(&s->server, MW_SERVER(.threads_max = 2), &error),
        &error);
    must(mwt_surgery_serve(s->server, s), NULL);
    if (pthread_create(&s->thread, NULL, run, s) != 0) {
        abort();
    }
    must(mw_client_open_local(&s->client, s->server, options, &error), &error);
    /* A test that makes allocations fail means those of calls. */
    must(mw_client_ping(s->client, NULL), NULL);
}

void
mwt_surgery_close(struct mwt_surgery *s)
{
    mw_client_close(s->client);
    mw_server_stop(s->server);
    (void) pthread_join(s->thread, NULL);
    mw_server_close(s->server);
}
