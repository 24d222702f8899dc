// SPDX-License-Identifier: Apache-2.0
// covfefenet.yaml as a value: every key of covfefenet.yaml(5), its range and its default. The text
// is the operator's, but it is still refused whole when any part is wrong: nothing is half-applied.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "config/shaping.h"
#include "config/units.h"
#include "config/yaml.h"

namespace covfefe::config {

inline constexpr std::uint16_t kControlPort = 6363;
inline constexpr std::uint16_t kBulkPort = 6364;
inline constexpr std::uint16_t kRealtimePort = 6365;
inline constexpr std::size_t kDataSockets = 2;   // listen.data[0] bulk, [1] realtime
inline constexpr std::size_t kMaxExcludes = 64;  // tun.exclude entries
inline constexpr std::uint32_t kMaxLinkOverhead = 256;
inline constexpr std::uint32_t kMaxTrustedEntries = 64;
inline constexpr std::uint32_t kMaxPerDestination = 4;
inline constexpr std::string_view kPath = "etc/covfefenet.yaml";  // below --root

struct Prefix {
  Address address;          // host bits are zero
  std::uint8_t length = 0;  // 8..128
  auto operator<=>(const Prefix&) const = default;
};

struct Listen {
  Endpoint control{Address{}, kControlPort, 0};
  std::vector<Endpoint> data{{Address{}, kBulkPort, 0}, {Address{}, kRealtimePort, 0}};
  // Exactly kDataSockets. The all-zero address is every local address, IPv6 and IPv4.
};

struct Tun {
  std::string name = "covfefe0";  // 1..15 of [A-Za-z0-9_.-]
  std::vector<Prefix> exclude;    // below fd00::/8, routed elsewhere
};

struct Capacity {
  Rate up;  // all wire bytes of this node, IP and UDP headers and link.overhead included
  Rate down;
  bool automatic = true;  // capacity.up: auto; `up` is unlimited then
  bool learn = true;  // the estimate may fall below `up`; not looked at when up is unlimited and
                      // not automatic: then nothing is estimated
  auto operator<=>(const Capacity&) const = default;
};

struct Circuits {
  std::uint32_t per_destination = 2;  // 1..kMaxPerDestination
  bool accept_strangers = true;       // circuits.strangers: who is no friend may open a session
  bool relay = true;                  // friends may build circuits through this node
};

struct Config {
  std::string name = "node";  // 1..63 of [a-z0-9-], suggested to friends
  Listen listen;
  Tun tun;
  Capacity capacity;
  std::uint32_t link_overhead = 0;        // link.overhead: bytes that the link adds to a packet
  std::uint32_t min_trusted_entries = 2;  // 0..kMaxTrustedEntries
  Circuits circuits;
  Shaping shaping;
  IdleLane idle_lane = IdleLane::AlwaysOn;  // to friends without one of their own
  Promises promises;
  bool require_luks = true;  // storage.require_luks
};

[[nodiscard]] ConfigResult<Config> parse_config(std::string_view text, std::string_view file_name);
// Unknown keys are refused with the nearest known one; absent keys have the defaults above.

[[nodiscard]] std::string emit_config(const Config& config);
// Every key with its effective value, as YAML that parse_config reads back as the same Config.

[[nodiscard]] std::vector<std::string> changed_keys(const Config& before, const Config& after);
// The keys whose values differ, in the order of covfefenet.yaml(5); of levels and friends each one
// ("shaping.friends.bob.cap"; an entry that came or went: "shaping.friends.bob").
[[nodiscard]] bool needs_restart(std::string_view key);
// Of a known key: sockets, interfaces, names, the rules of circuits and the check of the disk are
// settled at start.

struct Applied {
  Config now;                        // what runs then
  std::vector<std::string> changed;  // against what ran, also what waits for a restart
};
[[nodiscard]] Applied apply_live(const Config& running, const Config& wanted);
// Keys that need a restart keep their running value.

[[nodiscard]] std::string default_text(const Config& config);
// The documented file that init writes: emit_config with the reason of each key as comments.

[[nodiscard]] bool is_valid_name(std::string_view name);
// 1..63 of [a-z0-9-], no hyphen first or last: names of nodes and petnames of friends.
[[nodiscard]] bool is_valid_interface(std::string_view name);
// 1..15 of [A-Za-z0-9_.-], not "." or "..".

[[nodiscard]] ConfigResult<Endpoint> parse_listen(std::string_view text);
// "PORT", "ADDR:PORT", "[ADDR6]:PORT" or "*:PORT"; the error carries only a message.
[[nodiscard]] std::string format_listen(const Endpoint& endpoint);
// "6363" for every address, else as format_endpoint.
[[nodiscard]] std::string format_prefix(const Prefix& prefix);

}  // namespace covfefe::config
