// SPDX-License-Identifier: Apache-2.0
// Where a node's files and sockets lie below --root, and which service holds which socket: the
// process table as data. systemd/ says the same in its units.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os/listen.h"
#include "os/users.h"

namespace covfefe::cli {

class Layout {
 public:
  explicit Layout(std::string root);
  // The root as given on the command line, made absolute.

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] os::RootTree tree() const;
  [[nodiscard]] std::string path(std::string_view below) const;
  [[nodiscard]] std::string config() const { return path("etc/covfefenet.yaml"); }
  [[nodiscard]] std::string identity() const { return path("etc/covfefe/identity.yaml"); }
  [[nodiscard]] std::string credentials() const { return path("etc/covfefe/credentials"); }
  [[nodiscard]] std::string run() const { return path("run/covfefe"); }
  [[nodiscard]] std::string sealed_keys() const {
    return path("var/lib/covfefe/keystore/keys.sealed");
  }
  [[nodiscard]] std::string socket(std::string_view name) const;
  // run()/NAME.sock

 private:
  std::string root_;
};

struct Edge {
  std::string_view name;
  os::UnixKind kind;
  std::string_view listener;   // service that accepts
  std::string_view connector;  // service that may connect, empty: the operator
};

struct NodeDirectory {
  std::string_view below;  // the root
  unsigned mode;
  std::string_view owner;  // a service, or empty for root
};

[[nodiscard]] std::span<const NodeDirectory> directories();
// Parents first.
[[nodiscard]] std::span<const Edge> edges();
[[nodiscard]] std::span<const std::string_view> services();
// In the order in which they are started.
[[nodiscard]] std::span<const std::string_view> wire_sockets();
// UDP: control, data0 (bulk), data1 (realtime); the router and the shaper inherit all of them.

}  // namespace covfefe::cli
