@0xa7c2f1e8d4b36604;
# The peer database. The router reads friends and writes what it measured; only the operator adds,
# changes or removes a friend. A mutating call carries a client-chosen operation id: repeating a call
# with the same id changes nothing and returns the first answer. Calls that set a value whole need
# none. A reply means that the change is on the disk.

using Cxx = import "/capnp/c++.capnp";
using Common = import "common.capnp";
using Inspect = import "inspect.capnp";
$Cxx.namespace("covfefe::schema");

struct MetricSample {
  friendId @0 :UInt32;
  at @1 :Int64;            # Unix seconds, end of the interval
  seconds @2 :UInt32;      # length of the interval
  rxBytes @3 :UInt64;      # wire bytes in the interval
  txBytes @4 :UInt64;
  upSeconds @5 :UInt32;    # how much of it the link was up
  rttMicros @6 :UInt32;    # smoothed at its end, 0 = not measured
  lost @7 :UInt32;         # cells known lost
  linkFaults @8 :UInt32;   # datagrams and frames that only the friend can have spoilt
  onionFaults @9 :UInt32;  # bad hop tags on circuits over the link
  circuitsDestroyed @10 :UInt32;  # for too many of those
  relayedCells @11 :UInt64;       # both ways, of circuits that it had built through here
}

struct Catalogue {
  # What a friend served last of its own friends.
  friendId @0 :UInt32;
  epoch @1 :UInt32;
  descriptors @2 :Data;    # 96 bytes each, at most 512
}

struct PromiseOutcome {
  # How one promise of a friend ended. A measurement: it changes nobody's trust.
  friendId @0 :UInt32;
  kind @1 :Common.PromiseKind;
  kept @2 :Bool;
  at @3 :Int64;            # Unix seconds
}

struct PromiseTally {
  # All that ended of one friend and kind.
  friendId @0 :UInt32;
  kind @1 :Common.PromiseKind;
  kept @2 :UInt64;
  broken @3 :UInt64;
  lastAt @4 :Int64;        # Unix seconds, of the last one
}

struct CapacityRecord {
  # The uplink over a minute or an hour.
  at @0 :Int64;            # Unix seconds, end of the interval
  seconds @1 :UInt32;      # its length: 60 or 3600
  rate @2 :UInt64;         # wire bytes a second that it was held to carry, mean; 0 = unlimited
  lowest @3 :UInt64;       # least of that, 0 = unlimited
  sent @4 :UInt64;         # wire bytes a second that were sent, mean
  cuts @5 :UInt32;         # how often the estimate fell
}

interface FriendObserver {
  changed @0 () -> ();
  # Friends were added, changed or removed: read them again.
}

interface PeerdbForRouter {
  # Bootstrap on the edge router.peerdb. peerdb connects; the router calls.
  friends @0 () -> (friends :List(Common.Friend));
  watch @1 (observer :FriendObserver) -> ();
  recordEndpoint @2 (operation :Data, friendId :UInt32, endpoint :Common.Endpoint) -> (refused :Bool, why :Common.Refusal);
  # operation: 16 random bytes. Where the friend was last heard, authenticated.
  recordMetrics @3 (operation :Data, samples :List(MetricSample)) -> (refused :Bool, why :Common.Refusal);
  # At most 4,096 samples.
  recordCatalogue @4 (catalogue :Catalogue) -> (refused :Bool, why :Common.Refusal);
  # Takes the place of the friend's earlier one; without descriptors only removes it.
  catalogues @5 (after :UInt32) -> (catalogues :List(Catalogue));
  # In order of friendId, from the first above `after`; at most 8, fewer only at the end.
  recordDestinations @6 (used :List(Data), unused :List(Data)) -> (refused :Bool, why :Common.Refusal);
  # Overlay addresses, 16 bytes each: far ends that are no friends, dialled again after a restart. At
  # most 1,024 in one call and in all; the one that has not been recorded for longest gives way.
  destinations @7 () -> (addresses :List(Data));
  # Newest first.
  recordPromises @8 (operation :Data, outcomes :List(PromiseOutcome)) -> (refused :Bool, why :Common.Refusal);
  # At most 1,024. Of friends that are gone nothing is kept.
  recordCapacity @9 (operation :Data, minutes :List(CapacityRecord)) -> (refused :Bool, why :Common.Refusal);
  # At most 1,024, of a minute each. Minutes are kept a week, hours 400 days.
  capacityHistory @10 (most :UInt32) -> (minutes :List(CapacityRecord));
  # Newest first, at most 10,080.
}

interface PeerdbOperator extends(Inspect.Inspectable) {
  putFriend @0 (operation :Data, friend :Common.Friend) -> (reply :PutReply);
  # Adds (id 0) or replaces (id as stored). The petname and the identity key are unique: exists.
  removeFriend @1 (operation :Data, friendId :UInt32) -> (refused :Bool, why :Common.Refusal);
  friends @2 () -> (friends :List(Common.Friend));
  metrics @3 (friendId :UInt32, since :Int64) -> (samples :List(MetricSample));
  # At most 10,000 newest.
  promises @4 () -> (tallies :List(PromiseTally));
  # In order of friend and kind; kinds of which none has ended are absent.
  capacityHistory @5 (seconds :UInt32, most :UInt32) -> (records :List(CapacityRecord));
  # Minutes (60) or hours (3600), newest first, at most 10,080. No other length has any.

  struct PutReply {
    union {
      refused @0 :Common.Refusal;
      friendId @1 :UInt32;
    }
  }
}
