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
      "\n# What the uplink and downlink really carry: 10 Mbit/s, 1 KiB/s … or unlimited. Set up a\n"
      "# little below the line's rate, so that queues stand here, where they are kept short.\n");
  page.section("capacity");
  page.line("  up", format_rate(config.capacity.up));
  page.line("  down", format_rate(config.capacity.down));
  page.note(
      "\n# Bytes that the line adds to every IP packet (PPPoE over VDSL: 30; plain Ethernet: "
      "38).\n");
  page.section("link");
  page.line("  overhead", config.link_overhead);
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
  page.line("  relay", config.circuits.relay ? "yes" : "no");
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
  write_circuits(config, page);
  page.note(
      "\n# Refuse to start unless the keys and the database lie on an encrypted (LUKS) volume.\n");
  page.section("storage");
  page.line("  require_luks", config.require_luks ? "yes" : "no");
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
