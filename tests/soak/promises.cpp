#include "soak/promises.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "control/client.hpp"

namespace lshost::test {

db::Position position_of(const std::string& text) {
  const auto slash = text.find('/');
  const auto place = db::parse_index_offset(slash == std::string::npos ? "" : text.substr(slash + 1));
  if (!place) throw std::runtime_error("no position: " + text);
  return {text.substr(0, slash), place->index, place->offset};
}

Promises::Promises(std::string socket)
    : socket_(std::move(socket)), thread_([this](const std::stop_token& stop) { ask(stop); }) {}

Promises::~Promises() = default;

std::optional<db::Position> Promises::newest() const {
  const MutexLock lock(mutex_);
  return newest_;
}

void Promises::ask(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pause_for(std::chrono::milliseconds(3));
    try {
      const auto status = control::ask(socket_, {control::Command::status});
      const auto& position = status.at("databases").at(0).at("replicas").at(0).at("position");
      if (position.is_null()) continue;
      const MutexLock lock(mutex_);
      newest_ = position_of(position.get<std::string>());
    } catch (const std::exception&) {
      // It is not there yet, or not any more; what it said stays said.
    }
  }
}

}  // namespace lshost::test
