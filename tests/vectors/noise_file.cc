// SPDX-License-Identifier: Apache-2.0
// Runs every entry of one file of Noise vectors. Exit status 77 (skipped) when the file is not
// there.
#include <cstdio>
#include <filesystem>

#include "crypto/noise.h"
#include "support/noise_vectors.h"

int main(int argc, char** argv) {
  if (argc != 2 || !covfefe::crypto::init()) return 2;
  if (!std::filesystem::exists(argv[1])) {
    std::fprintf(stderr, "SKIPPED: %s is not there\n", argv[1]);
    return 77;
  }
  int wrong = 0;
  std::size_t run = 0;
  const auto file = covfefe::test::Json::load(argv[1]);
  for (const auto& vector : file["vectors"].items()) {
    const std::string why = covfefe::test::run_noise_vector(vector);
    ++run;
    if (why.empty()) continue;
    ++wrong;
    std::printf("%s: %s\n", vector["protocol_name"].text().c_str(), why.c_str());
  }
  std::printf("%zu vectors, %d wrong\n", run, wrong);
  return wrong == 0 && run != 0 ? 0 : 1;
}
