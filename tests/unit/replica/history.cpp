#include "unit/replica/history.hpp"

#include <sqlite3.h>

#include <memory>

#include "sqlite/wal_reader.hpp"
#include "unit/replica/items.hpp"

namespace lshost::test {

History::History(std::uint32_t page_size, const std::string& setup) : path_(directory_ / "app.db"), app_(path_) {
  app_.exec("PRAGMA page_size = " + std::to_string(page_size) + ";" + setup + ";PRAGMA journal_mode = WAL;" +
            "PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF");
}

Bytes History::image() {
  sqlite3_int64 size = 0;
  const std::unique_ptr<unsigned char, decltype(&sqlite3_free)> bytes(
      sqlite3_serialize(app_.handle(), "main", &size, 0), &sqlite3_free);
  if (bytes == nullptr) return {};
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.get());
  return {begin, begin + size};
}

std::uint64_t History::committed_offset() const {
  const Bytes wal = file_bytes(path_ + "-wal");
  if (wal.size() < wal::kHeaderSize) return 0;
  sqlite::WalReader reader(wal);
  std::uint64_t end = 0;
  while (const auto transaction = reader.next()) end = transaction->offset + transaction->size;
  return end;
}

void History::begin_item() {
  const std::uint64_t offset = has_item_ && !restart_wanted_ ? replica::end_of(objects_[item_].item) : 0;
  if (has_item_ && restart_wanted_) {
    objects_[item_].item.index_complete = true;
    ++index_;
  }
  item_ = objects_.size();
  objects_.push_back({wal_item(kGenA, index_, offset, 0, false), {}, {}});
  has_item_ = true;
  cut_wanted_ = false;
  restart_wanted_ = false;
}

void History::fill_item() {
  const Bytes wal = file_bytes(path_ + "-wal");
  StoredObject& object = objects_[item_];
  const std::uint64_t end = committed_offset();
  object.bytes.assign(wal.begin() + static_cast<std::ptrdiff_t>(object.item.position.offset),
                      wal.begin() + static_cast<std::ptrdiff_t>(end));
  object.item.size_bytes = object.bytes.size();
  if (object.item.created_ns == 0) object.item.created_ns = now_;
  object.item.updated_ns = now_;
  object.times.push_back({end, now_});
}

void History::run(const std::string& sql) {
  const db::IndexOffset before = states_.empty() ? db::IndexOffset{} : states_.back().at;
  app_.exec(sql);
  const bool is_next = restart_wanted_ || !has_item_;
  const db::IndexOffset after{index_ + (restart_wanted_ ? 1 : 0), committed_offset()};
  if (after.offset == 0 || (!is_next && after == before)) return;  // nothing was written
  now_ += 1'000'000;
  if (is_next || cut_wanted_) begin_item();
  fill_item();
  states_.push_back({after, now_, image()});
}

void History::restart() {
  app_.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  restart_wanted_ = has_item_;
}

void History::take_snapshot() {
  const db::IndexOffset at = states_.empty() ? db::IndexOffset{} : states_.back().at;
  StoredObject object{snapshot_item(kGenA, at.index, at.offset, now_), image(), {}};
  object.item.size_bytes = object.bytes.size();
  objects_.push_back(std::move(object));
}

void History::cut_segment() { cut_wanted_ = has_item_; }

FakeReplica History::replica() const {
  FakeReplica replica;
  replica.objects = objects_;
  return replica;
}

}  // namespace lshost::test
