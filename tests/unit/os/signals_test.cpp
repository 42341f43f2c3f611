#include "os/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <thread>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "support/child.hpp"
#include "support/wait_until.hpp"

// Each in a process of its own: signals belong to the process.

using namespace lshost;
using test::Process;
using test::wait_until;

namespace {

bool has_said(const Process& process, const std::string& text) {
  return wait_until([&] { return process.err().find(text) != std::string::npos; });
}

void say(const char* text) {
  std::fprintf(stderr, "%s\n", text);
  std::fflush(stderr);
}

}  // namespace

TEST_CASE("child: stops when asked", "[.child]") {
  if (!test::is_child()) return;
  const os::Signals signals;
  say("ready");
  while (!signals.stop_token().stop_requested()) pause_for(std::chrono::milliseconds(1));
  say("stopping");
}

TEST_CASE("child: never comes to an end", "[.child]") {
  if (!test::is_child()) return;
  const os::Signals signals;
  std::jthread busy([] { ::pause(); });  // threads started later take no signals either
  say("ready");
  while (!signals.stop_token().stop_requested()) pause_for(std::chrono::milliseconds(1));
  say("stopping");
  for (;;) ::pause();
}

TEST_CASE("Signals: the first SIGTERM or SIGINT asks to stop, and nothing else happens", "[os]") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  Process child(test::child("child: stops when asked"));
  REQUIRE(has_said(child, "ready"));
  child.kill(signal);
  CHECK(child.wait().value().code == 0);
  CHECK_THAT(child.err(), Catch::Contains("stopping"));
}

TEST_CASE("Signals: the second one ends the process with one line", "[os]") {
  Process child(test::child("child: never comes to an end"));
  REQUIRE(has_said(child, "ready"));
  child.kill(SIGINT);
  REQUIRE(has_said(child, "stopping"));
  CHECK(child.is_running());
  child.kill(SIGTERM);
  const auto status = child.wait().value();
  CHECK(status.code == 1);
  CHECK(status.signal == 0);
  CHECK(child.err() == "ready\nstopping\nlshost: stopped by a second signal; not everything may be replicated\n");
}

TEST_CASE("Signals: SIGHUP does not end the process", "[os]") {
  Process child(test::child("child: stops when asked"));
  REQUIRE(has_said(child, "ready"));
  for (int i = 0; i < 3; ++i) child.kill(SIGHUP);
  child.kill(SIGTERM);  // taken after SIGHUP, which has the lower number
  CHECK(child.wait().value().code == 0);
}

TEST_CASE("child: writes to a pipe that nobody reads", "[.child]") {
  if (!test::is_child()) return;
  const os::Signals signals;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const UniqueFd writer(ends[1]);
  ::close(ends[0]);
  REQUIRE(::write(writer.get(), "x", 1) == -1);
  REQUIRE(errno == EPIPE);
}

TEST_CASE("Signals: a peer that went away is an error of the write, not the end", "[os]") {
  Process child(test::child("child: writes to a pipe that nobody reads"));
  CHECK(child.wait().value().code == 0);
}

TEST_CASE("child: is as before when its Signals are gone", "[.child]") {
  if (!test::is_child()) return;
  {
    const os::Signals signals;
  }
  {
    const os::Signals signals;
  }  // one at a time, as often as one likes
  (void)::signal(SIGTERM, SIG_DFL);  // not the test framework's handler
  say("ready");
  for (;;) ::pause();
}

TEST_CASE("Signals: gives the mask back in the end", "[os]") {
  Process child(test::child("child: is as before when its Signals are gone"));
  REQUIRE(has_said(child, "ready"));
  child.kill(SIGTERM);
  CHECK(child.wait().value().signal == SIGTERM);
}

TEST_CASE("child: counts hangups", "[.child]") {
  if (!test::is_child()) return;
  os::Signals signals;
  (void)::kill(::getpid(), SIGHUP);
  sigset_t pending;
  do {
    REQUIRE(::sigpending(&pending) == 0);
  } while (::sigismember(&pending, SIGHUP) == 1);  // until the thread has taken it, to nobody yet
  std::atomic<int> calls{0};
  signals.on_hangup([&] { say(("hangup " + std::to_string(++calls)).c_str()); });
  while (!signals.stop_token().stop_requested()) pause_for(std::chrono::milliseconds(1));
  signals.on_hangup(nullptr);
}

TEST_CASE("Signals: SIGHUP calls, and one that came too early is made up for", "[os]") {
  Process child(test::child("child: counts hangups"));
  REQUIRE(has_said(child, "hangup 1"));
  child.kill(SIGHUP);
  REQUIRE(has_said(child, "hangup 2"));
  child.kill(SIGTERM);
  CHECK(child.wait().value().code == 0);
}
