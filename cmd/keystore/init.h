// SPDX-License-Identifier: Apache-2.0
// `covfefe-keystore --init`: makes the keys of a new node. Runs as root, is run by `covfefe init`
// and reads nothing from outside but a passphrase.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "config/card.h"
#include "sandbox/arguments.h"

namespace covfefe::keystore {

inline constexpr std::array<std::string_view, 3> kOwnArguments{
    "--init", "--passphrase-file=", "--wait-for-volume"};

[[nodiscard]] bool wants_init(const sandbox::Arguments& arguments);

[[nodiscard]] Expected<config::Card, std::string> make_keys(const sandbox::Arguments& arguments);
// Writes the sealed key file, owned by the keystore's user, and returns the public identity as a
// card without endpoints. Locked by a passphrase (first line of --passphrase-file, "-" is standard
// input) or by a fresh credential in DIR/etc/covfefe/credentials/keystore.key. The directories must
// exist. Overwrites nothing. What an interrupted init left is used again: the credential, and while
// there is no DIR/etc/covfefe/identity.yaml the key file, too, if its lock opens. The error is one
// sentence.

}  // namespace covfefe::keystore
