#pragma once
// Requests and replies of SFTP over a wire: who asked for what, in whatever order the answers come.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "packet.hpp"
#include "wire.hpp"

namespace lshost::sftp {

/// The server's answer was no. `code()` is what it said; the sentence has the server, what was wanted, and the path.
class Refused : public Error {
 public:
  Refused(const Status& status, const std::string& server, const std::string& what);
  [[nodiscard]] StatusCode status() const noexcept { return status_; }

 private:
  StatusCode status_;
};

/// One connection to a server. Requests may be posted without waiting for the answers of earlier ones.
///
/// Example:
///     const auto first = client.post([&](RequestId id) { return read_packet(id, handle, 0, 100); });
///     const auto second = client.post([&](RequestId id) { return read_packet(id, handle, 100, 100); });
///     use(client.await(first), client.await(second));
///
/// Threads: one at a time.
/// Errors:  ConnectionLost and BadReply end the connection: is_usable() is false from then on. Cancelled does so, too,
///          because a packet may have been sent in part.
class Client {
 public:
  /// Agrees on the version. `server` is how sentences name it.
  Client(std::unique_ptr<Wire> wire, std::string server);

  [[nodiscard]] const Extensions& extensions() const noexcept { return extensions_; }
  [[nodiscard]] const std::string& server() const noexcept { return server_; }
  [[nodiscard]] bool is_usable() const noexcept { return is_usable_; }
  /// False: the server has ended it meanwhile, as far as that is known without asking it.
  [[nodiscard]] bool is_open();
  /// Proves that the server still answers; throws ConnectionLost if it does not in time.
  void probe(std::chrono::milliseconds timeout, std::chrono::milliseconds timeout_afterwards);

  /// Sends a request. Its answer has to be awaited or forgotten.
  template <class MakePacket>
  RequestId post(MakePacket&& make) {
    const RequestId id = ++last_id_;
    send(id, std::forward<MakePacket>(make)(id));
    return id;
  }
  [[nodiscard]] Reply await(RequestId id);
  /// The answer does not matter any more; it is dropped when it comes.
  void forget(RequestId id);
  /// The same for all that were posted: the next one begins with nothing to wait for.
  void forget_all();

  template <class MakePacket>
  [[nodiscard]] Reply call(MakePacket&& make) {
    return await(post(std::forward<MakePacket>(make)));
  }

  // ---- whole operations; `what` of the sentence is chosen by each ----

  [[nodiscard]] std::string open_for_reading(const std::string& path);
  [[nodiscard]] std::string open_for_writing(const std::string& path);
  [[nodiscard]] Attributes facts_of_open(const std::string& handle, const std::string& path);
  /// nullopt: there is nothing of that name. A link is not followed.
  [[nodiscard]] std::optional<Attributes> facts(const std::string& path);
  /// False: it is there already.
  [[nodiscard]] bool make_folder(const std::string& path);
  /// Closes without waiting for the answer: nothing is lost that was not lost before.
  void drop(const std::string& handle);

  /// Throws Refused unless the reply says that all is well.
  void check(const Reply& reply, const std::string& what) const;
  [[nodiscard]] std::string handle_of(const Reply& reply, const std::string& what) const;

 private:
  void send(RequestId id, const Packet& packet);
  [[nodiscard]] Reply receive();
  template <class Work>
  auto guarded(Work&& work);
  [[noreturn]] void refuse(const Reply& reply, const std::string& what) const;

  const std::unique_ptr<Wire> wire_;
  const std::string server_;
  Extensions extensions_;
  PacketReader reader_;
  Bytes received_;
  RequestId last_id_ = 0;
  std::unordered_set<RequestId> awaited_;         // posted, without an answer yet
  std::unordered_set<RequestId> forgotten_;       // posted, answer not wanted
  std::unordered_map<RequestId, Reply> arrived_;  // answers that nobody has taken yet
  bool is_usable_ = true;
};

}  // namespace lshost::sftp
