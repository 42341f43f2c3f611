#pragma once
// A good replica, hurt at random again and again.

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "support/quick_dir.hpp"
#include "support/replica_reader.hpp"

namespace lshost::test {

/// A replica with two generations, several indexes and snapshots, of the plugin "file" or of the store "folder".
///
/// Threads: one.
class DamageTarget {
 public:
  explicit DamageTarget(std::mt19937_64& random);

  struct Outcome {
    std::string damage;       ///< what was done
    bool is_refused = false;  ///< else one commit, which is what its position promises
    std::string refusal;
  };
  /// Undamaged, every position gives a commit, and a later one no earlier commit. Throws Wrong.
  void check_positions() const;
  /// Does one or two damages chosen by `seed`, restores, and puts the replica right again. Throws Wrong where the
  /// restore gave anything but what the undamaged replica gives for the same position.
  [[nodiscard]] Outcome hurt_and_restore(std::uint64_t seed) const;

 private:
  /// Returns what it did; the names that it touched are in `touched`.
  [[nodiscard]] std::string hurt(std::mt19937_64& random, std::vector<std::string>& touched) const;
  void put_right(const std::vector<std::string>& touched) const;

  QuickDir folder_;
  std::string type_;
  std::string good_;
  std::string hurt_;
  std::vector<std::string> names_;
  std::vector<db::Position> positions_;
  ReplicaReader reader_;
};

}  // namespace lshost::test
