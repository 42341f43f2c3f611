#pragma once
// What goes over the control socket: one line with a JSON object each way, then both sides close. Pure.
//
//     {"command":"status"}
//     {"command":"verify","database":"/var/lib/app/app.db","replica":"nightly"}
//     {"ok":true,"status":{...}}
//     {"ok":false,"code":"invalid","error":"unknown command 'stauts'; known: status, reload, verify"}

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace lshost::control {

/// The longest line that a client may send, without its newline, in bytes.
inline constexpr std::size_t kRequestSizeMax = 4096;
/// The longest answer that a client takes, in bytes: a hundred thousand replicas.
inline constexpr std::size_t kReplySizeMax = std::size_t{64} << 20;

enum class Command { status, reload, verify };
[[nodiscard]] std::string_view to_string(Command command) noexcept;

/// What a client asks for. What it may be about is text that nobody checked yet; "": all.
struct Request {
  Command command = Command::status;
  std::string database = {};
  std::string replica = {};
};

/// A line as it came, without its newline, whatever it holds. Members that are not known are ignored. The Error is
/// {invalid}.
[[nodiscard]] std::variant<Request, Error> parse_request(std::string_view line);

[[nodiscard]] std::string request_line(const Request& request);
/// {"ok":true,NAME:VALUE} and a newline.
[[nodiscard]] std::string reply_line(std::string_view name, const nlohmann::ordered_json& value);
/// {"ok":false,"code":"...","error":"..."} and a newline.
[[nodiscard]] std::string error_line(const Error& error);

/// What a host answered: its value, or throws the Error that it sent. Throws Error{corrupt} where it is no answer.
[[nodiscard]] nlohmann::ordered_json parse_reply(std::string_view line, std::string_view name);

}  // namespace lshost::control
