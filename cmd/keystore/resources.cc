// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "config/config.h"
#include "credential.h"
#include "os/listen.h"
#include "os/log_sink.h"
#include "os/memory.h"
#include "os/signals.h"

namespace covfefe::keystore {
namespace {

Expected<config::Config, std::string> read_config(const sandbox::Options& options) {
  const std::string path = sandbox::below_root(options, config::kPath);
  const auto text = os::read_text(path, config::kMaxText);
  if (!text) return text.error().text();
  auto parsed = config::parse_config(*text, path);
  if (!parsed) return parsed.error().text();
  return std::move(*parsed);
}

Expected<std::optional<std::vector<std::uint8_t>>, std::string> credential() {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr) return std::optional<std::vector<std::uint8_t>>{};
  return read_credential(directory);
}

Expected<keys::Place, std::string> open_place(const sandbox::Options& options) {
  const std::string directory = sandbox::below_root(options, kDirectory);
  auto opened = os::open_directory(directory);
  if (!opened) return opened.error().text();
  return keys::Place{std::move(*opened), directory + "/" + std::string(keys::kFileName)};
}

bool waits(const sandbox::Arguments& arguments) {
  return std::find(arguments.flags.begin(), arguments.flags.end(), kWaitForVolume) !=
         arguments.flags.end();
}

}  // namespace

Expected<void, std::string> protect_memory() {
  if (auto forbidden = os::forbid_core_dumps(); !forbidden) return forbidden.error().text();
  if (!crypto::init()) return std::string("libsodium does not work on this machine");
  return {};
}

Expected<Resources, std::string> acquire(const sandbox::Arguments& arguments) {
  const auto config = read_config(arguments.options);
  if (!config) return config.error();
  auto notifier = os::Notifier::from_environment();
  if (!notifier) return notifier.error().text();
  os::StderrLog log("covfefe-keystore");
  auto volume = os::secure_storage(
      {sandbox::below_root(arguments.options, kDirectory), config->require_luks, waits(arguments)},
      *notifier, log);
  if (!volume) return volume.error();
  auto inherited = os::InheritedFds::from_environment();
  if (!inherited) return inherited.error().text();
  auto listener = inherited->take("keystore.operator");
  if (!listener) return listener.error().text();
  auto jail = os::JailProbe::open();
  if (!jail) return jail.error().text();
  auto signals = os::watch_signals({SIGTERM, SIGINT});
  if (!signals) return signals.error().text();
  auto service = rpc::Service::make();
  if (!service) return service.error().text();
  auto place = open_place(arguments.options);
  if (!place) return place.error();
  auto secret = credential();
  if (!secret) return secret.error();
  return Resources{std::move(*service),
                   std::move(*listener),
                   std::move(*jail),
                   std::move(*notifier),
                   std::move(*volume),
                   std::move(*signals),
                   std::move(*place),
                   std::move(*secret),
                   config->name,
                   sandbox::below_root(arguments.options, "run/covfefe/router.keystore.sock")};
}

}  // namespace covfefe::keystore
