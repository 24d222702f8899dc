// SPDX-License-Identifier: Apache-2.0
// covfefe-keystore: the only process that ever holds a long-term key. No network, no database.
#include <cstdio>

#include "init.h"
#include "os/notify.h"
#include "resources.h"
#include "sandbox/confine.h"
#include "service.h"

namespace {

int refuse(const std::string& why) {
  std::fprintf(stderr, "covfefe-keystore: %s\n", why.c_str());
  covfefe::os::rest_before_end();
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace covfefe;
  const auto arguments = sandbox::parse_arguments({argv + 1, argv + argc}, keystore::kOwnArguments);
  if (!arguments) return refuse(arguments.error());
  if (arguments->explain) {
    std::fputs(sandbox::explain(sandbox::kKeystore, *arguments->explain).c_str(), stdout);
    return 0;
  }
  if (auto ready = keystore::protect_memory(); !ready) return refuse(ready.error());
  if (keystore::wants_init(*arguments)) {
    const auto card = keystore::make_keys(*arguments);
    if (!card) return refuse(card.error());
    std::fputs(config::emit_card(*card).c_str(), stdout);
    return std::fflush(stdout) == 0 ? 0 : 1;
  }
  auto held = keystore::acquire(*arguments);
  if (!held) return refuse(held.error());
  auto jailed = sandbox::confine(std::move(*held), sandbox::kKeystore, arguments->options);
  if (!jailed) return refuse(jailed.error().text());
  return keystore::serve(std::move(*jailed));
}
