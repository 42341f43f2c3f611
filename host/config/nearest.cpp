// "did you mean": the known word that a mistyped one was meant to be.

#include <algorithm>
#include <numeric>

#include "config/config.hpp"

namespace lshost::config {
namespace {

// Longer words come from no slip of the finger, and the cost of a comparison grows with the product of the lengths.
constexpr std::size_t kWordLengthMax = 64;

/// Case and the choice between '_', '-' and ' ' are not what anybody means by another word.
std::string folded(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '_' || c == ' ') c = '-';
  }
  return out;
}

/// Insertions, deletions, substitutions and swaps of neighbours that make `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substituted});
      const bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  if (word.empty() || word.size() > kWordLengthMax) return std::nullopt;
  const std::string wanted = folded(word);
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(1, wanted.size() / 3) + 1;  // one more than is near enough
  for (const auto& candidate : known) {
    if (candidate.size() > kWordLengthMax) continue;
    const auto distance = edit_distance(wanted, folded(candidate));
    if (distance >= best_distance || distance >= candidate.size()) continue;  // nothing in common is not near
    best = &candidate;
    best_distance = distance;
  }
  return best == nullptr ? std::nullopt : std::optional<std::string>(*best);
}

}  // namespace lshost::config
