// SPDX-License-Identifier: Apache-2.0
// The token lists of the specification, sections 7.4, 7.5 and 9.4.
#include "crypto/noise.h"

namespace covfefe::crypto {
namespace {

using enum NoiseToken;

constexpr std::array kPatterns{
    NoisePattern{"N", false, true, 1, {{{E, ES}}}},
    NoisePattern{"X", false, true, 1, {{{E, ES, S, SS}}}},
    NoisePattern{"NN", false, false, 2, {{{E}, {E, EE}}}},
    NoisePattern{"NNpsk0", false, false, 2, {{{Psk, E}, {E, EE}}}},
    NoisePattern{"NK", false, true, 2, {{{E, ES}, {E, EE}}}},
    NoisePattern{"KK", true, true, 2, {{{E, ES, SS}, {E, EE, SE}}}},
    NoisePattern{"KKpsk0", true, true, 2, {{{Psk, E, ES, SS}, {E, EE, SE}}}},
    NoisePattern{"XX", false, false, 3, {{{E}, {E, EE, S, ES}, {S, SE}}}},
    NoisePattern{"XXpsk0", false, false, 3, {{{Psk, E}, {E, EE, S, ES}, {S, SE}}}},
    NoisePattern{"XXpsk3", false, false, 3, {{{E}, {E, EE, S, ES}, {S, SE, Psk}}}},
    NoisePattern{"IK", false, true, 2, {{{E, ES, S, SS}, {E, EE, SE}}}},
    NoisePattern{"IKpsk1", false, true, 2, {{{E, ES, S, SS, Psk}, {E, EE, SE}}}},
    NoisePattern{"IKpsk2", false, true, 2, {{{E, ES, S, SS}, {E, EE, SE, Psk}}}},
};

}  // namespace

const NoisePattern* find_pattern(std::string_view name) {
  for (const NoisePattern& pattern : kPatterns) {
    if (pattern.name == name) return &pattern;
  }
  return nullptr;
}

}  // namespace covfefe::crypto
