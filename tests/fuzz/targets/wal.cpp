// A WAL as it may lie beside a database, in the shadow WAL or at a destination.
//
// Input: flags (1: give the header a good checksum), how many frames to give good salts and checksums, the size of the
// pieces that the file plugin's checker gets, the log.
// Holds: everybody who walks a log comes to the same end, which is where SQLite's own recovery ends: WalReader,
// scan_wal(), a Chain that goes on in the middle, the file plugin's WalChecker, and a walk written down plainly here.

#include "sqlite/wal_reader.hpp"

#include <cstring>
#include <optional>

#include "base/error.hpp"
#include "db/wal_scan.hpp"
#include "file/wal_checker.hpp"
#include "fuzz/recover_with_sqlite.hpp"
#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

struct Walked {
  std::uint64_t frames = 0;
  std::uint32_t page_size = 0;
  std::uint32_t db_size_pages = 0;
  wal::Checksum sum;
  bool operator==(const Walked&) const = default;
};

class WalFile final : public os::ReadableFile {
 public:
  explicit WalFile(ByteSpan bytes) : bytes_(bytes) {}
  [[nodiscard]] std::size_t read_at(std::string_view /*op*/, std::uint64_t offset,
                                    MutableByteSpan into) const override {
    if (offset >= bytes_.size()) return 0;
    const auto from = bytes_.subspan(offset).first(std::min<std::size_t>(into.size(), bytes_.size() - offset));
    std::memcpy(into.data(), from.data(), from.size());
    return from.size();
  }
  [[nodiscard]] std::uint64_t size(std::string_view /*op*/) const override { return bytes_.size(); }
  [[nodiscard]] int descriptor() const noexcept override { return -1; }

 private:
  ByteSpan bytes_;
};

// ---- the plain walk: one byte after the other, nothing shared with the code under test ----

std::uint32_t big(ByteSpan bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8U | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}

std::uint32_t little(ByteSpan bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8U | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}

void add_to(wal::Checksum& sum, ByteSpan bytes, std::size_t begin, std::size_t end, bool is_big) {
  for (std::size_t at = begin; at < end; at += 8) {
    sum.first += (is_big ? big(bytes, at) : little(bytes, at)) + sum.second;
    sum.second += (is_big ? big(bytes, at + 4) : little(bytes, at + 4)) + sum.first;
  }
}

/// nullopt: no good header.
std::optional<Walked> walk_plainly(ByteSpan log) {
  if (log.size() < 32 || big(log, 4) != 3007000) return std::nullopt;
  const auto magic = big(log, 0);
  if (magic != 0x377f0682 && magic != 0x377f0683) return std::nullopt;
  const bool is_big = magic == 0x377f0683;
  const std::size_t page_size = big(log, 8);
  bool is_size = false;
  for (std::size_t size = 512; size <= 65536; size *= 2) is_size = is_size || size == page_size;
  wal::Checksum sum;
  add_to(sum, log, 0, 24, is_big);
  if (!is_size || sum.first != big(log, 24) || sum.second != big(log, 28)) return std::nullopt;

  Walked walked{.page_size = static_cast<std::uint32_t>(page_size), .sum = sum};
  std::uint64_t frames = 0;
  for (std::size_t at = 32; log.size() - at >= 24 + page_size; at += 24 + page_size) {
    const bool is_of_this_log = big(log, at + 8) == big(log, 16) && big(log, at + 12) == big(log, 20);
    if (!is_of_this_log || big(log, at) == 0) break;
    add_to(sum, log, at, at + 8, is_big);
    add_to(sum, log, at + 24, at + 24 + page_size, is_big);
    if (sum.first != big(log, at + 16) || sum.second != big(log, at + 20)) break;
    ++frames;
    if (const auto pages = big(log, at + 4); pages != 0)
      walked = {frames, static_cast<std::uint32_t>(page_size), pages, sum};
  }
  return walked;
}

// ---- ours ----

std::optional<Walked> walk_with_reader(ByteSpan log) {
  std::optional<sqlite::WalReader> reader;
  try {
    reader.emplace(log);
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::corrupt, "a log without a good header is corrupt");
    return std::nullopt;
  }
  const auto page_size = reader->header().page_size;
  Walked walked{.page_size = page_size, .sum = reader->header().checksum};
  std::uint64_t end = wal::kHeaderSize;
  while (const auto transaction = reader->next()) {
    expect(transaction->offset == end, "a transaction begins where the one before it ended");
    expect(transaction->size > 0 && transaction->size % wal::frame_size(page_size) == 0, "it has whole frames");
    end += transaction->size;
    expect(end <= log.size(), "it lies in the log");
    expect(transaction->db_size_pages > 0, "it ends in a commit frame");
    const auto last = wal::parse_frame_header(log.data() + end - wal::frame_size(page_size));
    walked = {wal::frames_below(end, page_size), page_size, transaction->db_size_pages, last.checksum};
  }
  expect(reader->end() != sqlite::WalEnd::none, "the end has a reason");
  expect(!reader->next(), "the end stays the end");
  return walked;
}

void check_scan(ByteSpan log, const std::optional<Walked>& expected) {
  const auto scan = db::scan_wal(WalFile(log), "fuzz");
  expect(scan.has_value() == expected.has_value(), "scan_wal() takes the header if the others do");
  if (!scan) return;
  expect(scan->frames == expected->frames && scan->sum == expected->sum, "scan_wal() ends where the others do");
}

void check_checker(ByteSpan log, const std::optional<Walked>& expected, std::size_t piece_size) {
  file::WalChecker checker;
  for (std::size_t at = 0; at < log.size(); at += piece_size) {
    if (!checker.feed(log.subspan(at, std::min(piece_size, log.size() - at)))) break;
  }
  expect(checker.header().has_value() == expected.has_value(), "WalChecker takes the header if the others do");
  if (!expected) return;
  const auto end = expected->frames == 0 ? 0 : wal::frames_end(expected->frames, expected->page_size);
  expect(checker.committed_end() == end, "WalChecker ends where the others do");
  expect(checker.valid_end() >= end && checker.valid_end() <= log.size(), "what is valid has what is committed");
}

/// Goes on behind the first transaction, as capture does behind what it has.
void check_resumed(ByteSpan log, const Walked& expected) {
  sqlite::WalReader reader(log);
  const auto first = reader.next();
  if (!first) return;
  const auto frame_size = wal::frame_size(expected.page_size);
  auto at = first->offset + first->size;
  wal::Chain chain(reader.header(), wal::frames_below(at, expected.page_size),
                   wal::parse_frame_header(log.data() + at - frame_size).checksum);
  auto sum = chain.sum();
  for (; log.size() - at >= frame_size && chain.accept(log.subspan(at, frame_size)); at += frame_size) {
    if (chain.committed_frames() == chain.frames()) sum = chain.sum();
  }
  expect(chain.committed_frames() == expected.frames && sum == expected.sum, "a chain that goes on ends there, too");
}

void check_sqlite(ByteSpan log, const std::optional<Walked>& expected) {
  const auto recovered = recover_with_sqlite(log);
  const std::uint64_t frames = recovered ? recovered->frames : 0;
  expect(frames == (expected ? expected->frames : 0), "SQLite recovers as many frames as we take");
  if (frames == 0) return;
  expect(recovered->page_size == expected->page_size, "SQLite has the same page size");
  expect(recovered->db_size_pages == expected->db_size_pages, "SQLite has the same size of the database");
  expect(recovered->sum == expected->sum, "SQLite has the same checksum");
}

// ---- the input ----

/// Makes the header, and `frames` frames, good in everything that a checksum or a salt says.
void seal(MutableByteSpan log, std::size_t frames) {
  if (log.size() < wal::kHeaderSize) return;
  auto page_size = wal::load32(log.data() + 8);
  if (!wal::is_page_size(page_size)) page_size = 512;
  const wal::Header header{.big_endian_words = (log[3] & std::byte{1}) != std::byte{0},
                           .page_size = page_size,
                           .checkpoint_sequence = wal::load32(log.data() + 12),
                           .salt = {wal::load32(log.data() + 16), wal::load32(log.data() + 20)},
                           .checksum = {}};
  wal::store_header(log.data(), header);
  wal::Checksum sum{wal::load32(log.data() + 24), wal::load32(log.data() + 28)};
  for (std::size_t at = wal::kHeaderSize; frames > 0 && log.size() - at >= wal::frame_size(page_size); --frames) {
    const auto frame = log.subspan(at, wal::frame_size(page_size));
    wal::store32(frame.data() + 8, header.salt.first);
    wal::store32(frame.data() + 12, header.salt.second);
    sum = wal::frame_checksum(sum, frame, header.big_endian_words);
    wal::store32(frame.data() + 16, sum.first);
    wal::store32(frame.data() + 20, sum.second);
    at += frame.size();
  }
}

}  // namespace

void fuzz_wal(ByteSpan input) {
  Input in(input);
  const bool is_sealed = (in.byte() & 1U) != 0;
  const std::size_t sealed_frames = in.byte();
  const std::size_t piece_size = std::size_t{in.byte()} * 8 + 1;
  Bytes log = copy_of(in.rest());
  if (is_sealed) seal(log, sealed_frames);

  const auto expected = walk_plainly(log);
  expect(walk_with_reader(log) == expected, "WalReader ends where the plain walk does");
  check_scan(log, expected);
  check_checker(log, expected, piece_size);
  if (expected) check_resumed(log, *expected);
  check_sqlite(log, expected);
}

}  // namespace lshost::fuzz
