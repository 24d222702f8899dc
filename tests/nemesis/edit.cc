// SPDX-License-Identifier: Apache-2.0
// edit ROOT JOURNAL CARDS SEED PAUSE: edits friends of the node in ROOT, with PAUSE milliseconds
// between two changes, until standard input ends. Words on standard input, one a line: «check»
// reads all back and asks the keystore of each; «honour» asks it of each that was removed. Each is
// answered with «done» on standard output; what the commands print goes to JOURNAL.said.
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "crypto/types.h"
#include "editor.h"

namespace {

constexpr int kReadEvery = 25;  // changes

// What was typed within `milliseconds`; "end" at the end of input.
std::string heard(int milliseconds) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (::poll(&input, 1, milliseconds) <= 0) return {};
  char line[64];
  if (std::fgets(line, sizeof line, stdin) == nullptr) return "end";
  std::string word(line);
  while (!word.empty() && word.back() == '\n') word.pop_back();
  return word;
}

// Standard output is for answers only; what the commands say goes to a file.
FILE* keep_answers(const std::string& said) {
  FILE* answers = ::fdopen(::dup(STDOUT_FILENO), "w");
  if (answers == nullptr || std::freopen(said.c_str(), "a", stdout) == nullptr ||
      ::dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
    std::exit(2);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return answers;
}

void obey(covfefe::nemesis::Editor& editor, const std::string& word, FILE* answers) {
  if (word == "check") {
    editor.read();
    editor.vouch();
  }
  if (word == "honour") editor.honour();
  std::fprintf(answers, "done\n");
  std::fflush(answers);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace covfefe;
  if (argc != 6 || !crypto::init()) return 64;
  std::setvbuf(stdin, nullptr, _IONBF, 0);
  FILE* answers = keep_answers(std::string(argv[2]) + ".said");
  nemesis::Editor editor({argv[1], argv[2], argv[3], std::strtoull(argv[4], nullptr, 10)});
  const int pause = std::atoi(argv[5]);
  for (int step = 1;; ++step) {
    const std::string word = heard(pause);
    if (word == "end") return 0;
    if (!word.empty()) {
      obey(editor, word, answers);
      continue;
    }
    if (step % kReadEvery == 0) {
      editor.read();
    } else {
      editor.edit();
    }
  }
}
