#include "engine/format/info_frame.hpp"

#include <fmt/format.h>

#include <xxhash.h>

#include <algorithm>
#include <string_view>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "base/hex.hpp"

namespace lshost::engine {
namespace {

// The two words of a skippable frame are little-endian, as in LZ4 and zstd; all of ours are big-endian.
constexpr std::uint32_t kSkippableMagic = 0x184D2A5C;  // one of 16 that readers skip
constexpr std::size_t kSkippableHeaderSize = 8;
constexpr std::string_view kMark = "lshost-o";
constexpr std::uint16_t kVersion = 2;  // written only where there is something that version 1 has no place for
constexpr std::uint16_t kReadableFrom = 1;
constexpr std::size_t kHeadSize = 96;  // of version 1
constexpr std::size_t kHeadSize2 = 104;
constexpr std::size_t kRunSize = 16;
constexpr std::size_t kFooterSize = 24;
constexpr std::size_t kFrameSizeMin = kHeadSize + kFooterSize;
constexpr std::uint8_t kKindSnapshot = 1;
constexpr std::uint8_t kKindWal = 2;
constexpr std::uint8_t kFlagIndexComplete = 1;

// Where things are in the head.
constexpr std::size_t kMarkAt = 8;
constexpr std::size_t kVersionAt = 16;
constexpr std::size_t kReadableFromAt = 18;
constexpr std::size_t kHeadSizeAt = 20;
constexpr std::size_t kKindAt = 22;
constexpr std::size_t kFlagsAt = 23;
constexpr std::size_t kGenerationAt = 24;
constexpr std::size_t kIndexAt = 32;
constexpr std::size_t kOffsetAt = 40;
constexpr std::size_t kEndOffsetAt = 48;
constexpr std::size_t kRawSizeAt = 56;
constexpr std::size_t kRawChecksumAt = 64;
constexpr std::size_t kCreatedAt = 80;
constexpr std::size_t kPageSizeAt = 88;
constexpr std::size_t kRunCountAt = 92;
constexpr std::size_t kPreviousEndAt = 96;  // version 2

// Where things are in the footer, from the end of the frame: the same in all versions.
constexpr std::size_t kFooterFrameSizeAt = 24;
constexpr std::size_t kFooterChecksumAt = 16;
constexpr std::size_t kFooterMarkAt = 8;

static_assert(kRunCountAt + 4 == kHeadSize);
static_assert(kPreviousEndAt + 8 == kHeadSize2);
static_assert(kRawChecksumAt + sizeof(RawChecksum) == kCreatedAt);
static_assert(kHeadSize2 + kCommitRunsMax * kRunSize + kFooterSize <= kInfoFrameSizeMax);
static_assert(kInfoTailSize >= kFrameSizeMin);

[[noreturn]] void corrupt(const std::string& why) { throw Error(ErrorCode::corrupt, "info behind the data: " + why); }

std::uint32_t load_le32(const std::byte* from) { return byteswap(load_be<std::uint32_t>(from)); }

void store_le32(std::byte* to, std::uint32_t value) { store_be(to, byteswap(value)); }

bool has_mark(const std::byte* at) { return std::memcmp(at, kMark.data(), kMark.size()) == 0; }

std::uint64_t checksum_of(ByteSpan frame) { return XXH3_64bits(frame.data(), frame.size() - kFooterChecksumAt); }

constexpr std::size_t head_size_of(std::uint16_t version) { return version == 1 ? kHeadSize : kHeadSize2; }

/// The lowest that has a place for all that is known.
std::uint16_t version_for(const ObjectInfo& info) { return info.previous_end == 0 ? 1 : kVersion; }

void encode_head(std::byte* at, const ObjectInfo& info) {
  const std::uint16_t version = version_for(info);
  std::memcpy(at + kMarkAt, kMark.data(), kMark.size());
  store_be(at + kVersionAt, version);
  store_be(at + kReadableFromAt, kReadableFrom);
  store_be(at + kHeadSizeAt, static_cast<std::uint16_t>(head_size_of(version)));
  at[kKindAt] = std::byte{info.kind == ObjectKind::snapshot ? kKindSnapshot : kKindWal};
  at[kFlagsAt] = std::byte{info.index_complete ? kFlagIndexComplete : std::uint8_t{0}};
  store_be(at + kGenerationAt, from_hex16(info.generation).value_or(0));
  store_be(at + kIndexAt, info.index);
  store_be(at + kOffsetAt, info.offset);
  store_be(at + kEndOffsetAt, info.end_offset);
  store_be(at + kRawSizeAt, info.raw_size);
  std::memcpy(at + kRawChecksumAt, info.raw_checksum.data(), info.raw_checksum.size());
  store_be(at + kCreatedAt, static_cast<std::uint64_t>(info.created_ns));
  store_be(at + kPageSizeAt, info.page_size);
  store_be(at + kRunCountAt, static_cast<std::uint32_t>(info.commit_runs.size()));
  if (version > 1) store_be(at + kPreviousEndAt, info.previous_end);
}

/// What holds of the frame as a whole, before any field is believed.
void check_frame(ByteSpan frame) {
  if (frame.size() < kFrameSizeMin || frame.size() > kInfoFrameSizeMax)
    corrupt(fmt::format("it cannot have {} bytes", frame.size()));
  const auto* end = frame.data() + frame.size();
  const auto magic = load_le32(frame.data());
  if (magic != kSkippableMagic || !has_mark(frame.data() + kMarkAt) || !has_mark(end - kFooterMarkAt))
    corrupt("these bytes are something else");
  if (load_le32(frame.data() + 4) != frame.size() - kSkippableHeaderSize ||
      load_be<std::uint32_t>(end - kFooterFrameSizeAt) != frame.size())
    corrupt("it is cut off, or followed by something else");
  if (load_be<std::uint64_t>(end - kFooterChecksumAt) != checksum_of(frame)) corrupt("checksum mismatch");
}

/// Returns the size of the head. Newer versions have a longer one, and may have more behind the runs.
std::size_t check_version(ByteSpan frame) {
  const auto version = load_be<std::uint16_t>(frame.data() + kVersionAt);
  const auto readable_from = load_be<std::uint16_t>(frame.data() + kReadableFromAt);
  if (readable_from > kVersion)
    throw Error(
        ErrorCode::unsupported,
        fmt::format("info behind the data: version {} is needed to read it, this lshost knows {}; hint: a newer "
                    "lshost wrote it, use that or a later one",
                    readable_from, kVersion));
  const std::size_t head_size = load_be<std::uint16_t>(frame.data() + kHeadSizeAt);
  const std::size_t run_count = load_be<std::uint32_t>(frame.data() + kRunCountAt);
  const auto used = head_size + run_count * kRunSize + kFooterSize;
  const bool fits = version >= 1 && version <= kVersion
                        ? head_size == head_size_of(version) && used == frame.size()
                        : version > kVersion && head_size >= kHeadSize2 && used <= frame.size();
  if (!fits) corrupt("its parts do not fit its size");
  return head_size;
}

ObjectKind kind_of(std::byte stored) {
  if (stored == std::byte{kKindSnapshot}) return ObjectKind::snapshot;
  if (stored == std::byte{kKindWal}) return ObjectKind::wal;
  corrupt(fmt::format("it is of kind {}", std::to_integer<int>(stored)));
}

ObjectInfo decode_head(const std::byte* at) {
  ObjectInfo info;
  info.kind = kind_of(at[kKindAt]);
  info.index_complete = (at[kFlagsAt] & std::byte{kFlagIndexComplete}) != std::byte{0};
  info.generation = to_hex16(load_be<std::uint64_t>(at + kGenerationAt));
  info.index = load_be<std::uint64_t>(at + kIndexAt);
  info.offset = load_be<std::uint64_t>(at + kOffsetAt);
  info.end_offset = load_be<std::uint64_t>(at + kEndOffsetAt);
  info.raw_size = load_be<std::uint64_t>(at + kRawSizeAt);
  std::memcpy(info.raw_checksum.data(), at + kRawChecksumAt, info.raw_checksum.size());
  info.created_ns = static_cast<UnixNanos>(load_be<std::uint64_t>(at + kCreatedAt));
  info.page_size = load_be<std::uint32_t>(at + kPageSizeAt);
  info.commit_runs.resize(load_be<std::uint32_t>(at + kRunCountAt));
  if (load_be<std::uint16_t>(at + kVersionAt) > 1) info.previous_end = load_be<std::uint64_t>(at + kPreviousEndAt);
  return info;
}

}  // namespace

std::vector<std::byte> encode_info_frame(const ObjectInfo& info) {
  LSHOST_ASSERT(contradiction_in(info).empty());
  LSHOST_ASSERT(info.commit_runs.size() <= kCommitRunsMax);
  const std::size_t head_size = head_size_of(version_for(info));
  std::vector<std::byte> frame(head_size + info.commit_runs.size() * kRunSize + kFooterSize);
  store_le32(frame.data(), kSkippableMagic);
  store_le32(frame.data() + 4, static_cast<std::uint32_t>(frame.size() - kSkippableHeaderSize));
  encode_head(frame.data(), info);
  auto* at = frame.data() + head_size;
  for (const auto& run : info.commit_runs) {
    store_be(at, run.end_offset);
    store_be(at + 8, static_cast<std::uint64_t>(run.commit_ns));
    at += kRunSize;
  }
  auto* end = frame.data() + frame.size();
  store_be(end - kFooterFrameSizeAt, static_cast<std::uint32_t>(frame.size()));
  store_be(end - kFooterChecksumAt, checksum_of(frame));
  std::memcpy(end - kFooterMarkAt, kMark.data(), kMark.size());
  return frame;
}

ObjectInfo decode_info_frame(ByteSpan frame) {
  check_frame(frame);
  const auto head_size = check_version(frame);
  auto info = decode_head(frame.data());
  const auto* at = frame.data() + head_size;
  for (auto& run : info.commit_runs) {
    run.end_offset = load_be<std::uint64_t>(at);
    run.commit_ns = static_cast<UnixNanos>(load_be<std::uint64_t>(at + 8));
    at += kRunSize;
  }
  if (const auto why = contradiction_in(info); !why.empty()) corrupt(why);
  return info;
}

TailInfo info_from_tail(ByteSpan last_bytes) {
  const auto* end = last_bytes.data() + last_bytes.size();
  if (last_bytes.size() < kFooterSize || !has_mark(end - kFooterMarkAt)) return {};
  const std::size_t size = load_be<std::uint32_t>(end - kFooterFrameSizeAt);
  if (size < kFrameSizeMin || size > kInfoFrameSizeMax) corrupt(fmt::format("it cannot have {} bytes", size));
  if (size > last_bytes.size()) return {std::nullopt, size};
  return {decode_info_frame(last_bytes.last(size)), size};
}

}  // namespace lshost::engine
