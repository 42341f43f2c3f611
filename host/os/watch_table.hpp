#pragma once
// Who is woken by which inotify event. The bookkeeping behind the inotify watcher; knows nothing of threads.
//
// The kernel has one watch per inode and instance, however often it is asked for, so watches are shared by their
// number. It drops a watch by itself when the inode goes, and tells so with IN_IGNORED.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.hpp"
#include "os/file_watcher.hpp"

namespace lshost::os {

/// Somebody who wants to be woken, and the kernel watches that serve him.
struct Subscriber {
  Subscriber(FileWatcher::Callback to_call, std::string the_directory, std::string the_name,
             NameEvents the_events = NameEvents::names_and_writes)
      : callback(std::move(to_call)),
        directory(std::move(the_directory)),
        name(std::move(the_name)),
        events(the_events) {}

  /// Held while the callback runs, so that taking it away waits for a run that has begun.
  Mutex running;
  FileWatcher::Callback callback LSHOST_GUARDED_BY(running);  ///< empty: not wanted any more

  // Constant after construction; both empty for a file.
  const std::string directory;
  const std::string name;
  const NameEvents events;

  // Owned by the WatchTable; -1: none.
  int inode_watch = -1;      ///< of the file itself
  int directory_watch = -1;  ///< of the directory that holds the name
  bool is_due = false;       ///< already in the list of those to be woken
};

using SubscriberPtr = std::shared_ptr<Subscriber>;
using Subscribers = std::vector<SubscriberPtr>;

/// One event as read from the kernel.
struct WatchEvent {
  int watch = -1;
  std::uint32_t mask = 0;
  std::string_view name;  ///< empty: about the watched inode itself
};

/// The kernel watches of one inotify instance and who shares them.
///
/// Ownership: borrows the descriptor.
/// Threads:   one at a time; the watcher's mutex sees to that.
/// Errors:    add_* throw Error{no_space} naming the kernel limit, Error{not_found}, Error{denied}, and have then
///            changed nothing. The rest does not fail.
/// Cost:      an event costs O(log names in its directory); forget() the same.
class WatchTable {
 public:
  explicit WatchTable(int inotify) : inotify_(inotify) {}

  void add_file(const SubscriberPtr& subscriber, const std::string& path);
  void add_name(const SubscriberPtr& subscriber);
  void forget(const SubscriberPtr& subscriber);

  /// Appends to `due` whoever the event concerns and is not in it yet, and sets is_due.
  void on_event(const WatchEvent& event, Subscribers& due);

  [[nodiscard]] bool empty() const noexcept { return watches_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return watches_.size(); }  ///< kernel watches in use

 private:
  struct KernelWatch {
    Subscribers inode;                                     // woken by what happens to the inode itself
    std::multimap<std::string_view, SubscriberPtr> names;  // woken by what happens to names in it; views into them
  };

  void share_inode(int watch, const SubscriberPtr& subscriber);
  void leave_inode(const SubscriberPtr& subscriber);
  void leave_directory(const SubscriberPtr& subscriber);
  void drop_if_unused(int watch);
  void follow_file(const SubscriberPtr& subscriber, bool must_have_room);
  void on_name_event(const KernelWatch& watch, const WatchEvent& event, Subscribers& due);
  void on_inode_event(const KernelWatch& watch, Subscribers& due);
  void on_watch_gone(int watch);
  void on_overflow(Subscribers& due);

  const int inotify_;
  std::unordered_map<int, KernelWatch> watches_;
};

}  // namespace lshost::os
