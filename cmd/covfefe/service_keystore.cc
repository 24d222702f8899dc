// SPDX-License-Identifier: Apache-2.0
#include <schema/keystore.capnp.h>

#include "rpc/convert.h"
#include "service_calls.h"

namespace covfefe::cli {
namespace {

std::string advice(schema::Refusal why) {
  return why == schema::Refusal::LOCKED ? "give it its passphrase: covfefe unlock" : "";
}

template <typename Reply>
Outcome<Endorsement> endorsement_in(const Reply& reply) {
  if (reply.isRefused()) {
    return refused("keystore", reply.getRefused(), advice(reply.getRefused()));
  }
  const auto mac = rpc::exactly<32>(reply.getOk().getEndorsement());
  if (!mac) return Problem{"the keystore sent an endorsement of a wrong length", ""};
  return Endorsement{reply.getOk().getSerial(), *mac};
}

Problem not_vouched_for(const std::string& name) {
  return {"the keystore refused: what the database holds of " + name +
              " is not what was endorsed last; it was altered, or brought back from an older copy",
          "covfefe friend remove " + name +
              ", then covfefe friend add with its card, and --psk if it had one"};
}

}  // namespace

Outcome<Endorsement> endorse(Connection& keystore, const FriendRecord& record, ByteView psk) {
  rpc::Client& client = keystore.client();
  auto request = client.as<schema::KeystoreOperator>().endorseRequest();
  rpc::write_friend(record, request.initFriend());
  request.setPsk(rpc::as_data(psk));
  return call_and_read<Endorsement>(
      client, "keystore", kj::mv(request),
      [](auto& answer) -> Outcome<Endorsement> { return endorsement_in(answer.getReply()); });
}

Outcome<Endorsement> amend(Connection& keystore, const FriendRecord& previous,
                           const FriendRecord& record, ByteView psk) {
  rpc::Client& client = keystore.client();
  auto request = client.as<schema::KeystoreOperator>().amendRequest();
  rpc::write_friend(previous, request.initPrevious());
  rpc::write_friend(record, request.initFriend());
  request.setPsk(rpc::as_data(psk));
  return call_and_read<Endorsement>(
      client, "keystore", kj::mv(request), [&previous](auto& answer) -> Outcome<Endorsement> {
        const auto reply = answer.getReply();
        if (reply.isRefused() && reply.getRefused() == schema::Refusal::FORGED) {
          return not_vouched_for(previous.petname);
        }
        return endorsement_in(reply);
      });
}

Outcome<void> revoke(Connection& keystore, const ByteArray<32>& identity_key) {
  rpc::Client& client = keystore.client();
  auto request = client.as<schema::KeystoreOperator>().revokeRequest();
  request.setIdentityKey(rpc::as_data(identity_key));
  const auto done =
      call_and_read<bool>(client, "keystore", kj::mv(request), [](auto& answer) -> Outcome<bool> {
        if (answer.getRefused()) {
          return refused("keystore", answer.getWhy(), advice(answer.getWhy()));
        }
        return true;
      });
  if (!done) return done.error();
  return {};
}

Outcome<void> unlock(Connection& keystore, ByteView passphrase) {
  rpc::Client& client = keystore.client();
  auto request = client.as<schema::KeystoreOperator>().unlockRequest();
  request.setPassphrase(rpc::as_data(passphrase));
  const auto done =
      call_and_read<bool>(client, "keystore", kj::mv(request), [](auto& answer) -> Outcome<bool> {
        if (!answer.getOk()) return Problem{said(answer.getWhy()), ""};
        return true;
      });
  if (!done) return done.error();
  return {};
}

}  // namespace covfefe::cli
