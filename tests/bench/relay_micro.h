// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace covfefe::bench {

void measure_relay();
// Prints what a relay pays for one L cell in and one out, forward and backward, through whole
// router steps of 64 cells, beside the cryptography alone that this takes.

}  // namespace covfefe::bench
