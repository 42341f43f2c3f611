#include "check/outcome.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace lshost::check {
namespace {

constexpr std::array<std::string_view, 3> kVerdicts = {"passed", "failed", "skipped"};

}  // namespace

std::string_view to_string(Verdict verdict) noexcept { return kVerdicts.at(static_cast<std::size_t>(verdict)); }

std::string encode(const Message& message) {
  nlohmann::json json;
  if (!message.doing.empty()) json["doing"] = message.doing;
  if (message.outcome) {
    json["verdict"] = to_string(message.outcome->verdict);
    json["reason"] = message.outcome->reason;
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::optional<Message> decode(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  Message message;
  const auto text = [&](const char* key) -> std::string {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  message.doing = text("doing");
  const std::string verdict = text("verdict");
  for (std::size_t i = 0; i < kVerdicts.size(); ++i) {
    if (kVerdicts.at(i) == verdict) message.outcome = Outcome{static_cast<Verdict>(i), text("reason")};
  }
  if (message.doing.empty() && !message.outcome) return std::nullopt;
  return message;
}

}  // namespace lshost::check
