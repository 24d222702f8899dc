// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "commands.h"
#include "crypto/address.h"
#include "json.h"
#include "layout.h"
#include "node_files.h"
#include "os/files.h"
#include "os/process.h"
#include "os/resolve.h"
#include "programs.h"
#include "reach.h"
#include "shell_word.h"
#include "storage.h"
#include "wrap.h"

namespace covfefe::cli {
namespace {

std::string suggested_name() {
  std::string out;
  for (const char c : os::host_name()) {
    const char low = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (std::isalnum(static_cast<unsigned char>(low)) != 0 || low == '-') out += low;
  }
  while (out.starts_with('-')) out.erase(0, 1);
  while (out.ends_with('-')) out.pop_back();
  return config::is_valid_name(out) ? out : "node";
}

Outcome<config::Config> wanted_config(const Layout& layout, const InitOptions& options) {
  config::Config out;
  out.name = options.name.empty() ? suggested_name() : options.name;
  if (!config::is_valid_name(out.name)) {
    return Problem{"--name " + out.name + ": a name is 1 to 63 of a-z, 0-9 and -", "", kUsage};
  }
  out.require_luks = layout.tree() == os::RootTree::System;
  if (!options.tun.empty()) {
    if (!config::is_valid_interface(options.tun)) {
      return Problem{"--tun " + options.tun + ": an interface name has 1 to 15 characters", "",
                     kUsage};
    }
    out.tun.name = options.tun;
  }
  if (options.listen.empty()) return out;
  const auto control = config::parse_listen(options.listen);
  if (!control) return Problem{"--listen: " + control.error().message, "", kUsage};
  if (control->port > 65'533) {
    return Problem{"--listen: the two ports above are for data; choose at most 65533", "", kUsage};
  }
  out.listen.control = *control;
  for (std::size_t i = 0; i < out.listen.data.size(); ++i) {
    out.listen.data[i] = *control;
    out.listen.data[i].port = static_cast<std::uint16_t>(control->port + 1 + i);
  }
  return out;
}

Outcome<void> make_directories(const Layout& layout) {
  std::error_code code;
  std::filesystem::create_directories(layout.root(), code);
  // The root directory belongs to the node: the services' users must be able to walk through it.
  if (!code && layout.tree() == os::RootTree::Other) {
    using std::filesystem::perms;
    std::filesystem::permissions(layout.root(), perms::others_exec | perms::group_exec,
                                 std::filesystem::perm_options::add, code);
  }
  if (code) return Problem{"create " + layout.root() + ": " + code.message(), ""};
  for (const NodeDirectory& directory : directories()) {
    const std::string path = layout.path(directory.below);
    os::FileTraits traits{static_cast<mode_t>(directory.mode), {0, 0}};
    if (!directory.owner.empty()) {
      const auto owner = os::service_user(std::string(directory.owner), layout.tree());
      if (!owner) {
        return Problem{owner.error().text(), "create the users: systemd-sysusers covfefe.conf"};
      }
      traits.owner = *owner;
    } else if (std::filesystem::is_directory(path, code)) {
      continue;  // /etc, /var and the like are not ours to change
    }
    if (auto made = os::make_directory(path, traits); !made) {
      return Problem{made.error().text(), ""};
    }
  }
  return {};
}

Outcome<config::Card> make_keys(const Layout& layout, const InitOptions& options) {
  auto keystore = binary_of("keystore");
  if (!keystore) return keystore.error();
  os::Program program;
  program.path = *keystore;
  const auto root = root_for_services(layout);
  if (!root) return root.error();
  program.arguments = {"--init", "--root", *root};
  if (!options.passphrase_file.empty()) {
    program.arguments.push_back("--passphrase-file=" + options.passphrase_file);
  }
  program.environment = {{"CREDENTIALS_DIRECTORY", layout.credentials()}};
  const auto made = os::run(program);
  if (!made) return Problem{made.error().text(), ""};
  if (made->status != 0) return Problem{"no keys were made", "see the line above"};
  auto card = config::parse_card(made->text, "the keystore's answer");
  if (!card) return Problem{card.error().text(), ""};
  return std::move(*card);
}

enum class Made : std::uint8_t { Now, Before };

// A configuration that an interrupted init left, or that was put there beforehand, stays.
Outcome<Made> provide_config(const Layout& layout, const InitOptions& options) {
  const auto config = wanted_config(layout, options);
  if (!config) return config.error();
  const std::string text = config::default_text(*config);
  const auto done = os::create_file(layout.config(), bytes_of(text), {0644});
  if (done) return Made::Now;
  if (done.error().number != EEXIST) return Problem{done.error().text(), ""};
  const auto there = os::read_text(layout.config(), config::kMaxText);
  if (!there) return Problem{there.error().text(), ""};
  const bool asked = !options.name.empty() || !options.tun.empty() || !options.listen.empty();
  if (asked && *there != text) {
    return Problem{layout.config() + " exists and says something else: init overwrites nothing",
                   "run init without --name, --tun and --listen to take it as it is"};
  }
  return Made::Before;
}

Outcome<config::Card> make_node(const Layout& layout, const InitOptions& options) {
  if (!os::is_root()) return Problem{"init sets owners of files", "run it as root"};
  if (const auto config = wanted_config(layout, options); !config) return config.error();
  std::error_code ignored;
  // It is written last: without it, an init was interrupted, and this one completes it.
  if (std::filesystem::exists(layout.identity(), ignored)) {
    return Problem{layout.identity() + " exists: there is a node here, and init overwrites nothing",
                   "use it, or choose another --root"};
  }
  if (auto made = make_directories(layout); !made) return made.error();
  const auto config = provide_config(layout, options);
  if (!config) return config.error();
  auto card = make_keys(layout, options);
  if (!card) {
    if (*config == Made::Now) std::filesystem::remove(layout.config(), ignored);
    return card.error();
  }
  card->endpoints.clear();
  const std::string identity = config::emit_card(*card);
  if (auto done = os::create_file(layout.identity(), bytes_of(identity), {0644}); !done) {
    return Problem{done.error().text(), "run init again: it goes on where this one ended"};
  }
  return card;
}

void warn_of_storage(const Layout& layout) {
  for (const std::string_view service : services()) {
    const auto storage = storage_trouble(layout, service);
    if (!storage) continue;
    std::fprintf(stderr, "the %s will refuse to start: %s\n  next: %s\n",
                 std::string(service).c_str(), wrapped(storage->what, 2).c_str(),
                 wrapped(storage->next, 8).c_str());
  }
}

}  // namespace

int init(const Common& common, const InitOptions& options) {
  const Layout layout(common.root);
  const auto card = make_node(layout, options);
  if (!card) return report(card.error(), common);
  const std::string address = format_address(card->address);
  if (common.json) {
    const Json json = Json::document("init")
                          .set("name", card->name)
                          .set("address", address)
                          .set("config", layout.config());
    std::fputs(json.text().c_str(), stdout);
    return kDone;
  }
  std::printf("made node %s in %s\n  address      %s\n  fingerprint  %s\n  config       %s\n",
              card->name.c_str(), layout.root().c_str(), address.c_str(),
              crypto::fingerprint(card->identity_key).c_str(), layout.config().c_str());
  std::printf("start it:  %s\n", layout.tree() == os::RootTree::System
                                     ? "systemctl enable --now covfefe.target"
                                     : ("covfefe up --root " + shell_word(layout.root())).c_str());
  if (!options.passphrase_file.empty()) std::printf("each time: covfefe unlock\n");
  warn_of_storage(layout);
  return kDone;
}

}  // namespace covfefe::cli
