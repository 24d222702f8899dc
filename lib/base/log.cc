// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <algorithm>
#include <cstring>

#include "base/result.h"

namespace covfefe {
namespace {

bool plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-_.:/[]%+,@").find(c) != std::string_view::npos;
}

void append_value(std::string& line, std::string_view value) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), plain)) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += (c >= ' ' && c < 0x7f) ? c : '?';
  }
  line += '"';
}

}  // namespace

void Log::record(Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line(event);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  write(level, line);
}

const char* name_of(Reject reason) {
  switch (reason) {
    case Reject::WrongLength:
      return "wrong-length";
    case Reject::WrongType:
      return "wrong-type";
    case Reject::WrongValue:
      return "wrong-value";
    case Reject::Forged:
      return "forged";
    case Reject::Replayed:
      return "replayed";
    case Reject::Unknown:
      return "unknown";
    case Reject::Unexpected:
      return "unexpected";
    case Reject::Overloaded:
      return "overloaded";
    case Reject::Expired:
      return "expired";
  }
  bug("unnamed Reject");
}

std::string SysError::text() const {
  return std::string(operation) + (object.empty() ? "" : " " + object) + ": " +
         std::strerror(number);
}

}  // namespace covfefe
