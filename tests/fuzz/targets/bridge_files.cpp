// What the host keeps to bridge a time without it: the map of pages, its log, and whose history it is.
//
// Input: what it is (modulo 3: a base, a base and its log, an origin), flags (1: give it good checksums), its bytes; of
// a log, behind two bytes with the size of its base.
// Holds: what is read goes through the encoder; a log that is cut anywhere gives less of the same.

#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "db/origin.hpp"
#include "db/page_map_file.hpp"
#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

using namespace db;

constexpr std::size_t kHashSize = 8;
constexpr std::size_t kRecordHeadSize = 16;
constexpr std::size_t kEntrySize = 12;
/// A record with a good checksum is ours, and a map has 8 bytes for every page that it names.
constexpr std::uint32_t kPagesMax = 1U << 16;

void store_checksum(MutableByteSpan bytes, std::size_t content) {
  store_be(bytes.data() + content, std::uint64_t{XXH3_64bits(bytes.data(), content)});
}

void seal_base(MutableByteSpan base) {
  if (base.size() < kPageMapHeadSize + kHashSize) return;
  const auto pages = (base.size() - kPageMapHeadSize - kHashSize) / kHashSize;
  std::memcpy(base.data(), "lshpmap1", 8);
  store_be(base.data() + 12, static_cast<std::uint32_t>(pages));
  store_checksum(base, kPageMapHeadSize + pages * kHashSize);
}

/// Numbers stay small, and records follow each other.
void seal_log(MutableByteSpan log, const PageMapBase& base) {
  if (log.size() < kPageLogHeadSize) return;
  const auto head = encode_log_head(base.checksum);
  std::memcpy(log.data(), head.data(), head.size());
  auto index = base.head.fold_from;
  for (log = log.subspan(kPageLogHeadSize); log.size() >= kRecordHeadSize + kHashSize;) {
    const auto room = (log.size() - kRecordHeadSize - kHashSize) / kEntrySize;
    const auto count = std::min<std::size_t>(std::to_integer<std::size_t>(log[11]) % 8, room);
    store_be(log.data(), index++);
    store_be(log.data() + 8, static_cast<std::uint32_t>(count));
    store_be(log.data() + 12, load_be<std::uint32_t>(log.data() + 12) % kPagesMax);
    for (std::size_t i = 0; i < count; ++i) {
      std::byte* entry = log.data() + kRecordHeadSize + i * kEntrySize;
      store_be(entry, load_be<std::uint32_t>(entry) % kPagesMax);
    }
    const auto content = kRecordHeadSize + count * kEntrySize;
    store_checksum(log, content);
    log = log.subspan(content + kHashSize);
  }
}

std::optional<PageMapBase> check_base(ByteSpan bytes) {
  auto base = parse_base(bytes);
  if (!base) return std::nullopt;
  expect(is_generation(base->head.generation), "a base is of a generation");
  expect(kPageMapHeadSize + kHashSize * (std::size_t{base->map.size_pages()} + 1) == bytes.size(),
         "a map has as many pages as its base");
  expect(base->map.page_size() == base->head.page_size, "of the size that its head says");
  const auto encoded = encode_base(base->head, base->map);
  const auto again = parse_base(bytes_of(encoded.bytes));
  expect(again && again->head == base->head && again->map.hashes() == base->map.hashes() &&
             again->checksum == encoded.checksum,
         "a base goes through its bytes");
  return base;
}

void check_log(ByteSpan log, const PageMapBase& base) {
  PageMap map = base.map;
  std::uint64_t good_size = 0;
  const auto next = apply_log(log, base, map, good_size);
  if (!next) return;
  expect(good_size <= log.size() && good_size >= kPageLogHeadSize, "what is good of a log lies in it");
  const auto records = *next - base.head.fold_from;
  expect(records <= log.size() / (kRecordHeadSize + kHashSize), "a log has no more records than fit");
  expect(map.page_size() == base.map.page_size(), "pages keep their size");

  PageMap again = base.map;
  std::uint64_t again_size = 0;
  const auto cut = log.first(good_size);
  expect(apply_log(cut, base, again, again_size) == next && again_size == good_size && again.hashes() == map.hashes(),
         "what is good of a log says the same alone");
  PageMap torn = base.map;
  const auto before = apply_log(cut.first(good_size - 1), base, torn, again_size);
  expect(!before || (records > 0 && *before == *next - 1), "a byte less is a record less");
}

void check_origin(std::string_view text) {
  auto origin = Origin::parse(text);
  if (!origin) return;
  const auto encoded = origin->encode();
  const auto again = Origin::parse(encoded);
  expect(again && again->encode() == encoded && again->file() == origin->file(), "an origin goes through its text");
  const Position at{origin->generation(), 5, 4152};
  (void)origin->is_ours("a", at);
  origin->add_bridge(at);
  expect(origin->is_ours("never seen", {"", 5, 0}), "what is of no generation is of no other history");
  (void)origin->confirm("a");
  expect(origin->is_confirmed("a") && origin->is_ours("a", {origin->generation(), UINT64_MAX, 0}),
         "a replica that is confirmed is ours");
}

}  // namespace

void fuzz_bridge_files(ByteSpan input) {
  Input in(input);
  const unsigned what = in.byte() % 3;
  const bool is_sealed = (in.byte() & 1U) != 0;
  if (what == 2) return check_origin(in.text());
  Bytes bytes = copy_of(what == 1 ? in.part(in.number()) : in.rest());
  if (is_sealed) seal_base(bytes);
  const auto base = check_base(bytes);
  if (what == 0 || !base) return;
  Bytes log = copy_of(in.rest());
  if (is_sealed) seal_log(log, *base);
  check_log(log, *base);
}

}  // namespace lshost::fuzz
