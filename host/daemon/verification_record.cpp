#include "daemon/verification_record.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "base/error.hpp"
#include "obs/log.hpp"
#include "os/publish.hpp"

namespace lshost::daemon {

namespace {

using nlohmann::ordered_json;
using replica::Verdict;

constexpr std::array kVerdicts{Verdict::verified, Verdict::differs, Verdict::damaged};
constexpr int kVersion = 1;

ordered_json json_of(const db::Position& position) {
  return {{"generation", position.generation}, {"index", position.index}, {"offset", position.offset}};
}

db::Position position_of(const ordered_json& json) {
  db::Position position{json.at("generation").get<std::string>(), json.at("index").get<std::uint64_t>(),
                        json.at("offset").get<std::uint64_t>()};
  return position.is_none() || db::is_generation(position.generation) ? position : db::Position{};
}

std::optional<Verdict> verdict_of_word(const std::string& word) {
  for (const Verdict verdict : kVerdicts) {
    if (replica::to_string(verdict) == word) return verdict;
  }
  return std::nullopt;
}

void append_value(std::string& to, const config::Value& value) {
  to += static_cast<char>('0' + value.data.index());
  if (const auto* all = std::get_if<std::vector<config::Value>>(&value.data)) {
    for (const auto& one : *all) append_value(to, one);
  } else if (const auto* text = std::get_if<std::string>(&value.data)) {
    to += *text;
  } else if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
    to += std::to_string(*number);
  } else if (const auto* flag = std::get_if<bool>(&value.data)) {
    to += *flag ? '1' : '0';
  } else {
    to += std::to_string(std::get<double>(value.data));
  }
  to += '\0';
}

}  // namespace

std::uint64_t destination_of(const config::ReplicaConfig& config) {
  std::string all = config.type + '\0';
  for (const auto& entry : config.entries) {
    all += entry.key + '\0';
    append_value(all, entry.value);
  }
  return XXH3_64bits(all.data(), all.size());
}

std::string encode_history(const VerifyHistory& history, std::uint64_t destination) {
  ordered_json json = {{"version", kVersion}, {"destination", destination}};
  json["verdict"] = history.verdict ? ordered_json(replica::to_string(*history.verdict)) : ordered_json();
  json["detail"] = history.detail;
  json["position"] = json_of(history.position);
  json["judged_ns"] = history.judged_ns;
  json["verified"] = json_of(history.verified);
  json["verified_ns"] = history.verified_ns;
  json["tries"] = history.tries;
  json["why_not"] = history.why_not;
  json["tried_ns"] = history.tried_ns;
  json["lies"] = history.lies;
  json["sends"] = history.sends;
  json["sent_again_ns"] = history.sent_again_ns;
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

VerifyHistory decode_history(std::string_view text, std::uint64_t destination) {
  try {
    const auto json = ordered_json::parse(text);
    if (json.at("version") != kVersion || json.at("destination") != destination) return {};
    VerifyHistory history;
    if (!json.at("verdict").is_null()) history.verdict = verdict_of_word(json.at("verdict").get<std::string>());
    history.detail = json.at("detail").get<std::string>();
    history.position = position_of(json.at("position"));
    history.judged_ns = json.at("judged_ns").get<UnixNanos>();
    history.verified = position_of(json.at("verified"));
    history.verified_ns = json.at("verified_ns").get<UnixNanos>();
    history.tries = json.at("tries").get<std::uint32_t>();
    history.why_not = json.at("why_not").get<std::string>();
    history.tried_ns = json.at("tried_ns").get<UnixNanos>();
    history.lies = json.at("lies").get<std::uint32_t>();
    history.sends = json.at("sends").get<std::uint32_t>();
    history.sent_again_ns = json.at("sent_again_ns").get<UnixNanos>();
    return history;
  } catch (const ordered_json::exception&) {  // cut, or of somebody else's making: it costs a verification
    return {};
  }
}

VerificationRecord::VerificationRecord(os::Fs& fs, std::string directory, const config::ReplicaConfig& config)
    : fs_(fs), directory_(std::move(directory)), name_(config.name + ".json"), destination_(destination_of(config)) {
  try {
    if (const auto text = os::read_small_file(fs_, "verify.record", directory_ + "/" + name_))
      history_ = decode_history(*text, destination_);
  } catch (const Error& e) {
    obs::log(obs::Level::warn, "verify", e.what(), {{"consequence", "earlier verifications are forgotten"}});
  }
}

VerifyHistory VerificationRecord::history() const {
  const MutexLock lock(mutex_);
  return history_;
}

void VerificationRecord::set(VerifyHistory history) {
  const std::string text = encode_history(history, destination_);
  {
    const MutexLock lock(mutex_);
    history_ = std::move(history);
  }
  try {
    fs_.create_directories("verify.record", directory_, 0700);
    os::publish(fs_, "verify.record", directory_, name_, std::as_bytes(std::span(text)));
    has_logged_ = false;
  } catch (const Error& e) {
    if (!std::exchange(has_logged_, true))
      obs::log(obs::Level::warn, "verify", e.what(), {{"consequence", "a restart forgets this verification"}});
  }
}

}  // namespace lshost::daemon
