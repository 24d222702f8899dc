// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/handles.h"

#include <utility>

#include "crypto/drbg.h"

namespace covfefe::core {

Handles::Book& Handles::book(LinkSlot asker, std::uint32_t epoch) {
  if (asker.value >= books_.size()) books_.resize(asker.value + 1);
  auto& books = books_[asker.value];
  if (books[0].epoch == epoch) return books[0];
  std::swap(books[0], books[1]);
  if (books[0].epoch != epoch) books[0] = {epoch, {}, {}};
  return books[0];
}

wire::Handle Handles::issue(LinkSlot target, LinkSlot asker, std::uint32_t epoch) {
  Book& in = book(asker, epoch);
  const auto [at, fresh] = in.by_target.try_emplace(target);
  if (fresh) {
    random_.fill(at->second);
    in.by_handle.emplace(at->second, target);
  }
  return at->second;
}

std::optional<Handles::Named> Handles::find(const wire::Handle& handle, LinkSlot asker) const {
  if (asker.value >= books_.size()) return std::nullopt;
  for (const Book& in : books_[asker.value]) {
    const auto found = in.by_handle.find(handle);
    if (found != in.by_handle.end()) return Named{found->second, in.epoch};
  }
  return std::nullopt;
}

void Handles::forget(LinkSlot link) {
  if (link.value < books_.size()) books_[link.value] = {};
  for (auto& books : books_) {
    for (Book& in : books) {
      const auto found = in.by_target.find(link);
      if (found == in.by_target.end()) continue;
      in.by_handle.erase(found->second);
      in.by_target.erase(found);
    }
  }
}

}  // namespace covfefe::core
