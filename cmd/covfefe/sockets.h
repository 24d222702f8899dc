// SPDX-License-Identifier: Apache-2.0
// The sockets that `covfefe up` makes for the services, as systemd's socket units would.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "layout.h"
#include "os/fd.h"
#include "os/process.h"
#include "outcome.h"

namespace covfefe::cli {

class SocketSet {
 public:
  static Outcome<SocketSet> open(const Layout& layout, const config::Config& config);
  // Every edge and every wire socket; the socket files belong to whoever may connect.

  [[nodiscard]] std::vector<os::Inherit> of(std::string_view service) const;
  // What the service inherits; borrowed from this set.
  void unlink(const Layout& layout) const;
  // Removes the socket files.

 private:
  std::vector<os::NamedFd> edges_;
  std::vector<os::NamedFd> wire_;
};

[[nodiscard]] Outcome<void> make_run_directory(const Layout& layout);
// run/covfefe, cleared of nothing; its parents as needed.

}  // namespace covfefe::cli
