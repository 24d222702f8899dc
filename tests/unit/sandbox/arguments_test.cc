// SPDX-License-Identifier: Apache-2.0
#include "sandbox/arguments.h"

#include <doctest/doctest.h>

#include <array>

namespace covfefe::sandbox {
namespace {

Expected<Arguments, std::string> parse(std::vector<std::string> words) {
  static constexpr std::array<std::string_view, 2> kOwn{"--init", "--passphrase-file="};
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  return parse_arguments(pointers, kOwn);
}

}  // namespace

TEST_CASE("without arguments a service runs for the whole system and refuses softly") {
  const auto parsed = parse({});
  REQUIRE(parsed.ok());
  CHECK(parsed.value().options.root == "/");
  CHECK(parsed.value().options.unknown == UnknownCall::Enosys);
  CHECK_FALSE(parsed.value().explain);
}

TEST_CASE("root, mode and own flags are taken, in either spelling") {
  const auto parsed =
      parse({"--root", "/srv/node/", "--jail-unknown=kill", "--passphrase-file=/x", "--init"});
  REQUIRE(parsed.ok());
  CHECK(parsed.value().options.root == "/srv/node");
  CHECK(parsed.value().options.unknown == UnknownCall::Kill);
  CHECK(parsed.value().value_of("--passphrase-file") == "/x");
  CHECK(parsed.value().flags.size() == 2);
  CHECK(below_root(parsed.value().options, "run") == "/srv/node/run");
  const auto joined = parse({"--root=/"});
  REQUIRE(joined.ok());
  CHECK(below_root(joined.value().options, "run") == "/run");
}

TEST_CASE("the policy is explained to people or to programs") {
  const auto text = parse({"--explain-jail"});
  const auto json = parse({"--explain-jail=json"});
  REQUIRE(text.ok());
  REQUIRE(json.ok());
  CHECK(text.value().explain == Form::Text);
  CHECK(json.value().explain == Form::Json);
  CHECK_FALSE(parse({"--explain-jail=xml"}).ok());
}

TEST_CASE("anything else is refused in one sentence") {
  CHECK_FALSE(parse({"--root", "relative"}).ok());
  CHECK_FALSE(parse({"--root"}).ok());
  CHECK_FALSE(parse({"--jail-unknown=allow"}).ok());
  CHECK_FALSE(parse({"--unjailed"}).ok());
  CHECK_FALSE(parse({"--init=yes"}).ok());
}

}  // namespace covfefe::sandbox
