// SPDX-License-Identifier: Apache-2.0
#include "tests/process/faults/disk.h"

#include <csignal>
#include <cstdlib>

namespace covfefe::faults {

extern Disk* installed;

std::string_view name_of(Act act) {
  constexpr std::array<std::string_view, kActs.size()> kNames{"open",   "write",  "sync",
                                                              "rename", "remove", "truncate"};
  return kNames[static_cast<std::size_t>(act)];
}

Disk::Disk(std::string below) : below_(std::move(below)) {
  if (installed != nullptr) std::abort();
  installed = this;
}

Disk::~Disk() {
  installed = nullptr;
}

void Disk::fail(const Fault& fault) {
  fault_ = fault;
  acts_ = 0;
  hit_ = false;
}

std::string Disk::resolve(int directory, const char* path) const {
  std::string whole = path;
  if (whole.empty()) return {};
  if (whole[0] != '/') {
    const std::string* parent = path_of(directory);
    if (parent == nullptr) return {};
    whole = *parent + "/" + whole;
  }
  return whole.starts_with(below_) ? whole : std::string();
}

void Disk::opened(int fd, const std::string& path) {
  if (fd >= 0 && static_cast<std::size_t>(fd) < open_.size())
    open_[static_cast<std::size_t>(fd)] = path;
}

void Disk::closed(int fd) {
  opened(fd, {});
}

const std::string* Disk::path_of(int fd) const {
  if (fd < 0 || static_cast<std::size_t>(fd) >= open_.size()) return nullptr;
  const std::string& path = open_[static_cast<std::size_t>(fd)];
  return path.empty() ? nullptr : &path;
}

int Disk::begin(Event event) {
  if (!looks_) return 0;
  int error = 0;
  if ((fault_.acts & (1U << static_cast<unsigned>(event.act))) != 0) {
    ++acts_;
    const bool due = fault_.lasting == Lasting::Once ? acts_ == fault_.nth : acts_ >= fault_.nth;
    if (fault_.nth != 0 && due) error = fault_.error;
  }
  if (error == kKill) std::raise(SIGKILL);
  if (error != 0) hit_ = true;
  event.failed = error != 0;
  if (events_ != nullptr) events_->push_back(std::move(event));
  return error;
}

}  // namespace covfefe::faults
