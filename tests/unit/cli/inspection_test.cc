// SPDX-License-Identifier: Apache-2.0
// What tun-helper writes is one text; a hijacked helper writes anything.
#include <doctest/doctest.h>

#include <string>

#include "services.h"

namespace covfefe::cli {
namespace {

const std::string kWhole = R"({"service": "tun-helper", "version": "0.1.0", "pid": 77,
  "uptimeMs": 1234, "interfaces": [], "queues": [{"name": "q", "depth": 1, "capacity": 2, "dropped": 3}],
  "counters": [{"name": "handed_over", "value": 9007199254740991}],
  "jail": {"uid": 0, "gid": 0, "capabilities": 4096, "noNewPrivs": true, "dumpable": false,
           "seccomp": 2, "syscalls": 31, "landlock": 4, "unknown": "kill"}, "state": "ok"}
)";

std::string repeat(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("the helper's text is read whole") {
  const auto view = inspection_from_text(kWhole);
  REQUIRE(view.ok());
  CHECK(view->service == "tun-helper");
  CHECK(view->version == "0.1.0");
  CHECK(view->pid == 77);
  CHECK(view->uptime_ms == 1234);
  CHECK(view->state == "ok");
  REQUIRE(view->counters.size() == 1);
  CHECK(view->counters[0].name == "handed_over");
  CHECK(view->counters[0].value == 9'007'199'254'740'991U);
  REQUIRE(view->queues.size() == 1);
  CHECK(view->queues[0].dropped == 3);
  CHECK(view->jail.capabilities == 4096);
  CHECK(view->jail.no_new_privs);
  CHECK_FALSE(view->jail.dumpable);
  CHECK(view->jail.seccomp == 2);
  CHECK(view->jail.landlock == 4);
  CHECK(view->jail.unknown == "kill");
}

TEST_CASE("every truncation is refused") {
  const std::string text = kWhole.substr(0, kWhole.rfind('}') + 1);
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(inspection_from_text(text.substr(0, size)).ok());
  }
}

TEST_CASE("what is no such object is refused") {
  for (const char* text : {"",
                           " ",
                           "null",
                           "true",
                           "7",
                           "\"tun-helper\"",
                           "[]",
                           "{} {}",
                           "{]",
                           "{,}",
                           "{\"pid\": }",
                           "{\"pid\": \"x\"}",
                           "{\"pid\": 1e99}",
                           "{\"pid\": 99999999999}",
                           "{\"pid\": {}}",
                           "{\"jail\": 7}",
                           "{\"jail\": {\"uid\": -1}}",
                           "{\"jail\": {\"seccomp\": 300}}",
                           "{\"counters\": {}}",
                           "{\"counters\": [7]}",
                           "{\"service\": \"\\u12\"}",
                           "{\"service\": \"",
                           "{\"state\": [\"ok\"]}",
                           "<inspection/>"}) {
    CAPTURE(text);
    CHECK_FALSE(inspection_from_text(text).ok());
  }
}

TEST_CASE("a text with zero bytes or bytes that are no text ends in a value, not in a fault") {
  CHECK_FALSE(inspection_from_text(std::string_view("\0\0\0\0", 4)).ok());
  CHECK_FALSE(inspection_from_text("\xff\xfe{}").ok());
  std::string altered = kWhole;
  for (std::size_t i = 0; i < altered.size(); ++i) {
    altered[i] = static_cast<char>(altered[i] ^ 0x15);
    (void)inspection_from_text(altered);
    altered[i] = kWhole[i];
  }
  CHECK(inspection_from_text(altered).ok());
}

TEST_CASE("deep nesting is refused before it costs stack") {
  CHECK_FALSE(inspection_from_text(repeat("[", 60'000)).ok());
  CHECK_FALSE(inspection_from_text(repeat("{\"a\":", 10'000)).ok());
  const std::string deep = "{\"later\": " + repeat("[", 20) + repeat("]", 20) + "}";
  CHECK_FALSE(inspection_from_text(deep).ok());
}

TEST_CASE("members of a later version are passed over") {
  const auto view =
      inspection_from_text(R"({"service": "tun-helper", "colour": ["blue", {"x": 1}]})");
  REQUIRE(view.ok());
  CHECK(view->service == "tun-helper");
}

TEST_CASE("a helper that says nothing of its jail is not taken for jailed") {
  const auto view = inspection_from_text("{}");
  REQUIRE(view.ok());
  CHECK(view->service.empty());
  CHECK_FALSE(view->jail.no_new_privs);
  CHECK(view->jail.seccomp == 0);
  CHECK(view->state != "ok");
}

TEST_CASE("texts of the helper cannot steer the operator's terminal") {
  const auto view = inspection_from_text(
      R"({"service": "tun-helper", "state": "\u001b[2Jok\u009b\r\n", "counters": [{"name": "a\u0007b", "value": 1}]})");
  REQUIRE(view.ok());
  CHECK(view->state == "?[2Jok???");
  REQUIRE(view->counters.size() == 1);
  CHECK(view->counters[0].name == "a?b");
}

TEST_CASE("a long text is read in bounded time and memory") {
  std::string counters;
  for (int i = 0; i < 4'000; ++i) counters += std::string(i == 0 ? "" : ",") + "{\"value\":1}";
  const auto view = inspection_from_text("{\"counters\": [" + counters + "]}");
  REQUIRE(view.ok());
  CHECK(view->counters.size() == 4'000);
}

}  // namespace covfefe::cli
