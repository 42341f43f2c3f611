#pragma once
// One index at the destination, open for writing: the WAL file and the journal of its commits.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "commit_journal.hpp"
#include "disk.hpp"
#include "layout.hpp"
#include "wal_checker.hpp"

namespace lshost::file {

/// Appends to one index, in this order of durability: WAL bytes, then the journal that speaks of them, and for a new
/// file its name before flush() returns.
///
/// Example:
///     file.append(bytes); file.committed({end, commit_ns});   // any number of times
///     file.flush();                                           // durable up to file.durable_end()
///
/// Threads: one at a time. Errors: after a throw the object is done for: drop it and resume() from the files.
class WalFile {
 public:
  /// What lies there is not what was stored; the sentence says what is missing.
  struct Damaged {
    std::string why;
  };
  struct Nothing {};

  /// Begins an index with nothing in it, over whatever lies there.
  static WalFile begin(const Disk& disk, const Layout& layout, const std::string& generation, std::uint64_t index);
  /// Goes on with what lies there. Checks every frame, cuts off what is torn or uncommitted, and makes the rest
  /// durable. Nothing: no transaction is there; begin().
  static std::variant<WalFile, Damaged, Nothing> resume(const Disk& disk, const Layout& layout,
                                                        const std::string& generation, std::uint64_t index);

  /// The next bytes, cut anywhere. Error(corrupt): they are not the continuation of this WAL.
  void append(std::span<const std::byte> bytes);
  /// The bytes so far end behind a commit; recorded with the next flush().
  void committed(const CommitRecord& record);
  /// All that was committed() is durable on return. Throws if the files were removed or replaced meanwhile.
  void flush();
  /// flush(); and no byte will follow: durable on return, so that the next index may begin.
  void complete();
  /// What a clean end can still do: makes the journal durable.
  void close();

  [[nodiscard]] std::uint64_t index() const noexcept { return header_.index; }
  [[nodiscard]] std::uint64_t end() const noexcept { return wal_.size(); }
  [[nodiscard]] std::uint64_t durable_end() const noexcept { return durable_end_; }
  [[nodiscard]] bool is_complete() const noexcept { return last_.complete; }

 private:
  WalFile(const Disk& disk, const Layout& layout, const std::string& generation, std::uint64_t index, OutFile wal);

  /// Writes what lies from `from` on again. The journal does not vouch for it, so its sync may have failed; the kernel
  /// then keeps pages that can be read, counts as written, and never were.
  void write_again(std::uint64_t from);
  void open_journal(const std::optional<Journal>& found);
  void append_records();

  const Disk* disk_;
  std::string folder_;
  std::string journal_path_;
  JournalHeader header_;
  OutFile wal_;
  std::optional<OutFile> journal_;
  JournalEncoder encoder_;
  WalChecker checker_;
  std::vector<CommitRecord> pending_;  // committed() since the last flush()
  std::vector<std::byte> record_bytes_;
  CommitRecord last_;  // the newest record, in the journal or pending
  std::uint64_t durable_end_ = 0;
  std::uint64_t written_out_ = 0;  // up to where start_writing_out() was asked for
  bool new_names_ = true;          // the folder has to be synced
};

}  // namespace lshost::file
