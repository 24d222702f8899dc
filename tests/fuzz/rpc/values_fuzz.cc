// SPDX-License-Identifier: Apache-2.0
// Answers and parameters as another process may lay them out: the first byte names the kind of
// record, the rest is the first segment of a message. What is read as a value is written again and
// reads as the same.
#include <capnp/serialize.h>
#include <schema/shaper.capnp.h>

#include "base/bug.h"
#include "rpc/convert.h"
#include "rpc/history.h"
#include "rpc/leases.h"
#include "tests/fuzz/rpc/live.h"

namespace covfefe::fuzz {
namespace {

template <typename Schema, typename Value, typename Write>
kj::Array<capnp::word> written(const Value& value, Write& write) {
  capnp::MallocMessageBuilder out;
  write(value, out.initRoot<Schema>());
  return capnp::messageToFlatArray(out);
}

template <typename Schema, typename Read, typename Write>
void through(capnp::MessageReader& message, Read&& read, Write&& write) {
  const auto value = read(message.getRoot<Schema>());
  if (!value) return;
  const kj::Array<capnp::word> words = written<Schema>(*value, write);
  capnp::FlatArrayMessageReader in(words);
  const auto again = read(in.getRoot<Schema>());
  if (!again) bug("what was written is refused");
  if (written<Schema>(*again, write).asBytes() != words.asBytes()) bug("another value");
}

void record(std::uint8_t kind, capnp::MessageReader& in) {
  using namespace rpc;
  switch (kind % 12) {
    case 0:
      return through<schema::Friend>(in, friend_from, write_friend);
    case 1:
      return through<schema::Identity>(in, identity_from,
                                       [](const auto& from, auto to) { write_identity(from, to); });
    case 2:
      return through<schema::MetricSample>(in, sample_from, write_sample);
    case 3:
      return through<schema::Catalogue>(in, catalogue_from, write_catalogue);
    case 4:
      return through<schema::KeystoreForRouter::Seen>(in, seen_from, write_seen);
    case 5:
      return through<schema::PromiseTally>(in, tally_from, write_tally);
    case 6:
      return through<schema::LeaseTerms>(in, terms_from, write_terms);
    case 7:
      return through<schema::Lease>(in, lease_from, write_lease);
    case 8:
      return through<schema::LeaseAnswer>(in, answer_from, write_answer);
    case 9:
      return through<schema::Endpoint>(in, endpoint_from, write_endpoint);
    default:
      break;
  }
}

// Lists are refused whole or taken whole.
void lists(capnp::MessageReader& in) {
  using namespace rpc;
  const auto any = in.getRoot<capnp::AnyStruct>();
  for (const auto pointer : any.getPointerSection()) {
    const auto friends = friends_from(pointer.getAs<capnp::List<schema::Friend>>());
    if (friends && friends->size() > kMaxFriends) bug("more friends than a list may hold");
    (void)samples_from(pointer.getAs<capnp::List<schema::MetricSample>>(), 64);
    (void)catalogues_from(pointer.getAs<capnp::List<schema::Catalogue>>());
    (void)destinations_from(pointer.getAs<capnp::List<capnp::Data>>());
    (void)promise_ends_from(pointer.getAs<capnp::List<schema::PromiseOutcome>>());
    (void)capacity_from(pointer.getAs<capnp::List<schema::CapacityRecord>>(), 64);
    (void)minutes_from(pointer.getAs<capnp::List<schema::CapacitySample>>());
    (void)places_from(pointer.getAs<capnp::List<schema::LinkPlace>>());
    (void)leases_from(pointer.getAs<capnp::List<schema::Lease>>());
  }
}

}  // namespace
}  // namespace covfefe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe;
  if (size < 9) return 0;
  auto words = kj::heapArray<capnp::word>((size - 1) / 8);
  std::memcpy(words.begin(), data + 1, words.asBytes().size());
  fuzz::OneSegment message(words);
  // A message that lies about its pointers may throw, as the contract of the readers says.
  (void)kj::runCatchingExceptions([&] {
    if (data[0] % 12 < 10) return fuzz::record(data[0], message);
    fuzz::lists(message);
  });
  return 0;
}
