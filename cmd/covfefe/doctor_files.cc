// SPDX-License-Identifier: Apache-2.0
#include "doctor_files.h"

#include "shell_word.h"

namespace covfefe::cli::doctor {
namespace {

constexpr const char* kArea = "files";

std::string octal(mode_t mode) {
  std::string out;
  for (int shift = 9; shift >= 0; shift -= 3) out += static_cast<char>('0' + ((mode >> shift) & 7));
  return out;
}

std::string owner_text(const os::Owner& owner) {
  return std::to_string(owner.uid) + ":" + std::to_string(owner.gid);
}

bool exact_mode_matters(std::string_view below) {
  return below.find("covfefe") != std::string_view::npos;
}

const char* why_of(std::string_view below) {
  if (below.ends_with("credentials")) return "the credential in it opens the key file";
  if (below.ends_with("keystore")) return "only the keystore may reach the key file";
  if (below.ends_with("peerdb")) return "only peerdb may reach the database";
  return "whoever may write here may exchange what lies below";
}

std::optional<os::Owner> user_of(const Layout& layout, const std::string& service) {
  const auto owner = os::service_user(service, layout.tree());
  return owner ? std::optional<os::Owner>(*owner) : std::nullopt;
}

std::string chown(const os::Owner& owner, const std::string& path) {
  return "chown -h " + owner_text(owner) + " " + shell_word(path);
}

// chmod(1) follows links, and who may write in the directory may put one there at any time: it is
// done with his rights, and with his directory below it, wherever that lies.
std::string chmod(const WantedFile& wanted) {
  const std::string mode = "chmod " + octal(wanted.most) + " ";
  if (wanted.keeper.uid == 0) return mode + shell_word(wanted.path);
  const std::size_t slash = wanted.path.rfind('/');
  const std::string uid = std::to_string(wanted.keeper.uid);
  const std::string gid = std::to_string(wanted.keeper.gid);
  return "(cd " + shell_word(wanted.path.substr(0, slash)) + " && setpriv --reuid " + uid +
         " --regid " + gid + " --clear-groups " + mode +
         shell_word("." + wanted.path.substr(slash)) + ")";
}

Finding wrong(const WantedFile& wanted, std::string what, std::string fix) {
  if (!can_be_copied(wanted.path)) fix = "none of ours is called so: look at it, and remove it";
  return {Level::Failing, kArea, wanted.path + " " + std::move(what), wanted.why, std::move(fix)};
}

}  // namespace

std::vector<WantedFile> wanted_files(const Layout& layout) {
  std::vector<WantedFile> out;
  for (const NodeDirectory& directory : directories()) {
    if (!exact_mode_matters(directory.below)) continue;
    const std::string service(directory.owner.empty() ? "tun-helper" : directory.owner);
    const auto owner = user_of(layout, service);
    if (!owner) continue;
    out.push_back({layout.path(directory.below), os::FileKind::Directory, directory.mode, *owner,
                   directory.owner.empty() ? "root" : "covfefe-" + service,
                   why_of(directory.below)});
  }
  const os::Owner root{0, 0};
  out.push_back({layout.config(), os::FileKind::Regular, 0644, root, "root",
                 "the services trust what it says"});
  out.push_back({layout.identity(), os::FileKind::Regular, 0644, root, "root",
                 "the services take the node's address from it"});
  out.push_back({layout.credentials() + "/keystore.key", os::FileKind::Regular, 0600, root, "root",
                 "it opens the key file: whoever reads both has the node's keys"});
  return out;
}

WantedFile wanted_state(const Layout& layout, const std::string& service, const std::string& name) {
  WantedFile out;
  out.path = layout.path("var/lib/covfefe/" + service + "/" + name);
  out.owner = user_of(layout, service).value_or(os::Owner{0, 0});
  out.keeper = out.owner;
  out.user = "covfefe-" + service;
  out.why = service == "keystore" ? "it holds the node's keys, sealed"
                                  : "it holds friends, endpoints and what was measured";
  return out;
}

void check_file(const WantedFile& wanted, const SeenFile& seen, Report& report) {
  if (seen.sight == Sight::Missing) return;
  if (seen.sight == Sight::Hidden) {
    report.add({Level::Unseen, kArea, wanted.path + " is not shown to this user", wanted.why,
                "run as root"});
    return;
  }
  if (seen.facts.kind != wanted.kind) {
    const bool directory = wanted.kind == os::FileKind::Directory;
    return report.add(wrong(wanted, directory ? "is no directory" : "is no plain file",
                            "remove it, and restore what belongs there"));
  }
  std::optional<Finding> owner;
  const os::Owner& has = seen.facts.owner;
  if (has.uid != wanted.owner.uid) {
    owner = wrong(wanted,
                  "belongs to " + owner_text(has) + ", not to " + wanted.user + " (" +
                      owner_text(wanted.owner) + ")",
                  chown(wanted.owner, wanted.path));
  }
  report.judge(std::move(owner));
  std::optional<Finding> mode;
  if ((seen.facts.mode & ~wanted.most) != 0) {
    mode = wrong(wanted, "has mode " + octal(seen.facts.mode) + ", not " + octal(wanted.most),
                 chmod(wanted));
  }
  report.judge(std::move(mode));
}

void check_socket(const SocketQuestion& it, const SeenFile& seen, Report& report) {
  if (seen.sight != Sight::Seen || seen.facts.kind != os::FileKind::Socket) {
    report.add({Level::Warning, "sockets", it.path + " is missing",
                "nobody can connect to the " + std::string(it.edge.listener) + " anew",
                "restart the node: systemctl restart covfefe.target, or covfefe up anew"});
    return;
  }
  const os::FileFacts& facts = seen.facts;
  const bool for_group = it.edge.connector.empty() && it.operators &&
                         facts.owner.gid == *it.operators && (facts.mode & 0117) == 0;
  std::optional<Finding> finding;
  if (facts.owner.uid != it.owner.uid || ((facts.mode & 0177) != 0 && !for_group)) {
    finding =
        Finding{Level::Failing, "sockets",
                it.path + " has owner " + owner_text(facts.owner) + " and mode " +
                    octal(facts.mode) + ", not uid " + std::to_string(it.owner.uid) + " and 0600",
                "a socket's owner is who may connect: others get rights of the " +
                    std::string(it.edge.connector.empty() ? "operator" : it.edge.connector),
                "chown -h " + std::to_string(it.owner.uid) + " " + shell_word(it.path) +
                    " && chmod 0600 " + shell_word(it.path)};
  }
  report.judge(std::move(finding));
}

void check_parent(const PathQuestion& it, Report& report) {
  constexpr mode_t kOthersWrite = 022;
  constexpr mode_t kSticky = 01000;
  std::optional<Finding> finding;
  const bool open = (it.facts.mode & kOthersWrite) != 0 && (it.facts.mode & kSticky) == 0;
  if (open || it.facts.owner.uid != 0) {
    finding = Finding{
        Level::Failing, kArea,
        it.path + " belongs to " + owner_text(it.facts.owner) + " with mode " +
            octal(it.facts.mode),
        "whoever may write there may exchange the node's files",
        "chown -h root:root " + shell_word(it.path) + " && chmod 0755 " + shell_word(it.path)};
  }
  report.judge(std::move(finding));
}

}  // namespace covfefe::cli::doctor
