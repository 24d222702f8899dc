// SPDX-License-Identifier: Apache-2.0
// Rates, sizes and durations: in range, and the same when printed and read back.
#include <cstddef>
#include <cstdint>

#include "base/bug.h"
#include "base/bytes.h"
#include "config/units.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe;
  const std::string_view text = text_of({data, size});
  if (const auto rate = config::parse_rate(text)) {
    const bool in_range = rate->unlimited() || (rate->bytes_per_second >= config::kMinRate &&
                                                rate->bytes_per_second <= config::kMaxRate);
    if (!in_range) bug("a rate out of range");
    const auto again = config::parse_rate(config::format_rate(*rate));
    if (!again || *again != *rate) bug("another rate when read back");
  }
  if (const auto bytes = config::parse_size(text)) {
    const auto again = config::parse_size(config::format_size(*bytes));
    if (!again || *again != *bytes) bug("another size when read back");
  }
  if (const auto duration = config::parse_duration(text)) {
    if (duration->nanoseconds <= 0) bug("a duration that is nothing");
    const std::string printed = config::format_duration(*duration);
    const auto again = config::parse_duration(printed);
    if (again && config::format_duration(*again) != printed) bug("another duration");
  }
  return 0;
}
