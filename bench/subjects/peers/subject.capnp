# SPDX-License-Identifier: MIT
# What every subject offers, for Cap'n Proto.
@0xd1f9a3c27b5e8640;

struct Small {
    number @0 :Int32;
    text @1 :Text;
}

struct Record {
    stamp @0 :UInt64;
    name @1 :Text;
    price @2 :Float64;
    count @3 :UInt32;
    rank @4 :Int32;
    open @5 :Bool;
    shard @6 :UInt16;
    note @7 :Text;
}

struct Table {
    records @0 :List(Record);
}

interface Bench {
    echo @0 (request :Small) -> (answer :Small);
    touch @1 (table :Table) -> (table :Table);
    octets @2 (payload :Data) -> (payload :Data);
    doubles @3 (payload :List(Float64)) -> (payload :List(Float64));
    nap @4 (ms :UInt32) -> ();
}
