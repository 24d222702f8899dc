// SPDX-License-Identifier: Apache-2.0
// Address and endpoint text from cards and command lines.
#include "base/address.h"
#include "base/bug.h"

using namespace covfefe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of({data, size});
  if (const auto address = parse_address(text)) {
    if (parse_address(format_address(*address)) != address) bug("address changed");
  }
  if (const auto endpoint = parse_endpoint(text)) {
    if (parse_endpoint(format_endpoint(*endpoint)) != endpoint) bug("endpoint changed");
  }
  return 0;
}
