// SPDX-License-Identifier: Apache-2.0
// A card that is accepted is printed and read back as the same; its endpoints can be split.
#include <cstddef>
#include <cstdint>

#include "base/bug.h"
#include "base/bytes.h"
#include "config/card.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe;
  const auto card = config::parse_card(text_of({data, size}), "fuzz");
  if (!card) return 0;
  for (const std::string& endpoint : card->endpoints) {
    if (config::split_host_port(endpoint).port == 0) bug("an endpoint without a port");
  }
  const auto again = config::parse_card(config::emit_card(*card), "again");
  if (!again || *again != *card) bug("not the same when read back");
  return 0;
}
