// SPDX-License-Identifier: Apache-2.0
#include "node_files.h"

#include <cerrno>

#include "os/files.h"
#include "shell_word.h"

namespace covfefe::cli {
namespace {

Outcome<std::string> read(const Layout& layout, const std::string& path) {
  auto text = os::read_text(path, config::kMaxText);
  if (text) return std::move(*text);
  const bool missing = text.error().number == ENOENT;
  return Problem{
      text.error().text(),
      missing ? "make a node here first: covfefe init --root " + shell_word(layout.root()) : "",
      missing ? kDown : kRefused};
}

}  // namespace

Outcome<config::Config> load_config(const Layout& layout) {
  const auto text = read(layout, layout.config());
  if (!text) return text.error();
  auto parsed = config::parse_config(*text, layout.config());
  if (!parsed) return Problem{parsed.error().text(), "see covfefenet.yaml(5)"};
  return std::move(*parsed);
}

Outcome<config::Card> load_identity(const Layout& layout) {
  const auto text = read(layout, layout.identity());
  if (!text) return text.error();
  auto parsed = config::parse_card(*text, layout.identity());
  if (!parsed) {
    return Problem{parsed.error().text(), "move it away; `covfefe init --root " +
                                              shell_word(layout.root()) +
                                              "` writes it anew from the keys that are there"};
  }
  return std::move(*parsed);
}

}  // namespace covfefe::cli
