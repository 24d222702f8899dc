// SPDX-License-Identifier: Apache-2.0
// A directory that goes away with its owner, and small values for the tests of the database.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "store/peers.h"

namespace covfefe::store {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "covfefe-store-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline constexpr WallTime kNow{1'800'000'000'000'000'000};

inline OperationId operation(std::uint8_t number) {
  OperationId out{};
  out[0] = number;
  out[15] = 1;
  return out;
}

inline FriendRecord person(std::uint8_t number) {
  FriendRecord out;
  out.petname = "friend-" + std::to_string(number);
  out.trust = TrustLevel::Met;
  out.visibility = Visibility::Reachable;
  out.identity_key.fill(number);
  out.static_key.fill(static_cast<std::uint8_t>(number + 1));
  out.service_key.fill(static_cast<std::uint8_t>(number + 2));
  out.address.bytes.fill(number);
  out.address.bytes[0] = 0xfd;
  out.serial = number;
  out.endorsement.fill(7);
  out.added_at = 1'700'000'000;
  Endpoint endpoint;
  endpoint.ip.bytes[15] = number;
  endpoint.port = 6363;
  out.endpoints = {endpoint};
  return out;
}

inline void spoil(const std::string& path, std::streamoff from, std::size_t count) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(from);
  for (std::size_t i = 0; i < count; ++i) file.put(static_cast<char>(0xa5 ^ i));
}

}  // namespace covfefe::store
