#pragma once
// Which server is meant: "host", "host:port", "[2001:db8::1]:port". Pure.

#include <cstdint>
#include <string>

namespace lshost::sftp {

struct Address {
  std::string host;  ///< a name or an IP address, without brackets
  std::uint16_t port = 22;

  bool operator==(const Address&) const = default;
  /// As it is written in a configuration: with brackets where they are needed, without the port if it is 22.
  [[nodiscard]] std::string text() const;
  /// As ~/.ssh/known_hosts has it: "host", or "[host]:port".
  [[nodiscard]] std::string known_hosts_name() const;
};

/// Throws Error::Config with what is wrong.
[[nodiscard]] Address parse_address(const std::string& text);

}  // namespace lshost::sftp
