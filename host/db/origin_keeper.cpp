#include "db/origin_keeper.hpp"

#include <span>
#include <utility>

#include "os/publish.hpp"

namespace lshost::db {

OriginKeeper::OriginKeeper(os::Fs& fs, MetaDir meta, ShadowCatalog& catalog)
    : fs_(fs), meta_(std::move(meta)), catalog_(catalog) {}

std::optional<NewGeneration> OriginKeeper::load(const std::string& generation, const FileIdentity& file) {
  const auto text = os::read_small_file(fs_, "origin.load", meta_.origin_file());
  const MutexLock lock(mutex_);
  if (text) {
    auto origin = Origin::parse(*text);
    if (!origin) return NewGeneration::local_state_damaged;
    if (origin->generation() == generation) {
      if (origin->file() != file) return NewGeneration::database_replaced;
      origin_ = std::move(*origin);
      return std::nullopt;
    }
  }
  // Of a version that kept none, or the host ended before it could.
  origin_ = Origin(generation, file);
  store();
  return std::nullopt;
}

void OriginKeeper::begin(const std::string& generation, const FileIdentity& file) {
  const MutexLock lock(mutex_);
  origin_ = Origin(generation, file);
  store();
}

void OriginKeeper::add_bridge(const Position& at) {
  const MutexLock lock(mutex_);
  origin_.add_bridge(at);
  store();
}

bool OriginKeeper::is_ours(const std::string& replica, const Position& position) {
  const MutexLock lock(mutex_);
  if (!origin_.is_ours(replica, position)) {
    catalog_.set_ahead();  // under the lock: told after begin(), it would cost a second generation
    return false;
  }
  if (position.generation == origin_.generation() && origin_.confirm(replica)) store();
  return true;
}

void OriginKeeper::begins_anew(const std::string& replica) {
  const MutexLock lock(mutex_);
  if (origin_.confirm(replica)) store();
}

void OriginKeeper::store() {
  const std::string text = origin_.encode();
  os::publish(fs_, "origin.store", meta_.path(), MetaDir::kOriginName,
              std::as_bytes(std::span(text.data(), text.size())));
}

}  // namespace lshost::db
