// SPDX-License-Identifier: Apache-2.0
// covfefe-router: the data path between the TUN device and the friends. No long-term key, no file
// after start, no way to send a datagram but through the shaper.
#include <cstdio>

#include "os/notify.h"
#include "resources.h"
#include "sandbox/confine.h"
#include "serve.h"

namespace {

int refuse(const std::string& why) {
  std::fprintf(stderr, "covfefe-router: %s\n", why.c_str());
  covfefe::os::rest_before_end();
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace covfefe;
  const auto arguments = sandbox::parse_arguments({argv + 1, argv + argc});
  if (!arguments) return refuse(arguments.error());
  if (arguments->explain) {
    std::fputs(sandbox::explain(sandbox::kRouter, *arguments->explain).c_str(), stdout);
    return 0;
  }
  auto held = router::acquire(*arguments);
  if (!held) return refuse(held.error());
  auto jailed = sandbox::confine(std::move(*held), sandbox::kRouter, arguments->options);
  if (!jailed) return refuse(jailed.error().text());
  jailed->resources().notifier.ready();
  return router::serve(std::move(*jailed));
}
