#pragma once
// inotify over a folder and everything below it, for folders that come into being while it is watched.

#include <cstdint>
#include <map>
#include <set>

#include <string>

namespace lshost::bench {

/// Tells which files below a folder may have changed. Threads: one at a time. Errors: std::runtime_error.
class TreeWatch {
 public:
  explicit TreeWatch(const std::string& root);
  TreeWatch(const TreeWatch&) = delete;
  TreeWatch& operator=(const TreeWatch&) = delete;
  ~TreeWatch();

  /// Waits until something changed or `timeout_ms` passed. Returns the files concerned; the first call all of them.
  [[nodiscard]] std::set<std::string> wait(int timeout_ms);

 private:
  void add(const std::string& folder);
  void take_events();

  int fd_;
  std::map<int, std::string> folders_;
  std::set<std::string> changed_;
};

}  // namespace lshost::bench
