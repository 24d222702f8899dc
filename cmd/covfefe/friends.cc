// SPDX-License-Identifier: Apache-2.0
// The verbs that change who is a friend. Order of every change: the keystore's word first where it
// restricts (revoke), last-written record second; when the second step fails the first is taken
// back, so nothing is half-applied.
#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/hex.h"
#include "commands.h"
#include "config/card.h"
#include "crypto/address.h"
#include "crypto/sign.h"
#include "json.h"
#include "layout.h"
#include "node_files.h"
#include "os/clock.h"
#include "os/files.h"
#include "os/resolve.h"
#include "services.h"
#include "trust/level.h"
#include "visibility_text.h"

namespace covfefe::cli {
namespace {

constexpr std::size_t kPskFileLimit = 4096;

Outcome<config::Card> read_card(const std::string& path) {
  const auto text = os::read_text(path, config::kMaxCardText);
  if (!text) return Problem{text.error().text(), ""};
  auto card = config::parse_card(*text, path);
  if (!card) return Problem{card.error().text(), "ask your friend for a fresh one: covfefe card"};
  std::vector<std::uint8_t> message(17 + card->static_key.size());
  copy(bytes_of("covfefe static v1"), message);
  copy(card->static_key, MutableBytes(message).subspan(17));
  if (!crypto::verify(card->identity_key, message, card->static_sig)) {
    return Problem{path + ": static_sig does not belong to these keys", "the card was altered"};
  }
  if (crypto::overlay_address(card->service_key) != card->address) {
    return Problem{path + ": address is not the hash of service_key", "the card was altered"};
  }
  return std::move(*card);
}

Outcome<std::vector<std::uint8_t>> read_psk(const std::string& path) {
  std::vector<std::uint8_t> out;
  if (path.empty()) return out;
  auto text = os::read_text(path, kPskFileLimit);
  if (!text) return Problem{text.error().text(), ""};
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
  out.resize(32);
  if (!from_hex(*text, out) || all_zero(out)) {
    return Problem{path + ": a pairwise key is 64 hexadecimal digits and not zero",
                   "make one: openssl rand -hex 32"};
  }
  return out;
}

Outcome<std::vector<Endpoint>> resolve_all(const std::vector<std::string>& texts) {
  std::vector<Endpoint> out;
  for (const std::string& text : texts) {
    if (!config::is_valid_host_port(text)) {
      return Problem{"endpoint " + text + " is not HOST:PORT", "", kUsage};
    }
    const auto [host, port] = config::split_host_port(text);
    const auto found = os::resolve(host, port);
    if (!found) return Problem{found.error().text(), "give a numeric address"};
    for (const Endpoint& endpoint : *found) {
      const bool known = std::find(out.begin(), out.end(), endpoint) != out.end();
      if (!known && out.size() < kMaxFriendEndpoints) out.push_back(endpoint);
    }
  }
  return out;
}

struct Edges {
  const Layout& layout;
  std::vector<FriendRecord> friends;
};

template <typename Ask>
auto ask(const Layout& layout, std::string_view service, Ask&& question)
    -> decltype(question(std::declval<Connection&>())) {
  auto connection = Connection::open(layout, service);
  if (!connection) return connection.error();
  return question(*connection);
}
// One connection for each question: a thread has one RPC loop at a time.

Outcome<Edges> open_edges(const Layout& layout) {
  auto all = ask(layout, "peerdb", [](Connection& peerdb) { return friends(peerdb); });
  if (!all) return all.error();
  return Edges{layout, std::move(*all)};
}

const FriendRecord* by_name(const Edges& edges, const std::string& name) {
  const auto it = std::find_if(edges.friends.begin(), edges.friends.end(),
                               [&](const FriendRecord& f) { return f.petname == name; });
  return it == edges.friends.end() ? nullptr : &*it;
}

Problem no_such_friend(const std::string& name) {
  return {"no friend is called " + name, "covfefe friend list"};
}

Outcome<void> refuse_known(const Edges& edges, const config::Card& card, const std::string& name) {
  if (by_name(edges, name) != nullptr) {
    return Problem{"a friend is already called " + name, "choose another --name"};
  }
  for (const FriendRecord& known : edges.friends) {
    if (known.identity_key == card.identity_key || known.address == card.address) {
      return Problem{"this card is already your friend " + known.petname,
                     "change it: covfefe friend set " + known.petname};
    }
  }
  return {};
}

Outcome<void> take_back(const Layout& layout, const ByteArray<32>& identity_key) {
  return ask(layout, "keystore",
             [&](Connection& keystore) { return revoke(keystore, identity_key); });
}

Outcome<void> store(const Edges& edges, FriendRecord record,
                    const Outcome<Endorsement>& endorsement) {
  if (!endorsement) return endorsement.error();
  record.serial = endorsement->serial;
  record.endorsement = endorsement->mac;
  const auto stored =
      ask(edges.layout, "peerdb", [&](Connection& peerdb) { return put_friend(peerdb, record); });
  if (stored) return {};
  if (record.id.value == 0) {
    if (auto undone = take_back(edges.layout, record.identity_key); !undone) {
      return Problem{stored.error().what + "; and the endorsement could not be taken back",
                     "covfefe friend list, then try again"};
    }
  }
  return stored.error();
}

Outcome<FriendRecord> record_of(const Layout& layout, const FriendOptions& options) {
  const auto card = read_card(options.who);
  if (!card) return card.error();
  const auto own = load_identity(layout);
  if (!own) return own.error();
  if (own->identity_key == card->identity_key) {
    return Problem{"this is your own card", "exchange cards with a friend"};
  }
  if (!config::is_valid_name(options.name)) {
    return Problem{"--name " + options.name + ": a name is 1 to 63 of a-z, 0-9 and -", "", kUsage};
  }
  std::vector<std::string> endpoints = options.endpoints;
  endpoints.insert(endpoints.end(), card->endpoints.begin(), card->endpoints.end());
  auto resolved = resolve_all(endpoints);
  if (!resolved) return resolved.error();
  FriendRecord out;
  out.petname = options.name;
  out.trust = trust::parse_level(options.trust).value_or(TrustLevel::None);
  out.visibility = parse_visibility(options.visibility).value_or(Visibility::RelayOnly);
  out.identity_key = card->identity_key;
  out.static_key = card->static_key;
  out.service_key = card->service_key;
  out.address = card->address;
  out.endpoints = std::move(*resolved);
  out.added_at = os::wall_now().unix_seconds();
  return out;
}

Outcome<FriendRecord> add(const Layout& layout, const FriendOptions& options) {
  auto record = record_of(layout, options);
  if (!record) return record.error();
  const auto psk = read_psk(options.psk);
  if (!psk) return psk.error();
  auto edges = open_edges(layout);
  if (!edges) return edges.error();
  config::Card keys;
  keys.identity_key = record->identity_key;
  keys.address = record->address;
  if (auto fresh = refuse_known(*edges, keys, options.name); !fresh) return fresh.error();
  const auto endorsement = ask(
      layout, "keystore", [&](Connection& keystore) { return endorse(keystore, *record, *psk); });
  if (auto done = store(*edges, *record, endorsement); !done) return done.error();
  return record;
}

Outcome<FriendRecord> change(const Layout& layout, const FriendOptions& options) {
  auto edges = open_edges(layout);
  if (!edges) return edges.error();
  const FriendRecord* known = by_name(*edges, options.who);
  if (known == nullptr) return no_such_friend(options.who);
  FriendRecord record = *known;
  if (!options.name.empty()) {
    if (!config::is_valid_name(options.name)) {
      return Problem{"--name " + options.name + ": a name is 1 to 63 of a-z, 0-9 and -", "",
                     kUsage};
    }
    if (options.name != options.who && by_name(*edges, options.name) != nullptr) {
      return Problem{"a friend is already called " + options.name, "choose another --name"};
    }
    record.petname = options.name;
  }
  if (const auto trust = trust::parse_level(options.trust)) record.trust = *trust;
  if (const auto shown = parse_visibility(options.visibility)) record.visibility = *shown;
  auto endpoints = resolve_all(options.endpoints);
  if (!endpoints) return endpoints.error();
  for (const Endpoint& old : record.endpoints) {
    const bool repeated = std::find(endpoints->begin(), endpoints->end(), old) != endpoints->end();
    if (!repeated && endpoints->size() < kMaxFriendEndpoints) endpoints->push_back(old);
  }
  record.endpoints = std::move(*endpoints);
  const auto psk = read_psk(options.psk);
  if (!psk) return psk.error();
  const auto endorsement = ask(layout, "keystore", [&](Connection& keystore) {
    return amend(keystore, *known, record, *psk);
  });
  if (auto done = store(*edges, record, endorsement); !done) return done.error();
  return record;
}

Outcome<FriendRecord> remove(const Layout& layout, const FriendOptions& options) {
  auto edges = open_edges(layout);
  if (!edges) return edges.error();
  const FriendRecord* known = by_name(*edges, options.who);
  if (known == nullptr) return no_such_friend(options.who);
  // Revoked first: should the database fail now, the record that is left opens nothing.
  if (auto done = take_back(layout, known->identity_key); !done) return done.error();
  const auto done = ask(layout, "peerdb",
                        [known](Connection& peerdb) { return remove_friend(peerdb, known->id); });
  if (!done) return done.error();
  return *known;
}

int finish(const Common& common, const char* verb, const Outcome<FriendRecord>& outcome) {
  if (!outcome) return report(outcome.error(), common);
  const std::string address = format_address(outcome->address);
  if (common.json) {
    const Json json = Json::document(std::string("friend-") + verb)
                          .set("name", outcome->petname)
                          .set("address", address)
                          .set("trust", trust::name_of(outcome->trust))
                          .set("visibility", name_of(outcome->visibility));
    std::fputs(json.text().c_str(), stdout);
    return kDone;
  }
  std::printf("%s %s (%s, %s)\n", verb, outcome->petname.c_str(), trust::name_of(outcome->trust),
              address.c_str());
  return kDone;
}

}  // namespace

int friend_add(const Common& common, const FriendOptions& options) {
  const int code = finish(common, "added", add(Layout(common.root), options));
  if (code == kDone && !options.psk.empty() && !common.json) {
    std::printf("the pairwise key is in the keystore now: remove %s\n", options.psk.c_str());
  }
  return code;
}

int friend_set(const Common& common, const FriendOptions& options) {
  return finish(common, "changed", change(Layout(common.root), options));
}

int friend_remove(const Common& common, const FriendOptions& options) {
  return finish(common, "removed", remove(Layout(common.root), options));
}

}  // namespace covfefe::cli
