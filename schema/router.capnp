@0x8f3b6a90c7d4e806;
# What the operator may ask of the router. It shows, measures and explains; who is a friend is
# decided elsewhere (keystore and peerdb).

using Cxx = import "/capnp/c++.capnp";
using Common = import "common.capnp";
using Inspect = import "inspect.capnp";
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
}

struct PingReply {
  ok @0 :Bool;
  rttMicros @1 :UInt64;
  path @2 :Text;
  why @3 :Text;              # set when not ok
}

struct Finding {
  ok @0 :Bool;
  what @1 :Text;             # one sentence: what was checked and found
  next @2 :Text;             # what to do about it, empty when ok
}

interface RouterOperator extends(Inspect.Inspectable) {
  status @0 () -> (status :RouterStatus);
  ping @1 (peer :Text, timeoutMs :UInt32) -> (reply :PingReply);
  # One echo inside the end-to-end session. peer is a petname or an overlay address.
  why @2 (peer :Text) -> (findings :List(Finding));
}
