@0xc95e1d7a3f80b205;
# The only sender. Packets reach it through shared memory, never through these calls.

using Cxx = import "/capnp/c++.capnp";
using Inspect = import "inspect.capnp";
$Cxx.namespace("covfefe::schema");

struct ShaperStatus {
  rateBps @0 :UInt64;        # root clock in bits a second, 0 = unlimited
  sentDatagrams @1 :UInt64;
  sentBytes @2 :UInt64;      # wire bytes, IP and UDP included
  queuedDatagrams @3 :UInt32;
  queuedBytes @4 :UInt64;
  flows @5 :UInt32;          # with something queued now
  sendErrors @6 :UInt64;
  dropped @7 :UInt64;
  attached @8 :Bool;
}

interface ShaperForRouter {
  # Bootstrap on the edge router.shaper. The shaper connects; the router calls.
  status @0 () -> (status :ShaperStatus);
}

interface ShaperOperator extends(Inspect.Inspectable) {
  status @0 () -> (status :ShaperStatus);
}
