// SPDX-License-Identifier: Apache-2.0
// Files, machine, packages and units: each rule holds once and is broken once.
#include <doctest/doctest.h>

#include "doctor_files.h"
#include "doctor_host.h"
#include "doctor_packages.h"
#include "doctor_samples.h"
#include "doctor_units.h"

using namespace covfefe;
using namespace covfefe::cli;
using namespace covfefe::cli::doctor;

namespace {

template <typename Check, typename... Facts>
Report judged(Check check, const Facts&... facts) {
  Report report;
  check(facts..., report);
  return report;
}

StorageFacts good_storage() {
  StorageFacts facts{
      "/var/lib/covfefe/peerdb", true, {}, os::Space{1ULL << 34, 100'000, true, false}};
  facts.verdict.encrypted = true;
  return facts;
}

}  // namespace

TEST_CASE("storage: LUKS, space, files, writable") {
  CHECK(judged(check_storage, good_storage()).findings().empty());
  StorageFacts open = good_storage();
  open.verdict = {false, {}, "/var is not on a LUKS volume: sda1 is not encrypted", "move it"};
  CHECK(only(judged(check_storage, open), Level::Failing, "sda1 is not encrypted"));
  open.required = false;
  CHECK(only(judged(check_storage, open), Level::Warning, "sda1 is not encrypted"));
  StorageFacts full = good_storage();
  full.space->bytes = 100 << 20;
  CHECK(only(judged(check_storage, full), Level::Warning, "has 100 MiB"));
  full.space->bytes = 1 << 20;
  CHECK(only(judged(check_storage, full), Level::Failing, "has 1 MiB"));
  StorageFacts crowded = good_storage();
  crowded.space->files = 5;
  CHECK(only(judged(check_storage, crowded), Level::Failing, "5 files left"));
  StorageFacts frozen = good_storage();
  frozen.space->read_only = true;
  CHECK(only(judged(check_storage, frozen), Level::Failing, "mounted read-only"));
}

TEST_CASE("swap: none, encrypted or in memory") {
  const auto paths = swaps_in(
      "Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n/dev/dm-1  partition\t8388604\t0\t-2\n"
      "/swap\\040file file 1 0 -3\n");
  CHECK(paths == std::vector<std::string>{"/dev/dm-1", "/swap\\040file"});
  CHECK(swaps_in("Filename Type Size Used Priority\n").empty());
  using Swaps = std::vector<SwapFact>;
  CHECK(judged(check_swap, Swaps{}).findings().empty());
  CHECK(judged(check_swap, Swaps{{"/dev/dm-1", Cover::Luks},
                                 {"/dev/dm-2", Cover::Plain},
                                 {"/dev/zram0", Cover::Memory}})
            .findings()
            .empty());
  CHECK(only(judged(check_swap, Swaps{{"/dev/sda2", Cover::None}}), Level::Warning, "/dev/sda2"));
}

TEST_CASE("hibernation: only onto LUKS") {
  CHECK(judged(check_hibernation, HibernationFacts{"freeze mem disk\n", "0:0\n", Cover::None})
            .findings()
            .empty());
  CHECK(judged(check_hibernation, HibernationFacts{"freeze mem\n", "8:2\n", Cover::None})
            .findings()
            .empty());
  CHECK(judged(check_hibernation, HibernationFacts{"freeze disk\n", "254:1\n", Cover::Luks})
            .findings()
            .empty());
  CHECK(judged(check_hibernation, HibernationFacts{"", "", Cover::None}).findings().empty());
  CHECK(only(judged(check_hibernation, HibernationFacts{"freeze disk\n", "8:2\n", Cover::None}),
             Level::Warning, "8:2"));
}

TEST_CASE("clock: plausible, kept, and like the hardware clock") {
  constexpr std::int64_t kNow = 1'795'000'000;
  using os::ClockDiscipline;
  CHECK(judged(check_clock, ClockFacts{kNow, ClockDiscipline::Synchronised, "1795000003\n"})
            .findings()
            .empty());
  CHECK(only(judged(check_clock, ClockFacts{0, ClockDiscipline::Synchronised, ""}), Level::Failing,
             "1970"));
  CHECK(only(judged(check_clock, ClockFacts{5'000'000'000, std::nullopt, ""}), Level::Failing,
             "2100"));
  CHECK(only(judged(check_clock, ClockFacts{kNow, ClockDiscipline::Free, ""}), Level::Warning,
             "time service"));
  CHECK(only(judged(check_clock, ClockFacts{kNow, ClockDiscipline::Synchronised, "946684800\n"}),
             Level::Warning, "hardware clock"));
}

TEST_CASE("cores: processes that changed their user leave none") {
  CHECK(judged(check_cores, CoreFacts{"core\n", "0\n"}).findings().empty());
  CHECK(judged(check_cores, CoreFacts{"|/usr/lib/systemd/systemd-coredump %P\n", "2\n"})
            .findings()
            .empty());
  CHECK(only(judged(check_cores, CoreFacts{"|/usr/bin/save %P\n", "1\n"}), Level::Warning,
             "/usr/bin/save"));
}

TEST_CASE("network: device, ways, ports and buffers") {
  NetworkFacts good;
  good.tun_mtu = 1280;
  good.ways = {{"eth0", 1500}};
  good.rmem_max = "212992\n";
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{6363, 6364, 6365}) {
    good.wire.push_back({SocketKind::Udp, "", false, port, 0});
  }
  CHECK(judged(check_network, good).findings().empty());
  NetworkFacts bad = good;
  bad.tun_mtu = 1500;
  CHECK(only(judged(check_network, bad), Level::Warning, "covfefe0 has MTU 1500"));
  bad = good;
  bad.tun_mtu.reset();
  CHECK(only(judged(check_network, bad), Level::Failing, "no device covfefe0"));
  bad = good;
  bad.ways = {{"ppp0", 1400}};
  CHECK(only(judged(check_network, bad), Level::Warning, "ppp0 has MTU 1400, less than 1448"));
  bad = good;
  bad.wire[2].port = 7000;
  CHECK(only(judged(check_network, bad), Level::Failing, "port 6365"));
  bad = good;
  bad.wire[0].drops = 12;
  CHECK(only(judged(check_network, bad), Level::Warning, "net.core.rmem_max is 212992"));
  bad.rmem_max = "8388608\n";
  CHECK(only(judged(check_network, bad), Level::Note, "dropped 12"));
}

TEST_CASE("ways are the devices that carry routes") {
  const auto devices = route_devices(
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
      "00000000000000000000000000000000 00 0 00 0 0 0 0 0 wlan0\n"
      "00000000000000000000000000000001 80 0 00 0 0 0 0 0 lo\n");
  CHECK(devices == std::vector<std::string>{"eth0", "wlan0"});
}

TEST_CASE("files: owner, mode and kind") {
  const WantedFile wanted{
      "/etc/covfefe/credentials/keystore.key", os::FileKind::Regular, 0600, {0, 0}, "root", "why"};
  const auto seen = [](mode_t mode, os::Owner owner) {
    return SeenFile{Sight::Seen, {os::FileKind::Regular, mode, owner, {}}};
  };
  CHECK(judged(check_file, wanted, seen(0600, {0, 0})).findings().empty());
  CHECK(judged(check_file, wanted, seen(0400, {0, 0})).findings().empty());
  CHECK(judged(check_file, wanted, SeenFile{}).findings().empty());
  CHECK(only(judged(check_file, wanted, seen(0640, {0, 0})), Level::Failing,
             "has mode 0640, not 0600"));
  CHECK(
      only(judged(check_file, wanted, seen(0600, {1000, 0})), Level::Failing, "belongs to 1000:0"));
  SeenFile link = seen(0600, {0, 0});
  link.facts.kind = os::FileKind::Link;
  CHECK(only(judged(check_file, wanted, link), Level::Failing, "no plain file"));
  CHECK(only(judged(check_file, wanted, SeenFile{Sight::Hidden, {}}), Level::Unseen, "not shown"));
}

TEST_CASE("fixes name what a service called its files, and act on nothing else") {
  const auto fixes = [](const std::string& name) {
    const WantedFile wanted{"/s/" + name, os::FileKind::Regular, 0600, {7, 8}, "u", "why", {7, 8}};
    const SeenFile seen{Sight::Seen, {os::FileKind::Regular, 0644, {0, 0}, {}}};
    std::vector<std::string> out;
    const Report report = judged(check_file, wanted, seen);
    for (const Finding& one : report.findings()) out.push_back(one.fix);
    return out;
  };
  const std::string own = "(cd /s && setpriv --reuid 7 --regid 8 --clear-groups chmod 0600 ";
  CHECK(fixes("keys") == std::vector<std::string>{"chown -h 7:8 /s/keys", own + "./keys)"});
  CHECK(fixes("x;sh y") ==
        std::vector<std::string>{"chown -h 7:8 '/s/x;sh y'", own + "'./x;sh y')"});
  CHECK(fixes("a'`b`") ==
        std::vector<std::string>{"chown -h 7:8 '/s/a'\\''`b`'", own + "'./a'\\''`b`')"});
  for (const std::string& fix : fixes("a\nsh y")) CHECK(fix.find("sh y") == std::string::npos);
}

TEST_CASE("parents of the node's files are root's") {
  const auto seen = [](mode_t mode, os::Owner owner) {
    return PathQuestion{"/etc", {os::FileKind::Directory, mode, owner, {}}};
  };
  CHECK(judged(check_parent, seen(0755, {0, 0})).findings().empty());
  CHECK(judged(check_parent, seen(01777, {0, 0})).findings().empty());
  CHECK(only(judged(check_parent, seen(0777, {0, 0})), Level::Failing, "mode 0777"));
  CHECK(only(judged(check_parent, seen(0755, {7, 7})), Level::Failing, "7:7"));
}

TEST_CASE("sockets: who may connect") {
  const Edge& keystore = edges()[0];
  const Edge& oper = edges()[5];
  const auto seen = [](mode_t mode, os::Owner owner) {
    return SeenFile{Sight::Seen, {os::FileKind::Socket, mode, owner, {}}};
  };
  const SocketQuestion inner{keystore, "/run/covfefe/router.keystore.sock", {63632, 63632}, 900};
  CHECK(judged(check_socket, inner, seen(0600, {63632, 63632})).findings().empty());
  CHECK(only(judged(check_socket, inner, seen(0660, {63632, 900})), Level::Failing, "mode 0660"));
  CHECK(only(judged(check_socket, inner, seen(0600, {0, 0})), Level::Failing, "owner 0:0"));
  CHECK(only(judged(check_socket, inner, SeenFile{}), Level::Warning, "is missing"));
  const SocketQuestion outer{oper, "/run/covfefe/router.operator.sock", {0, 0}, 900};
  CHECK(judged(check_socket, outer, seen(0600, {0, 0})).findings().empty());
  CHECK(judged(check_socket, outer, seen(0660, {0, 900})).findings().empty());
  CHECK(only(judged(check_socket, outer, seen(0660, {0, 100})), Level::Failing, "0660"));
  CHECK(only(judged(check_socket, outer, seen(0666, {0, 900})), Level::Failing, "0666"));
}

TEST_CASE("versions are ordered as dpkg orders them") {
  struct Case {
    const char* less;
    const char* more;
  };
  const Case cases[] = {{"1.0.18-1", "1.0.18-1+deb12u1"},
                        {"1.0.18-1+deb12u1", "1.0.19-1"},
                        {"1.0~rc1-1", "1.0-1"},
                        {"2.9-1", "2.10-1"},
                        {"9.9-1", "1:1.0-1"},
                        {"1.0-1", "1.0a-1"},
                        {"2.1.12-stable-8", "2.1.12-stable-8+deb12u1"},
                        {"3.40.1-2+deb12u1", "3.40.1-2+deb12u2"},
                        {"1.2-3~bpo1", "1.2-3"}};
  for (const Case& one : cases) {
    CAPTURE(one.less);
    CHECK(compare_versions(one.less, one.more) < 0);
    CHECK(compare_versions(one.more, one.less) > 0);
    CHECK(compare_versions(one.less, one.less) == 0);
  }
  CHECK(compare_versions("0:1.0-1", "1.0-1") == 0);
}

TEST_CASE("packages that are too old are named; others and removed ones are not") {
  const std::string status =
      "Package: libsodium23\nStatus: install ok installed\nVersion: 1.0.18-1+deb12u1\n\n"
      "Package: libsqlite3-0\nStatus: deinstall ok config-files\nVersion: 3.1-1\n\n"
      "Package: bash\nStatus: install ok installed\nVersion: 1.0\n";
  CHECK(judged(check_packages, status).findings().empty());
  CHECK(judged(check_packages, status).held() == 1);
  CHECK(versions_in(status) == "libsodium23 1.0.18-1+deb12u1\n");
  std::string old = status;
  replace(old, "+deb12u1", "");
  CHECK(only(judged(check_packages, old), Level::Warning, "libsodium23 is 1.0.18-1, older"));
  CHECK(judged(check_packages, std::string()).findings().empty());
}

TEST_CASE("drop-ins that weaken are told from those that do not") {
  const auto judge = [](const std::string& text) {
    return judged(check_drop_in,
                  UnitFile{"/etc/systemd/system/covfefe-router.service.d/a.conf", text});
  };
  CHECK(judge("[Service]\n# PrivateNetwork=no\nCPUWeight=20\nEnvironment=\nIOWeight=\\\n 30\n")
            .findings()
            .empty());
  for (const char* line :
       {"PrivateNetwork=no", "NoNewPrivileges = false", "SystemCallFilter=@debug",
        "CapabilityBoundingSet=CAP_SYS_ADMIN", "User=root", "LimitCORE=infinity",
        "Environment=LD_PRELOAD=/x.so", "ProtectSystem=", "ExecStart=/bin/sh",
        "RestrictNamespaces=no", "ReadWritePaths=/"}) {
    CAPTURE(line);
    CHECK(
        only(judge("[Service]\n" + std::string(line) + "\n"), Level::Warning, "weakens its unit"));
  }
  CHECK(judge("[Service]\nSystemCallFilter=~ptrace\nLimitCORE=0\n").findings().empty());
}

TEST_CASE("a unit promises namespaces by its settings") {
  const auto unit = settings_in(
      "[Unit]\nPrivateNetwork=yes\n[Service]\nPrivateUsers=yes\nPrivateNetwork=no\n"
      "ProtectSystem=strict\nProtectHome=yes\nProtectHostname=1\n");
  CHECK(namespaces_promised(unit) == std::vector<std::string>{"user", "mnt", "uts"});
}

TEST_CASE("the exposure that systemd computes has its bound") {
  const std::string text =
      "  NAME DESCRIPTION\n\n→ Overall exposure level for covfefe-router.service: 0.2 OK 😀\n";
  CHECK(judged(check_exposure, "router", text).findings().empty());
  std::string more = text;
  replace(more, "0.2", "1.4");
  CHECK(only(judged(check_exposure, "router", more), Level::Warning, "1.4, not 0.3"));
  CHECK(judged(check_exposure, "tun-helper", more).findings().empty());
  CHECK(judged(check_exposure, "router", "no such unit").held() == 0);
  CHECK(only(
      [] {
        Report r;
        check_replacement("/etc/systemd/system/covfefe-router.service", r);
        return r;
      }(),
      Level::Warning, "hides the unit"));
}
