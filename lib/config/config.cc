// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <algorithm>
#include <array>
#include <map>

#include "config/reading.h"

namespace covfefe::config {
namespace {

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
      if (const Problem problem = wrong_name(path)) return error(value, path, problem->message);
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
    const Key* key = find_key(path);
    if (key == nullptr) {
      return error(node, path, "unknown key; the nearest known one is '" + nearest_key(path) + "'");
    }
    if (!lines_.emplace(path, node.line).second) return error(node, path, "the key stands twice");
    if (node.kind == Node::Kind::Map) return error(node, path, "is one value, not a section");
    if (node.is_null()) return error(node, path, "has no value; remove the line for the default");
    if (const Problem problem = key->read(node, path, config_)) {
      const std::uint32_t line = problem->line != 0 ? problem->line : node.line;
      return ConfigError{file_, line, path, problem->message};
    }
    return {};
  }

  Fault cross_check() const {
    const Capacity& capacity = config_.capacity;
    if (capacity.automatic && !capacity.learn) {
      return ConfigError{file_, lines_.at("capacity.learn"), "capacity.learn",
                         "with no, capacity.up must be a rate or unlimited"};
    }
    const Listen& listen = config_.listen;
    const std::array<std::uint16_t, 3> ports{listen.control.port, listen.data[0].port,
                                             listen.data[1].port};
    if (ports[0] != ports[1] && ports[0] != ports[2] && ports[1] != ports[2]) return {};
    return ConfigError{file_, line_of_listen(), "listen",
                       "control and both data sockets need three different ports (defaults: "
                       "6363, 6364, 6365)"};
  }

  std::uint32_t line_of_listen() const {
    std::uint32_t first = 0;
    for (const auto& [path, line] : lines_) {
      if (path.starts_with("listen.") && (first == 0 || line < first)) first = line;
    }
    return first;
  }

  std::string file_;
  Config config_;
  std::map<std::string, std::uint32_t> lines_;  // of each key that was read
};

}  // namespace

ConfigResult<Config> parse_config(std::string_view text, std::string_view file_name) {
  ConfigResult<Node> root = parse_yaml(text, file_name);
  if (!root.ok()) return root.error();
  return Interpreter(file_name).read(*root);
}

}  // namespace covfefe::config
