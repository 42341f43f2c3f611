#pragma once
// What a process has that code may change behind its back: threads, descriptors, signal handlers, environment.

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace lshost::check {

struct ProcessState {
  std::map<int, std::string> threads;      ///< by id: the name
  std::map<int, std::string> descriptors;  ///< by number: what it leads to
  std::set<int> handled_signals;           ///< that are ignored or have a handler
  std::set<std::string> environment;       ///< "NAME=value"
  std::string directory;
  std::uint32_t umask = 0;
};

/// REQUIRES: no other thread opens or closes anything meanwhile.
[[nodiscard]] ProcessState look_at_process();

/// What `after` has and `before` had not, as sentences; "": nothing. Variables are named, not shown.
[[nodiscard]] std::string changes(const ProcessState& before, const ProcessState& after);

/// Bytes of heap that are in use; 0 where the allocator does not say.
[[nodiscard]] std::uint64_t heap_in_use();
/// Bytes of this process in memory.
[[nodiscard]] std::uint64_t resident_size();

}  // namespace lshost::check
