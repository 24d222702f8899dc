// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace covfefe::config {
namespace {

struct Complaint {
  Complaint(std::string text) : message(std::move(text)) {}
  Complaint(const char* text) : message(text) {}
  std::string message;
  std::uint32_t line = 0;  // where it is not the line of the key
};
using Problem = std::optional<Complaint>;  // what is wrong with a value

// Text of the file in a message: short, and on one line by the reader's own rules.
std::string shown(std::string_view text) {
  constexpr std::size_t kShown = 48;
  if (text.size() <= kShown) return "'" + std::string(text) + "'";
  return "'" + std::string(text.substr(0, kShown)) + "…'";
}

template <typename Integer>
std::optional<Integer> parse_integer(std::string_view text) {
  Integer value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

bool is_multicast(const Address& address) {
  const bool v4 = address.is_mapped_v4() && address.bytes[12] >= 224;
  return v4 || address.bytes[0] == 0xff;
}

Problem at_line(std::uint32_t line, Complaint complaint) {
  complaint.line = line;
  return complaint;
}

Problem read_name(const Node& node, Config& config) {
  if (!is_valid_name(node.text))
    return shown(node.text) + " is not 1..63 of a-z, 0-9 and inner '-'";
  config.name = node.text;
  return {};
}

Problem read_endpoint(const Node& node, Endpoint& endpoint) {
  if (node.kind != Node::Kind::Scalar) return "must be one PORT or ADDR:PORT";
  ConfigResult<Endpoint> read = parse_listen(node.text);
  if (!read.ok()) return read.error().message;
  endpoint = *read;
  return {};
}

Problem read_listen_control(const Node& node, Config& config) {
  return read_endpoint(node, config.listen.control);
}

Problem read_listen_data(const Node& node, Config& config) {
  if (node.kind != Node::Kind::List || node.items.size() != kDataSockets)
    return "must be a list of two: the bulk and the realtime socket, for example [6364, 6365]";
  for (std::size_t i = 0; i < kDataSockets; ++i) {
    Problem problem = read_endpoint(node.items[i], config.listen.data[i]);
    if (problem) return at_line(node.items[i].line, *std::move(problem));
  }
  return {};
}

Problem read_tun_name(const Node& node, Config& config) {
  if (!is_valid_interface(node.text))
    return shown(node.text) + " is not an interface name: 1..15 letters, digits, '_', '.', '-'";
  config.tun.name = node.text;
  return {};
}

bool has_host_bits(const Prefix& prefix) {
  for (std::size_t bit = prefix.length; bit < 128; ++bit) {
    if ((prefix.address.bytes[bit / 8] & (0x80U >> (bit % 8))) != 0) return true;
  }
  return false;
}

Problem read_prefix(const Node& node, Prefix& prefix) {
  const std::size_t slash = node.text.find('/');
  if (node.kind != Node::Kind::Scalar || slash == std::string::npos)
    return "each entry must be PREFIX/LENGTH, for example fd12:3456:789a::/48";
  const auto address = parse_address(std::string_view(node.text).substr(0, slash));
  const auto length = parse_integer<std::uint8_t>(std::string_view(node.text).substr(slash + 1));
  if (!address || !length || *length > 128) return shown(node.text) + " is not a prefix";
  prefix = {*address, *length};
  if (!address->is_overlay() || *length < 8) return shown(node.text) + " is not within fd00::/8";
  if (has_host_bits(prefix))
    return shown(node.text) + " has bits set behind its length; write the network's own address";
  return {};
}

Problem read_tun_exclude(const Node& node, Config& config) {
  if (node.kind != Node::Kind::List) return "must be a list, for example [fd12:3456:789a::/48]";
  if (node.items.size() > kMaxExcludes) return "has more than 64 entries";
  for (const Node& item : node.items) {
    Prefix prefix;
    Problem problem = read_prefix(item, prefix);
    if (problem) return at_line(item.line, *std::move(problem));
    config.tun.exclude.push_back(prefix);
  }
  return {};
}

Problem read_rate(const Node& node, Rate& rate) {
  UnitResult<Rate> read = parse_rate(node.text);
  if (!read.ok()) return shown(node.text) + " " + read.error().message;
  rate = *read;
  return {};
}

Problem read_capacity_up(const Node& node, Config& config) {
  return read_rate(node, config.capacity.up);
}

Problem read_capacity_down(const Node& node, Config& config) {
  return read_rate(node, config.capacity.down);
}

struct Range {
  std::uint32_t least = 0;
  std::uint32_t most = 0;
};

Problem read_count(const Node& node, Range range, std::uint32_t& count) {
  const auto value = parse_integer<std::uint32_t>(node.text);
  if (!value || *value < range.least || *value > range.most) {
    return shown(node.text) + " is not a whole number from " + std::to_string(range.least) +
           " to " + std::to_string(range.most);
  }
  count = *value;
  return {};
}

Problem read_link_overhead(const Node& node, Config& config) {
  return read_count(node, {0, kMaxLinkOverhead}, config.link_overhead);
}

Problem read_min_trusted_entries(const Node& node, Config& config) {
  return read_count(node, {0, kMaxTrustedEntries}, config.min_trusted_entries);
}

Problem read_per_destination(const Node& node, Config& config) {
  return read_count(node, {1, kMaxPerDestination}, config.circuits.per_destination);
}

Problem read_strangers(const Node& node, Config& config) {
  if (node.text != "accept" && node.text != "refuse")
    return shown(node.text) + " is neither accept nor refuse";
  config.circuits.accept_strangers = node.text == "accept";
  return {};
}

Problem read_yes_or_no(const Node& node, bool& value) {
  if (node.text == "yes" || node.text == "true") {
    value = true;
  } else if (node.text == "no" || node.text == "false") {
    value = false;
  } else {
    return shown(node.text) + " is neither yes nor no";
  }
  return {};
}

Problem read_relay(const Node& node, Config& config) {
  return read_yes_or_no(node, config.circuits.relay);
}

Problem read_require_luks(const Node& node, Config& config) {
  return read_yes_or_no(node, config.require_luks);
}

struct Key {
  std::string_view path;
  Problem (*read)(const Node&, Config&);
};

constexpr std::array<Key, 13> kKeys{{
    {"name", read_name},
    {"listen.control", read_listen_control},
    {"listen.data", read_listen_data},
    {"tun.name", read_tun_name},
    {"tun.exclude", read_tun_exclude},
    {"capacity.up", read_capacity_up},
    {"capacity.down", read_capacity_down},
    {"link.overhead", read_link_overhead},
    {"min_trusted_entries", read_min_trusted_entries},
    {"circuits.per_destination", read_per_destination},
    {"circuits.strangers", read_strangers},
    {"circuits.relay", read_relay},
    {"storage.require_luks", read_require_luks},
}};

bool is_section(std::string_view path) {
  return std::any_of(kKeys.begin(), kKeys.end(), [path](const Key& key) {
    return key.path.size() > path.size() && key.path.starts_with(path) &&
           key.path[path.size()] == '.';
  });
}

// Levenshtein distance; both texts are short keys.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

std::string_view nearest_key(std::string_view path) {
  return std::min_element(kKeys.begin(), kKeys.end(),
                          [path](const Key& a, const Key& b) {
                            return distance(path, a.path) < distance(path, b.path);
                          })
      ->path;
}

class Interpreter {
 public:
  explicit Interpreter(std::string_view file_name) : file_(file_name) {}

  ConfigResult<Config> read(const Node& root) {
    if (auto error = section(root, "")) return *error;
    if (auto error = cross_check()) return *error;
    return std::move(config_);
  }

 private:
  using Fault = std::optional<ConfigError>;

  ConfigError error(const Node& at, const std::string& key, std::string message) const {
    return {file_, at.line, key, std::move(message)};
  }

  // Both "listen: {control: 6363}" and "listen.control: 6363" name listen.control.
  Fault section(const Node& node, const std::string& prefix) {
    for (const auto& [name, value] : node.members) {
      const std::string path = prefix.empty() ? name : prefix + "." + name;
      Fault fault = is_section(path) ? subsection(value, path) : member(value, path);
      if (fault) return fault;
    }
    return {};
  }

  Fault subsection(const Node& node, const std::string& path) {
    if (node.is_null()) return {};
    if (node.kind != Node::Kind::Map)
      return error(node, path, "is a section: its keys stand below it, indented");
    return section(node, path);
  }

  Fault member(const Node& node, const std::string& path) {
    const auto* key =
        std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& k) { return k.path == path; });
    if (key == kKeys.end()) {
      return error(
          node, path,
          "unknown key; the nearest known one is '" + std::string(nearest_key(path)) + "'");
    }
    if (std::find(seen_.begin(), seen_.end(), path) != seen_.end())
      return error(node, path, "the key stands twice");
    seen_.push_back(path);
    if (node.kind == Node::Kind::Map) return error(node, path, "is one value, not a section");
    if (node.is_null()) return error(node, path, "has no value; remove the line for the default");
    if (const Problem problem = key->read(node, config_)) {
      const std::uint32_t line = problem->line != 0 ? problem->line : node.line;
      return ConfigError{file_, line, path, problem->message};
    }
    lines_.push_back(node.line);
    return {};
  }

  Fault cross_check() const {
    const Listen& listen = config_.listen;
    const std::array<std::uint16_t, 3> ports{listen.control.port, listen.data[0].port,
                                             listen.data[1].port};
    if (ports[0] != ports[1] && ports[0] != ports[2] && ports[1] != ports[2]) return {};
    return ConfigError{file_, line_of_listen(), "listen",
                       "control and both data sockets need three different ports (defaults: "
                       "6363, 6364, 6365)"};
  }

  std::uint32_t line_of_listen() const {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (seen_[i].starts_with("listen.")) return lines_[i];
    }
    return 0;
  }

  std::string file_;
  Config config_;
  std::vector<std::string> seen_;
  std::vector<std::uint32_t> lines_;  // of seen_, in step
};

ConfigError listen_error(std::string_view text, std::string_view what) {
  return {{}, 0, {}, shown(text) + " " + std::string(what)};
}

}  // namespace

bool is_valid_name(std::string_view name) {
  constexpr std::size_t kMaxName = 63;  // one DNS label
  if (name.empty() || name.size() > kMaxName) return false;
  if (name.front() == '-' || name.back() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool is_valid_interface(std::string_view name) {
  constexpr std::size_t kMaxInterface = 15;  // IFNAMSIZ - 1, linux/if.h
  if (name.empty() || name.size() > kMaxInterface || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

ConfigResult<Endpoint> parse_listen(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with("*:")) digits.remove_prefix(2);
  if (!digits.empty() &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    const auto port = parse_integer<std::uint16_t>(digits);
    if (!port || *port == 0) return listen_error(text, "is not a port from 1 to 65535");
    return Endpoint{Address{}, *port, 0};
  }
  const auto endpoint = parse_endpoint(text);
  if (!endpoint) return listen_error(text, "is neither PORT nor ADDR:PORT, [ADDR6]:PORT or *:PORT");
  if (is_multicast(endpoint->ip)) return listen_error(text, "is a multicast address");
  return *endpoint;
}

ConfigResult<Config> parse_config(std::string_view text, std::string_view file_name) {
  ConfigResult<Node> root = parse_yaml(text, file_name);
  if (!root.ok()) return root.error();
  return Interpreter(file_name).read(*root);
}

}  // namespace covfefe::config
