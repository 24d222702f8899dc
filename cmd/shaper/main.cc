// SPDX-License-Identifier: Apache-2.0
// covfefe-shaper: the only sender. Sees sealed datagrams and where they go; no key, no plaintext,
// no file after start, no way to receive a datagram.
#include <cstdio>

#include "os/notify.h"
#include "resources.h"
#include "sandbox/confine.h"
#include "service.h"

namespace {

int refuse(const std::string& why) {
  std::fprintf(stderr, "covfefe-shaper: %s\n", why.c_str());
  covfefe::os::rest_before_end();
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace covfefe;
  const auto arguments = sandbox::parse_arguments({argv + 1, argv + argc});
  if (!arguments) return refuse(arguments.error());
  if (arguments->explain) {
    std::fputs(sandbox::explain(sandbox::kShaper, *arguments->explain).c_str(), stdout);
    return 0;
  }
  auto held = shaper::acquire(*arguments);
  if (!held) return refuse(held.error());
  auto jailed = sandbox::confine(std::move(*held), sandbox::kShaper, arguments->options);
  if (!jailed) return refuse(jailed.error().text());
  return shaper::serve(std::move(*jailed));
}
