// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "printable.h"
#include "shaper_samples.h"
#include "top_frame.h"

namespace covfefe::cli {
namespace {

std::size_t columns(std::string_view line) {
  std::size_t out = 0;
  for (; !line.empty(); ++out) line.remove_prefix(std::max<std::size_t>(utf8_length(line), 1));
  return out;
}

std::string joined(const std::vector<TopLine>& frame) {
  std::string out;
  for (const TopLine& line : frame) out += line.text + "\n";
  return out;
}

std::string names_in_order(const TopModel& model) {
  std::string out;
  for (const FriendState* one : model.order()) out += one->name.substr(7) + " ";
  return out;
}

TopModel with_friends(std::uint32_t count) {
  TopModel model;
  model.take(busy_shaper(count));
  return model;
}

std::string drawn(const TopModel& model, TopSize size = {}) {
  return joined(top_frame(model, {size, "14:03:22", Glyphs::Ascii}));
}

}  // namespace

TEST_CASE("a frame has exactly the terminal's columns and at most its rows, at every size") {
  for (const std::uint32_t friends : {0U, 3U, 300U}) {
    for (const Glyphs glyphs : {Glyphs::Ascii, Glyphs::Blocks}) {
      TopModel model = with_friends(friends);
      for (int help = 0; help < 2; ++help) {
        for (const TopSize size : {TopSize{80, 24}, TopSize{60, 15}, TopSize{200, 50},
                                   TopSize{20, 7}, TopSize{1, 1}, TopSize{1'000, 6}}) {
          CAPTURE(size.columns);
          const auto frame = top_frame(model, {size, "14:03:22", glyphs});
          CHECK(frame.size() <= size.rows);
          for (const TopLine& line : frame) CHECK(columns(line.text) == size.columns);
        }
        (void)model.press("?", 10);
      }
    }
  }
}

TEST_CASE("a frame says the uplink, what is sent, promised and waiting, each friend and the keys") {
  TopModel model = with_friends(3);
  ShaperState next = busy_shaper(3);
  next.at_ns += 1'000'000'000;
  next.queue.sent_bytes += 575'000;
  next.classes[1].sent_bytes += 500'000;
  model.take(std::move(next));
  const std::string frame = drawn(model);
  for (const char* part :
       {"9.20 Mbit/s of 10.0 Mbit/s, steady for 3 min", "14:03:22", "4.60 Mbit/s",
        "[##########..........]", "13.7 KiB in 3 flows", "205 kbit/s in 3 leases",
        "free 6.40 Mbit/s of 7.04 Mbit/s", "met 4.00M", "no link's delay rises", "RATE", "entitled",
        "friend-1", "friend-3", "x quit"}) {
    CAPTURE(part);
    CHECK(frame.find(part) != std::string::npos);
  }
}

TEST_CASE("keys sort, the largest first, equals by name") {
  TopModel model = with_friends(4);
  CHECK(names_in_order(model) == "4 3 2 1 ");
  (void)model.press("e", 10);
  CHECK(names_in_order(model) == "1 2 3 4 ");
  CHECK(drawn(model).find("ENTITLED") != std::string::npos);
  (void)model.press("q", 10);
  CHECK(names_in_order(model) == "4 3 2 1 ");
  (void)model.press("l", 10);
  CHECK(names_in_order(model) == "2 1 4 3 ");
  (void)model.press("d", 10);
  CHECK(names_in_order(model) == "4 3 2 1 ");
  (void)model.press("n", 10);
  CHECK(names_in_order(model) == "1 2 3 4 ");
  CHECK(drawn(model).find("FRIEND") != std::string::npos);
}

TEST_CASE("keys scroll by lines and pages, not beyond the ends") {
  TopModel model = with_friends(40);
  (void)model.press("jj\x1b[B", 17);
  CHECK(model.first() == 3);
  (void)model.press("k\x1b[A", 17);
  CHECK(model.first() == 1);
  (void)model.press("\x1b[6~\x1b[6~\x1b[6~\x1b[6~", 17);
  CHECK(model.first() == 39);
  (void)model.press("\x1b[5~\x1b[5~\x1b[5~\x1b[5~", 17);
  CHECK(model.first() == 0);
  (void)model.press("\x1b[6~", 17);
  model.take(busy_shaper(5));
  CHECK(model.first() == 4);
}

TEST_CASE("x, Q and Control-C end; other keys do not") {
  for (const char* key : {"x", "Q", "\x03"}) CHECK(with_friends(1).press(key, 10) == TopDoes::Ends);
  TopModel model = with_friends(1);
  CHECK(model.press("rqenldp?hjkzX \x1b\x1b[Z\x01\xff", 10) == TopDoes::Goes);
}

TEST_CASE("pause and help are shown and taken back by the same key") {
  TopModel model = with_friends(2);
  (void)model.press("p", 10);
  CHECK(model.paused());
  CHECK(drawn(model).find("paused") != std::string::npos);
  (void)model.press("p?", 10);
  CHECK_FALSE(model.paused());
  CHECK(drawn(model).find("Ctrl-C") != std::string::npos);
  (void)model.press("?", 10);
  CHECK(drawn(model).find("Ctrl-C") == std::string::npos);
}

TEST_CASE("when the shaper does not answer the last frame stays and says so until it does") {
  TopModel model = with_friends(2);
  model.lost("the shaper is down");
  CHECK(drawn(model).find("trying again: the shaper is down") != std::string::npos);
  CHECK(drawn(model).find("friend-2") != std::string::npos);
  CHECK(drawn(model).find("d drop") != std::string::npos);
  model.take(busy_shaper(2));
  CHECK(drawn(model).find("trying again") == std::string::npos);
}

TEST_CASE("a sparkline has the newest on the right and the largest at the top") {
  CHECK(sparkline({}, 4, Glyphs::Ascii) == "    ");
  CHECK(sparkline({0, 0}, 4, Glyphs::Ascii) == "    ");
  CHECK(sparkline({1, 800}, 4, Glyphs::Ascii) == "  _#");
  CHECK(sparkline({9'999, 400, 800}, 2, Glyphs::Ascii) == "=#");
  CHECK(sparkline({100, 0, 800}, 3, Glyphs::Blocks) == "▂ █");
}

TEST_CASE("a friend's last rates are kept for four minutes and forgotten with the friend") {
  TopModel model = with_friends(2);
  for (int i = 0; i < 300; ++i) model.take(busy_shaper(2));
  CHECK(model.rates_of(1).size() == kTopHistory);
  model.take(busy_shaper(1));
  model.take(busy_shaper(2));
  CHECK(model.rates_of(2).size() == 1);
}

TEST_CASE("counters that began anew are no rate") {
  TopModel model = with_friends(1);
  ShaperState restarted = busy_shaper(1);
  restarted.at_ns += 1'000'000'000;
  restarted.queue.sent_bytes = 5;
  restarted.classes[1].sent_bytes = 5;
  model.take(std::move(restarted));
  CHECK(model.sent() == 0);
  CHECK(model.class_rates()[1].rate == 0);
}

}  // namespace covfefe::cli
