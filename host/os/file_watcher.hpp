#pragma once
// "Something may have changed there": a hint, never a proof.
//
// One inotify instance and one thread for all databases. Events that come faster than they are read
// merge; when the kernel's queue overflows everybody is woken. Callers re-check what they watch.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace lshost::os {

/// What a watch on a name tells of.
enum class NameEvents {
  names,             ///< it, or a name that starts with it, was created, removed or renamed
  names_and_writes,  ///< and the file that has the name was written: each write costs its writer, and wakes
};

/// Watches files and directories. Thread-safe.
class FileWatcher {
 public:
  using Callback =
      std::function<void()>;  ///< runs on the watcher's thread; must not block, throw, or touch watcher and watches

  virtual ~FileWatcher() = default;

  /// A watch; destroying it removes the watch, and waits for a callback that runs. After that the callback does not
  /// run any more, and what it captured is gone. Destroy watches before their watcher.
  class Watch {
   public:
    virtual ~Watch() = default;
  };

  /// Wakes on writes to, truncation, renaming and removal of the file (also on a change of mode or owner). Throws
  /// Error{not_found} if it is not there. The watch is on the file, not on the name: when the file is gone it has woken
  /// once and stays silent; watch again.
  [[nodiscard]] virtual std::unique_ptr<Watch> watch_file(const std::string& path, Callback callback) = 0;

  /// Wakes when `name` (or a name that starts with it, such as its -wal) is created, removed or renamed in
  /// `directory`, and, if asked for, when `name` itself is written.
  /// An empty `name` stands for every name. Throws Error{not_found} if the directory is not there. When the directory
  /// goes, it wakes once and stays silent; watch again.
  /// Many watches on one directory share one kernel watch; a `name` that exists takes one more if writes are asked for.
  [[nodiscard]] virtual std::unique_ptr<Watch> watch_name(const std::string& directory, const std::string& name,
                                                          NameEvents events, Callback callback) = 0;

  /// Calls `callback` on the watcher's thread about once a second, for as long as the result lives: the slow
  /// poll behind all hints. One timer serves all.
  [[nodiscard]] virtual std::unique_ptr<Watch> every_second(Callback callback) = 0;
};

/// The inotify one. Throws Error{no_space} with the name of the kernel limit when a limit is reached.
[[nodiscard]] std::unique_ptr<FileWatcher> make_inotify_watcher();

}  // namespace lshost::os
