#include "wal_file.hpp"

#include <algorithm>
#include <limits>

#include <lshost/replicator.hpp>

#include "stored_wal.hpp"

namespace lshost::file {
namespace {

/// How much may wait in the kernel before it is asked to begin writing.
constexpr std::uint64_t kWriteOutBytes = 8 << 20;
constexpr std::size_t kScanBytes = std::size_t{1} << 20;

void lock_or_throw(const OutFile& file) {
  if (file.lock()) return;
  throw Error(LSHOST_E_UNAVAILABLE,
              file.path() + " is being written by another replicator; give each replica its own path",
              LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR);
}

WalChecker check_whole(const OutFile& wal) {
  WalChecker checker;
  std::vector<std::byte> buffer(kScanBytes);
  for (std::uint64_t at = 0;;) {
    const std::size_t count = wal.read_at(at, buffer);
    if (count == 0 || !checker.feed(std::span(buffer).first(count))) return checker;
    at += count;
  }
}

}  // namespace

WalFile::WalFile(const Disk& disk, const Layout& layout, const std::string& generation, std::uint64_t index,
                 OutFile wal)
    : disk_(&disk),
      folder_(layout.folder(Kind::wal, generation)),
      journal_path_(layout.file(Kind::commits, generation, index)),
      header_{generation, index, {}, 0},
      wal_(std::move(wal)) {}

WalFile WalFile::begin(const Disk& disk, const Layout& layout, const std::string& generation, std::uint64_t index) {
  disk.remove(layout.file(Kind::commits, generation, index));  // first: it must never speak of bytes that are gone
  WalFile file(disk, layout, generation, index, disk.create(layout.file(Kind::wal, generation, index)));
  lock_or_throw(file.wal_);
  return file;
}

std::variant<WalFile, WalFile::Damaged, WalFile::Nothing> WalFile::resume(const Disk& disk, const Layout& layout,
                                                                          const std::string& generation,
                                                                          std::uint64_t index) {
  const std::string path = layout.file(Kind::wal, generation, index);
  const auto journal = read_journal(disk, layout, generation, index);
  auto wal = disk.open_append(path);
  if (wal) lock_or_throw(*wal);
  const std::int64_t modified_ns = wal ? wal->facts().modified_ns : 0;

  const WalChecker whole = wal ? check_whole(*wal) : WalChecker();
  const WalVerdict verdict = judge(journal, generation, index, whole.header(), whole.committed_end());
  if (!verdict.damage.empty()) return Damaged{path + ": " + verdict.damage};
  if (!wal || verdict.end == 0) return Nothing{};

  WalFile file(disk, layout, generation, index, std::move(*wal));
  file.header_.salt = whole.header()->salt;
  file.header_.page_size = whole.header()->page_size;
  file.checker_ = whole.at_committed_end();
  if (file.wal_.size() != verdict.end) file.wal_.truncate(verdict.end);
  const std::uint64_t vouched = journal ? journal->end_offset() : 0;
  file.write_again(vouched);
  file.wal_.sync();
  file.open_journal(journal);
  if (vouched > 0) file.last_ = journal->records.back();
  file.written_out_ = verdict.end;
  if (verdict.end > vouched) file.committed({verdict.end, std::max(file.last_.commit_ns, modified_ns), false});
  file.flush();
  return file;
}

void WalFile::write_again(std::uint64_t from) {
  std::vector<std::byte> buffer(kScanBytes);
  while (from < wal_.size()) {
    const std::size_t count = wal_.read_at(from, buffer);
    if (count == 0) throw Error(LSHOST_E_IO, wal_.path() + " became shorter while it was read", LSHOST_ERR_RETRYABLE);
    wal_.overwrite(from, std::span(buffer).first(count));
    from += count;
  }
}

void WalFile::open_journal(const std::optional<Journal>& found) {
  if (found) journal_ = disk_->open_append(journal_path_);
  if (!journal_) {
    journal_ = disk_->create(journal_path_);
    new_names_ = true;
  }
  if (found && found->header == header_) {
    journal_->truncate(found->size_bytes);
    encoder_ = JournalEncoder(*found);
  } else {
    journal_->truncate(0);
    journal_->append(encoder_.header(header_));
  }
}

void WalFile::append(std::span<const std::byte> bytes) {
  if (!checker_.feed(bytes)) {
    throw Error(LSHOST_E_CORRUPT,
                "the WAL that the host gave does not continue " + print(header_.generation, header_.index, wal_.size()),
                LSHOST_ERR_RETRYABLE);
  }
  wal_.append(bytes);
  if (wal_.size() - written_out_ < kWriteOutBytes) return;
  wal_.start_writing_out(written_out_);
  written_out_ = wal_.size();
}

void WalFile::committed(const CommitRecord& record) {
  if (checker_.committed_end() != record.end_offset || wal_.size() != record.end_offset) {
    throw Error(LSHOST_E_INTERNAL,
                "the run of WAL that the host gave does not end behind a commit at " +
                    print(header_.generation, header_.index, record.end_offset),
                LSHOST_ERR_RETRYABLE);
  }
  pending_.push_back(record);
  last_ = record;
}

void WalFile::flush() {
  if (pending_.empty() && !journal_) return;  // nothing was ever committed here
  if (!pending_.empty()) {
    if (pending_.back().end_offset > durable_end_) wal_.sync();
    if (!journal_) {
      header_.salt = checker_.header()->salt;
      header_.page_size = checker_.header()->page_size;
      open_journal(std::nullopt);
    }
    append_records();
  }
  if (new_names_) disk_->sync_folder(folder_);
  new_names_ = false;
  if (!wal_.is_under_its_name() || !journal_->is_under_its_name()) {
    throw Error(LSHOST_E_NOT_FOUND, wal_.path() + " or its journal was removed or replaced while it was written",
                LSHOST_ERR_RETRYABLE);
  }
  durable_end_ = last_.end_offset;
}

void WalFile::append_records() {
  record_bytes_.clear();
  for (const auto& record : pending_) {
    const auto bytes = encoder_.record(record);
    record_bytes_.insert(record_bytes_.end(), bytes.begin(), bytes.end());
  }
  journal_->append(record_bytes_);
  pending_.clear();
}

void WalFile::complete() {
  if (last_.end_offset == 0) {
    throw Error(LSHOST_E_INTERNAL, "the host says that an index without a commit is complete", LSHOST_ERR_RETRYABLE);
  }
  if (!last_.complete) committed({last_.end_offset, last_.commit_ns, true});
  flush();
  journal_->sync();
}

void WalFile::close() {
  if (journal_) journal_->sync();
}

}  // namespace lshost::file
