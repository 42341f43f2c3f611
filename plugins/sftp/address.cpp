#include "address.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <lshost/cpp/error.hpp>

namespace lshost::sftp {
namespace {

constexpr std::uint16_t kDefaultPort = 22;

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw Error::Config("host = \"" + text + "\": " + why + "; write host, host:port, or [IPv6 address]:port");
}

std::uint16_t parse_port(const std::string& digits, const std::string& text) {
  unsigned port = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, port);
  if (digits.empty() || error != std::errc{} || stop != end || port == 0 || port > 65535) {
    refuse(text, "the port has to be a number from 1 to 65535");
  }
  return static_cast<std::uint16_t>(port);
}

/// Letters, digits and what names and addresses need; above all nothing that an option or a shell would take for more.
bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_' || c == ':' || c == '%';
}

void check_host(const std::string& host, const std::string& text) {
  if (host.empty()) refuse(text, "there is no host");
  if (host.find('@') != std::string::npos) refuse(text, "the user has a key of its own, 'user'");
  if (!std::all_of(host.begin(), host.end(), is_host_character) || host.front() == '-') {
    refuse(text, "this is neither a name nor an address");
  }
}

}  // namespace

std::string Address::text() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  const std::string shown = is_ipv6 ? "[" + host + "]" : host;
  return port == kDefaultPort ? shown : shown + ":" + std::to_string(port);
}

std::string Address::known_hosts_name() const {
  return port == kDefaultPort ? host : "[" + host + "]:" + std::to_string(port);
}

Address parse_address(const std::string& text) {
  Address address;
  std::string_view rest = text;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) refuse(text, "the bracket is not closed");
    address.host = rest.substr(1, end - 1);
    if (address.host.find(':') == std::string::npos) refuse(text, "only an IPv6 address stands in brackets");
    rest.remove_prefix(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) refuse(text, "only a port may follow the bracket");
  } else {
    if (std::count(rest.begin(), rest.end(), ':') > 1) refuse(text, "an IPv6 address needs brackets");
    address.host = rest.substr(0, rest.find(':'));
    rest.remove_prefix(address.host.size());
  }
  if (rest.starts_with(':')) address.port = parse_port(std::string(rest.substr(1)), text);
  check_host(address.host, text);
  return address;
}

}  // namespace lshost::sftp
