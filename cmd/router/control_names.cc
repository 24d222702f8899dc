// SPDX-License-Identifier: Apache-2.0
#include "control_names.h"

#include <algorithm>

namespace covfefe::router {
namespace {

constexpr Duration kNamePatience = Duration::seconds(2);
constexpr std::size_t kShown = 64;

// Of a text in a sentence: names have at most 63 characters.
std::string shown(const std::string& text) {
  return text.size() <= kShown ? text : text.substr(0, kShown) + "...";
}

// On the heap between promises, as in Questions.
kj::Promise<kj::Own<Named>> at_once(Named named) {
  return kj::heap<Named>(std::move(named));
}

std::string ask_why(const std::string& asked) {
  return "covfefe why " + asked + " goes through what a way there needs";
}

kj::Promise<kj::Own<Named>> nobody(std::string why, std::string next) {
  return at_once({std::nullopt, {}, std::move(why), std::move(next)});
}

}  // namespace

const FriendRecord* OperatorNames::friend_called(std::string_view petname) const {
  const auto& all = peerdb_.friends();
  const auto at = std::find_if(all.begin(), all.end(),
                               [petname](const auto& one) { return one.petname == petname; });
  return at == all.end() ? nullptr : &*at;
}

std::string OperatorNames::petname_of(const Address& address) const {
  const auto& all = peerdb_.friends();
  const auto at = std::find_if(all.begin(), all.end(),
                               [&address](const auto& one) { return one.address == address; });
  return at == all.end() ? std::string() : at->petname;
}

kj::Promise<kj::Own<Named>> OperatorNames::look_up(const std::string& text) const {
  if (const FriendRecord* known = friend_called(text)) {
    return at_once({known->address, known->petname, {}, ask_why(text)});
  }
  if (const auto address = parse_address(text)) {
    if (address->is_overlay()) return at_once({*address, petname_of(*address), {}, ask_why(text)});
    return nobody(shown(text) + " is no overlay address: those lie in fd00::/8",
                  "a friend's is shown by covfefe friend list");
  }
  const std::size_t dot = text.find('.');
  if (dot != std::string::npos) return ask_friend(text.substr(0, dot), text.substr(dot + 1));
  return nobody("there is no friend called " + shown(text),
                "covfefe friend list shows the names; a friend's friend is NAME.FRIEND");
}

kj::Promise<kj::Own<Named>> OperatorNames::ask_friend(const std::string& name,
                                                      const std::string& introducer) const {
  const FriendRecord* known = friend_called(introducer);
  if (known == nullptr) {
    return nobody("NAME.FRIEND asks a friend, and there is no friend called " + shown(introducer),
                  "covfefe friend list shows the names");
  }
  if (!rpc::is_petname(name)) {
    return nobody(shown(name) + " is no name: those are 1 to 63 of a-z, 0-9 and inner hyphens",
                  "ask " + shown(introducer) + " what it calls this node");
  }
  return questions_.name({known->id, name, kNamePatience})
      .then([this, name, introducer](core::NameReport&& report) {
        if (report.ok) {
          return kj::heap<Named>(Named{
              report.address, petname_of(report.address), {}, ask_why(name + "." + introducer)});
        }
        std::string why = introducer + " names nobody " + name + " to this node";
        if (!report.why.empty()) why += ": " + report.why;
        return kj::heap<Named>(
            Named{std::nullopt,
                  {},
                  std::move(why),
                  "both ends of that friendship must allow it, each with covfefe friend set NAME "
                  "--visibility reachable"});
      });
}

}  // namespace covfefe::router
