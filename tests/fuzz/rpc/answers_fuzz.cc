// SPDX-License-Identifier: Apache-2.0
// A router whose keystore, peerdb or shaper (first byte, modulo 3) answers with anything: the rest
// of the input is a list of {words 1, the first segment of an answer}, one for each call in the
// order of the calls; with the first byte's highest bit the calls that begin a connection are
// answered as they should be. Every request is answered once, and what is kept stays bounded.
#include <algorithm>

#include "cmd/router/control_keystore.h"
#include "cmd/router/control_peerdb.h"
#include "cmd/router/control_shaper.h"
#include "crypto/drbg.h"
#include "tests/fuzz/rpc/live.h"

namespace covfefe::fuzz {
namespace {

using namespace router;
using KeystoreServer = schema::KeystoreForRouter::Server;
using PeerdbServer = schema::PeerdbForRouter::Server;
using ShaperServer = schema::ShaperForRouter::Server;

class NoLog final : public Log {
 public:
  void write(Level, std::string_view) override {}
};

FriendRecord bob() {
  FriendRecord out;
  out.id = {2};
  out.petname = "bob";
  out.trust = TrustLevel::Met;
  out.identity_key.fill(2);
  out.static_key.fill(4);
  out.address.bytes = {0xfd, 2};
  return out;
}

// What begins a connection, answered as it should be.
class HonestKeystore : public KeystoreServer {
 protected:
  kj::Promise<void> identity(IdentityContext context) override {
    rpc::IdentityRecord own;
    own.name = "alice";
    own.identity_key.fill(1);
    own.static_key.fill(5);
    rpc::write_identity(own, context.getResults().initIdentity());
    return kj::READY_NOW;
  }
  kj::Promise<void> loadFriends(LoadFriendsContext) override { return kj::READY_NOW; }
  static bool begins(std::uint16_t method) { return method < 2; }
};

class HonestPeerdb : public PeerdbServer {
 protected:
  kj::Promise<void> friends(FriendsContext context) override {
    rpc::write_friends({bob()}, context.getResults());
    return kj::READY_NOW;
  }
  static bool begins(std::uint16_t method) { return method == 0; }
};

class HonestShaper : public ShaperServer {
 protected:
  kj::Promise<void> leases(LeasesContext) override { return kj::READY_NOW; }
  static bool begins(std::uint16_t method) { return method == 5; }
};

template <typename Honest>
class Answering final : public Honest {
 public:
  Answering(Reader& script, bool honest) : script_(script), honest_(honest) {}

  capnp::Capability::Server::DispatchCallResult dispatchCall(
      std::uint64_t interface_id, std::uint16_t method,
      capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer> context) override {
    if (honest_ && Honest::begins(method)) {
      return Honest::dispatchCall(interface_id, method, context);
    }
    const std::size_t size =
        std::min<std::size_t>(script_.le<std::uint8_t>() * 8u, script_.remaining());
    auto words = kj::heapArray<capnp::word>(size / 8 + 1);
    std::memset(words.begin(), 0, words.asBytes().size());
    copy(script_.take(size), {words.asBytes().begin(), words.asBytes().size()});
    OneSegment message(words);
    context.getResults().set(message.getRoot<capnp::AnyPointer>());
    return {kj::READY_NOW, false};
  }

 private:
  Reader& script_;
  bool honest_;
};

struct Target {
  static constexpr std::size_t kMail = 256;
  Reader script;
  bool honest;
  std::unique_ptr<rpc::Service> service = std::move(*rpc::Service::make());
  std::unique_ptr<DataMailbox> to_data = std::move(*DataMailbox::create(kMail));
  NoLog log;
  crypto::Drbg entropy{crypto::SecretKey{}.view()};

  Target(ByteView bytes, bool begins_honestly) : script(bytes), honest(begins_honestly) {}

  template <typename Honest>
  capnp::Capability::Client peer() {
    return kj::heap<Answering<Honest>>(script, honest);
  }
  // Each step when nothing is left to do but to wait.
  void run(std::vector<std::function<void()>> steps) {
    kj::Promise<void> all = kj::READY_NOW;
    for (auto& step : steps) {
      all = all.then([act = std::move(step)]() mutable { return kj::evalLast(std::move(act)); });
    }
    service->run_beside(all.then([this] { return kj::evalLast([this] { service->stop(); }); }));
    if (!service->run()) bug("the loop failed");
  }
  template <typename Reply>
  std::size_t replies() {
    std::size_t out = 0;
    to_data->drain([&out](ToData mail) { out += std::holds_alternative<Reply>(mail) ? 1 : 0; });
    return out;
  }
};

void keystore(Target& target) {
  core::StaticKey own_key;
  own_key.fill(5);
  CoreView core(*target.service, *target.to_data);
  KeystoreEdge edge({*target.service, *target.to_data, core, target.log, own_key});
  core.set_friends({bob()});
  edge.set_friends({bob()});
  const auto ask = [&edge] {
    edge.ask({{1}, core::Initiate{}});
    edge.ask({{2}, core::Finish{}});
    edge.ask({{3}, core::Respond{}});
    edge.ask({{4}, core::Certify{}});
    edge.ask({{5}, core::OpenBuild{}});
    edge.ask({{6}, core::OnionKeysQuery{}});
  };
  const auto begin = [&] { edge.connected(target.peer<HonestKeystore>()); };
  const auto again = [&] {
    edge.gone();
    begin();
  };
  target.run({begin, ask, again, ask});
  if (target.replies<core::KeystoreReply>() != edge.asked()) bug("a request without one answer");
  if (edge.in_flight() != 0 || edge.asked() != 12) bug("requests that are not counted");
}

void peerdb(Target& target) {
  int told = 0;
  PeerdbEdge edge({*target.service, target.log, target.entropy,
                   [](const std::vector<FriendRecord>& all) {
                     if (all.size() > rpc::kMaxFriends) bug("too many friends");
                   },
                   [&told](const core::Remembered& what) {
                     ++told;
                     if (what.catalogues.size() > kMostReadCatalogues + kCataloguesInPage ||
                         what.destinations.size() > kMaxDestinations)
                       bug("more is remembered than is read");
                   }});
  std::int64_t now = 0;
  const auto write = [&] {
    core::FriendReport report;
    report.id = {2};
    report.rx_bytes = static_cast<std::uint64_t>(++now);
    edge.measure({{report}, {}}, {now * 1'000'000'000});
    edge.learn({{2}, Endpoint{{}, 1, 0}});
    edge.remember(core::Catalogue{{2}, 7, std::vector<std::uint8_t>(96, 1)});
    edge.remember(core::DestinationUsed{bob().address, core::DestinationUsed::What::Opened});
    edge.remember({{2}, PromiseKind::Leaving, true}, {now * 1'000'000'000});
    edge.remember(History::Minutes{{60, 60, 9, 8, 7, 0}});
    edge.write();
  };
  const auto begin = [&] { edge.connected(target.peer<HonestPeerdb>()); };
  const auto again = [&] {
    edge.gone();
    begin();
  };
  target.run({begin, write, write, [&] { edge.read_friends(); }, again, write});
  if (told > 1) bug("what was remembered is told again");
  if (edge.routes().waiting() > 2 || edge.history().waiting() > 6 || edge.waiting_samples() > 3)
    bug("more waits than there was");
}

void shaper(Target& target) {
  SureMail sure(*target.service, *target.to_data);
  const Instant now{1'000'000'000'000};
  std::size_t minutes = 0;
  ShaperControl control({*target.service, *target.to_data, sure, target.log, [now] { return now; },
                         [&minutes](const auto& all) { minutes += all.size(); }});
  LeaseTerms terms;
  terms.principal = {2};
  terms.over.push_back({2});
  terms.rate = 4'096;
  terms.lasts = Duration::minutes(10);
  const auto take = [&] { control.ask({{1}, core::LeaseTake{terms}}); };
  const auto extend = [&] {
    control.ask({{2}, core::LeaseExtend{{2}, 100, Duration::minutes(1)}});
  };
  const auto release = [&] { control.ask({{3}, core::LeaseRelease{{2}, 100}}); };
  const auto begin = [&] {
    control.set_places({});
    control.connected(target.peer<HonestShaper>());
  };
  const auto again = [&] {
    control.gone();
    begin();
  };
  target.run({begin, take, extend, [&] { control.measure(); }, again, take, release});
  if (target.replies<core::ShaperReply>() != 4) bug("a request without one answer");
  if (control.in_flight() != 0) bug("requests that are not counted");
  if (control.leases() > kMostLeases) bug("more leases than there may be");
  if (minutes > rpc::kMaxCapacitySamples) bug("more minutes than there may be");
}

}  // namespace
}  // namespace covfefe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe;
  if (size < 2) return 0;
  fuzz::Target target({data + 1, size - 1}, (data[0] & 0x80) != 0);
  switch ((data[0] & 0x7f) % 3) {
    case 0:
      fuzz::keystore(target);
      break;
    case 1:
      fuzz::peerdb(target);
      break;
    default:
      fuzz::shaper(target);
      break;
  }
  return 0;
}
