// SPDX-License-Identifier: Apache-2.0
// Damaged databases: flipped bits, cuts, logs of elsewhere, files of other programs. The service
// must come up: with everything, with what a backup holds, or with a sentence that says what to do.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "tests/process/faults/report.h"
#include "tests/process/faults/store_trace.h"
#include "tests/support/temporary_directory.h"

namespace covfefe::faults {
namespace {

using store::Fault;
using Files = std::map<std::string, std::string>;

constexpr int kFriends = 40;

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Files files_in(const std::string& directory) {
  Files out;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    out[entry.path().filename().string()] = read(entry.path().string());
  return out;
}

// Three backups; with or without changes that are only in the log.
Files sound_files(bool with_log) {
  const test::TemporaryDirectory directory;
  auto database = start(directory / "peers.db");
  store::Peers peers(database.value());
  for (int i = 0; i < kFriends; ++i) REQUIRE(peers.put_friend(operation(i), person(i)).ok());
  for (int i = 0; i < store::kBackups; ++i) REQUIRE(database->back_up().ok());
  if (!with_log) {
    database = start(directory / "other.db");
    return files_in(directory.text());
  }
  REQUIRE(peers.remove_friend(operation(1'000), FriendId{1}).ok());
  return files_in(directory.text());
}

struct Outcomes {
  std::uint64_t untouched = 0;  // nothing that is read was hit
  std::uint64_t restored = 0;
  std::uint64_t refused = 0;  // of another version, as far as its number says
  std::uint64_t altered = 0;  // records that differ: the keystore refuses their endorsement
  std::uint64_t rolled_back = 0;

  [[nodiscard]] std::string text() const {
    return std::to_string(restored) + " restored, " + std::to_string(untouched) + " unharmed, " +
           std::to_string(altered) + " with records that no endorsement covers, " +
           std::to_string(rolled_back) + " at an earlier commit, " + std::to_string(refused) +
           " refused by version";
  }
};

class Patient {
 public:
  Patient(Report& report, Outcomes& outcomes) : report_(report), outcomes_(outcomes) {}

  void treat(const Files& files) {
    ++report_.cycles;
    const test::TemporaryDirectory directory;
    for (const auto& [name, content] : files) directory.write(name, content);
    open(directory / "peers.db", 2);
  }

 private:
  // The service ends on what it cannot read, and is started again.
  void open(const std::string& path, int lives) {
    auto database = start(path);
    if (!database) return refused(database.error(), path, lives);
    store::Peers peers(*database);
    const auto friends = peers.friends();
    const bool written = friends.ok() && peers.put_friend(operation(999), person(999)).ok();
    if (written) return judge(*database, *friends);
    database->suspect();
    database = closed();
    if (lives > 0) return open(path, lives - 1);
    ++report_.integrity;
    MESSAGE("it never comes up");
  }

  static store::StoreResult<store::Database> closed() {
    return store::StoreError{Fault::Io, "closed"};
  }

  void refused(const store::StoreError& error, const std::string& path, int lives) {
    CHECK(error.text.find(path) != std::string::npos);
    if (error.fault == Fault::Refused) {
      ++outcomes_.refused;
      CHECK(error.text.find("version") != std::string::npos);
    } else if (lives > 0) {
      open(path, lives - 1);
    } else {
      ++report_.integrity;
      MESSAGE("refused: ", error.text);
    }
  }

  void judge(const store::Database& database, const std::vector<FriendRecord>& friends) {
    std::size_t as_made = 0;
    for (const FriendRecord& one : friends) {
      FriendRecord wanted = person(static_cast<int>(one.id.value) - 1);
      wanted.id = one.id;
      wanted.endpoints = one.endpoints;
      if (one == wanted) ++as_made;
    }
    report_.acked += as_made;
    if (database.how() == store::Opened::Restored) {
      ++outcomes_.restored;
      if (as_made != kFriends) ++report_.lost;
      if (!database.quarantined().empty()) CHECK(std::filesystem::exists(database.quarantined()));
    } else if (friends.size() + 1 < kFriends) {
      ++report_.lost;
      MESSAGE("without a word, only ", friends.size(), " friends are left");
    } else if (as_made < friends.size()) {
      ++outcomes_.altered;
    } else {
      ++(friends.size() == kFriends ? outcomes_.untouched : outcomes_.rolled_back);
    }
  }

  Report& report_;
  Outcomes& outcomes_;
};

void finish(Report& report, const Outcomes& outcomes, const std::string& note) {
  report.note = note + outcomes.text();
  print(report);
  CHECK(report.ok());
}

void flip(std::string& content, std::mt19937_64& random) {
  const std::size_t at = random() % content.size();
  content[at] = static_cast<char>(static_cast<unsigned char>(content[at]) ^ (1U << random() % 8));
}

TEST_CASE("any flipped bits of database and log are survived") {
  const std::uint64_t chosen = seed();
  std::mt19937_64 random(chosen);
  Report report{"database: flipped bits", 0, 0, 0, 0, {}};
  Outcomes outcomes;
  Patient patient(report, outcomes);
  std::uint64_t bits = 0;
  const int images = wants_all() ? 5'000 : wants_few() ? 60 : 250;
  for (const bool with_log : {false, true}) {
    const Files sound = sound_files(with_log);
    for (int i = 0; i < images; ++i) {
      Files files = sound;
      // One bit most often: many at once hide from each other what one does.
      const int count = i % 4 == 0 ? 80 : 1;
      for (int k = 0; k < count; ++k)
        flip(files[with_log && k % 2 == 0 ? "peers.db-wal" : "peers.db"], random);
      bits += static_cast<std::uint64_t>(count);
      patient.treat(files);
    }
  }
  finish(report, outcomes, std::to_string(bits) + " bits, seed " + std::to_string(chosen) + ": ");
}

TEST_CASE("any page that is zeroed, random or another's is survived") {
  std::mt19937_64 random(seed());
  Report report{"database: foreign pages", 0, 0, 0, 0, {}};
  Outcomes outcomes;
  Patient patient(report, outcomes);
  const Files sound = sound_files(false);
  const std::string& whole = sound.at("peers.db");
  for (std::size_t at = 0; at < whole.size(); at += 4'096) {
    std::string noise(4'096, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    const std::string twin = whole.substr((at + 4'096) % whole.size(), 4'096);
    for (const std::string& page : {std::string(4'096, '\0'), noise, twin}) {
      Files files = sound;
      files["peers.db"].replace(at, 4'096, page);
      patient.treat(files);
    }
  }
  finish(report, outcomes, "");
}

TEST_CASE("a database or log that ends at any page, or within one, is survived") {
  Report report{"database: truncated", 0, 0, 0, 0, {}};
  Outcomes outcomes;
  Patient patient(report, outcomes);
  for (const bool with_log : {false, true}) {
    const Files sound = sound_files(with_log);
    const std::string name = with_log ? "peers.db-wal" : "peers.db";
    const std::size_t step = with_log ? 512 : 4'096;
    for (std::size_t keep = 0; keep < sound.at(name).size(); keep += step) {
      for (const std::size_t more : {0U, 1U, 100U}) {
        Files files = sound;
        files[name].resize(keep + more);
        CAPTURE(name);
        CAPTURE(keep + more);
        patient.treat(files);
      }
    }
  }
  finish(report, outcomes, "");
}

std::string foreign_database(const std::string& sql) {
  const test::TemporaryDirectory directory;
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open((directory / "x.db").c_str(), &raw) == SQLITE_OK);
  CHECK(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(raw);
  return read(directory / "x.db");
}

TEST_CASE("a file of another program in the place of database or log is survived") {
  Report report{"database: foreign files", 0, 0, 0, 0, {}};
  Outcomes outcomes;
  Patient patient(report, outcomes);
  const Files plain = sound_files(false);
  const Files logged = sound_files(true);
  const auto with = [&](const Files& from, const std::string& name, const std::string& content) {
    Files files = from;
    files[name] = content;
    patient.treat(files);
  };
  for (const char* sql :
       {"CREATE TABLE x(a)", "CREATE TABLE friends(id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE TABLE x(a); PRAGMA user_version=4", "CREATE TABLE x(a); PRAGMA user_version=2"})
    with(plain, "peers.db", foreign_database(sql));
  for (const std::string& content : {std::string("hello"), std::string(100'000, 'x'), std::string(),
                                     plain.at("peers.db").substr(4'096)})
    with(plain, "peers.db", content);
  for (const std::string& log : {std::string("hello"), std::string(50'000, '\0'),
                                 logged.at("peers.db-wal"), plain.at("peers.db")}) {
    with(plain, "peers.db-wal", log);
    with(plain, "peers.db-journal", log);
  }
  for (const char* gone : {"peers.db", "peers.db-wal"}) {
    Files files = logged;
    files.erase(gone);
    patient.treat(files);
  }
  finish(report, outcomes, "");
}

}  // namespace
}  // namespace covfefe::faults
