// Goal: good clients are answered whatever bad ones do, and a socket is replaced only where nobody listens.

#include "control/server.hpp"

#include <grp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/mutex.hpp"
#include "control/client.hpp"
#include "control/socket_path.hpp"
#include "control/unix_socket.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"

using namespace lshost;
using namespace lshost::control;
using namespace std::chrono_literals;
using Catch::Contains;
using test::TempDir;
namespace fs = std::filesystem;

namespace {

/// Answers a status at once.
void answer_status(Call call) {
  REQUIRE(call.command() == Command::status);
  call.reply(reply_line("status", {{"well", true}}));
}

bool is_answered(const std::string& path) { return ask(path, {Command::status})["well"] == true; }

void send_bytes(int socket, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto count = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;  // it has enough of us
    sent += static_cast<std::size_t>(count);
  }
}

/// All that comes until the other side closes.
std::string rest_of(int socket) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const auto count = ::recv(socket, buffer, sizeof buffer, 0);
    if (count < 0 && errno == EAGAIN) FAIL("the server neither answered nor closed");
    if (count <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

std::string said_to(const std::string& path, const std::string& bytes) {
  const UniqueFd client = connect_to(path, 60s);
  send_bytes(client.get(), bytes);
  return rest_of(client.get());
}

}  // namespace

TEST_CASE("control server: a client gets an answer, through a path of any length, at a socket of mode 0600",
          "[control]") {
  const TempDir folder;
  const std::string path = folder / (std::string(70, 'd') + "/" + std::string(60, 's') + ".sock");
  {
    const Server server(path, answer_status);
    CHECK(is_answered(path));
    struct stat found{};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
    REQUIRE(::stat(fs::path(path).parent_path().c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0700);
    CHECK(std::distance(fs::directory_iterator(fs::path(path).parent_path()), {}) == 1);
  }
  CHECK_FALSE(fs::exists(path));
  CHECK_THROWS_WITH(ask(path, {Command::status}), Contains("no host listens"));
}

TEST_CASE("control server: bad clients get a sentence, and good ones an answer", "[control]") {
  const TempDir folder;
  const std::string path = folder / "s";
  const Server server(path, answer_status);
  for (const std::string line : {"garbage\n", "{}\n", "{\"command\":\"rm\"}\n", "\x01\x02\n"}) {
    CAPTURE(line);
    CHECK_THAT(said_to(path, line), Contains("\"ok\":false") && Contains("\"code\":\"invalid\""));
  }
  CHECK_THAT(said_to(path, std::string(1 << 20, 'x')), Contains("longer than 4096 bytes") || Catch::Equals(""));
  CHECK(is_answered(path));
  {
    const UniqueFd half = connect_to(path, 60s);  // says half of it and hangs up
    send_bytes(half.get(), "{\"comm");
  }
  const UniqueFd silent = connect_to(path, 60s);
  CHECK(is_answered(path));
  CHECK(rest_of(silent.get()).empty());  // dropped when its time is over
  CHECK(is_answered(path));
}

TEST_CASE("control server: more silent clients than it takes at once do not keep others out for long", "[control]") {
  const TempDir folder;
  const std::string path = folder / "s";
  const Server server(path, answer_status);
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 24; ++i) silent.push_back(connect_to(path, 60s));  // 16 are let in, the rest waits at the door
  const auto answered = [&] {
    try {
      return is_answered(path);
    } catch (const Error&) {
      return false;
    }
  };
  CHECK(test::wait_until(answered, 60s));
}

TEST_CASE("control server: a client that does not take its answer is dropped, and nobody waits for it", "[control]") {
  const TempDir folder;
  const std::string path = folder / "s";
  const std::string much(8 << 20, 'm');
  const Server server(path, [&](Call call) {
    call.reply(call.command() == Command::reload ? reply_line("reload", much) : reply_line("status", {{"well", true}}));
  });
  const UniqueFd lazy = connect_to(path, 60s);
  send_bytes(lazy.get(), request_line({Command::reload}));
  CHECK(is_answered(path));
  CHECK(ask(path, {Command::reload}).get<std::string>().size() == much.size());
  // After its time, the server has closed: what is left is what the kernel holds.
  CHECK(test::wait_until([&] { return ::send(lazy.get(), "x", 1, MSG_NOSIGNAL) < 0; }, 60s));
  CHECK(rest_of(lazy.get()).size() < much.size());
}

TEST_CASE("control server: an answer may come later and from elsewhere, and others do not wait for it", "[control]") {
  const TempDir folder;
  const std::string path = folder / "s";
  Mutex mutex;
  std::optional<Call> kept;
  std::optional<Server> server;
  server.emplace(path, [&](Call call) {
    if (call.command() == Command::status) return answer_status(std::move(call));
    const MutexLock lock(mutex);
    kept.emplace(std::move(call));
  });
  const UniqueFd waiting = connect_to(path, 60s);
  send_bytes(waiting.get(), request_line({Command::reload}));
  REQUIRE(test::wait_until([&] {
    const MutexLock lock(mutex);
    return kept.has_value();
  }));
  CHECK(is_answered(path));
  SECTION("it does") {
    kept->reply(reply_line("reload", 5));
    CHECK(parse_reply(rest_of(waiting.get()), "reload") == 5);
  }
  SECTION("it is forgotten") {
    kept.reset();
    CHECK_THROWS_WITH(parse_reply(rest_of(waiting.get()), "reload"), Contains("stopping"));
  }
  SECTION("the server goes first") {
    server.reset();
    CHECK(rest_of(waiting.get()).empty());
    kept->reply(reply_line("reload", 5));
  }
}

TEST_CASE("control socket: a living host's is never taken, a dead one's is replaced", "[control]") {
  const TempDir folder;
  const std::string path = folder / "s";
  SECTION("living") {
    const Server server(path, answer_status);
    CHECK_THROWS_WITH(ListeningSocket(path), Contains("another host listens there"));
    CHECK(is_answered(path));
  }
  SECTION("living, and too busy to accept") {
    const ListeningSocket deaf(path);
    std::vector<UniqueFd> waiting;
    const auto connects = [&] {
      try {
        waiting.push_back(connect_to(path, 50ms));
        return true;
      } catch (const Error&) {
        return false;
      }
    };
    while (connects()) REQUIRE(waiting.size() < 1000);
    CHECK_THROWS_WITH(ListeningSocket(path), Contains("another host listens there"));
  }
  SECTION("dead") {
    const TempDir elsewhere;
    {
      const ListeningSocket dying(path);
      fs::rename(path, elsewhere / "s");  // so that it can not clean up
    }
    fs::rename(elsewhere / "s", path);
    REQUIRE(fs::exists(path));
    const Server server(path, answer_status);
    CHECK(is_answered(path));
  }
  SECTION("no socket at all") {
    fs::create_directory(path);
    CHECK_THROWS_WITH(ListeningSocket(path), Contains("no socket lies there"));
    CHECK(fs::is_directory(path));
  }
  SECTION("one that was replaced is not taken away") {
    auto first = std::make_unique<ListeningSocket>(path);
    fs::remove(path);
    const Server server(path, answer_status);
    first.reset();
    CHECK(is_answered(path));
  }
}

TEST_CASE("control socket: hosts with configurations of their own do not meet", "[control]") {
  const TempDir folder;
  for (const auto* name : {"a", "b"}) {
    fs::create_directory(folder / name);
    std::FILE* file = std::fopen((folder / (std::string(name) + "/replicas.toml")).c_str(), "w");
    REQUIRE(file != nullptr);
    std::fclose(file);
  }
  const auto a = default_socket(folder / "a/replicas.toml");
  REQUIRE(a);
  CHECK(a == default_socket(folder / "b/../a/replicas.toml"));
  CHECK(a != default_socket(folder / "b/replicas.toml"));
  CHECK_THAT(*a, Contains("/lshost/replicas-") && Catch::EndsWith(".sock"));
  CHECK_FALSE(default_socket("/dev/null"));
  CHECK_FALSE(default_socket(folder / "none.toml"));
}

TEST_CASE("child: asks a host as another user", "[.child]") {
  if (!test::is_child()) return;
  REQUIRE(::setgroups(0, nullptr) == 0);
  REQUIRE(::setgid(65534) == 0);
  REQUIRE(::setuid(65534) == 0);
  try {
    const UniqueFd client = connect_to(std::getenv("LSHOST_TEST_SOCKET"), 60s);
    send_bytes(client.get(), request_line({Command::status}));
    std::printf("said: %s\n", rest_of(client.get()).c_str());
  } catch (const Error& e) {
    std::printf("error: %s\n", e.what());
  }
}

TEST_CASE("control server: another user gets no answer, by the socket's mode, its folder's, and the server's word",
          "[control][security]") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can be another user");
    return;
  }
  const TempDir folder;
  const std::string path = folder / "open/s";
  const Server server(path, answer_status);
  const auto said_to_nobody = [&] {
    return test::run(test::child("child: asks a host as another user", {{"LSHOST_TEST_SOCKET", path}})).out;
  };
  CHECK_THAT(said_to_nobody(), Contains("Permission denied"));  // the folder
  for (const auto& open : {folder.path(), folder / "open"}) REQUIRE(::chmod(open.c_str(), 0755) == 0);
  CHECK_THAT(said_to_nobody(), Contains("Permission denied"));  // the socket
  REQUIRE(::chmod(path.c_str(), 0666) == 0);
  CHECK_THAT(said_to_nobody(), Contains("answers its own user and root only") && !Contains("well"));
  CHECK(is_answered(path));
}

TEST_CASE("control socket: none is made where others can put theirs in its place", "[control][security]") {
  const TempDir top;
  const std::string folder = top / "f";
  fs::create_directory(folder);
  const auto refusal = [&] {
    try {
      const ListeningSocket socket(folder + "/s");
    } catch (const Error& e) {
      CHECK(e.code() == ErrorCode::denied);
      return std::string(e.what());
    }
    return std::string();
  };
  const auto mode = GENERATE(0777U, 0770U);
  REQUIRE(::chmod(folder.c_str(), mode) == 0);
  CHECK_THAT(refusal(), Contains("its folder is writable by others; hint: name another socket in [control]"));
  CHECK(fs::is_empty(folder));
  REQUIRE(::chmod(folder.c_str(), 01777) == 0);  // as /tmp is: what is ours stays ours
  CHECK(refusal().empty());
  if (::geteuid() != 0) {
    WARN("skipped in part: only root can give a folder away");
    return;
  }
  REQUIRE(::chmod(folder.c_str(), 0755) == 0);
  REQUIRE(::chown(folder.c_str(), 65534, 65534) == 0);
  CHECK_THAT(refusal(), Contains("its folder belongs to another user"));
}

TEST_CASE("control socket: a link at its path is neither followed nor replaced", "[control][security]") {
  const TempDir folder;
  const std::string path = folder / "s";
  const bool is_dangling = GENERATE(false, true);
  CAPTURE(is_dangling);
  const std::string target = folder / "target";
  if (!is_dangling) fs::create_directory(target);
  fs::create_symlink(target, path);
  CHECK_THROWS_WITH(ListeningSocket(path), Contains("no socket lies there"));
  CHECK(fs::is_symlink(path));
  CHECK(fs::exists(target) == !is_dangling);
}
