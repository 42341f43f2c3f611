#pragma once
// Keeps the page map of one database current while a host is attached, and has it ready when one attaches again.
//
// A new map is read off the database file in slices, while the application goes on. A page that somebody moves into the
// file meanwhile is in a frame of the index that was current when the reading began, or of a later one: all of these
// are applied behind it, so what was read of such a page does not matter; the other pages do not change. Afterwards an
// index of the shadow WAL is read once more before it is let go, and what it changed is appended to the map's log.

#include <cstdint>
#include <optional>
#include <string>

#include "db/attachment.hpp"
#include "db/meta_dir.hpp"
#include "db/page_map.hpp"
#include "db/page_map_file.hpp"
#include "db/shadow_wal.hpp"
#include "os/fs.hpp"

namespace lshost::db {

/// Threads: the database's thread. Borrows attachment and shadow WAL; lives as long as the attachment.
/// Errors: a failure is logged and costs the map, which is then made anew; nothing else depends on it.
class PageMapKeeper {
 public:
  PageMapKeeper(os::Fs& fs, MetaDir meta, const Attachment& attachment, ShadowWal& shadow, std::string database_name);

  /// The map at the end of the shadow WAL that was loaded. nullopt: there is none that is proven to be it.
  /// Cost: reads the base, 2 MB for a database of 1 GB with pages of 4096 bytes, and the frames since the last record.
  [[nodiscard]] std::optional<PageMap> load() noexcept;
  /// A generation has begun, or what is on the disk can not be used: it is removed.
  void start_over() noexcept;

  /// There is no map yet.
  [[nodiscard]] bool is_incomplete() const noexcept { return !standing_.has_value(); }
  /// Reads some more of the database. True: all of it was read, and everything committed until now has to be captured
  /// and durable in the shadow WAL before finish().
  [[nodiscard]] bool read_some() noexcept;
  /// The map is valid from the end of the shadow WAL on.
  void finish() noexcept;

  /// Indexes below `index` are to be let go. The first index that has to stay; at most `index`.
  [[nodiscard]] std::uint64_t let_go(std::uint64_t index) noexcept;

 private:
  struct Standing {
    PageMapHead head;
    std::uint32_t base_pages = 0;
    std::uint64_t next_index = 0;  // the first one without a record
    std::uint64_t log_size = 0;
  };
  struct Reading {
    PageMap map;
    std::uint64_t fold_from = 0;
    std::uint32_t next_page = 1;
  };

  [[nodiscard]] std::string base_path() const { return meta_.page_map_file(); }
  [[nodiscard]] std::string log_path() const { return meta_.page_log_file(); }
  /// Base and records. Sets standing_.
  [[nodiscard]] std::optional<PageMap> load_recorded();
  void store_base(const PageMapHead& head, const PageMap& map);
  void record(std::uint64_t below);
  void compact();
  void failed(const std::exception& failure) noexcept;

  os::Fs& fs_;
  const MetaDir meta_;
  const Attachment& attachment_;
  ShadowWal& shadow_;
  const std::string database_name_;
  std::optional<Standing> standing_;
  std::optional<Reading> reading_;
};

}  // namespace lshost::db
