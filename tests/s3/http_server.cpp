#include "http_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace lshost::test {
namespace {

/// What comes before `end`, read from the socket as far as needed. nullopt: it was closed.
std::optional<std::string> read_until(int fd, std::string& buffer, const std::string& end) {
  for (;;) {
    if (const auto at = buffer.find(end); at != std::string::npos) {
      std::string head = buffer.substr(0, at);
      buffer.erase(0, at + end.size());
      return head;
    }
    char bytes[4096];
    const auto count = ::recv(fd, bytes, sizeof bytes, 0);
    if (count <= 0) return std::nullopt;
    buffer.append(bytes, static_cast<std::size_t>(count));
  }
}

bool read_size(int fd, std::string& buffer, std::size_t size) {
  while (buffer.size() < size) {
    char bytes[65536];
    const auto count = ::recv(fd, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(count));
  }
  return true;
}

void send_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const auto count = ::send(fd, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (count <= 0) return;
    done += static_cast<std::size_t>(count);
  }
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

Asked parse_head(const std::string& head) {
  Asked asked;
  const auto line_end = std::min(head.find("\r\n"), head.size());
  const std::string line = head.substr(0, line_end);
  const auto first = line.find(' ');
  const auto second = line.rfind(' ');
  asked.method = line.substr(0, first);
  const std::string target = line.substr(first + 1, second - first - 1);
  const auto question = std::min(target.find('?'), target.size());
  asked.path = target.substr(0, question);
  asked.query = question < target.size() ? target.substr(question + 1) : "";
  for (std::size_t at = line_end + 2; at < head.size();) {
    const auto end = std::min(head.find("\r\n", at), head.size());
    const auto colon = head.find(": ", at);
    if (colon < end) asked.headers[lower(head.substr(at, colon - at))] = head.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  return asked;
}

std::string to_text(const Answer& answer, bool is_head) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " Whatever\r\n";
  for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
  if (answer.has_size) {
    text += "content-length: " + std::to_string(answer.claimed_size.value_or(answer.body.size())) + "\r\n";
  } else {
    text += "connection: close\r\n";
  }
  return text + "\r\n" + (is_head ? "" : answer.body);
}

}  // namespace

HttpServer::HttpServer(Handler handler)
    : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
      ::getsockname(listener_.get(), generic, &size) != 0) {
    throw std::runtime_error("cannot listen on the loopback interface");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
  is_over_ = true;
  (void)::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard hold(mutex_);
    for (const int fd : open_) (void)::shutdown(fd, SHUT_RDWR);
  }
  for (auto& thread : threads_) thread.join();
}

std::vector<Asked> HttpServer::asked() const {
  const std::lock_guard hold(mutex_);
  return asked_;
}

void HttpServer::accept_all() {
  while (!is_over_) {
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    ++connections_;
    {
      const std::lock_guard hold(mutex_);
      open_.push_back(fd);
    }
    threads_.emplace_back([this, fd] {
      serve(fd);
      {
        const std::lock_guard hold(mutex_);
        std::erase(open_, fd);
      }
      (void)::close(fd);
    });
  }
}

void HttpServer::serve(int fd) {
  std::string buffer;
  while (const auto head = read_until(fd, buffer, "\r\n\r\n")) {
    Asked asked = parse_head(*head);
    const std::size_t size = asked.headers.contains("content-length") ? std::stoul(asked.headers["content-length"]) : 0;
    if (!read_size(fd, buffer, size)) return;
    asked.body = buffer.substr(0, size);
    buffer.erase(0, size);
    {
      const std::lock_guard hold(mutex_);
      asked_.push_back(asked);
    }
    const Answer answer = handler_(asked);
    if (answer.hang_up) return;
    send_all(fd, to_text(answer, asked.method == "HEAD"));
    if (answer.stall) {
      (void)read_until(fd, buffer, "\r\n\r\n");  // until the other side gives up
      return;
    }
    if (!answer.has_size || (answer.claimed_size && *answer.claimed_size != answer.body.size())) return;
  }
}

}  // namespace lshost::test
