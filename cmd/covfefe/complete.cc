// SPDX-License-Identifier: Apache-2.0
#include "complete.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string_view>

#include "config/config.h"
#include "layout.h"
#include "outcome.h"
#include "services.h"

namespace covfefe::cli {
namespace {

constexpr Duration kPatience = Duration::millis(300);

enum class Kind { Words, Friends, Services, Files, Directories };

struct Values {
  Kind kind = Kind::Words;
  std::vector<std::string> words;
};

// By the name of an argument, or of the option that it follows.
const std::map<std::string_view, Values>& values_by_name() {
  static const std::map<std::string_view, Values> kValues = {
      {"PETNAME", {Kind::Friends, {}}},
      {"FRIEND", {Kind::Friends, {}}},
      {"PEER", {Kind::Friends, {}}},
      {"SERVICE", {Kind::Services, {}}},
      {"ANSWER", {Kind::Words, {"yes", "no"}}},
      {"WHAT", {Kind::Words, {"online-until", "leaving", "nothing"}}},
      {"FILE", {Kind::Files, {}}},
      {"--psk", {Kind::Files, {}}},
      {"--passphrase-file", {Kind::Files, {}}},
      {"--output", {Kind::Files, {}}},
      {"--root", {Kind::Directories, {}}},
  };
  return kValues;
}

// The set that CLI::IsMember shows in an option's type: "TEXT:{met,known}".
std::vector<std::string> members(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto from = type.find('{');
  const auto to = type.find('}', from);
  if (from == std::string::npos || to == std::string::npos) return {};
  return CLI::detail::split(type.substr(from + 1, to - from - 1), ',');
}

Values values_of(const CLI::Option& option) {
  if (auto words = members(option); !words.empty()) return {Kind::Words, std::move(words)};
  const auto& known = values_by_name();
  const auto found = known.find(option.get_name());
  return found == known.end() ? Values{} : found->second;
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0 && !option.get_positional();
}

// The words before the last one, understood as far as they can be.
struct Place {
  const CLI::App* app = nullptr;
  const CLI::Option* pending = nullptr;  // an option whose value comes next
  std::size_t arguments = 0;             // positional ones that were given
  bool only_arguments = false;           // after "--"
  std::string root = "/";
};

const CLI::App* verb_of(const CLI::App& app, const std::string& name) {
  const auto named =
      app.get_subcommands([&](const CLI::App* one) { return one->get_name() == name; });
  return named.empty() ? nullptr : named.front();
}

void take_option(Place& place, const std::string& word) {
  const auto equals = word.find('=');
  const CLI::Option* option = place.app->get_option_no_throw(word.substr(0, equals));
  if (option == nullptr || !takes_value(*option)) return;
  if (equals == std::string::npos) {
    place.pending = option;
  } else if (option->get_name() == "--root") {
    place.root = word.substr(equals + 1);
  }
}

void take_word(Place& place, const std::string& word) {
  if (place.pending != nullptr) {
    if (place.pending->get_name() == "--root") place.root = word;
    place.pending = nullptr;
  } else if (!place.only_arguments && word == "--") {
    place.only_arguments = true;
  } else if (!place.only_arguments && word.starts_with('-')) {
    take_option(place, word);
  } else if (const CLI::App* verb = verb_of(*place.app, word); verb != nullptr) {
    place.app = verb;
  } else {
    ++place.arguments;
  }
}

const CLI::Option* argument_at(const CLI::App& app, std::size_t place) {
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    if (place == 0) return option;
    --place;
  }
  return nullptr;
}

std::vector<Offer> as_offers(const std::vector<std::string>& words) {
  std::vector<Offer> out;
  for (const std::string& word : words) out.push_back({word, ""});
  return out;
}

std::vector<Offer> values(const CLI::Option& option, const Place& place, const Names& names) {
  const Values wanted = values_of(option);
  switch (wanted.kind) {
    case Kind::Words:
      return as_offers(wanted.words);
    case Kind::Friends:
      return as_offers(names(place.root));
    case Kind::Services:
      return as_offers({services().begin(), services().end()});
    case Kind::Files:
      return {{":files", ""}};
    case Kind::Directories:
      return {{":directories", ""}};
  }
  return {};
}

std::vector<Offer> options_of(const CLI::App& app) {
  std::vector<Offer> out;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      out.push_back({"--" + name, option->get_description()});
    }
  }
  return out;
}

std::vector<Offer> verbs_of(const CLI::App& app) {
  std::vector<Offer> out;
  for (const CLI::App* verb : app.get_subcommands({})) {
    out.push_back({verb->get_name(), verb->get_description()});
  }
  return out;
}

void keep_those_that_begin(std::vector<Offer>& offers, const std::string& typed) {
  std::erase_if(offers, [&](const Offer& offer) {
    return !offer.word.starts_with(typed) && !offer.word.starts_with(':');
  });
}

// "--trust=me": the option's values, each with the option before it.
std::vector<Offer> joined(const Place& place, const std::string& typed, const Names& names) {
  const auto equals = typed.find('=');
  const CLI::Option* option = place.app->get_option_no_throw(typed.substr(0, equals));
  if (option == nullptr || !takes_value(*option)) return {};
  std::vector<Offer> out = values(*option, place, names);
  for (Offer& offer : out) {
    if (!offer.word.starts_with(':')) offer.word.insert(0, typed.substr(0, equals + 1));
  }
  return out;
}

}  // namespace

std::vector<Offer> offers(const CLI::App& app, const std::vector<std::string>& words,
                          const Names& names) {
  Place place;
  place.app = &app;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) take_word(place, words[i]);
  const std::string typed = words.empty() ? "" : words.back();
  std::vector<Offer> out;
  if (place.pending != nullptr) {
    out = values(*place.pending, place, names);
  } else if (!place.only_arguments && typed.starts_with('-')) {
    out =
        typed.find('=') == std::string::npos ? options_of(*place.app) : joined(place, typed, names);
  } else if (const CLI::Option* next = argument_at(*place.app, place.arguments); next != nullptr) {
    out = values(*next, place, names);
  } else {
    out = verbs_of(*place.app);
  }
  keep_those_that_begin(out, typed);
  return out;
}

std::vector<std::string> petnames(const std::string& root) {
  auto peerdb = Connection::open(Layout(root), "peerdb", kPatience);
  if (!peerdb) return {};
  const auto known = friends(*peerdb, kPatience);
  if (!known) return {};
  std::vector<std::string> out;
  // What is offered is typed for the operator: no peerdb puts more than a name there.
  for (const FriendRecord& one : *known) {
    if (config::is_valid_name(one.petname)) out.push_back(one.petname);
  }
  return out;
}

int complete(const CLI::App& app, const std::vector<std::string>& words) {
  for (const Offer& offer : offers(app, words, petnames)) {
    std::printf("%s\t%s\n", offer.word.c_str(), offer.about.c_str());
  }
  return kDone;
}

}  // namespace covfefe::cli
