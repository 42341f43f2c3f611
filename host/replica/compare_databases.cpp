#include "replica/compare_databases.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "os/fs.hpp"
#include "replica/image_source.hpp"

namespace lshost::replica {
namespace {

constexpr std::size_t kBlockSize = 1 << 20;
constexpr std::uint64_t kLockByte = 0x40000000;

void compare_blocks(ByteSpan a, ByteSpan b, std::uint64_t offset, std::size_t pages_max, DatabaseDifference& result) {
  const std::size_t size = std::max(a.size(), b.size());
  if (a.size() == b.size() && std::memcmp(a.data(), b.data(), size) == 0) return;
  for (std::size_t at = 0; at < size && result.page_numbers.size() < pages_max; at += result.page_size) {
    const auto page_of = [&](ByteSpan bytes) {
      return at < bytes.size() ? bytes.subspan(at, std::min<std::size_t>(result.page_size, bytes.size() - at))
                               : ByteSpan{};
    };
    const bool is_lock_page = (offset + at) / result.page_size == kLockByte / result.page_size;
    const ByteSpan x = page_of(a);
    const ByteSpan y = page_of(b);
    if (is_lock_page || std::equal(x.begin(), x.end(), y.begin(), y.end())) continue;
    result.page_numbers.push_back(static_cast<std::uint32_t>((offset + at) / result.page_size + 1));
  }
}

}  // namespace

DatabaseDifference compare_databases(const std::string& first, const std::string& second, std::size_t pages_max) {
  const auto a = os::posix_fs().open_read("compare.open", first);
  const auto b = os::posix_fs().open_read("compare.open", second);
  DatabaseDifference result;
  result.first_size_bytes = a->size("compare.size");
  result.second_size_bytes = b->size("compare.size");
  std::vector<std::byte> block_a(kBlockSize);
  std::vector<std::byte> block_b(kBlockSize);
  for (std::uint64_t offset = 0; offset < std::max(result.first_size_bytes, result.second_size_bytes);
       offset += kBlockSize) {
    const ByteSpan read_a = ByteSpan(block_a).first(a->read_at("compare.read", offset, block_a));
    const ByteSpan read_b = ByteSpan(block_b).first(b->read_at("compare.read", offset, block_b));
    if (offset == 0) {
      result.page_size = page_size_of_header(read_a);
      if (result.page_size == 0) throw Error(ErrorCode::corrupt, first + " is not a SQLite database");
    }
    compare_blocks(read_a, read_b, offset, pages_max, result);
  }
  return result;
}

std::string to_string(const DatabaseDifference& difference) {
  if (difference.is_equal()) return "equal";
  std::string text = fmt::format("{} and {} bytes", difference.first_size_bytes, difference.second_size_bytes);
  const auto& pages = difference.page_numbers;
  if (!pages.empty()) text += fmt::format("; pages that differ: {}", fmt::join(pages, ", "));
  return text;
}

}  // namespace lshost::replica
