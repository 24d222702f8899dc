@0x9d1c4e82b6f7a307;
# What two friends' routers say to each other in CONTROL frames of the link circuit: one message per
# frame, delivered once and in order (covfefe-protocol(7)). The bytes come from another machine:
# decoded with a traversal limit of 256 words and nesting limit 4, then converted into wire::Control.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("covfefe::schema");

struct Control {
  union {
    hello @0 :Hello;
    rekeyOffer @1 :RekeyOffer;
    rekeyAnswer @2 :RekeyOffer;
    directOpen @3 :DirectOpen;
    directOpened @4 :DirectOpened;
    directRefused @5 :DirectRefused;
    probeSeen @6 :ProbeSeen;
    offer @7 :Offer;
    descriptorsGet @8 :DescriptorsGet;
    descriptors @9 :Descriptors;
    descriptorsChanged @10 :DescriptorsChanged;
    nameAsk @11 :NameAsk;
    nameAnswer @12 :NameAnswer;
    need @13 :Need;
    ack @14 :Ack;
    nak @15 :Nak;
    extend @16 :Extend;
    release @17 :Release;
    onlineUntil @18 :Announcement;
    leaving @19 :Announcement;
    please @20 :Please;
  }

  struct Hello {
    # First message after a link came up, again when it changes: where data cells are welcome.
    version @0 :UInt16;
    dataSockets @1 :List(DataSocket);   # at most 8
    idle @2 :Idle;                      # what the sender keeps flowing to the receiver (R1)
  }
  enum Idle { off @0; alwaysOn @1; metered @2; }
  struct DataSocket {
    port @0 :UInt16;
    class @1 :Class;
    direction @2 :Direction;
  }
  enum Class { bulk @0; realtime @1; }
  enum Direction { both @0; receiveOnly @1; sendOnly @2; }

  struct RekeyOffer {
    # A6: one message of Noise_NNpsk0, PSK = the session's export.
    index @0 :UInt32;      # receiver index for the new session, issued by the sender
    noise @1 :Data;        # 48
  }
  struct DirectOpen {
    # Opens a one-hop circuit to the friend and starts its end-to-end session.
    circuit @0 :UInt32;    # the id that the sender wants to receive
    salt @1 :Data;         # 32
    noise @2 :Data;        # 48, msg1 of Noise_XXpsk0 (A7)
  }
  struct DirectOpened {
    yourCircuit @0 :UInt32;
    myCircuit @1 :UInt32;
    salt @2 :Data;         # 32
    noise @3 :Data;        # 232, msg2 of Noise_XXpsk0: e 32, s 48, certificate 136 + 16
  }
  struct DirectRefused {
    yourCircuit @0 :UInt32;
    reason @1 :UInt8;      # 0 no service, 1 overloaded, 2 not now
  }
  struct ProbeSeen {
    token @0 :UInt64;      # of an L-sized PAD cell that arrived (A25)
  }

  struct Offer {
    # What the receiver may say of the sender to its other friends (D2, D3).
    shown @0 :Shown;
    rate @1 :UInt8;                     # log2 of B/s, 0 unknown
    onionKeys @2 :List(OnionKey);       # at most 2
  }
  enum Shown { hidden @0; relayOnly @1; reachable @2; }
  struct OnionKey {
    key @0 :Data;          # 32, not zero
    notAfter @1 :Int64;    # Unix seconds, above 0
  }
  struct DescriptorsGet {
    # Asks for one page of what the receiver serves the sender (D8).
    generation @0 :UInt32; # 0: the newest
    from @1 :UInt16;       # below 512
  }
  struct Descriptors {
    generation @0 :UInt32; # not 0
    epoch @1 :UInt32;
    total @2 :UInt16;      # at most 512
    from @3 :UInt16;
    entries @4 :Data;      # 0..12 descriptors of 96 bytes (lib/wire/descriptor.h), within total
  }
  struct DescriptorsChanged {
    generation @0 :UInt32; # not 0
  }
  struct NameAsk {
    # NAME.FRIEND: the address of a friend of the receiver (D12).
    token @0 :UInt32;
    name @1 :Text;         # 1..63 of [a-z0-9-], no hyphen first or last
  }
  struct NameAnswer {
    token @0 :UInt32;
    address @1 :Data;      # 16, an overlay address; empty: no friend that may be named
  }

  # Promises (P1 to P14): each fits one S cell. Numbers are the asker's and never 0; rates are bytes
  # of payload a second, times seconds.
  enum LeaseClass { none @0; realtime @1; bulk @2; }
  struct Need {
    number @0 :UInt32;
    rate @1 :UInt32;       # 1..2^30
    packet @2 :UInt16;     # 1..1232, payload of one
    class @3 :LeaseClass;
    startsIn @4 :UInt32;   # at most a day
    lasts @5 :UInt32;      # 1 s to a day
    least @6 :UInt32;      # at most rate; 0: no less
  }
  struct Ack {
    number @0 :UInt32;
    rate @1 :UInt32;       # 0: of a Please, and then packet, class and startsIn are 0
    packet @2 :UInt16;
    class @3 :LeaseClass;
    startsIn @4 :UInt32;
    lasts @5 :UInt32;      # from its start; at most a day, 0: it is over
  }
  struct Nak {
    number @0 :UInt32;
    reason @1 :UInt8;      # 1..9
    bestRate @2 :UInt32;   # 0: none known
    bestLasts @3 :UInt32;  # at most a day, 0: none known
  }
  struct Extend {
    number @0 :UInt32;
    by @1 :UInt32;         # 1 s to a day
  }
  struct Release {
    number @0 :UInt32;
  }
  struct Announcement {
    in @0 :UInt32;         # onlineUntil: a multiple of 300, at most a week; leaving: of 60 up to
                           # 3600, else of 300, at most a day; 0: taken back
  }
  struct Please {
    number @0 :UInt32;
    by @1 :UInt32;         # a multiple of 60, 60 s to a day
  }
}
