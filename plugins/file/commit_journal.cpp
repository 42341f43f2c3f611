#include "commit_journal.hpp"

#include <algorithm>
#include <string_view>

#include "xxh3.hpp"

namespace lshost::file {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::string_view kMagic = "lshost.commits1\n";
constexpr std::size_t kGenerationSize = 32;
constexpr std::uint32_t kComplete = 1;

constexpr std::size_t kGenerationAt = 16;
constexpr std::size_t kIndexAt = 48;
constexpr std::size_t kSaltAt = 56;
constexpr std::size_t kPageSizeAt = 64;
constexpr std::size_t kHeaderChecksumAt = 72;

constexpr std::size_t kCommitNsAt = 8;
constexpr std::size_t kFlagsAt = 16;
constexpr std::size_t kRecordChecksumAt = 24;

static_assert(kMagic.size() == kGenerationAt && kGenerationAt + kGenerationSize == kIndexAt);
static_assert(kHeaderChecksumAt + 8 == kJournalHeaderSize && kRecordChecksumAt + 8 == kCommitRecordSize);

std::uint64_t load64(const std::byte* from) noexcept {
  return (std::uint64_t{wal::load32(from)} << 32) | wal::load32(from + 4);
}

void store64(std::byte* to, std::uint64_t value) noexcept {
  wal::store32(to, static_cast<std::uint32_t>(value >> 32));
  wal::store32(to + 4, static_cast<std::uint32_t>(value));
}

void store_text(std::byte* to, std::string_view text) noexcept {
  const auto bytes = std::as_bytes(std::span(text));
  std::copy(bytes.begin(), bytes.end(), to);
}

std::string load_text(Bytes from) {
  std::string text;
  for (const std::byte b : from) {
    if (b == std::byte{0}) break;
    text.push_back(static_cast<char>(b));
  }
  return text;
}

/// nullopt: damaged, or not the record that follows `before`.
std::optional<CommitRecord> parse_record(Bytes bytes, const Journal& before) noexcept {
  if (before.complete()) return std::nullopt;
  if (load64(&bytes[kRecordChecksumAt]) != xxh3(bytes.first(kRecordChecksumAt), before.checksum)) return std::nullopt;
  CommitRecord record;
  record.end_offset = load64(bytes.data());
  record.commit_ns = static_cast<std::int64_t>(load64(&bytes[kCommitNsAt]));
  record.complete = (wal::load32(&bytes[kFlagsAt]) & kComplete) != 0;
  // The record that says "complete" may come alone, later than the one for its bytes.
  const bool grows = record.end_offset > before.end_offset();
  if (!grows && !(record.complete && record.end_offset == before.end_offset())) return std::nullopt;
  return record;
}

}  // namespace

std::optional<Journal> parse_journal(Bytes bytes) {
  if (bytes.size() < kJournalHeaderSize) return std::nullopt;
  if (load_text(bytes.first(kMagic.size())) != kMagic) return std::nullopt;
  Journal journal;
  journal.checksum = xxh3(bytes.first(kHeaderChecksumAt));
  if (load64(&bytes[kHeaderChecksumAt]) != journal.checksum) return std::nullopt;
  journal.header.generation = load_text(bytes.subspan(kGenerationAt, kGenerationSize));
  journal.header.index = load64(&bytes[kIndexAt]);
  journal.header.salt = {wal::load32(&bytes[kSaltAt]), wal::load32(&bytes[kSaltAt + 4])};
  journal.header.page_size = wal::load32(&bytes[kPageSizeAt]);
  journal.size_bytes = kJournalHeaderSize;

  while (bytes.size() - journal.size_bytes >= kCommitRecordSize) {
    const Bytes at = bytes.subspan(journal.size_bytes, kCommitRecordSize);
    const auto record = parse_record(at, journal);
    if (!record) break;
    journal.records.push_back(*record);
    journal.checksum = load64(&at[kRecordChecksumAt]);
    journal.size_bytes += kCommitRecordSize;
  }
  return journal;
}

std::array<std::byte, kJournalHeaderSize> JournalEncoder::header(const JournalHeader& header) {
  std::array<std::byte, kJournalHeaderSize> bytes{};
  store_text(bytes.data(), kMagic);
  store_text(&bytes[kGenerationAt], std::string_view(header.generation).substr(0, kGenerationSize - 1));
  store64(&bytes[kIndexAt], header.index);
  wal::store32(&bytes[kSaltAt], header.salt.first);
  wal::store32(&bytes[kSaltAt + 4], header.salt.second);
  wal::store32(&bytes[kPageSizeAt], header.page_size);
  checksum_ = xxh3(Bytes(bytes).first(kHeaderChecksumAt));
  store64(&bytes[kHeaderChecksumAt], checksum_);
  return bytes;
}

std::array<std::byte, kCommitRecordSize> JournalEncoder::record(const CommitRecord& record) {
  std::array<std::byte, kCommitRecordSize> bytes{};
  store64(bytes.data(), record.end_offset);
  store64(&bytes[kCommitNsAt], static_cast<std::uint64_t>(record.commit_ns));
  wal::store32(&bytes[kFlagsAt], record.complete ? kComplete : 0);
  checksum_ = xxh3(Bytes(bytes).first(kRecordChecksumAt), checksum_);
  store64(&bytes[kRecordChecksumAt], checksum_);
  return bytes;
}

}  // namespace lshost::file
