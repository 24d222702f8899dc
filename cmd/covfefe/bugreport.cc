// SPDX-License-Identifier: Apache-2.0
// The verb that writes a report for others to read. What it holds is asked of this same program, as
// an operator would ask, and then redacted as text; no secret file is ever opened.
#include <algorithm>
#include <cstdio>
#include <ctime>

#include "commands.h"
#include "doctor_gather.h"
#include "doctor_packages.h"
#include "json.h"
#include "layout.h"
#include "node_files.h"
#include "os/clock.h"
#include "os/files.h"
#include "os/process.h"
#include "os/resolve.h"
#include "programs.h"
#include "redact.h"
#include "services.h"
#include "tar.h"

namespace covfefe::cli {
namespace {

constexpr std::size_t kLines = 2'000;  // of the journal, all services together

struct Bundle {
  std::vector<TarEntry> entries;
  std::vector<std::string> missing;  // what could not be put in, and why
};

enum class Names : std::uint8_t { Known, Unknown };
constexpr const char* kNoNames =
    ": the peerdb does not answer, so petnames could not be found in it";

// Without all petnames no text that could hold one may go in.
Names learn_names(const Layout& layout, Redactor& redactor) {
  redactor.name(os::host_name(), "host");
  const auto config = load_config(layout);
  if (config) {
    redactor.name(config->name, "node");
    for (const auto& one : config->shaping.friends) redactor.name(one.petname, "friend");
  }
  auto peerdb = Connection::open(layout, "peerdb");
  if (!peerdb) return Names::Unknown;
  const auto known = friends(*peerdb);
  if (!known) return Names::Unknown;
  for (const FriendRecord& one : *known) redactor.name(one.petname, "friend");
  return Names::Known;
}

Outcome<std::string> output_of(const std::string& path, std::vector<std::string> arguments) {
  os::Program program;
  program.path = path;
  program.arguments = std::move(arguments);
  program.errors = os::ErrorStream::Null;
  const auto output = os::run(program);
  if (!output) return Problem{output.error().text(), ""};
  return output->text;
}

struct Question {
  const char* entry;
  std::vector<std::string> words;
  Names needs = Names::Known;  // of petnames; what cannot hold one is asked in any case
};

std::vector<Question> questions() {
  std::vector<Question> out = {{"config.yaml", {"config", "show"}, Names::Unknown},
                               {"doctor.json", {"doctor", "--json"}, Names::Unknown},
                               {"status.json", {"status", "--json"}},
                               {"circuits.json", {"circuits", "--json"}},
                               {"promises.json", {"promises", "--json"}},
                               {"shaper.json", {"shaper", "--json"}}};
  return out;
}

void add(Bundle& bundle, Redactor& redactor, const std::string& name,
         const Outcome<std::string>& text) {
  if (!text || text->empty()) {
    bundle.missing.push_back(name + ": " + (text ? "nothing came" : text.error().what));
    return;
  }
  bundle.entries.push_back({name, redactor.redact(*text)});
}

std::string versions() {
  const doctor::Places places;
  std::string out = "covfefe " COVFEFE_VERSION "\n";
  for (const char* fact : {"ostype", "osrelease", "version"}) {
    out += doctor::text_at(places.proc + "/sys/kernel/" + fact);
  }
  const std::string release = doctor::text_at("/etc/os-release");
  for (const std::string_view line : doctor::lines_of(release)) {
    if (line.starts_with("PRETTY_NAME=")) out += std::string(line) + "\n";
  }
  return out + doctor::versions_in(doctor::text_at(places.dpkg));
}

void add_answers(const Layout& layout, Names names, Bundle& bundle, Redactor& redactor) {
  const auto here = os::own_directory();
  if (!here) return bundle.missing.push_back("answers: " + here.error().text());
  const std::string self = *here + "/covfefe";
  for (Question& one : questions()) {
    if (one.needs == Names::Known && names == Names::Unknown) {
      bundle.missing.push_back(std::string(one.entry) + kNoNames);
      continue;
    }
    one.words.insert(one.words.end(), {"--root", layout.root()});
    add(bundle, redactor, one.entry, output_of(self, one.words));
  }
  for (const std::string_view service : services()) {
    const std::string name(service);
    add(bundle, redactor, "inspect-" + name + ".json",
        output_of(self, {"inspect", name, "--json", "--root", layout.root()}));
    const auto binary = binary_of(name);
    if (!binary) continue;
    add(bundle, redactor, "jail-" + name + ".txt", output_of(*binary, {"--explain-jail"}));
  }
}

// The log remembers friends who are gone or have another name now.
void learn_friends_of_log(std::string_view log, Redactor& redactor) {
  constexpr std::string_view kBefore = " friend=";
  for (std::size_t at = log.find(kBefore); at != std::string_view::npos;) {
    at += kBefore.size();
    const std::string_view name = log.substr(at, log.find_first_of(" \n", at) - at);
    redactor.name(name, "friend");
    at = log.find(kBefore, at);
  }
}

void add_systemd(Bundle& bundle, Redactor& redactor) {
  if (!os::facts_of("/run/systemd/system")) {
    bundle.missing.emplace_back(
        "units.txt, log.txt: systemd does not run here; what covfefe up prints, it keeps nowhere");
    return;
  }
  add(bundle, redactor, "units.txt",
      output_of("/usr/bin/systemctl",
                {"list-units", "--all", "--plain", "--no-pager", "covfefe*"}));
  const auto log =
      output_of("/usr/bin/journalctl", {"--no-pager", "--no-hostname", "--output=short-iso",
                                        "--lines=" + std::to_string(kLines), "--unit=covfefe-*"});
  if (log) learn_friends_of_log(*log, redactor);
  add(bundle, redactor, "log.txt", log);
}

std::string contents_text(const Bundle& bundle) {
  std::string out =
      "A report about one CovfefeNet node, written by its operator with covfefe bugreport.\n"
      "Names, IP addresses, overlay addresses and keys are replaced by pseudonyms, each the same\n"
      "in all files: friend-1, address-2, overlay-1, hex-3. No key, credential, petname, friend's\n"
      "card or fingerprint is in it. Ports, byte counts, times and file names are.\n\n";
  for (const TarEntry& one : bundle.entries)
    out += one.name + "  " + std::to_string(one.text.size()) + " bytes\n";
  for (const std::string& one : bundle.missing) out += "left out: " + one + "\n";
  return out;
}

Bundle collect(const Layout& layout) {
  Bundle bundle;
  Redactor redactor;
  const Names names = learn_names(layout, redactor);
  bundle.entries.push_back({"versions.txt", redactor.redact(versions())});
  add_answers(layout, names, bundle, redactor);
  if (names == Names::Known) {
    add_systemd(bundle, redactor);
  } else {
    bundle.missing.push_back(std::string("log.txt") + kNoNames);
  }
  const std::string contents = redactor.redact(contents_text(bundle));
  bundle.entries.insert(bundle.entries.begin(), {"README.txt", contents});
  return bundle;
}

std::string default_name(WallTime now) {
  const std::time_t seconds = now.unix_seconds();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return std::string("covfefe-report-") + text + ".tar";
}

void print(const std::string& file, const Bundle& bundle) {
  std::printf("wrote %s\n", file.c_str());
  for (const TarEntry& one : bundle.entries)
    std::printf("  %-24s %8zu bytes\n", one.name.c_str(), one.text.size());
  for (const std::string& one : bundle.missing) std::printf("  left out: %s\n", one.c_str());
  std::printf("nothing was sent; read it before you give it away: tar -xOf %s | less\n",
              file.c_str());
}

Json to_json(const std::string& file, const Bundle& bundle) {
  Json entries = Json::array();
  for (const TarEntry& one : bundle.entries) {
    entries.add(Json::object()
                    .set("name", one.name)
                    .set("bytes", static_cast<std::uint64_t>(one.text.size())));
  }
  Json missing = Json::array();
  for (const std::string& one : bundle.missing) missing.add(one);
  return Json::document("bugreport")
      .set("file", file)
      .set("entries", std::move(entries))
      .set("left_out", std::move(missing));
}

}  // namespace

int bugreport(const Common& common, const BugreportOptions& options) {
  const WallTime now = os::wall_now();
  const std::string file = options.file.empty() ? default_name(now) : options.file;
  if (os::facts_of_entry(file)) {
    return report({file + " exists, and bugreport overwrites nothing", "choose another name"},
                  common);
  }
  const Bundle bundle = collect(Layout(common.root));
  const std::string archive = tar_of(bundle.entries, now.unix_seconds());
  if (auto done = os::create_file(file, bytes_of(archive), {0600}); !done) {
    return report({done.error().text(), ""}, common);
  }
  if (common.json) {
    std::fputs(to_json(file, bundle).text().c_str(), stdout);
  } else {
    print(file, bundle);
  }
  return kDone;
}

}  // namespace covfefe::cli
