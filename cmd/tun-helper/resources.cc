// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include "config/card.h"
#include "config/config.h"
#include "os/files.h"
#include "os/listen.h"
#include "os/signals.h"

namespace covfefe::tun_helper {

Expected<DevicePlan, std::string> plan_device(const sandbox::Options& options) {
  const std::string config_path = sandbox::below_root(options, config::kPath);
  const auto config_text = os::read_text(config_path, config::kMaxText);
  if (!config_text) return config_text.error().text();
  const auto config = config::parse_config(*config_text, config_path);
  if (!config) return config.error().text();

  const std::string card_path = sandbox::below_root(options, config::kIdentityPath);
  const auto card_text = os::read_text(card_path, config::kMaxCardText);
  if (!card_text) return card_text.error().text();
  const auto card = config::parse_card(*card_text, card_path);
  if (!card) return card.error().text();

  DevicePlan plan;
  plan.name = config->tun.name;
  plan.address = card->address;
  plan.exclude = config->tun.exclude;
  return plan;
}

Expected<Resources, std::string> acquire(const sandbox::Arguments& arguments) {
  auto plan = plan_device(arguments.options);
  if (!plan) return plan.error();
  auto inherited = os::InheritedFds::from_environment();
  if (!inherited) return inherited.error().text();
  auto listener = inherited->take("tun-helper.operator");
  if (!listener) return listener.error().text();
  auto notifier = os::Notifier::from_environment();
  if (!notifier) return notifier.error().text();
  auto jail = os::JailProbe::open();
  if (!jail) return jail.error().text();
  if (auto ignored = os::ignore_broken_pipes(); !ignored) return ignored.error().text();

  Device device(std::move(*plan));
  if (auto prepared = device.prepare(); !prepared) return prepared.error().text();
  return Resources{std::move(device), std::move(*listener), std::move(*jail), std::move(*notifier),
                   sandbox::below_root(arguments.options, "run/covfefe/router.tun.sock")};
}

}  // namespace covfefe::tun_helper
