#include "cli/host_socket.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "config/config.hpp"
#include "control/socket_path.hpp"

namespace lshost::cli {
namespace {

/// Where the host of a configuration listens. Mistakes in the rest of the file are not in the way: they are what a
/// reload is to report.
std::string socket_of(const std::string& config_file) {
  const auto configured = config::load(config_file).config.control_socket;
  if (configured && configured->empty())
    throw Error(ErrorCode::invalid, config_file + " has no control socket: socket is \"\" in [control]");
  if (configured) return *configured;
  if (auto socket = control::default_socket(config_file)) return *socket;
  throw Error(ErrorCode::invalid,
              config_file + ": is no file that a host could have been started with; hint: --socket");
}

/// The socket of the only host there is.
std::string only_socket() {
  const auto sockets = control::sockets_in_runtime_folder();
  if (sockets.size() == 1) return sockets.front();
  if (sockets.empty())
    throw Error(ErrorCode::invalid, "no host was found in " + control::runtime_folder() +
                                        "; hint: pass --config FILE, or --socket PATH, or set LSHOST_CONFIG");
  throw Error(ErrorCode::invalid, fmt::format("there are several hosts; hint: pass --config FILE or one of --socket {}",
                                              fmt::join(sockets, ", --socket ")));
}

}  // namespace

std::string host_socket(const std::string& socket, const std::string& config_file) {
  if (!socket.empty()) return socket;
  return config_file.empty() ? only_socket() : socket_of(config_file);
}

}  // namespace lshost::cli
