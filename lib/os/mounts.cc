// SPDX-License-Identifier: Apache-2.0
#include "os/mounts.h"

namespace covfefe::os {
namespace {

std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view head = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return head;
}

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

std::string unescape(std::string_view text) {
  // Blank, tab, newline and backslash are written as \ and three octal digits.
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
                        is_octal(text[i + 2]) && is_octal(text[i + 3]);
    if (!escape) {
      out += text[i];
      continue;
    }
    const int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
    out += static_cast<char>(value);
    i += 3;
  }
  return out;
}

std::string_view tag_in(std::string_view fields, std::string_view name) {
  while (!fields.empty()) {
    const std::string_view field = take_until(fields, ' ');
    if (field.starts_with(name)) return field.substr(name.size());
  }
  return {};
}

std::optional<Mount> parse_line(std::string_view line) {
  // "36 35 98:0 /root /point options [tags…] - type source super-options"
  const std::string_view id = take_until(line, ' ');
  for (int skipped = 0; skipped < 2; ++skipped) take_until(line, ' ');
  const std::string_view root = take_until(line, ' ');
  const std::string_view point = take_until(line, ' ');
  if (!point.starts_with('/') || line.find(" - ") == std::string_view::npos) return std::nullopt;
  const std::string_view follows = tag_in(line.substr(0, line.find(" - ")), "master:");
  line.remove_prefix(line.find(" - ") + 3);
  const std::string_view type = take_until(line, ' ');
  const std::string_view source = take_until(line, ' ');
  if (type.empty()) return std::nullopt;
  return Mount{unescape(point), std::string(type), unescape(source),
               std::string(id), unescape(root),    std::string(follows)};
}

}  // namespace

bool is_at_or_above(const std::string& point, std::string_view path) {
  if (point == "/") return path.starts_with('/');
  return path.starts_with(point) && (path.size() == point.size() || path[point.size()] == '/');
}

std::vector<Mount> parse_mountinfo(std::string_view text) {
  std::vector<Mount> mounts;
  while (!text.empty()) {
    if (std::optional<Mount> mount = parse_line(take_until(text, '\n'))) {
      mounts.push_back(std::move(*mount));
    }
  }
  return mounts;
}

std::optional<Mount> mount_of(std::span<const Mount> mounts, std::string_view path) {
  const Mount* best = nullptr;
  for (const Mount& mount : mounts) {
    if (!is_at_or_above(mount.point, path)) continue;
    if (best == nullptr || mount.point.size() >= best->point.size()) best = &mount;
  }
  return best == nullptr ? std::nullopt : std::optional<Mount>(*best);
}

}  // namespace covfefe::os
