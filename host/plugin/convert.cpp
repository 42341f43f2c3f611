#include "plugin/convert.hpp"

#include <lshost/host.h>

#include <algorithm>
#include <cstring>

#include "plugin/abi.hpp"

namespace lshost::plugin {

lshost_pos to_c(const db::Position& position) noexcept {
  lshost_pos c{};
  const std::size_t size = std::min(position.generation.size(), sizeof c.generation - 1);
  std::memcpy(c.generation, position.generation.data(), size);
  c.index = position.index;
  c.offset = position.offset;
  return c;
}

db::Position from_c(const lshost_pos& position) {
  return {std::string(position.generation, ::strnlen(position.generation, sizeof position.generation)), position.index,
          position.offset};
}

std::int32_t to_c(replica::ItemKind kind) noexcept {
  switch (kind) {
    case replica::ItemKind::generation:
      return LSHOST_ITEM_GENERATION;
    case replica::ItemKind::snapshot:
      return LSHOST_ITEM_SNAPSHOT;
    case replica::ItemKind::wal:
      return LSHOST_ITEM_WAL;
  }
  return 0;
}

namespace {

std::optional<replica::ItemKind> kind_from_c(std::int32_t kind) noexcept {
  switch (kind) {
    case LSHOST_ITEM_GENERATION:
      return replica::ItemKind::generation;
    case LSHOST_ITEM_SNAPSHOT:
      return replica::ItemKind::snapshot;
    case LSHOST_ITEM_WAL:
      return replica::ItemKind::wal;
    default:
      return std::nullopt;
  }
}

}  // namespace

lshost_item to_c(const replica::Item& item) noexcept {
  lshost_item c{};
  c.struct_size = sizeof c;
  c.kind = to_c(item.kind);
  c.pos = to_c(item.position);
  c.size = item.size_bytes;
  c.created_ns = item.created_ns;
  c.updated_ns = item.updated_ns;
  c.flags = item.index_complete ? static_cast<std::uint32_t>(LSHOST_ITEM_INDEX_COMPLETE) : 0;
  return c;
}

std::optional<replica::Item> from_c(const lshost_item& item) {
  const auto kind = kind_from_c(item.kind);
  replica::Item ours;
  ours.position = from_c(item.pos);
  if (!kind || !db::is_generation(ours.position.generation)) return std::nullopt;
  ours.kind = *kind;
  ours.size_bytes = item.size;
  ours.created_ns = item.created_ns;
  ours.updated_ns = item.updated_ns;
  ours.index_complete = (item.flags & LSHOST_ITEM_INDEX_COMPLETE) != 0;
  if (!replica::has_possible_numbers(ours)) return std::nullopt;
  return ours;
}

std::optional<ReplicaState> state_from_c(std::int32_t state) noexcept {
  switch (state) {
    case LSHOST_STATE_STARTING:
      return ReplicaState::starting;
    case LSHOST_STATE_WAITING:
      return ReplicaState::waiting;
    case LSHOST_STATE_SNAPSHOT:
      return ReplicaState::snapshot;
    case LSHOST_STATE_CATCHUP:
      return ReplicaState::catching_up;
    case LSHOST_STATE_STREAMING:
      return ReplicaState::streaming;
    case LSHOST_STATE_BACKOFF:
      return ReplicaState::backing_off;
    case LSHOST_STATE_FAILED:
      return ReplicaState::failed;
    case LSHOST_STATE_STOPPED:
      return ReplicaState::stopped;
    default:
      return std::nullopt;
  }
}

Failure failure_from_c(const lshost_error& err) {
  Failure failure;
  failure.code = code_of_result(err.code);
  failure.message = message_of(err);
  failure.retryable = (err.flags & LSHOST_ERR_RETRYABLE) != 0;
  failure.needs_operator = (err.flags & LSHOST_ERR_OPERATOR) != 0;
  failure.retry_after = std::chrono::milliseconds(err.retry_after_ms);
  if (failure.message.empty()) failure.message = "the plugin gave no reason";
  return failure;
}

std::optional<MetricKind> metric_kind_from_c(std::int32_t kind) noexcept {
  switch (kind) {
    case LSHOST_METRIC_COUNTER:
      return MetricKind::counter;
    case LSHOST_METRIC_GAUGE:
      return MetricKind::gauge;
    case LSHOST_METRIC_HISTOGRAM:
      return MetricKind::histogram;
    default:
      return std::nullopt;
  }
}

}  // namespace lshost::plugin
