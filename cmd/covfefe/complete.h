// SPDX-License-Identifier: Apache-2.0
// `covfefe complete -- WORD...`: what a shell may offer for the last of the words, by the verbs
// that the command line is made of, so that completions cannot differ from them. The scripts in
// completions/ ask it at every TAB.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace covfefe::cli {

struct Offer {
  std::string word;   // the whole word
  std::string about;  // one line, may be empty
};

using Names = std::function<std::vector<std::string>(const std::string& root)>;
// Petnames of the friends of the node in `root`; nothing where it does not answer at once.

[[nodiscard]] std::vector<Offer> offers(const CLI::App& app, const std::vector<std::string>& words,
                                        const Names& names);
// words: what stands after the program's name, the last one unfinished and perhaps empty. One offer
// of the word ":files" or ":directories" leaves the rest to the shell.

[[nodiscard]] std::vector<std::string> petnames(const std::string& root);

[[nodiscard]] int complete(const CLI::App& app, const std::vector<std::string>& words);
// One offer per line: word, tab, what it is about. Prints nothing else and always ends well: a
// shell asks while somebody types.

}  // namespace covfefe::cli
