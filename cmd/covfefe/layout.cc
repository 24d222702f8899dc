// SPDX-License-Identifier: Apache-2.0
#include "layout.h"

#include <filesystem>

namespace covfefe::cli {
namespace {

using enum os::UnixKind;

constexpr std::array<std::string_view, 5> kServices = {"keystore", "peerdb", "shaper", "router",
                                                       "tun-helper"};
constexpr std::array<std::string_view, 3> kWire = {"wire.control", "wire.data0", "wire.data1"};
constexpr std::array<NodeDirectory, 10> kDirectories = {{
    {"etc", 0755, ""},
    {"etc/covfefe", 0755, ""},
    {"etc/covfefe/credentials", 0700, ""},
    {"run", 0755, ""},
    {"run/covfefe", 0755, ""},
    {"var", 0755, ""},
    {"var/lib", 0755, ""},
    {"var/lib/covfefe", 0755, ""},
    {"var/lib/covfefe/keystore", 0700, "keystore"},
    {"var/lib/covfefe/peerdb", 0700, "peerdb"},
}};
constexpr std::array<Edge, 10> kEdges = {{
    {"router.keystore", Stream, "router", "keystore"},
    {"router.peerdb", Stream, "router", "peerdb"},
    {"router.shaper", Stream, "router", "shaper"},
    {"router.shaper-fd", SeqPacket, "router", "shaper"},
    {"router.tun", SeqPacket, "router", "tun-helper"},
    {"router.operator", Stream, "router", ""},
    {"keystore.operator", Stream, "keystore", ""},
    {"peerdb.operator", Stream, "peerdb", ""},
    {"shaper.operator", Stream, "shaper", ""},
    {"tun-helper.operator", Stream, "tun-helper", ""},
}};

}  // namespace

Layout::Layout(std::string root) : root_(std::filesystem::absolute(root).lexically_normal()) {
  while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
}

os::RootTree Layout::tree() const {
  return root_ == "/" ? os::RootTree::System : os::RootTree::Other;
}

std::string Layout::path(std::string_view below) const {
  return (root_ == "/" ? std::string() : root_) + "/" + std::string(below);
}

std::string Layout::socket(std::string_view name) const {
  return run() + "/" + std::string(name) + ".sock";
}

std::span<const NodeDirectory> directories() {
  return kDirectories;
}
std::span<const Edge> edges() {
  return kEdges;
}
std::span<const std::string_view> services() {
  return kServices;
}
std::span<const std::string_view> wire_sockets() {
  return kWire;
}

}  // namespace covfefe::cli
