// SPDX-License-Identifier: Apache-2.0
#include "tar.h"

#include <array>
#include <cstdio>
#include <cstring>

#include "base/check.h"

namespace covfefe::cli {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kLongestName = 99;

struct Head {  // of pax(1), "ustar Interchange Format"
  std::array<char, 100> name;
  std::array<char, 8> mode;
  std::array<char, 8> uid;
  std::array<char, 8> gid;
  std::array<char, 12> size;
  std::array<char, 12> mtime;
  std::array<char, 8> checksum;
  char type;
  std::array<char, 100> link;
  std::array<char, 6> magic;
  std::array<char, 2> version;
  std::array<char, 32> user;
  std::array<char, 32> group;
  std::array<char, 8> major;
  std::array<char, 8> minor;
  std::array<char, 155> prefix;
  std::array<char, 12> rest;
};
static_assert(sizeof(Head) == kBlock);

template <std::size_t N>
void octal(std::array<char, N>& field, std::uint64_t value) {
  // Digits up to the field's last byte, which ends it.
  for (std::size_t i = N - 1; i > 0; --i, value >>= 3)
    field[i - 1] = static_cast<char>('0' + (value & 7));
  field[N - 1] = '\0';
}

std::string block_of(const TarEntry& entry, std::int64_t unix_seconds) {
  Head head{};
  CHECK(!entry.name.empty() && entry.name.size() <= kLongestName);
  std::memcpy(head.name.data(), entry.name.data(), entry.name.size());
  octal(head.mode, 0600);
  octal(head.uid, 0);
  octal(head.gid, 0);
  octal(head.size, entry.text.size());
  octal(head.mtime, unix_seconds < 0 ? 0 : static_cast<std::uint64_t>(unix_seconds));
  head.type = '0';
  std::memcpy(head.magic.data(), "ustar", 6);
  std::memcpy(head.version.data(), "00", 2);
  // The sum is made with blanks in its own place.
  head.checksum.fill(' ');
  std::string out(kBlock, '\0');
  std::memcpy(out.data(), &head, kBlock);
  std::uint64_t sum = 0;
  for (const char c : out) sum += static_cast<unsigned char>(c);
  std::array<char, 7> digits{};
  octal(digits, sum);
  std::memcpy(out.data() + offsetof(Head, checksum), digits.data(), digits.size());
  return out;
}

}  // namespace

std::string tar_of(std::span<const TarEntry> entries, std::int64_t unix_seconds) {
  std::string out;
  for (const TarEntry& entry : entries) {
    out += block_of(entry, unix_seconds) + entry.text;
    out.resize((out.size() + kBlock - 1) / kBlock * kBlock, '\0');
  }
  return out + std::string(2 * kBlock, '\0');
}

}  // namespace covfefe::cli
