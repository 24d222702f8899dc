// SPDX-License-Identifier: Apache-2.0
// The sealed key file on a disk that fails, is full, or loses its power, at every call of a trace:
// friends are endorsed, changed and revoked, and timestamps run ahead.
#include <doctest/doctest.h>

#include <cerrno>
#include <memory>
#include <random>

#include "tests/process/faults/disk.h"
#include "tests/process/faults/platter.h"
#include "tests/process/faults/report.h"
#include "tests/unit/keys/support.h"

namespace covfefe::faults {
namespace {

using test::KeyDirectory;

constexpr int kSteps = 12;
constexpr int kEndorsements = 4;  // of every four steps: two endorse, one changes, one revokes

// Nothing when the disk refused.
std::optional<SysError> failure_of(const keys::VaultError& error) {
  const auto* failed = std::get_if<SysError>(&error);
  REQUIRE(failed != nullptr);
  return *failed;
}

std::optional<SysError> step(keys::Vault& vault, int number) {
  const int round = (number - 1) / kEndorsements;
  const auto seed = static_cast<std::uint8_t>(10 + 2 * round);
  switch ((number - 1) % kEndorsements) {
    case 0:
    case 1: {
      const auto who = static_cast<std::uint8_t>(seed + (number - 1) % kEndorsements);
      const auto made = vault.endorse(test::stranger(who), test::key_of(who).view());
      return made ? std::nullopt : failure_of(made.error());
    }
    case 2: {
      FriendRecord renamed = test::stranger(seed);
      renamed.petname = "renamed";
      const auto made = vault.endorse(renamed, {});
      return made ? std::nullopt : failure_of(made.error());
    }
    default: {
      const auto done = vault.revoke(test::stranger(seed).identity_key);
      return done ? std::nullopt : failure_of(done.error());
    }
  }
}

// Serial numbers and friends; empty if the file does not open.
std::string state_of(KeyDirectory& keys) {
  const auto opened = keys::SealedFile::open(keys.place, keys.credential);
  if (!opened) return {};
  std::string out = std::to_string(opened->contents.next_serial);
  for (const keys::Endorsed& one : opened->contents.friends)
    out += " " + std::to_string(one.identity_key[0]) + ":" + std::to_string(one.newest);
  return out;
}

std::vector<std::string> states() {
  KeyDirectory keys;
  const auto vault = keys.open();
  std::vector<std::string> out{state_of(keys)};
  for (int number = 1; number <= kSteps; ++number) {
    REQUIRE(!step(*vault, number));
    out.push_back(state_of(keys));
  }
  return out;
}

const std::vector<std::string>& wanted_states() {
  static const std::vector<std::string> all = states();
  return all;
}

class KeyLife {
 public:
  KeyLife(KeyDirectory& keys, Disk& disk, Report& report)
      : keys_(keys), disk_(disk), report_(report) {}

  void run() {
    auto vault = look();
    for (int acked = 0; acked < kSteps;) {
      const auto failed = step(*vault, acked + 1);
      if (!failed) {
        ++acked;
        ++report_.acked;
        acked_at.push_back(events == nullptr ? 0 : events->size());
        continue;
      }
      CHECK(disk_.hit());
      if (++refusals_ == 4) disk_.heal();
      disk_.look_away();
      const std::string now = state_of(keys_);
      disk_.look_again();
      const bool unsettled = os::is_unsettled(*failed);
      const bool repeated = unsettled && now == wanted_[static_cast<std::size_t>(acked) + 1];
      if (now.empty()) ++report_.integrity;
      if (!repeated && now != wanted_[static_cast<std::size_t>(acked)]) ++report_.lost;
      // The service ends then, and reads what is there.
      if (unsettled) vault = look();
      if (repeated) ++acked;
    }
    disk_.look_away();
    if (state_of(keys_) != wanted_.back()) ++report_.lost;
    disk_.look_again();
  }

  std::vector<std::size_t> acked_at;
  const std::vector<Event>* events = nullptr;

 private:
  // Reading is not what is tried here.
  std::unique_ptr<keys::Vault> look() {
    disk_.look_away();
    auto vault = keys_.open();
    disk_.look_again();
    return vault;
  }

  const std::vector<std::string>& wanted_ = wanted_states();
  KeyDirectory& keys_;
  Disk& disk_;
  Report& report_;
  int refusals_ = 0;
};

void every_call(int error, Lasting lasting, const std::string& name) {
  Report report{name, 0, 0, 0, 0, {}};
  for (std::uint64_t nth = 1;; ++nth) {
    KeyDirectory keys;
    Disk disk(keys.directory.text());
    keys.place.directory = std::move(*os::open_directory(keys.directory.text()));
    disk.fail({nth, error, lasting});
    CAPTURE(nth);
    KeyLife(keys, disk, report).run();
    if (!disk.hit()) break;
    ++report.cycles;
  }
  report.note = "every call of " + std::to_string(kSteps) + " changes";
  print(report);
  CHECK(report.ok());
}

TEST_CASE("a disk that fails or is full at any call costs no endorsement and no revocation") {
  every_call(EIO, Lasting::Once, "key file: EIO once");
  every_call(EIO, Lasting::Forever, "key file: EIO until mended");
  every_call(ENOSPC, Lasting::Once, "key file: ENOSPC once");
  every_call(ENOSPC, Lasting::Forever, "key file: ENOSPC until there is room");
}

TEST_CASE("a new key file is there whole or not at all, whatever call fails") {
  Report report{"key file: made on a failing disk", 0, 0, 0, 0, {}};
  for (std::uint64_t nth = 1;; ++nth) {
    KeyDirectory keys;
    std::filesystem::remove(keys.path());
    Disk disk(keys.directory.text());
    disk.fail({nth, nth % 2 == 0 ? EIO : ENOSPC, Lasting::Once});
    const auto contents = keys::fresh_contents(test::key_of(3).view());
    const auto made = keys.create(*contents);
    if (!disk.hit()) break;
    ++report.cycles;
    CAPTURE(nth);
    const bool there = std::filesystem::exists(keys.path());
    CHECK(there == (made.ok() || os::is_unsettled(made.error())));
    if (there && state_of(keys).empty()) ++report.integrity;
    if (made.ok()) ++report.acked;
    disk.heal();
    CHECK(keys.create(*contents).ok() == !there);
  }
  print(report);
  CHECK(report.ok());
}

void cut_power(const Platter::Files& files, int acked, Report& report) {
  const std::vector<std::string>& wanted = wanted_states();
  KeyDirectory keys;
  std::filesystem::remove(keys.path());
  for (const auto& [name, content] : files) keys.directory.write(name, content);
  const std::string now = state_of(keys);
  ++report.cycles;
  report.acked += static_cast<std::uint64_t>(acked);
  const auto at = static_cast<std::size_t>(acked);
  if (now.empty()) {
    ++report.integrity;
  } else if (now != wanted[at] && (at == kSteps || now != wanted[at + 1])) {
    ++report.lost;
  }
}

TEST_CASE("a power cut at any call costs no endorsement and no revocation") {
  Report report{"key file: power cut", 0, 0, 0, 0, {}};
  std::vector<Event> events;
  std::mt19937_64 random(seed());
  KeyDirectory keys;
  Disk disk(keys.directory.text());
  keys.place.directory = std::move(*os::open_directory(keys.directory.text()));
  // The platter learns of the file that is there already.
  Platter platter(keys.directory.text());
  const auto file = keys.file();
  platter.apply({Act::Open, keys.path(), {}, 0, {}, true});
  platter.apply({Act::Write, keys.path(), {}, 0, std::string(text_of(file))});
  platter.apply({Act::Sync, keys.path()});
  platter.apply({Act::Sync, keys.directory.text()});
  disk.record(&events);
  Report unused;
  KeyLife life(keys, disk, unused);
  life.events = &events;
  life.run();
  disk.record(nullptr);
  for (std::size_t i = 0; i < events.size(); ++i) {
    platter.apply(events[i]);
    CAPTURE(i);
    const auto acked = std::upper_bound(life.acked_at.begin(), life.acked_at.end(), i);
    for (const Left left : {Left::Nothing, Left::All, Left::Beginning, Left::Scattered}) {
      const auto files = platter.after({left, i % 2 == 0 ? std::size_t{512} : 4'096}, random);
      cut_power(files, static_cast<int>(acked - life.acked_at.begin()), report);
    }
  }
  print(report);
  CHECK(report.ok());
}

}  // namespace
}  // namespace covfefe::faults
