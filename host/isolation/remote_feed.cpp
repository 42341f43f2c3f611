#include "isolation/remote_feed.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "db/run_stream.hpp"
#include "db/snapshot_source.hpp"
#include "os/fs.hpp"
#include "os/shared_flag.hpp"

namespace lshost::isolation {
namespace {

UniqueFd take_first(std::vector<UniqueFd>& descriptors) {
  if (descriptors.empty()) throw Error(ErrorCode::internal, "the host sent no file");
  UniqueFd first = std::move(descriptors.front());
  descriptors.erase(descriptors.begin());
  return first;
}

db::WalRun run_of(const RunOffer& offer, UniqueFd file) {
  auto bytes = std::make_unique<db::RunStream>(os::adopt_readable(std::move(file), "the shadow WAL"), offer.offset,
                                               offer.offset + offer.length);
  return {offer.start, offer.end, offer.page_size, offer.commit_ns, offer.index_complete, std::move(bytes)};
}

}  // namespace

RemoteFeed::RemoteFeed(HostLink& link, db::Position durable) : link_(link), durable_(std::move(durable)) {}

// ---- what the host says ----

void RemoteFeed::tip(Message message) {
  auto tip = decode<Tip>(message.body);
  {
    const MutexLock lock(mutex_);
    status_ = tip.status;
    // Else the host did not know yet of a snapshot that was taken.
    if (tip.snapshots_known == snapshots_reported_) is_snapshot_due_ = tip.is_snapshot_due;
    offer_.reset();
    if (tip.run) offer_ = Offer{*std::move(tip.run), take_first(message.descriptors)};
  }
  wake();
}

void RemoteFeed::answer(Message message) {
  const auto status =
      message.kind == Kind::wal ? decode<WalAnswer>(message.body).status : decode<ImageAnswer>(message.body).status;
  {
    const MutexLock lock(mutex_);
    if (status) status_ = status;  // here, in the order in which the host said it
    const auto asked = asked_.find(message.id);
    if (asked == asked_.end()) return;
    asked->second = std::move(message);
  }
  changed_.notify_all();
}

void RemoteFeed::wake() {
  int event = -1;
  {
    const MutexLock lock(mutex_);
    event = event_.get();
  }
  changed_.notify_all();
  if (event >= 0) (void)::eventfd_write(event, 1);
}

// ---- db::Feed ----

Message RemoteFeed::ask(Kind kind, const Bytes& body) {
  std::uint64_t id = 0;
  {
    const MutexLock lock(mutex_);
    id = next_id_++;
    asked_.emplace(id, std::nullopt);
  }
  link_.send(kind, id, body);
  MutexLock lock(mutex_);
  // The host always answers; where it is gone, this process ends.
  (void)changed_.wait(lock, std::nullopt,
                      [&]() LSHOST_REQUIRES(mutex_) { return asked_.find(id)->second.has_value(); });
  const auto asked = asked_.find(id);
  Message answer = *std::move(asked->second);
  asked_.erase(asked);
  return answer;
}

std::optional<db::FeedStatus> RemoteFeed::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

std::optional<RemoteFeed::Offer> RemoteFeed::take_offer(const db::Position& from) {
  const MutexLock lock(mutex_);
  if (!offer_ || offer_->run.from != from) return std::nullopt;
  return std::exchange(offer_, std::nullopt);
}

std::variant<db::WalRun, db::Feed::Miss> RemoteFeed::open_wal(const db::Position& from) {
  if (auto offer = take_offer(from)) return run_of(offer->run, std::move(offer->file));
  Message message = ask(Kind::open_wal, encode(from));
  const auto answer = decode<WalAnswer>(message.body);
  if (answer.error) throw Error(*answer.error);
  if (!answer.run) return answer.miss;
  return run_of(*answer.run, take_first(message.descriptors));
}

std::optional<db::SnapshotImage> RemoteFeed::open_snapshot() {
  Message message = ask(Kind::open_image, {});
  const auto answer = decode<ImageAnswer>(message.body);
  if (answer.error) throw Error(*answer.error);
  if (!answer.image) return std::nullopt;
  const auto& described = *answer.image;
  auto database = os::adopt_readable(take_first(message.descriptors), "the database");
  auto pages = std::make_shared<db::LentPages>(std::move(database), os::SharedFlag(take_first(message.descriptors)));
  db::SnapshotGrant grant;
  grant.position = described.position;
  grant.page_size = described.page_size;
  grant.db_size_pages = described.db_size_pages;
  grant.created_ns = described.created_ns;
  grant.shadow_frames = described.shadow_frames;
  if (described.shadow_frames != 0) {
    grant.shadow = os::adopt_readable(take_first(message.descriptors), "the shadow WAL");
  }
  db::SnapshotImage image{grant.position, grant.page_size, std::uint64_t{grant.page_size} * grant.db_size_pages,
                          grant.created_ns, nullptr};
  const auto close = [this] { link_.send(Kind::close_image, 0, {}); };
  image.bytes = std::make_unique<db::SnapshotStream>(std::move(grant), std::move(pages), close);
  return image;
}

db::Feed::Waited RemoteFeed::wait(const db::Position& seen, std::optional<std::chrono::nanoseconds> timeout,
                                  const std::stop_token& stop) {
  MutexLock lock(mutex_);
  Condition::Deadline deadline;
  if (timeout) deadline = std::chrono::steady_clock::now() + std::min(*timeout, kLongestWait);
  const bool is_there = changed_.wait(lock, stop, deadline, [&]() LSHOST_REQUIRES(mutex_) {
    return is_snapshot_due_ || (status_ && !status_->tip.is_none() && status_->tip != seen);
  });
  if (stop.stop_requested()) return Waited::stopped;
  return is_there ? Waited::changed : Waited::timeout;
}

int RemoteFeed::event_descriptor() {
  const MutexLock lock(mutex_);
  if (!event_) event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return event_.get();
}

bool RemoteFeed::snapshot_due() const {
  const MutexLock lock(mutex_);
  return is_snapshot_due_;
}

/// The host hears of it by the snapshot that is reported.
void RemoteFeed::set_snapshot_due(bool due) {
  const MutexLock lock(mutex_);
  is_snapshot_due_ = due;
  if (!due) ++snapshots_reported_;
}

void RemoteFeed::report_durable(const db::Position& position) {
  {
    const MutexLock lock(mutex_);
    durable_ = position;
  }
  link_.send(Kind::durable, 0, encode(position));
}

db::Position RemoteFeed::durable() const {
  const MutexLock lock(mutex_);
  return durable_;
}

}  // namespace lshost::isolation
