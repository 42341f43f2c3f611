#include "soak/damage.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <tuple>

#include "soak/scene.hpp"
#include "support/app_database.hpp"

namespace lshost::test {
namespace {

namespace fs = std::filesystem;

/// A replica that is needed to see what was wrong outlives the soak. Says where.
std::string kept(const std::string& replica) {
  std::string place = (fs::temp_directory_path() / "lshost-soak-kept-XXXXXX").string();
  if (::mkdtemp(place.data()) == nullptr) return "; the replica could not be kept";
  fs::copy(replica, place, fs::copy_options::recursive);
  return "; the replica is kept in " + place;
}

/// One file's bytes, hurt. Returns what was done.
std::string hurt_bytes(Bytes& bytes, std::mt19937_64& random) {
  const auto place = [&] { return bytes.empty() ? 0 : static_cast<std::size_t>(random() % bytes.size()); };
  switch (between(random, 0, 5)) {
    case 0: {
      if (bytes.empty()) return "nothing";
      const auto at = place();
      const auto bit = static_cast<unsigned>(random() % 8);
      bytes[at] ^= static_cast<std::byte>(1U << bit);
      return "bit " + std::to_string(bit) + " of byte " + std::to_string(at) + " flipped";
    }
    case 1: {
      bytes.resize(place());
      return "cut to " + std::to_string(bytes.size()) + " bytes";
    }
    case 2: {
      // As a torn append leaves it: the last few hundred bytes are missing.
      bytes.resize(bytes.size() - std::min<std::size_t>(bytes.size(), random() % 600));
      return "torn at " + std::to_string(bytes.size());
    }
    case 3: {
      const auto at = place();
      const auto size = std::min<std::size_t>(bytes.size() - at, random() % 9000);
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), size, std::byte{0});
      return std::to_string(size) + " bytes at " + std::to_string(at) + " zeroed";
    }
    case 4: {
      const auto size = random() % 5000;
      for (std::uint64_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(random()));
      return std::to_string(size) + " bytes of garbage behind it";
    }
    default: {
      // A block of the file where another belongs.
      if (bytes.size() < 2) return "nothing";
      const auto from = place();
      const auto to = place();
      const auto size = std::min<std::size_t>({bytes.size() - from, bytes.size() - to, random() % 5000});
      const Bytes block(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                        bytes.begin() + static_cast<std::ptrdiff_t>(from + size));
      std::copy(block.begin(), block.end(), bytes.begin() + static_cast<std::ptrdiff_t>(to));
      return std::to_string(size) + " bytes of " + std::to_string(from) + " over those of " + std::to_string(to);
    }
  }
}

}  // namespace

DamageTarget::DamageTarget(std::mt19937_64& random) : good_(folder_ / "good"), hurt_(folder_ / "hurt/replica") {
  SceneOptions options;
  options.type = type_ = between(random, 0, 1) == 0 ? "file" : "folder";
  options.replica_folder = good_;
  options.replica_more = type_ == "folder" ? "sync-interval = \"0s\"\nsegment-size = \"64KiB\"\n" : "";
  options.replica_more += "snapshot-interval = \"1s\"\n";
  options.database_more = "min-checkpoint-pages = 20\n";
  options.writer = {"page_size=" + std::to_string(512 << between(random, 0, 3))};
  Scene scene(options);
  for (int life = 0; life < 2; ++life) {
    scene.start_writer({"payload=1500", "autocheckpoint=0", "pause_us=3000"});
    scene.wait_for_commits(1);  // a snapshot of a database without a ledger could not be checked
    scene.start_host();
    scene.wait_for_commits(30);
    // Long enough for a second snapshot in the same generation.
    wait_for("a second snapshot", [&] {
      return files_of(good_, type_ == "file" ? ".snapshot" : ".snapshot.lz4").size() >
             static_cast<std::size_t>(2 * life + 1);
    });
    scene.settle();
    fs::remove_all(scene.folder() + "/.app.db-lshost");  // the next life is another generation
  }
  good_ = scene.replica();
  fs::create_directories(hurt_);
  fs::copy(good_, hurt_, fs::copy_options::recursive);
  for (const auto& entry : fs::recursive_directory_iterator(good_)) {
    if (entry.is_regular_file()) names_.push_back(fs::relative(entry.path(), good_).string());
  }
  std::sort(names_.begin(), names_.end());
  positions_ = reader_.positions(type_, good_);
  if (positions_.size() < 10) throw std::runtime_error("a replica with too little in it to be hurt");
}

std::string DamageTarget::hurt(std::mt19937_64& random, std::vector<std::string>& touched) const {
  // Mostly what the newest restore needs; something old is hurt as well.
  const auto newest = "generations/" + positions_.back().generation + "/";
  const auto choose = [&] {
    for (;;) {
      const auto& name = names_[static_cast<std::size_t>(random() % names_.size())];
      if (name.starts_with(newest) || random() % 4 == 0) return name;
    }
  };
  const auto name = choose();
  const auto other = choose();
  const auto path = hurt_ + "/" + name;
  const auto other_path = hurt_ + "/" + other;
  touched.push_back(name);
  if (!fs::exists(path)) return name + " is gone already";
  switch (between(random, 0, 9)) {
    case 0:
      fs::remove(path);
      return name + " removed";
    case 1:
      touched.push_back(other);
      if (!fs::exists(other_path) || name == other) return "nothing";
      fs::rename(path, path + ".swap");
      fs::rename(other_path, path);
      fs::rename(path + ".swap", other_path);
      return name + " and " + other + " swapped";
    case 2:
      touched.push_back(other);
      if (!fs::exists(other_path) || name == other) return "nothing";
      fs::copy_file(path, other_path, fs::copy_options::overwrite_existing);
      return name + " copied over " + other;
    case 3: {
      const auto folder = fs::path(name).parent_path().string();
      for (const auto& each : names_) {
        if (each.starts_with(folder + "/")) touched.push_back(each);
      }
      fs::remove_all(hurt_ + "/" + folder);
      return folder + " removed";
    }
    default: {
      auto bytes = file_bytes(path);
      const auto what = hurt_bytes(bytes, random);
      write_file(path, bytes);
      return name + ": " + what;
    }
  }
}

void DamageTarget::check_positions() const {
  auto positions = positions_;
  std::sort(positions.begin(), positions.end(), [](const auto& a, const auto& b) {
    return std::tie(a.generation, a.index, a.offset) < std::tie(b.generation, b.index, b.offset);
  });
  std::int64_t before = 0;
  std::string generation;
  for (const auto& at : positions) {
    const auto where = type_ + " replica, undamaged, as of " + db::to_string(at) + ": ";
    RestoreAnswer answer;
    try {
      answer = reader_.restore(type_, good_, at);
    } catch (const std::exception& e) {
      throw Wrong(Wrong::Kind::restore, where + e.what() + kept(good_));
    }
    // WAL is kept from the start of the index that a first snapshot is of.
    if (!answer.ledger && answer.refusal.find("is before the first snapshot") != std::string::npos) continue;
    if (!answer.ledger) throw Wrong(Wrong::Kind::durable, where + answer.refusal);
    if (at.generation == generation && answer.ledger->commit < before)
      throw Wrong(Wrong::Kind::restore, where + "commit " + std::to_string(answer.ledger->commit) + ", and before it " +
                                            std::to_string(before));
    generation = at.generation;
    before = answer.ledger->commit;
  }
}

void DamageTarget::put_right(const std::vector<std::string>& touched) const {
  for (const auto& name : touched) {
    fs::create_directories(fs::path(hurt_ + "/" + name).parent_path());
    fs::copy_file(good_ + "/" + name, hurt_ + "/" + name, fs::copy_options::overwrite_existing);
    fs::last_write_time(hurt_ + "/" + name, fs::last_write_time(good_ + "/" + name));
  }
}

DamageTarget::Outcome DamageTarget::hurt_and_restore(std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  std::vector<std::string> touched;
  Outcome outcome;
  outcome.damage = hurt(random, touched);
  if (between(random, 0, 2) == 0) outcome.damage += "; " + hurt(random, touched);
  std::optional<db::Position> at;
  if (between(random, 0, 1) == 0) at = positions_[static_cast<std::size_t>(random() % positions_.size())];
  const auto where = type_ + " replica, seed " + std::to_string(seed) + ", " + outcome.damage + ", " +
                     (at ? "as of " + db::to_string(*at) : "newest") + ": ";
  RestoreAnswer answer;
  try {
    answer = reader_.restore(type_, hurt_, at);
  } catch (const std::exception& e) {
    throw Wrong(Wrong::Kind::restore, where + "the restore gave no commit: " + e.what() + kept(hurt_));
  }
  put_right(touched);
  outcome.is_refused = !answer.ledger;
  outcome.refusal = answer.refusal;
  if (outcome.is_refused) return outcome;
  if (at && answer.target != *at)
    throw Wrong(Wrong::Kind::restore,
                where + "asked for " + db::to_string(*at) + ", it gave " + db::to_string(answer.target));
  const auto right = reader_.restore(type_, good_, answer.target);
  if (right.ledger != answer.ledger)
    throw Wrong(Wrong::Kind::restore, where + "the restore as of " + db::to_string(answer.target) + " gave commit " +
                                          std::to_string(answer.ledger->commit) + "; undamaged it is " +
                                          (right.ledger ? std::to_string(right.ledger->commit) : right.refusal));
  return outcome;
}

}  // namespace lshost::test
