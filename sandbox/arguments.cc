// SPDX-License-Identifier: Apache-2.0
#include "sandbox/arguments.h"

#include <algorithm>

namespace covfefe::sandbox {
namespace {

bool is_own(std::string_view word, std::span<const std::string_view> own) {
  return std::any_of(own.begin(), own.end(), [word](std::string_view flag) {
    return flag.ends_with('=') ? word.starts_with(flag) : word == flag;
  });
}

std::string without_trailing_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
}

}  // namespace

Expected<Arguments, std::string> parse_arguments(std::span<char* const> words,
                                                 std::span<const std::string_view> own) {
  Arguments out;
  constexpr std::string_view kUnknown = "--jail-unknown=";
  constexpr std::string_view kRoot = "--root";
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--explain-jail") {
      out.explain = Form::Text;
    } else if (word == "--explain-jail=json") {
      out.explain = Form::Json;
    } else if (word.starts_with(kUnknown)) {
      const auto unknown = parse_unknown_call(word.substr(kUnknown.size()));
      if (!unknown) return std::string("--jail-unknown is enosys or kill");
      out.options.unknown = *unknown;
    } else if (word == kRoot && i + 1 < words.size()) {
      out.options.root = without_trailing_slashes(words[++i]);
    } else if (word.starts_with("--root=")) {
      out.options.root = without_trailing_slashes(word.substr(kRoot.size() + 1));
    } else if (is_own(word, own)) {
      out.flags.emplace_back(word);
    } else {
      return "unknown argument " + std::string(word);
    }
  }
  if (!out.options.root.starts_with('/')) return std::string("--root needs an absolute path");
  return out;
}

std::string Arguments::value_of(std::string_view flag) const {
  const std::string prefix = std::string(flag) + "=";
  for (const std::string& given : flags) {
    if (given.starts_with(prefix)) return given.substr(prefix.size());
  }
  return {};
}

std::string below_root(const Options& options, std::string_view path) {
  return (options.root == "/" ? std::string() : options.root) + "/" + std::string(path);
}

}  // namespace covfefe::sandbox
