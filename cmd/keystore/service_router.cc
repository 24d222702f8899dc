// SPDX-License-Identifier: Apache-2.0
#include "rpc/convert.h"
#include "rpc/errors.h"
#include "service_edges.h"

namespace covfefe::keystore {
namespace {

std::vector<keys::Seen> seen_from(capnp::List<schema::KeystoreForRouter::Seen>::Reader from) {
  std::vector<keys::Seen> out;
  for (const auto one : from) {
    const auto seen = rpc::seen_from(one);
    if (!seen) continue;
    const auto timestamp = keys::parse_tai64n(seen->timestamp);
    if (timestamp) out.push_back({seen->static_key, *timestamp});
    if (out.size() == rpc::kMaxFriends) break;
  }
  return out;
}

void write_session(const keys::Established& from,
                   schema::KeystoreForRouter::HandshakeReply::Ok::Builder to) {
  to.setStaticKey(rpc::as_data(from.static_key));
  to.setSendKey(rpc::as_data(from.keys.send.view()));
  to.setReceiveKey(rpc::as_data(from.keys.receive.view()));
  to.setPeerBootId(rpc::as_data(from.boot_id));
  to.setPeerVersion(from.version);
  to.setPeerFlags(from.flags);
}

void write_left_out(const std::vector<FriendId>& from,
                    schema::KeystoreForRouter::LoadFriendsResults::Builder to) {
  auto list = to.initLeftOut(static_cast<capnp::uint>(from.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) list.set(i, from[i].value);
}

class RouterEdge final : public rpc::Served<schema::KeystoreForRouter> {
 public:
  explicit RouterEdge(Node& node) : Served(node.router_calls), node_(node) {}

 protected:
  kj::Promise<void> identity(IdentityContext context) override {
    write_identity(node_, context.getResults().initIdentity());
    return kj::READY_NOW;
  }

  kj::Promise<void> loadFriends(LoadFriendsContext context) override {
    const auto params = context.getParams();
    auto results = context.getResults();
    auto friends = rpc::friends_from(params.getFriends());
    if (!friends) return rpc::to_exception(rpc::CallFailure::Broken, "a malformed friend record");
    std::vector<keys::Seen> seen = seen_from(params.getSeen());
    if (node_.vault) {
      const keys::LoadCount count = node_.vault->load(*friends, seen);
      results.setAccepted(count.accepted);
      results.setRefused(count.refused);
      write_left_out(count.left_out, results);
      return kj::READY_NOW;
    }
    results.setRefused(static_cast<std::uint32_t>(friends->size()));
    std::vector<FriendId> all;
    for (const FriendRecord& one : *friends) all.push_back(one.id);
    write_left_out(all, results);
    node_.friends = std::move(*friends);
    node_.seen = std::move(seen);
    return kj::READY_NOW;
  }

  kj::Promise<void> initiate(InitiateContext context) override {
    const auto params = context.getParams();
    auto reply = context.getResults().initReply();
    const auto static_key = rpc::exactly<32>(params.getStaticKey());
    const auto boot_id = rpc::exactly<8>(params.getBootId());
    if (!static_key || !boot_id) return refuse(reply, schema::Refusal::MALFORMED);
    if (!node_.vault) return refuse(reply, schema::Refusal::LOCKED);
    const auto made = node_.vault->initiate({*static_key, *boot_id}, node_.clocks.wall());
    if (!made) return refuse(reply, refusal_for(node_, made.error()));
    auto ok = reply.initOk();
    ok.setHandshake(made->handshake);
    ok.setMessage(rpc::as_data(made->message));
    ++node_.counters.initiated;
    return kj::READY_NOW;
  }

  kj::Promise<void> finish(FinishContext context) override {
    const auto params = context.getParams();
    auto reply = context.getResults().initReply();
    if (!node_.vault) return refuse(reply, schema::Refusal::LOCKED);
    const auto done = node_.vault->finish(params.getHandshake(), rpc::as_view(params.getMessage()));
    if (!done) return refuse(reply, rpc::refusal_of(done.error()));
    write_session(*done, reply.initOk());
    ++node_.counters.finished;
    return kj::READY_NOW;
  }

  kj::Promise<void> respond(RespondContext context) override {
    const auto params = context.getParams();
    auto reply = context.getResults().initReply();
    const auto boot_id = rpc::exactly<8>(params.getBootId());
    if (!boot_id) return refuse(reply, schema::Refusal::MALFORMED);
    if (!node_.vault) return refuse(reply, schema::Refusal::LOCKED);
    const auto done = node_.vault->respond(rpc::as_view(params.getMessage()), *boot_id);
    if (!done) return refuse(reply, rpc::refusal_of(done.error()));
    auto ok = reply.initOk();
    write_session(done->session, ok);
    ok.setMessage(rpc::as_data(done->message));
    ok.setTimestamp(rpc::as_data(done->timestamp.bytes()));
    ++node_.counters.responded;
    return kj::READY_NOW;
  }

  kj::Promise<void> certify(CertifyContext context) override {
    const auto session_key = rpc::exactly<32>(context.getParams().getSessionKey());
    if (!session_key) {
      return rpc::to_exception(rpc::CallFailure::Broken, "a session key has 32 bytes");
    }
    if (!node_.vault) return kj::READY_NOW;
    const auto certificate = node_.vault->certify(*session_key, node_.clocks.wall());
    context.getResults().setCertificate(rpc::as_data(certificate));
    ++node_.counters.certified;
    return kj::READY_NOW;
  }

  kj::Promise<void> openBuild(OpenBuildContext context) override {
    auto reply = context.getResults().initReply();
    if (!node_.vault) return refuse_build(reply, schema::Refusal::LOCKED);
    const auto opened =
        node_.onion->open(rpc::as_view(context.getParams().getPacket()), node_.clocks.now());
    if (!opened) return refuse_build(reply, rpc::refusal_of(opened.error()));
    auto ok = reply.initOk();
    ok.setRecord(rpc::as_data(opened->opened.record));
    ok.setK1(rpc::as_data(opened->opened.k1.view()));
    ok.setRest(rpc::as_data(opened->opened.rest));
    ok.setOnionKey(rpc::as_data(opened->onion_key));
    ++node_.counters.builds_opened;
    return kj::READY_NOW;
  }

  kj::Promise<void> onionKeys(OnionKeysContext context) override {
    if (!node_.vault) return kj::READY_NOW;
    const auto shown = node_.onion->shown(node_.clocks.now());
    auto list = context.getResults().initKeys(static_cast<capnp::uint>(shown.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) {
      list[i].setKey(rpc::as_data(shown[i].key));
      list[i].setNotAfter(shown[i].not_after);
    }
    return kj::READY_NOW;
  }

 private:
  template <typename Reply>
  kj::Promise<void> refuse(Reply& reply, schema::Refusal why) {
    ++node_.counters.refused;
    reply.setRefused(why);
    return kj::READY_NOW;
  }

  kj::Promise<void> refuse_build(schema::KeystoreForRouter::OpenBuildReply::Builder& reply,
                                 schema::Refusal why) {
    ++node_.counters.builds_refused;
    reply.setRefused(why);
    return kj::READY_NOW;
  }

  Node& node_;
};

}  // namespace

capnp::Capability::Client router_edge(Node& node) {
  return kj::heap<RouterEdge>(node);
}

}  // namespace covfefe::keystore
