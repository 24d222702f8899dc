// SPDX-License-Identifier: Apache-2.0
#include "wire/control.h"

#include <algorithm>

namespace covfefe::wire {

bool is_friend_name(std::string_view name) {
  if (name.empty() || name.size() > kFriendNameMost) return false;
  if (name.front() == '-' || name.back() == '-') return false;
  return std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace covfefe::wire
