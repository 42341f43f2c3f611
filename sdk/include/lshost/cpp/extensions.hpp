// lshost/cpp/extensions.hpp - what a replicator may add: derive from these beside Replicator and override.
// SPDX-License-Identifier: MIT
//
//     class MyReplicator : public lshost::Replicator, public lshost::Restorable, public lshost::Removable { ... };
//
// The host sees what is there. Functions come from any thread, several at once, also on instances that were never
// started, also when offline. They may block; they throw Error.
#pragma once

#include <lshost/ext/config_schema.h>
#include <lshost/ext/restore.h>
#include <lshost/host.h>
#include <lshost/cpp/stream.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace lshost::inline v1 {

enum class ItemKind : std::int32_t {
  Generation = LSHOST_ITEM_GENERATION,
  Snapshot = LSHOST_ITEM_SNAPSHOT,
  Wal = LSHOST_ITEM_WAL,
};

/// Something at the destination. See lshost_item.
struct Item {
  ItemKind kind = ItemKind::Generation;
  Position position;            ///< snapshot: the image is as of here; WAL: its first byte
  std::uint64_t size = 0;       ///< bytes that Open() delivers
  std::int64_t created_ns = 0;  ///< generation, snapshot: of position; WAL: commit time of its first run; 0: not known
  std::int64_t updated_ns = 0;  ///< generation: of the last thing in it; WAL: commit time of its last run; 0: not known
  bool index_complete = false;  ///< WAL: its index ends with this item; the next index follows without a gap

  static Item From(const lshost_item& theirs);
  [[nodiscard]] lshost_item ToC() const noexcept;
};

/// Lists and reads back what lies at the destination.
class Restorable {
 public:
  using EachItem = std::function<void(const Item&)>;
  using EachTime = std::function<void(std::uint64_t end_offset, std::int64_t commit_ns)>;

  virtual ~Restorable() = default;
  /// Calls `each` for every item of one kind, in position order; `generation` is "" for generations. Unfinished and
  /// foreign things are left out. Nothing there is an empty list; not being able to look is an Error. What `each`
  /// throws is not a std::exception: let it pass.
  virtual void List(ItemKind kind, const std::string& generation, const EachItem& each) = 0;
  /// The raw SQLite bytes of a snapshot or WAL item. Error::Corrupt, here or while reading, if they are not what was
  /// stored; Error(LSHOST_E_NOT_FOUND) if it was removed meanwhile.
  [[nodiscard]] virtual std::unique_ptr<Source> Open(const Item& item) = 0;
  /// The commit times inside one WAL item, in order: all transactions that end at or before `end_offset` were committed
  /// by `commit_ns`. Nothing, where no more is known than the item says.
  virtual void CommitTimes(const Item& item, const EachTime& each) {
    (void)item;
    (void)each;
  }
};

/// Removes what the host's retention lets go.
class Removable {
 public:
  virtual ~Removable() = default;
  /// Removes items as they were listed, in the order given. A missing one is no error; a generation item removes all
  /// that is left of it.
  virtual void Remove(std::span<const Item> items) = 0;
};

/// Tells whether the destination is there and may be written.
class Probeable {
 public:
  virtual ~Probeable() = default;
  /// Reaches the destination, proves the credentials, writes and removes a probe. Returns within `deadline`.
  virtual void Probe(std::chrono::milliseconds deadline) = 0;
};

enum class ConfigType : std::int32_t {
  String = LSHOST_CFG_STRING,
  Int = LSHOST_CFG_INT,
  Bool = LSHOST_CFG_BOOL,
  Double = LSHOST_CFG_DOUBLE,
  Duration = LSHOST_CFG_DURATION,
  Size = LSHOST_CFG_SIZE,
};

/// The part of a replica's URL, type://user@host:port/path?key=value, that is the value of a key. See
/// lshost/ext/config_schema.h.
enum class UrlPart : std::uint32_t {
  None = 0,
  User = LSHOST_KEY_URL_USER,
  Host = LSHOST_KEY_URL_HOST,
  Path = LSHOST_KEY_URL_PATH,
};

/// A key of the configuration. A replicator that has `static std::span<const lshost::ConfigKey> Keys()` gets mistakes
/// in it reported with file, line and column before it is made, and its keys documented by `lshost plugin info`:
///
///     static std::span<const lshost::ConfigKey> Keys() {
///       static const lshost::ConfigKey keys[] = {{.key = "path", .required = true, .help = "folder to write to"}};
///       return keys;
///     }
///
/// All texts are static.
struct ConfigKey {
  const char* key;  ///< kebab-case
  ConfigType type = ConfigType::String;
  bool required = false;
  bool secret = false;  ///< never printed
  bool list = false;    ///< an array of `type`
  bool deprecated = false;
  const char* default_value = nullptr;  ///< as written in a configuration
  const char* help = "";                ///< one line
  const char* choices = nullptr;        ///< "a|b|c"
  UrlPart url = UrlPart::None;
};

// ---- implementation ----

inline Item Item::From(const lshost_item& theirs) {
  const lshost_item c = detail::CopyIn(theirs);
  Item item;
  item.kind = static_cast<ItemKind>(c.kind);
  item.position = Position::From(c.pos);
  item.size = c.size;
  item.created_ns = c.created_ns;
  item.updated_ns = c.updated_ns;
  item.index_complete = (c.flags & LSHOST_ITEM_INDEX_COMPLETE) != 0;
  return item;
}

inline lshost_item Item::ToC() const noexcept {
  lshost_item c{};
  c.struct_size = sizeof c;
  c.kind = static_cast<std::int32_t>(kind);
  c.pos = position.ToC();
  c.size = size;
  c.created_ns = created_ns;
  c.updated_ns = updated_ns;
  c.flags = detail::FlagIf(index_complete, LSHOST_ITEM_INDEX_COMPLETE);
  return c;
}

}  // namespace lshost::inline v1
