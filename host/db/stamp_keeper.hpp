#pragma once
// Makes the stamps of one database while a host is attached, and asks the last one when a host attaches.

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "db/attachment.hpp"
#include "db/capture.hpp"
#include "db/position.hpp"
#include "os/fs.hpp"

namespace lshost::db {

/// Threads: the database's thread. Borrows attachment and capture; lives as long as the attachment.
class StampKeeper {
 public:
  StampKeeper(os::Fs& fs, std::string file, Attachment& attachment, const Capture& capture, const Clock& clock,
              std::string database_name);

  /// The stamp of an earlier run proves that nothing happened to the database file since `position`. The attachment is
  /// guarded, so nothing that the answer rests on can change after it.
  [[nodiscard]] bool holds(const Position& position) const;

  /// Makes a stamp for `tip`, the end of what is captured, if all of it is in the database file. How long until that
  /// can be done; nullopt: nothing to do. Cheap when there is none to make. A failure is logged: it costs continuity
  /// only.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> keep(const Position& tip) noexcept;
  /// As for leaving: waits until it can be done, kStampAge at most.
  void keep_last(const Position& tip) noexcept;

 private:
  [[nodiscard]] bool is_all_in_file() const;
  void store(const std::string& text) const;

  os::Fs& fs_;
  const std::string file_;
  Attachment& attachment_;
  const Capture& capture_;
  const Clock& clock_;
  const std::string database_name_;
  Position done_;  // a stamp was made for this position, or need not be tried any more
};

}  // namespace lshost::db
