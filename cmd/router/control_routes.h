// SPDX-License-Identifier: Apache-2.0
// What the core wants to find again after a restart, carried to peerdb and back (A12): what each
// friend served of its own friends, and the far ends in use. Of each the newest waits while peerdb
// is away, bounded; at most one change of each kind is written at a call of write(). Read once, at
// the first connection. Thread: control.
#pragma once

#include <schema/peerdb.capnp.h>

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/log.h"
#include "core/io.h"
#include "rpc/convert.h"
#include "rpc/serve.h"

namespace covfefe::router {

inline constexpr std::size_t kMostWaitingCatalogues = 64;  // 3 MiB
inline constexpr std::size_t kMostReadCatalogues = 256;    // 12 MiB

class RouteMemory {
 public:
  using Client = schema::PeerdbForRouter::Client;
  struct Needs {
    rpc::Service& service;
    Log& log;
    std::function<void(core::Remembered)> remembered;  // told once
  };
  explicit RouteMemory(Needs needs) : needs_(std::move(needs)) {}

  void connected(Client client);
  void gone();

  void read_once();
  // Begins to read unless it is read already; a failure is repeated at the next connection.
  void note(core::Catalogue catalogue);
  void note(const core::DestinationUsed& used);
  void keep_only(const std::function<bool(FriendId)>& known);
  // Catalogues of other friends no longer wait.
  void write();

  [[nodiscard]] std::size_t waiting() const { return catalogues_.size() + changes_.size(); }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  void read_destinations();
  void take_destinations(capnp::List<capnp::Data>::Reader from);
  void read_page(FriendId after);
  void take_page(capnp::List<schema::Catalogue>::Reader from);
  void finish_reading();
  void failed(const char* why);
  void write_catalogue(Client& client);
  void write_destinations(Client& client);
  void keep_change(const DestinationChange& change);
  void take_back_catalogue();
  void take_back_changes();

  Needs needs_;
  kj::Maybe<Client> client_;
  std::uint64_t epoch_ = 0;  // of the connection
  bool told_ = false;
  bool reading_ = false;
  core::Remembered read_;
  std::map<FriendId, core::Catalogue> catalogues_;  // newest of each friend, to be written
  std::optional<core::Catalogue> sent_catalogue_;   // not yet acknowledged
  std::vector<DestinationChange> changes_;          // oldest first, each address once
  std::vector<DestinationChange> sent_changes_;
  std::uint64_t lost_ = 0;
};

}  // namespace covfefe::router
