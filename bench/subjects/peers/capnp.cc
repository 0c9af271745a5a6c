/* SPDX-License-Identifier: MIT */
/*
 * Cap'n Proto: its two-party RPC over its TLS (kj-tls).  One thread runs the
 * event loop at each end; calls are outstanding together as promises.  A
 * handler that blocks, blocks all.
 */
#include <capnp/message.h>
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/compat/tls.h>
#include <memory>
#include <vector>

#include "peer.h"
#include "records.h"
#include "subject.capnp.h"

namespace
{

class Tls
{
  public:
    Tls(const subject_options *options, const std::string &name)
        : ca_(cert_text(options, "ca.pem").c_str()),
          pair_{ kj::TlsPrivateKey(
                     cert_text(options, (name + ".key").c_str()).c_str()),
              kj::TlsCertificate(
                  cert_text(options, (name + ".pem").c_str()).c_str()) },
          context(settings())
    {
    }

  private:
    kj::TlsContext::Options settings()
    {
        kj::TlsContext::Options settings;

        settings.useSystemTrustStore = false;
        settings.verifyClients = true;
        settings.trustedCertificates = kj::arrayPtr(&ca_, 1);
        settings.defaultKeypair = pair_;
        return settings;
    }

    kj::TlsCertificate ca_;
    kj::TlsKeypair pair_;

  public:
    kj::TlsContext context;
};

/* ---- server ---- */

class Handler final : public Bench::Server
{
  protected:
    kj::Promise<void> echo(EchoContext context) override
    {
        context.getResults().setAnswer(context.getParams().getRequest());
        return kj::READY_NOW;
    }

    kj::Promise<void> touch(TouchContext context) override
    {
        context.getResults().setTable(context.getParams().getTable());
        auto records = context.getResults().getTable().getRecords();

        for (unsigned i = 0; i < records.size(); i += RECORDS_STEP) {
            auto record = records[i];

            record.setPrice(record.getPrice() + RECORD_PRICE_STEP);
            record.setCount(record.getCount() + 1);
        }
        return kj::READY_NOW;
    }

    kj::Promise<void> octets(OctetsContext context) override
    {
        context.getResults().setPayload(context.getParams().getPayload());
        return kj::READY_NOW;
    }

    kj::Promise<void> doubles(DoublesContext context) override
    {
        context.getResults().setPayload(context.getParams().getPayload());
        return kj::READY_NOW;
    }

    kj::Promise<void> nap(NapContext context) override
    {
        subject_sleep(context.getParams().getMs());
        return kj::READY_NOW;
    }
};

void
serve(const subject_options *options)
{
    auto io = kj::setupAsyncIo();
    Tls tls(options, "server");
    auto address = io.provider->getNetwork()
                       .parseAddress("127.0.0.1", 0)
                       .wait(io.waitScope);
    auto port = tls.context.wrapPort(address->listen());
    capnp::TwoPartyServer server(kj::heap<Handler>());

    subject_ready(static_cast<uint16_t>(port->getPort()), nullptr, nullptr);
    server.listen(*port).wait(io.waitScope);
}

/* ---- client ---- */

/* What all connections share: a thread has one event loop. */
struct World {
    explicit World(const subject_options *options)
        : io(kj::setupAsyncIo()), tls(options, "client")
    {
    }

    kj::AsyncIoContext io;
    Tls tls;
};

World &
world_of(const subject_options *options)
{
    static auto *world = new World(options); /* for as long as the process */

    return *world;
}

class Connection
{
  public:
    explicit Connection(const subject_options *options)
        : world_(world_of(options)), stream_(dial(options->port)),
          network_(*stream_), bench_(network_.bootstrap().castAs<Bench>())
    {
    }

    void echo()
    {
        call().wait(world_.io.waitScope);
    }

    void touch()
    {
        auto request = bench_.touchRequest();

        if (touched_ == 0) {
            fill(table_.initRoot<Table>().initRecords(RECORDS));
        }
        request.setTable(table_.getRoot<Table>().asReader());
        auto answer = request.send().wait(world_.io.waitScope);
        auto records = answer.getTable().getRecords();

        touched_++;
        for (uint32_t i = 0; i < RECORDS; i += RECORDS_STEP) {
            subject_must(record_is_after(i, 1, records[i].getPrice(),
                             records[i].getCount()),
                "a wrong answer");
        }
    }

    void octets(size_t n)
    {
        auto request = bench_.octetsRequest();

        octets_.resize(n, 'x');
        request.setPayload(kj::arrayPtr(octets_.data(), n));
        auto answer = request.send().wait(world_.io.waitScope);

        subject_must(answer.getPayload().size() == n &&
                         answer.getPayload()[n - 1] == 'x',
            "a wrong answer");
    }

    void doubles(size_t n)
    {
        auto request = bench_.doublesRequest();
        auto payload = request.initPayload(static_cast<unsigned>(n));

        for (unsigned i = 0; i < n; i++) {
            payload.set(i, subject_double(i));
        }
        auto answer = request.send().wait(world_.io.waitScope);

        subject_must(answer.getPayload().size() == n &&
                         answer.getPayload()[static_cast<unsigned>(n) - 1] ==
                             subject_double(n - 1),
            "a wrong answer");
    }

    void nap(unsigned ms)
    {
        naps(1, ms);
    }

    void naps(size_t n, unsigned ms)
    {
        auto all = kj::heapArrayBuilder<kj::Promise<void>>(n);

        for (size_t i = 0; i < n; i++) {
            auto request = bench_.napRequest();

            request.setMs(ms);
            all.add(request.send().ignoreResult());
        }
        kj::joinPromises(all.finish()).wait(world_.io.waitScope);
    }

    void stream(const subject_flow &flow)
    {
        auto all = kj::heapArrayBuilder<kj::Promise<void>>(flow.depth);

        for (size_t i = 0; i < flow.depth; i++) {
            all.add(call_again(flow));
        }
        kj::joinPromises(all.finish()).wait(world_.io.waitScope);
    }

  private:
    kj::Own<kj::AsyncIoStream> dial(uint16_t port)
    {
        auto &scope = world_.io.waitScope;
        auto address = world_.io.provider->getNetwork()
                           .parseAddress("127.0.0.1", port)
                           .wait(scope);

        return world_.tls.context
            .wrapClient(address->connect().wait(scope), "localhost")
            .wait(scope);
    }

    kj::Promise<void> call()
    {
        auto request = bench_.echoRequest();
        auto small = request.initRequest();

        small.setNumber(SUBJECT_NUMBER);
        small.setText(SUBJECT_TEXT);
        return request.send().then([](capnp::Response<Bench::EchoResults> r) {
            subject_must(r.getAnswer().getNumber() == SUBJECT_NUMBER &&
                             r.getAnswer().getText() == SUBJECT_TEXT,
                "a wrong answer");
        });
    }

    /* A call, and when it is back the next one. */
    kj::Promise<void> call_again(const subject_flow &flow)
    {
        double started = measure_now();

        return call().then([this, &flow, started]() -> kj::Promise<void> {
            double now = measure_now();

            histogram_add(flow.latency, now - started, 1);
            if (now < flow.until) {
                return call_again(flow);
            }
            return kj::READY_NOW;
        });
    }

    static void fill(capnp::List<Record>::Builder records)
    {
        for (uint32_t i = 0; i < RECORDS; i++) {
            struct record from = record_at(i);
            auto record = records[i];

            record.setStamp(from.stamp);
            record.setName(from.name);
            record.setPrice(from.price);
            record.setCount(from.count);
            record.setRank(from.rank);
            record.setOpen(from.open);
            record.setShard(from.shard);
            record.setNote(from.note);
        }
    }

    World &world_;
    kj::Own<kj::AsyncIoStream> stream_;
    capnp::TwoPartyClient network_;
    Bench::Client bench_;
    capnp::MallocMessageBuilder table_;
    uint32_t touched_ = 0;
    std::vector<kj::byte> octets_;
};

} /* namespace */

int
main(int argc, char **argv)
{
    subject subject = Peer<Connection>::describe("capnp", "", serve);

    subject.naps = Peer<Connection>::naps;
    return subject_main(argc, argv, &subject);
}
