#include "config/source_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.hpp"
#include "config/utf8.hpp"

namespace lshost::config {
namespace {

constexpr int kWidthBeforeMax = 100;  // columns shown in front of the place
constexpr int kWidthAfterMax = 60;    // and behind it

/// One character of a line on the terminal.
struct Cell {
  std::string text;
  int width;
  std::uint32_t first_column;  ///< in the source
  std::uint32_t last_column;   ///< the same, but for a secret, whose cell stands for all of it
};

bool hides(const std::vector<Secret>& secrets, Location place) {
  return std::ranges::any_of(secrets, [&](const Secret& run) { return run.begin <= place && place < run.end; });
}

Cell cell_of(std::string_view bytes, const CodePoint& point, std::uint32_t column) {
  if (point.value == '\t') return {"\t", 1, column, column};
  if (!point.is_valid || is_control(point.value)) return {std::string(kReplacementUtf8), 1, column, column};
  return {std::string(bytes.substr(0, point.size)), terminal_width(point.value), column, column};
}

std::vector<Cell> cells_of(std::string_view line, std::uint32_t number, const std::vector<Secret>& all_secrets) {
  std::vector<Secret> secrets;  // of this line: a line may be long, and the file may hold thousands
  std::ranges::copy_if(all_secrets, std::back_inserter(secrets),
                       [&](const Secret& run) { return run.begin.line <= number && number <= run.end.line; });
  std::vector<Cell> cells;
  bool was_hidden = false;
  for (std::uint32_t column = 1; !line.empty(); ++column) {
    const auto point = first_code_point(line);
    const bool is_hidden = hides(secrets, {number, column});
    if (!is_hidden) cells.push_back(cell_of(line, point, column));
    if (is_hidden && !was_hidden) cells.push_back({"***", 3, column, column});
    if (is_hidden) cells.back().last_column = column;
    was_hidden = is_hidden;
    line.remove_prefix(point.size);
  }
  return cells;
}

/// What takes the place of `cell` in the caret line: a tab stays a tab, so that both lines jump alike.
std::string blank(const Cell& cell) {
  return cell.text == "\t" ? "\t" : std::string(static_cast<std::size_t>(cell.width), ' ');
}

}  // namespace

std::optional<std::size_t> first_bad_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const auto point = first_code_point(text.substr(at));
    if (!point.is_valid) return at;
    at += point.size;
  }
  return std::nullopt;
}

SourceText::SourceText(std::string_view text) : text_(text), starts_{0} {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    starts_.push_back(at + 1);
}

std::string_view SourceText::line(std::uint32_t number) const {
  LSHOST_ASSERT(number >= 1 && number <= line_count());
  auto line = text_.substr(starts_[number - 1]);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::size_t SourceText::offset_of(Location location) const {
  const auto number = std::clamp<std::uint32_t>(location.line, 1, line_count());
  auto rest = line(number);
  for (std::uint32_t column = 1; column < location.column && !rest.empty(); ++column)
    rest.remove_prefix(first_code_point(rest).size);
  return starts_[number - 1] + line(number).size() - rest.size();
}

Location SourceText::location_of(std::size_t offset) const {
  const auto next = std::ranges::upper_bound(starts_, offset);
  const auto number = static_cast<std::uint32_t>(next - starts_.begin());
  const auto start = starts_[number - 1];
  auto before = text_.substr(start, offset - start);
  std::uint32_t column = 1;
  for (; !before.empty(); ++column) before.remove_prefix(first_code_point(before).size);
  return {number, column};
}

ShownLine SourceText::show(Location location, const std::vector<Secret>& secrets) const {
  const auto number = std::clamp<std::uint32_t>(location.line, 1, line_count());
  const auto cells = cells_of(line(number), number, secrets);
  // The cell of the place, which for a place inside a secret is the one that stands for it; or the end of the line.
  const auto place = std::ranges::lower_bound(cells, location.column, {}, &Cell::last_column);

  auto first = place;
  for (int width = 0; first != cells.begin() && width + (first - 1)->width <= kWidthBeforeMax;)
    width += (--first)->width;
  auto last = place;
  for (int width = 0; last != cells.end() && width + last->width <= kWidthAfterMax;) width += (last++)->width;
  ShownLine shown;
  if (first != cells.begin()) shown = {"...", "   "};
  for (auto cell = first; cell != last; ++cell) shown.line += cell->text;
  for (auto cell = first; cell != place; ++cell) shown.caret += blank(*cell);
  if (last != cells.end()) shown.line += "...";
  shown.caret += "^";
  return shown;
}

std::string clean(std::string_view text, std::size_t length_max) {
  std::string out;
  for (std::size_t shown = 0; !text.empty() && shown < length_max; ++shown) {
    const auto point = first_code_point(text);
    const bool is_good = point.is_valid && !is_control(point.value);
    out += is_good ? text.substr(0, point.size) : kReplacementUtf8;
    text.remove_prefix(point.size);
  }
  return text.empty() ? out : out + "...";
}

std::string quoted(std::string_view text) { return fmt::format("'{}'", clean(text)); }

}  // namespace lshost::config
