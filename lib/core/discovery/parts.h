// SPDX-License-Identifier: Apache-2.0
// The parts of Discovery, for its own sources only.
#pragma once

#include "core/discovery/discovery.h"
#include "core/discovery/fetcher.h"
#include "core/discovery/finder.h"
#include "core/discovery/names.h"
#include "core/discovery/offers.h"
#include "core/discovery/server.h"

namespace covfefe::core {

struct Discovery::Parts {
  Parts(const DiscoveryConfig& config_in, CellSink& sink, crypto::Drbg& random)
      : config(config_in), commons{config, sink, random} {}

  DiscoveryConfig config;
  Commons commons;
  Offers offers{commons};
  Server server{commons};
  Fetcher fetcher{commons};
  Finder finder{commons};
  Names names{commons};
};

}  // namespace covfefe::core
