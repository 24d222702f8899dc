// SPDX-License-Identifier: Apache-2.0
#include "build_micro.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <vector>

#include "base/bug.h"
#include "crypto/build.h"
#include "crypto/drbg.h"

namespace covfefe::bench {

using namespace crypto;

namespace {

constexpr std::size_t kRounds = 201;

class Times {
 public:
  template <typename What>
  void take(What what) {
    const auto start = std::chrono::steady_clock::now();
    what();
    const auto spent = std::chrono::steady_clock::now() - start;
    all_.push_back(std::chrono::duration<double, std::micro>(spent).count());
  }
  [[nodiscard]] double median() {
    std::ranges::nth_element(all_, all_.begin() + static_cast<std::ptrdiff_t>(all_.size() / 2));
    return all_[all_.size() / 2];
  }

 private:
  std::vector<double> all_;
};

struct Costs {
  Times make, open, answer, pass, finish, wrap, read;
};

template <typename T>
T require(Result<T> result) {
  if (!result) bug("an honest build is refused");
  return *std::move(result);
}

struct Path {
  Path(Drbg& random, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) {
      onions.push_back(make_key_pair(random));
      stops.push_back({onions.back().public_key, {}});
    }
  }
  std::vector<KeyPair> onions;
  std::vector<BuildStop> stops;
};

std::vector<HopBuild> go_out(const Path& path, Costs& costs, Entropy& random, BuildPacket packet) {
  std::vector<HopBuild> out;
  for (std::size_t i = 0; i < path.stops.size(); ++i) {
    std::optional<OpenedRecord> opened;
    costs.open.take([&] { opened = require(open_build(path.onions[i], packet)); });
    std::optional<HopBuild> hop;
    costs.answer.take([&] {
      hop = require(HopBuild::answer({*opened, path.stops[i].onion_key, packet}, random));
    });
    costs.pass.take([&] { hop->pass(packet); });
    out.push_back(*std::move(hop));
  }
  return out;
}

void once(const Path& path, Costs& costs, Entropy& random) {
  BuildPacket packet{};
  std::optional<OriginBuild> origin;
  const ByteArray<kBuildPayloadSize> payload{};
  costs.make.take(
      [&] { origin = require(OriginBuild::make(path.stops, payload, random, packet)); });
  const std::vector<HopBuild> hops = go_out(path, costs, random, packet);
  const ByteArray<kBuildAnswerSize> answer{};
  costs.finish.take([&] { hops.back().finish({}, answer, packet, random); });
  for (std::size_t i = hops.size() - 1; i-- > 0;) {
    costs.wrap.take([&] { hops[i].wrap({}, packet, packet); });
  }
  bool complete = false;
  costs.read.take([&] {
    complete = origin->open(packet, [](const BuildRecordBytes&) { return true; }).complete;
  });
  if (!complete) bug("an honest build did not come back");
}

}  // namespace

void measure_builds() {
  Drbg random(KeyView(ByteArray<32>{77}));
  for (const std::size_t length : {1UL, 3UL, 5UL}) {
    const Path path(random, length);
    Costs costs;
    for (std::size_t n = 0; n < kRounds; ++n) once(path, costs, random);
    std::printf(
        "build over %zu: origin makes %.0f, reads the answer %.0f; keystore opens %.0f, hop "
        "answers "
        "%.0f, passes on %.1f, last hop finishes %.1f",
        length, costs.make.median(), costs.read.median(), costs.open.median(),
        costs.answer.median(), costs.pass.median(), costs.finish.median());
    if (length > 1) std::printf(", relay wraps %.1f", costs.wrap.median());
    std::puts(" us (median)");
  }
}

}  // namespace covfefe::bench
