#include "db/page_map_file.hpp"

#include <xxhash.h>

#include <span>
#include <string_view>

#include "db/position.hpp"
#include "lshost/wal.hpp"

namespace lshost::db {

namespace {

constexpr std::string_view kBaseMagic = "lshpmap1";
constexpr std::string_view kLogMagic = "lshplog1";
constexpr std::size_t kMagicSize = 8;
constexpr std::size_t kGenerationSize = 16;
constexpr std::size_t kHashSize = 8;
constexpr std::size_t kRecordHeadSize = 16;
constexpr std::size_t kEntrySize = 12;

std::uint64_t checksum_of(ByteSpan bytes) noexcept { return XXH3_64bits(bytes.data(), bytes.size()); }
ByteSpan bytes_of(const std::string& text) { return std::as_bytes(std::span(text.data(), text.size())); }

template <std::unsigned_integral T>
void put(std::string& to, T value) {
  std::byte bytes[sizeof(T)];
  store_be(bytes, value);
  to.append(reinterpret_cast<const char*>(bytes), sizeof bytes);
}

bool has_magic(ByteSpan bytes, std::string_view magic) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), kMagicSize) == magic;
}

/// kPageMapHeadSize bytes.
void put_head(std::string& to, const PageMapHead& head, std::uint32_t size_pages) {
  to += kBaseMagic;
  put(to, head.page_size);
  put(to, size_pages);
  to += head.generation;
  put(to, head.fold_from);
  put(to, head.valid_from_index);
  put(to, head.valid_from_offset);
  put(to, std::uint64_t{0});
}

}  // namespace

EncodedBase encode_base(const PageMapHead& head, const PageMap& map) {
  EncodedBase base;
  base.bytes.reserve(kPageMapHeadSize + kHashSize * (map.hashes().size() + 1));
  put_head(base.bytes, head, map.size_pages());
  for (const PageHash hash : map.hashes()) put(base.bytes, hash);
  base.checksum = checksum_of(bytes_of(base.bytes));
  put(base.bytes, base.checksum);
  return base;
}

std::optional<PageMapBase> parse_base(ByteSpan bytes) {
  if (bytes.size() < kPageMapHeadSize + kHashSize || !has_magic(bytes, kBaseMagic)) return std::nullopt;
  const std::byte* at = bytes.data() + kMagicSize;
  PageMapHead head;
  head.page_size = load_be<std::uint32_t>(at);
  const auto size_pages = load_be<std::uint32_t>(at + 4);
  head.generation.assign(reinterpret_cast<const char*>(at + 8), kGenerationSize);
  at += 8 + kGenerationSize;
  head.fold_from = load_be<std::uint64_t>(at);
  head.valid_from_index = load_be<std::uint64_t>(at + 8);
  head.valid_from_offset = load_be<std::uint64_t>(at + 16);
  if (!wal::is_page_size(head.page_size) || !is_generation(head.generation)) return std::nullopt;
  const std::size_t content = kPageMapHeadSize + kHashSize * std::size_t{size_pages};
  if (bytes.size() != content + kHashSize) return std::nullopt;
  const auto checksum = load_be<std::uint64_t>(bytes.data() + content);
  if (checksum != checksum_of(bytes.first(content))) return std::nullopt;
  PageMap map(head.page_size);
  map.resize(size_pages);
  for (std::uint32_t page = 1; page <= size_pages; ++page) {
    map.set(page, load_be<std::uint64_t>(bytes.data() + kPageMapHeadSize + kHashSize * (page - 1)));
  }
  return PageMapBase{std::move(head), std::move(map), checksum};
}

std::string encode_log_head(std::uint64_t base_checksum) {
  std::string text(kLogMagic);
  put(text, base_checksum);
  put(text, std::uint64_t{checksum_of(bytes_of(text))});
  return text;
}

std::string encode_record(std::uint64_t index, const PageChanges& changes) {
  std::string text;
  text.reserve(kRecordHeadSize + kEntrySize * changes.entries.size() + kHashSize);
  put(text, index);
  put(text, static_cast<std::uint32_t>(changes.entries.size()));
  put(text, changes.size_pages);
  for (const auto& entry : changes.entries) {
    put(text, entry.page);
    put(text, entry.hash);
  }
  put(text, std::uint64_t{checksum_of(bytes_of(text))});
  return text;
}

std::optional<std::uint64_t> apply_log(ByteSpan log, const PageMapBase& base, PageMap& map, std::uint64_t& good_size) {
  good_size = 0;
  if (log.size() < kPageLogHeadSize || !has_magic(log, kLogMagic)) return std::nullopt;
  if (load_be<std::uint64_t>(log.data() + kMagicSize + 8) != checksum_of(log.first(kMagicSize + 8)))
    return std::nullopt;
  if (load_be<std::uint64_t>(log.data() + kMagicSize) != base.checksum) return std::nullopt;
  std::uint64_t next = base.head.fold_from;
  std::size_t at = kPageLogHeadSize;
  while (log.size() - at >= kRecordHeadSize + kHashSize) {
    const std::byte* record = log.data() + at;
    const std::size_t count = load_be<std::uint32_t>(record + 8);
    if (count > (log.size() - at - kRecordHeadSize - kHashSize) / kEntrySize) break;
    const std::size_t content = kRecordHeadSize + kEntrySize * count;
    if (load_be<std::uint64_t>(record + content) != checksum_of(log.subspan(at, content))) break;
    if (load_be<std::uint64_t>(record) != next) return std::nullopt;
    PageChanges changes;
    changes.size_pages = load_be<std::uint32_t>(record + 12);
    for (std::size_t i = 0; i < count; ++i) {
      const std::byte* entry = record + kRecordHeadSize + kEntrySize * i;
      const auto page = load_be<std::uint32_t>(entry);
      if (page == 0) return std::nullopt;
      changes.entries.push_back({page, load_be<std::uint64_t>(entry + 4)});
    }
    changes.apply_to(map);
    ++next;
    at += content + kHashSize;
  }
  good_size = at;
  return next;
}

}  // namespace lshost::db
