// SPDX-License-Identifier: MIT
// What every subject offers, for Thrift.
namespace cpp subject_thrift

struct Small {
    1: i32 number
    2: string text
}

struct Record {
    1: i64 stamp
    2: string name
    3: double price
    4: i32 count
    5: i32 rank
    6: bool open
    7: i16 shard
    8: string note
}

struct Table {
    1: list<Record> records
}

service Bench {
    Small echo(1: Small request)
    Table touch(1: Table table)
    binary octets(1: binary payload)
    list<double> doubles(1: list<double> payload)
    void nap(1: i32 ms)
}
