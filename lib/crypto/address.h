// SPDX-License-Identifier: Apache-2.0
// From a service key to an overlay address (Step N1, covfefe-protocol(7)).
#pragma once

#include <string>

#include "base/address.h"
#include "crypto/types.h"

namespace covfefe::crypto {

[[nodiscard]] Address overlay_address(KeyView service_key);
// 0xfd || first 15 bytes of BLAKE2b-256("covfefe address v1" || key). 120 bits.

[[nodiscard]] std::string fingerprint(KeyView key);
// Eight pronounceable words of five letters, "lusab-babad-gutih-tugad-...": BLAKE2b-128 over
// "covfefe fingerprint v1" || key as proquints (16 bits a word, most significant first: consonant
// 4, vowel 2, consonant 4, vowel 2, consonant 4 of "bdfghjklmnprstvz" and "aiou"). To be read
// aloud.

}  // namespace covfefe::crypto
