// SPDX-License-Identifier: Apache-2.0
// The credential that opens the key file unattended: 32 bytes as hexadecimal text in a file that
// only root reads, handed over by systemd's LoadCredential= or by `covfefe up`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/files.h"

namespace covfefe::keystore {

inline constexpr std::string_view kDirectory = "var/lib/covfefe/keystore";   // below --root
inline constexpr std::string_view kCredentials = "etc/covfefe/credentials";  // below --root
inline constexpr std::string_view kCredentialName = "keystore.key";
inline constexpr std::string_view kNoCredential = "none";  // what the unit gives in a file's place

[[nodiscard]] Expected<std::optional<std::vector<std::uint8_t>>, std::string> read_credential(
    const std::string& directory);
// Nothing if there is no such file, or it says kNoCredential; the error, if it is not 64
// hexadecimal digits, names it.

void wipe(std::vector<std::uint8_t>& secret);
// Overwrites, then empties.

}  // namespace covfefe::keystore
