@0xb59b0f2c4d1a7e02;
# What every service tells about itself. Held by the operator only; a reply holds no key, no packet
# and no text from the network.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("covfefe::schema");

struct Inspection {
  service @0 :Text;
  version @1 :Text;
  pid @2 :Int32;
  uptimeMs @3 :UInt64;
  interfaces @4 :List(InterfaceInfo);
  counters @5 :List(Counter);
  queues @6 :List(Queue);
  jail @7 :Jail;
  state @8 :Text;            # "ok", or what is missing in one sentence

  struct InterfaceInfo {
    name @0 :Text;           # "KeystoreForRouter"
    edge @1 :Text;           # the socket on which it is served
    methods @2 :List(Text);
    connections @3 :UInt32;  # live now
    calls @4 :UInt64;        # since start
  }
  struct Counter {
    name @0 :Text;
    value @1 :UInt64;
  }
  struct Queue {
    name @0 :Text;
    depth @1 :UInt64;
    capacity @2 :UInt64;
    dropped @3 :UInt64;
  }
  struct Jail {
    uid @0 :UInt32;
    gid @1 :UInt32;
    capabilities @2 :UInt64; # effective set as a bit mask
    noNewPrivs @3 :Bool;
    dumpable @4 :Bool;
    seccomp @5 :UInt8;       # mode of /proc/self/status: 2 = filter
    syscalls @6 :UInt32;     # entries of the allow-list
    landlock @7 :Int32;      # ABI in force, 0 = kernel without it
    unknown @8 :Text;        # what an unlisted call gets: "enosys" or "kill"
  }
}

interface Inspectable {
  inspect @0 () -> (inspection :Inspection);
  # Cheap: reads counters. Any number of times.
}
