// SPDX-License-Identifier: Apache-2.0
#include "circuit_text.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "quantity.h"
#include "visibility_text.h"
#include "wrap.h"

namespace covfefe::cli {
namespace {

const std::string kHandle = "00112233445566778899aabbccddeeff";
const std::string kOther = "ffeeddccbbaa99887766554433221100";

CircuitView sample() {
  CircuitView out;
  out.id = 17;
  out.to = {*parse_address("fd12:3456:789a:1111:2222:3333:4444:5555"), "dave"};
  out.hops = {"bob", kHandle, kOther, kHandle};
  out.state = "open";
  out.age_s = 12.25;
  out.lifetime_s = 3'600;
  out.rtt_ms = 8.25;
  out.tx_bytes = 1'300'000'000;
  out.rx_bytes = 5'000;
  return out;
}

std::size_t widest(const std::string& text) {
  std::istringstream lines(text);
  std::size_t most = 0;
  for (std::string one; std::getline(lines, one);) most = std::max(most, one.size());
  return most;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("amounts are short and never run over their columns") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(1'536) == "1.5 KiB");
  CHECK(bytes_text(UINT64_MAX) == "16.0 EiB");
  CHECK(seconds_text(12.9) == "12 s");
  CHECK(seconds_text(119) == "119 s");
  CHECK(seconds_text(120) == "2 min");
  CHECK(seconds_text(7'200) == "2 h");
  CHECK(seconds_text(-1) == "0 s");
  CHECK(span_text(3'599.99) == "60 min");
  CHECK(span_text(7'200) == "2 h");
  CHECK(span_text(9'000) == "2 h 30 min");
  CHECK(span_text(-1) == "0 s");
  CHECK(count_text(1, "cell") == "1 cell");
  CHECK(count_text(0, "cell") == "0 cells");
  CHECK(rtt_text(0) == "-");
  CHECK(rtt_text(8.254) == "8.25 ms");
  for (std::uint64_t bytes = 1; bytes != 0; bytes <<= 1) CHECK(bytes_text(bytes - 1).size() <= 10);
}

TEST_CASE("a long sentence is broken at spaces and goes on where it began") {
  CHECK(wrapped("short", 5) == "short");
  CHECK(wrapped("", 5).empty());
  const std::string longer(70, 'x');
  CHECK(wrapped("one " + longer + " two", 5) == "one " + longer + "\n     two");
  CHECK(wrapped("one " + longer + "x two", 5) == "one " + longer + "x\n     two");
  CHECK(wrapped("one " + longer + "xx two", 5) == "one\n     " + longer + "xx\n     two");
  CHECK(wrapped(std::string(200, 'y') + " z", 5) == std::string(200, 'y') + "\n     z");
}

TEST_CASE("each visibility has one name, and only that names it") {
  for (const Visibility one : {Visibility::Hidden, Visibility::RelayOnly, Visibility::Reachable}) {
    CHECK(parse_visibility(name_of(one)) == one);
    CHECK(std::string(meaning_of(one)).size() + 30 <= 100);
  }
  CHECK(parse_visibility("hidden") == Visibility::Hidden);
  CHECK(meaning_of(Visibility::Hidden) == std::string("other friends are not told of it"));
  CHECK_FALSE(parse_visibility("relayonly"));
  CHECK_FALSE(parse_visibility(""));
}

TEST_CASE("a way is the entry friend's name and the first digits of each handle") {
  CHECK(way_text({"bob", kHandle, kOther}) == "bob > 00112233 > ffeeddcc");
  CHECK(way_text({"bob"}) == "bob");
  CHECK(way_text({}).empty());
  CHECK(way_text({kHandle, kHandle}) == kHandle + " > 00112233");
  CHECK(way_text({"bob", "carol"}) == "bob > carol");
  CHECK(way_text({"bob", "00112233", "0011223"}) == "bob > 00112233 > 0011223");
}

TEST_CASE(
    "a circuit takes two lines of at most 80 columns, and a third when something went wrong") {
  CircuitView circuit = sample();
  CHECK(circuit_text(circuit) ==
        "        17  open         12 s      8.25 ms     4.9 KiB in     1.2 GiB out\n"
        "            bob > 00112233 > ffeeddcc > 00112233\n");
  circuit.onion_faults = 3;
  circuit.resent = 4;
  CHECK(
      has(circuit_text(circuit), "\n            3 cells forged or damaged, 4 cells sent again\n"));
  circuit = sample();
  circuit.id = UINT32_MAX;
  circuit.state = "building";
  circuit.age_s = 1e6;
  circuit.rtt_ms = 60'000;
  circuit.tx_bytes = circuit.rx_bytes = 1'023 * 1'024;
  CHECK(widest(circuit_text(circuit)) <= 80);
  circuit.hops.clear();
  CHECK(has(circuit_text(circuit), "the far end"));
  circuit.hops = {"dave"};
  CHECK(has(circuit_text(circuit), "direct, over the link"));
}

TEST_CASE("circuits stand together by far end, and unusual words are explained") {
  CircuitsView view;
  view.circuits = {sample(), sample(), sample()};
  view.circuits[1].to = {*parse_address("fd00::1"), ""};
  view.circuits[1].state = "suspect";
  view.left = 7;
  view.relayed = {{"carol", 3, 12'345, 2, 40, 1}};
  const std::string text = circuits_text(view);
  CHECK(has(text, "To dave  fd12:3456:789a:1111:2222:3333:4444:5555\n"));
  CHECK(text.find("To dave") == text.rfind("To dave"));
  CHECK(has(text, "To fd00::1\n"));
  CHECK(has(text, "suspect: nothing came back"));
  CHECK(has(text, "Eight hexadecimal digits"));
  CHECK(has(text, "and 7 more\n"));
  CHECK(has(text, "carol"));
  CHECK(has(text, "2 cells forged or damaged on their way"));
  CHECK(widest(text) <= 80);
}

TEST_CASE("no circuits is a sentence, and nothing is explained that is not there") {
  CircuitsView view;
  CHECK(circuits_text(view) == "no circuits\n");
  view.peer = PeerView{*parse_address("fd00::1"), "dave.bob"};
  CHECK(circuits_text(view) == "no circuit to dave.bob\n");
}

TEST_CASE("a path says of each way whether it is used and why, and of none that none is known") {
  PathView view;
  view.peer = {*parse_address("fd00::1"), "dave.bob"};
  view.options = {{{"bob", kHandle}, true, "shortest"}, {{"carol", kHandle}, false, "same relay"}};
  view.why = "two friends met in person";
  CHECK(path_text(view) ==
        "dave.bob  fd00::1\n"
        "  used      bob > 00112233\n"
        "            shortest\n"
        "  not used  carol > 00112233\n"
        "            same relay\n"
        "two friends met in person\n"
        "Eight hexadecimal digits stand for a node whose name only its own friends know.\n");
  view.options.clear();
  CHECK(has(path_text(view), "no way is known"));
}

TEST_CASE("timed hops are numbered, and one without an answer has no time") {
  CHECK(hops_text({{"bob", true, 2.1}, {kHandle, false, 0}}) ==
        "  hop 1  bob                      2.10 ms\n"
        "  hop 2  00112233               no answer\n");
}

TEST_CASE("the counts of status name only what is there") {
  CHECK(counts_text({}) == "0 open; 0 of friends pass through this node");
  CHECK(counts_text({4, 1, 2, 3}) ==
        "4 open, 1 being built, 2 failing; 3 of friends pass through this node");
}

TEST_CASE("a circuit in JSON has the members of the contract, whole handles and null for no time") {
  CircuitsView view;
  view.circuits = {sample()};
  view.circuits[0].rtt_ms = 0;
  view.relayed = {{"carol", 3, 12'345, 2, 40, 1}};
  const std::string text = circuits_json(view).text();
  CHECK(has(text, "\"schema\": \"covfefe.circuits/1\""));
  for (const char* member :
       {"\"id\": 17", "\"to\": \"dave\"", "\"state\": \"open\"", "\"age_s\": 12.25",
        "\"rtt_ms\": null", "\"tx_bytes\": 1300000000", "\"rx_bytes\": 5000", "\"from\": \"carol\"",
        "\"cells\": 12345", "\"left\": 0"}) {
    CAPTURE(member);
    CHECK(has(text, member));
  }
  CHECK(has(text, kHandle));
}

}  // namespace covfefe::cli
