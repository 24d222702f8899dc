// SPDX-License-Identifier: Apache-2.0
// The command line of promises and of the shaper.
#include <memory>

#include "commands.h"
#include "verbs_parts.h"

namespace covfefe::cli {
namespace {

constexpr const char* kPetname = "petname or overlay address of a friend";

void add_reserve(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ReserveOptions>();
  auto* one = verb(app, chosen, "reserve", "ask for bandwidth that is kept for you");
  one->add_option("PEER", options->peer, kPeer)->required();
  one->add_option("RATE", options->rate, "of payload, for example 10KiB/s")->required();
  one->add_option("TIME", options->lasts, "for how long, for example 2.5h")->required();
  one->add_option("--class", options->lease_class, "realtime: in time; bulk: a rate")
      ->check(CLI::IsMember({"realtime", "bulk"}))
      ->capture_default_str();
  one->add_option("--packet", options->packet, "bytes of payload in each packet")
      ->check(CLI::Range(1, 1'232));
  one->add_option("--at", options->at, "when it starts: +1h or 21:30");
  auto* in = one->add_flag("--in", options->in, "only towards this node");
  auto* out = one->add_flag("--out", options->out, "only from this node");
  auto* both = one->add_flag("--both")->description("both ways (the default)");
  in->excludes(out)->excludes(both);
  out->excludes(both);
  one->callback([&chosen, options] {
    chosen.run = [&chosen, options] { return reserve(chosen.common, *options); };
  });
}

void add_by_number(CLI::App& app, Chosen& chosen) {
  auto id = std::make_shared<std::uint32_t>();
  auto by = std::make_shared<std::string>();
  auto* longer = verb(app, chosen, "extend", "keep a reservation longer");
  longer->add_option("ID", *id, "as covfefe promises shows it")->required();
  longer->add_option("TIME", *by, "how much longer, for example 30min")->required();
  longer->callback([&chosen, id, by] {
    chosen.run = [&chosen, id, by] { return extend(chosen.common, *id, *by); };
  });
  auto* end = verb(app, chosen, "release", "give a reservation back");
  end->add_option("ID", *id, "as covfefe promises shows it")->required();
  end->callback(
      [&chosen, id] { chosen.run = [&chosen, id] { return release(chosen.common, *id); }; });
}

void add_words_to_friends(CLI::App& app, Chosen& chosen) {
  auto what = std::make_shared<std::string>();
  auto when = std::make_shared<std::string>();
  auto* tell = verb(app, chosen, "intend", "tell friends until when this node is there");
  tell->add_option("WHAT", *what, "online-until, leaving or nothing")->required();
  tell->add_option("TIME", *when, "23:00 or 10min");
  tell->callback([&chosen, what, when] {
    chosen.run = [&chosen, what, when] { return intend(chosen.common, *what, *when); };
  });
  auto* ask = verb(app, chosen, "please", "ask a friend to stay online longer");
  ask->add_option("FRIEND", *what, kPetname)->required();
  ask->add_option("TIME", *when, "how much longer, for example +10min")->required();
  ask->callback([&chosen, what, when] {
    chosen.run = [&chosen, what, when] { return please(chosen.common, *what, *when); };
  });
  auto options = std::make_shared<AnswerOptions>();
  auto* reply = verb(app, chosen, "answer", "answer a friend who asks this node to stay");
  reply->add_option("FRIEND", options->peer, kPetname)->required();
  reply->add_option("ANSWER", options->yes_or_no, "yes or no")->required();
  reply->add_option("TIME", options->by, "how much longer (default: what was asked)");
  reply->callback([&chosen, options] {
    chosen.run = [&chosen, options] { return answer(chosen.common, *options); };
  });
}

}  // namespace

void add_promise_verbs(CLI::App& app, Chosen& chosen) {
  add_reserve(app, chosen);
  add_by_number(app, chosen);
  verb(app, chosen, "promises", "what is reserved, announced and asked")->callback([&chosen] {
    chosen.run = [&chosen] { return promises(chosen.common); };
  });
  add_words_to_friends(app, chosen);
}

void add_shaper_verbs(CLI::App& app, Chosen& chosen) {
  verb(app, chosen, "shaper", "the uplink: who gets what, and what was promised")
      ->callback([&chosen] { chosen.run = [&chosen] { return shaper(chosen.common); }; });
  auto options = std::make_shared<TopOptions>();
  auto* live = verb(app, chosen, "top", "the uplink live, friend by friend");
  live->add_flag("--once", options->once, "print one frame and end");
  live->callback([&chosen, options] {
    chosen.run = [&chosen, options] { return top(chosen.common, *options); };
  });
}

}  // namespace covfefe::cli
