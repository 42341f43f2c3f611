#pragma once
// The processes that a host started, as the kernel lists them.

#include <sys/types.h>

#include <string>
#include <vector>

namespace lshost::test {

/// Children of `parent` that run plugins, zombies included.
[[nodiscard]] std::vector<pid_t> plugin_processes(pid_t parent);
/// True while there is a process of that number, also as a zombie.
[[nodiscard]] bool exists(pid_t pid);
/// True if a file of that name is mapped into the process.
[[nodiscard]] bool has_mapped(pid_t pid, const std::string& file_name);
/// How many children of `parent` ended and were not reaped.
[[nodiscard]] std::size_t zombies_of(pid_t parent);

}  // namespace lshost::test
