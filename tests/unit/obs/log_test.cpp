#include "obs/log.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <thread>

#include "obs/log_line.hpp"
#include "support/child.hpp"

using namespace lshost;
using obs::Field;
using obs::Format;
using obs::Level;

namespace {

std::string text(Level level, std::string_view part, std::string_view message, std::vector<Field> fields = {}) {
  return obs::text_line(level, part, message, fields.data(), fields.size());
}

std::string json(Level level, std::string_view part, std::string_view message, std::vector<Field> fields = {}) {
  return obs::json_members(level, part, message, fields.data(), fields.size());
}

/// The lines that a hidden test case wrote to standard error, without Catch2's report.
std::vector<std::string> lines_of(const std::string& test_case) {
  test::Process child(test::child(test_case));
  REQUIRE(child.wait().value().code == 0);
  std::istringstream err(child.err());
  std::vector<std::string> lines;
  for (std::string line; std::getline(err, line);) lines.push_back(line);
  return lines;
}

std::string without_time(const std::string& line) {
  static const std::regex kTime(R"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z)");
  return std::regex_replace(line, kTime, "TIME");
}

}  // namespace

TEST_CASE("log line: text, byte for byte", "[obs]") {
  CHECK(text(Level::info, "capture", "new generation", {{"db", "app.db"}, {"generation", "0123456789abcdef"}}) ==
        "info  capture: new generation db=app.db generation=0123456789abcdef");
  CHECK(text(Level::error, "replica", "failed") == "error replica: failed");
  CHECK(text(Level::trace, "a", "b") == "trace a: b");
  CHECK(text(Level::debug, "a", "b") == "debug a: b");
  CHECK(text(Level::warn, "a", "b") == "warn  a: b");
  CHECK(text(Level::info, "a", "b", {{"n", std::uint64_t{18446744073709551615U}}, {"m", -5}}) ==
        "info  a: b n=18446744073709551615 m=-5");
}

TEST_CASE("log line: values are quoted only where needed", "[obs]") {
  const auto value = [](std::string_view v) {
    return text(Level::info, "a", "b", {{"v", v}}).substr(std::string("info  a: b v=").size());
  };
  CHECK(value("/var/lib/app.db-wal") == "/var/lib/app.db-wal");
  CHECK(value("a:b,c;(d)[e]{f}'g'") == "a:b,c;(d)[e]{f}'g'");
  CHECK(value("") == R"("")");
  CHECK(value("two words") == R"("two words")");
  CHECK(value("a=b") == R"("a=b")");
  CHECK(value(R"(say "hi")") == R"("say \"hi\"")");
  CHECK(value(R"(C:\x)") == R"("C:\\x")");
  CHECK(value("größe.db") == R"("größe.db")");
}

TEST_CASE("log line: nothing breaks a line or reaches a terminal as a command", "[obs]") {
  CHECK(text(Level::info, "a", "one\ntwo", {{"v", "x\r\ny\t\x1b[2J"}}) == R"(info  a: one\ntwo v="x\r\ny\t\u001b[2J")");
  CHECK(text(Level::info, "a", "b", {{"v", "\x7f"}}) == R"(info  a: b v="\u007f")");
  CHECK(text(Level::info, "a", "b", {{"v", "\xc2\x9b"}}) == R"(info  a: b v="\u009b")");   // CSI
  CHECK(text(Level::info, "a", "b", {{"v", "\xff"}}) == "info  a: b v=\"\xef\xbf\xbd\"");  // U+FFFD
  CHECK(text(Level::info, "a", "\xc3\xa4", {{"v", std::string_view("\0", 1)}}) == "info  a: \xc3\xa4 v=\"\\u0000\"");
}

TEST_CASE("printable: what others say commands no terminal", "[obs][security]") {
  CHECK(obs::printable("plain \"text\", \\ and all") == "plain \"text\", \\ and all");
  CHECK(obs::printable("two\nlines\n") == "two\nlines\n");
  CHECK(obs::printable("\x1b]0;title\x07") == "\\u001b]0;title\\u0007");
  CHECK(obs::printable("a\rb\tc") == "a\\rb\\tc");
  CHECK(obs::printable("\xc2\x9b") == "\\u009b");
  CHECK(obs::printable("gr\xc3\xb6\xc3\x9f"
                       "e") ==
        "gr\xc3\xb6\xc3\x9f"
        "e");
  CHECK(obs::printable("").empty());
}

TEST_CASE("log line: JSON, byte for byte", "[obs]") {
  CHECK(json(Level::warn, "capture", "new generation", {{"db", "app.db"}, {"pages", 7}, {"why", "a \"b\"\n"}}) ==
        R"("level":"warn","part":"capture","message":"new generation","db":"app.db","pages":7,"why":"a \"b\"\n")");
}

// Goal: whatever stands in a text, a line is one line and JSON is JSON that says the same.
// Method: every byte value, alone and among others.
TEST_CASE("log line: any bytes give one line and valid JSON", "[obs]") {
  for (int byte = 0; byte < 256; ++byte) {
    CAPTURE(byte);
    const auto value = fmt::format("x{}\xe2\x82\xac", static_cast<char>(byte));
    const auto line = text(Level::info, "p", value, {{"v", value}});
    for (const char c : line) REQUIRE(static_cast<unsigned char>(c) >= 0x20);
    const auto parsed = nlohmann::json::parse(fmt::format("{{{}}}", json(Level::info, "p", value, {{"v", value}})));
    if (byte < 0x80) REQUIRE(parsed["v"] == value);
    REQUIRE(parsed["message"] == parsed["v"]);
  }
}

TEST_CASE("child: logs in both forms", "[.child]") {
  if (!test::is_child()) return;
  obs::log(Level::debug, "capture", "not shown");
  obs::log(Level::info, "capture", "attached", {{"db", "app.db"}, {"n", 1}});
  obs::configure_log(Level::debug, Format::json);
  obs::log(Level::debug, "capture", "shown", {{"why", "level is debug"}});
  obs::log(Level::trace, "capture", "not shown");
  CHECK(obs::log_enabled(Level::debug));
  CHECK_FALSE(obs::log_enabled(Level::trace));
  obs::configure_log(Level::error, Format::text);
  obs::log(Level::warn, "capture", "not shown");
  obs::log(Level::error, "capture", "the end");
}

TEST_CASE("log: whole lines with the time in UTC, by level and form, on standard error", "[obs]") {
  const auto lines = lines_of("child: logs in both forms");
  REQUIRE(lines.size() == 3);
  CHECK(without_time(lines[0]) == "TIME info  capture: attached db=app.db n=1");
  CHECK(without_time(lines[1]) ==
        R"({"time":"TIME","level":"debug","part":"capture","message":"shown","why":"level is debug"})");
  CHECK(without_time(lines[2]) == "TIME error capture: the end");

  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  char hour[32];
  std::strftime(hour, sizeof hour, "%Y-%m-%dT", std::gmtime(&now));
  CHECK_THAT(lines[0], Catch::StartsWith(hour) || Catch::Contains("T23:59:5"));  // unless midnight passed
}

TEST_CASE("child: logs from many threads", "[.child]") {
  if (!test::is_child()) return;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 250; ++i) {
        obs::configure_log(Level::info, i % 2 == 0 ? Format::text : Format::json);
        obs::log(Level::info, "part", std::string(200, static_cast<char>('a' + t)), {{"i", i}});
      }
    });
  }
}

TEST_CASE("log: lines of many threads do not mix, even while the form changes", "[obs][threads]") {
  const auto lines = lines_of("child: logs from many threads");
  CHECK(lines.size() == 1000);
  const std::regex text_form(R"(TIME info  part: ([abcd])\1{199} i=\d+)");
  const std::regex json_form(R"(\{"time":"TIME","level":"info","part":"part","message":"([abcd])\1{199}","i":\d+\})");
  for (const auto& line : lines) {
    const auto masked = without_time(line);
    CAPTURE(line);
    REQUIRE((std::regex_match(masked, text_form) || std::regex_match(masked, json_form)));
  }
}

TEST_CASE("child: logs to nowhere", "[.child]") {
  if (!test::is_child()) return;
  ::close(STDERR_FILENO);
  obs::log(Level::error, "capture", "nobody hears this");
}

TEST_CASE("log: a closed standard error hurts nobody", "[obs]") {
  test::Process child(test::child("child: logs to nowhere"));
  CHECK(child.wait().value().code == 0);
}
