#include "remote.hpp"

#include <utility>

#include "folder.hpp"
#include "names.hpp"
#include "ssh_wire.hpp"

namespace lshost::sftp {
namespace {

constexpr std::size_t kLeftBehindMax = 100;  // the rest is found by age

}  // namespace

Remote::Remote(Context context, Options options)
    : context_(context),
      options_(std::move(options)),
      pool_(std::make_shared<Pool>([this] { return connect(); }, options_.server.timeout,
                                   [context] { return context.Stopping(); })) {}

std::string Remote::path_of(const std::string& key) const {
  check_key(key);
  return join(options_.path, key);
}

std::unique_ptr<Client> Remote::connect() {
  auto wire = connect_over_ssh(options_.server, [context = context_] { return context.Stopping(); });
  auto client = std::make_unique<Client>(std::move(wire), options_.server.address.text());
  tell_what_is_missing(client->extensions());
  return client;
}

void Remote::tell_what_is_missing(const Extensions& extensions) {
  {
    const std::lock_guard hold(mutex_);
    if (std::exchange(has_told_, true)) return;
  }
  if (!extensions.fsync) {
    context_.Warn("the server can not sync files: what it stores may be lost when it loses power",
                  {{"server", options_.server.name()}, {"missing", kFsync}});
  }
  if (!extensions.posix_rename) {
    context_.Warn("the server can not replace a file in one step: it is removed first",
                  {{"server", options_.server.name()}, {"missing", kPosixRename}});
  }
}

void Remote::prepare_folder(Client& client, const std::string& folder) {
  {
    const std::lock_guard hold(mutex_);
    if (prepared_.contains(folder)) return;
  }
  make_folders(client, folder);
  const std::lock_guard hold(mutex_);
  prepared_.insert(folder);
}

void Remote::forget_folder(const std::string& folder) {
  const std::lock_guard hold(mutex_);
  prepared_.erase(folder);
}

void Remote::leave_behind(const std::string& path) {
  const std::lock_guard hold(mutex_);
  if (left_behind_.size() < kLeftBehindMax) left_behind_.push_back(path);
}

void Remote::remove_left_behind(Client& client) {
  std::vector<std::string> paths;
  {
    const std::lock_guard hold(mutex_);
    paths.swap(left_behind_);
  }
  for (const std::string& path : paths) {
    client.forget(client.post([&](RequestId id) { return one_text_packet(PacketType::remove, id, path); }));
  }
}

}  // namespace lshost::sftp
