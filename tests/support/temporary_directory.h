// SPDX-License-Identifier: Apache-2.0
// A directory of its own for one test case, removed with everything in it at the end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/bug.h"

namespace covfefe::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "covfefe-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) bug("mkdtemp");
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string operator/(std::string_view relative) const {
    return (path_ / relative).string();
  }
  [[nodiscard]] std::string text() const { return path_.string(); }

  void write(std::string_view relative, std::string_view content) const {
    const std::filesystem::path file = path_ / relative;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
  }
  // Makes the directories on the way.

 private:
  std::filesystem::path path_;
};

}  // namespace covfefe::test
