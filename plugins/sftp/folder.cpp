#include "folder.hpp"

#include <deque>
#include <ranges>
#include <vector>

#include "names.hpp"

namespace lshost::sftp {
namespace {

constexpr std::size_t kReadsAhead = 4;

/// A listing in progress: closed, and its answers forgotten, whatever happens.
class OpenFolder {
 public:
  OpenFolder(Client& client, std::string handle, const std::string& path)
      : client_(client), handle_(std::move(handle)), path_(path) {}
  OpenFolder(const OpenFolder&) = delete;
  OpenFolder& operator=(const OpenFolder&) = delete;
  ~OpenFolder() {
    try {
      for (const RequestId id : asked_) client_.forget(id);
      if (client_.is_usable()) client_.drop(handle_);
    } catch (...) {
      // The connection is given up, and its handles with it.
    }
  }

  /// The next names; nothing at the end.
  [[nodiscard]] std::vector<Entry> next() {
    while (asked_.size() < kReadsAhead) {
      asked_.push_back(client_.post([&](RequestId id) { return one_text_packet(PacketType::readdir, id, handle_); }));
    }
    const Reply reply = client_.await(asked_.front());
    asked_.pop_front();
    if (reply.type != PacketType::status) return some(parse_names(reply));
    const Status status = parse_status(reply);
    if (status.code != StatusCode::eof) throw Refused(status, client_.server(), "list " + path_);
    return {};
  }

 private:
  static std::vector<Entry> some(std::vector<Entry> entries) {
    if (entries.empty()) throw BadReply("a listing that has neither names nor an end");
    return entries;
  }

  Client& client_;
  std::string handle_;
  const std::string& path_;
  std::deque<RequestId> asked_;
};

}  // namespace

bool list_folder(Client& client, const std::string& path, const std::function<void(const Entry&)>& each) {
  const Reply reply = client.call([&](RequestId id) { return one_text_packet(PacketType::opendir, id, path); });
  if (reply.type == PacketType::status && parse_status(reply).code == StatusCode::no_such_file) return false;
  OpenFolder folder(client, client.handle_of(reply, "list " + path), path);
  for (auto entries = folder.next(); !entries.empty(); entries = folder.next()) {
    for (const Entry& entry : entries) {
      if (entry.name == "." || entry.name == "..") continue;
      if (entry.name.find('/') != std::string::npos) throw BadReply("a name with '/' in it");
      each(entry);
    }
  }
  return true;
}

void make_folders(Client& client, const std::string& path) {
  std::vector<std::string> missing;
  std::string folder = path;
  for (; folder != "/" && folder != "." && !client.facts(folder); folder = parent_of(folder)) missing.push_back(folder);
  for (const std::string& next : std::views::reverse(missing)) (void)client.make_folder(next);
  std::vector<std::string> parents;
  for (folder = path; folder != "/" && folder != "."; folder = parent_of(folder)) parents.push_back(parent_of(folder));
  (void)sync_folders(client, parents);
}

bool sync_folders(Client& client, std::span<const std::string> paths) {
  if (!client.extensions().fsync) return false;
  std::vector<RequestId> opening;
  for (const std::string& path : paths) {
    opening.push_back(client.post([&](RequestId id) { return open_packet(id, path, kOpenRead); }));
  }
  std::vector<RequestId> syncing;
  for (const RequestId id : opening) {
    const Reply opened = client.await(id);
    if (opened.type == PacketType::status) continue;
    const std::string handle = parse_handle(opened);
    syncing.push_back(client.post([&](RequestId sync) { return extended_packet(sync, kFsync, handle); }));
    client.drop(handle);
  }
  bool all = syncing.size() == paths.size();
  for (const RequestId id : syncing) all = parse_status(client.await(id)).is_ok() && all;
  return all;
}

void remove_empty_folders(Client& client, std::string path, const std::string& root) {
  for (; path.size() > root.size() && path.starts_with(root); path = parent_of(path)) {
    const Reply reply = client.call([&](RequestId id) { return one_text_packet(PacketType::rmdir, id, path); });
    const Status status = parse_status(reply);
    // Not empty is the ordinary case; a missing one was removed by somebody else.
    if (!status.is_ok() && status.code != StatusCode::no_such_file) return;
  }
}

}  // namespace lshost::sftp
