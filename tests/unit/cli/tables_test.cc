// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "layout.h"

namespace covfefe::cli {
namespace {

bool is_service(std::string_view name) {
  return std::find(services().begin(), services().end(), name) != services().end();
}

}  // namespace

TEST_CASE("a node in / has the paths of an installed one") {
  const Layout layout("/");
  CHECK(layout.root() == "/");
  CHECK(layout.tree() == os::RootTree::System);
  CHECK(layout.config() == "/etc/covfefenet.yaml");
  CHECK(layout.identity() == "/etc/covfefe/identity.yaml");
  CHECK(layout.credentials() == "/etc/covfefe/credentials");
  CHECK(layout.sealed_keys() == "/var/lib/covfefe/keystore/keys.sealed");
  CHECK(layout.socket("router.operator") == "/run/covfefe/router.operator.sock");
}

TEST_CASE("a node elsewhere has the same paths below its root") {
  const Layout layout("/srv/node");
  CHECK(layout.tree() == os::RootTree::Other);
  CHECK(layout.config() == "/srv/node/etc/covfefenet.yaml");
  CHECK(layout.run() == "/srv/node/run/covfefe");
}

TEST_CASE("spellings of one root are one root") {
  for (const char* spelling : {"/srv/node/", "/srv/node//", "/srv/./node", "/srv/other/../node"}) {
    CAPTURE(spelling);
    CHECK(Layout(spelling).root() == "/srv/node");
  }
  for (const char* spelling : {"/", "//", "/.", "/srv/.."}) {
    CAPTURE(spelling);
    CHECK(Layout(spelling).root() == "/");
    CHECK(Layout(spelling).tree() == os::RootTree::System);
  }
}

TEST_CASE("a relative root is meant from here") {
  const std::string here = std::filesystem::current_path();
  CHECK(Layout("node").root() == here + "/node");
  CHECK(Layout(".").root() == here);
}

TEST_CASE("every edge is listened on by a service and connected to by another or the operator") {
  std::set<std::string_view> names;
  for (const Edge& edge : edges()) {
    CAPTURE(edge.name);
    CHECK(names.insert(edge.name).second);
    CHECK(is_service(edge.listener));
    CHECK(edge.listener == edge.name.substr(0, edge.name.find('.')));
    CHECK((edge.connector.empty() || is_service(edge.connector)));
    CHECK(edge.connector != edge.listener);
    CHECK(edge.connector.empty() == edge.name.ends_with(".operator"));
  }
}

TEST_CASE("every service has an operator's edge") {
  for (const std::string_view service : services()) {
    CAPTURE(service);
    const std::string wanted = std::string(service) + ".operator";
    CHECK(std::any_of(edges().begin(), edges().end(),
                      [&](const Edge& edge) { return edge.name == wanted; }));
  }
}

TEST_CASE("edges over which descriptors pass keep messages apart") {
  for (const Edge& edge : edges()) {
    CAPTURE(edge.name);
    const bool passes_descriptors = edge.name == "router.shaper-fd" || edge.name == "router.tun";
    CHECK((edge.kind == os::UnixKind::SeqPacket) == passes_descriptors);
  }
}

}  // namespace covfefe::cli
