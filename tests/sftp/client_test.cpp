// A server that lies: what the client makes of answers that no good server gives. Scripted, without SSH.

#include "client.hpp"

#include <catch2/catch.hpp>
#include <deque>

#include "download.hpp"
#include "folder.hpp"
#include "patience.hpp"
#include "pool.hpp"
#include "same_content.hpp"
#include "sftp/reply_bytes.hpp"

using namespace lshost;
using namespace lshost::sftp;
using namespace lshost::test;
using Catch::Matchers::Contains;

namespace {

/// Answers with prepared bytes, whatever it is asked; at their end the connection is closed.
class ScriptedWire final : public Wire {
 public:
  explicit ScriptedWire(std::string answers, std::size_t at_once = SIZE_MAX)
      : answers_(std::move(answers)), at_once_(at_once) {}
  void send(std::span<const std::byte> bytes) override { sent += bytes.size(); }
  std::size_t receive(std::span<std::byte> into) override {
    if (at_ == answers_.size()) throw ConnectionLost("the script is over");
    const std::size_t count = std::min({into.size(), answers_.size() - at_, at_once_});
    std::memcpy(into.data(), answers_.data() + at_, count);
    at_ += count;
    return count;
  }
  void set_timeout(std::chrono::milliseconds) override {}
  bool is_open() override { return at_ < answers_.size(); }

  std::size_t sent = 0;

 private:
  std::string answers_;
  std::size_t at_once_;
  std::size_t at_ = 0;
};

Client client_of(const std::string& answers, std::size_t at_once = SIZE_MAX) {
  return Client(std::make_unique<ScriptedWire>(version_bytes() + answers, at_once), "server");
}

std::string attributes_bytes(std::uint32_t id, std::uint64_t size) {
  return packet_bytes(105, be32(id) + be32(5) + be64(size) + be32(0100600));
}

Packet any_request(RequestId id) { return one_text_packet(PacketType::lstat, id, "x"); }

}  // namespace

TEST_CASE("client: answers are matched by their number, in any order", "[sftp][client]") {
  auto client = client_of(status_bytes(3, 3, "") + status_bytes(1, 1, "") + status_bytes(2, 2, ""), 3);
  const auto one = client.post(any_request);
  const auto two = client.post(any_request);
  const auto three = client.post(any_request);
  CHECK(parse_status(client.await(one)).code == StatusCode::eof);
  CHECK(parse_status(client.await(three)).code == StatusCode::permission_denied);
  CHECK(parse_status(client.await(two)).code == StatusCode::no_such_file);
  CHECK(client.is_usable());
}

TEST_CASE("client: a forgotten answer is dropped, before and after it came", "[sftp][client]") {
  auto client =
      client_of(status_bytes(2, 0, "") + status_bytes(1, 1, "") + status_bytes(3, 2, "") + status_bytes(4, 3, ""));
  const auto one = client.post(any_request);
  const auto two = client.post(any_request);
  (void)client.await(one);
  client.forget(two);  // it has arrived
  const auto three = client.post(any_request);
  client.forget(three);
  const auto four = client.post(any_request);
  CHECK(parse_status(client.await(four)).code == StatusCode::permission_denied);
  CHECK(client.is_usable());
}

TEST_CASE("client: an answer that nobody asked for ends the connection", "[sftp][client]") {
  const std::string unasked =
      GENERATE(status_bytes(7, 0, ""), status_bytes(0, 0, ""), version_bytes(), handle_bytes(2, "h"));
  auto client = client_of(unasked + status_bytes(1, 0, ""));
  const auto one = client.post(any_request);
  CHECK_THROWS_AS(client.await(one), BadReply);
  CHECK_FALSE(client.is_usable());
  CHECK_THROWS_AS(client.post(any_request), ConnectionLost);
}

TEST_CASE("client: the same answer twice ends the connection", "[sftp][client]") {
  auto client = client_of(status_bytes(1, 0, "") + status_bytes(1, 0, "") + status_bytes(2, 0, ""));
  (void)client.call(any_request);
  CHECK_THROWS_AS(client.call(any_request), BadReply);
  CHECK_FALSE(client.is_usable());
}

TEST_CASE("client: a connection that ends in the middle of an answer is lost", "[sftp][client]") {
  const std::string whole = status_bytes(1, 0, "ok");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    auto client = client_of(whole.substr(0, size));
    CHECK_THROWS_AS(client.call(any_request), ConnectionLost);
    CHECK_FALSE(client.is_usable());
  }
}

TEST_CASE("client: what does not begin with a version is no server", "[sftp][client]") {
  for (const std::string& first : {status_bytes(1, 0, ""), packet_bytes(2, be32(6)), std::string("SSH-2.0-x\r\n")}) {
    CHECK_THROWS_AS(Client(std::make_unique<ScriptedWire>(first), "server"), BadReply);
  }
}

TEST_CASE("client: 'ok' is no handle and no attributes", "[sftp][client]") {
  auto client = client_of(status_bytes(1, 0, "") + status_bytes(2, 0, ""));
  CHECK_THROWS_AS(client.open_for_reading("/x"), BadReply);
  CHECK_THROWS_AS(client.facts("/x"), BadReply);
}

TEST_CASE("client: every refusal has a code, the server, the path, and what to do", "[sftp][client]") {
  struct Case {
    std::uint32_t status;
    std::int32_t code;
    const char* words;
  };
  const auto each = GENERATE(Case{2, LSHOST_E_NOT_FOUND, "no such file"}, Case{3, LSHOST_E_DENIED, "permission denied"},
                             Case{4, LSHOST_E_IO, "does not say why"}, Case{5, LSHOST_E_INVALID, "too long"},
                             Case{6, LSHOST_E_UNAVAILABLE, "lost its own"}, Case{8, LSHOST_E_UNSUPPORTED, "can not do"},
                             Case{99, LSHOST_E_IO, "status 99: it is ?raining"});
  auto client = client_of(status_bytes(1, each.status, "it is \x1braining"));
  try {
    (void)client.open_for_reading("/srv/x");
    FAIL("opened");
  } catch (const Refused& e) {
    CHECK(e.Code() == each.code);
    CHECK(e.status() == static_cast<StatusCode>(each.status));
    CHECK_THAT(e.what(), Contains("server: can not open /srv/x: ") && Contains(each.words));
  }
  CHECK(client.is_usable());  // a no is an answer
}

TEST_CASE("client: a listing with names that lead elsewhere, or that never ends, is refused", "[sftp][client]") {
  const auto list = [](const std::string& answers) {
    auto client = client_of(handle_bytes(1, "h") + answers);
    std::vector<std::string> names;
    (void)list_folder(client, "/x", [&](const Entry& entry) { names.push_back(entry.name); });
    return names;
  };
  const auto names = [](std::uint32_t id, const std::string& name) {
    return packet_bytes(104, be32(id) + be32(1) + name_bytes(name, 0100600, 1));
  };
  const std::string end = status_bytes(4, 1, "") + status_bytes(5, 1, "");
  CHECK(list(names(2, "a") + names(3, ".") + end) == std::vector<std::string>{"a"});
  CHECK_THROWS_AS(list(names(2, "../etc") + end), BadReply);
  CHECK_THROWS_AS(list(packet_bytes(104, be32(2) + be32(0)) + end), BadReply);
  CHECK_THROWS_AS(list(status_bytes(2, 0, "") + end), Refused);
}

TEST_CASE("client: reads that are shorter than asked are gone on with, and longer ones refused", "[sftp][client]") {
  const auto read = [](const std::string& answers) {
    auto client = client_of(answers);
    ReadAhead reads(client, "h", "/x", 0, 6);
    std::string all;
    for (Bytes some = reads.next(); !some.empty(); some = reads.next()) {
      all.append(reinterpret_cast<const char*>(some.data()), some.size());
    }
    return all;
  };
  CHECK(read(data_bytes(1, "abcdef")) == "abcdef");
  CHECK(read(data_bytes(1, "ab") + data_bytes(2, "cdef")) == "abcdef");
  CHECK(read(data_bytes(1, "a") + data_bytes(2, "b") + data_bytes(3, "cdef")) == "abcdef");
  CHECK_THROWS_AS(read(data_bytes(1, "abcdefg")), BadReply);
  CHECK_THROWS_AS(read(data_bytes(1, "")), BadReply);
  CHECK_THROWS_AS(read(data_bytes(1, "abc") + status_bytes(2, 1, "")), Error);
}

TEST_CASE("pool: a connection is used again, unless something is wrong with it", "[sftp][client]") {
  int made = 0;
  const auto pool = std::make_shared<Pool>(
      [&] {
        ++made;
        return std::make_unique<Client>(
            std::make_unique<ScriptedWire>(version_bytes() + status_bytes(1, 2, "") + status_bytes(2, 2, ""), 1),
            "server");
      },
      std::chrono::seconds(1), [] { return false; });
  {
    const Lease one = pool->take();
    CHECK_FALSE(one.was_used());
    (void)one->call(any_request);
  }
  {
    const Lease again = pool->take();
    CHECK(again.was_used());
    CHECK(made == 1);
    (void)again->call(any_request);
  }
  // The script is over, which is a closed connection: nobody gets it.
  CHECK_FALSE(pool->take().was_used());
  CHECK(made == 2);
}

TEST_CASE("pool: work on an old connection that breaks is done again on a new one, once", "[sftp][client]") {
  int made = 0;
  const auto pool = std::make_shared<Pool>(
      [&] {
        ++made;
        const std::string rest = made == 1 ? status_bytes(1, 2, "") + "x" : status_bytes(1, 2, "");
        return std::make_unique<Client>(std::make_unique<ScriptedWire>(version_bytes() + rest, 1), "server");
      },
      std::chrono::seconds(1), [] { return false; });
  int calls = 0;
  const auto work = [&](Client& client) {
    ++calls;
    return client.call(any_request);
  };
  (void)pool->with(work);
  (void)pool->with(work);  // breaks after one byte of an answer
  CHECK(calls == 3);
  CHECK(made == 2);
  CHECK_THROWS_AS(pool->with([](Client& client) -> Reply {
    (void)client.call(any_request);
    return client.call(any_request);
  }),
                  ConnectionLost);  // a new one that breaks says something about the server
}

TEST_CASE("pool: a login that fails gives its turn to the next one", "[sftp][client]") {
  // More than may log in at once; whoever had to wait would see that the host stops.
  const auto pool = std::make_shared<Pool>([]() -> std::unique_ptr<Client> { throw ConnectionLost("no"); },
                                           std::chrono::seconds(1), [] { return true; });
  for (int i = 0; i < 10; ++i) CHECK_THROWS_AS(pool->take(), ConnectionLost);
}

TEST_CASE("client: two files are compared to their last byte", "[sftp][client]") {
  const auto same = [](const std::string& one, const std::string& other) {
    auto client = client_of(attributes_bytes(1, one.size()) + attributes_bytes(2, other.size()) + handle_bytes(3, "a") +
                            handle_bytes(4, "b") + data_bytes(5, one) + data_bytes(6, other));
    return have_same_content(client, "/a", "/b");
  };
  CHECK(same("abc", "abc"));
  CHECK_FALSE(same("abc", "abd"));
  CHECK_FALSE(same("abc", "ab"));
}
