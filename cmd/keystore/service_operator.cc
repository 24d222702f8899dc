// SPDX-License-Identifier: Apache-2.0
#include "base/hex.h"
#include "os/files.h"
#include "rpc/convert.h"
#include "rpc/errors.h"
#include "service_edges.h"

namespace covfefe::keystore {
namespace {

constexpr Duration kBetweenUnlocks = Duration::seconds(1);
constexpr std::size_t kMostPassphrase = 1'024;

class OperatorEdge final : public rpc::Served<schema::KeystoreOperator> {
 public:
  explicit OperatorEdge(Node& node) : Served(node.operator_calls), node_(node) {}

 protected:
  kj::Promise<void> inspect(InspectContext context) override {
    rpc::write_inspection(node_.inspect(), context.getResults().initInspection());
    return kj::READY_NOW;
  }

  kj::Promise<void> identity(IdentityContext context) override {
    auto results = context.getResults();
    write_identity(node_, results.initIdentity());
    results.setLocked(!node_.vault);
    return kj::READY_NOW;
  }

  kj::Promise<void> endorse(EndorseContext context) override {
    const auto params = context.getParams();
    auto reply = context.getResults().initReply();
    const auto record = rpc::friend_from(params.getFriend());
    if (!record) return refuse(reply, schema::Refusal::MALFORMED);
    if (!node_.vault) return refuse(reply, schema::Refusal::LOCKED);
    return tell(reply, node_.vault->endorse(*record, rpc::as_view(params.getPsk())));
  }

  kj::Promise<void> amend(AmendContext context) override {
    const auto params = context.getParams();
    auto reply = context.getResults().initReply();
    const auto previous = rpc::friend_from(params.getPrevious());
    const auto record = rpc::friend_from(params.getFriend());
    if (!previous || !record) return refuse(reply, schema::Refusal::MALFORMED);
    if (!node_.vault) return refuse(reply, schema::Refusal::LOCKED);
    return tell(reply, node_.vault->amend(*previous, *record, rpc::as_view(params.getPsk())));
  }

  kj::Promise<void> revoke(RevokeContext context) override {
    const auto identity_key = rpc::exactly<32>(context.getParams().getIdentityKey());
    auto results = context.getResults();
    results.setRefused(true);
    if (!identity_key) {
      results.setWhy(schema::Refusal::MALFORMED);
      return kj::READY_NOW;
    }
    if (!node_.vault) {
      results.setWhy(schema::Refusal::LOCKED);
      return kj::READY_NOW;
    }
    const auto done = node_.vault->revoke(*identity_key);
    if (!done) {
      results.setWhy(refusal_for(node_, done.error()));
      return kj::READY_NOW;
    }
    results.setRefused(false);
    ++node_.counters.revoked;
    node_.log.record(Level::Notice, "friend-revoked");
    return kj::READY_NOW;
  }

  kj::Promise<void> unlock(UnlockContext context) override {
    auto results = context.getResults();
    const std::string why = try_unlock(rpc::as_view(context.getParams().getPassphrase()));
    results.setOk(why.empty());
    results.setWhy(why.c_str());
    return kj::READY_NOW;
  }

 private:
  using EndorseReply = schema::KeystoreOperator::EndorseReply;

  static kj::Promise<void> refuse(EndorseReply::Builder reply, schema::Refusal why) {
    reply.setRefused(why);
    return kj::READY_NOW;
  }

  kj::Promise<void> tell(EndorseReply::Builder reply,
                         const keys::VaultResult<keys::Endorsement>& made) {
    if (!made) return refuse(reply, refusal_for(node_, made.error()));
    reply.initOk().setSerial(made->serial);
    reply.getOk().setEndorsement(rpc::as_data(made->mark));
    ++node_.counters.endorsed;
    node_.log.record(Level::Notice, "friend-endorsed", {{"serial", std::to_string(made->serial)}});
    return kj::READY_NOW;
  }

  // Why not, or nothing.
  std::string try_unlock(ByteView passphrase) {
    if (node_.vault) return "the keystore is not locked";
    if (node_.clocks.monotonic() < node_.next_unlock) return "one try a second: wait and repeat";
    if (passphrase.empty() || passphrase.size() > kMostPassphrase)
      return "a passphrase has 1 to 1024 bytes";
    const keys::SealedResult<void> opened = open_vault(node_, passphrase);
    node_.next_unlock = node_.clocks.monotonic() + kBetweenUnlocks;
    if (opened.ok()) {
      node_.log.record(Level::Notice, "unlocked");
      return {};
    }
    ++node_.counters.failed_unlocks;
    node_.log.record(Level::Warning, "unlock-refused");
    return opened.error().text;
  }

  Node& node_;
};

// Who lost the credential's file but has its text can type it.
std::optional<crypto::SecretKey> typed_credential(ByteView secret) {
  crypto::SecretKey out;
  if (!from_hex(text_of(secret), out.mutable_view())) return {};
  return out;
}

keys::SealedResult<std::unique_ptr<keys::Vault>> open_with(Node& node, ByteView secret) {
  const auto head = keys::SealedFile::inspect(node.place);
  if (!head) return head.error();
  if (head->lock == keys::Lock::Credential) {
    if (const auto typed = typed_credential(secret))
      return keys::Vault::open(node.place, typed->view(), node.random);
  }
  return keys::Vault::open(node.place, secret, node.random);
}

}  // namespace

keys::SealedResult<void> open_vault(Node& node, ByteView secret) {
  auto opened = open_with(node, secret);
  if (!opened) return opened.error();
  node.vault = std::move(*opened);
  node.vault->load(node.friends, node.seen);
  node.friends.clear();
  node.seen.clear();
  return {};
}

schema::Refusal refusal_for(Node& node, const keys::VaultError& error) {
  if (const auto* reject = std::get_if<Reject>(&error)) return rpc::refusal_of(*reject);
  ++node.counters.failed_saves;
  const auto& failed = std::get<SysError>(error);
  node.log.record(Level::Error, "key-file-not-written", {{"why", failed.text()}});
  // The next start reads what is there.
  if (os::is_unsettled(failed) && node.disk_failed) node.disk_failed();
  return schema::Refusal::IO;
}

void write_identity(const Node& node, schema::Identity::Builder to) {
  if (!node.vault) return;
  const keys::PublicIdentity& own = node.vault->identity();
  rpc::write_identity({node.name, own.identity_key, own.static_key, own.static_signature,
                       own.service_key, own.address},
                      to);
}

capnp::Capability::Client operator_edge(Node& node) {
  return kj::heap<OperatorEdge>(node);
}

}  // namespace covfefe::keystore
