// SPDX-License-Identifier: Apache-2.0
// A live peerdb behind both of its edges (first byte: router or operator) on a real database with
// one friend. Whatever is called, its rows can be read afterwards and no disk is said to have
// failed.
#include <schema/peerdb.capnp.h>
#include <sqlite3.h>

#include "cmd/peerdb/service_edges.h"
#include "tests/fuzz/rpc/live.h"
#include "tests/unit/store/temporary.h"

namespace covfefe::fuzz {
namespace {

class NoLog final : public Log {
 public:
  void write(Level, std::string_view) override {}
};

struct Target {
  store::TemporaryDirectory directory;
  store::StoreResult<store::Database> database =
      store::Database::open(directory.file("peers.db"), store::kNow);
  store::Peers peers{database.value()};
  store::Routes routes{database.value()};
  store::Promises promises{database.value()};
  store::Capacity capacity{database.value()};
  NoLog log;
  peerdb::Node node{database.value(),
                    peers,
                    routes,
                    promises,
                    capacity,
                    log,
                    [] { bug("a disk failed"); },
                    [] { return rpc::InspectedService{}; },
                    {},
                    {},
                    {}};
  Target() {
    sqlite3* handle = database.value().handle();
    sqlite3_set_authorizer(handle, nullptr, nullptr);
    sqlite3_exec(handle, "PRAGMA synchronous=OFF", nullptr, nullptr, nullptr);
    if (!peers.put_friend(store::operation(1), store::person(1))) bug("no friend");
  }
  void check() {
    const auto all = peers.friends();
    if (!all || all->size() > store::kMaxFriends) bug("friends that cannot be read");
    if (!routes.catalogues({}, 8) || !routes.destinations()) bug("routes that cannot be read");
    if (!promises.tallies()) bug("promises that cannot be read");
    if (!capacity.history(kCapacityMinute, 100)) bug("a history that cannot be read");
  }
};

}  // namespace
}  // namespace covfefe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe;
  if (size < 2) return 0;
  static fuzz::Target target;
  kj::EventLoop loop;
  kj::WaitScope scope(loop);
  const ByteView rest(data + 1, size - 1);
  const auto running =
      data[0] % 2 == 0
          ? fuzz::begin<schema::PeerdbForRouter>(peerdb::router_edge(target.node), rest)
          : fuzz::begin<schema::PeerdbOperator>(peerdb::operator_edge(target.node), rest);
  scope.poll();
  target.check();
  return 0;
}
