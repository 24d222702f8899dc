// SPDX-License-Identifier: Apache-2.0
// Keys of a link session from the two keys of a Noise split, by the keystore's handshake or an
// in-session rekey alike (Step N4, covfefe-protocol(7); B2).
#pragma once

#include "crypto/types.h"

namespace covfefe::crypto {

struct DirectionKeys {
  SecretKey aead;          // cell headers and their tag
  SecretKey header;        // counter mask
  SecretKey link_circuit;  // hop key of circuit 0
};
struct LinkKeys {
  DirectionKeys send;
  DirectionKeys receive;
  SecretKey export_key;  // the same at both ends: PSK of the next rekey
};

[[nodiscard]] LinkKeys derive_link_keys(Role role, KeyView send_master, KeyView receive_master);
// role: whose message 1 it was.

}  // namespace covfefe::crypto
