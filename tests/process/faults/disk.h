// SPDX-License-Identifier: Apache-2.0
// A disk between a program and the kernel: the C library's calls that change files are replaced in
// the executable (or by LD_PRELOAD) and reach the kernel only when no fault is due. Only paths
// below one directory are looked at. One Disk at a time; thread: one.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace covfefe::faults {

enum class Act : std::uint8_t { Open, Write, Sync, Rename, Remove, Truncate };

inline constexpr std::array kActs{Act::Open,   Act::Write,  Act::Sync,
                                  Act::Rename, Act::Remove, Act::Truncate};

[[nodiscard]] std::string_view name_of(Act act);

enum class Lasting : std::uint8_t {
  Once,     // the disk works again after the failed call
  Forever,  // until Disk::heal
};

inline constexpr int kKill = -1;  // instead of an errno: the program ends there by SIGKILL

struct Fault {
  std::uint64_t nth = 0;  // of all watched acts, from 1; 0: none
  int error = 0;          // errno
  Lasting lasting = Lasting::Once;
  std::uint8_t acts = 0xff;  // bit 1 << Act: only these count and fail
};

struct Event {
  Act act;
  std::string path;
  std::string to = {};      // Rename: the new name
  std::int64_t offset = 0;  // Write: where; Truncate: the new length
  std::string bytes = {};   // Write
  bool made = false;    // Open: the file was not there before; Rename: the old name stays (link)
  bool failed = false;  // a fault was made of it
};

class Disk {
 public:
  explicit Disk(std::string below);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  void fail(const Fault& fault);
  void heal() { fault_ = {}; }
  void look_away() { looks_ = false; }
  void look_again() { looks_ = true; }
  // In between nothing is counted, failed or recorded.
  void record(std::vector<Event>* events) { events_ = events; }
  [[nodiscard]] bool records() const { return events_ != nullptr; }
  // Only then are calls made that a jailed program may not be allowed.
  [[nodiscard]] std::uint64_t acts() const { return acts_; }
  // Watched acts since the last fail().
  [[nodiscard]] bool hit() const { return hit_; }
  // Did the fault happen?

  // For the replaced calls:
  [[nodiscard]] std::string resolve(int directory, const char* path) const;
  // Empty if the path is not below.
  void opened(int fd, const std::string& path);
  void closed(int fd);
  [[nodiscard]] const std::string* path_of(int fd) const;
  int begin(Event event);
  // 0: go on. Otherwise the errno that the call fails with.

 private:
  std::string below_;
  std::array<std::string, 1'024> open_;
  Fault fault_;
  std::uint64_t acts_ = 0;
  bool hit_ = false;
  bool looks_ = true;
  std::vector<Event>* events_ = nullptr;
};

}  // namespace covfefe::faults
