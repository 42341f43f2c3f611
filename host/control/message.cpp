#include "control/message.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace lshost::control {

namespace {

using nlohmann::ordered_json;

constexpr std::array kCommands{Command::status, Command::reload, Command::verify};
constexpr std::array kCodes{ErrorCode::invalid,  ErrorCode::not_found,  ErrorCode::corrupt, ErrorCode::transient,
                            ErrorCode::no_space, ErrorCode::denied,     ErrorCode::gone,    ErrorCode::cancelled,
                            ErrorCode::internal, ErrorCode::unsupported};
/// How much of a wrong word is said again.
constexpr std::size_t kWordSizeMax = 40;

std::string line_of(const ordered_json& value) {
  // Names of files may be any bytes; JSON may not.
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string known_commands() {
  std::string all;
  for (const Command command : kCommands) all += (all.empty() ? "" : ", ") + std::string(to_string(command));
  return all;
}

ErrorCode code_of(std::string_view name) noexcept {
  for (const ErrorCode code : kCodes) {
    if (to_string(code) == name) return code;
  }
  return ErrorCode::internal;
}

}  // namespace

std::string_view to_string(Command command) noexcept {
  switch (command) {
    case Command::status:
      return "status";
    case Command::reload:
      return "reload";
    case Command::verify:
      return "verify";
  }
  return "?";
}

std::variant<Request, Error> parse_request(std::string_view line) {
  const auto refuse = [](const std::string& why) { return Error(ErrorCode::invalid, why); };
  if (line.size() > kRequestSizeMax)
    return refuse("the request is longer than " + std::to_string(kRequestSizeMax) + " bytes");
  const auto request = ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!request.is_object() || !request.contains("command") || !request["command"].is_string())
    return refuse(R"(the request is not one line like {"command":"status"})");
  const auto& word = request["command"].get_ref<const std::string&>();
  for (const Command command : kCommands) {
    if (word != to_string(command)) continue;
    Request asked{command};
    for (const auto& [key, value] : {std::pair("database", &asked.database), std::pair("replica", &asked.replica)}) {
      if (!request.contains(key)) continue;
      if (!request[key].is_string()) return refuse("'" + std::string(key) + "' is no text");
      *value = request[key].get<std::string>();
    }
    return asked;
  }
  return refuse("unknown command '" + word.substr(0, kWordSizeMax) + "'; known: " + known_commands());
}

std::string request_line(const Request& request) {
  ordered_json json = {{"command", to_string(request.command)}};
  if (!request.database.empty()) json["database"] = request.database;
  if (!request.replica.empty()) json["replica"] = request.replica;
  return line_of(json);
}

std::string reply_line(std::string_view name, const ordered_json& value) {
  return line_of({{"ok", true}, {std::string(name), value}});
}

std::string error_line(const Error& error) {
  return line_of({{"ok", false}, {"code", to_string(error.code())}, {"error", error.what()}});
}

ordered_json parse_reply(std::string_view line, std::string_view name) {
  auto reply = ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
  const auto has = [&](const char* key, auto is_type) { return reply.contains(key) && (reply[key].*is_type)(); };
  if (!reply.is_object() || !has("ok", &ordered_json::is_boolean))
    throw Error(ErrorCode::corrupt, "the answer is no answer of an lshost");
  if (reply["ok"].get<bool>()) {
    const std::string key(name);
    if (reply.contains(key)) return std::move(reply[key]);
    throw Error(ErrorCode::corrupt, "the answer lacks '" + key + "'; is the host another version of lshost?");
  }
  if (!has("code", &ordered_json::is_string) || !has("error", &ordered_json::is_string))
    throw Error(ErrorCode::corrupt, "the answer is an error without a reason");
  throw Error(code_of(reply["code"].get_ref<const std::string&>()), reply["error"].get<std::string>());
}

}  // namespace lshost::control
