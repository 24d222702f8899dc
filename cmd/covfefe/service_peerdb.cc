// SPDX-License-Identifier: Apache-2.0
#include <schema/peerdb.capnp.h>

#include "crypto/entropy.h"
#include "rpc/convert.h"
#include "rpc/history.h"
#include "service_calls.h"

namespace covfefe::cli {
namespace {

ByteArray<16> fresh_operation() {
  ByteArray<16> out;
  crypto::SystemEntropy().fill(out);
  return out;
}

std::string advice(schema::Refusal why) {
  if (why == schema::Refusal::EXISTS) return "see covfefe friend list: this name or key is there";
  if (why == schema::Refusal::IO) return "see its log and the disk: covfefe inspect peerdb";
  return "";
}

}  // namespace

Outcome<FriendId> put_friend(Connection& peerdb, const FriendRecord& record) {
  rpc::Client& client = peerdb.client();
  auto request = client.as<schema::PeerdbOperator>().putFriendRequest();
  request.setOperation(rpc::as_data(fresh_operation()));
  rpc::write_friend(record, request.initFriend());
  return call_and_read<FriendId>(
      client, "peerdb", kj::mv(request), [](auto& answer) -> Outcome<FriendId> {
        const auto reply = answer.getReply();
        if (reply.isRefused()) {
          return refused("peerdb", reply.getRefused(), advice(reply.getRefused()));
        }
        return FriendId{reply.getFriendId()};
      });
}

Outcome<void> remove_friend(Connection& peerdb, FriendId id) {
  rpc::Client& client = peerdb.client();
  auto request = client.as<schema::PeerdbOperator>().removeFriendRequest();
  request.setOperation(rpc::as_data(fresh_operation()));
  request.setFriendId(id.value);
  const auto done =
      call_and_read<bool>(client, "peerdb", kj::mv(request), [](auto& answer) -> Outcome<bool> {
        if (answer.getRefused()) return refused("peerdb", answer.getWhy(), advice(answer.getWhy()));
        return true;
      });
  if (!done) return done.error();
  return {};
}

Outcome<std::vector<FriendRecord>> friends(Connection& peerdb, Duration patience) {
  rpc::Client& client = peerdb.client();
  auto request = client.as<schema::PeerdbOperator>().friendsRequest();
  using Friends = std::vector<FriendRecord>;
  return call_and_read<Friends>(
      Callee{client, "peerdb", patience}, kj::mv(request), [](auto& answer) -> Outcome<Friends> {
        auto all = rpc::friends_from(answer.getFriends());
        if (!all) return Problem{"the peerdb sent a friend that breaks the contract", ""};
        return std::move(*all);
      });
}

Outcome<std::vector<MetricSample>> metrics(Connection& peerdb, FriendId id, std::int64_t since) {
  rpc::Client& client = peerdb.client();
  auto request = client.as<schema::PeerdbOperator>().metricsRequest();
  request.setFriendId(id.value);
  request.setSince(since);
  using Samples = std::vector<MetricSample>;
  return call_and_read<Samples>(
      client, "peerdb", kj::mv(request), [](auto& answer) -> Outcome<Samples> {
        auto all = rpc::samples_from(answer.getSamples(), 10'000);
        if (!all) return Problem{"the peerdb sent a sample that breaks the contract", ""};
        return std::move(*all);
      });
}

Outcome<std::vector<PromiseTally>> tallies(Connection& peerdb) {
  rpc::Client& client = peerdb.client();
  using Tallies = std::vector<PromiseTally>;
  return call_and_read<Tallies>(
      client, "peerdb", client.as<schema::PeerdbOperator>().promisesRequest(),
      [](auto& answer) -> Outcome<Tallies> {
        Tallies out;
        for (const auto one : answer.getTallies()) {
          const auto tally = rpc::tally_from(one);
          if (!tally) return Problem{"the peerdb sent a tally that breaks the contract", ""};
          out.push_back(*tally);
        }
        return out;
      });
}

Outcome<std::vector<CapacityRecord>> uplink_hours(Connection& peerdb, std::uint32_t most) {
  rpc::Client& client = peerdb.client();
  auto request = client.as<schema::PeerdbOperator>().capacityHistoryRequest();
  request.setSeconds(kCapacityHour);
  request.setMost(most);
  using Hours = std::vector<CapacityRecord>;
  return call_and_read<Hours>(
      client, "peerdb", kj::mv(request), [most](auto& answer) -> Outcome<Hours> {
        auto all = rpc::capacity_from(answer.getRecords(), most);
        if (!all) return Problem{"the peerdb sent a history that breaks the contract", ""};
        return std::move(*all);
      });
}

}  // namespace covfefe::cli
