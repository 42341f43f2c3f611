#include "command.hpp"

#include <algorithm>
#include <utility>

#include <lshost/cpp/error.hpp>

namespace lshost::exec {
namespace {

std::string braced(std::string_view name) { return "{" + std::string(name) + "}"; }

}  // namespace

CommandTemplate::CommandTemplate(std::string key, std::vector<std::string> words,
                                 const std::vector<std::string_view>& known)
    : key_(std::move(key)) {
  if (words.empty() || words.front().empty())
    throw Error::Config(key_ + ": expected a program and its arguments, like [\"rclone\", \"cat\", \"remote:{name}\"]");
  for (const auto& word : words) words_.push_back(parse(word, known));
}

std::vector<CommandTemplate::Piece> CommandTemplate::parse(std::string_view word,
                                                           const std::vector<std::string_view>& known) const {
  if (word.find('\0') != std::string_view::npos) throw Error::Config(key_ + ": an argument has a NUL in it");
  std::vector<Piece> pieces;
  std::string text;
  for (std::size_t at = 0; at < word.size(); ++at) {
    const char c = word[at];
    if (c != '{' && c != '}') {
      text += c;
      continue;
    }
    if (at + 1 < word.size() && word[at + 1] == c) {
      text += c;
      ++at;
      continue;
    }
    const std::size_t end = c == '{' ? word.find('}', at) : std::string_view::npos;
    if (end == std::string_view::npos)
      throw Error::Config(key_ + ": a single brace in '" + std::string(word) + "'; write {{ or }} for a brace itself");
    const auto name = word.substr(at + 1, end - at - 1);
    if (std::ranges::find(known, name) == known.end()) {
      std::string all;
      for (const auto each : known) all += (all.empty() ? "" : ", ") + braced(each);
      throw Error::Config(key_ + ": there is no placeholder " + braced(name) + " here; known: " + all);
    }
    pieces.push_back({false, std::exchange(text, {})});
    pieces.push_back({true, std::string(name)});
    at = end;
  }
  pieces.push_back({false, std::move(text)});
  return pieces;
}

std::vector<std::string> CommandTemplate::fill(const Values& values) const {
  std::vector<std::string> filled;
  for (const auto& word : words_) {
    std::string& text = filled.emplace_back();
    for (const Piece& piece : word) text += piece.is_placeholder ? values.find(piece.text)->second : piece.text;
  }
  return filled;
}

bool CommandTemplate::uses(std::string_view name) const {
  return std::ranges::any_of(words_, [&](const auto& word) {
    return std::ranges::any_of(word, [&](const Piece& piece) { return piece.is_placeholder && piece.text == name; });
  });
}

}  // namespace lshost::exec
