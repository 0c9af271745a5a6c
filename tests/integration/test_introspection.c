/* SPDX-License-Identifier: MIT */
/*
 * The interface mw.Server: health, interfaces, descriptions against the
 * descriptors themselves, statistics; asked by friends, strangers, and without
 * memory.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/introspect_client.mw.h"

#include "base/mem.h"
#include "integration/fixture.h"
#include "integration/raw.h"
#include "lib/pki.h"
#include "rpc/local.h"

enum { PATIENCE_MS = 60000 };

static mw_Health
health(mw_client *client, const char *name)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_Health found = mw_Health_UNKNOWN;
    mw_status status = mw_Server_health(client, &ctx, name, &found);

    cr_assert_eq(status, MW_OK, "%s", mw_ctx_error(&ctx));
    return found;
}

static void
set_health(struct mwt_pair *p, const char *name, mw_health to)
{
    cr_assert_eq(mw_server_set_health(p->s.server, name, to), MW_OK);
}

Test(introspection, health)
{
    struct mwt_pair p;

    mwt_pair_begin_tls(&p, 2);
    cr_assert_eq(health(p.client, ""), mw_Health_SERVING);
    cr_assert_eq(health(p.client, "probe.Probe"), mw_Health_SERVING);
    cr_assert_eq(health(p.client, "probe.Base"), mw_Health_SERVING);
    cr_assert_eq(health(p.client, "mw.Server"), mw_Health_SERVING);
    cr_assert_eq(health(p.client, "probe.Prob"), mw_Health_UNKNOWN);
    cr_assert_eq(health(p.client, "probe::Probe"), mw_Health_UNKNOWN);
    set_health(&p, "probe.Probe", MW_HEALTH_NOT_SERVING);
    cr_assert_eq(health(p.client, "probe.Probe"), mw_Health_NOT_SERVING);
    cr_assert_eq(health(p.client, "probe.Base"), mw_Health_NOT_SERVING);
    cr_assert_eq(health(p.client, "mw.Server"), mw_Health_SERVING);
    cr_assert_eq(health(p.client, ""), mw_Health_SERVING);
    set_health(&p, "probe.Probe", MW_HEALTH_SERVING);
    set_health(&p, NULL, MW_HEALTH_UNKNOWN);
    cr_assert_eq(health(p.client, "probe.Probe"), mw_Health_UNKNOWN);
    cr_assert_eq(health(p.client, ""), mw_Health_UNKNOWN);
    set_health(&p, NULL, MW_HEALTH_SERVING);
    cr_assert_eq(health(p.client, "probe.Probe"), mw_Health_SERVING);
    cr_assert_eq(
        mw_server_set_health(p.s.server, "probe.Prob", MW_HEALTH_SERVING),
        MW_ENOTFOUND);
    cr_assert_eq(
        mw_server_set_health(p.s.server, NULL, (mw_health) 3), MW_EINVAL);
    mwt_pair_end(&p);
}

static void *
call_wait(void *client)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

    cr_expect_eq(probe_Probe_wait(client, &ctx), MW_OK);
    return NULL;
}

/* While the last calls run, a server that is stopping answers mw.Server. */
Test(introspection, health_of_a_server_that_drains)
{
    struct mwt_pair p;
    pthread_t thread;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_Health found = mw_Health_SERVING;
    struct mwi_stream *stream;
    struct mwt_raw raw;
    mw_error error;

    mwt_pair_begin(&p, 4);
    cr_assert_eq(mwi_server_connect(p.s.server, &stream, &error), MW_OK);
    mwt_raw_open(&raw, stream);
    mwt_raw_send_message(&raw, "83 00 01 a0");
    cr_assert(mwt_raw_receive(&raw));
    cr_assert_eq(pthread_create(&thread, NULL, call_wait, p.client), 0);
    mwt_gate_wait_inside(&p.s.gate, 1);
    mw_server_stop(p.s.server);
    cr_assert(mwt_raw_receive(&raw));
    cr_assert_eq(raw.message.kind, MWI_GOAWAY);
    /* [1, 1, "mw.Server.health", {}, [""]] */
    mwt_raw_send_message(
        &raw, "85 01 01 70 6d772e5365727665722e6865616c7468 a0 81 60");
    cr_assert(mwt_raw_receive(&raw));
    cr_assert_eq(raw.message.kind, MWI_REPLY);
    cr_assert_eq(raw.bytes[raw.len - 1], mw_Health_NOT_SERVING);
    /* Nothing else is run: [1, 2, "probe.Probe.version", {}, []] */
    mwt_raw_send_message(
        &raw, "85 01 02 73 70726f62652e50726f62652e76657273696f6e a0 80");
    cr_assert(mwt_raw_receive(&raw));
    cr_assert_eq(raw.message.kind, MWI_FAIL);
    cr_assert_eq(raw.message.status, MW_EUNAVAILABLE);
    mwt_gate_open(&p.s.gate);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    mwt_server_stop(&p.s);
    cr_assert_eq(p.s.status, MW_OK, "%s", p.s.error.text);
    cr_assert_lt(mw_Server_health(p.client, &ctx, "", &found), 0);
    mwt_raw_close(&raw);
    mwt_pair_end(&p);
}

static const mw_InterfaceSummary *
summary(const mw_InterfaceSummary_seq *all, const char *name)
{
    for (size_t i = 0; i < all->len; i++) {
        if (strcmp(all->items[i].name, name) == 0) {
            return &all->items[i];
        }
    }
    cr_assert_fail("no %s", name);
    return NULL;
}

Test(introspection, interfaces)
{
    struct mwt_pair p;
    mw_InterfaceSummary_seq all = { 0 };
    const mw_InterfaceSummary *s;

    mwt_pair_begin(&p, 2);
    set_health(&p, "probe.Probe", MW_HEALTH_NOT_SERVING);
    cr_assert_eq(mw_Server_interfaces(p.client, NULL, &all), MW_OK);
    cr_assert_eq(all.len, 2);
    s = summary(&all, "probe.Probe");
    cr_assert_str_eq(s->base, "probe.Base");
    cr_assert_eq(s->version, MW_DESC_VERSION);
    cr_assert_eq(s->n_operations, probe_Probe_interface.n_methods);
    cr_assert_eq(s->status, mw_Health_NOT_SERVING);
    s = summary(&all, "mw.Server");
    cr_assert_null(s->base);
    cr_assert_eq(s->status, mw_Health_SERVING);
    mw_object_clear(&mw_InterfaceSummary_seq_type, &all);
    mwt_pair_end(&p);
}

/* A description against the descriptors that it was made of. */
struct twin {
    const mw_InterfaceInfo *info;
    const mw_type *types[1000]; /* by number; NULL: not seen yet */
};

static void same_type(struct twin *twin, uint32_t number, const mw_type *type);

static void
same_members(struct twin *twin, const mw_TypeInfo *info, const mw_type *type)
{
    cr_assert_eq(info->members.len, type->n_members);
    for (size_t i = 0; i < type->n_members; i++) {
        const mw_MemberInfo *member = &info->members.items[i];
        const mw_field *field = &type->fields[i];

        cr_assert_str_eq(member->name, field->name);
        cr_assert_eq(member->id, field->id);
        cr_assert_eq(
            member->is_optional, (field->flags & MW_FIELD_OPTIONAL) != 0);
        cr_assert_eq(member->is_key, (field->flags & MW_FIELD_KEY) != 0);
        same_type(twin, member->type, field->type);
    }
}

static void
same_values(const mw_TypeInfo *info, const mw_type *type)
{
    cr_assert_eq(info->enumerators.len, type->n_members);
    for (size_t i = 0; i < type->n_members; i++) {
        cr_assert_str_eq(
            info->enumerators.items[i].name, type->enumerators[i].name);
        cr_assert_eq(
            info->enumerators.items[i].value, type->enumerators[i].value);
    }
}

static void
same_cases(const mw_TypeInfo *info, const mw_type *type)
{
    cr_assert_eq(info->cases.len, type->n_cases);
    for (size_t i = 0; i < type->n_cases; i++) {
        cr_assert_eq(info->cases.items[i].tag, type->cases[i].tag);
        cr_assert_eq(info->cases.items[i].arm, type->cases[i].arm);
    }
    cr_assert_eq(info->has_default_arm, type->default_arm != MW_NO_ARM);
    cr_assert(!info->has_default_arm || info->default_arm == type->default_arm);
}

static void
same_type(struct twin *twin, uint32_t number, const mw_type *type)
{
    const mw_TypeInfo *info;

    cr_assert_lt(number, twin->info->types.len);
    cr_assert_lt(number, sizeof(twin->types) / sizeof(twin->types[0]));
    if (twin->types[number] != NULL) {
        cr_assert_eq(twin->types[number], type);
        return;
    }
    twin->types[number] = type;
    info = &twin->info->types.items[number];
    cr_assert_str_eq(info->name, type->name);
    cr_assert_eq(info->kind, type->kind);
    cr_assert(type->kind == MW_KIND_BITMASK || info->bound == type->bound);
    cr_assert_eq(info->is_final, (type->flags & MW_TYPE_FINAL) != 0);
    cr_assert_eq(info->is_mutable, (type->flags & MW_TYPE_MUTABLE) != 0);
    cr_assert_eq(info->is_exception, (type->flags & MW_TYPE_EXCEPTION) != 0);
    cr_assert_eq(info->is_unique, (type->flags & MW_TYPE_UNIQUE) != 0);
    cr_assert_eq(info->has_element, type->elem != NULL);
    if (type->elem != NULL) {
        same_type(twin, info->element, type->elem);
    }
    if (type->kind == MW_KIND_STRUCT || type->kind == MW_KIND_UNION) {
        same_members(twin, info, type);
    } else if (type->kind == MW_KIND_ENUM || type->kind == MW_KIND_BITMASK) {
        same_values(info, type);
    }
    if (type->kind == MW_KIND_UNION) {
        same_cases(info, type);
    }
}

static void
same_operation(
    struct twin *twin, const mw_OperationInfo *info, const mw_method *method)
{
    cr_assert_str_eq(info->name, method->name);
    cr_assert_str_eq(info->target, method->target);
    cr_assert_eq(info->is_one_way, (method->flags & MW_METHOD_ONEWAY) != 0);
    cr_assert_eq(info->timeout_ms, method->timeout_ms);
    cr_assert_eq(info->priority, method->priority);
    cr_assert_eq(info->parameters.len, method->n_params);
    for (size_t i = 0; i < method->n_params; i++) {
        const mw_ParameterInfo *p = &info->parameters.items[i];

        cr_assert_str_eq(p->name, method->params[i].name);
        cr_assert_eq(p->is_in, method->params[i].dir != MW_DIR_OUT);
        cr_assert_eq(p->is_out, method->params[i].dir != MW_DIR_IN);
        same_type(twin, p->type, method->params[i].type);
    }
    cr_assert_eq(info->exceptions.len, method->n_raises);
    for (size_t i = 0; i < method->n_raises; i++) {
        same_type(twin, info->exceptions.items[i], method->raises[i]);
    }
}

static void
same_interface(const mw_InterfaceInfo *info, const mw_interface *interface)
{
    struct twin twin = { .info = info };

    cr_assert_str_eq(info->name, interface->name);
    cr_assert_eq(info->version, interface->version);
    cr_assert_eq(info->operations.len, interface->n_methods);
    for (size_t i = 0; i < interface->n_methods; i++) {
        same_operation(
            &twin, &info->operations.items[i], &interface->methods[i]);
    }
    for (size_t i = 0; i < info->types.len; i++) {
        cr_assert_not_null(twin.types[i], "type %zu is not used", i);
    }
}

static void
check_description(mw_client *client, const mw_interface *interface)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_InterfaceInfo info = { 0 };

    cr_assert_eq(mw_Server_describe(client, &ctx, interface->name, &info),
        MW_OK, "%s", mw_ctx_error(&ctx));
    same_interface(&info, interface);
    mw_InterfaceInfo_clear(&info);
}

Test(introspection, descriptions)
{
    struct mwt_pair p;
    mw_InterfaceInfo info = { 0 };

    mwt_pair_begin(&p, 2);
    check_description(p.client, &probe_Probe_interface);
    check_description(p.client, &mw_Server_interface);
    /* What is described is what would be called. */
    cr_assert_eq(
        mw_Server_describe(p.client, NULL, "probe.Base", &info), MW_OK);
    cr_assert_str_eq(info.name, "probe.Probe");
    cr_assert_str_eq(info.base, "probe.Base");
    for (size_t i = 0; i < info.operations.len; i++) {
        const mw_OperationInfo *op = &info.operations.items[i];

        cr_assert_eq(op->is_implemented, strcmp(op->name, "missing") != 0);
    }
    mw_InterfaceInfo_clear(&info);
    mwt_pair_end(&p);
}

static const mw_OperationStatistics *
operation(const mw_Statistics *all, const char *target)
{
    for (size_t i = 0; i < all->operations.len; i++) {
        if (strcmp(all->operations.items[i].target, target) == 0) {
            return &all->operations.items[i];
        }
    }
    cr_assert_fail("no %s", target);
    return NULL;
}

Test(introspection, statistics)
{
    struct mwt_pair p;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_Statistics all = { 0 };
    const mw_OperationStatistics *op;
    probe_Box box = { 0 };
    uint64_t n = 0;
    double sum;

    mwt_pair_begin(&p, 2);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(probe_Probe_add(p.client, &ctx, 1, 2, &sum), MW_OK);
    }
    cr_assert_eq(probe_Probe_refuse(p.client, &ctx, &box), MW_EEXCEPTION);
    mw_ctx_clear(&ctx);
    cr_assert_eq(mw_Server_statistics(p.client, &ctx, &all), MW_OK);
    op = operation(&all, "probe.Probe.add");
    cr_assert_eq(op->ok, 5);
    cr_assert_eq(op->latency.n, 5);
    cr_assert_gt(op->latency.buckets.len, 0);
    cr_assert_leq(op->latency.buckets.len, MW_HISTOGRAM_BUCKETS);
    cr_assert_gt(op->latency.buckets.items[op->latency.buckets.len - 1], 0);
    for (size_t i = 0; i < op->latency.buckets.len; i++) {
        n += op->latency.buckets.items[i];
    }
    cr_assert_eq(n, 5);
    op = operation(&all, "probe.Probe.refuse");
    cr_assert_eq(op->failed, 1);
    cr_assert_eq(op->by_status.len, 1);
    cr_assert_eq(op->by_status.items[0].status, MW_EEXCEPTION);
    cr_assert_eq(op->by_status.items[0].n, 1);
    op = operation(&all, "mw.Server.statistics");
    cr_assert_eq(op->ok, 0);
    cr_assert_eq(op->running, 1); /* itself */
    cr_assert_eq(op->latency.buckets.len, 0);
    cr_assert_eq(all.ok, 5);
    cr_assert_eq(all.failed, 1);
    cr_assert_eq(all.calls, 1);
    cr_assert_eq(all.connections, 1);
    cr_assert_gt(all.threads, 0);
    cr_assert_not(all.draining);
    mw_Statistics_clear(&all);
    mwt_pair_end(&p);
}

Test(introspection, can_be_left_out)
{
    struct mwt_pair p;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_Health found = mw_Health_UNKNOWN;

    mwt_server_start(&p.s, MW_SERVER(.no_introspection = true));
    p.client = mwt_local_client(&p.s);
    cr_assert_eq(
        mw_Server_health(p.client, &ctx, "", &found), MW_EUNIMPLEMENTED);
    cr_assert_eq(
        mw_server_set_health(p.s.server, "mw.Server", MW_HEALTH_SERVING),
        MW_ENOTFOUND);
    mwt_pair_end(&p);
}

/* Names that are none, and as long as they may be, and longer. */
Test(introspection, strange_names)
{
    struct mwt_pair p;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_InterfaceInfo info = { 0 };
    mw_Health found = mw_Health_SERVING;
    const mw_NoSuchInterface *caught;
    char name[300];

    mwt_pair_begin(&p, 2);
    memset(name, '.', sizeof(name));
    name[255] = '\0';
    cr_assert_eq(health(p.client, name), mw_Health_UNKNOWN);
    cr_assert_eq(
        mw_Server_describe(p.client, &ctx, name, &info), MW_EEXCEPTION);
    caught = mw_ctx_exception(&ctx, &mw_NoSuchInterface_type);
    cr_assert_not_null(caught);
    cr_assert_str_eq(caught->name, name);
    name[255] = '.';
    name[256] = '\0';
    cr_assert_eq(mw_Server_health(p.client, &ctx, name, &found), MW_EINVAL);
    cr_assert_eq(mw_Server_describe(p.client, &ctx, name, &info), MW_EINVAL);
    cr_assert_eq(mw_Server_health(p.client, &ctx, "%s%n", &found), MW_OK);
    cr_assert_eq(found, mw_Health_UNKNOWN);
    mw_ctx_clear(&ctx);
    mwt_pair_end(&p);
}

/* A peer that does not check its arguments before it sends them. */
Test(introspection, a_name_that_is_too_long_is_refused)
{
    struct mwt_pair p;
    struct mwi_stream *stream;
    struct mwt_raw raw;
    mw_error error;
    unsigned char message[300] = { 0x85, 0x01, 0x01, 0x70 };
    unsigned char frame[310] = { 0x59, 0x01, 0x19 };

    mwt_pair_begin(&p, 2);
    cr_assert_eq(mwi_server_connect(p.s.server, &stream, &error), MW_OK);
    mwt_raw_open(&raw, stream);
    mwt_raw_send_message(&raw, "83 00 01 a0");
    cr_assert(mwt_raw_receive(&raw));
    memcpy(message + 4, "mw.Server.health", 16);
    memcpy(message + 20, "\xa0\x81\x79\x01\x00", 5);
    memset(message + 25, 'x', 256);
    memcpy(frame + 3, message, 281);
    mwt_raw_send(&raw, frame, 284);
    cr_assert(mwt_raw_receive(&raw));
    cr_assert_eq(raw.message.kind, MWI_FAIL);
    cr_assert_eq(raw.message.status, MW_EINVAL, "%s", mwt_raw_text(&raw));
    mwt_raw_close(&raw);
    mwt_pair_end(&p);
}

/* Each allocation of the call fails in turn, at both ends. */
static size_t
each_failing(mw_client *client, mw_status (*call)(mw_client *client))
{
    size_t n_failed = 0;

    for (size_t n = 1; n < 10000; n++) {
        mw_status status;
        bool done;

        mwi_mem_fail_at(n);
        status = call(client);
        done = !mwi_mem_has_failed() && status == MW_OK;
        mwi_mem_fail_at(0);
        if (done) {
            return n_failed;
        }
        n_failed += status < 0;
    }
    cr_assert_fail("it never succeeds");
    return 0;
}

static mw_status
describe_probe(mw_client *client)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_InterfaceInfo info = { 0 };
    mw_status status = mw_Server_describe(client, &ctx, "probe.Probe", &info);

    if (status == MW_OK) {
        same_interface(&info, &probe_Probe_interface);
    }
    mw_InterfaceInfo_clear(&info);
    mw_ctx_clear(&ctx);
    return status;
}

static mw_status
take_statistics(mw_client *client)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_Statistics all = { 0 };
    mw_status status = mw_Server_statistics(client, &ctx, &all);

    if (status == MW_OK) {
        (void) operation(&all, "probe.Probe.echo");
    }
    mw_Statistics_clear(&all);
    return status;
}

static mw_status
list_interfaces(mw_client *client)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_InterfaceSummary_seq all = { 0 };
    mw_status status = mw_Server_interfaces(client, &ctx, &all);

    if (status == MW_OK) {
        cr_assert_eq(all.len, 2);
    }
    mw_object_clear(&mw_InterfaceSummary_seq_type, &all);
    return status;
}

Test(introspection, without_memory)
{
    struct mwt_pair p;

    mwt_pair_begin(&p, 2);
    cr_assert_gt(each_failing(p.client, describe_probe), 50);
    cr_assert_gt(each_failing(p.client, take_statistics), 20);
    cr_assert_gt(each_failing(p.client, list_interfaces), 2);
    cr_assert_eq(health(p.client, "probe.Probe"), mw_Health_SERVING);
    mwt_pair_end(&p);
}

/* Nor is a server left half open. */
Test(introspection, opening_a_server_without_memory)
{
    mw_server *server = NULL;
    size_t n = 0;

    do {
        mwi_mem_fail_at(++n);
    } while (mw_server_open(&server, NULL, NULL) < 0 && n < 1000);
    mwi_mem_fail_at(0);
    cr_assert_not_null(server);
    cr_assert_gt(n, 4); /* the interface takes some of its own */
    mw_server_close(server);
}
