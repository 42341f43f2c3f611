#include "stored_wal.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <lshost/replicator.hpp>

#include "wal_checker.hpp"

namespace lshost::file {
namespace {

/// A checker that begins behind what the journal vouches for; nullopt: the WAL file does not reach that far, or its
/// header is not the one that the journal speaks of.
std::optional<WalChecker> checker_behind(const Journal& journal, const InFile& wal, const wal::Header& header) {
  if (journal.end_offset() < wal::kHeaderSize + wal::frame_size(header.page_size)) return std::nullopt;
  std::array<std::byte, wal::kFrameHeaderSize> last{};
  const std::uint64_t at = journal.end_offset() - wal::frame_size(header.page_size);
  if (wal.read_at(at, last) < last.size()) return std::nullopt;
  const auto frame = wal::parse_frame_header(last.data());
  if (frame.salt != header.salt || !frame.is_commit()) return std::nullopt;
  return WalChecker(header, frame.checksum, journal.end_offset());
}

/// How far the file is good from where `checker` stands.
void follow(WalChecker& checker, const InFile& wal, std::uint64_t from) {
  std::vector<std::byte> buffer(std::size_t{256} << 10);
  for (;;) {
    const std::size_t count = wal.read_at(from, buffer);
    if (count == 0 || !checker.feed(std::span(buffer).first(count))) return;
    from += count;
  }
}

std::optional<wal::Header> read_header(const InFile& wal) {
  std::array<std::byte, wal::kHeaderSize> bytes{};
  if (wal.read_at(0, bytes) < bytes.size()) return std::nullopt;
  return wal::parse_header(bytes);
}

/// The end of what is good in the WAL file: what the journal vouches for, and the tail behind it as far as it holds.
std::uint64_t checked_end(const std::optional<Journal>& journal, const InFile& wal,
                          const std::optional<wal::Header>& header) {
  if (!header) return 0;
  const std::uint64_t size = wal.facts().size_bytes;
  if (journal && journal->end_offset() > 0) {
    if (journal->complete() && journal->end_offset() <= size) return journal->end_offset();
    auto checker = checker_behind(*journal, wal, *header);
    if (checker) {
      follow(*checker, wal, journal->end_offset());
      return checker->committed_end();
    }
  }
  WalChecker from_start;
  follow(from_start, wal, 0);
  return from_start.committed_end();
}

}  // namespace

std::string print(const std::string& generation, std::uint64_t index, std::uint64_t offset) {
  return Position{generation, index, offset}.ToString();
}

WalVerdict judge(const std::optional<Journal>& journal, const std::string& generation, std::uint64_t index,
                 const std::optional<wal::Header>& wal_header, std::uint64_t checked_end) {
  if (!journal || journal->records.empty()) return {checked_end, false, {}};
  const std::uint64_t stored = journal->end_offset();
  const auto missing = [&](std::uint64_t from) {
    return "the WAL from " + print(generation, index, from) + " to " + print(generation, index, stored) + " is missing";
  };
  if (journal->header.generation != generation || journal->header.index != index) {
    return {stored, false, "its journal belongs to another index; " + missing(0)};
  }
  if (!wal_header) return {stored, journal->complete(), "it is gone or has no good header; " + missing(0)};
  if (journal->header.salt != wal_header->salt || journal->header.page_size != wal_header->page_size) {
    return {stored, journal->complete(), "its journal belongs to another WAL; " + missing(0)};
  }
  if (checked_end < stored) return {stored, journal->complete(), "it is damaged or cut; " + missing(checked_end)};
  return {journal->complete() ? stored : checked_end, journal->complete(), {}};
}

std::optional<Journal> read_journal(const Disk& disk, const Layout& layout, const std::string& generation,
                                    std::uint64_t index) {
  const auto bytes =
      disk.read(layout.file(Kind::commits, generation, index), std::numeric_limits<std::ptrdiff_t>::max());
  return bytes ? parse_journal(*bytes) : std::nullopt;
}

std::vector<std::byte> last_frame(const Disk& disk, const Layout& layout, const Position& at) {
  if (at.IsNone() || at.offset == 0) return {};
  const auto wal = disk.open_read(layout.file(Kind::wal, at.generation, at.index));
  const auto header = wal ? read_header(*wal) : std::nullopt;
  if (!header || at.offset < wal::frames_end(1, header->page_size)) return {};
  std::vector<std::byte> frame(wal::frame_size(header->page_size));
  if (wal->read_at(at.offset - frame.size(), frame) != frame.size()) return {};
  return frame;
}

std::optional<StoredWal> look_at_wal(const Disk& disk, const Layout& layout, const std::string& generation,
                                     std::uint64_t index) {
  const auto journal = read_journal(disk, layout, generation, index);
  const std::string path = layout.file(Kind::wal, generation, index);
  const auto wal = disk.open_read(path);
  if (!wal && !(journal && !journal->records.empty())) return std::nullopt;

  StoredWal stored;
  const auto header = wal ? read_header(*wal) : std::nullopt;
  const std::uint64_t end = wal ? checked_end(journal, *wal, header) : 0;
  WalVerdict verdict = judge(journal, generation, index, header, end);
  stored.end = verdict.end;
  stored.complete = verdict.complete;
  if (!verdict.damage.empty()) stored.damage = path + ": " + verdict.damage;
  if (journal) stored.commits = journal->records;

  // What the journal does not cover was committed by the time the file was last written.
  const std::int64_t last_ns = stored.commits.empty() ? 0 : stored.commits.back().commit_ns;
  if (stored.damage.empty() && wal && stored.end > (journal ? journal->end_offset() : 0)) {
    stored.commits.push_back({stored.end, std::max(last_ns, wal->facts().modified_ns), false});
  }
  return stored;
}

}  // namespace lshost::file
