// SPDX-License-Identifier: Apache-2.0
#include "control_routes.h"

#include <algorithm>

namespace covfefe::router {
namespace {

using schema::PeerdbForRouter;

// Sets whole values: what was written twice is as if written once.
template <typename Answer>
bool worth_repeating(const Answer& answer) {
  const schema::Refusal why = answer.getWhy();
  return answer.getRefused() && (why == schema::Refusal::OVERLOADED ||
                                 why == schema::Refusal::UNAVAILABLE || why == schema::Refusal::IO);
}

template <typename Init>
void write_addresses(const std::vector<DestinationChange>& changes, DestinationUse use,
                     Init&& init) {
  const auto count = std::count_if(changes.begin(), changes.end(),
                                   [use](const DestinationChange& one) { return one.use == use; });
  auto list = init(static_cast<capnp::uint>(count));
  capnp::uint at = 0;
  for (const DestinationChange& one : changes) {
    if (one.use == use) list.set(at++, rpc::as_data(one.address.bytes));
  }
}

}  // namespace

void RouteMemory::connected(Client client) {
  ++epoch_;
  client_ = kj::mv(client);
  reading_ = false;
  take_back_catalogue();
  take_back_changes();
}

void RouteMemory::gone() {
  ++epoch_;
  client_ = nullptr;
}

void RouteMemory::read_once() {
  if (told_ || reading_ || client_ == nullptr) return;
  reading_ = true;
  read_ = {};
  read_destinations();
}

void RouteMemory::read_destinations() {
  KJ_IF_MAYBE (client, client_) {
    const std::uint64_t epoch = epoch_;
    needs_.service.run_beside(
        client->destinationsRequest()
            .send()
            .then([this, epoch](capnp::Response<PeerdbForRouter::DestinationsResults>&& answer) {
              if (epoch == epoch_) take_destinations(answer.getAddresses());
            })
            // Also of an answer that throws while it is read.
            .catch_([this, epoch](kj::Exception&&) {
              if (epoch == epoch_) failed("no answer");
            }));
  }
}

void RouteMemory::take_destinations(capnp::List<capnp::Data>::Reader from) {
  auto all = rpc::destinations_from(from);
  if (!all) return failed(name_of(all.error()));
  read_.destinations = *std::move(all);
  read_page({0});
}

void RouteMemory::read_page(FriendId after) {
  KJ_IF_MAYBE (client, client_) {
    auto request = client->cataloguesRequest();
    request.setAfter(after.value);
    const std::uint64_t epoch = epoch_;
    needs_.service.run_beside(
        request.send()
            .then([this, epoch](capnp::Response<PeerdbForRouter::CataloguesResults>&& answer) {
              if (epoch == epoch_) take_page(answer.getCatalogues());
            })
            .catch_([this, epoch](kj::Exception&&) {
              if (epoch == epoch_) failed("no answer");
            }));
  }
}

void RouteMemory::take_page(capnp::List<schema::Catalogue>::Reader from) {
  auto page = rpc::catalogues_from(from);
  if (!page) return failed(name_of(page.error()));
  const std::uint32_t before =
      read_.catalogues.empty() ? 0 : read_.catalogues.back().introducer.value;
  if (!page->empty() && page->front().id.value <= before) return failed("not in order");
  for (CatalogueRecord& one : *page)
    read_.catalogues.push_back({one.id, one.epoch, std::move(one.descriptors)});
  const bool last =
      page->size() < kCataloguesInPage || read_.catalogues.size() >= kMostReadCatalogues;
  if (last) return finish_reading();
  read_page(read_.catalogues.back().introducer);
}

void RouteMemory::finish_reading() {
  reading_ = false;
  told_ = true;
  needs_.log.record(Level::Info, "remembered",
                    {{"catalogues", std::to_string(read_.catalogues.size())},
                     {"destinations", std::to_string(read_.destinations.size())}});
  needs_.remembered(std::exchange(read_, {}));
}

void RouteMemory::failed(const char* why) {
  reading_ = false;
  read_ = {};
  needs_.log.record(Level::Error, "remembered-unreadable", {{"why", why}});
}

void RouteMemory::note(core::Catalogue catalogue) {
  if (!catalogues_.contains(catalogue.introducer) && catalogues_.size() >= kMostWaitingCatalogues) {
    ++lost_;
    return;
  }
  const FriendId id = catalogue.introducer;
  catalogues_.insert_or_assign(id, std::move(catalogue));
}

void RouteMemory::note(const core::DestinationUsed& used) {
  const bool opened = used.what == core::DestinationUsed::What::Opened;
  keep_change({used.address, opened ? DestinationUse::Used : DestinationUse::Unused});
}

void RouteMemory::keep_change(const DestinationChange& change) {
  std::erase_if(changes_, [&change](const auto& one) { return one.address == change.address; });
  if (changes_.size() >= kMaxDestinations) {
    changes_.erase(changes_.begin());
    ++lost_;
  }
  changes_.push_back(change);
}

void RouteMemory::keep_only(const std::function<bool(FriendId)>& known) {
  std::erase_if(catalogues_, [&known](const auto& entry) { return !known(entry.first); });
}

void RouteMemory::write() {
  KJ_IF_MAYBE (client, client_) {
    if (!sent_catalogue_ && !catalogues_.empty()) write_catalogue(*client);
    if (sent_changes_.empty() && !changes_.empty()) write_destinations(*client);
  }
}

void RouteMemory::write_catalogue(Client& client) {
  sent_catalogue_ = std::move(catalogues_.extract(catalogues_.begin()).mapped());
  auto request = client.recordCatalogueRequest();
  rpc::write_catalogue(
      {sent_catalogue_->introducer, sent_catalogue_->epoch, sent_catalogue_->descriptors},
      request.initCatalogue());
  const std::uint64_t epoch = epoch_;
  needs_.service.run_beside(request.send().then(
      [this, epoch](capnp::Response<PeerdbForRouter::RecordCatalogueResults>&& answer) {
        if (epoch != epoch_) return;
        if (worth_repeating(answer)) return take_back_catalogue();
        sent_catalogue_.reset();
      },
      [this, epoch](kj::Exception&&) {
        if (epoch == epoch_) take_back_catalogue();
      }));
}

void RouteMemory::write_destinations(Client& client) {
  sent_changes_ = std::exchange(changes_, {});
  auto request = client.recordDestinationsRequest();
  write_addresses(sent_changes_, DestinationUse::Used,
                  [&request](capnp::uint n) { return request.initUsed(n); });
  write_addresses(sent_changes_, DestinationUse::Unused,
                  [&request](capnp::uint n) { return request.initUnused(n); });
  const std::uint64_t epoch = epoch_;
  needs_.service.run_beside(request.send().then(
      [this, epoch](capnp::Response<PeerdbForRouter::RecordDestinationsResults>&& answer) {
        if (epoch != epoch_) return;
        if (worth_repeating(answer)) return take_back_changes();
        sent_changes_.clear();
      },
      [this, epoch](kj::Exception&&) {
        if (epoch == epoch_) take_back_changes();
      }));
}

// Not known to be written: unless something newer waits, it waits again.
void RouteMemory::take_back_catalogue() {
  if (!sent_catalogue_) return;
  core::Catalogue catalogue = std::move(*sent_catalogue_);
  sent_catalogue_.reset();
  if (!catalogues_.contains(catalogue.introducer)) note(std::move(catalogue));
}

void RouteMemory::take_back_changes() {
  const std::vector<DestinationChange> newer = std::exchange(changes_, {});
  for (const DestinationChange& one : std::exchange(sent_changes_, {})) keep_change(one);
  for (const DestinationChange& one : newer) keep_change(one);
}

}  // namespace covfefe::router
