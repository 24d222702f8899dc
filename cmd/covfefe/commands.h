// SPDX-License-Identifier: Apache-2.0
// The verbs of the operator's tool. Each returns the exit code of the process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "outcome.h"

namespace covfefe::cli {

struct InitOptions {
  std::string name;             // empty: the host's name
  std::string listen;           // ADDR:PORT of the control socket, empty: all addresses, 6363
  std::string tun;              // empty: the default
  std::string passphrase_file;  // empty: a credential file opens the keys at every start
};
[[nodiscard]] int init(const Common& common, const InitOptions& options);

struct UpOptions {
  std::string jail_unknown = "enosys";
  unsigned watchdog = 30;  // seconds
};
[[nodiscard]] int up(const Common& common, const UpOptions& options);

[[nodiscard]] int id(const Common& common);

struct CardOptions {
  std::vector<std::string> endpoints;  // empty: this host's own addresses
  bool qr = false;
};
[[nodiscard]] int card(const Common& common, const CardOptions& options);

struct FriendOptions {
  std::string who;         // petname (add: the card's file)
  std::string name;        // petname to give
  std::string trust;       // empty: unchanged
  std::string visibility;  // empty: unchanged; of a new friend relay-only
  std::string psk;         // file, empty: none
  std::vector<std::string> endpoints;
};
[[nodiscard]] int friend_add(const Common& common, const FriendOptions& options);
[[nodiscard]] int friend_set(const Common& common, const FriendOptions& options);
[[nodiscard]] int friend_remove(const Common& common, const FriendOptions& options);
[[nodiscard]] int friend_list(const Common& common);
[[nodiscard]] int friend_show(const Common& common, const FriendOptions& options);

[[nodiscard]] int status(const Common& common);

struct PingOptions {
  std::string peer;
  std::uint32_t count = 4;
  bool hops = false;  // time each hop, too
};
[[nodiscard]] int ping(const Common& common, const PingOptions& options);
[[nodiscard]] int why(const Common& common, const std::string& peer);
[[nodiscard]] int path(const Common& common, const std::string& peer);
[[nodiscard]] int circuits(const Common& common, const std::string& peer);
// An empty peer is everybody.
[[nodiscard]] int circuit_new(const Common& common, const std::string& peer);
[[nodiscard]] int circuit_close(const Common& common, std::uint32_t id);
[[nodiscard]] int identity_new(const Common& common);
[[nodiscard]] int identity_drop(const Common& common);
[[nodiscard]] int inspect(const Common& common, const std::string& service);
[[nodiscard]] int config_check(const Common& common);
[[nodiscard]] int config_show(const Common& common);
[[nodiscard]] int config_apply(const Common& common);

struct ReserveOptions {
  std::string peer;
  std::string rate;  // of payload
  std::string lasts;
  std::string lease_class = "realtime";
  std::uint16_t packet = 0;  // 0: as the class has it usually
  std::string at;            // empty: now
  bool in = false;           // neither or both: both ways
  bool out = false;
};
[[nodiscard]] int reserve(const Common& common, const ReserveOptions& options);
[[nodiscard]] int extend(const Common& common, std::uint32_t id, const std::string& by);
[[nodiscard]] int release(const Common& common, std::uint32_t id);
[[nodiscard]] int promises(const Common& common);
[[nodiscard]] int intend(const Common& common, const std::string& what, const std::string& when);
[[nodiscard]] int please(const Common& common, const std::string& peer, const std::string& by);
struct AnswerOptions {
  std::string peer;
  std::string yes_or_no;
  std::string by;  // empty: what was asked
};
[[nodiscard]] int answer(const Common& common, const AnswerOptions& options);
[[nodiscard]] int shaper(const Common& common);
struct TopOptions {
  bool once = false;  // one frame, then done
};
[[nodiscard]] int top(const Common& common, const TopOptions& options);
[[nodiscard]] int doctor_verb(const Common& common);
// Not "doctor": its parts live in a namespace of that name.
struct BugreportOptions {
  std::string file;  // empty: covfefe-report-<time>.tar in the working directory
};
[[nodiscard]] int bugreport(const Common& common, const BugreportOptions& options);
[[nodiscard]] int unlock(const Common& common, const std::string& passphrase_file);

}  // namespace covfefe::cli
