// SPDX-License-Identifier: Apache-2.0
// The router's side of router.keystore against a keystore whose answers break the contract: each
// costs its own request and nothing else.
#include "tests/rpc/hostile_keystore.h"
#include "tests/rpc/spoil.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

using Handshake = FromKeystore::HandshakeReply::Builder;
using Build = FromKeystore::OpenBuildReply::Builder;
const auto bytes = HostileKeystore::bytes;

// A union's number that no version knows.
template <typename Reply>
void make_unknown(Reply reply) {
  const auto offset = capnp::Schema::from<capnp::FromBuilder<Reply>>()
                          .getProto()
                          .getStruct()
                          .getDiscriminantOffset();
  auto data = capnp::toAny(reply).getDataSection();
  data[2 * offset] = 77;
}

// One request for each spoiled answer, one after the other.
template <typename Spoil>
kj::Promise<void> each(HostileDesk& desk, std::function<void(Spoil)>& at,
                       const std::vector<std::function<void(Spoil)>>& spoils,
                       decltype(core::KeystoreRequest::what) what) {
  kj::Promise<void> all = desk.ready();
  for (const auto& spoil : spoils) {
    all = all.then([&desk, &at, &spoil, what] {
      at = spoil;
      return desk.ask({what});
    });
  }
  return all.then([&desk, &at, what] {
    at = as_it_is<Spoil>;
    return desk.ask({what});
  });
}

}  // namespace

TEST_CASE_FIXTURE(HostileDesk, "both halves of a handshake and a certificate arrive whole") {
  run(ready().then([this] { return ask({core::Finish{}, core::Respond{}, core::Certify{}}); }));
  REQUIRE(answers.size() == 3);
  const auto& finished = std::get<core::Established>(answers[0]);
  CHECK(finished.peer[31] == 4);
  CHECK(finished.masters.send.view()[31] == 4);
  CHECK(finished.masters.receive.view()[0] == 4);
  CHECK(finished.peer_boot[7] == 4);
  CHECK(finished.peer_version == 3);
  CHECK(finished.peer_flags == 5);
  CHECK(std::get<core::Established>(answers[1]).message[211] == 4);
  CHECK(std::get<core::Certified>(answers[2]).certificate[135] == 4);
  CHECK(edge.asked() == 3);
  CHECK(edge.refused() == 0);
}

TEST_CASE_FIXTURE(HostileDesk, "a handshake with a field of a wrong length establishes nothing") {
  const std::vector<std::function<void(Handshake)>> spoils{
      [](Handshake reply) { reply.getOk().setStaticKey(bytes(31)); },
      [](Handshake reply) { reply.getOk().setSendKey(bytes(33)); },
      [](Handshake reply) { reply.getOk().setReceiveKey(bytes(0)); },
      [](Handshake reply) { reply.getOk().setPeerBootId(bytes(7)); },
      [](Handshake reply) { reply.getOk().setMessage(bytes(213)); },
      [](Handshake reply) { reply.initOk(); },
  };
  run(each(*this, record.manner.handshake, spoils, core::Respond{}));
  REQUIRE(answers.size() == spoils.size() + 1);
  for (std::size_t i = 0; i < spoils.size(); ++i) {
    CAPTURE(i);
    CHECK(refusal(i) == Reject::WrongLength);
  }
  CHECK(std::holds_alternative<core::Established>(answers.back()));
  CHECK(edge.refused() == spoils.size());
}

TEST_CASE_FIXTURE(HostileDesk, "who began a handshake is sent no message, and none is read") {
  record.manner.handshake = [](Handshake reply) { reply.getOk().setMessage(bytes(999)); };
  run(ready().then([this] { return ask({core::Finish{}}); }));
  REQUIRE(answers.size() == 1);
  CHECK(std::holds_alternative<core::Established>(answers[0]));
}

TEST_CASE_FIXTURE(HostileDesk, "refusals keep their reasons, unknown ones are of no meaning") {
  const auto refuse = [](schema::Refusal why) {
    return [why](Handshake reply) { reply.setRefused(why); };
  };
  const std::vector<std::function<void(Handshake)>> spoils{
      refuse(schema::Refusal::FORGED), refuse(schema::Refusal::REPLAYED),
      refuse(schema::Refusal::LOCKED), refuse(static_cast<schema::Refusal>(77)),
      make_unknown<Handshake>};
  run(each(*this, record.manner.handshake, spoils, core::Finish{}));
  REQUIRE(answers.size() == spoils.size() + 1);
  CHECK(refusal(0) == Reject::Forged);
  CHECK(refusal(1) == Reject::Replayed);
  CHECK(refusal(2) == Reject::Overloaded);
  CHECK(refusal(3) == Reject::WrongValue);
  CHECK(refusal(4) == Reject::WrongValue);  // neither yes nor no
}

TEST_CASE_FIXTURE(HostileDesk, "an opened build with any field of a wrong length is refused") {
  const std::vector<std::function<void(Build)>> spoils{
      [](Build reply) { reply.getOk().setRecord(bytes(79)); },
      [](Build reply) { reply.getOk().setK1(bytes(31)); },
      [](Build reply) { reply.getOk().setRest(bytes(0)); },
      [](Build reply) { reply.getOk().setOnionKey(bytes(33)); },
  };
  run(each(*this, record.manner.build, spoils, core::OpenBuild{}));
  REQUIRE(answers.size() == spoils.size() + 1);
  for (std::size_t i = 0; i < spoils.size(); ++i) CHECK(refusal(i) == Reject::WrongLength);
  CHECK(std::holds_alternative<core::OpenedBuild>(answers.back()));
}

TEST_CASE_FIXTURE(HostileDesk, "certificates and onion keys that are none are refused") {
  record.manner.certify = [](auto answer) { answer.setCertificate(bytes(135)); };
  record.manner.onion_keys = [](auto answer) { answer.getKeys()[1].setKey(bytes(31)); };
  run(ready()
          .then([this] {
            return ask({core::Certify{}, core::OnionKeysQuery{}});
          })
          .then([this] {
            record.manner.certify = [](auto answer) { answer.setCertificate(bytes(0)); };
            record.manner.onion_keys = [](auto answer) { answer.initKeys(0); };
            return ask({core::Certify{}, core::OnionKeysQuery{}});
          }));
  REQUIRE(answers.size() == 4);
  CHECK(refusal(0) == Reject::Overloaded);
  CHECK(refusal(1) == Reject::WrongLength);
  CHECK(refusal(2) == Reject::Overloaded);  // what a locked keystore says
  CHECK(refusal(3) == Reject::Overloaded);
}

TEST_CASE_FIXTURE(HostileDesk, "answers of another kind cost their own request each") {
  record.manner.initiate = [](auto reply) { test::put_struct(reply, 0); };
  record.manner.handshake = [](auto reply) { test::put_struct(reply, 0); };
  record.manner.build = [](auto reply) { test::put_struct(reply, 0); };
  record.manner.onion_keys = [](auto answer) { test::put_struct(answer, 0); };
  run(ready()
          .then([this] {
            return ask({core::Initiate{}, core::Finish{}, core::Respond{}});
          })
          .then([this] {
            return ask({core::OpenBuild{}, core::OnionKeysQuery{}});
          })
          .then([this] {
            record.manner = {};
            return ask({core::Initiate{}});
          }));
  REQUIRE(answers.size() == 6);
  for (std::size_t i = 0; i < 5; ++i) CHECK(refusal(i) == Reject::Overloaded);
  CHECK(std::holds_alternative<core::Initiated>(answers[5]));
  CHECK(edge.in_flight() == 0);
}

TEST_CASE_FIXTURE(HostileDesk, "requests to a keystore that hangs are bounded") {
  record.manner.hangs = true;
  run(ready()
          .then([this] {
            for (int i = 0; i < 255; ++i) edge.ask({{1}, core::Initiate{}});
            return ask({core::Initiate{}});
          })
          .then([this] {
            CHECK(answers.empty());
            CHECK(edge.in_flight() == 256);
            return ask({core::Initiate{}});
          }));
  REQUIRE(answers.size() == 1);
  CHECK(refusal(0) == Reject::Overloaded);
  CHECK(edge.in_flight() == 256);
}
