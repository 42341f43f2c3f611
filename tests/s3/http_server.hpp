#pragma once
// A server on the loopback interface that answers as a test says: for replies that no well-behaved server gives.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.hpp"

namespace lshost::test {

struct Asked {
  std::string method;
  std::string path;                            ///< encoded, without the query
  std::string query;                           ///< encoded, without '?'
  std::map<std::string, std::string> headers;  ///< names in lowercase
  std::string body;
};

struct Answer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::optional<std::uint64_t> claimed_size = {};  ///< in Content-Length, in place of the body's
  bool has_size = true;                            ///< false: the body ends with the connection
  bool hang_up = false;                            ///< no reply at all
  bool stall = false;                              ///< after the body, keep the connection and say nothing more
};

/// Threads: the handler is called from one thread a connection. Ownership: the destructor hangs up and joins.
class HttpServer {
 public:
  using Handler = std::function<Answer(const Asked&)>;
  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "http://127.0.0.1:1234".
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] std::vector<Asked> asked() const;

 private:
  void accept_all();
  void serve(int fd);

  const Handler handler_;
  UniqueFd listener_;
  int port_ = 0;
  std::atomic<bool> is_over_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;          // guarded by mutex_
  std::vector<int> open_;             // guarded by mutex_
  std::vector<std::thread> threads_;  // of the acceptor
  std::thread acceptor_;
};

}  // namespace lshost::test
