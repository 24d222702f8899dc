// SPDX-License-Identifier: Apache-2.0
// The command line that every service shares: --root DIR, --jail-unknown=enosys|kill,
// --explain-jail[=json], and whatever flags of its own a service names. Trusted words: whoever
// starts a service writes them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sandbox/confine.h"

namespace covfefe::sandbox {

struct Arguments {
  Options options;
  std::optional<Form> explain;     // --explain-jail[=json]: print the policy and exit
  std::vector<std::string> flags;  // those of `own` that were given, in order
  std::string value_of(std::string_view flag) const;
  // What followed "flag=", empty if it was not given.
};

[[nodiscard]] Expected<Arguments, std::string> parse_arguments(
    std::span<char* const> words, std::span<const std::string_view> own = {});
// words are argv without argv[0]. `own` entries are "--init" (a bare flag) or "--passphrase-file="
// (a flag with a value). The error is one sentence for standard error.

[[nodiscard]] std::string below_root(const Options& options, std::string_view path);
// "DIR/path", or "/path" for the root "/".

}  // namespace covfefe::sandbox
