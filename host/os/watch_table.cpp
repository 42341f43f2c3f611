#include "os/watch_table.hpp"

#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"

namespace lshost::os {
namespace {

// A file that is unlinked while somebody has it open says so with IN_ATTRIB (its link count changed); IN_DELETE_SELF
// comes only when the last descriptor is closed.
constexpr std::uint32_t kInodeMask = IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

// Without IN_MODIFY: every write to a -wal would then be told twice, by the file's watch and by the directory's, and
// two kinds of events that alternate do not merge in the kernel's queue. Who wants the writes watches the file.
constexpr std::uint32_t kDirectoryMask =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

/// The number of the kernel's watch, or -1 with errno. IN_MASK_ADD, because the inode may be watched already for
/// another reason.
int add_watch(int inotify, const std::string& path, std::uint32_t mask) {
  return ::inotify_add_watch(inotify, path.c_str(), mask | IN_MASK_ADD);
}

[[noreturn]] void throw_watch_failed(const std::string& path, int err) {
  if (err != ENOSPC) throw_errno("watch", path, err);
  throw Error(ErrorCode::no_space, "watch " + path +
                                       ": the kernel's limit on watched files is reached; hint: raise the sysctl "
                                       "fs.inotify.max_user_watches.");
}

void make_due(const SubscriberPtr& subscriber, Subscribers& due) {
  if (subscriber->is_due) return;
  subscriber->is_due = true;
  due.push_back(subscriber);
}

std::size_t common_prefix_size(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

/// Calls `found` for each key of the sorted `names` that `name` starts with, the longest first.
template <class Names, class Fn>
void for_each_prefix(const Names& names, std::string_view name, Fn&& found) {
  for (;;) {
    auto after = names.upper_bound(name);
    if (after == names.begin()) return;
    const std::string_view candidate = std::prev(after)->first;
    // Whatever else is a prefix of the name is one of what it has in common with its neighbour in the order.
    const auto common = common_prefix_size(candidate, name);
    if (common == candidate.size()) {
      for (auto [it, end] = names.equal_range(candidate); it != end; ++it) found(it->second);
      if (candidate.empty()) return;
      name = name.substr(0, common - 1);
    } else {
      name = name.substr(0, common);
    }
  }
}

}  // namespace

void WatchTable::add_file(const SubscriberPtr& subscriber, const std::string& path) {
  const int watch = add_watch(inotify_, path, kInodeMask);
  if (watch < 0) throw_watch_failed(path, errno);
  share_inode(watch, subscriber);
}

void WatchTable::add_name(const SubscriberPtr& subscriber) {
  const int watch = add_watch(inotify_, subscriber->directory, kDirectoryMask);
  if (watch < 0) throw_watch_failed(subscriber->directory, errno);
  watches_[watch].names.emplace(subscriber->name, subscriber);
  subscriber->directory_watch = watch;
  try {
    follow_file(subscriber, /*must_have_room=*/true);
  } catch (...) {
    forget(subscriber);
    throw;
  }
}

void WatchTable::forget(const SubscriberPtr& subscriber) {
  leave_inode(subscriber);
  leave_directory(subscriber);
}

/// Watches the file that has the name now, whether that is a new one, the same one, or none.
void WatchTable::follow_file(const SubscriberPtr& subscriber, bool must_have_room) {
  if (subscriber->name.empty() || subscriber->events == NameEvents::names) return;
  const std::string path = subscriber->directory + "/" + subscriber->name;
  const int watch = add_watch(inotify_, path, kInodeMask);
  if (watch < 0 && errno == ENOSPC && must_have_room) throw_watch_failed(path, errno);
  if (watch == subscriber->inode_watch) return;
  leave_inode(subscriber);
  if (watch >= 0) share_inode(watch, subscriber);
}

void WatchTable::share_inode(int watch, const SubscriberPtr& subscriber) {
  watches_[watch].inode.push_back(subscriber);
  subscriber->inode_watch = watch;
}

void WatchTable::leave_inode(const SubscriberPtr& subscriber) {
  const int watch = std::exchange(subscriber->inode_watch, -1);
  if (watch < 0) return;
  std::erase(watches_.at(watch).inode, subscriber);
  drop_if_unused(watch);
}

void WatchTable::leave_directory(const SubscriberPtr& subscriber) {
  const int watch = std::exchange(subscriber->directory_watch, -1);
  if (watch < 0) return;
  auto& names = watches_.at(watch).names;
  const auto [begin, end] = names.equal_range(subscriber->name);
  names.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == subscriber; }));
  drop_if_unused(watch);
}

void WatchTable::drop_if_unused(int watch) {
  const auto it = watches_.find(watch);
  if (!it->second.inode.empty() || !it->second.names.empty()) return;
  watches_.erase(it);
  // Fails if the inode is gone and its IN_IGNORED still unread. Numbers are not used again, so nobody else suffers.
  (void)::inotify_rm_watch(inotify_, watch);
}

void WatchTable::on_event(const WatchEvent& event, Subscribers& due) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) return on_overflow(due);
  const auto it = watches_.find(event.watch);
  if (it == watches_.end()) return;  // a watch that was removed before its last events were read
  if (!event.name.empty()) return on_name_event(it->second, event, due);
  on_inode_event(it->second, due);
  if ((event.mask & IN_IGNORED) != 0) on_watch_gone(event.watch);
}

void WatchTable::on_name_event(const KernelWatch& watch, const WatchEvent& event, Subscribers& due) {
  Subscribers replaced;  // whose own file is a new one; followed below, since that changes the table
  for_each_prefix(watch.names, event.name, [&](const SubscriberPtr& subscriber) {
    make_due(subscriber, due);
    if (subscriber->name == event.name && (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0) replaced.push_back(subscriber);
  });
  for (const auto& subscriber : replaced) follow_file(subscriber, /*must_have_room=*/false);
}

void WatchTable::on_inode_event(const KernelWatch& watch, Subscribers& due) {
  for (const auto& subscriber : watch.inode) make_due(subscriber, due);
  for (const auto& [name, subscriber] : watch.names) make_due(subscriber, due);
}

void WatchTable::on_watch_gone(int watch) {
  const auto gone = watches_.extract(watch);
  for (const auto& subscriber : gone.mapped().inode) subscriber->inode_watch = -1;
  for (const auto& [name, subscriber] : gone.mapped().names) subscriber->directory_watch = -1;
}

/// Events were lost: everybody has to look, and names may stand for new files.
void WatchTable::on_overflow(Subscribers& due) {
  Subscribers named;
  for (const auto& [number, watch] : watches_) {
    on_inode_event(watch, due);
    for (const auto& [name, subscriber] : watch.names) named.push_back(subscriber);
  }
  for (const auto& subscriber : named) follow_file(subscriber, /*must_have_room=*/false);
}

}  // namespace lshost::os
