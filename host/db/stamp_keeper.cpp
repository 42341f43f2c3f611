#include "db/stamp_keeper.hpp"

#include <exception>
#include <span>
#include <utility>

#include "db/stamp.hpp"
#include "obs/log.hpp"

namespace lshost::db {

StampKeeper::StampKeeper(os::Fs& fs, std::string file, Attachment& attachment, const Capture& capture,
                         const Clock& clock, std::string database_name)
    : fs_(fs),
      file_(std::move(file)),
      attachment_(attachment),
      capture_(capture),
      clock_(clock),
      database_name_(std::move(database_name)) {}

bool StampKeeper::holds(const Position& position) const {
  const auto text = os::read_small_file(fs_, "stamp", file_);
  const auto stamp = text ? parse_stamp(*text) : std::nullopt;
  return stamp && !boot_id().empty() && *stamp == Stamp{position, attachment_.database_state(), boot_id()};
}

std::optional<std::chrono::nanoseconds> StampKeeper::keep(const Position& tip) noexcept {
  try {
    if (boot_id().empty() || done_ == tip) return std::nullopt;
    // In this order: what the file's times say is looked at before what the file holds. A change in between makes the
    // stamp one that never holds.
    const UnixNanos now = clock_.unix_now();
    const Stamp stamp{tip, attachment_.database_state(), boot_id()};
    if (!is_all_in_file() || attachment_.guard().has_let_go()) return std::nullopt;
    const auto wait = settles_in(stamp.file, now);
    if (wait && *wait > std::chrono::nanoseconds(0)) return wait;
    done_ = tip;
    if (wait) store(encode_stamp(stamp));
  } catch (const std::exception& e) {
    obs::log(obs::Level::warn, "database", "a restart of lshost may need a new generation: no stamp could be made",
             {{"db", database_name_}, {"error", e.what()}});
  }
  return std::nullopt;
}

void StampKeeper::keep_last(const Position& tip) noexcept {
  const auto wait = keep(tip);
  if (!wait || *wait > kStampAge) return;
  pause_for(*wait);
  (void)keep(tip);
}

bool StampKeeper::is_all_in_file() const {
  const auto header = attachment_.index().try_read_header();
  if (!header) return false;
  return header->max_frame == 0 || (attachment_.index().backfilled_frames() == header->max_frame &&
                                    capture_.captured_frames(*header) == header->max_frame);
}

/// Not made durable: after a power cut it is not trusted anyway.
void StampKeeper::store(const std::string& text) const {
  const auto file = fs_.create("stamp", file_ + ".tmp", 0600);
  file->append("stamp", std::as_bytes(std::span(text.data(), text.size())));
  file->close("stamp");
  fs_.rename("stamp", file_ + ".tmp", file_);
}

}  // namespace lshost::db
