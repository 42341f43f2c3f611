#include "file_layout.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace lshost::bench {
namespace {

constexpr std::size_t kGenerationSizeMax = 32;
constexpr std::uint32_t kComplete = 1;

// SQLite's headers, numbers big-endian: https://www.sqlite.org/fileformat2.html
constexpr std::size_t kDatabasePageSizeAt = 16;
constexpr std::size_t kWalPageSizeAt = 8;
constexpr std::size_t kWalSaltsAt = 16;
constexpr std::size_t kWalHeaderSize = 32;

std::uint64_t xxh3(std::string_view bytes, std::uint64_t seed = 0) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::string hex16(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

void append_number(std::string& to, std::uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) to.push_back(static_cast<char>(value >> shift));
}

void append_checksum(std::string& to, std::size_t from, std::uint64_t& checksum) {
  checksum = xxh3(std::string_view(to).substr(from), checksum);
  append_number(to, checksum, 8);
}

std::uint32_t page_size_of(std::span<const char> database) {
  const auto high = static_cast<unsigned char>(database[kDatabasePageSizeAt]);
  const auto low = static_cast<unsigned char>(database[kDatabasePageSizeAt + 1]);
  const std::uint32_t size = std::uint32_t{high} << 8 | low;
  return size == 1 ? 65536 : size;
}

}  // namespace

std::string snapshot_info(std::string_view generation, std::span<const char> image, std::int64_t created_ns) {
  std::string text = "lshost snapshot 1\n";
  text += "generation " + std::string(generation) + "\n";
  text += "index " + hex16(0) + "\n";
  text += "offset " + hex16(0) + "\n";
  text += "page-size " + std::to_string(page_size_of(image)) + "\n";
  text += "size " + std::to_string(image.size()) + "\n";
  text += "created-ns " + std::to_string(created_ns) + "\n";
  text += "xxh3-64 " + hex16(xxh3({image.data(), image.size()})) + "\n";
  return text + "check " + hex16(xxh3(text)) + "\n";
}

std::string commit_journal(std::string_view generation, const WalIndex& index) {
  if (index.wal.size() < kWalHeaderSize || index.commit_ends.empty()) throw std::invalid_argument("an index is empty");
  const std::string_view wal(index.wal.data(), index.wal.size());
  std::uint64_t checksum = 0;

  std::string bytes = "lshost.commits1\n";
  bytes += generation;
  bytes.append(kGenerationSizeMax - generation.size(), '\0');
  append_number(bytes, index.index, 8);
  bytes += wal.substr(kWalSaltsAt, 8);
  bytes += wal.substr(kWalPageSizeAt, 4);
  append_number(bytes, 0, 4);
  append_checksum(bytes, 0, checksum);

  for (const std::uint64_t end : index.commit_ends) {
    const std::size_t begin = bytes.size();
    const bool is_last = end == index.commit_ends.back();
    append_number(bytes, end, 8);
    append_number(bytes, static_cast<std::uint64_t>(index.committed_ns), 8);
    append_number(bytes, is_last && index.is_complete ? kComplete : 0, 4);
    append_number(bytes, 0, 4);
    append_checksum(bytes, begin, checksum);
  }
  return bytes;
}

}  // namespace lshost::bench
