// SPDX-License-Identifier: Apache-2.0
// What bugreport is made of: pseudonyms and the archive.
#include <doctest/doctest.h>

#include <array>

#include "redact.h"
#include "tar.h"

using namespace covfefe::cli;

TEST_CASE("addresses of every spelling get one pseudonym each") {
  Redactor r;
  CHECK(r.redact("from 192.0.2.7:6363 to [2001:db8::1]:6363, again 192.0.2.7.") ==
        "from address-1:6363 to [address-2]:6363, again address-1.");
  CHECK(r.redact("2001:0DB8:0:0:0:0:0:1 ::ffff:192.0.2.7") == "address-2 address-1");
  CHECK(r.redact("fd12:3456::1/64") == "overlay-1/64");
  CHECK(r.redact("node:10.0.0.1 friend:fd12:3456::1 addr=10.0.0.1") ==
        "node:address-3 friend:overlay-1 addr=address-3");
  CHECK(r.redact("ip-10.0.0.1-a x_10.0.0.1") == "ip-address-3-a x_address-3");
  CHECK(r.redact("\"10.0.0.1\"") == "\"address-3\"");
}

TEST_CASE("what is no address of anybody stays") {
  Redactor r;
  for (const char* text :
       {"12:30:45", "2026-11-22T12:30:45.123Z", "::1", "127.0.0.1:53", "0.0.0.0", "[::]:6363",
        "1.0.18-1+deb12u1", "std::bad_alloc", "6.1.0-28-amd64", "a.b.c", "key: value",
        "1792800000123456789", "/usr/lib/systemd/system"}) {
    CAPTURE(text);
    CHECK(r.redact(text) == text);
  }
}

TEST_CASE("keys in hexadecimal and base64 go, whatever stands around them") {
  Redactor r;
  const std::string hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
  const std::string base64 = "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=";
  for (const std::string& secret : {hex, base64}) {
    for (const char* around : {"", "\"", "key=", "x", "_", "-", ":", "/"}) {
      CAPTURE(around);
      const std::string out = r.redact(around + secret + around);
      CHECK(out.find(secret.substr(4, 20)) == std::string::npos);
    }
  }
  CHECK(r.redact(hex) == "hex-1");
  CHECK(r.redact("52:54:00:12:34:56") == "mac-1");
  CHECK(r.redact("aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99") == "mac-2");
}

TEST_CASE("names go as whole words, also as parts of joined ones") {
  Redactor r;
  r.name("bob", "friend");
  r.name("bob-at-work", "friend");
  r.name("alice", "node");
  r.name("bob", "friend");
  r.name("", "friend");
  CHECK(r.redact("bob, Bob and bob-at-work: carol.bob cov-alice bobby") ==
        "friend-1, friend-1 and friend-2: carol.friend-1 cov-node-1 bobby");
  CHECK(r.redact("{\"name\": \"bob\"}") == "{\"name\": \"friend-1\"}");
}

TEST_CASE("an archive has heads that add up and whole blocks") {
  const std::array<TarEntry, 2> entries = {{{"a.txt", "hello\n"}, {"b", std::string(512, 'x')}}};
  const std::string tar = tar_of(entries, 1'795'000'000);
  CHECK(tar.size() == 512 * (2 + 2 + 2));
  CHECK(tar.substr(0, 5) == "a.txt");
  CHECK(tar.substr(100, 7) == "0000600");
  CHECK(tar.substr(124, 11) == "00000000006");
  CHECK(tar.substr(257, 5) == "ustar");
  CHECK(tar.substr(512, 6) == "hello\n");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < 512; ++i) {
    sum += i >= 148 && i < 156 ? std::uint64_t{' '} : static_cast<unsigned char>(tar[i]);
  }
  CHECK(std::stoull(tar.substr(148, 6), nullptr, 8) == sum);
  CHECK(tar.substr(154, 2) == std::string("\0 ", 2));
  CHECK(tar.substr(tar.size() - 1024) == std::string(1024, '\0'));
}
