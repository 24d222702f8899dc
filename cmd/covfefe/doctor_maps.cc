// SPDX-License-Identifier: Apache-2.0
#include "doctor_maps.h"

#include <algorithm>

#include "doctor_process.h"
#include "shell_word.h"

namespace covfefe::cli::doctor {
namespace {

constexpr std::string_view kDeleted = " (deleted)";

struct Mapping {
  std::string_view access;  // "rwxp"
  std::string_view path;    // empty: anonymous
};

std::optional<Mapping> mapping_in(std::string_view line) {
  // address access offset device inode path
  const auto words = words_of(line);
  if (words.size() < 5 || words[1].size() != 4) return std::nullopt;
  Mapping out{words[1], {}};
  if (words.size() > 5) {
    out.path = line.substr(static_cast<std::size_t>(words[5].data() - line.data()));
  }
  return out;
}

bool runs(const Mapping& mapping) {
  return mapping.access[2] == 'x';
}

// Code comes from where the loader looks, or is the binary.
bool is_system(std::string_view path) {
  for (const char* place : {"/usr/lib/", "/usr/lib64/", "/lib/", "/lib64/", "/usr/local/lib/"}) {
    if (path.starts_with(place)) return true;
  }
  return path == "[vdso]" || path == "[vsyscall]" || path == "[uprobes]";
}

void check_writable_code(const MapsQuestion& it, Report& report) {
  for (const std::string_view line : lines_of(it.maps)) {
    const auto mapping = mapping_in(line);
    if (!mapping || !runs(*mapping) || mapping->access[1] != 'w') continue;
    report.add({Level::Failing, it.service, "has memory that is writable and executable",
                "whoever can write there runs code of their own", it.restart});
    return;
  }
  report.fine();
}

void check_origin(const MapsQuestion& it, Report& report) {
  for (const std::string_view line : lines_of(it.maps)) {
    const auto mapping = mapping_in(line);
    if (!mapping) continue;
    const bool gone = mapping->path.ends_with(kDeleted);
    if (runs(*mapping) && gone && is_system(mapping->path)) {
      report.add({Level::Warning, it.service,
                  "still runs code of a file that was replaced: " + std::string(mapping->path),
                  "an update of that library has no effect yet", it.restart});
      return;
    }
    if (runs(*mapping) && !is_system(mapping->path) && mapping->path != it.exe) {
      const std::string from = mapping->path.empty() ? "no file" : std::string(mapping->path);
      report.add({Level::Failing, it.service, "runs code from " + from,
                  "code comes from the system's libraries and the service's own file only",
                  "look at LD_PRELOAD and ld.so.preload(5), then " + it.restart});
      return;
    }
  }
  report.fine();
}

void check_binary(const MapsQuestion& it, Report& report) {
  std::string path = it.exe;
  if (path.ends_with(kDeleted)) {
    report.add({Level::Warning, it.service, "still runs the binary from before an upgrade",
                "the new one has no effect yet", it.restart});
    path.resize(path.size() - kDeleted.size());
  } else {
    report.fine();
  }
  std::optional<Finding> place;
  if (!it.binary.empty() && path != it.binary) {
    place = Finding{Level::Warning, it.service, "runs " + path + ", not " + it.binary,
                    "the program that this tool belongs to is another one",
                    "use the covfefe that lies beside it, or " + it.restart};
  }
  report.judge(std::move(place));
}

void check_owners(const MapsQuestion& it, Report& report) {
  constexpr mode_t kOthersWrite = 022;
  for (const MappedFile& file : it.executables) {
    if (file.facts.owner.uid == 0 && (file.facts.mode & kOthersWrite) == 0) continue;
    report.add({Level::Failing, it.service,
                "runs " + file.path + ", which others than root may change",
                "whoever changes it is the service at its next start",
                "chown -h root:root " + shell_word(file.path) + " && chmod go-w " +
                    shell_word(file.path)});
    return;
  }
  report.fine();
}

}  // namespace

std::vector<std::string> executable_files(std::string_view maps) {
  std::vector<std::string> out;
  for (const std::string_view line : lines_of(maps)) {
    const auto mapping = mapping_in(line);
    if (!mapping || !runs(*mapping) || !mapping->path.starts_with('/')) continue;
    const std::string path(mapping->path);
    if (std::find(out.begin(), out.end(), path) == out.end()) out.push_back(path);
  }
  return out;
}

void check_maps(const MapsQuestion& it, Report& report) {
  check_writable_code(it, report);
  check_origin(it, report);
  check_binary(it, report);
  check_owners(it, report);
}

}  // namespace covfefe::cli::doctor
