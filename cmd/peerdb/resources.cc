// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include <algorithm>
#include <csignal>

#include "config/config.h"
#include "os/files.h"
#include "os/listen.h"
#include "os/log_sink.h"
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

bool waits(const sandbox::Arguments& arguments) {
  return std::find(arguments.flags.begin(), arguments.flags.end(), kWaitForVolume) !=
         arguments.flags.end();
}

}  // namespace

Expected<Resources, std::string> acquire(const sandbox::Arguments& arguments) {
  const std::string directory = sandbox::below_root(arguments.options, "var/lib/covfefe/peerdb");
  const auto config = read_config(arguments.options);
  if (!config) return config.error();
  auto notifier = os::Notifier::from_environment();
  if (!notifier) return notifier.error().text();
  os::StderrLog log("covfefe-peerdb");
  auto volume =
      os::secure_storage({directory, config->require_luks, waits(arguments)}, *notifier, log);
  if (!volume) return volume.error();
  auto inherited = os::InheritedFds::from_environment();
  if (!inherited) return inherited.error().text();
  auto listener = inherited->take("peerdb.operator");
  if (!listener) return listener.error().text();
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
                   std::move(*volume),
                   directory + "/peers.db",
                   sandbox::below_root(arguments.options, "run/covfefe/router.peerdb.sock")};
}

}  // namespace covfefe::peerdb
