#include "isolation/processes.hpp"

#include <charconv>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "support/world.hpp"

namespace lshost::test {
namespace {

struct Listed {
  pid_t pid = -1;
  pid_t parent = -1;
  char state = '?';
};

/// "123 (name, with anything) S 45 ...".
Listed parse(const std::string& stat) {
  Listed listed;
  const auto behind_name = stat.rfind(')');
  if (behind_name == std::string::npos) return listed;
  listed.pid = static_cast<pid_t>(std::strtol(stat.c_str(), nullptr, 10));
  std::istringstream rest(stat.substr(behind_name + 1));
  rest >> listed.state >> listed.parent;
  return listed;
}

std::vector<Listed> children_of(pid_t parent) {
  std::vector<Listed> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const Listed listed = parse(read_text(entry.path() / "stat"));  // "" if it ended meanwhile
    if (listed.pid > 0 && listed.parent == parent) children.push_back(listed);
  }
  return children;
}

}  // namespace

std::vector<pid_t> plugin_processes(pid_t parent) {
  std::vector<pid_t> pids;
  for (const Listed& child : children_of(parent)) {
    const std::string command = read_text("/proc/" + std::to_string(child.pid) + "/cmdline");
    if (child.state == 'Z' || command.find("plugin-child") != std::string::npos) pids.push_back(child.pid);
  }
  return pids;
}

bool exists(pid_t pid) { return ::kill(pid, 0) == 0; }

bool has_mapped(pid_t pid, const std::string& file_name) {
  return read_text("/proc/" + std::to_string(pid) + "/maps").find("/" + file_name) != std::string::npos;
}

std::size_t zombies_of(pid_t parent) {
  std::size_t count = 0;
  for (const Listed& child : children_of(parent)) count += child.state == 'Z' ? 1 : 0;
  return count;
}

}  // namespace lshost::test
