// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temporary.h"

namespace covfefe::store {
namespace {

struct Store {
  explicit Store(const std::string& path) : opened(Database::open(path, kNow)) {
    REQUIRE(opened.ok());
  }
  StoreResult<Database> opened;
  Peers peers{opened.value()};
};

std::vector<FriendRecord> all(Peers& peers) {
  auto out = peers.friends();
  REQUIRE(out.ok());
  return *out;
}

TEST_CASE("a stored friend is read back whole, after a restart too") {
  const TemporaryDirectory directory;
  FriendRecord stored = person(1);
  {
    Store store(directory.file("peers.db"));
    const auto id = store.peers.put_friend(operation(1), stored);
    REQUIRE(id.ok());
    stored.id = *id;
  }
  Store again(directory.file("peers.db"));
  CHECK(again.opened->how() == Opened::Existing);
  REQUIRE(all(again.peers).size() == 1);
  CHECK(all(again.peers)[0] == stored);
}

TEST_CASE("repeating an operation changes nothing and returns the first answer") {
  const TemporaryDirectory directory;
  FriendId first;
  {
    Store store(directory.file("peers.db"));
    first = store.peers.put_friend(operation(1), person(1)).value();
    CHECK(store.peers.put_friend(operation(1), person(1)).value() == first);
    CHECK(store.peers.put_friend(operation(1), person(2)).value() == first);
  }
  Store again(directory.file("peers.db"));
  CHECK(again.peers.put_friend(operation(1), person(3)).value() == first);
  CHECK(all(again.peers).size() == 1);
}

TEST_CASE("names, keys and addresses are unique") {
  const TemporaryDirectory directory;
  Store store(directory.file("peers.db"));
  REQUIRE(store.peers.put_friend(operation(1), person(1)).ok());
  FriendRecord same_name = person(9);
  same_name.petname = "friend-1";
  CHECK(store.peers.put_friend(operation(2), same_name).error().fault == Fault::Exists);
  FriendRecord same_key = person(9);
  same_key.identity_key = person(1).identity_key;
  CHECK(store.peers.put_friend(operation(3), same_key).error().fault == Fault::Exists);
  CHECK(all(store.peers).size() == 1);
}

TEST_CASE("a refused change is not remembered as done") {
  const TemporaryDirectory directory;
  Store store(directory.file("peers.db"));
  FriendRecord nameless = person(1);
  nameless.petname.clear();
  CHECK(store.peers.put_friend(operation(1), nameless).error().fault == Fault::Refused);
  CHECK(store.peers.put_friend(operation(1), person(1)).ok());
}

TEST_CASE("a removed friend is gone with endpoints and metrics, and its id is not given again") {
  const TemporaryDirectory directory;
  Store store(directory.file("peers.db"));
  const FriendId id = store.peers.put_friend(operation(1), person(1)).value();
  const MetricSample sample{id, kNow.unix_seconds(), 10, 5, 6, 10, 100, 0, 0, 0, 0, 0};
  REQUIRE(store.peers.record_metrics(operation(2), {&sample, 1}, kNow).ok());
  REQUIRE(store.peers.remove_friend(operation(3), id).ok());
  CHECK(store.peers.remove_friend(operation(4), id).error().fault == Fault::Unknown);
  CHECK(store.peers.metrics(id, 0, 100).value().empty());
  CHECK(store.peers.put_friend(operation(5), person(1)).value() != id);
}

TEST_CASE("the newest endpoint comes first and eight are kept") {
  const TemporaryDirectory directory;
  Store store(directory.file("peers.db"));
  const FriendId id = store.peers.put_friend(operation(1), person(1)).value();
  Endpoint endpoint;
  for (std::uint16_t port = 1; port <= 12; ++port) {
    endpoint.port = port;
    REQUIRE(
        store.peers.record_endpoint(operation(static_cast<std::uint8_t>(port + 1)), id, endpoint)
            .ok());
  }
  const auto known = all(store.peers)[0].endpoints;
  REQUIRE(known.size() == kMaxFriendEndpoints);
  CHECK(known[0].port == 12);
  CHECK(known[7].port == 5);
  endpoint.port = 7;
  REQUIRE(store.peers.record_endpoint(operation(99), id, endpoint).ok());
  CHECK(all(store.peers)[0].endpoints[0].port == 7);
  CHECK(all(store.peers)[0].endpoints.size() == kMaxFriendEndpoints);
}

TEST_CASE("metrics add up in minutes and leave when they are old") {
  const TemporaryDirectory directory;
  Store store(directory.file("peers.db"));
  const FriendId id = store.peers.put_friend(operation(1), person(1)).value();
  const std::int64_t minute = kNow.unix_seconds() / 60 * 60;
  const MetricSample samples[] = {{id, minute - 30, 10, 100, 10, 10, 900, 1, 1, 2, 3, 4},
                                  {id, minute - 20, 10, 50, 5, 10, 0, 2, 10, 20, 30, 40}};
  REQUIRE(store.peers.record_metrics(operation(2), samples, kNow).ok());
  auto rows = store.peers.metrics(id, 0, 100).value();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0] == MetricSample{id, minute, 20, 150, 15, 20, 900, 3, 11, 22, 33, 44});

  const WallTime later{kNow.unix_nanoseconds + (kMinuteAge + 120) * 1'000'000'000};
  REQUIRE(store.peers.record_metrics(operation(3), {}, later).ok());
  CHECK(store.peers.metrics(id, 0, 100).value().empty());
}

TEST_CASE("a sample from the future neither stays nor drops the others") {
  const TemporaryDirectory directory;
  Store store(directory.file("peers.db"));
  const FriendId id = store.peers.put_friend(operation(1), person(1)).value();
  const MetricSample samples[] = {{id, kNow.unix_seconds(), 10, 1, 1, 10, 0, 0, 0, 0, 0, 0},
                                  {id, INT64_MAX - 1, 10, 1, 1, 10, 0, 0, 0, 0, 0, 0}};
  REQUIRE(store.peers.record_metrics(operation(2), samples, kNow).ok());
  CHECK(store.peers.metrics(id, 0, 100).value().size() == 1);
}

TEST_CASE("samples of unknown friends and absurd numbers do no harm") {
  const TemporaryDirectory directory;
  Store store(directory.file("peers.db"));
  const FriendId id = store.peers.put_friend(operation(1), person(1)).value();
  const MetricSample samples[] = {
      {FriendId{4711}, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
      {id, -5, 10, UINT64_MAX, UINT64_MAX, 10, 0, 0, UINT32_MAX, 0, 0, UINT64_MAX},
      {id, -5, 10, UINT64_MAX, UINT64_MAX, 10, 0, 0, UINT32_MAX, 0, 0, UINT64_MAX}};
  CHECK(store.peers.record_metrics(operation(2), samples, WallTime{1'000'000'000}).ok());
}

TEST_CASE("what was acknowledged is there after the process is killed") {
  const TemporaryDirectory directory;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    auto opened = Database::open(directory.file("peers.db"), kNow);
    Peers peers(opened.value());
    for (std::uint8_t number = 1; number < 200; number = static_cast<std::uint8_t>(number + 3)) {
      if (!peers.put_friend(operation(number), person(number)).ok()) _exit(1);
      if (write(ends[1], &number, 1) != 1) _exit(1);
    }
    pause();
    _exit(0);
  }
  std::size_t acknowledged = 0;
  std::uint8_t number = 0;
  while (acknowledged < 25 && read(ends[0], &number, 1) == 1) ++acknowledged;
  REQUIRE(child > 1);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ends[0]);
  close(ends[1]);
  Store store(directory.file("peers.db"));
  CHECK(all(store.peers).size() >= acknowledged);
}

}  // namespace
}  // namespace covfefe::store
