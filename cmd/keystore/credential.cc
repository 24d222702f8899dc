// SPDX-License-Identifier: Apache-2.0
#include "credential.h"

#include <cerrno>

#include "base/hex.h"

namespace covfefe::keystore {

Expected<std::optional<std::vector<std::uint8_t>>, std::string> read_credential(
    const std::string& directory) {
  using Found = std::optional<std::vector<std::uint8_t>>;
  constexpr std::size_t kDigits = 64;
  const std::string path = directory + "/" + std::string(kCredentialName);
  auto file = os::read_file(path, kDigits + 1);
  if (!file.ok() && file.error().number == ENOENT) return Found{};
  if (!file.ok()) return file.error().text();
  std::string_view digits = text_of(*file);
  if (digits.ends_with('\n')) digits.remove_suffix(1);
  if (digits == kNoCredential) return Found{};
  Found out;
  if (digits.size() == kDigits) out = from_hex(digits);
  wipe(*file);
  if (!out) return path + ": must hold exactly 64 hexadecimal digits";
  return out;
}

void wipe(std::vector<std::uint8_t>& secret) {
  // Volatile, so that stores before the end of the vector's life are not dropped.
  volatile std::uint8_t* bytes = secret.data();
  for (std::size_t i = 0; i < secret.size(); ++i) bytes[i] = 0;
  secret.clear();
}

}  // namespace covfefe::keystore
