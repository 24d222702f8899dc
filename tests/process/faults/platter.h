// SPDX-License-Identifier: Apache-2.0
// What of a recorded series of calls is on the platter, and what is still only in memory: bytes
// become durable when their file is synced, names when their directory is. Of the rest, a power cut
// leaves nothing, all, a beginning that ends within a sector row, or any sectors at all.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/process/faults/disk.h"

namespace covfefe::faults {

enum class Left : std::uint8_t { Nothing, All, Beginning, Scattered };

struct Cut {
  Left left = Left::Nothing;
  std::size_t sector = 512;  // what is written whole or not at all
};

class Platter {
 public:
  explicit Platter(std::string directory) : directory_(std::move(directory)) {}

  void apply(const Event& event);
  // A sync that failed makes nothing durable, and what it was to make durable never will be: the
  // kernel has given those bytes up and calls them clean.

  using Files = std::map<std::string, std::string>;  // name without directory → content
  [[nodiscard]] Files after(const Cut& cut, std::mt19937_64& random) const;
  // As found after a power cut now.

 private:
  struct Change {
    std::int64_t offset;
    std::string bytes;
    bool is_truncation;
  };
  struct Inode {
    std::string durable;
    std::vector<Change> pending;
  };
  struct Renaming {  // from empty: `to` is new; to empty: `from` goes
    std::string from;
    std::string to;
    std::size_t inode;
  };
  using Names = std::map<std::string, std::size_t>;

  static void perform(const Renaming& change, Names& names);
  static void perform(const Change& change, std::string& content);
  static std::vector<Change> pieces_of(const Change& change, std::size_t sector);
  static std::string content_of(const Inode& inode, const Cut& cut, std::mt19937_64& random);
  void rename(const Renaming& change);
  void sync(const Event& event);
  void write(const Event& event);

  std::string directory_;
  std::vector<Inode> inodes_;
  Names names_;
  Names durable_names_;
  std::vector<Renaming> pending_names_;
};

}  // namespace covfefe::faults
