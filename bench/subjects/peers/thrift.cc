/* SPDX-License-Identifier: MIT */
/*
 * Apache Thrift: TThreadedServer, which has a thread for each connection;
 * buffered transport over TSSLSocket, binary protocol.
 *
 * A connection runs its calls one after the other, and answers in that order:
 * calls are outstanding together as the generated send_echo() and recv_echo()
 * offer it.  Calls whose handlers block need a connection each.
 */
#include <deque>
#include <memory>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/server/TThreadedServer.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TSSLServerSocket.h>
#include <thrift/transport/TSSLSocket.h>

#include "Bench.h"
#include "peer.h"
#include "records.h"

using namespace apache::thrift;
using namespace subject_thrift;

namespace
{

/* A TLS record's worth; the default of 512 bytes makes a record of each. */
const uint32_t buffer_size = 16 << 10;

std::shared_ptr<transport::TSSLSocketFactory>
factory_of(const subject_options *options, const char *name)
{
    auto factory = std::make_shared<transport::TSSLSocketFactory>();
    std::string cert = cert_path(options, name) + ".pem";
    std::string key = cert_path(options, name) + ".key";

    factory->loadCertificate(cert.c_str());
    factory->loadPrivateKey(key.c_str());
    factory->loadTrustedCertificates(cert_path(options, "ca.pem").c_str());
    factory->authenticate(true);
    return factory;
}

/* ---- server ---- */

class Handler : public BenchIf
{
  public:
    void echo(Small &answer, const Small &request) override
    {
        answer = request;
    }

    void touch(Table &answer, const Table &table) override
    {
        answer = table;
        for (size_t i = 0; i < answer.records.size(); i += RECORDS_STEP) {
            answer.records[i].price += RECORD_PRICE_STEP;
            answer.records[i].count++;
        }
    }

    void octets(std::string &answer, const std::string &payload) override
    {
        answer = payload;
    }

    void doubles(std::vector<double> &answer,
        const std::vector<double> &payload) override
    {
        answer = payload;
    }

    void nap(int32_t ms) override
    {
        subject_sleep(static_cast<unsigned>(ms));
    }
};

class BufferFactory : public transport::TTransportFactory
{
  public:
    std::shared_ptr<transport::TTransport> getTransport(
        std::shared_ptr<transport::TTransport> socket) override
    {
        return std::make_shared<transport::TBufferedTransport>(
            socket, buffer_size);
    }
};

/* Certificates are checked; any client's will do. */
class AnyClient : public transport::AccessManager
{
  public:
    Decision verify(const sockaddr_storage &) noexcept override
    {
        return ALLOW;
    }
};

class Ready : public server::TServerEventHandler
{
  public:
    explicit Ready(std::shared_ptr<transport::TSSLServerSocket> socket)
        : socket_(socket)
    {
    }

    void preServe() override
    {
        subject_ready(
            static_cast<uint16_t>(socket_->getPort()), nullptr, nullptr);
    }

  private:
    std::shared_ptr<transport::TSSLServerSocket> socket_;
};

void
serve(const subject_options *options)
{
    auto factory = factory_of(options, "server");

    /* It tells of every client that has gone. */
    GlobalOutput.setOutputFunction([](const char *) {});
    factory->access(std::make_shared<AnyClient>());
    auto socket =
        std::make_shared<transport::TSSLServerSocket>("127.0.0.1", 0, factory);
    server::TThreadedServer server(
        std::make_shared<BenchProcessor>(std::make_shared<Handler>()), socket,
        std::make_shared<BufferFactory>(),
        std::make_shared<protocol::TBinaryProtocolFactory>());

    server.setServerEventHandler(std::make_shared<Ready>(socket));
    server.serve();
}

/* ---- client ---- */

class Connection
{
  public:
    explicit Connection(const subject_options *options)
    {
        static auto factory = factory_of(options, "client");

        buffer_ = std::make_shared<transport::TBufferedTransport>(
            factory->createSocket("localhost", options->port), buffer_size);
        client_ = std::make_unique<BenchClient>(
            std::make_shared<protocol::TBinaryProtocol>(buffer_));
        buffer_->open();
        small_.number = SUBJECT_NUMBER;
        small_.text = SUBJECT_TEXT;
    }

    ~Connection()
    {
        buffer_->close();
    }

    void echo()
    {
        Small answer;

        client_->echo(answer, small_);
        subject_must(answer == small_, "a wrong answer");
    }

    void touch()
    {
        Table answer;

        if (table_.records.empty()) {
            fill();
        }
        client_->touch(answer, table_);
        table_ = std::move(answer);
        touched_++;
        for (uint32_t i = 0; i < RECORDS; i += RECORDS_STEP) {
            const Record &record = table_.records[i];

            subject_must(record_is_after(i, touched_, record.price,
                             static_cast<uint32_t>(record.count)),
                "a wrong answer");
        }
    }

    void octets(size_t n)
    {
        std::string answer;

        octets_.resize(n, 'x');
        client_->octets(answer, octets_);
        subject_must(
            answer.size() == n && answer.back() == 'x', "a wrong answer");
    }

    void doubles(size_t n)
    {
        std::vector<double> answer;

        while (doubles_.size() < n) {
            doubles_.push_back(subject_double(doubles_.size()));
        }
        client_->doubles(answer, doubles_);
        subject_must(
            answer.size() == n && answer.back() == subject_double(n - 1),
            "a wrong answer");
    }

    void nap(unsigned ms)
    {
        client_->nap(static_cast<int32_t>(ms));
    }

    void stream(const subject_flow &flow)
    {
        std::deque<double> started;
        Small answer;
        double now = measure_now();

        while (now < flow.until || !started.empty()) {
            while (now < flow.until && started.size() < flow.depth) {
                client_->send_echo(small_);
                started.push_back(now);
            }
            client_->recv_echo(answer);
            subject_must(answer == small_, "a wrong answer");
            now = measure_now();
            histogram_add(flow.latency, now - started.front(), 1);
            started.pop_front();
        }
    }

  private:
    void fill()
    {
        for (uint32_t i = 0; i < RECORDS; i++) {
            struct record from = record_at(i);
            Record record;

            record.stamp = static_cast<int64_t>(from.stamp);
            record.name = from.name;
            record.price = from.price;
            record.count = static_cast<int32_t>(from.count);
            record.rank = from.rank;
            record.open = from.open;
            record.shard = static_cast<int16_t>(from.shard);
            record.note = from.note;
            table_.records.push_back(std::move(record));
        }
    }

    std::shared_ptr<transport::TBufferedTransport> buffer_;
    std::unique_ptr<BenchClient> client_;
    Small small_;
    Table table_;
    uint32_t touched_ = 0;
    std::string octets_;
    std::vector<double> doubles_;
};

} /* namespace */

int
main(int argc, char **argv)
{
    const subject subject = Peer<Connection>::describe("thrift", "", serve);

    return subject_main(argc, argv, &subject);
}
