#include "listing.hpp"

#include <chrono>
#include <vector>

#include "folder.hpp"
#include "names.hpp"

namespace lshost::sftp {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
/// However many names a server tells of, they must fit into memory.
constexpr std::size_t kNamesMax = 5'000'000;
constexpr std::chrono::hours kAbandonedAfter{24};  // much longer than clocks of two machines differ

bool is_abandoned(const Attributes& facts) {
  if (!facts.modified_s || !facts.is_regular()) return false;
  const auto modified = std::chrono::system_clock::time_point(std::chrono::seconds(*facts.modified_s));
  return std::chrono::system_clock::now() - modified > kAbandonedAfter;
}

/// One listing: folders are looked into one after the other.
class Walk {
 public:
  Walk(Remote& remote, const std::function<void(const Blob&)>& each) : remote_(remote), each_(each) {}

  void run(const std::string& prefix) {
    const PrefixPlace place = place_of(prefix);
    // A prefix that no key begins with has no keys; and must not lead out of the folder.
    if (!place.folder.empty() && !is_key(place.folder + "x")) return;
    to_visit_.push_back(place.folder);
    std::string name_prefix = place.name_prefix;
    while (!to_visit_.empty()) {
      const std::string folder = std::move(to_visit_.back());
      to_visit_.pop_back();
      visit(folder, name_prefix);
      name_prefix.clear();
    }
  }

 private:
  void visit(const std::string& folder, const std::string& name_prefix) {
    // Collected first, so that a listing that is begun again has told nothing twice.
    const auto found = remote_.pool().with([&](Client& client) {
      std::vector<Entry> entries;
      std::vector<std::string> abandoned;
      (void)list_folder(client, path_of(folder), [&](const Entry& entry) {
        if (entries.size() + abandoned.size() + to_visit_.size() >= kNamesMax) {
          throw Error(
              LSHOST_E_INVALID,
              path_of(folder) + " holds more than " + std::to_string(kNamesMax) + " names, which no replica has",
              LSHOST_ERR_OPERATOR);
        }
        if (is_temporary(entry.name)) {
          if (is_abandoned(entry.attributes)) abandoned.push_back(join(path_of(folder), entry.name));
        } else if (entry.name.starts_with(name_prefix) && is_key(folder + entry.name)) {
          entries.push_back(complete(client, folder, entry));
        }
      });
      remove(client, abandoned);
      return entries;
    });
    for (const Entry& entry : found) give(folder, entry);
  }

  void give(const std::string& folder, const Entry& entry) {
    const Attributes& facts = entry.attributes;
    if (facts.is_folder()) to_visit_.push_back(folder + entry.name + "/");
    if (!facts.is_regular()) return;
    each_({folder + entry.name, facts.size_bytes.value_or(0),
           facts.modified_s ? std::int64_t{*facts.modified_s} * kNsPerSecond : 0});
  }

  /// Servers may leave out of a listing what we need.
  Entry complete(Client& client, const std::string& folder, const Entry& entry) const {
    if (entry.attributes.permissions && entry.attributes.size_bytes) return entry;
    return {entry.name, client.facts(join(path_of(folder), entry.name)).value_or(Attributes{})};
  }

  void remove(Client& client, const std::vector<std::string>& abandoned) const {
    if (remote_.context().Offline()) return;
    for (const std::string& path : abandoned) {
      client.forget(client.post([&](RequestId id) { return one_text_packet(PacketType::remove, id, path); }));
    }
  }

  [[nodiscard]] std::string path_of(const std::string& folder) const {
    return folder.empty() ? remote_.options().path : join(remote_.options().path, folder.substr(0, folder.size() - 1));
  }

  Remote& remote_;
  const std::function<void(const Blob&)>& each_;
  std::vector<std::string> to_visit_;  // "" or "a/b/"
};

}  // namespace

void list_keys(Remote& remote, const std::string& prefix, const std::function<void(const Blob&)>& each) {
  Walk(remote, each).run(prefix);
}

}  // namespace lshost::sftp
