#pragma once
// Whether the server keeps an object that is there from a put that says "only if there is none".
//
// Amazon and Ceph do; some servers refuse the header (501), others take no notice of it and replace. A server is known
// by what it does: the first object that was stored so is stored so once more, and has to be refused.

#include <atomic>

#include "http.hpp"

namespace lshost::s3 {

/// Threads: any; two that find the server out at the same time find the same.
class ConditionalPut {
 public:
  enum class Server { unknown, keeps, replaces };

  [[nodiscard]] Server server() const noexcept { return server_; }
  void found(Server server) noexcept { server_ = server; }

  /// Added to `headers` unless the server is known to take no notice.
  [[nodiscard]] Headers with_condition(Headers headers) const {
    if (server_ != Server::replaces) headers.emplace_back("if-none-match", "*");
    return headers;
  }

 private:
  std::atomic<Server> server_{Server::unknown};
};

}  // namespace lshost::s3
