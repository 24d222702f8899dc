// SPDX-License-Identifier: Apache-2.0
#include "tests/process/faults/platter.h"

#include <algorithm>

namespace covfefe::faults {

void Platter::apply(const Event& event) {
  switch (event.act) {
    case Act::Open:
      if (!event.made || event.failed) return;
      inodes_.emplace_back();
      return rename({{}, event.path, inodes_.size() - 1});
    case Act::Write:
      return write(event);
    case Act::Truncate:
      if (event.failed || !names_.contains(event.path)) return;
      inodes_[names_.at(event.path)].pending.push_back({event.offset, {}, true});
      return;
    case Act::Sync:
      return sync(event);
    case Act::Rename:
      if (event.failed || !names_.contains(event.path)) return;
      return rename({event.made ? "" : event.path, event.to, names_.at(event.path)});
    case Act::Remove:
      if (event.failed || !names_.contains(event.path)) return;
      return rename({event.path, {}, 0});
  }
}

void Platter::write(const Event& event) {
  const auto at = names_.find(event.path);
  if (at == names_.end()) return;
  const std::size_t size = event.failed ? event.bytes.size() / 2 : event.bytes.size();
  inodes_[at->second].pending.push_back({event.offset, event.bytes.substr(0, size), false});
}

void Platter::sync(const Event& event) {
  if (event.path == directory_) {
    if (event.failed) return;
    for (const Renaming& change : pending_names_) perform(change, durable_names_);
    pending_names_.clear();
    return;
  }
  const auto at = names_.find(event.path);
  if (at == names_.end()) return;
  Inode& inode = inodes_[at->second];
  for (const Change& change : inode.pending) {
    // Lengths are in the file system's own journal, which did not fail.
    if (!event.failed || change.is_truncation) perform(change, inode.durable);
  }
  inode.pending.clear();
}

void Platter::rename(const Renaming& change) {
  perform(change, names_);
  pending_names_.push_back(change);
}

void Platter::perform(const Renaming& change, Names& names) {
  if (!change.from.empty()) names.erase(change.from);
  if (!change.to.empty()) names[change.to] = change.inode;
}

void Platter::perform(const Change& change, std::string& content) {
  const auto offset = static_cast<std::size_t>(change.offset);
  if (change.is_truncation) return content.resize(offset);
  content.resize(std::max(content.size(), offset + change.bytes.size()));
  std::copy(change.bytes.begin(), change.bytes.end(),
            content.begin() + static_cast<std::ptrdiff_t>(offset));
}

// A write touches sectors; each of them is written whole.
std::vector<Platter::Change> Platter::pieces_of(const Change& change, std::size_t sector) {
  if (change.is_truncation) return {change};
  std::vector<Change> out;
  auto at = static_cast<std::size_t>(change.offset);
  std::size_t used = 0;
  while (used < change.bytes.size()) {
    const std::size_t room = sector - at % sector;
    const std::string piece = change.bytes.substr(used, room);
    out.push_back({static_cast<std::int64_t>(at), piece, false});
    at += piece.size();
    used += piece.size();
  }
  return out;
}

std::string Platter::content_of(const Inode& inode, const Cut& cut, std::mt19937_64& random) {
  std::vector<Change> pieces;
  for (const Change& change : inode.pending) {
    for (Change& piece : pieces_of(change, cut.sector)) pieces.push_back(std::move(piece));
  }
  std::string out = inode.durable;
  const std::size_t beginning = random() % (pieces.size() + 1);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool kept = cut.left == Left::All || (cut.left == Left::Beginning && i < beginning) ||
                      (cut.left == Left::Scattered && random() % 2 == 0);
    if (kept) perform(pieces[i], out);
  }
  return out;
}

Platter::Files Platter::after(const Cut& cut, std::mt19937_64& random) const {
  Names names = durable_names_;
  std::size_t kept = 0;
  if (cut.left == Left::All) kept = pending_names_.size();
  if (cut.left == Left::Beginning || cut.left == Left::Scattered)
    kept = random() % (pending_names_.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) perform(pending_names_[i], names);
  Files out;
  for (const auto& [path, inode] : names)
    out[path.substr(directory_.size() + 1)] = content_of(inodes_[inode], cut, random);
  return out;
}

}  // namespace covfefe::faults
