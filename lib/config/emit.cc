// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include "config/config.h"

namespace covfefe::config {
namespace {

// Comments go only into the file that init writes; `config show` prints the bare values.
enum class Style : std::uint8_t { Bare, Documented };

class Page {
 public:
  explicit Page(Style style) : style_(style) {}

  void note(std::string_view text) {
    if (style_ == Style::Documented) out_ << text;
  }
  template <typename Value>
  void line(std::string_view key, const Value& value) {
    out_ << key << ": " << value << '\n';
  }
  void section(std::string_view key) { out_ << key << ":\n"; }
  void item(std::string_view text) { out_ << "    - " << text << '\n'; }
  [[nodiscard]] std::string text() const { return out_.str(); }

 private:
  Style style_;
  std::ostringstream out_;
};

const char* yes_or_no(bool value) {
  return value ? "yes" : "no";
}

void write_listen(const Listen& listen, Page& page) {
  page.note(
      "\n# UDP sockets, each PORT (every address) or ADDR:PORT. Friends need the control port;\n"
      "# data has exactly two: bulk, then realtime. Open all three in your firewall.\n");
  page.section("listen");
  page.line("  control", quote(format_listen(listen.control)));
  page.section("  data");
  for (const Endpoint& endpoint : listen.data) page.item(quote(format_listen(endpoint)));
}

void write_tun(const Tun& tun, Page& page) {
  page.note(
      "\n# The interface that applications see. Prefixes of fd00::/8 that are routed elsewhere on\n"
      "# this machine (a site's own ULA) belong into exclude: [fd12:3456:789a::/48].\n");
  page.section("tun");
  page.line("  name", quote(tun.name));
  if (tun.exclude.empty()) {
    page.line("  exclude", "[]");
    return;
  }
  page.section("  exclude");
  for (const Prefix& prefix : tun.exclude) page.item(quote(format_prefix(prefix)));
}

void write_capacity(const Config& config, Page& page) {
  page.note(
      "\n# What the uplink really carries: 10 Mbit/s, 1 KiB/s …, or auto: it is learned. A rate "
      "is\n"
      "# never exceeded; with learn: yes less is sent when the line carries less. Set it a little\n"
      "# below the line's rate, so that queues stand here, where they are short. down is not "
      "used.\n");
  const Capacity& capacity = config.capacity;
  page.section("capacity");
  page.line("  up", capacity.automatic ? "auto" : format_rate(capacity.up));
  page.line("  down", format_rate(capacity.down));
  page.line("  learn", yes_or_no(capacity.learn));
  page.note(
      "\n# Bytes that the line adds to every IP packet (PPPoE over VDSL: 30; plain Ethernet: "
      "38).\n");
  page.section("link");
  page.line("  overhead", config.link_overhead);
}

std::string cap_text(const Amount& cap) {
  return cap.nothing() ? "unlimited" : format_amount(cap);
}

void write_friend(const FriendShaping& entry, Page& page) {
  page.section("    " + quote(entry.petname));
  page.line("      reserve", format_amount(entry.reserve));
  page.line("      cap", cap_text(entry.cap));
  page.line("      weight", entry.weight);
  if (entry.quota) page.line("      quota", format_amount(*entry.quota));
  if (entry.idle) page.line("      idle", idle_name(*entry.idle));
}

void write_levels(const Shaping& shaping, Page& page) {
  page.section("  levels");
  for (std::size_t i = shaping.levels.size(); i-- > 0;) {
    const LevelShaping& level = shaping.levels[i];
    page.section("    " + std::string(kLevelNames[i]));
    page.line("      reserve", format_amount(level.reserve));
    page.line("      cap", cap_text(level.cap));
    page.line("      weight", level.weight);
    page.line("      quota", format_amount(level.quota));
  }
}

void write_shaping(const Config& config, Page& page) {
  page.note(
      "\n# Dummy packets that hide from observers whether anything is said: always-on (1 KiB/s "
      "for\n"
      "# each friend, 2.5 GiB a month), metered (a quarter of it) or off. A friend may have its "
      "own.\n");
  page.line("idle_lane", idle_name(config.idle_lane));
  page.note(
      "\n# Who gets how much of the uplink: RATE or PERCENT of the capacity. control: handshakes "
      "and\n"
      "# the like; donate: strangers' traffic through this node, at most. Levels are degrees of\n"
      "# trust: reserve is kept for them, cap is never exceeded, weight divides the rest, quota "
      "is\n"
      "# what each friend of it may have promised. friends: {bob: {reserve: 64 KiB/s, weight: "
      "2}}.\n");
  page.section("shaping");
  page.line("  control", format_amount(config.shaping.control));
  page.line("  donate", format_amount(config.shaping.donate));
  write_levels(config.shaping, page);
  if (config.shaping.friends.empty()) {
    page.line("  friends", "{}");
  } else {
    page.section("  friends");
    for (const FriendShaping& entry : config.shaping.friends) write_friend(entry, page);
  }
}

void write_promises(const Promises& promises, Page& page) {
  page.note(
      "\n# Whether friends may reserve bandwidth of this node; whether a friend who asks it to "
      "stay\n"
      "# online longer gets a yes by itself (up to so much in all), or the operator is asked.\n");
  page.section("promises");
  page.line("  lend", yes_or_no(promises.lend));
  page.line("  please",
            promises.please.nanoseconds == 0 ? "ask" : format_duration(promises.please));
}

void write_circuits(const Config& config, Page& page) {
  page.note(
      "\n# Friends met in person that are needed before circuits to third parties are built.\n");
  page.line("min_trusted_entries", config.min_trusted_entries);
  page.note(
      "\n# Circuits to one third party at the same time (1 to 4), each by another friend; whether\n"
      "# who is no friend may open sessions with this node (accept, refuse); whether friends may\n"
      "# build their circuits through it. Which friends are shown to whom: covfefe friend set\n"
      "# --visibility.\n");
  page.section("circuits");
  page.line("  per_destination", config.circuits.per_destination);
  page.line("  strangers", config.circuits.accept_strangers ? "accept" : "refuse");
  page.line("  relay", yes_or_no(config.circuits.relay));
}

std::string page_of(const Config& config, Style style) {
  Page page(style);
  page.note(
      "# CovfefeNet node. Every key is described in covfefenet.yaml(5); what is left out has its\n"
      "# default. Check with: covfefe config check\n\n# The name that friends are offered: a-z, "
      "0-9 and '-'.\n");
  page.line("name", quote(config.name));
  write_listen(config.listen, page);
  write_tun(config.tun, page);
  write_capacity(config, page);
  write_shaping(config, page);
  write_promises(config.promises, page);
  write_circuits(config, page);
  page.note(
      "\n# Refuse to start unless the keys and the database lie on an encrypted (LUKS) volume.\n");
  page.section("storage");
  page.line("  require_luks", yes_or_no(config.require_luks));
  return page.text();
}

}  // namespace

std::string format_listen(const Endpoint& endpoint) {
  if (endpoint.ip == Address{}) return std::to_string(endpoint.port);
  return format_endpoint(endpoint);
}

std::string format_prefix(const Prefix& prefix) {
  return format_address(prefix.address) + "/" + std::to_string(prefix.length);
}

std::string emit_config(const Config& config) {
  return page_of(config, Style::Bare);
}

std::string default_text(const Config& config) {
  return page_of(config, Style::Documented);
}

}  // namespace covfefe::config
