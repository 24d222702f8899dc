@0xe0a4c7d35b9f2203;
# What may be asked of the process that holds the long-term keys. Two capabilities for two edges:
# the router runs handshakes and opens builds, the operator decides who is a friend. No method of
# either returns a private key, a PSK or the result of a bare Diffie-Hellman.

using Cxx = import "/capnp/c++.capnp";
using Common = import "common.capnp";
using Inspect = import "inspect.capnp";
$Cxx.namespace("covfefe::schema");

interface KeystoreForRouter {
  # Bootstrap on the edge router.keystore. The keystore connects; the router calls.

  identity @0 () -> (identity :Common.Identity);
  # Public keys of this node; unavailable while locked (refused by an empty identityKey).

  loadFriends @1 (friends :List(Common.Friend), seen :List(Seen)) -> (accepted :UInt32, refused :UInt32, leftOut :List(UInt32));
  # Replaces the table of whom handshakes are run with. Records whose endorsement does not verify or
  # was revoked are left out, counted and named by their id: nothing in them is the operator's
  # word. While locked all are. `seen` restores replay protection after a restart.

  initiate @2 (staticKey :Data, bootId :Data) -> (reply :InitiateReply);
  # First message of Noise_IKpsk2 to a loaded friend. Pending handshakes: at most 4,096, oldest out.

  finish @3 (handshake :UInt64, message :Data) -> (reply :HandshakeReply);
  # Consumes the friend's second message (212 bytes). A forged one leaves the handshake pending.

  respond @4 (message :Data, bootId :Data) -> (reply :HandshakeReply);
  # Runs the whole responder: decrypts the static key, looks it up before any further DH, checks the
  # timestamp, answers. message is 216 bytes.

  certify @5 (sessionKey :Data) -> (certificate :Data);
  # Certifies an X25519 key of the router for end-to-end sessions, one hour (A7): 136 bytes, empty
  # while locked.

  openBuild @6 (packet :Data) -> (reply :OpenBuildReply);
  # Opens a circuit build of 1,264 bytes with the onion keys. overloaded: too many were opened
  # lately; expired: made at another time; replayed: opened before. A packet that does not open is
  # forged and leaves no trace.

  onionKeys @7 () -> (keys :List(OnionKey));
  # What builds may be sealed to, newest first: one or two, none while locked. In memory only.

  struct Seen {
    staticKey @0 :Data;   # 32
    timestamp @1 :Data;   # 12, TAI64N
  }
  struct InitiateReply {
    union {
      refused @0 :Common.Refusal;
      ok :group {
        handshake @1 :UInt64;
        message @2 :Data;      # 216: e 32, s 48, payload 136
      }
    }
  }
  struct HandshakeReply {
    union {
      refused @0 :Common.Refusal;
      ok :group {
        staticKey @1 :Data;    # 32, the authenticated friend
        message @2 :Data;      # 212 from respond, empty from finish
        sendKey @3 :Data;      # 32, Noise split, this node's sending direction
        receiveKey @4 :Data;   # 32
        peerBootId @5 :Data;   # 8
        peerVersion @6 :UInt16;
        peerFlags @7 :UInt16;
        timestamp @8 :Data;    # 12 from respond, empty from finish
      }
    }
  }
  struct OpenBuildReply {
    union {
      refused @0 :Common.Refusal;
      ok :group {
        record @1 :Data;       # 80, well made
        k1 @2 :Data;           # 32, the hop's first key, good for this build only
        rest @3 :Data;         # 1,136: what was sealed behind the record
        onionKey @4 :Data;     # 32, the public half that it was sealed to
      }
    }
  }
  struct OnionKey {
    key @0 :Data;              # 32
    notAfter @1 :Int64;        # Unix seconds: erased by then
  }
}

interface KeystoreOperator extends(Inspect.Inspectable) {
  # Bootstrap on keystore.operator, which only the operator can connect to.

  identity @0 () -> (identity :Common.Identity, locked :Bool);

  endorse @1 (friend :Common.Friend, psk :Data) -> (reply :EndorseReply);
  # Makes a friend of whoever holds the keys in `friend` (serial and endorsement are ignored), which
  # must come from the operator, never from peerdb: what peerdb keeps is changed by amend. psk:
  # empty keeps what there is, 32 bytes replace it, 32 zero bytes remove it; it is kept in the sealed
  # key file. Durable before the reply. Endorsed again, an identity's earlier record stays good until
  # the newer one is loaded, unless the static key changed: a crash between keystore and peerdb must
  # not lose a friend.

  revoke @2 (identityKey :Data) -> (refused :Bool, why :Common.Refusal);
  # No endorsement made before this call is honoured again. The PSK is erased. Durable.

  unlock @3 (passphrase :Data) -> (ok :Bool, why :Text);
  # For key files sealed with a passphrase. One try a second.

  amend @4 (previous :Common.Friend, friend :Common.Friend, psk :Data) -> (reply :EndorseReply);
  # Endorses a change to a friend. previous: the record exactly as peerdb gave it, whose endorsement
  # must be one that loadFriends would accept now; it vouches for the petname, trust and visibility
  # that the operator takes over. forged when it does not, or when identity, static or service key
  # or address differ between the two; then nothing has changed. Otherwise as endorse.

  struct EndorseReply {
    union {
      refused @0 :Common.Refusal;
      ok :group {
        serial @1 :UInt64;
        endorsement @2 :Data;  # 32
      }
    }
  }
}
