// SPDX-License-Identifier: Apache-2.0
#include "tests/process/faults/report.h"

#include <charconv>
#include <cstdio>
#include <fstream>
#include <random>
#include <vector>

namespace covfefe::faults {
namespace {

// doctest keeps main() to itself.
std::vector<std::string> words() {
  std::ifstream file("/proc/self/cmdline");
  std::vector<std::string> out;
  for (std::string word; std::getline(file, word, '\0');) out.push_back(word);
  return out;
}

bool has(const std::string& option) {
  for (const std::string& word : words()) {
    if (word == option) return true;
  }
  return false;
}

std::string value_of(const std::string& option) {
  for (const std::string& word : words()) {
    if (word.starts_with(option + "=")) return word.substr(option.size() + 1);
  }
  return {};
}

}  // namespace

void print(const Report& report) {
  std::printf(
      "{\"fault\": \"%s\", \"cycles\": %llu, \"acked\": %llu, \"lost\": %llu, \"integrity\": %llu, "
      "\"verdict\": \"%s\", \"note\": \"%s\"}\n",
      report.fault.c_str(), static_cast<unsigned long long>(report.cycles),
      static_cast<unsigned long long>(report.acked), static_cast<unsigned long long>(report.lost),
      static_cast<unsigned long long>(report.integrity), report.ok() ? "ok" : "short",
      report.note.c_str());
  std::fflush(stdout);
}

bool wants_all() {
  return has("--all");
}

bool wants_few() {
  return has("--few");
}

std::uint64_t seed() {
  const std::string text = value_of("--seed");
  std::uint64_t out = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc()) return out;
  out = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(out));
  return out;
}

}  // namespace covfefe::faults
