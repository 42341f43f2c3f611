#include "db/continuity.hpp"

namespace lshost::db {

std::string_view to_string(NewGeneration reason) noexcept {
  switch (reason) {
    case NewGeneration::first_start:
      return "there is no local state to go on from";
    case NewGeneration::local_state_damaged:
      return "the local state can not be used";
    case NewGeneration::nothing_captured:
      return "the last generation captured nothing to go on from";
    case NewGeneration::restarted_while_away:
      return "the log was restarted while no host was attached";
    case NewGeneration::went_back:
      return "the log is shorter than what was captured";
    case NewGeneration::diverged:
      return "the log differs from what was captured";
    case NewGeneration::page_size_changed:
      return "the page size changed";
    case NewGeneration::database_replaced:
      return "another database file lies under the name";
    case NewGeneration::restarted_while_guarded:
      return "the log was restarted in spite of our lock";
    case NewGeneration::replica_ahead:
      return "a replica holds more than the local state";
    case NewGeneration::capture_not_durable:
      return "the shadow WAL could not be made durable";
    case NewGeneration::replica_not_verified:
      return "a replica failed its verification and is sent again";
  }
  return "unknown";
}

std::optional<NewGeneration> check_continuity(const LastCapture& last, const LiveLog& live) noexcept {
  if (live.index.page_size != 0 && live.index.page_size != last.page_size) return NewGeneration::page_size_changed;
  if (live.index.salt != last.salt) {
    if (live.stamp_holds) return std::nullopt;
    return NewGeneration::restarted_while_away;
  }
  if (live.index.max_frame < last.frames) return NewGeneration::went_back;
  if (last.frames > 0 && live.last_frame_equal != true) return NewGeneration::diverged;
  return std::nullopt;
}

}  // namespace lshost::db
