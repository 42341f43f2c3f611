#include "replica/page_sums.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "replica/index_stream.hpp"

namespace lshost::replica {
namespace {

constexpr std::size_t kBlockSize = 1 << 20;  // whole pages of every size
constexpr std::uint64_t kLockByte = 0x40000000;

}  // namespace

PageSums sum_pages(ByteStream& image, std::uint32_t page_size, const std::function<void()>& between) {
  PageSums all{page_size, {}};
  std::vector<std::byte> block(kBlockSize);
  for (;;) {
    const std::size_t size = read_fully(image, block);
    if (size % page_size != 0) throw Error(ErrorCode::corrupt, "the image of the database ends inside a page");
    for (std::size_t at = 0; at < size; at += page_size) {
      const bool is_lock_page = all.sums.size() == kLockByte / page_size;
      all.sums.push_back(is_lock_page ? 0 : XXH3_64bits(block.data() + at, page_size));
    }
    if (size < block.size()) return all;
    between();
  }
}

PageDifference compare_pages(const PageSums& expected, const PageSums& found, const SkipPage& skip) {
  PageDifference difference;
  difference.expected_pages = expected.sums.size();
  difference.found_pages = found.sums.size();
  const std::size_t pages = std::max(expected.sums.size(), found.sums.size());
  const bool is_same_size = expected.page_size == found.page_size;  // else no page is the same
  for (std::size_t i = 0; i < pages; ++i) {
    const bool is_in_both = i < expected.sums.size() && i < found.sums.size();
    if (is_in_both && is_same_size && expected.sums[i] == found.sums[i]) continue;
    const auto number = static_cast<std::uint32_t>(i + 1);
    if (skip && skip(number)) continue;
    ++difference.differing;
    if (difference.page_numbers.size() < PageDifference::kPageNumbersMax) difference.page_numbers.push_back(number);
  }
  return difference;
}

std::string to_string(const PageDifference& difference) {
  if (difference.is_equal()) return "equal";
  std::string text = fmt::format("{} of {} {}: {}", difference.differing, difference.expected_pages,
                                 difference.differing == 1 ? "page differs" : "pages differ",
                                 fmt::join(difference.page_numbers, ", "));
  const auto more = difference.differing - difference.page_numbers.size();
  if (more > 0) text += fmt::format(" and {} more", more);
  if (difference.expected_pages != difference.found_pages)
    text += fmt::format("; the restored database has {} pages", difference.found_pages);
  return text;
}

}  // namespace lshost::replica
