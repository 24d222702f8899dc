// SPDX-License-Identifier: Apache-2.0
// Sanitizers cost a factor of ten or more: where numbers are large they are smaller there, and the
// same in kind.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define COVFEFE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COVFEFE_SANITIZED 1
#endif
#endif

namespace covfefe::tests {

#ifdef COVFEFE_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace covfefe::tests
