// SPDX-License-Identifier: Apache-2.0
#include "storage.h"

#include "node_files.h"
#include "os/storage.h"

namespace covfefe::cli {

std::optional<Problem> storage_trouble(const Layout& layout, std::string_view service) {
  if (service != "keystore" && service != "peerdb") return std::nullopt;
  const auto config = load_config(layout);
  if (!config || !config->require_luks) return std::nullopt;
  const auto refusal = os::examine_storage(layout.path("var/lib/covfefe/" + std::string(service)));
  if (refusal.reason.empty()) return std::nullopt;
  return Problem{refusal.reason, refusal.fix};
}

}  // namespace covfefe::cli
