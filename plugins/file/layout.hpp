#pragma once
// Names at the destination <-> positions. Pure.
//
//   <root>/generations/<generation>/snapshots/<index>.snapshot   the database as of a position in that index
//                                             <index>.info       its description (snapshot_info.hpp)
//                                   wal/      <index>.wal        the WAL of that index, from offset 0
//                                             <index>.commits    when what was committed (commit_journal.hpp)
//
// <generation> and <index> are 16 lowercase hex digits, so that sorting names sorts positions. Any other name is not
// ours: it is ignored and never touched, except "<ours>.tmp", which is an unfinished file.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lshost::file {

enum class Kind { snapshot, info, wal, commits };

/// 16 lowercase hex digits.
[[nodiscard]] std::string hex16(std::uint64_t value);
/// The value of exactly 16 lowercase hex digits; nullopt for anything else.
[[nodiscard]] std::optional<std::uint64_t> parse_hex16(std::string_view text) noexcept;

/// True for a name that this layout can hold. The ABI allows others; there are none today.
[[nodiscard]] bool is_generation(std::string_view name) noexcept;

/// "000000000000002a.wal".
[[nodiscard]] std::string file_name(Kind kind, std::uint64_t index);
/// The index in the name of a file of that kind; nullopt: another kind, or not ours.
[[nodiscard]] std::optional<std::uint64_t> parse_file_name(Kind kind, std::string_view name) noexcept;
/// True for one of our names followed by ".tmp".
[[nodiscard]] bool is_unfinished(std::string_view name) noexcept;

/// The paths below one root. An immutable value; copy it freely.
class Layout {
 public:
  explicit Layout(std::string root);

  [[nodiscard]] const std::string& root() const noexcept { return root_; }
  [[nodiscard]] std::string generations() const { return root_ + "/generations"; }
  [[nodiscard]] std::string generation(std::string_view generation) const;
  [[nodiscard]] std::string snapshots(std::string_view generation) const;
  [[nodiscard]] std::string wals(std::string_view generation) const;
  /// The folder that holds files of that kind.
  [[nodiscard]] std::string folder(Kind kind, std::string_view generation) const;
  [[nodiscard]] std::string file(Kind kind, std::string_view generation, std::uint64_t index) const;

 private:
  std::string root_;  // without a slash at the end
};

}  // namespace lshost::file
