// A line that came over the control socket, at either end.
//
// Input: the line.
// Holds: it is a command, an answer or an Error; every line that we make is one line, and says at the other end what it
// said here.

#include "control/message.hpp"

#include <nlohmann/json.hpp>

#include "config/source_text.hpp"
#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

using namespace control;
using nlohmann::ordered_json;

std::string_view without_newline(const std::string& line) {
  expect(line.find('\n') == line.size() - 1, "a message is one line");
  expect(!config::first_bad_utf8(line), "in UTF-8");
  return std::string_view(line).substr(0, line.size() - 1);
}

void check_request(std::string_view line) {
  const auto request = parse_request(line);
  if (const auto* asked = std::get_if<Request>(&request)) {
    const auto again = request_line(*asked);
    const auto parsed = parse_request(without_newline(again));
    const auto* heard = std::get_if<Request>(&parsed);
    expect(heard != nullptr && heard->command == asked->command, "a command goes through");
    expect(heard->database == asked->database && heard->replica == asked->replica, "and what it is about");
    return;
  }
  const auto& error = std::get<Error>(request);
  expect(error.code() == ErrorCode::invalid && std::string_view(error.what()).size() < 300, "a refusal is short");
  (void)without_newline(error_line(error));
}

void check_reply(std::string_view line) {
  try {
    const auto value = parse_reply(line, "status");
    const auto again = reply_line("status", value);
    expect(parse_reply(without_newline(again), "status") == value, "an answer goes through");
  } catch (const Error& error) {
    const auto again = error_line(error);
    try {
      (void)parse_reply(without_newline(again), "status");
      expect(false, "an error is no answer");
    } catch (const Error& second) {
      expect(second.code() == error.code(), "an error keeps its code");
      expect(std::string_view(second.what()) == error.what(), "and its sentence");
    }
  }
}

}  // namespace

void fuzz_control(ByteSpan input) {
  const auto line = Input(input).text();
  check_request(line);
  check_reply(line);
  (void)without_newline(error_line(Error(ErrorCode::corrupt, std::string(line))));
}

}  // namespace lshost::fuzz
