// SPDX-License-Identifier: Apache-2.0
#include "visibility_text.h"

namespace covfefe::cli {

const char* name_of(Visibility visibility) {
  switch (visibility) {
    case Visibility::Hidden:
      break;
    case Visibility::RelayOnly:
      return "relay-only";
    case Visibility::Reachable:
      return "reachable";
  }
  return "hidden";
}

const char* meaning_of(Visibility visibility) {
  switch (visibility) {
    case Visibility::Hidden:
      break;
    case Visibility::RelayOnly:
      return "other friends may send circuits through, without a name";
    case Visibility::Reachable:
      return "other friends may reach it by name and address";
  }
  return "other friends are not told of it";
}

std::optional<Visibility> parse_visibility(std::string_view text) {
  for (const Visibility one : {Visibility::Hidden, Visibility::RelayOnly, Visibility::Reachable}) {
    if (text == name_of(one)) return one;
  }
  return std::nullopt;
}

}  // namespace covfefe::cli
