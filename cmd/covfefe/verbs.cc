// SPDX-License-Identifier: Apache-2.0
#include "verbs.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "commands.h"
#include "complete.h"
#include "crypto/types.h"
#include "verbs_parts.h"

namespace covfefe::cli {
CLI::App* verb(CLI::App& parent, Chosen& chosen, const char* name, const char* does) {
  CLI::App* app = parent.add_subcommand(name, does);
  app->add_option("--root", chosen.common.root, "where the node lives")->capture_default_str();
  app->add_flag("--json", chosen.common.json, "machine-readable output");
  return app;
}

namespace {

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
  up_verb
      ->add_option("--watchdog", up_options->watchdog,
                   "seconds of silence after which a service is ended and started again")
      ->check(CLI::Range(1U, 3600U))
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

constexpr const char* kVisibility = "what other friends learn: hidden, relay-only or reachable";

void add_friend_changes(CLI::App* friends, Chosen& chosen) {
  const auto trust = CLI::IsMember({"met", "known", "introduced", "none"});
  const auto visibility = CLI::IsMember({"hidden", "relay-only", "reachable"});
  auto add = std::make_shared<FriendOptions>();
  add->visibility = "relay-only";
  auto* add_verb = verb(*friends, chosen, "add", "add a friend from a card");
  add_verb->add_option("FILE", add->who, "the friend's card")->required();
  add_verb->add_option("--name", add->name, "petname")->required();
  add_verb->add_option("--trust", add->trust, "met, known, introduced or none")
      ->required()
      ->check(trust);
  add_verb->add_option("--visibility", add->visibility, kVisibility)
      ->check(visibility)
      ->capture_default_str();
  add_verb->add_option("--psk", add->psk, "file with the pairwise key (64 hex digits)");
  add_verb->add_option("--endpoint", add->endpoints, "HOST:PORT, besides those of the card");
  add_verb->callback(
      [&chosen, add] { chosen.run = [&chosen, add] { return friend_add(chosen.common, *add); }; });
  auto set = std::make_shared<FriendOptions>();
  auto* set_verb = verb(*friends, chosen, "set", "change a friend");
  set_verb->add_option("PETNAME", set->who, "whom")->required();
  set_verb->add_option("--name", set->name, "new petname");
  set_verb->add_option("--trust", set->trust, "new level of trust")->check(trust);
  set_verb->add_option("--visibility", set->visibility, kVisibility)->check(visibility);
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

using TextVerb = int (*)(const Common&, const std::string&);

struct WordVerb {
  const char* name;
  const char* does;
  const char* word;  // PEER or SERVICE
  const char* word_is;
  TextVerb run;
};

CLI::Option* add_word_verb(CLI::App& parent, Chosen& chosen, const WordVerb& what) {
  auto text = std::make_shared<std::string>();
  auto* one = verb(parent, chosen, what.name, what.does);
  auto* option = one->add_option(what.word, *text, what.word_is);
  one->callback([&chosen, text, run = what.run] {
    chosen.run = [&chosen, text, run] { return run(chosen.common, *text); };
  });
  return option;
}

void add_ping(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<PingOptions>();
  auto* ping_verb = verb(app, chosen, "ping", "overlay ping, and which way it takes");
  ping_verb->add_option("PEER", options->peer, kPeer)->required();
  ping_verb->add_option("--count", options->count, "how many")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  ping_verb->add_flag("--hops", options->hops, "time each hop of the first circuit, too");
  ping_verb->callback([&chosen, options] {
    chosen.run = [&chosen, options] { return ping(chosen.common, *options); };
  });
}

void add_circuit_verbs(CLI::App& app, Chosen& chosen) {
  add_word_verb(app, chosen,
                {"path", "the ways to a peer, and why one is taken", "PEER", kPeer, path})
      ->required();
  add_word_verb(app, chosen, {"circuits", "this node's circuits", "PEER", kPeer, circuits});
  CLI::App* circuit = app.add_subcommand("circuit", "build and close circuits");
  circuit->require_subcommand(1);
  add_word_verb(*circuit, chosen,
                {"new", "build one more circuit to a peer", "PEER", kPeer, circuit_new})
      ->required();
  auto id = std::make_shared<std::uint32_t>();
  auto* close = verb(*circuit, chosen, "close", "close one circuit");
  close->add_option("ID", *id, "as covfefe circuits shows it")->required();
  close->callback(
      [&chosen, id] { chosen.run = [&chosen, id] { return circuit_close(chosen.common, *id); }; });
  CLI::App* identity = app.add_subcommand("identity", "what far ends see of this node");
  identity->require_subcommand(1);
  auto* fresh = verb(*identity, chosen, "new", "take a fresh address");
  fresh->add_flag("--once")
      ->description("for sessions opened from now on, until it is dropped")
      ->required();
  fresh->callback([&chosen] { chosen.run = [&chosen] { return identity_new(chosen.common); }; });
  verb(*identity, chosen, "drop", "go back to the own address")->callback([&chosen] {
    chosen.run = [&chosen] { return identity_drop(chosen.common); };
  });
}

void add_live_verbs(CLI::App& app, Chosen& chosen) {
  verb(app, chosen, "status", "one screen: services, jails, friends, circuits")
      ->callback([&chosen] { chosen.run = [&chosen] { return status(chosen.common); }; });
  add_ping(app, chosen);
  add_word_verb(app, chosen,
                {"why", "why a peer is not reached, and the next step", "PEER", kPeer, why})
      ->required();
  add_word_verb(app, chosen,
                {"inspect", "interfaces, counters, queues and jail of a service", "SERVICE",
                 "tun-helper, router, keystore, peerdb or shaper", inspect})
      ->required();
  CLI::App* config = app.add_subcommand("config", "the configuration file");
  config->require_subcommand(1);
  verb(*config, chosen, "check", "is it valid?")->callback([&chosen] {
    chosen.run = [&chosen] { return config_check(chosen.common); };
  });
  verb(*config, chosen, "show", "every key with its effective value")->callback([&chosen] {
    chosen.run = [&chosen] { return config_show(chosen.common); };
  });
  verb(*config, chosen, "apply", "let the running node follow the file")->callback([&chosen] {
    chosen.run = [&chosen] { return config_apply(chosen.common); };
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
  add_circuit_verbs(app, chosen);
  add_promise_verbs(app, chosen);
  add_shaper_verbs(app, chosen);
  add_audit_verbs(app, chosen);
  if (argc > 1 && std::string_view(argv[1]) == "complete") {
    return complete(app, {argv + std::min(argc, 3), argv + argc});
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return chosen.run();
}

}  // namespace covfefe::cli
