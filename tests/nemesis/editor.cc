// SPDX-License-Identifier: Apache-2.0
#include "editor.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "config/card.h"
#include "crypto/entropy.h"
#include "keys/root_keys.h"
#include "os/files.h"
#include "os/process.h"
#include "trust/level.h"
#include "visibility_text.h"

namespace covfefe::nemesis {
namespace {

constexpr std::array<const char*, 3> kTrusts = {"introduced", "known", "met"};
constexpr std::array<const char*, 3> kShown = {"hidden", "relay-only", "reachable"};
constexpr std::uint64_t kPorts = 60'000;
constexpr int kTries = 20;

// Each change gives the friend another port: what is read back names the operation that wrote it.
std::string endpoint_of(std::uint64_t operation) {
  return "192.0.2.1:" + std::to_string(1 + operation % kPorts);
}

std::string value_of(const FriendRecord& record) {
  const std::string endpoint =
      record.endpoints.empty() ? "none" : format_endpoint(record.endpoints.front());
  return std::string(trust::name_of(record.trust)) + " " + cli::name_of(record.visibility) + " " +
         endpoint;
}

bool is_ours(const FriendRecord& record) {
  return record.petname.size() > 1 && record.petname[0] == 'n' && record.petname[1] >= '0' &&
         record.petname[1] <= '9';
}

}  // namespace

Editor::Editor(const Setting& setting)
    : setting_(setting),
      common_{setting.root, false},
      journal_(setting.journal),
      random_(setting.seed) {
  for (std::size_t i = 0; i < kSlots; ++i) {
    Slot slot{"n" + std::to_string(i), {}, false};
    slot.card = setting_.cards + "/" + slot.name + ".card";
    make_card(slot);
    slots_.push_back(slot);
  }
}

void Editor::make_card(Slot& slot) {
  crypto::SecretKey seed;
  crypto::SystemEntropy().fill(seed.mutable_view());
  const auto keys = keys::RootKeys::from_seed(seed.view());
  if (!keys) std::abort();
  const keys::PublicIdentity& own = keys->identity();
  config::Card card;
  card.name = slot.name;
  card.identity_key = own.identity_key;
  card.static_key = own.static_key;
  copy(own.static_signature, card.static_sig);
  card.service_key = own.service_key;
  card.address = own.address;
  const auto text = config::emit_card(card);
  if (!os::write_atomically(slot.card, bytes_of(text))) std::abort();
}

void Editor::edit() {
  Slot& slot = slots_[random_() % slots_.size()];
  const std::string verb = choose(slot);
  if (verb == "remove") return remove(slot);
  change(slot, verb);
}

// Mostly what should work; sometimes what should be refused.
std::string Editor::choose(const Slot& slot) {
  const std::uint64_t die = random_() % 20;
  if (die == 0) return "add";
  if (die == 1) return "set";
  if (die == 2) return "remove";
  if (!slot.believed) return "add";
  return die < 14 ? "set" : "remove";
}

void Editor::change(Slot& slot, const std::string& verb) {
  const std::uint64_t operation = next_++;
  cli::FriendOptions options;
  options.who = verb == "add" ? slot.card : slot.name;
  options.name = slot.name;
  options.trust = kTrusts[random_() % kTrusts.size()];
  options.visibility = kShown[random_() % kShown.size()];
  options.endpoints = {endpoint_of(operation)};
  const std::string value =
      options.trust + " " + options.visibility + " " + options.endpoints.front();
  journal_.issued(operation, verb, member("friend", slot.name) + "," + member("value", value));
  const int code =
      verb == "add" ? cli::friend_add(common_, options) : cli::friend_set(common_, options);
  if (code != cli::kDone) return journal_.failed(operation);
  journal_.acknowledged(operation, "");
  slot.believed = true;
}

void Editor::remove(Slot& slot) {
  const std::uint64_t operation = next_++;
  const auto before = list();
  cli::FriendOptions options;
  options.who = slot.name;
  journal_.issued(operation, "remove", member("friend", slot.name));
  if (cli::friend_remove(common_, options) != cli::kDone) return journal_.failed(operation);
  journal_.acknowledged(operation, "");
  slot.believed = false;
  for (const FriendRecord& record : before ? *before : std::vector<FriendRecord>{}) {
    if (record.petname == slot.name) removed_.push_back({operation, record});
  }
}

cli::Outcome<std::vector<FriendRecord>> Editor::list() {
  auto peerdb = cli::Connection::open(cli::Layout(setting_.root), "peerdb");
  if (!peerdb) return peerdb.error();
  return cli::friends(*peerdb);
}

void Editor::read() {
  const std::uint64_t operation = next_++;
  journal_.issued(operation, "read", "");
  const auto all = list();
  if (!all) return journal_.failed(operation);
  std::string seen;
  for (Slot& slot : slots_) slot.believed = false;
  for (const FriendRecord& record : *all) {
    if (!is_ours(record)) continue;
    seen += (seen.empty() ? "" : ",") + member(record.petname, value_of(record));
    for (Slot& slot : slots_) slot.believed = slot.believed || slot.name == record.petname;
  }
  journal_.acknowledged(operation, "\"friends\":{" + seen + "}");
}

cli::Outcome<bool> Editor::accepts(const FriendRecord& record) {
  auto keystore = cli::Connection::open(cli::Layout(setting_.root), "keystore");
  if (!keystore) return keystore.error();
  const auto answer = cli::amend(*keystore, record, record, {});
  if (!answer && answer.error().code == cli::kDown) return answer.error();
  return answer.ok();
}

// "yes", "no", or "unknown" when no answer was to be had.
std::string Editor::judged(const FriendRecord& record) {
  for (int left = kTries; left > 0; --left) {
    const auto answer = accepts(record);
    if (answer) return *answer ? "yes" : "no";
    std::fprintf(stderr, "%s\n", answer.error().what.c_str());
    (void)os::wait_readable({}, Duration::millis(100));
  }
  return "unknown";
}

void Editor::vouch() {
  const std::uint64_t operation = next_++;
  journal_.issued(operation, "vouch", "");
  const auto all = list();
  if (!all) return journal_.failed(operation);
  std::string seen;
  for (const FriendRecord& record : *all) {
    if (!is_ours(record)) continue;
    seen += (seen.empty() ? "" : ",") + member(record.petname, judged(record));
  }
  journal_.acknowledged(operation, "\"vouched\":{" + seen + "}");
}

void Editor::honour() {
  const std::uint64_t operation = next_++;
  journal_.issued(operation, "honour", "");
  std::string seen;
  for (const Removed& one : removed_) {
    seen += (seen.empty() ? "" : ",") + member(std::to_string(one.operation), judged(one.record));
  }
  journal_.acknowledged(operation, "\"honoured\":{" + seen + "}");
}

}  // namespace covfefe::nemesis
