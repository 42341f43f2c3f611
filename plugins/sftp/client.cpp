#include "client.hpp"

#include "patience.hpp"

namespace lshost::sftp {
namespace {

constexpr std::size_t kReceiveSize = std::size_t{64} << 10;
constexpr std::uint32_t kFolderPermissions = 0700;

struct Meaning {
  std::int32_t code;
  std::uint32_t flags;
  const char* sentence;
};

Meaning meaning_of(StatusCode code) {
  constexpr std::uint32_t kRetry = LSHOST_ERR_RETRYABLE;
  constexpr std::uint32_t kMend = LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR;
  switch (code) {
    case StatusCode::no_such_file:
      return {LSHOST_E_NOT_FOUND, kRetry, "there is no such file or folder"};
    case StatusCode::permission_denied:
      return {LSHOST_E_DENIED, kMend, "permission denied; let the user of 'user' do it on the server"};
    case StatusCode::failure:
      return {LSHOST_E_IO, kMend, "the server failed and does not say why; its log or a quota may tell"};
    case StatusCode::bad_message:
      return {LSHOST_E_INVALID, LSHOST_ERR_OPERATOR, "the server does not take this; the name may be too long for it"};
    case StatusCode::no_connection:
    case StatusCode::connection_lost:
      return {LSHOST_E_UNAVAILABLE, kRetry, "the server has lost its own connection to the files"};
    case StatusCode::op_unsupported:
      return {LSHOST_E_UNSUPPORTED, LSHOST_ERR_OPERATOR, "the server can not do this"};
    case StatusCode::ok:
    case StatusCode::eof:
      break;
  }
  return {LSHOST_E_IO, kMend, "an answer that makes no sense here"};
}

std::string sentence(const Status& status, const std::string& server, const std::string& what) {
  std::string text = server + ": can not " + what + ": " + meaning_of(status.code).sentence;
  const auto code = static_cast<std::uint32_t>(status.code);
  // "Failure" and the like say no more than the code does, so only other words are worth a person's time.
  if (code > 8) text += " (status " + std::to_string(code) + ": " + status.message + ")";
  return text;
}

}  // namespace

Refused::Refused(const Status& status, const std::string& server, const std::string& what)
    : Error(meaning_of(status.code).code, sentence(status, server, what), meaning_of(status.code).flags),
      status_(status.code) {}

Client::Client(std::unique_ptr<Wire> wire, std::string server)
    : wire_(std::move(wire)), server_(std::move(server)), received_(kReceiveSize) {
  wire_->send(init_packet().view());
  extensions_ = parse_version(receive());
}

bool Client::is_open() { return is_usable_ && wire_->is_open(); }

void Client::probe(std::chrono::milliseconds timeout, std::chrono::milliseconds timeout_afterwards) {
  wire_->set_timeout(timeout);
  (void)call([](RequestId id) { return one_text_packet(PacketType::realpath, id, "."); });
  wire_->set_timeout(timeout_afterwards);
}

/// Whatever is thrown leaves the connection in the middle of something.
template <class Work>
auto Client::guarded(Work&& work) {
  if (!is_usable_) throw ConnectionLost(server_ + ": the connection was given up");
  is_usable_ = false;
  auto result = std::forward<Work>(work)();
  is_usable_ = true;
  return result;
}

void Client::send(RequestId id, const Packet& packet) {
  awaited_.insert(id);
  (void)guarded([&] {
    wire_->send(packet.view());
    return true;
  });
}

Reply Client::receive() {
  return guarded([&] {
    for (;;) {
      if (auto reply = reader_.next()) return std::move(*reply);
      const std::size_t count = wire_->receive(received_);
      reader_.feed(ByteSpan(received_).first(count));
    }
  });
}

Reply Client::await(RequestId id) {
  if (auto found = arrived_.extract(id)) return std::move(found.mapped());
  if (!awaited_.contains(id)) throw Error(LSHOST_E_INTERNAL, "sftp: an answer is awaited that nobody asked for");
  for (;;) {
    Reply reply = receive();
    if (forgotten_.erase(reply.id) != 0) continue;
    if (reply.type == PacketType::version || awaited_.erase(reply.id) == 0) {
      is_usable_ = false;
      throw BadReply("an answer that nobody asked for");
    }
    if (reply.id == id) return reply;
    arrived_.emplace(reply.id, std::move(reply));
  }
}

void Client::forget(RequestId id) {
  if (arrived_.erase(id) == 0 && awaited_.erase(id) != 0) forgotten_.insert(id);
}

void Client::forget_all() {
  arrived_.clear();
  forgotten_.merge(awaited_);
}

// ---- whole operations ----

void Client::refuse(const Reply& reply, const std::string& what) const {
  Status status = parse_status(reply);
  if (status.is_ok()) throw BadReply("'ok' where there has to be an answer");
  throw Refused(status, server_, what);
}

void Client::check(const Reply& reply, const std::string& what) const {
  if (const Status status = parse_status(reply); !status.is_ok()) throw Refused(status, server_, what);
}

std::string Client::handle_of(const Reply& reply, const std::string& what) const {
  if (reply.type == PacketType::status) refuse(reply, what);
  return parse_handle(reply);
}

std::string Client::open_for_reading(const std::string& path) {
  return handle_of(call([&](RequestId id) { return open_packet(id, path, kOpenRead); }), "open " + path);
}

std::string Client::open_for_writing(const std::string& path) {
  return handle_of(call([&](RequestId id) { return open_packet(id, path, kOpenWrite); }), "open " + path);
}

Attributes Client::facts_of_open(const std::string& handle, const std::string& path) {
  const Reply reply = call([&](RequestId id) { return one_text_packet(PacketType::fstat, id, handle); });
  if (reply.type == PacketType::status) refuse(reply, "look at " + path);
  return parse_attributes(reply);
}

std::optional<Attributes> Client::facts(const std::string& path) {
  const Reply reply = call([&](RequestId id) { return one_text_packet(PacketType::lstat, id, path); });
  if (reply.type != PacketType::status) return parse_attributes(reply);
  if (parse_status(reply).code == StatusCode::no_such_file) return std::nullopt;
  refuse(reply, "look at " + path);
}

bool Client::make_folder(const std::string& path) {
  const Reply reply = call([&](RequestId id) { return mkdir_packet(id, path, kFolderPermissions); });
  const Status status = parse_status(reply);
  if (status.is_ok()) return true;
  // "Failure" is also how a server says that it is there; and one that may only be passed is there as well.
  const Reply there = call([&](RequestId id) { return one_text_packet(PacketType::stat, id, path); });
  if (there.type == PacketType::attrs && parse_attributes(there).is_folder()) return false;
  throw Refused(status, server_, "create the folder " + path);
}

void Client::drop(const std::string& handle) {
  forget(post([&](RequestId id) { return one_text_packet(PacketType::close, id, handle); }));
}

}  // namespace lshost::sftp
