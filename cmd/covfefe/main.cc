// SPDX-License-Identifier: Apache-2.0
// covfefe: the operator's tool. Reads the command line, nothing else; the verbs are in their files.
#include "verbs.h"

int main(int argc, char** argv) {
  return covfefe::cli::dispatch(argc, argv);
}
