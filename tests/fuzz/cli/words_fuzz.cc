// SPDX-License-Identifier: Apache-2.0
// Words from the command line, of the operator's tool and of the services, and texts of others that
// it prints. The input is lines: the first chooses what the rest is taken for.
#include <string>
#include <string_view>
#include <vector>

#include "base/bug.h"
#include "base/bytes.h"
#include "cmd/covfefe/printable.h"
#include "cmd/covfefe/promise_words.h"
#include "cmd/covfefe/quantity.h"
#include "cmd/covfefe/visibility_text.h"
#include "sandbox/arguments.h"
#include "trust/level.h"

namespace covfefe {
namespace {

using Words = std::vector<std::string>;
constexpr std::time_t kNow = 1'800'000'000;

Words lines_of(std::string_view text) {
  Words out;
  while (out.size() < 16) {
    const std::size_t end = text.find('\n');
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
  return out;
}

template <typename T>
void check(const cli::Outcome<T>& outcome) {
  if (outcome.ok()) return;
  const std::string& said = outcome.error().what;
  if (said.empty() || said.size() > 400) bug("a problem of no or endless words");
  if (cli::printable(said) != said) bug("a problem that steers the terminal");
}

void promise(const Words& words) {
  const std::string second = words.size() > 1 ? words[1] : "";
  check(cli::reserved_rate(words[0]));
  const auto asked = cli::intention(words[0], second, kNow);
  check(asked);
  if (asked.ok() && asked->in > Duration::hours(7 * 24)) bug("announced too far ahead");
  check(cli::reply_to("bob", words[0], second));
  const cli::Span day{Duration::minutes(1), Duration::hours(24)};
  const auto length = cli::time_until(words[0], day, kNow);
  check(length);
  if (length.ok() && (*length < day.least || *length > day.most)) bug("outside of what is allowed");
  if (const auto level = trust::parse_level(words[0])) {
    if (trust::name_of(*level) != words[0]) bug("another level");
  }
  if (const auto shown = cli::parse_visibility(words[0])) {
    if (cli::name_of(*shown) != words[0]) bug("another visibility");
  }
}

void service(Words words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  constexpr std::string_view kOwn[] = {"--init", "--passphrase-file="};
  const auto parsed = sandbox::parse_arguments(pointers, kOwn);
  if (!parsed) {
    if (parsed.error().empty()) bug("refused without a word");
    return;
  }
  if (!sandbox::below_root(parsed->options, "etc").starts_with('/')) bug("a path from nowhere");
  if (parsed->flags.size() > words.size()) bug("more flags than words");
  (void)parsed->value_of("--passphrase-file");
}

void print(const Words& words) {
  for (const std::string& word : words) {
    const std::string shown = cli::printable(word);
    if (cli::printable(shown) != shown) bug("not fit to print after all");
    std::size_t characters = 0;
    for (std::string_view rest = shown; !rest.empty(); ++characters) {
      const std::size_t length = cli::utf8_length(rest);
      if (length == 0) bug("no UTF-8");
      rest.remove_prefix(length);
    }
    std::size_t columns = 0;
    const std::string cut = cli::fitted(shown, 12);
    for (std::string_view rest = cut; !rest.empty(); ++columns) {
      rest.remove_prefix(cli::utf8_length(rest));
    }
    if (columns != 12) bug("a column of another width");
    (void)cli::fitted(word, 12);
  }
}

}  // namespace
}  // namespace covfefe

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe;
  if (size == 0) return 0;
  const Words words = lines_of(text_of(ByteView(data + 1, size - 1)));
  if (data[0] % 3 == 0) {
    promise(words);
  } else if (data[0] % 3 == 1) {
    service(words);
  } else {
    print(words);
  }
  return 0;
}
