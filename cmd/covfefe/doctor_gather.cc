// SPDX-License-Identifier: Apache-2.0
#include "doctor_gather.h"

#include "doctor_files.h"
#include "doctor_host.h"
#include "doctor_packages.h"
#include "doctor_units.h"
#include "os/clock.h"
#include "os/files.h"
#include "os/process.h"
#include "shell_word.h"

namespace covfefe::cli::doctor {
namespace {

constexpr std::size_t kMostText = 64 << 20;  // /proc/net/unix of a busy host, dpkg's status

SeenFile look(const std::string& path) {
  const auto facts = os::facts_of_entry(path);
  if (facts) return {Sight::Seen, *facts};
  const int why = facts.error().number;
  return {why == ENOENT || why == ENOTDIR ? Sight::Missing : Sight::Hidden, {}};
}

// systemd's units put what a service connects to into a folder of its own, all that it is shown.
std::string socket_of(const Layout& layout, const Edge& edge) {
  const std::string own =
      layout.run() + "/" + std::string(edge.connector) + "/" + std::string(edge.name) + ".sock";
  const bool is_there = !edge.connector.empty() && os::facts_of_entry(own).ok();
  return is_there ? own : layout.socket(edge.name);
}

std::string device_text(os::DeviceNumber device) {
  return std::to_string(device.major) + ":" + std::to_string(device.minor);
}

Cover cover_of(os::DeviceNumber device, const Places& places) {
  const os::BlockView view{places.sys, places.proc + "/self/mountinfo"};
  if (os::examine_device(device, "swap", view).encrypted) return Cover::Luks;
  const std::string at = places.sys + "/dev/block/" + device_text(device);
  if (text_at(at + "/dm/uuid").starts_with("CRYPT-PLAIN-")) return Cover::Plain;
  // A zram device has this attribute, unless it writes pages back to a disk.
  const std::string backing = text_at(at + "/backing_dev");
  return backing.starts_with("none") ? Cover::Memory : Cover::None;
}

Cover cover_of(const std::string& swap, const Places& places) {
  const auto facts = os::facts_of(swap);
  if (!facts) return Cover::None;
  if (facts->kind == os::FileKind::BlockDevice) return cover_of(facts->device, places);
  const os::BlockView view{places.sys, places.proc + "/self/mountinfo"};
  const auto verdict = os::examine_directory(swap.substr(0, swap.rfind('/') + 1), view);
  return verdict && verdict->encrypted ? Cover::Luks : Cover::None;
}

std::optional<os::DeviceNumber> device_in(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto major = number_in(text.substr(0, colon));
  const auto minor = number_in(text.substr(colon + 1));
  if (!major || !minor) return std::nullopt;
  return os::DeviceNumber{static_cast<std::uint32_t>(*major), static_cast<std::uint32_t>(*minor)};
}

void look_at_swap(const Places& places, Report& report) {
  std::vector<SwapFact> swaps;
  for (const std::string& path : swaps_in(text_at(places.proc + "/swaps"))) {
    swaps.push_back({path, cover_of(path, places)});
  }
  check_swap(swaps, report);
  HibernationFacts sleep;
  sleep.states = text_at(places.sys + "/power/state");
  sleep.resume = text_at(places.sys + "/power/resume");
  if (const auto device = device_in(sleep.resume)) sleep.cover = cover_of(*device, places);
  check_hibernation(sleep, report);
}

constexpr const char* kUnitFolders[] = {"etc/systemd/system", "run/systemd/system",
                                        "usr/local/lib/systemd/system", "usr/lib/systemd/system",
                                        "lib/systemd/system"};

void look_at_folder(const Layout& layout, const std::string& folder, Report& report) {
  const auto units = os::names_in(layout.path(folder));
  if (!units) return;
  for (const std::string& unit : *units) {
    if (!unit.starts_with("covfefe")) continue;
    const std::string path = layout.path(folder + "/" + unit);
    const auto facts = os::facts_of_entry(path);
    if (!facts) continue;
    const bool own = folder.starts_with("etc") || folder.starts_with("run");
    if (facts->kind == os::FileKind::Regular && own) check_replacement(path, report);
    if (facts->kind != os::FileKind::Directory || !unit.ends_with(".d")) continue;
    const auto drop_ins = os::names_in(path);
    if (!drop_ins) continue;
    for (const std::string& name : *drop_ins) {
      const std::string file = path + "/" + name;
      if (name.ends_with(".conf")) check_drop_in({file, text_at(file)}, report);
    }
  }
}

void look_at_exposure(const Layout& layout, Report& report) {
  const std::string analyze = "/usr/bin/systemd-analyze";
  const bool runs = os::facts_of("/run/systemd/system").ok();
  if (layout.tree() != os::RootTree::System || !runs || !os::is_root()) return;
  if (!os::is_executable(analyze)) return;
  for (const std::string_view service : services()) {
    os::Program program;
    program.path = analyze;
    program.errors = os::ErrorStream::Null;
    program.arguments = {"security", "--no-pager", "covfefe-" + std::string(service) + ".service"};
    if (const auto output = os::run(program)) check_exposure(service, output->text, report);
  }
}

}  // namespace

std::string text_at(const std::string& path) {
  auto text = os::read_text(path, kMostText);
  return text ? std::move(*text) : std::string();
}

std::string unit_text(const Layout& layout, const std::string& unit) {
  for (const char* folder : kUnitFolders) {
    std::string text = text_at(layout.path(std::string(folder) + "/" + unit));
    if (!text.empty()) return text;
  }
  return {};
}

void look_at_units(const Layout& layout, Report& report) {
  for (const char* folder : kUnitFolders) look_at_folder(layout, folder, report);
  look_at_exposure(layout, report);
}

void look_at_files(const Layout& layout, const Census& census, Report& report) {
  for (const char* parent :
       {"etc", "run", "var", "var/lib", "run/covfefe/keystore", "run/covfefe/peerdb",
        "run/covfefe/shaper", "run/covfefe/tun-helper", "run/covfefe/roots",
        "run/covfefe/roots/keystore", "run/covfefe/roots/peerdb", "run/covfefe/roots/router",
        "run/covfefe/roots/shaper", "run/covfefe/roots/tun-helper"}) {
    const std::string path = layout.path(parent);
    if (const auto facts = os::facts_of(path)) check_parent({path, *facts}, report);
  }
  for (const WantedFile& wanted : wanted_files(layout))
    check_file(wanted, look(wanted.path), report);
  for (const char* service : {"keystore", "peerdb"}) {
    const auto names = os::names_in(layout.path("var/lib/covfefe/" + std::string(service)));
    if (!names) continue;
    for (const std::string& name : *names) {
      const WantedFile wanted = wanted_state(layout, service, name);
      check_file(wanted, look(wanted.path), report);
    }
  }
  const auto operators = os::group_by_name("covfefe");
  for (const Edge& edge : edges()) {
    if (census.pid_of(edge.listener) == 0) continue;
    // Root connects to an operator's socket whoever owns it, but for the tun-helper.
    const std::string who(edge.connector.empty() ? edge.listener : edge.connector);
    const auto owner = os::service_user(who, layout.tree());
    if (!owner) continue;
    const std::string path = socket_of(layout, edge);
    check_socket(
        {edge, path, *owner, operators ? std::optional<std::uint32_t>(*operators) : std::nullopt},
        look(path), report);
  }
}

void look_at_host(const Places& places, Report& report) {
  look_at_swap(places, report);
  ClockFacts clock;
  clock.now = os::wall_now().unix_seconds();
  if (const auto discipline = os::clock_discipline()) clock.discipline = *discipline;
  clock.rtc_seconds = text_at(places.sys + "/class/rtc/rtc0/since_epoch");
  check_clock(clock, report);
  check_cores({text_at(places.proc + "/sys/kernel/core_pattern"),
               text_at(places.proc + "/sys/fs/suid_dumpable")},
              report);
  check_packages(text_at(places.dpkg), report);
}

void look_at_storage(const Layout& layout, const Places& places, const config::Config& config,
                     Report& report) {
  const os::BlockView view{places.sys, places.proc + "/self/mountinfo"};
  bool told = false;
  for (const char* service : {"keystore", "peerdb"}) {
    StorageFacts facts;
    facts.directory = layout.path("var/lib/covfefe/" + std::string(service));
    facts.required = config.require_luks;
    auto verdict = os::examine_directory(facts.directory, view);
    if (!verdict) {
      report.add(
          {Level::Failing, "storage", verdict.error().text(),
           "without it the " + std::string(service) + " cannot start",
           "mount the volume; a new node: covfefe init --root " + shell_word(layout.root())});
      continue;
    }
    if (told && !verdict->encrypted) continue;  // the same volume most of the time
    facts.verdict = std::move(*verdict);
    told = told || !facts.verdict.encrypted;
    if (const auto space = os::space_at(facts.directory)) facts.space = *space;
    check_storage(facts, report);
  }
}

void look_at_network(const Places& places, const Node& node, Report& report) {
  NetworkFacts facts;
  facts.config = node.config;
  const std::string devices = places.sys + "/class/net/";
  const auto mtu_of = [&devices](const std::string& device) {
    const std::string text = text_at(devices + device + "/mtu");
    return number_in(std::string_view(text).substr(0, text.find('\n')));
  };
  facts.tun_mtu = mtu_of(node.config.tun.name);
  const std::string net = places.proc + "/self/net/";
  for (const std::string& device :
       route_devices(text_at(net + "route"), text_at(net + "ipv6_route"))) {
    const auto mtu = mtu_of(device);
    if (mtu && device != node.config.tun.name) facts.ways.push_back({device, *mtu});
  }
  facts.rmem_max = text_at(places.proc + "/sys/net/core/rmem_max");
  const auto fds = descriptors_of(places, node.census.pid_of("router"));
  for (const FdFact& fd : fds ? *fds : std::vector<FdFact>{}) {
    const auto socket = node.census.sockets.find(socket_inode(fd.target));
    if (socket == node.census.sockets.end() || socket->second.kind != SocketKind::Udp) continue;
    facts.wire.push_back(socket->second);
  }
  check_network(facts, report);
}

}  // namespace covfefe::cli::doctor
