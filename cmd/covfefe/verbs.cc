// SPDX-License-Identifier: Apache-2.0
#include "verbs.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "commands.h"
#include "crypto/types.h"

namespace covfefe::cli {
namespace {

struct Chosen {
  Common common;
  std::function<int()> run;
};

CLI::App* verb(CLI::App& parent, Chosen& chosen, const char* name, const char* does) {
  CLI::App* app = parent.add_subcommand(name, does);
  app->add_option("--root", chosen.common.root, "where the node lives")->capture_default_str();
  app->add_flag("--json", chosen.common.json, "machine-readable output");
  return app;
}

void add_node_verbs(CLI::App& app, Chosen& chosen) {
  auto* init_verb = verb(app, chosen, "init", "make keys and a default configuration");
  auto options = std::make_shared<InitOptions>();
  init_verb->add_option("--name", options->name, "name suggested to friends");
  init_verb->add_option("--listen", options->listen, "ADDR:PORT of the control socket");
  init_verb->add_option("--tun", options->tun, "name of the TUN interface");
  init_verb->add_option("--passphrase-file", options->passphrase_file,
                        "seal the keys with the first line of this file");
  init_verb->callback([&chosen, options] {
    chosen.run = [&chosen, options] { return init(chosen.common, *options); };
  });
  auto* up_verb = verb(app, chosen, "up", "run the node in the foreground");
  auto up_options = std::make_shared<UpOptions>();
  up_verb
      ->add_option("--jail-unknown", up_options->jail_unknown,
                   "what a system call outside the policy gets")
      ->check(CLI::IsMember({"enosys", "kill"}))
      ->capture_default_str();
  up_verb->callback([&chosen, up_options] {
    chosen.run = [&chosen, up_options] { return up(chosen.common, *up_options); };
  });
  auto* unlock_verb = verb(app, chosen, "unlock", "give the keystore its passphrase");
  auto file = std::make_shared<std::string>();
  unlock_verb->add_option("--passphrase-file", *file, "first line of this file (default: ask)");
  unlock_verb->callback(
      [&chosen, file] { chosen.run = [&chosen, file] { return unlock(chosen.common, *file); }; });
}

void add_identity_verbs(CLI::App& app, Chosen& chosen) {
  verb(app, chosen, "id", "address, fingerprint and public key")->callback([&chosen] {
    chosen.run = [&chosen] { return id(chosen.common); };
  });
  auto* card_verb = verb(app, chosen, "card", "print this node's friend card");
  auto options = std::make_shared<CardOptions>();
  card_verb->add_option("--endpoint", options->endpoints,
                        "HOST:PORT where friends reach this node");
  card_verb->add_flag("--qr", options->qr, "as a QR code for a terminal");
  card_verb->callback([&chosen, options] {
    chosen.run = [&chosen, options] { return card(chosen.common, *options); };
  });
}

void add_friend_changes(CLI::App* friends, Chosen& chosen) {
  const auto trust = CLI::IsMember({"met", "known", "introduced", "none"});
  auto add = std::make_shared<FriendOptions>();
  auto* add_verb = verb(*friends, chosen, "add", "add a friend from a card");
  add_verb->add_option("FILE", add->who, "the friend's card")->required();
  add_verb->add_option("--name", add->name, "petname")->required();
  add_verb->add_option("--trust", add->trust, "met, known, introduced or none")
      ->required()
      ->check(trust);
  add_verb->add_option("--psk", add->psk, "file with the pairwise key (64 hex digits)");
  add_verb->add_option("--endpoint", add->endpoints, "HOST:PORT, besides those of the card");
  add_verb->callback(
      [&chosen, add] { chosen.run = [&chosen, add] { return friend_add(chosen.common, *add); }; });
  auto set = std::make_shared<FriendOptions>();
  auto* set_verb = verb(*friends, chosen, "set", "change a friend");
  set_verb->add_option("PETNAME", set->who, "whom")->required();
  set_verb->add_option("--name", set->name, "new petname");
  set_verb->add_option("--trust", set->trust, "new level of trust")->check(trust);
  set_verb->add_option("--psk", set->psk, "file with a new pairwise key");
  set_verb->add_option("--endpoint", set->endpoints, "HOST:PORT to try first");
  set_verb->callback(
      [&chosen, set] { chosen.run = [&chosen, set] { return friend_set(chosen.common, *set); }; });
}

void add_friend_verbs(CLI::App& app, Chosen& chosen) {
  CLI::App* friends = app.add_subcommand("friend", "add, show, change and remove friends");
  friends->require_subcommand(1);
  add_friend_changes(friends, chosen);
  verb(*friends, chosen, "list", "all friends")->callback([&chosen] {
    chosen.run = [&chosen] { return friend_list(chosen.common); };
  });
  using FriendVerb = int (*)(const Common&, const FriendOptions&);
  const auto by_name = [&](const char* name, const char* does, FriendVerb run) {
    auto options = std::make_shared<FriendOptions>();
    auto* one = verb(*friends, chosen, name, does);
    one->add_option("PETNAME", options->who, "whom")->required();
    one->callback([&chosen, options, run] {
      chosen.run = [&chosen, options, run] { return run(chosen.common, *options); };
    });
  };
  by_name("show", "one friend and what was measured", friend_show);
  by_name("remove", "end a friendship", friend_remove);
}

void add_live_verbs(CLI::App& app, Chosen& chosen) {
  verb(app, chosen, "status", "one screen: services, jails, friends")->callback([&chosen] {
    chosen.run = [&chosen] { return status(chosen.common); };
  });
  auto ping_options = std::make_shared<PingOptions>();
  auto* ping_verb = verb(app, chosen, "ping", "overlay ping by petname or address");
  ping_verb->add_option("PEER", ping_options->peer, "petname or overlay address")->required();
  ping_verb->add_option("--count", ping_options->count, "how many")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  ping_verb->callback([&chosen, ping_options] {
    chosen.run = [&chosen, ping_options] { return ping(chosen.common, *ping_options); };
  });
  using TextVerb = int (*)(const Common&, const std::string&);
  const auto with_word = [&](const char* name, const char* does, const char* word, TextVerb run) {
    auto text = std::make_shared<std::string>();
    auto* one = verb(app, chosen, name, does);
    one->add_option(word, *text)->required();
    one->callback([&chosen, text, run] {
      chosen.run = [&chosen, text, run] { return run(chosen.common, *text); };
    });
  };
  with_word("why", "why a peer is not reached, and the next step", "PEER", why);
  with_word("inspect", "interfaces, counters, queues and jail of a service", "SERVICE", inspect);
  CLI::App* config = app.add_subcommand("config", "the configuration file");
  config->require_subcommand(1);
  verb(*config, chosen, "check", "is it valid?")->callback([&chosen] {
    chosen.run = [&chosen] { return config_check(chosen.common); };
  });
  verb(*config, chosen, "show", "every key with its effective value")->callback([&chosen] {
    chosen.run = [&chosen] { return config_show(chosen.common); };
  });
}

}  // namespace

int dispatch(int argc, char** argv) {
  if (!crypto::init()) {
    return report({"libsodium does not start", "this machine has no source of randomness"}, {});
  }
  CLI::App app("CovfefeNet, a friend-to-friend network", "covfefe");
  app.set_version_flag("--version", COVFEFE_VERSION);
  app.require_subcommand(1);
  Chosen chosen;
  add_node_verbs(app, chosen);
  add_identity_verbs(app, chosen);
  add_friend_verbs(app, chosen);
  add_live_verbs(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return chosen.run();
}

}  // namespace covfefe::cli
