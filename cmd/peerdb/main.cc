// SPDX-License-Identifier: Apache-2.0
// covfefe-peerdb: friends, endpoints and metrics in one SQLite file. No network, no keys.
#include <cstdio>

#include "os/notify.h"
#include "resources.h"
#include "sandbox/confine.h"
#include "service.h"

namespace {

int refuse(const std::string& why) {
  std::fprintf(stderr, "covfefe-peerdb: %s\n", why.c_str());
  covfefe::os::rest_before_end();
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace covfefe;
  const auto arguments = sandbox::parse_arguments({argv + 1, argv + argc}, peerdb::kOwnArguments);
  if (!arguments) return refuse(arguments.error());
  if (arguments->explain) {
    std::fputs(sandbox::explain(sandbox::kPeerdb, *arguments->explain).c_str(), stdout);
    return 0;
  }
  auto held = peerdb::acquire(*arguments);
  if (!held) return refuse(held.error());
  auto jailed = sandbox::confine(std::move(*held), sandbox::kPeerdb, arguments->options);
  if (!jailed) return refuse(jailed.error().text());
  return peerdb::serve(std::move(*jailed));
}
