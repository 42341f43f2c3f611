#include "last_words.hpp"

#include <algorithm>

namespace lshost::exec {
namespace {

constexpr std::size_t kKeptMax = 8192;
constexpr std::size_t kShownMax = 600;
constexpr std::size_t kLinesMax = 3;
/// Shorter values ("yes", "2") would blacken words that they have nothing to do with.
constexpr std::size_t kSecretMin = 4;

/// A secret that was cut in two by the limit must not show its second half.
std::string without(std::string text, const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
      text.replace(at, secret.size(), "***");
  }
  return text;
}

}  // namespace

void LastWords::take(std::string_view text) {
  text_.append(text);
  if (text_.size() > 2 * kKeptMax) text_.erase(0, text_.size() - kKeptMax);
}

std::string LastWords::sentence(const std::vector<std::string>& secrets) const {
  const std::string clean = without(text_, secrets);
  std::vector<std::string> lines;
  // The first line that is kept may be cut, in a secret even: it is not shown unless it is all there is.
  std::string_view rest = clean;
  while (lines.size() < kLinesMax && !rest.empty()) {
    const auto end = rest.find_last_not_of("\r\n\t ");
    if (end == std::string_view::npos) break;
    rest = rest.substr(0, end + 1);
    const auto begin = rest.find_last_of('\n');
    lines.emplace_back(begin == std::string_view::npos ? rest : rest.substr(begin + 1));
    rest = begin == std::string_view::npos ? std::string_view() : rest.substr(0, begin);
  }
  std::string text;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) text += (text.empty() ? "" : "; ") + *line;
  if (text.size() > kShownMax) text = "..." + text.substr(text.size() - kShownMax);
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  return text;
}

std::vector<std::string> secrets_of(const std::vector<std::string>& environment) {
  std::vector<std::string> secrets;
  for (const auto& entry : environment) {
    auto value = entry.substr(entry.find('=') + 1);
    if (value.size() >= kSecretMin) secrets.push_back(std::move(value));
  }
  // A secret that is a part of another one goes last, or the rest of the other would show.
  std::ranges::sort(secrets, [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return secrets;
}

}  // namespace lshost::exec
