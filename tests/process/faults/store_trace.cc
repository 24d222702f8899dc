// SPDX-License-Identifier: Apache-2.0
#include "tests/process/faults/store_trace.h"

#include "tests/support/temporary_directory.h"

namespace covfefe::faults {
namespace {

constexpr int kRound = 7;  // steps of one round: a friend is added in the first of each

// Friends are numbered by the rounds; ids are given in that order.
FriendId friend_of(int round) {
  return {static_cast<std::uint32_t>(round + 1)};
}

FriendRecord changed(int round) {
  FriendRecord out = person(round);
  out.id = friend_of(round);
  out.petname = "changed-" + std::to_string(round);
  out.serial += 1'000;
  return out;
}

MetricSample sample(int number, FriendId id) {
  MetricSample out;
  out.id = id;
  out.at = kNow.unix_seconds() - 60 * number;
  out.seconds = 60;
  out.rx_bytes = static_cast<std::uint64_t>(number) * 1'000;
  return out;
}

std::string text_of_bytes(ByteView bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void add_text(const FriendRecord& one, std::string& out) {
  out += std::to_string(one.id.value) + " " + one.petname + " " + std::to_string(one.serial) + " ";
  out += text_of_bytes(one.identity_key) + text_of_bytes(one.static_key);
  out += text_of_bytes(one.endorsement);
  for (const Endpoint& endpoint : one.endpoints) out += " " + std::to_string(endpoint.port);
  out += "\n";
}

store::StoreResult<void> done(const store::StoreResult<FriendId>& result) {
  if (!result) return result.error();
  return {};
}

}  // namespace

store::OperationId operation(int number) {
  store::OperationId out{};
  Writer to(out);
  to.le<std::uint32_t>(static_cast<std::uint32_t>(number));
  to.le<std::uint32_t>(0x5eed);
  return out;
}

FriendRecord person(int number) {
  FriendRecord out;
  out.petname = "friend-" + std::to_string(number);
  out.trust = TrustLevel::Met;
  const auto fill = [number](auto& bytes, std::uint8_t kind) {
    bytes.fill(static_cast<std::uint8_t>(number * 5 + 1));
    bytes[0] = kind;
    bytes[1] = static_cast<std::uint8_t>(number >> 4);
  };
  fill(out.identity_key, 1);
  fill(out.static_key, 2);
  fill(out.service_key, 3);
  fill(out.address.bytes, 0xfd);
  out.serial = static_cast<std::uint64_t>(number);
  out.endorsement.fill(7);
  out.added_at = 1'700'000'000;
  return out;
}

store::StoreResult<void> StoreTrace::step(store::Database& database, int number) const {
  store::Peers peers(database);
  const int round = (number - 1) / kRound;
  const FriendId id = friend_of(round);
  switch ((number - 1) % kRound) {
    case 0:
      return done(peers.put_friend(operation(number), person(round)));
    case 1:
      return peers.record_endpoint(operation(number), id,
                                   {Address{}, static_cast<std::uint16_t>(number), 0});
    case 2: {
      const MetricSample one = sample(number, id);
      return peers.record_metrics(operation(number), {&one, 1}, kNow);
    }
    case 3:
      return store::Routes(database).record_catalogue(
          {id, static_cast<std::uint32_t>(number),
           std::vector<std::uint8_t>(kMaxCatalogue / 8, static_cast<std::uint8_t>(number))});
    case 4:
      return done(peers.put_friend(operation(number), changed(round)));
    case 5: {
      const PromiseEnd end{id, PromiseKind::LeaseTaken, true, 1'700'000'000 + number};
      return store::Promises(database).record(operation(number), {&end, 1}, kNow);
    }
    default:
      if (round % 2 == 1) return peers.remove_friend(operation(number), id);
      return database.back_up(round % 4 == 0 ? store::Generation::Next : store::Generation::Same);
  }
}

StoreTrace::StoreTrace(int steps) {
  const test::TemporaryDirectory directory;
  auto database = start(directory / "peers.db");
  after_.push_back(everything_in(database.value()));
  for (int number = 1; number <= steps; ++number) {
    if (!step(*database, number)) bug("a step of the trace fails on a sound disk");
    after_.push_back(everything_in(*database));
  }
}

bool StoreTrace::is_after(store::Database& database, int step) const {
  return step < static_cast<int>(after_.size()) &&
         everything_in(database) == after_[static_cast<std::size_t>(step)];
}

store::StoreResult<store::Database> start(const std::string& path) {
  auto database = store::Database::open(path, kNow);
  if (!database) return database;
  if (auto kept = database->back_up(store::Generation::Same); !kept) {
    if (kept.error().fault == store::Fault::Full) return database;
    database->suspect();
    return kept.error();
  }
  return database;
}

std::string everything_in(store::Database& database) {
  store::Peers peers(database);
  const auto friends = peers.friends();
  if (!friends) return {};
  std::string out = "friends\n";
  for (const FriendRecord& one : *friends) {
    add_text(one, out);
    const auto samples = peers.metrics(one.id, 0, 1'000);
    if (!samples) return {};
    for (const MetricSample& sample : *samples)
      out += " " + std::to_string(sample.at) + ":" + std::to_string(sample.rx_bytes);
  }
  const auto catalogues = store::Routes(database).catalogues({0}, 1'000);
  const auto promises = store::Promises(database).tallies();
  if (!catalogues || !promises) return {};
  for (const CatalogueRecord& one : *catalogues)
    out += "\n" + std::to_string(one.id.value) + " " + std::to_string(one.epoch);
  for (const PromiseTally& one : *promises)
    out += "\n" + std::to_string(one.id.value) + " " + std::to_string(one.kept);
  return out;
}

}  // namespace covfefe::faults
