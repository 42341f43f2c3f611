#include "tree_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace lshost::bench {

TreeWatch::TreeWatch(const std::string& root) : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (fd_ < 0) throw std::runtime_error(std::string("inotify_init1: ") + std::strerror(errno));
  add(root);
}

TreeWatch::~TreeWatch() { ::close(fd_); }

// The watch comes before the listing, so that what appears in between is seen twice rather than never.
void TreeWatch::add(const std::string& folder) {
  const int watch = ::inotify_add_watch(fd_, folder.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
  if (watch < 0 && errno == ENOENT) return;
  if (watch < 0) throw std::runtime_error(folder + ": inotify_add_watch: " + std::strerror(errno));
  folders_[watch] = folder;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.is_directory(ignored)) {
      add(entry.path());
    } else {
      changed_.insert(entry.path());
    }
  }
}

std::set<std::string> TreeWatch::wait(int timeout_ms) {
  pollfd wanted{fd_, POLLIN, 0};
  if (changed_.empty()) (void)::poll(&wanted, 1, timeout_ms);
  take_events();
  return std::exchange(changed_, {});
}

void TreeWatch::take_events() {
  alignas(inotify_event) std::array<char, 65536> buffer;
  for (ssize_t got; (got = ::read(fd_, buffer.data(), buffer.size())) > 0;) {
    for (const char* at = buffer.data(); at < buffer.data() + got;) {
      inotify_event event;
      std::memcpy(&event, at, sizeof event);
      if ((event.mask & IN_Q_OVERFLOW) != 0) throw std::runtime_error("inotify lost events; the measurement is void");
      if (event.len > 0) {
        const std::string path = folders_[event.wd] + "/" + (at + sizeof event);
        if ((event.mask & IN_ISDIR) != 0) {
          add(path);
        } else {
          changed_.insert(path);
        }
      }
      at += sizeof event + event.len;
    }
  }
}

}  // namespace lshost::bench
