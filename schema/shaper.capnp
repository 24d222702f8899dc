@0xc95e1d7a3f80b205;
# The only sender. Packets reach it through shared memory, never through these calls. Rates are wire
# bytes a second: headers and link.overhead included. Instants are CLOCK_MONOTONIC nanoseconds of
# this machine, the same for both processes.

using Cxx = import "/capnp/c++.capnp";
using Common = import "common.capnp";
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

enum IdleLane {
  alwaysOn @0;
  metered @1;
  off @2;
}

struct LinkPlace {
  # Which flows are whose: link slot * 8 + class.
  friendId @0 :UInt32;
  slot @1 :UInt32;
  petname @2 :Text;
  trust @3 :Common.Trust;
}

enum LeaseClass {
  none @0;
  realtime @1;
  bulk @2;
}

enum LeaseRefusal {
  none @0;
  noCapacity @1;
  quota @2;
  badRequest @3;
  noLink @4;
  notYours @5;
  policy @6;
  unavailable @7;
  capacity @8;
}

struct LeaseTerms {
  principal @0 :UInt32;      # whose quota pays; 0: this node itself
  over @1 :List(UInt32);     # 1 or 2 friendIds: the links that carry it, each at rate
  class @2 :LeaseClass;
  rate @3 :UInt32;
  least @4 :UInt32;          # take no less; 0: exactly rate or nothing
  startsInMs @5 :UInt64;     # 0: now
  lastsMs @6 :UInt64;
  tag @7 :UInt32;            # the router's own, kept with the lease and not interpreted
}

struct Lease {
  id @0 :UInt32;             # never 0
  terms @1 :LeaseTerms;
  rate @2 :UInt32;           # granted
  fromNs @3 :Int64;
  untilNs @4 :Int64;
}

struct LeaseAnswer {
  union {
    granted @0 :Lease;
    denied @1 :Denied;
  }
  struct Denied {
    why @0 :LeaseRefusal;
    bestRate @1 :UInt32;     # that would have been granted for so long, 0: none
    bestLastsMs @2 :UInt64;  # for which the asked rate would have been, 0: none
  }
}

interface LeaseObserver {
  revoked @0 (id :UInt32, why :LeaseRefusal) -> ();
  # It no longer holds. One that ends at its time is not told.
}

interface ShaperForRouter {
  # Bootstrap on the edge router.shaper. The shaper connects; the router calls.
  status @0 () -> (status :ShaperStatus);
  place @1 (links :List(LinkPlace)) -> ();
  # All there are: flows of links that are not in it belong to nobody.
  take @2 (terms :LeaseTerms) -> (answer :LeaseAnswer);
  extend @3 (principal :UInt32, id :UInt32, byMs :UInt64) -> (answer :LeaseAnswer);
  release @4 (principal :UInt32, id :UInt32) -> (answer :LeaseAnswer);
  # granted: as it was.
  leases @5 () -> (leases :List(Lease));
  # All in force or to come: a router that restarted learns them here.
  restore @6 (leases :List(Lease)) -> (kept :List(UInt32));
  # A shaper that restarted learns them here; those that no longer fit are not among `kept`.
  watch @7 (observer :LeaseObserver) -> ();
  capacity @8 () -> (samples :List(CapacitySample));
  # Since the last call, oldest first, at most 600: for the peer database.
  recall @9 (lowWater :UInt64) -> ();
  # What the uplink carried at least, as remembered: used until this run has measured for ten minutes.
}

struct CapacitySample {
  at @0 :Int64;              # Unix seconds, end of a minute
  rate @1 :UInt64;           # estimate at its end, 0 = unlimited
  lowest @2 :UInt64;         # in it
  sent @3 :UInt64;           # wire bytes a second, mean
  cuts @4 :UInt32;
}

struct CapacityView {
  configured @0 :UInt64;     # capacity.up, 0 = none
  learned @1 :Bool;          # it may be less than configured, or is not configured
  rate @2 :UInt64;           # now, 0 = unlimited
  lowWater @3 :UInt64;       # what admission counts on, 0 = unlimited
  state @4 :Text;            # steady, cut, drain, probe, stall, policed
  why @5 :Text;              # one sentence: what changed it last
  sinceMs @6 :UInt64;        # that it is in this state
  queueMicros @7 :UInt32;    # on the uplink beyond our box, as voted
  cuts @8 :UInt64;
  probes @9 :UInt64;
}

struct ClassView {
  name @0 :Text;             # control, leases, idle, met, known, introduced, none, relayed
  weight @1 :UInt32;
  reserve @2 :UInt64;        # 0 = none
  cap @3 :UInt64;            # 0 = none
  scale @4 :UInt32;          # of its reserves, in 1/1000: less than 1000 when capacity fell
  sentBytes @5 :UInt64;
  sentDatagrams @6 :UInt64;
  queuedBytes @7 :UInt64;
  dropped @8 :UInt64;
}

struct FriendView {
  friendId @0 :UInt32;
  petname @1 :Text;
  level @2 :Text;
  weight @3 :UInt32;
  reserve @4 :UInt64;
  cap @5 :UInt64;
  idle @6 :IdleLane;
  idlePeriodMs @7 :UInt32;   # 0 = off
  leased @8 :UInt64;         # rate of its leases now in force over this link
  sentBytes @9 :UInt64;      # by the shaper since it started, wire
  sentDatagrams @10 :UInt64;
  queuedBytes @11 :UInt64;
  queuedDatagrams @12 :UInt32;
  dropped @13 :UInt64;
  rate @14 :UInt64;          # B/s over the last second
  entitled @15 :UInt64;      # what it gets at least while it wants it: leases, reserve, share by weight
  spares @16 :UInt64;        # dummies sent
  classes @17 :List(UInt64); # sent bytes by flow class (base/flow_class.h)
}

struct LedgerView {
  most @0 :UInt64;           # 0.8 of the low-water capacity, 0 = unlimited
  control @1 :UInt64;
  floors @2 :UInt64;         # idle lanes
  reserves @3 :UInt64;
  leased @4 :UInt64;
  leases @5 :List(Lease);    # at most 512
  left @6 :UInt32;           # how many more there are
  refused @7 :UInt64;
  revoked @8 :UInt64;
}

struct ShaperView {
  status @0 :ShaperStatus;
  capacity @1 :CapacityView;
  ledger @2 :LedgerView;
  classes @3 :List(ClassView);
  friends @4 :List(FriendView);  # at most 4,096
  atNs @5 :Int64;
}

interface ShaperOperator extends(Inspect.Inspectable) {
  status @0 () -> (status :ShaperStatus);
  view @1 () -> (view :ShaperView);
  apply @2 (config :Text) -> (ok :Bool, changed :List(Text), why :Text);
  # The text of covfefenet.yaml. All of it holds from the next decision on, or nothing of it; flows
  # whose settings did not change are not touched. changed: keys that took effect. Keys that need a
  # restart are named by the tool that calls this.
}
