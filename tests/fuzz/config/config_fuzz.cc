// SPDX-License-Identifier: Apache-2.0
// A configuration that is accepted is printed and read back as the same.
#include <cstddef>
#include <cstdint>

#include "base/bug.h"
#include "base/bytes.h"
#include "config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe;
  const auto read = config::parse_config(text_of({data, size}), "fuzz");
  if (!read) {
    if (read.error().text().size() > 1'000) bug("an endless message");
    return 0;
  }
  const std::string text = config::emit_config(*read);
  const auto again = config::parse_config(text, "again");
  if (!again || config::emit_config(*again) != text) bug("not the same when read back");
  return 0;
}
