#include "isolation/feed_server.hpp"

#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "obs/log.hpp"
#include "plugin/credible_position.hpp"

namespace lshost::isolation {

FeedServer::FeedServer(const plugin::ReplicaSetup& setup, Channel& channel)
    : setup_(setup), feed_(*setup.feed), channel_(channel), event_(feed_.event_descriptor()) {}

bool FeedServer::handle(const Message& message) {
  switch (message.kind) {
    case Kind::open_wal:
      open_wal(message);
      return true;
    case Kind::open_image:
      open_image(message);
      return true;
    case Kind::close_image:
      image_.reset();
      return true;
    case Kind::durable:
      take_durable(message);
      return true;
    case Kind::snapshot:
      take_snapshot(message);
      return true;
    default:
      return false;
  }
}

// ---- WAL ----

FeedServer::Run FeedServer::run_of(const db::Position& from, db::WalRun run) {
  const auto range = run.bytes->file_range();
  if (!range) throw Error(ErrorCode::unsupported, "this run of WAL lies in no file");
  RunOffer offer{from,          run.start,          run.end,       run.page_size,
                 run.commit_ns, run.index_complete, range->offset, range->length};
  return {std::move(offer), std::move(run.bytes), range->descriptor};
}

void FeedServer::open_wal(const Message& message) {
  const auto from = decode<db::Position>(message.body);
  WalAnswer answer;
  std::optional<Run> run;
  try {
    auto found = feed_.open_wal(from);
    if (const auto* miss = std::get_if<db::Feed::Miss>(&found)) {
      answer.miss = *miss;
    } else {
      run = run_of(from, std::move(std::get<db::WalRun>(found)));
      answer.run = run->offer;
    }
  } catch (const Error& e) {
    answer.error = e;
  }
  answer.status = feed_.status();
  const std::span<const int> descriptors = run ? std::span(&run->descriptor, 1) : std::span<const int>();
  channel_.send(Kind::wal, message.id, encode(answer), descriptors);
}

/// A replica that has caught up asks for exactly this next.
std::optional<FeedServer::Run> FeedServer::what_follows(const db::Position& position, const db::Position& tip) {
  if (position.generation != tip.generation || position == tip) return std::nullopt;
  try {
    auto found = feed_.open_wal(position);
    if (auto* run = std::get_if<db::WalRun>(&found)) return run_of(position, std::move(*run));
  } catch (const Error&) {
    // Then it asks, and is told.
  }
  return std::nullopt;
}

void FeedServer::push_tip() {
  Tip tip{feed_.status(), feed_.snapshot_due(), snapshots_, std::nullopt};
  std::optional<Run> run;
  if (tip.status) run = what_follows(said_tip_, tip.status->tip);
  if (run) tip.run = run->offer;
  const std::span<const int> descriptors = run ? std::span(&run->descriptor, 1) : std::span<const int>();
  is_unsaid_ = !channel_.try_send(Kind::tip, 0, encode(tip), descriptors);
  if (!is_unsaid_ && tip.status) said_tip_ = tip.status->tip;
}

// ---- snapshots ----

void FeedServer::open_image(const Message& message) {
  ImageAnswer answer;
  if (image_) {
    answer.error = Error(ErrorCode::invalid, "a snapshot of this replica is open already; it must be closed first");
  } else {
    try {
      image_ = feed_.open_snapshot();
      answer.status = feed_.status();
      if (image_ && send_image(message.id, answer)) return;
    } catch (const Error& e) {
      image_.reset();
      answer.image.reset();
      answer.error = e;
    }
  }
  channel_.send(Kind::image, message.id, encode(answer));
}

/// True. Throws where the image can not be had, or is not taken.
bool FeedServer::send_image(std::uint64_t id, ImageAnswer& answer) {
  if (!image_->lend_files) throw Error(ErrorCode::unsupported, "this snapshot lies in no files");
  bool was_sent = false;
  image_->lend_files([&](const db::SnapshotFiles& files) {
    answer.image = {image_->position, image_->page_size,
                    static_cast<std::uint32_t>(image_->size_bytes / image_->page_size), image_->created_ns,
                    files.shadow_frames};
    std::vector<int> descriptors = {files.database, files.revoked};
    if (files.shadow_frames != 0) descriptors.push_back(files.shadow);
    // Not a send that waits: the database would wait with it.
    was_sent = channel_.try_send(Kind::image, id, encode(answer), descriptors);
  });
  if (was_sent) return true;
  throw Error(ErrorCode::transient, "the plugin's process did not read the snapshot that it asked for");
}

// ---- reports ----

void FeedServer::take_durable(const Message& message) {
  const auto position = decode<db::Position>(message.body);
  if (!plugin::is_credible(feed_, position)) {
    obs::log(obs::Level::error, "plugin",
             "the plugin reported a durable position that does not exist: " + to_string(position) + "; it is ignored",
             {{"db", setup_.database}, {"replica", setup_.config.name}, {"type", setup_.config.type}});
    return;
  }
  feed_.report_durable(position);
  has_progress_ = true;
  if (setup_.observer != nullptr) setup_.observer->durable(position);
}

void FeedServer::take_snapshot(const Message& message) {
  const auto stored = decode<SnapshotStored>(message.body);
  ++snapshots_;
  feed_.set_snapshot_due(false);
  has_progress_ = true;
  is_unsaid_ = true;  // that it is known, and no other one is due
  if (setup_.observer != nullptr) setup_.observer->snapshot(stored.position, stored.size_bytes);
}

}  // namespace lshost::isolation
