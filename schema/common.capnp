@0xd1b8a5a9f0c3e611;
# Values that more than one contract uses. Keys and addresses are Data of the stated length; a
# reader of any other length is refused at the door (lib/rpc/convert), never stretched or cut.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("covfefe::schema");

enum Refusal {
  malformed @0;      # a length, value or combination that the contract forbids
  unknown @1;        # no such friend, handshake or identity
  forged @2;         # a signature, tag or endorsement that does not verify
  replayed @3;       # seen before, or older than what was seen
  locked @4;         # the keystore waits for its passphrase
  overloaded @5;     # a bound is reached; try again later
  unavailable @6;    # the service or a thing it needs is not there now
  exists @7;         # would overwrite
  expired @8;
  io @9;             # the disk refused; nothing was acknowledged, but it may be done
}

enum Trust {
  none @0;
  introduced @1;
  known @2;
  met @3;
}

enum Visibility {
  # How a friendship may be shown to other friends; relayOnly is what an operator who says nothing
  # gets. The zero of the encoding is that default, so that records without the field mean it.
  relayOnly @0;
  hidden @1;
  reachable @2;
}

enum PromiseKind {
  none @0;
  leaseGiven @1;           # bandwidth that this node kept for the friend
  leaseTaken @2;           # bandwidth that the friend kept for this node
  onlineUntil @3;          # announced
  leaving @4;              # announced
  please @5;               # asked to stay
}

struct Endpoint {
  ip @0 :Data;       # 16 bytes, IPv4 mapped
  port @1 :UInt16;
}

struct Friend {
  # One friend as the operator added it. The endorsement is a MAC by the keystore over every field
  # but id, endpoints and addedAt; a keystore serves no friend whose endorsement does not verify.
  id @0 :UInt32;             # row in peerdb, 0 until stored
  petname @1 :Text;          # 1..63 of [a-z0-9-], unique
  trust @2 :Trust;
  identityKey @3 :Data;      # 32, Ed25519
  staticKey @4 :Data;        # 32, X25519
  serviceKey @5 :Data;       # 32, Ed25519; its hash is the overlay address
  address @6 :Data;          # 16
  serial @7 :UInt64;         # of the endorsement; grows with each, a revocation covers all before
  endorsement @8 :Data;      # 32
  endpoints @9 :List(Endpoint);  # newest first, at most 8
  addedAt @10 :Int64;        # Unix seconds
  visibility @11 :Visibility;
}

struct Identity {
  name @0 :Text;
  identityKey @1 :Data;      # 32, Ed25519
  staticKey @2 :Data;        # 32, X25519
  staticSignature @3 :Data;  # 64, Ed25519 over "covfefe static v1" and the static key
  serviceKey @4 :Data;       # 32, Ed25519
  address @5 :Data;          # 16
}
