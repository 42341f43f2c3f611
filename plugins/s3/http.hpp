#pragma once
// One HTTP exchange as data: what is asked, and what came back.

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lshost::s3 {

/// Names in lowercase.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};
  Headers headers = {};
  std::span<const std::byte> body = {};  ///< borrowed until the exchange is over; sent with PUT and POST
  bool ignore_proxy = false;
};

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers = {};  ///< names in lowercase
  std::string body = {};

  [[nodiscard]] bool ok() const noexcept { return status >= 200 && status < 300; }
  /// "": there is none.
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

}  // namespace lshost::s3
