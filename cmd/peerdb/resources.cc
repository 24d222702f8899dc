// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include <csignal>

#include "config/config.h"
#include "os/block_stack.h"
#include "os/files.h"
#include "os/listen.h"
#include "os/signals.h"

namespace covfefe::peerdb {
namespace {

Expected<config::Config, std::string> read_config(const sandbox::Options& options) {
  const std::string path = sandbox::below_root(options, config::kPath);
  const auto text = os::read_text(path, config::kMaxText);
  if (!text) return text.error().text();
  auto parsed = config::parse_config(*text, path);
  if (!parsed) return parsed.error().text();
  return std::move(*parsed);
}

Expected<void, std::string> require_luks(const std::string& directory) {
  const auto verdict = os::examine_directory(directory);
  if (!verdict) return verdict.error().text();
  if (verdict->encrypted) return {};
  return "storage.require_luks: " + verdict->reason + "; " + verdict->fix;
}

}  // namespace

Expected<Resources, std::string> acquire(const sandbox::Arguments& arguments) {
  const std::string directory = sandbox::below_root(arguments.options, "var/lib/covfefe/peerdb");
  const auto config = read_config(arguments.options);
  if (!config) return config.error();
  if (config->require_luks) {
    if (auto luks = require_luks(directory); !luks) return luks.error();
  }
  auto inherited = os::InheritedFds::from_environment();
  if (!inherited) return inherited.error().text();
  auto listener = inherited->take("peerdb.operator");
  if (!listener) return listener.error().text();
  auto notifier = os::Notifier::from_environment();
  if (!notifier) return notifier.error().text();
  auto jail = os::JailProbe::open();
  if (!jail) return jail.error().text();
  auto signals = os::watch_signals({SIGTERM, SIGINT});
  if (!signals) return signals.error().text();
  auto service = rpc::Service::make();
  if (!service) return service.error().text();
  return Resources{std::move(*service),
                   std::move(*listener),
                   std::move(*signals),
                   std::move(*jail),
                   std::move(*notifier),
                   directory + "/peers.db",
                   sandbox::below_root(arguments.options, "run/covfefe/router.peerdb.sock")};
}

}  // namespace covfefe::peerdb
