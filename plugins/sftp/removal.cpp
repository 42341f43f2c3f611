#include "removal.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "folder.hpp"
#include "names.hpp"

namespace lshost::sftp {
namespace {

constexpr std::size_t kRemovalsInFlight = 64;

/// Removes files, many requests at a time.
class Removal {
 public:
  explicit Removal(Client& client) : client_(client) {}

  void add(const std::string& path) {
    if (asked_.size() == kRemovalsInFlight) settle();
    asked_.emplace_back(client_.post([&](RequestId id) { return one_text_packet(PacketType::remove, id, path); }),
                        path);
  }

  void finish() {
    while (!asked_.empty()) settle();
    if (refused_) throw Refused(*refused_);
  }

 private:
  void settle() {
    const auto [id, path] = std::move(asked_.front());
    asked_.pop_front();
    const Status status = parse_status(client_.await(id));
    if (status.is_ok() || status.code == StatusCode::no_such_file || refused_) return;
    refused_.emplace(status, client_.server(), "remove " + path);
  }

  Client& client_;
  std::deque<std::pair<RequestId, std::string>> asked_;  // oldest first
  std::optional<Refused> refused_;
};

}  // namespace

void remove_keys(Remote& remote, std::span<const std::string> keys) {
  std::vector<std::string> paths;
  std::set<std::string> folders;
  for (const std::string& key : keys) {
    paths.push_back(remote.path_of(key));
    folders.insert(parent_of(paths.back()));
  }
  if (paths.empty()) return;
  remote.pool().with([&](Client& client) {
    Removal removal(client);
    for (const std::string& path : paths) removal.add(path);
    removal.finish();
    // Deeper ones first; a folder that goes is prepared again by the put that needs it.
    for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
      remove_empty_folders(client, *folder, remote.options().path);
    }
    return true;
  });
}

}  // namespace lshost::sftp
