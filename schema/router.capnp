@0x8f3b6a90c7d4e806;
# What the operator may ask of the router. It shows, measures and explains, opens and closes this
# node's own circuits and chooses the address that far ends see; who is a friend is decided elsewhere
# (keystore and peerdb). A peer is named by petname, by overlay address, or NAME.FRIEND: the friend is
# asked whom it calls NAME. A reply that is not ok says why and what to do next.

using Cxx = import "/capnp/c++.capnp";
using Common = import "common.capnp";
using Inspect = import "inspect.capnp";
using Shaper = import "shaper.capnp";
$Cxx.namespace("covfefe::schema");

enum LinkState {
  down @0;
  handshaking @1;
  up @2;
}

struct FriendStatus {
  friendId @0 :UInt32;
  petname @1 :Text;
  address @2 :Data;          # 16
  trust @3 :Common.Trust;
  state @4 :LinkState;
  path @5 :Text;             # "direct 192.0.2.1:6364" or ""
  rttMicros @6 :UInt32;      # 0 = not measured
  rxBytes @7 :UInt64;        # wire bytes since the router started
  txBytes @8 :UInt64;
  sessionUp @9 :Bool;        # the end-to-end session is keyed
  smallMode @10 :Bool;       # L cells do not pass: everything in S cells (A25)
  dataSockets @11 :UInt8;    # data sockets in use; 0 = multiplexed on the control socket
  lastHeardMs @12 :UInt64;   # ago; 2^64-1 = never
  handshakeFailure @13 :Text;
  linkFaults @14 :UInt64;    # bad link tags and malformed frames: this neighbour's
  onionFaults @15 :UInt64;   # bad hop tags of circuits over this link: anybody's on their way
  circuitsDestroyed @16 :UInt64;  # for eight of those in ten seconds
  relayed @17 :Relayed;
  idle @18 :Shaper.IdleLane;      # what this node keeps flowing to it
  peerIdle @19 :Shaper.IdleLane;  # what it says that it keeps flowing here
  queueMicros @20 :UInt32;   # one-way delay to it above the least of late, 0 = none measured
  pathLoss @21 :UInt16;      # of 10,000 cells sent to it of late
  promises @22 :List(Promise);    # between this node and it: announced, asked, reserved
  kept @23 :UInt64;          # of its promises, since the router started
  broken @24 :UInt64;
}

struct Promise {
  id @0 :UInt32;             # for extend and release; 0: of no lease
  kind @1 :Common.PromiseKind;
  friendId @2 :UInt32;       # 0: this node itself, or a third party
  ours @3 :Bool;             # announced, asked or given by this node
  with @4 :Text;             # petname or address
  payloadRate @5 :UInt32;    # B/s
  wireRate @6 :UInt32;       # B/s on each link that carries it
  class @7 :Shaper.LeaseClass;
  startsInMs @8 :UInt64;
  leftMs @9 :UInt64;         # until it ends or happens
  state @10 :Text;           # one phrase
}

enum Directions {
  both @0;
  out @1;                    # from this node
  in @2;                     # to this node
}

struct ReserveReply {
  ok @0 :Bool;
  id @1 :UInt32;
  payloadRate @2 :UInt32;    # granted, B/s
  wireRate @3 :UInt32;       # what each uplink keeps for it
  lastsMs @4 :UInt64;
  how @5 :Text;
  why @6 :Text;              # when not ok
  next @7 :Text;
  bestRate @8 :UInt32;       # payload that would be granted, 0: none known
  bestLastsMs @9 :UInt64;    # for which the asked rate would be
}

enum Intent {
  nothing @0;                # takes back what was announced
  onlineUntil @1;
  leaving @2;
}

struct PromiseReply {
  ok @0 :Bool;
  what @1 :Text;             # one sentence
  next @2 :Text;
  leftMs @3 :UInt64;
}

struct Relayed {
  # Circuits that a friend sends through this node, all taken together.
  petname @0 :Text;
  circuits @1 :UInt64;       # now
  cells @2 :UInt64;
  onionFaults @3 :UInt64;
  builds @4 :UInt64;
  refused @5 :UInt64;        # of the builds
}

enum CircuitState {
  building @0;
  open @1;
  suspect @2;                # nothing comes back: traffic has moved to others, it is probed
  closing @3;
}

struct Circuit {
  # One circuit of this node's own sessions.
  id @0 :UInt32;
  to @1 :Data;               # 16, the far end of its session
  petname @2 :Text;          # of the far end, if it is a friend
  hops @3 :List(Text);       # the entry friend's petname, then handles; empty: the far end built it
  state @4 :CircuitState;
  origin @5 :Bool;           # this node built it
  ageMs @6 :UInt64;
  lifetimeMs @7 :UInt64;
  rttMicros @8 :UInt32;      # 0 = not measured
  txBytes @9 :UInt64;        # of cells, as UDP payload
  rxBytes @10 :UInt64;
  onionFaults @11 :UInt64;
  replays @12 :UInt64;
  resent @13 :UInt64;        # cells that were sent again over it
}

struct CircuitCounts {
  open @0 :UInt32;
  building @1 :UInt32;
  failing @2 :UInt32;        # suspect or closing
  relayed @3 :UInt64;        # of others, through this node
}

struct Looked {
  # Whom a text names.
  ok @0 :Bool;
  address @1 :Data;          # 16
  petname @2 :Text;          # if it is a friend
  why @3 :Text;              # it names nobody
  next @4 :Text;
}

struct RouterStatus {
  name @0 :Text;
  address @1 :Data;
  tunAttached @2 :Bool;
  keystoreAttached @3 :Bool;
  peerdbAttached @4 :Bool;
  shaperAttached @5 :Bool;
  keystoreLocked @6 :Bool;
  friends @7 :List(FriendStatus);
  circuits @8 :CircuitCounts;
  announced @9 :List(Promise);    # by this node, to every friend
}

struct PingReply {
  ok @0 :Bool;
  rttMicros @1 :UInt64;
  path @2 :Text;
  why @3 :Text;              # set when not ok
  hops @4 :List(HopTime);    # when they were asked for
  next @5 :Text;
}

struct HopTime {
  hop @0 :Text;              # as in Circuit.hops
  ok @1 :Bool;
  rttMicros @2 :UInt64;      # of a circuit build that ends there, its keystore included
}

struct PathOption {
  hops @0 :List(Text);
  chosen @1 :Bool;
  why @2 :Text;
}

struct PathReply {
  ok @0 :Bool;               # a way is chosen
  peer @1 :Looked;
  options @2 :List(PathOption);  # at most 32
  why @3 :Text;              # the rule that decided, or what is missing
  next @4 :Text;
}

struct CircuitsReply {
  peer @0 :Looked;           # not ok: nobody has this name. Of everybody: ok and no address
  circuits @1 :List(Circuit);    # at most 512
  left @2 :UInt32;           # how many more there are
  relayed @3 :List(Relayed); # of friends that have any; not when one peer was asked for
}

struct NewCircuitReply {
  ok @0 :Bool;
  circuit @1 :Circuit;
  why @2 :Text;
  next @3 :Text;
}

struct FarIdentity {
  once @0 :Bool;             # a one-time identity
  address @1 :Data;          # 16, what far ends see of sessions opened from now on
}

struct Finding {
  ok @0 :Bool;
  what @1 :Text;             # one sentence: what was checked and found
  next @2 :Text;             # what to do about it, empty when ok
}

interface RouterOperator extends(Inspect.Inspectable) {
  status @0 () -> (status :RouterStatus);
  ping @1 (peer :Text, timeoutMs :UInt32, hops :Bool) -> (reply :PingReply);
  # One echo inside the end-to-end session. hops: each hop of the first circuit is timed as well.
  why @2 (peer :Text) -> (findings :List(Finding));
  resolve @3 (peer :Text) -> (peer :Looked);
  circuits @4 (peer :Text) -> (reply :CircuitsReply);
  # An empty peer is everybody.
  path @5 (peer :Text) -> (reply :PathReply);
  # The ways that are known to a peer and which of them circuits would take now.
  newCircuit @6 (peer :Text, timeoutMs :UInt32) -> (reply :NewCircuitReply);
  # One more circuit of the session with this peer, which is opened if there is none.
  closeCircuit @7 (id :UInt32) -> (ok :Bool, why :Text, next :Text);
  identityNew @8 () -> (identity :FarIdentity);
  # Sessions opened from now on show a fresh address that nobody can tie to this node's own.
  identityDrop @9 () -> (identity :FarIdentity);
  # Back to the own address.
  apply @10 (config :Text) -> (ok :Bool, changed :List(Text), why :Text);
  # The text of covfefenet.yaml. All of it that can change in a running node holds from now on, or
  # nothing of it. changed: the keys that differ from what runs (config::apply_live), also those that
  # wait for a restart. why: the fault with its line and key, when not ok.
  reserve @11 (request :Reservation) -> (reply :ReserveReply);
  # The friend is asked; to a third party a circuit is built with the request in it.
  extend @12 (id :UInt32, byMs :UInt64) -> (reply :ReserveReply);
  release @13 (id :UInt32) -> (reply :PromiseReply);
  intend @14 (intent :Intent, inMs :UInt64) -> (reply :PromiseReply);
  # Announced to every friend, also to those whose link comes up later.
  please @15 (peer :Text, byMs :UInt64) -> (reply :PromiseReply);
  # Asks a friend to stay online so much longer and waits for its answer a moment; the friend's
  # operator may answer later: promises shows it.
  answer @16 (peer :Text, yes :Bool, byMs :UInt64) -> (reply :PromiseReply);
  # To a friend's please. byMs 0: what was asked.
  promises @17 () -> (promises :List(Promise), left :UInt32);
  # At most 512; left: how many more there are.
}

struct Reservation {
  peer @0 :Text;
  payloadRate @1 :UInt32;    # B/s of application payload
  packet @2 :UInt16;         # bytes of payload in each packet
  class @3 :Shaper.LeaseClass;
  directions @4 :Directions;
  startsInMs @5 :UInt64;
  lastsMs @6 :UInt64;
  timeoutMs @7 :UInt32;      # 0: a few seconds
}
