/* SPDX-License-Identifier: MIT */
/*
 * gRPC: the server with callbacks, or with variant "sync" (and "stream") the
 * one whose handlers may block.  The client makes single calls with the
 * blocking stub and keeps calls outstanding with the one of callbacks; with
 * variant "stream", as messages of one bidirectional stream.
 */
#include <condition_variable>
#include <deque>
#include <grpcpp/grpcpp.h>
#include <memory>
#include <mutex>
#include <vector>

#include "peer.h"
#include "records.h"
#include "subject.grpc.pb.h"

using namespace subject_grpc;

namespace
{

/* ---- server ---- */

void
do_touch(const Table &table, Table *answer)
{
    *answer = table;
    for (int i = 0; i < answer->records_size(); i += RECORDS_STEP) {
        Record *record = answer->mutable_records(i);

        record->set_price(record->price() + RECORD_PRICE_STEP);
        record->set_count(record->count() + 1);
    }
}

void
do_nap(const Time &time)
{
    subject_sleep(time.ms());
}

class SyncHandler final : public Bench::Service
{
    using Context = grpc::ServerContext;
    using Status = grpc::Status;

    Status Echo(Context *, const Small *request, Small *answer) override
    {
        *answer = *request;
        return Status::OK;
    }

    Status EchoStream(
        Context *, grpc::ServerReaderWriter<Small, Small> *stream) override
    {
        Small small;

        while (stream->Read(&small)) {
            stream->Write(small);
        }
        return Status::OK;
    }

    Status Touch(Context *, const Table *table, Table *answer) override
    {
        do_touch(*table, answer);
        return Status::OK;
    }

    Status Octets(Context *, const Bytes *request, Bytes *answer) override
    {
        *answer = *request;
        return Status::OK;
    }

    Status Doubles(Context *, const Numbers *request, Numbers *answer) override
    {
        *answer = *request;
        return Status::OK;
    }

    Status Nap(Context *, const Time *time, Nothing *) override
    {
        do_nap(*time);
        return Status::OK;
    }
};

class CallbackHandler final : public Bench::CallbackService
{
    using Context = grpc::CallbackServerContext;
    using Reactor = grpc::ServerUnaryReactor;

    static Reactor *done(Context *context)
    {
        Reactor *reactor = context->DefaultReactor();

        reactor->Finish(grpc::Status::OK);
        return reactor;
    }

    Reactor *Echo(
        Context *context, const Small *request, Small *answer) override
    {
        *answer = *request;
        return done(context);
    }

    Reactor *Touch(Context *context, const Table *table, Table *answer) override
    {
        do_touch(*table, answer);
        return done(context);
    }

    Reactor *Octets(
        Context *context, const Bytes *request, Bytes *answer) override
    {
        *answer = *request;
        return done(context);
    }

    Reactor *Doubles(
        Context *context, const Numbers *request, Numbers *answer) override
    {
        *answer = *request;
        return done(context);
    }

    Reactor *Nap(Context *context, const Time *time, Nothing *) override
    {
        do_nap(*time);
        return done(context);
    }
};

void
serve(const subject_options *options)
{
    grpc::SslServerCredentialsOptions tls(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    grpc::ServerBuilder builder;
    CallbackHandler callback_handler;
    SyncHandler sync_handler;
    int port = 0;

    tls.pem_root_certs = cert_text(options, "ca.pem");
    tls.pem_key_cert_pairs.push_back(
        { cert_text(options, "server.key"), cert_text(options, "server.pem") });
    builder.AddListeningPort(
        "127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
    builder.SetMaxReceiveMessageSize(-1);
    if (subject_is(options, "sync") || subject_is(options, "stream")) {
        builder.RegisterService(&sync_handler);
    } else {
        builder.RegisterService(&callback_handler);
    }
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    subject_must(server != nullptr, "no server");
    subject_ready(static_cast<uint16_t>(port), nullptr, nullptr);
    server->Wait();
}

/* ---- client ---- */

void
must(const grpc::Status &status)
{
    subject_must(status.ok(), status.error_message().c_str());
}

class Connection
{
  public:
    explicit Connection(const subject_options *options)
        : options_(options), channel_(dial(options)),
          stub_(Bench::NewStub(channel_))
    {
        small_.set_number(SUBJECT_NUMBER);
        small_.set_text(SUBJECT_TEXT);
    }

    void echo()
    {
        grpc::ClientContext context;
        Small answer;

        must(stub_->Echo(&context, small_, &answer));
        check(answer);
    }

    void touch()
    {
        grpc::ClientContext context;
        Table answer;

        if (table_.records_size() == 0) {
            fill();
        }
        must(stub_->Touch(&context, table_, &answer));
        table_.Swap(&answer);
        touched_++;
        for (uint32_t i = 0; i < RECORDS; i += RECORDS_STEP) {
            const Record &record = table_.records(static_cast<int>(i));

            subject_must(
                record_is_after(i, touched_, record.price(), record.count()),
                "a wrong answer");
        }
    }

    void octets(size_t n)
    {
        grpc::ClientContext context;
        Bytes answer;

        octets_.mutable_payload()->resize(n, 'x');
        must(stub_->Octets(&context, octets_, &answer));
        subject_must(
            answer.payload().size() == n && answer.payload().back() == 'x',
            "a wrong answer");
    }

    void doubles(size_t n)
    {
        grpc::ClientContext context;
        Numbers answer;
        int len = static_cast<int>(n);

        for (int i = doubles_.payload_size(); i < len; i++) {
            doubles_.add_payload(subject_double(static_cast<size_t>(i)));
        }
        must(stub_->Doubles(&context, doubles_, &answer));
        subject_must(answer.payload_size() == len &&
                         answer.payload(len - 1) == subject_double(n - 1),
            "a wrong answer");
    }

    void nap(unsigned ms)
    {
        naps(1, ms);
    }

    void naps(size_t n, unsigned ms)
    {
        std::vector<grpc::ClientContext> contexts(n);
        Nothing nothing;
        Time time;

        time.set_ms(ms);
        outstanding_ = n;
        for (size_t i = 0; i < n; i++) {
            stub_->async()->Nap(
                &contexts[i], &time, &nothing, [this](grpc::Status status) {
                    must(status);
                    end_one();
                });
        }
        wait_for_all();
    }

    void stream(const subject_flow &flow)
    {
        if (subject_is(options_, "stream")) {
            stream_messages(flow);
            return;
        }
        std::vector<Slot> slots(flow.depth);

        outstanding_ = flow.depth;
        for (Slot &slot : slots) {
            start(slot, flow);
        }
        wait_for_all();
    }

  private:
    /* A call that is made again and again. */
    struct Slot {
        std::unique_ptr<grpc::ClientContext> context;
        Small answer;
        double started;
    };

    static std::shared_ptr<grpc::Channel> dial(const subject_options *options)
    {
        grpc::SslCredentialsOptions tls;
        grpc::ChannelArguments args;

        tls.pem_root_certs = cert_text(options, "ca.pem");
        tls.pem_private_key = cert_text(options, "client.key");
        tls.pem_cert_chain = cert_text(options, "client.pem");
        args.SetSslTargetNameOverride("localhost");
        args.SetMaxReceiveMessageSize(-1);
        /* Each channel its own connection. */
        args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        return grpc::CreateCustomChannel(
            "127.0.0.1:" + std::to_string(options->port),
            grpc::SslCredentials(tls), args);
    }

    void check(const Small &answer) const
    {
        subject_must(answer.number() == small_.number() &&
                         answer.text() == small_.text(),
            "a wrong answer");
    }

    void start(Slot &slot, const subject_flow &flow)
    {
        slot.context = std::make_unique<grpc::ClientContext>();
        slot.started = measure_now();
        stub_->async()->Echo(slot.context.get(), &small_, &slot.answer,
            [this, &slot, &flow](grpc::Status status) {
                must(status);
                check(slot.answer);
                finish(slot, flow);
            });
    }

    void finish(Slot &slot, const subject_flow &flow)
    {
        double now = measure_now();

        {
            std::lock_guard<std::mutex> lock(mutex_);
            histogram_add(flow.latency, now - slot.started, 1);
        }
        if (now < flow.until) {
            start(slot, flow);
        } else {
            end_one();
        }
    }

    void end_one()
    {
        std::lock_guard<std::mutex> lock(mutex_);

        if (--outstanding_ == 0) {
            is_done_.notify_one();
        }
    }

    void wait_for_all()
    {
        std::unique_lock<std::mutex> lock(mutex_);

        is_done_.wait(lock, [this] { return outstanding_ == 0; });
    }

    void stream_messages(const subject_flow &flow)
    {
        grpc::ClientContext context;
        auto stream = stub_->EchoStream(&context);
        std::deque<double> started;
        Small answer;
        double now = measure_now();

        while (now < flow.until || !started.empty()) {
            while (now < flow.until && started.size() < flow.depth) {
                subject_must(stream->Write(small_), "cannot write");
                started.push_back(now);
            }
            subject_must(stream->Read(&answer), "cannot read");
            check(answer);
            now = measure_now();
            histogram_add(flow.latency, now - started.front(), 1);
            started.pop_front();
        }
        stream->WritesDone();
        must(stream->Finish());
    }

    void fill()
    {
        for (uint32_t i = 0; i < RECORDS; i++) {
            struct record from = record_at(i);
            Record *record = table_.add_records();

            record->set_stamp(from.stamp);
            record->set_name(from.name);
            record->set_price(from.price);
            record->set_count(from.count);
            record->set_rank(from.rank);
            record->set_open(from.open);
            record->set_shard(from.shard);
            record->set_note(from.note);
        }
    }

    const subject_options *options_;
    std::shared_ptr<grpc::Channel> channel_;
    std::unique_ptr<Bench::Stub> stub_;
    Small small_;
    Table table_;
    uint32_t touched_ = 0;
    Bytes octets_;
    Numbers doubles_;
    std::mutex mutex_;
    std::condition_variable is_done_;
    size_t outstanding_ = 0; /* mutex_ */
};

} /* namespace */

int
main(int argc, char **argv)
{
    subject subject = Peer<Connection>::describe("grpc", "sync,stream", serve);

    subject.naps = Peer<Connection>::naps;
    return subject_main(argc, argv, &subject);
}
