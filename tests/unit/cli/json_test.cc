// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "printable.h"

namespace covfefe::cli {

TEST_CASE("a document begins with its schema") {
  CHECK(Json::document("status").text() == "{\n  \"schema\": \"covfefe.status/1\"\n}\n");
}

TEST_CASE("values of every kind print as JSON knows them") {
  CHECK(Json().text() == "null\n");
  CHECK(Json(true).text() == "true\n");
  CHECK(Json(false).text() == "false\n");
  CHECK(Json(-7).text() == "-7\n");
  CHECK(Json(std::numeric_limits<std::int64_t>::min()).text() == "-9223372036854775808\n");
  CHECK(Json(std::numeric_limits<std::uint64_t>::max()).text() == "18446744073709551615\n");
  CHECK(Json(0.25).text() == "0.250\n");
  CHECK(Json("x").text() == "\"x\"\n");
  CHECK(Json::array().text() == "[]\n");
  CHECK(Json::object().text() == "{}\n");
}

TEST_CASE("what is no number is null") {
  CHECK(Json(std::nan("")).text() == "null\n");
  CHECK(Json(std::numeric_limits<double>::infinity()).text() == "null\n");
}

TEST_CASE("the largest number is not cut") {
  const std::string text = Json(std::numeric_limits<double>::max()).text();
  CHECK(text.size() == 309 + std::string(".000\n").size());
}

TEST_CASE("quotes, backslashes and control characters are escaped, in keys too") {
  CHECK(Json("a\"b\\c").text() == "\"a\\\"b\\\\c\"\n");
  CHECK(Json("line\nnext\ttab\x1b[2J").text() == "\"line\\u000anext\\u0009tab\\u001b[2J\"\n");
  CHECK(Json(std::string_view("a\0b", 3)).text() == "\"a\\u0000b\"\n");
  CHECK(Json::object().set("k\"\n", 1).text() == "{\n  \"k\\\"\\u000a\": 1\n}\n");
}

TEST_CASE("UTF-8 passes as it is, other bytes become the replacement character") {
  CHECK(Json("Grüße ☕ 😀").text() == "\"Grüße ☕ 😀\"\n");
  CHECK(Json("a\xff z").text() == "\"a\\ufffd z\"\n");
  CHECK(Json("\xc3").text() == "\"\\ufffd\"\n");
  CHECK(Json("\xc0\xaf").text() == "\"\\ufffd\\ufffd\"\n");
  CHECK(Json("\xed\xa0\x80").text() == "\"\\ufffd\\ufffd\\ufffd\"\n");
}

TEST_CASE("objects and arrays nest, members keep their order") {
  const Json inner = Json::object().set("b", Json::array().add(1).add("x")).set("a", Json());
  const std::string text = Json::array().add(inner).add(Json::array()).text();
  CHECK(text ==
        "[\n  {\n    \"b\": [\n      1,\n      \"x\"\n    ],\n    \"a\": null\n  },\n  []\n]\n");
}

TEST_CASE("UTF-8 characters are measured as RFC 3629 has them") {
  CHECK(utf8_length("") == 0);
  CHECK(utf8_length("a") == 1);
  CHECK(utf8_length("é!") == 2);
  CHECK(utf8_length("☕!") == 3);
  CHECK(utf8_length("😀!") == 4);
  CHECK(utf8_length("\xef\xbf\xbf") == 3);
  CHECK(utf8_length("\xf4\x8f\xbf\xbf") == 4);
  for (const char* wrong : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                            "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3(",
                            "\xe2\x98(", "\xe2\x98", "\xf0\x9f\x98", "\xff"}) {
    CAPTURE(Json(wrong).text());
    CHECK(utf8_length(wrong) == 0);
  }
}

TEST_CASE("what is printed cannot steer a terminal") {
  CHECK(printable("bob, 10.0.0.1:6363") == "bob, 10.0.0.1:6363");
  CHECK(printable("Grüße ☕") == "Grüße ☕");
  CHECK(printable("\x1b]0;owned\x07") == "?]0;owned?");
  CHECK(printable("a\r\nb\x7f") == "a??b?");
  CHECK(printable("\xc2\x9b"
                  "2J") == "?2J");
  CHECK(printable("\x9b"
                  "2J") == "?2J");
  CHECK(printable(std::string_view("\0x", 2)) == "?x");
  CHECK(printable("") == "");
}

}  // namespace covfefe::cli
