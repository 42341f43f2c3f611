#include "control/server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <list>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "control/unix_socket.hpp"
#include "obs/log.hpp"

namespace lshost::control {

using SteadyClock = std::chrono::steady_clock;

/// Where answers wait for the server's thread. Outlives the server in the hands of its calls. Thread-safe.
class ReplyBox {
 public:
  struct Reply {
    std::uint64_t client;
    std::string line;
  };

  ReplyBox() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!wake_) throw_errno("control: make", "an eventfd");
  }
  [[nodiscard]] int wake_descriptor() const noexcept { return wake_.get(); }
  void wake() noexcept { (void)::eventfd_write(wake_.get(), 1); }

  void put(Reply reply) LSHOST_EXCLUDES(mutex_) {
    {
      const MutexLock lock(mutex_);
      replies_.push_back(std::move(reply));
    }
    wake();
  }
  [[nodiscard]] std::vector<Reply> take_all() LSHOST_EXCLUDES(mutex_) {
    eventfd_t ignored = 0;
    (void)::eventfd_read(wake_.get(), &ignored);
    const MutexLock lock(mutex_);
    return std::exchange(replies_, {});
  }

 private:
  UniqueFd wake_;
  Mutex mutex_;
  std::vector<Reply> replies_ LSHOST_GUARDED_BY(mutex_);
};

Call::Call(Request request, std::uint64_t client, std::shared_ptr<ReplyBox> box)
    : request_(std::move(request)), client_(client), box_(std::move(box)) {}

Call& Call::operator=(Call&& other) noexcept {
  std::swap(request_, other.request_);
  std::swap(client_, other.client_);
  std::swap(box_, other.box_);
  return *this;
}

Call::~Call() {
  if (box_ == nullptr) return;
  try {
    reply(error_line(Error(ErrorCode::cancelled, "the host did not get to it; it is stopping")));
  } catch (const std::exception&) {  // out of memory: the client's time will be over
  }
}

void Call::reply(std::string line) { std::exchange(box_, nullptr)->put({client_, std::move(line)}); }

namespace {

constexpr std::size_t kClientsMax = 16;
/// For a client to say what it wants, and again for it to take the answer.
constexpr std::chrono::seconds kPatience(5);
/// Without descriptors nobody is accepted for a while.
constexpr std::chrono::milliseconds kAcceptPause(500);

struct Client {
  enum class State { asking, waiting, taking };

  std::uint64_t id = 0;
  UniqueFd socket;
  State state = State::asking;
  SteadyClock::time_point deadline;  // not while it waits: the host takes its time
  std::string bytes = {};            // of the request so far, or of the answer to be sent
  std::size_t sent = 0;
  bool is_done = false;
};

short events_of(const Client& client) noexcept {
  switch (client.state) {
    case Client::State::asking:
      return POLLIN;
    case Client::State::waiting:
      return 0;  // only that it hung up
    case Client::State::taking:
      return POLLOUT;
  }
  return 0;
}

}  // namespace

/// Everything but what is atomic is owned by the thread.
class Server::Loop {
 public:
  Loop(const std::string& path, Handler handler)
      : socket_(path), handler_(std::move(handler)), thread_([this](const std::stop_token& stop) { run(stop); }) {}
  ~Loop() {
    thread_.request_stop();
    box_->wake();
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      try {
        round();
      } catch (const std::exception& e) {  // a client less
        obs::log(obs::Level::warn, "control", e.what());
        clients_.clear();
      }
    }
  }

  void round() {
    std::vector<pollfd> polled{{box_->wake_descriptor(), POLLIN, 0}};
    const bool is_accepting = clients_.size() < kClientsMax && SteadyClock::now() >= accept_from_;
    // A descriptor below 0 is not looked at.
    polled.push_back({is_accepting ? socket_.descriptor() : -1, POLLIN, 0});
    for (const Client& client : clients_) polled.push_back({client.socket.get(), events_of(client), 0});
    (void)::poll(polled.data(), polled.size(), timeout());  // interrupted: nothing is ready then
    std::size_t i = 2;
    for (Client& client : clients_) serve(client, polled[i++].revents);
    if (polled[1].revents != 0) accept_one();
    for (auto& reply : box_->take_all()) deliver(std::move(reply));
    const auto now = SteadyClock::now();
    clients_.remove_if([&](const Client& client) {
      return client.is_done || (client.state != Client::State::waiting && client.deadline <= now);
    });
  }

  [[nodiscard]] int timeout() const {
    std::optional<SteadyClock::time_point> next;
    for (const Client& client : clients_) {
      if (client.state != Client::State::waiting) next = std::min(next.value_or(client.deadline), client.deadline);
    }
    const auto now = SteadyClock::now();
    if (accept_from_ > now) next = std::min(next.value_or(accept_from_), accept_from_);
    if (!next) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - now);
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  }

  void accept_one() {
    UniqueFd socket(::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
      const bool has_come_and_gone = errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
      if (!has_come_and_gone) accept_from_ = SteadyClock::now() + kAcceptPause;
      return;
    }
    Client& client = clients_.emplace_back(
        Client{.id = next_id_++, .socket = std::move(socket), .deadline = SteadyClock::now() + kPatience});
    const uid_t user = peer_user(client.socket.get());
    if (user == ::geteuid() || user == 0) return;
    obs::log(obs::Level::warn, "control", "refused a client of another user", {{"uid", std::uint64_t{user}}});
    answer(client, error_line(Error(ErrorCode::denied, "this host answers its own user and root only")));
  }

  void serve(Client& client, short events) {
    if (events == 0) return;
    switch (client.state) {
      case Client::State::asking:
        return read(client);
      case Client::State::waiting:
        client.is_done = true;  // it hung up; what it asked for goes on
        return;
      case Client::State::taking:
        return send(client);
    }
  }

  void read(Client& client) {
    std::array<char, kRequestSizeMax + 2> buffer;
    const ssize_t count = ::recv(client.socket.get(), buffer.data(), buffer.size(), 0);
    if (count < 0) {
      client.is_done = errno != EAGAIN && errno != EINTR;
      return;
    }
    client.bytes.append(buffer.data(), static_cast<std::size_t>(count));
    const auto end = client.bytes.find('\n');
    const bool is_whole = end != std::string::npos || count == 0 || client.bytes.size() > kRequestSizeMax;
    if (is_whole) take(client, client.bytes.substr(0, end));
  }

  void take(Client& client, const std::string& line) {
    if (line.empty()) {  // somebody who only looked whether we live
      client.is_done = true;
      return;
    }
    auto request = parse_request(line);
    if (const auto* mistake = std::get_if<Error>(&request)) return answer(client, error_line(*mistake));
    client.state = Client::State::waiting;
    handler_(Call(std::get<Request>(std::move(request)), client.id, box_));
  }

  void deliver(ReplyBox::Reply reply) {
    const auto it = [&](const Client& client) { return client.id == reply.client; };
    const auto client = std::find_if(clients_.begin(), clients_.end(), it);
    if (client != clients_.end()) answer(*client, std::move(reply.line));
  }

  static void answer(Client& client, std::string line) {
    client.state = Client::State::taking;
    client.bytes = std::move(line);
    client.sent = 0;
    client.deadline = SteadyClock::now() + kPatience;
    send(client);
  }

  static void send(Client& client) {
    while (client.sent < client.bytes.size()) {
      const ssize_t count = ::send(client.socket.get(), client.bytes.data() + client.sent,
                                   client.bytes.size() - client.sent, MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        client.is_done = errno != EAGAIN;
        return;
      }
      client.sent += static_cast<std::size_t>(count);
    }
    client.is_done = true;
  }

  const ListeningSocket socket_;
  const Handler handler_;
  const std::shared_ptr<ReplyBox> box_ = std::make_shared<ReplyBox>();
  std::list<Client> clients_;
  std::uint64_t next_id_ = 1;
  SteadyClock::time_point accept_from_;
  std::jthread thread_;  // last: joined first
};

Server::Server(const std::string& path, Handler handler) : loop_(std::make_unique<Loop>(path, std::move(handler))) {}
Server::~Server() = default;

}  // namespace lshost::control
