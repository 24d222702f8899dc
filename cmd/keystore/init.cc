// SPDX-License-Identifier: Apache-2.0
#include "init.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "base/hex.h"
#include "config/config.h"
#include "credential.h"
#include "keys/sealed_file.h"
#include "os/process.h"

namespace covfefe::keystore {
namespace {

constexpr std::string_view kIdentity = "etc/covfefe/identity.yaml";  // below --root
constexpr std::size_t kLeastPassphrase = 8;
constexpr std::size_t kMostPassphrase = 1'024;

using Secret = std::vector<std::uint8_t>;

struct Locking {
  keys::Lock lock = keys::Lock::Credential;
  Secret secret;
};

Expected<Secret, std::string> first_line_of_input() {
  std::array<char, kMostPassphrase + 2> line{};
  if (std::fgets(line.data(), static_cast<int>(line.size()), stdin) == nullptr)
    return std::string("no passphrase on standard input");
  const std::string_view text(line.data());
  Secret out(text.begin(), text.end());
  std::fill(line.begin(), line.end(), '\0');
  return out;
}

Expected<Secret, std::string> read_passphrase(const std::string& path) {
  if (path == "-") return first_line_of_input();
  SysResult<Secret> file = os::read_file(path, kMostPassphrase + 2);
  if (!file.ok()) return file.error().text();
  return *std::move(file);
}

Expected<Locking, std::string> passphrase(const std::string& path) {
  Expected<Secret, std::string> read = read_passphrase(path);
  if (!read.ok()) return read.error();
  Secret& line = *read;
  line.erase(std::find(line.begin(), line.end(), '\n'), line.end());
  if (line.size() < kLeastPassphrase || line.size() > kMostPassphrase)
    return std::string("the passphrase must have 8 to 1024 bytes in its first line");
  return Locking{keys::Lock::Passphrase, std::move(line)};
}

Expected<Locking, std::string> credential(const sandbox::Options& options,
                                          crypto::Entropy& random) {
  const std::string directory = sandbox::below_root(options, kCredentials);
  auto left = read_credential(directory);
  if (!left.ok()) return left.error();
  if (*left) return Locking{keys::Lock::Credential, **left};
  crypto::SecretKey fresh;
  random.fill(fresh.mutable_view());
  const std::string text = to_hex(fresh.view()) + "\n";
  const auto made = os::create_file(directory + "/" + std::string(kCredentialName), bytes_of(text),
                                    os::FileTraits{});
  if (!made.ok()) return made.error().text();
  return Locking{keys::Lock::Credential, Secret(fresh.view().begin(), fresh.view().end())};
}

Expected<Locking, std::string> left_credential(const sandbox::Options& options) {
  auto left = read_credential(sandbox::below_root(options, kCredentials));
  if (!left.ok()) return left.error();
  if (!*left) return std::string("no credential is: give its --passphrase-file");
  return Locking{keys::Lock::Credential, **left};
}

Expected<Locking, std::string> choose_lock(const sandbox::Arguments& arguments,
                                           crypto::Entropy& random) {
  const std::string file = arguments.value_of("--passphrase-file");
  return file.empty() ? credential(arguments.options, random) : passphrase(file);
}

Expected<config::Config, std::string> node_config(const sandbox::Options& options) {
  const std::string path = sandbox::below_root(options, config::kPath);
  const auto text = os::read_text(path, config::kMaxText);
  if (!text.ok() && text.error().number == ENOENT) return config::Config{};
  if (!text.ok()) return text.error().text();
  auto config = config::parse_config(*text, path);
  if (!config.ok()) return config.error().text();
  return *std::move(config);
}

config::Card card_of(const std::string& name, const keys::PublicIdentity& identity) {
  config::Card card;
  card.name = name;
  card.identity_key = identity.identity_key;
  card.static_key = identity.static_key;
  card.static_sig = identity.static_signature;
  card.service_key = identity.service_key;
  card.address = identity.address;
  return card;
}

Expected<os::Owner, std::string> owner_of_keys(const sandbox::Options& options) {
  // Without root nobody else can be given the file: it stays with whoever made it.
  if (!os::is_root()) return os::Owner{static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  const auto owner = sandbox::ids_for(sandbox::kKeystore, options.root);
  if (!owner.ok()) return owner.error().text();
  return *owner;
}

Expected<std::optional<keys::Contents>, std::string> fresh_seed(crypto::Entropy& random) {
  crypto::SecretKey seed;
  random.fill(seed.mutable_view());
  std::optional<keys::Contents> out = keys::fresh_contents(seed.view());
  if (!out) return std::string("no memory that can be locked for secrets: raise RLIMIT_MEMLOCK");
  return out;
}

using Identity = Expected<keys::PublicIdentity, std::string>;

Identity fresh_keys(const sandbox::Arguments& arguments, const std::string& path) {
  const auto owner = owner_of_keys(arguments.options);
  if (!owner.ok()) return owner.error();
  crypto::SystemEntropy random;
  auto contents = fresh_seed(random);
  if (!contents.ok()) return contents.error();
  auto locking = choose_lock(arguments, random);
  if (!locking.ok()) return locking.error();
  const keys::NewFile file{**contents,      locking->lock, crypto::kModerateCost,
                           locking->secret, *owner,        random};
  const SysResult<void> made = keys::create_sealed(path, file);
  wipe(locking->secret);
  if (!made.ok()) return made.error().text();
  return (*contents)->root.identity();
}

// An init that was interrupted made these; nobody was told of them yet.
Identity kept_keys(const sandbox::Arguments& arguments, const keys::Place& place) {
  const std::string file = arguments.value_of("--passphrase-file");
  auto secret = file.empty() ? left_credential(arguments.options) : passphrase(file);
  if (!secret.ok()) return place.path + " is there already, and " + secret.error();
  const auto opened = keys::SealedFile::open(place, secret->secret);
  wipe(secret->secret);
  if (!opened.ok()) return opened.error().text;
  return opened->contents.root.identity();
}

// init writes the identity last.
bool is_whole(const sandbox::Options& options) {
  const auto identity = os::read_file(sandbox::below_root(options, kIdentity), 0);
  return identity.ok() || identity.error().number != ENOENT;
}

}  // namespace

bool wants_init(const sandbox::Arguments& arguments) {
  return std::find(arguments.flags.begin(), arguments.flags.end(), "--init") !=
         arguments.flags.end();
}

Expected<config::Card, std::string> make_keys(const sandbox::Arguments& arguments) {
  const std::string path =
      sandbox::below_root(arguments.options, kDirectory) + "/" + std::string(keys::kFileName);
  auto directory = os::open_directory(sandbox::below_root(arguments.options, kDirectory));
  if (!directory.ok()) return directory.error().text();
  const keys::Place place{std::move(*directory), path};
  const auto head = keys::SealedFile::inspect(place);
  const bool is_there = head.ok() || head.error().fault != keys::SealedFault::Missing;
  if (is_there && is_whole(arguments.options)) return path + " exists: init overwrites nothing";
  const auto config = node_config(arguments.options);
  if (!config.ok()) return config.error();
  const auto identity = is_there ? kept_keys(arguments, place) : fresh_keys(arguments, path);
  if (!identity.ok()) return identity.error();
  return card_of(config->name, *identity);
}

}  // namespace covfefe::keystore
