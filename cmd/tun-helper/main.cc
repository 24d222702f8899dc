// SPDX-License-Identifier: Apache-2.0
// covfefe-tun-helper: makes the TUN device and hands its descriptor to the router. Root with
// CAP_NET_ADMIN and nothing else; reads no byte from any other process.
#include <array>
#include <cstdio>

#include "helper.h"
#include "netlink.h"
#include "os/notify.h"
#include "resources.h"
#include "sandbox/confine.h"

namespace {

using namespace covfefe;

constexpr std::array<std::string_view, 1> kOwnFlags{"--remove"};

int refuse(const std::string& why) {
  std::fprintf(stderr, "covfefe-tun-helper: %s\n", why.c_str());
  os::rest_before_end();
  return 1;
}

int remove(const sandbox::Options& options) {
  const auto plan = tun_helper::plan_device(options);
  if (!plan) return refuse(plan.error());
  const auto removed = tun_helper::remove_device(*plan);
  return removed ? 0 : refuse(removed.error().text());
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = sandbox::parse_arguments({argv + 1, argv + argc}, kOwnFlags);
  if (!arguments) return refuse(arguments.error());
  if (arguments->explain) {
    std::fputs(sandbox::explain(sandbox::kTunHelper, *arguments->explain).c_str(), stdout);
    return 0;
  }
  if (!arguments->flags.empty()) return remove(arguments->options);
  auto held = tun_helper::acquire(*arguments);
  if (!held) return refuse(held.error());
  auto jailed = sandbox::confine(std::move(*held), sandbox::kTunHelper, arguments->options);
  if (!jailed) return refuse(jailed.error().text());
  return tun_helper::serve(std::move(*jailed));
}
