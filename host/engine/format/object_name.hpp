#pragma once
// The keys of objects in a store: Litestream's layout. Pure; knows nothing of what is in an object.
//
//   generations/<generation>/snapshots/<index>.snapshot.lz4
//   generations/<generation>/wal/<index>_<offset>.wal.lz4
//
// Numbers are written with at least 8 hex digits, as Litestream 0.3 writes and reads them, and read with 8 to 16. So
// the key of an object that somebody else wrote can differ from key_of(its name): what was listed is what must be got.
// Keys of 8 digits sort by position; whoever allows an index of 4 GiB or more sorts names, not keys.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/format/compression.hpp"

namespace lshost::engine {

enum class ObjectKind { snapshot, wal };

/// "snapshot" or "wal". Static.
[[nodiscard]] std::string_view to_string(ObjectKind kind) noexcept;

/// What the key of an object says. Ordered by generation, kind, position.
struct ObjectName {
  std::string generation;  ///< 16 lowercase hex digits
  ObjectKind kind = ObjectKind::wal;
  std::uint64_t index = 0;
  std::uint64_t offset = 0;  ///< wal: of the first byte; snapshot: 0, the key does not tell
  Compression compression = Compression::lz4;
  auto operator<=>(const ObjectName&) const = default;
};

/// REQUIRES: the generation has 16 lowercase hex digits, a snapshot has offset 0.
[[nodiscard]] std::string key_of(const ObjectName& name);

/// nullopt: not a key of ours, such as a temporary file, upper-case digits or "..". Never throws, whatever the text is.
[[nodiscard]] std::optional<ObjectName> parse_key(std::string_view key);

/// The generation that stands in any key below one, also in "generations/<generation>/", of an object or not; for
/// listings that stop at a '/'. Empty: none.
[[nodiscard]] std::string_view generation_of_key(std::string_view key) noexcept;

/// What listings begin with; each ends in '/'.
[[nodiscard]] std::string generations_prefix();
[[nodiscard]] std::string generation_prefix(std::string_view generation);
[[nodiscard]] std::string snapshots_prefix(std::string_view generation);
[[nodiscard]] std::string wal_prefix(std::string_view generation);

}  // namespace lshost::engine
