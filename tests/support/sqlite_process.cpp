#include "support/sqlite_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <utility>

#include "base/error.hpp"

extern char** environ;

namespace lshost::test {
namespace {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe2", "");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// posix_spawn runs no code of this process in the child: SQLite's tables of locks must not be inherited.
pid_t spawn(const char* program, int standard_input, int standard_output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, standard_input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, standard_output, STDOUT_FILENO);
  std::string name = program;
  std::array<char*, 2> arguments = {name.data(), nullptr};
  pid_t pid = -1;
  const int failure = ::posix_spawn(&pid, program, &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) throw_errno("spawn", program, failure);
  return pid;
}

}  // namespace

SqliteProcess::SqliteProcess() {
  // A process that died answers by the end of its output, not by killing the test.
  (void)std::signal(SIGPIPE, SIG_IGN);
  Pipe requests = make_pipe();
  Pipe answers = make_pipe();
  pid_ = spawn(LSHOST_TEST_SQLITE_PROCESS, requests.read_end.get(), answers.write_end.get());
  to_ = std::move(requests.write_end);
  from_ = std::move(answers.read_end);
}

SqliteProcess::SqliteProcess(const std::string& path) : SqliteProcess() { open(path); }

SqliteProcess::SqliteProcess(SqliteProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      to_(std::move(other.to_)),
      from_(std::move(other.from_)),
      received_(std::move(other.received_)),
      paused_(other.paused_),
      deadline_(other.deadline_) {}

SqliteProcess::~SqliteProcess() { kill(); }

void SqliteProcess::open(const std::string& path) { expect_ok(try_open(path), "open " + path); }

SqliteProcess::Result SqliteProcess::try_open(const std::string& path) { return request({"open", path}); }

void SqliteProcess::close() { expect_ok(request({"close"}), "close"); }

void SqliteProcess::touch(const std::string& path) { expect_ok(request({"touch", path}), "touch " + path); }

void SqliteProcess::hurry() { expect_ok(request({"hurry"}), "hurry"); }

void SqliteProcess::exec(const std::string& sql) { expect_ok(run(sql), sql); }

SqliteProcess::Result SqliteProcess::run(const std::string& sql) {
  start(sql);
  return finish();
}

std::string SqliteProcess::query(const std::string& sql) {
  const Result result = run(sql);
  expect_ok(result, sql);
  std::string joined;
  if (result.rows.empty()) return joined;
  for (const auto& value : result.rows.front()) {
    if (&value != &result.rows.front().front()) joined += '|';
    joined += value;
  }
  return joined;
}

void SqliteProcess::start(const std::string& sql) { send({"sql", sql}); }

SqliteProcess::Result SqliteProcess::finish() {
  Result result;
  for (;;) {
    Fields fields = receive();
    const std::string verb = fields.at(0);
    if (verb == "ok") return result;
    if (verb == "row") {
      fields.erase(fields.begin());
      result.rows.push_back(std::move(fields));
    } else if (verb == "error") {
      result.code = std::stoi(fields.at(1));
      result.message = fields.at(2);
      return result;
    } else {
      throw std::runtime_error("sqlite process: expected the end of a statement, got: " + to_line(fields));
    }
  }
}

void SqliteProcess::pause_before(const std::string& step, int count) {
  const Fields fields = {"pause", step, std::to_string(count)};
  if (paused_) {
    send(fields);
  } else {
    expect_ok(request(fields), "pause");
  }
}

void SqliteProcess::wait_until_paused() {
  const Fields fields = receive();
  if (fields.at(0) != "paused") throw std::runtime_error("sqlite process: did not pause: " + to_line(fields));
  paused_ = true;
}

void SqliteProcess::go_on() {
  paused_ = false;
  send({"go"});
}

void SqliteProcess::kill() {
  if (pid_ < 0) return;
  (void)::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void SqliteProcess::signal(int number) { (void)::kill(pid_, number); }

void SqliteProcess::send(const Fields& request) {
  const std::string line = to_line(request) + "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(to_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno("write", "sqlite process");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

Fields SqliteProcess::receive() {
  const auto until = std::chrono::steady_clock::now() + deadline_;
  for (;;) {
    if (const auto end = received_.find('\n'); end != std::string::npos) {
      Fields fields = from_line(std::string_view(received_).substr(0, end));
      received_.erase(0, end + 1);
      return fields;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd readable = {from_.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) == 0) {
      throw std::runtime_error("sqlite process: no answer within the deadline");
    }
    std::array<char, 65536> buffer;
    const ssize_t got = ::read(from_.get(), buffer.data(), buffer.size());
    if (got == 0) throw std::runtime_error("sqlite process: it ended");
    if (got > 0) received_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

SqliteProcess::Result SqliteProcess::request(const Fields& fields) {
  send(fields);
  return finish();
}

void SqliteProcess::expect_ok(const Result& result, const std::string& what) const {
  if (result.code == 0) return;
  throw std::runtime_error("sqlite process: " + what + ": " + result.message + " (" + std::to_string(result.code) +
                           ")");
}

}  // namespace lshost::test
