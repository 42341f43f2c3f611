#include "listing.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <lshost/cpp/error.hpp>

namespace lshost::exec {
namespace {

/// A line of a listing is a name of at most 255 bytes and a number: what is longer is no listing.
constexpr std::size_t kLineSizeMax = 64 * 1024;
constexpr std::size_t kShownSizeMax = 100;

[[noreturn]] void refuse(std::string_view line, const std::string& separator) {
  std::string shown(detail::CutText(line, kShownSizeMax));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  const std::string name = separator == "\t" ? "a tab" : "'" + separator + "'";
  throw Error::Corrupt("list: expected lines of size, " + name + " and name, found '" + shown + "'");
}

}  // namespace

bool is_object_name(std::string_view name) noexcept {
  const auto is_good = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-' || c == '/';
  };
  if (name.size() > 255 || !std::ranges::all_of(name, is_good)) return false;
  for (std::size_t begin = 0; begin <= name.size();) {
    const auto end = std::min(name.find('/', begin), name.size());
    const auto part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

ListParser::ListParser(std::string separator, Each each) : separator_(std::move(separator)), each_(std::move(each)) {}

void ListParser::take(std::string_view text) {
  for (;;) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    rest_.append(text.substr(0, end));
    take_line(std::exchange(rest_, {}));
    text.remove_prefix(end + 1);
  }
  rest_.append(text);
  if (rest_.size() > kLineSizeMax) refuse(rest_, separator_);
}

void ListParser::finish() { take_line(std::exchange(rest_, {})); }

void ListParser::take_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return;
  std::uint64_t size = 0;
  const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), size);
  const auto digits = static_cast<std::size_t>(end - line.data());
  // Sizes of folders are -1 in many listings.
  const bool is_unsized = line.starts_with("-1" + separator_);
  if (!is_unsized && (failure != std::errc() || digits == 0 || !line.substr(digits).starts_with(separator_)))
    refuse(line, separator_);
  std::string_view name = line.substr((is_unsized ? 2 : digits) + separator_.size());
  if (name.starts_with("./")) name.remove_prefix(2);  // as find(1) has them
  if (is_unsized || !is_object_name(name)) return;
  each_({std::string(name), size});
}

}  // namespace lshost::exec
