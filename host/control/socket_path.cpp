#include "control/socket_path.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/hex.hpp"

namespace lshost::control {

namespace fs = std::filesystem;

std::string runtime_folder() {
  const char* folder = std::getenv("XDG_RUNTIME_DIR");
  const bool is_usable = folder != nullptr && *folder == '/';  // relative ones are to be ignored, its rules say
  return std::string(is_usable ? folder : "/run") + "/lshost";
}

std::optional<std::string> default_socket(const std::string& config_file) {
  std::error_code failure;
  const fs::path path = fs::canonical(config_file, failure);
  if (failure || !fs::is_regular_file(path, failure)) return std::nullopt;
  const auto& text = path.native();
  const auto digits = to_hex16(XXH3_64bits(text.data(), text.size())).substr(0, 8);
  return runtime_folder() + "/" + path.stem().string().substr(0, 64) + "-" + digits + ".sock";
}

std::vector<std::string> sockets_in_runtime_folder() {
  std::vector<std::string> sockets;
  std::error_code failure;
  for (fs::directory_iterator entry(runtime_folder(), failure), end; !failure && entry != end;
       entry.increment(failure)) {
    std::error_code ignored;  // it may be gone by now
    if (entry->path().extension() == ".sock" && entry->is_socket(ignored)) sockets.push_back(entry->path().string());
  }
  std::sort(sockets.begin(), sockets.end());
  return sockets;
}

}  // namespace lshost::control
