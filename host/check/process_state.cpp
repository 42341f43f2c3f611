#include "check/process_state.hpp"

#include <dirent.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "base/error.hpp"

extern char** environ;

namespace lshost::check {
namespace {

namespace fs = std::filesystem;

/// The numbers in a folder of /proc, without the descriptor that lists it.
std::vector<int> numbers_in(const char* folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(folder), ::closedir);
  if (list == nullptr) throw_errno("open", folder);
  std::vector<int> numbers;
  while (const dirent* entry = ::readdir(list.get())) {
    const std::string_view name = entry->d_name;
    int number = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (failure != std::errc{} || end != name.data() + name.size()) continue;
    const bool is_own = std::strcmp(folder, "/proc/self/fd") == 0 && number == ::dirfd(list.get());
    if (!is_own) numbers.push_back(number);
  }
  return numbers;
}

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string name_of_signal(int number) {
  const char* name = ::sigabbrev_np(number);
  return name == nullptr ? std::to_string(number) : "SIG" + std::string(name);
}

void add(std::string& text, const std::string& sentence) { text += (text.empty() ? "" : "; ") + sentence; }

}  // namespace

ProcessState look_at_process() {
  ProcessState state;
  for (const int id : numbers_in("/proc/self/task")) {
    state.threads[id] = first_line("/proc/self/task/" + std::to_string(id) + "/comm");
  }
  for (const int number : numbers_in("/proc/self/fd")) {
    std::error_code gone;
    state.descriptors[number] = fs::read_symlink("/proc/self/fd/" + std::to_string(number), gone).string();
  }
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action{};
    if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_DFL)
      state.handled_signals.insert(number);
  }
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    state.environment.insert(*variable);
  }
  std::error_code none;
  state.directory = fs::current_path(none).string();
  state.umask = ::umask(0);
  (void)::umask(state.umask);
  return state;
}

std::string changes(const ProcessState& before, const ProcessState& after) {
  std::string text;
  for (const auto& [id, name] : after.threads) {
    if (!before.threads.contains(id)) add(text, "it has a new thread '" + name + "'");
  }
  for (const auto& [number, target] : after.descriptors) {
    if (!before.descriptors.contains(number)) add(text, "descriptor " + std::to_string(number) + " is open: " + target);
  }
  for (const auto& [number, target] : before.descriptors) {
    const auto now = after.descriptors.find(number);
    if (now == after.descriptors.end()) {
      add(text, "descriptor " + std::to_string(number) + " of the host is closed: " + target);
    } else if (now->second != target) {
      add(text, "descriptor " + std::to_string(number) + " of the host leads to " + now->second + ", not " + target);
    }
  }
  for (const int number : after.handled_signals) {
    if (!before.handled_signals.contains(number)) add(text, name_of_signal(number) + " is handled or ignored");
  }
  for (const auto& variable : after.environment) {
    if (!before.environment.contains(variable)) {
      add(text, "the environment variable " + variable.substr(0, variable.find('=')) + " was set");
    }
  }
  if (before.directory != after.directory) add(text, "the working directory is " + after.directory);
  if (before.umask != after.umask) add(text, "the umask was changed");
  return text;
}

std::uint64_t heap_in_use() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::uint64_t resident_size() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t pages = 0;
  in >> total >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace lshost::check
