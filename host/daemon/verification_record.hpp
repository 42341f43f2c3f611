#pragma once
// What is known of a replica's verifications, kept in the metadata directory so that a restart neither forgets a lie
// nor makes a new one of it: the pauses between verifications, and between sending again, go on.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "config/config.hpp"
#include "daemon/verify_policy.hpp"
#include "os/fs.hpp"

namespace lshost::daemon {

/// The text of a record, and back. `destination` says what the replica was configured as. What can not be read, or is
/// about another destination, is a history that has not begun. Pure.
[[nodiscard]] std::string encode_history(const VerifyHistory& history, std::uint64_t destination);
[[nodiscard]] VerifyHistory decode_history(std::string_view text, std::uint64_t destination);

/// Of the plugin and its keys: another place, another number.
[[nodiscard]] std::uint64_t destination_of(const config::ReplicaConfig& config);

/// Thread-safe. Errors: none; a record that can not be stored is logged once and lives in memory.
class VerificationRecord {
 public:
  /// Reads `directory`/NAME.json. `fs` is borrowed.
  VerificationRecord(os::Fs& fs, std::string directory, const config::ReplicaConfig& config);

  [[nodiscard]] VerifyHistory history() const LSHOST_EXCLUDES(mutex_);
  void set(VerifyHistory history) LSHOST_EXCLUDES(mutex_);

 private:
  os::Fs& fs_;
  const std::string directory_;
  const std::string name_;  // of the file
  const std::uint64_t destination_;
  bool has_logged_ = false;  // of the thread that sets

  mutable Mutex mutex_;
  VerifyHistory history_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::daemon
