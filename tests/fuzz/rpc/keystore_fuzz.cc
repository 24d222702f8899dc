// SPDX-License-Identifier: Apache-2.0
// A live keystore behind both of its edges (first byte: router or operator), unlocked, with one
// friend that it vouches for. Whatever is called, it serves on, and no file is left behind.
#include <schema/keystore.capnp.h>

#include "cmd/keystore/service_edges.h"
#include "tests/fuzz/rpc/live.h"
#include "tests/unit/keys/support.h"

namespace covfefe::fuzz {
namespace {

class NoLog final : public Log {
 public:
  void write(Level, std::string_view) override {}
};

struct Target {
  test::KeyDirectory keys{1};
  NoLog log;
  keystore::Node node{"alice",
                      keys.place,
                      keys.random,
                      log,
                      {[] { return Instant{1}; }, [] { return test::kNow; }},
                      [] { return rpc::InspectedService{}; },
                      {},
                      {},
                      {},
                      {},
                      {},
                      {},
                      {},
                      keys::OnionKeys::make(keys.random, {Instant{1}, test::kNow})};
  Target() {
    if (!keystore::open_vault(node, keys.credential).ok()) bug("locked");
  }
};

}  // namespace
}  // namespace covfefe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe;
  if (size < 2) return 0;
  fuzz::Target target;
  kj::EventLoop loop;
  kj::WaitScope scope(loop);
  const ByteView rest(data + 1, size - 1);
  const auto running =
      data[0] % 2 == 0
          ? fuzz::begin<schema::KeystoreForRouter>(keystore::router_edge(target.node), rest)
          : fuzz::begin<schema::KeystoreOperator>(keystore::operator_edge(target.node), rest);
  scope.poll();
  return 0;
}
