// Goal: whatever a client sends is a command or gets a sentence back.

#include "control/message.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

using namespace lshost;
using namespace lshost::control;
using Catch::Contains;

namespace {

std::string refusal(const std::string& line) {
  const auto request = parse_request(line);
  REQUIRE(std::holds_alternative<Error>(request));
  CHECK(std::get<Error>(request).code() == ErrorCode::invalid);
  return std::get<Error>(request).what();
}

}  // namespace

TEST_CASE("control message: a command arrives as it was sent", "[control]") {
  for (const Command command : {Command::status, Command::reload, Command::verify}) {
    const auto line = request_line({command});
    REQUIRE(line.ends_with('\n'));
    const auto request = parse_request(line.substr(0, line.size() - 1));
    REQUIRE(std::holds_alternative<Request>(request));
    CHECK(std::get<Request>(request).command == command);
  }
  CHECK(std::holds_alternative<Request>(parse_request(R"({"later":[1],"command":"status"})")));
}

TEST_CASE("control message: what a command is about arrives, and must be text", "[control]") {
  const auto line = request_line({Command::verify, "/var/\"x\"/app.db", "nightly"});
  const auto request = parse_request(line.substr(0, line.size() - 1));
  REQUIRE(std::holds_alternative<Request>(request));
  CHECK(std::get<Request>(request).database == "/var/\"x\"/app.db");
  CHECK(std::get<Request>(request).replica == "nightly");
  CHECK(std::get<Request>(parse_request(R"({"command":"verify"})")).database.empty());
  CHECK_THAT(refusal(R"({"command":"verify","database":5})"), Contains("'database' is no text"));
  CHECK_THAT(refusal(R"({"command":"verify","replica":null})"), Contains("'replica' is no text"));
}

TEST_CASE("control message: everything else is refused with what is known", "[control]") {
  CHECK_THAT(refusal(R"({"command":"stauts"})"), Contains("unknown command 'stauts'; known: status, reload, verify"));
  for (const auto* line : {"", "status", "{}", "[]", "5", R"({"command":5})", R"({"command":"status")", "\xff\xfe",
                           R"({"command":null})"}) {
    CAPTURE(line);
    CHECK_THAT(refusal(line), Contains("not one line like"));
  }
  CHECK_THAT(refusal(std::string(kRequestSizeMax + 1, ' ')), Contains("longer than 4096 bytes"));
  CHECK_THAT(refusal(std::string(kRequestSizeMax, '[')), Contains("not one line like"));
  CHECK(refusal(R"({"command":")" + std::string(3000, 'x') + "\"}").size() < 200);
}

TEST_CASE("control message: random bytes never throw", "[control]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::string good = R"({"command":"status"})";
  for (int i = 0; i < 20'000; ++i) {
    std::string line = good;
    for (int n = 0; n < 3; ++n) line[random() % line.size()] = static_cast<char>(random());
    CHECK_NOTHROW((void)parse_request(line));
  }
}

TEST_CASE("control message: answers come back as values or as the error that they are", "[control]") {
  CHECK(parse_reply(reply_line("status", {{"a", "\xff"}}), "status")["a"] == "\xef\xbf\xbd");
  try {
    (void)parse_reply(error_line(Error(ErrorCode::denied, "no")), "status");
    FAIL("it was no error");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::denied);
    CHECK(std::string(e.what()) == "no");
  }
  for (const auto* line :
       {"", "x", "[]", "{}", R"({"ok":1})", R"({"ok":true})", R"({"ok":false})", R"({"ok":false,"code":"denied"})"}) {
    CAPTURE(line);
    CHECK_THROWS_AS(parse_reply(line, "status"), Error);
  }
}
